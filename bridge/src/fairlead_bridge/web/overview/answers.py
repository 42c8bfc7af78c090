"""Home, health of the data, search and namespaces over REST: the answers, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fairlead_bridge.web.base import Answer
from fairlead_bridge.web.datasets.answers import DatasetItem, Rhythm
from fairlead_bridge.web.jobs.answers import JobItem
from fairlead_bridge.web.nouns import Assertion, Run
from fairlead_bridge.web.outlook.answers import RootCause


class SourceHealth(Answer):
    """How fresh the intake is, per namespace of jobs (one Airflow, one Spark, ...)."""

    namespace: str
    integration: str | None
    last_event_at: datetime
    jobs: int
    silent_since: datetime | None  # its last event, where by its own rhythm more should have come


class Deployment(Answer):
    """An Airflow that sends events under a namespace, as its provider names it."""

    namespace: str
    name: str
    first_at: datetime
    last_at: datetime
    shares_namespace: bool  # another deployment sends under this namespace at the same time


class Namespace(Answer):
    namespace: str
    platform: str
    datasets: int
    jobs: int


class Trouble(Answer):
    """A dataset that what writes it failed to write, that is late, or that rests on one that failed."""

    dataset: DatasetItem
    standing: Literal["failed", "late", "at_risk"]
    cause: Run | None  # the run that is the root cause; null where it is none
    level: int  # datasets between it and its root cause
    root_cause: RootCause | None
    rhythm: Rhythm | None
    late_since: datetime | None


class AtRisk(Answer):
    items: list[Trouble]  # the worst first
    datasets: int  # how many are in trouble, whatever the limit
    sources: list[SourceHealth]  # those that fell silent


class Overview(Answer):
    """What the first page shows, worst first."""

    counts: dict[str, int]  # "datasets", "dags", "tasks", "failing", "runs", "failed", "running"
    #: DAGs, applications, projects and other jobs whose newest run failed, newest failure first;
    #: at most 20, `counts["failing"]` says how many there are
    failing: list[JobItem]
    failed_assertions: list[Assertion]  # errors first; at most 20, `counts` says how many
    dag_files: list[JobItem]  # DAG files that Airflow said it cannot import, newest first
    running: list[Run]
    recent_runs: list[Run]  # that are part of no other, newest first
    stale: list[DatasetItem]  # written longest ago first, at most 20
    sources: list[SourceHealth]


class Hit(Answer):
    kind: Literal["dataset", "job", "column"]
    node: str
    id: str
    namespace: str
    name: str
    detail: str | None  # the column, or the job's kind


class Found(Answer):
    items: list[Hit]
