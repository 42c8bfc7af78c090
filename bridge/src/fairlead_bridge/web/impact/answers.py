"""Impact over REST: the answers, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fairlead_bridge.model import State
from fairlead_bridge.web.base import Answer
from fairlead_bridge.web.nouns import JobRef, Owner


class Affected(Answer):
    """A dataset or a job downstream."""

    kind: Literal["dataset", "job"]
    id: str
    node: str
    namespace: str
    name: str
    job_kind: str | None
    dag_id: str | None
    task_id: str | None
    dataset_kind: str | None  # "TABLE", "VIEW", "FILE", ...; null of a job
    level: (
        int  # 1 is what is affected directly; datasets on the shortest way, the last one included
    )
    path: list[str]  # the nodes of that way, from the one that was asked about to this one
    certain: bool  # false below a reader of which it is not known which columns it uses
    owners: list[Owner]
    state: State | None
    written_at: datetime | None
    columns: list[str]  # those that come from the column that was asked about


class AffectedOwner(Answer):
    name: str
    datasets: int
    dags: int


class Impact(Answer):
    """Everything downstream, the nearest first. What is counted is counted beyond the limit, too."""

    items: list[Affected]
    owners: list[AffectedOwner]  # who has most first
    datasets: int
    tasks: int  # jobs that are no DAGs
    uncertain_datasets: int  # of `datasets`, those that are affected perhaps
    uncertain_tasks: int
    kinds: dict[str, int]  # datasets of each kind that is known
    dags: list[JobRef]  # the DAGs of those tasks
    truncated: int  # how many of what was counted are not among the items
    complete: bool  # false where more than 50,000 are downstream: then not all were counted
