"""Jobs over REST: the answers, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fairlead_bridge.documents import Json
from fairlead_bridge.model import State
from fairlead_bridge.web.base import Answer
from fairlead_bridge.web.datasets.answers import Change
from fairlead_bridge.web.nouns import DatasetRef, JobRef, Owner, Run, Tag


class JobItem(JobRef):
    integration: str | None
    processing: str | None
    description: str | None
    schedule: str | None
    owners: list[Owner]
    tags: list[Tag]
    last_run: Run | None
    recent: list[State]  # states of the newest runs, oldest first, at most 15
    p50: float | None  # seconds, over the newest successful runs
    p95: float | None  # seconds
    tasks: int  # tasks of a DAG; 0 otherwise
    stale: bool  # no event has named it for longer than FAIRLEAD_STALE_DAYS
    gone: bool  # a DAG or a task that Airflow no longer has, as far as events say
    no_lineage: str | None = None  # why none is known; only where jobs without are asked for


class Durations(Answer):
    """The newest runs of a job, oldest first, for the chart."""

    runs: list[Run]
    p50: float | None  # seconds
    p95: float | None  # seconds


class CodeVersion(Answer):
    """A text that the SQL or the source code of a job was."""

    kind: Literal["sql", "source"]
    first_at: datetime
    last_at: datetime
    language: str | None
    text: str
    diff: list[str] | None  # lines of a patch to the version before; null for the first


class CodeChange(Answer):
    """SQL or source code of a job that became another."""

    job: JobRef
    version: CodeVersion


class JobDetail(JobItem):
    operator: str | None
    source_url: str | None
    sql: str | None
    source_code: str | None
    code_versions: list[CodeVersion]  # newest first, at most 100
    parent: JobRef | None
    children: list[JobItem]  # the tasks of a DAG, the queries of a task
    upstream_tasks: list[str]
    downstream_tasks: list[str]
    inputs: list[DatasetRef]  # of a DAG: what its tasks read and none of them writes
    outputs: list[DatasetRef]
    input_changes: list[Change]  # the newest change of the schema of each input, newest first
    facets: Json
