"""
What events say, in parts that merge.

`mapping` makes a `Change` of each event; `catalog` folds changes into rows. Every part has a
natural key and every field merges in one of three ways, whatever the order and however often it
comes: the earliest or greatest value, the newest by (event time, then the bytes), or the union.

Times are microseconds since the epoch; durations are seconds.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class LatestValue(msgspec.Struct, frozen=True, array_like=True):
    """A value with the time of the event that it comes from; of two, the newest counts."""

    at: int
    value: Any


#: Prefix of the names of facets in which people say whether a column has personal data; the column follows.
CONFIRMED = "fairlead_personal:"
#: Prefix of the names of a run's properties that list the unreadable parts of its events.
LEFT_OUT = "left out: "
#: Prefix of those that count the run's checks of a dataset, [failed, all]; its id follows.
CHECKS = "checks:"


class ObservedState(msgspec.Struct, frozen=True, array_like=True):
    """State and times of a task instance at a moment, as read in Airflow's database."""

    at: int
    state: str
    started_at: int | None = None
    ended_at: int | None = None
    queued_at: int | None = None
    duration: float | None = None  # seconds


class Attempt(msgspec.Struct, frozen=True, array_like=True):
    """What the events under one OpenLineage runId say."""

    generation: int  # Airflow's clear_number: a cleared DAG run goes on under a new runId
    first_at: int
    last_at: int
    start_at: int | None = None  # earliest START
    running_at: int | None = None  # earliest RUNNING
    end_at: int | None = None  # newest terminal event
    end: str | None = None  # its type: COMPLETE, ABORT or FAIL
    override_at: int | None = None  # newest terminal event of a user marking the run by hand
    override: str | None = None  # its type
    observed: ObservedState | None = None
    dag_start_at: int | None = None  # a DAG run's own dates, from its newest event
    dag_end_at: int | None = None
    duration: float | None = None  # seconds
    duration_at: int | None = None  # the newest event with a duration
    alive_at: int | None = None  # newest RUNNING: a stream writes until then
    fail_at: int | None = None  # newest FAIL
    abort_at: int | None = None  # newest ABORT
    restart_at: int | None = None  # newest START


def is_hook_query(kind: str | None, integration: str | None) -> bool:
    """Whether this is a query that a hook of Airflow reports beside the task that ran it."""
    return kind == "query" and integration == "AIRFLOW"


class RunFacts(msgspec.Struct, frozen=True):
    """A run: a DAG run, one try of a task instance, a query, a Spark application, ..."""

    id: int
    job_id: int
    kind: str | None = None  # None where the event does not say
    dag_id: str | None = None
    dag_run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None
    try_number: int | None = None
    dag_run: int | None = None
    instance: int | None = None
    parent_id: int | None = None
    root_id: int | None = None  # alias of the root run
    attempts: dict[str, Attempt] = {}  # by OpenLineage runId; none where the run sent no event
    observed: ObservedState | None = None  # what Airflow's database said when the DAG run ended
    #: "error" {message, language, stack_trace}, "nominal" [start, end], "engine", "operator",
    #: "retries", "pool", "queue", "url", "run_type", "triggered_by", "rendered_map_index",
    #: "trigger_rule", "processing" (of streams and services), "integration" (outside Airflow), and
    #: the other run facets under their own names, and the unreadable parts behind `LEFT_OUT`.
    properties: dict[str, LatestValue] = {}


class JobFacts(msgspec.Struct, frozen=True):
    id: int
    namespace: str
    name: str
    at: int
    kind: str | None = None  # None where only a parent facet of another job names the job
    integration: str | None = None
    processing: str | None = None
    dag_id: str | None = None
    task_id: str | None = None
    parent_id: int | None = None


class DeploymentFacts(msgspec.Struct, frozen=True):
    """An Airflow that sends events under a namespace."""

    namespace: str
    name: str
    at: int


class ObservationFacts(msgspec.Struct, frozen=True):
    """Something that was seen of a job or a dataset outside of any run."""

    owner_id: int
    kind: Literal["paused", "gone", "updated"]
    at: int
    value: int = 1


