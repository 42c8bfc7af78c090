"""
Entries, as sinks receive them: one object of the catalog, whole, in its current state.

Frozen, and complete enough that a sink never has to ask the database anything. Times are
microseconds since the epoch in UTC; durations are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from fairlead_bridge.model import Name, State


@dataclass(frozen=True, slots=True)
class DatasetRef:
    """A dataset by its OpenLineage name."""

    id: int
    namespace: str
    name: str
    kind: str | None = None  # "TABLE", "VIEW", "FILE", "TOPIC", ...


@dataclass(frozen=True, slots=True)
class JobRef:
    """A job by its OpenLineage name; `dag_id` and `task_id` where it is Airflow's."""

    id: int
    namespace: str
    name: str
    kind: str  # "dag", "task", "query", "job", ...
    dag_id: str | None = None
    task_id: str | None = None
    integration: str | None = None  # "AIRFLOW", "SPARK", "DBT", ...
    parent: JobRef | None = None


@dataclass(frozen=True, slots=True)
class Owner:
    name: str
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Tag:
    key: str
    value: str | None = None
    column: str | None = None  # of that column only


@dataclass(frozen=True, slots=True)
class Column:
    name: str  # nested fields as "a.b.c"
    type: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """A column of one of the job's outputs comes from a column of one of its inputs."""

    source: DatasetRef
    source_column: str
    target: DatasetRef
    target_column: str
    direct: bool = True  # False: it only filters, joins, sorts or groups
    transformation: str | None = None  # "IDENTITY", "AGGREGATION", "JOIN", ...


@dataclass(frozen=True, slots=True)
class Unseen:
    """An input or output of a job that its newest successful run with datasets did not show."""

    dataset: DatasetRef
    role: Literal["input", "output"]
    since: int  # microseconds between the last run that showed it and that newest one


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Two of a job's datasets between which another job, that is not gone, moves data too."""

    source: DatasetRef
    target: DatasetRef
    since: int  # as `Unseen.since`, of the other job; 0 where its newest run showed both


@dataclass(frozen=True, slots=True)
class RunDataset:
    """What a run read or wrote."""

    dataset: DatasetRef
    role: Literal["input", "output"]
    written_at: int | None = None  # outputs of successful runs
    row_count: int | None = None
    byte_count: int | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A task of a DAG, as the DAG's author wrote it."""

    job: JobRef
    operator: str | None = None
    downstream: tuple[str, ...] = ()  # task_ids
    group: str | None = None
    sql: str | None = None
    url: str | None = None
    owners: tuple[Owner, ...] = ()


@dataclass(frozen=True, slots=True)
class AssertionResult:
    """A check of a dataset's data, as it went when it was made last."""

    name: str
    is_passed: bool
    at: int
    column: str | None = None
    severity: str | None = None  # "error", "warn", ...
    kind: str | None = None  # what is checked, in the words of the producer: "not_null", ...
    description: str | None = None
    expected: str | None = None
    actual: str | None = None
    run_id: str | None = None  # OpenLineage's, of the run that made it


@dataclass(frozen=True, slots=True)
class ExpectedWrite:
    """When a dataset should be written, and the source that says so."""

    kind: str  # "by": a time of day; "every": a duration
    source: str  # "person", "file", "contract", "dbt", "airflow", "schedule", "learned"
    text: str
    written_at: int | None  # the newest write when this was evaluated
    expected_by: int | None  # when the next one is late
    every: int | None = None  # microseconds that it may be old, where that is what is stated


@dataclass(frozen=True, slots=True)
class Outlook:
    """
    How a dataset stood when it was evaluated last, what is expected of it, and what is wrong.

    Without an ETA, which moves by the minute though nothing changes.
    """

    standing: Literal["ok", "late", "failed", "at_risk", "unknown"]
    since: int = 0  # when it was first seen to stand so
    late_since: int | None = None
    text: str | None = None  # the root cause in one sentence
    expectation: ExpectedWrite | None = None
    was_expected: bool = False  # something was expected once, and nothing is any more


@dataclass(frozen=True, slots=True)
class Entry:
    """Base of the kinds of entries."""

    name: Name


@dataclass(frozen=True, slots=True)
class DatasetEntry(Entry):
    dataset: DatasetRef
    names: tuple[DatasetRef, ...] = ()  # every name producers use for it, `dataset` among them
    description: str | None = None
    owners: tuple[Owner, ...] = ()
    tags: tuple[Tag, ...] = ()
    columns: tuple[Column, ...] = ()
    written_at: int | None = None  # end of the last successful run that wrote it: its freshness
    written_by: RunEntry | None = None  # that run, without its datasets and tasks
    dropped_at: int | None = None
    assertions: tuple[AssertionResult, ...] = ()  # by name and column
    outlook: Outlook | None = None  # None until it is evaluated


