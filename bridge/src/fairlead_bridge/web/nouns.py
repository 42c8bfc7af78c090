"""Answers that several features show: runs, jobs, datasets and what belongs to them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fairlead_bridge.documents import Json
from fairlead_bridge.model import State
from fairlead_bridge.web.base import Answer


class JobRef(Answer):
    id: str
    node: str
    namespace: str
    name: str
    label: str  # the short name: the task, the table, the model
    kind: str
    dag_id: str | None = None
    task_id: str | None = None


class DatasetRef(Answer):
    id: str
    node: str
    namespace: str
    name: str
    kind: str | None = None
    written_at: datetime | None = None


class Owner(Answer):
    name: str
    type: str | None = None


class Tag(Answer):
    key: str
    value: str | None = None
    source: str | None = None
    field: str | None = None


class JobName(Answer):
    namespace: str
    name: str


class Run(Answer):
    run_id: str  # OpenLineage's runId of the attempt that counts
    id: str
    kind: str  # "dag", "task", "query", "job", ...
    job: JobName
    label: str  # the short name of its job: the task, the table, the model
    dag_id: str | None
    dag_run_id: str | None
    task_id: str | None
    map_index: int | None
    try_number: int | None
    state: State
    queued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    duration: float | None  # seconds
    nominal_start_at: datetime | None
    nominal_end_at: datetime | None
    error: str | None  # first line(s) of the message
    failed_assertions: int  # checks of data that it made and that failed, whatever its state
    url: str | None  # of the run in Airflow, where the events say


class Assertion(Answer):
    """A check of a dataset, as it went when it was made last or in one run."""

    name: str
    assertion: str | None  # "not_null", "unique", ...
    column: str | None  # null where it is of the whole dataset
    success: bool | None  # null where it was not made
    severity: str | None  # "error", "warn", ...
    expected: str | None
    actual: str | None
    description: str | None
    at: datetime
    dataset: DatasetRef | None  # null where the run does not say
    run: Run | None = None  # that made it; null where it is that of the answer


class EventSummary(Answer):
    id: int
    received_at: datetime
    event_type: str | None
    event_time: str | None
    size: int  # bytes


class SchemaChange(Answer):
    change: Literal["added", "removed", "type"]
    column: str
    before: str | None
    after: str | None
    breaking: bool  # whether readers can break: it is gone, or its type holds less than before


class FacetBody(Answer):
    """A facet of a job, a dataset or a run as it was last sent, without `_producer` and `_schemaURL`."""

    name: str
    at: datetime  # of the event that sent it
    body: Json
