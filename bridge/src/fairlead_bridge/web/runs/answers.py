"""Runs over REST: the answers, field by field."""

from __future__ import annotations

from typing import Literal

from fairlead_bridge.documents import Json
from fairlead_bridge.web.base import Answer
from fairlead_bridge.web.nouns import (
    Assertion,
    DatasetRef,
    EventSummary,
    JobName,
    Run,
    SchemaChange,
)


class RunDataset(Answer):
    dataset: DatasetRef
    role: Literal["input", "output"]
    row_count: int | None
    byte_count: int | None
    file_count: int | None
    facets: Json


class ErrorText(Answer):
    message: str
    language: str | None
    stack_trace: str | None


class CriticalStep(Answer):
    task: str
    runs: list[str]  # ids of its tries, first to last
    seconds: float  # from the start of the first try to the end of the last


class CriticalPath(Answer):
    """The chain of tasks that decided when a DAG run was done."""

    steps: list[CriticalStep]
    seconds: float  # of all steps; the rest of the run they waited
    share: float  # of the run's duration, 0 to 1


class RunDetail(Run):
    max_tries: int | None
    run_type: str | None  # of the DAG run: "manual", "scheduled", "asset_triggered", ...
    triggered_by: str | None
    operator: str | None
    pool: str | None
    queue: str | None
    engine: str | None  # "Airflow 3.3.2"
    error_text: ErrorText | None
    parent: Run | None
    children: list[Run]  # a DAG run's task runs (every try), a task run's queries
    critical_path: CriticalPath | None  # of a DAG run whose tasks' order is known
    tries: list[Run]  # all tries of this task instance, this one included
    datasets: list[RunDataset]
    assertions: list[Assertion]  # checks of data that it made, failed ones first
    events: list[EventSummary]
    facts: Json  # what else the run's facets said
    left_out: list[str]  # parts of its events that could not be understood


class TaskComparison(Answer):
    """A task (or a query) of both runs; one of them may lack it."""

    name: str
    map_index: int | None
    run: Run | None
    good: Run | None
    slower: float | None  # seconds; negative where it was faster


class DatasetComparison(Answer):
    """What a run read or wrote, beside what the good one did."""

    dataset: DatasetRef
    role: Literal["input", "output"]
    seen: Literal["both", "only_now", "only_before"]
    row_count: int | None
    good_row_count: int | None
    byte_count: int | None
    good_byte_count: int | None
    changes: list[SchemaChange]


class Code(Answer):
    """A text that ran and was another in the good run."""

    job: JobName
    what: str  # "SQL", "Source code"
    lines: list[str]  # as in a patch: "+", "-", " " or "@@" before each


class Setting(Answer):
    """What a run was started with, or ran on, and was different in the good one."""

    name: str
    before: str | None
    after: str | None
    jobs: list[str]  # names of the jobs that sent it; none where it is of the run itself


class Comparison(Answer):
    """A run beside the last good one of its job; `good` is null where none succeeded before."""

    good: Run | None
    slower: float | None  # seconds
    tasks: list[TaskComparison]
    datasets: list[DatasetComparison]
    code: list[Code]
    settings: list[Setting]