@dataclass(frozen=True, slots=True)
class JobEntry(Entry):
    job: JobRef
    description: str | None = None
    owners: tuple[Owner, ...] = ()
    tags: tuple[Tag, ...] = ()
    schedule: str | None = None
    operator: str | None = None
    sql: str | None = None
    url: str | None = None  # of the job in Airflow, where the events say
    source_url: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)  # of Airflow: fileloc, pool, queue, ...
    tasks: tuple[Task, ...] = ()  # of a DAG
    upstream: tuple[JobRef, ...] = ()  # jobs that run before it
    inputs: tuple[DatasetRef, ...] = ()
    outputs: tuple[DatasetRef, ...] = ()
    origins: tuple[Origin, ...] = ()
    unseen: tuple[Unseen, ...] = ()  # among `inputs` and `outputs`
    elsewhere: tuple[Elsewhere, ...] = ()  # of `unseen`, or of all its data where it is gone
    gone: bool = False  # a task that the newest START of its DAG does not list


@dataclass(frozen=True, slots=True)
class RunEntry(Entry):
    job: JobRef
    run_id: str  # OpenLineage's
    state: State
    first_at: int
    last_at: int
    dag_run_id: str | None = None  # Airflow's run_id
    map_index: int | None = None  # -1 where the task is not mapped
    try_number: int | None = None
    max_tries: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    duration: float | None = None  # seconds
    nominal_start_at: int | None = None
    nominal_end_at: int | None = None
    run_type: str | None = None  # of the DAG run: "scheduled", "manual", ...
    error: str | None = None
    url: str | None = None
    dag_run: Name | None = None  # of a task's run
    dag_run_openlineage_id: str | None = None
    last_try: bool = True  # no later try of the same task instance is known
    latest: bool = True  # no later run of the same job is known
    gone: bool = False  # of a task that its DAG no longer has; of a whole entry only
    datasets: tuple[RunDataset, ...] = ()
    tasks: tuple[RunEntry, ...] = ()  # of a DAG run: its tasks' last tries, without their datasets


@dataclass(frozen=True, slots=True)
class EventEntry(Entry):
    """An event as it came in, and the run it is about."""

    body: bytes
    run: int | None = None  # events of one run are delivered in the order of their ids


@dataclass(frozen=True, slots=True)
class AffectedAsset:
    """An asset that an incident keeps from being fresh; `eta` is (median, low, high)."""

    node: str  # "dataset:NAMESPACE:NAME" or "job:NAMESPACE:NAME"
    label: str
    standing: str  # "ok", "late", "failed", "at_risk", "unknown"
    owners: tuple[str, ...] = ()
    expected_by: int | None = None
    eta: tuple[int, int, int] | None = None  # moves though nothing changes: not for sinks
    dataset: DatasetRef | None = None  # of the node, where it is a dataset
    job: JobRef | None = None  # of the node, where it is a job


@dataclass(frozen=True, slots=True)
class IncidentEntry(Entry):
    """An incident: breaches with one root cause, and what is needed to notify people and sinks."""

    state: Literal["open", "acknowledged", "muted", "resolved"]
    severity: Literal["critical", "warning"]
    kind: str  # of the root cause: "failed_run", "not_started", "slow_run", ...
    node: str  # of the root cause, as `AffectedAsset.node`
    label: str  # of that node, for people
    text: str  # the root cause in one sentence
    at: int  # when it began
    opened_at: int
    detected_at: int
    changed_at: int
    resolved_at: int | None = None
    run_id: str | None = None  # OpenLineage's, of the run that is the cause
    dag_id: str | None = None
    path: tuple[str, ...] = ()  # labels from the root cause down to the asset that shows it
    affected: tuple[AffectedAsset, ...] = ()
    tags: tuple[str, ...] = ()  # of the root cause and of what is affected
    owners: tuple[str, ...] = ()  # of the root cause
    acknowledged_by: str | None = None
    resolved_by: str | None = None  # None where it resolved by itself
    assigned_to: str | None = None
    run_url: str | None = None  # of the run in Airflow
    log_url: str | None = None  # of its log
    is_running: bool = False  # the job of the root cause, or its DAG run, runs again
    dataset: DatasetRef | None = None  # of the root cause's node, where it is a dataset
    job: JobRef | None = None  # of the root cause's node, where it is a job


AnyEntry: TypeAlias = DatasetEntry | JobEntry | RunEntry | EventEntry | IncidentEntry
