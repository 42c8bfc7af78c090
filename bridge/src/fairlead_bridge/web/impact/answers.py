"""Impact over REST: the answers, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from fairlead_bridge.model import State
from fairlead_bridge.web.base import Answer
from fairlead_bridge.web.nouns import JobRef, Owner
from fairlead_bridge.web.parameters import Text


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
    #: False where more than 50,000 are downstream, or some that the caller may not see: then not all
    #: were counted.
    complete: bool


class ProposedColumn(Answer):
    name: Text
    type: Text | None = None  # null: any type


class ProposedSchema(Answer):
    """A dataset, and the columns that it is to have."""

    dataset: Annotated[Text, Field(examples=["dataset:postgres://db:5432:shop.public.orders"])]
    columns: Annotated[list[ProposedColumn], Field(min_length=1, max_length=10_000)]
    depth: Annotated[int, AfterValidator(lambda depth: min(max(depth, 0), 50))] = 50  # datasets


class ProposedChange(Answer):
    change: Literal["removed", "renamed", "type", "added"]
    column: str
    before: str | None  # the type; of a renamed column, its name
    after: str | None
    breaking: bool


class Use(Affected):
    """A dataset or a job downstream that uses a column, or may use it."""

    uses: str  # the column of the dataset that was asked about


class SchemaCheck(Answer):
    """What a schema would change, and what that breaks."""

    dataset: str
    #: Nothing is listed in `uses` and `unknown`, nor may there be something that the caller does not see.
    safe: bool
    changes: list[ProposedChange]
    uses: list[Use]  # what is made of columns with a breaking change
    unknown: list[Use]  # what may be, below readers of which it is not known what they use
    truncated: int  # how many more there are
    owners: list[str]  # of what is listed and of its DAGs, who has most first
    kinds: dict[str, int]  # datasets of each kind that is known
    complete: bool  # false where more is downstream than is counted