class DatasetFacts(msgspec.Struct, frozen=True):
    id: int
    namespace: str
    name: str
    at: int
    kind: str | None = None
    dropped_at: int | None = None
    updated_at: int | None = None  # newest change of its data that the store itself reports
    #: names under which producers know it, where they differ from (namespace, name)
    names: tuple[tuple[str, str], ...] = ()


class Symlink(msgspec.Struct, frozen=True):
    dataset_id: int
    other_id: int
    kind: str
    at: int


class FacetFacts(msgspec.Struct, frozen=True):
    """A facet of a job or a dataset; an empty `body` deletes it."""

    owner_id: int
    name: str
    at: int
    digest: bytes
    body: bytes


class SchemaFacts(msgspec.Struct, frozen=True):
    dataset_id: int
    at: int
    digest: bytes
    body: bytes
    run_alias: int | None
    written: bool


class ColumnLineageFacts(msgspec.Struct, frozen=True):
    """What columns come from; an empty `body` deletes it."""

    dataset_id: int
    job_id: int  # the dataset's own id where no job makes it, as of a view
    at: int
    digest: bytes
    body: bytes


class AssertionFacts(msgspec.Struct, frozen=True):
    """How a check of a dataset went when it was made last."""

    dataset_id: int
    name: str
    column: str  # empty where it is of the whole dataset
    at: int
    success: bool
    severity: str | None  # "error", "warn", ...
    body: bytes  # its other fields, as JSON
    run_alias: int | None


#: The facets with the code of a job, whose versions are kept.
CODE = ("sql", "sourceCode")

#: The facet of what a declaration says, and the kind of the edges that it names.
DECLARATION, DECLARED = "fairlead_declaration", "declared"


class EdgeFacts(msgspec.Struct, frozen=True):
    src: int
    dst: int
    kind: str  # "data", "control" or DECLARED
    at: int
    run_alias: int | None


class RunDatasetFacts(msgspec.Struct, frozen=True):
    run_id: int
    dataset_id: int
    role: str  # "input" or "output"
    at: int
    schema_digest: bytes | None = None
    facets: dict[
        str, LatestValue
    ] = {}  # input and output facets, and what else holds for this run only
    partition_at: int | None = None  # when the newest partition begins that was written


class TaskStateAtRunEnd(msgspec.Struct, frozen=True):
    """The state of one task that the closing event of its DAG run gives."""

    dag_run: int
    task_id: str
    job_id: int
    at: int
    state: str
    duration: float | None  # seconds


class Change(msgspec.Struct, frozen=True):
    """What one event says."""

    at: int
    jobs: tuple[JobFacts, ...] = ()
    datasets: tuple[DatasetFacts, ...] = ()
    symlinks: tuple[Symlink, ...] = ()
    facets: tuple[FacetFacts, ...] = ()
    schemas: tuple[SchemaFacts, ...] = ()
    column_lineage: tuple[ColumnLineageFacts, ...] = ()
    assertions: tuple[AssertionFacts, ...] = ()
    edges: tuple[EdgeFacts, ...] = ()
    runs: tuple[RunFacts, ...] = ()
    run_datasets: tuple[RunDatasetFacts, ...] = ()
    task_states: tuple[TaskStateAtRunEnd, ...] = ()
    deployments: tuple[DeploymentFacts, ...] = ()
    observations: tuple[ObservationFacts, ...] = ()


class StoredFacts(msgspec.Struct, frozen=True, array_like=True):
    """`run.facts` as the database stores it."""

    attempts: dict[str, Attempt]
    properties: dict[str, LatestValue]
    observed: ObservedState | None = None


_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.msgpack.Decoder(StoredFacts)


def encode(facts: RunFacts) -> bytes:
    """The same facts give the same bytes, whatever order they came in."""
    return _encoder.encode(StoredFacts(facts.attempts, facts.properties, facts.observed))


def decode(stored: bytes) -> StoredFacts:
    return _decoder.decode(stored)
