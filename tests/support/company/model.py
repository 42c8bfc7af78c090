"""The nouns of the simulated company: its DAGs as they are written, and the truth of what happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

SECOND, MINUTE, HOUR = 1_000_000, 60_000_000, 3_600_000_000
DAY = 24 * HOUR

#: What a task does, and so which events come with it.
Work = Literal["python", "sql", "spark", "dbt", "sensor", "check", "empty"]

Columns = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Airflow:
    """A deployment: the namespace of its jobs, where it stands, and where its data is."""

    namespace: str
    zone: ZoneInfo
    warehouse: str  # namespace of its tables
    lake: str  # namespace of its files

    @property
    def region(self) -> str:
        return self.namespace.partition("-")[0]


@dataclass(eq=False)
class Table:
    """A dataset; `columns` are those that it has now."""

    namespace: str
    name: str
    columns: Columns
    is_external: bool = False  # no job of the company writes it

    @property
    def node(self) -> str:
        return f"dataset:{self.namespace}:{self.name}"

    @property
    def uri(self) -> str:
        return f"{self.namespace}/{self.name.replace('.', '/')}"


@dataclass(frozen=True)
class Cron:
    """Times of the day on some days, in local time: what a cron expression says."""

    zone: ZoneInfo
    minute: int
    hours: tuple[int, ...]
    weekdays: frozenset[int] = frozenset(range(7))
    first_of_month: bool = False

    def times(self, day: datetime) -> list[int]:
        """The times on a local day, in microseconds; none where the clocks leave one out."""
        if day.weekday() not in self.weekdays or (self.first_of_month and day.day != 1):
            return []
        walls = (
            day.replace(hour=hour, minute=self.minute, tzinfo=self.zone) for hour in self.hours
        )
        return sorted({micros(wall.astimezone(UTC)) for wall in walls})

    @property
    def expression(self) -> str:
        hours = "*" if len(self.hours) == 24 else ",".join(map(str, self.hours))
        if len(self.hours) > 3 and len(self.hours) < 24:
            hours = f"{self.hours[0]}-{self.hours[-1]}"
        days = "1-5" if self.weekdays == frozenset(range(5)) else "*"
        return f"{self.minute} {hours} {'1' if self.first_of_month else '*'} * {days}"


@dataclass(eq=False)
class Task:
    """A task; `seconds` is the median of how long it takes."""

    task_id: str
    work: Work
    seconds: float
    reads: list[Table] = field(default_factory=list)
    writes: list[Table] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    retries: int = 1
    mapped: int = 0  # instances of a mapped task
    waits_for: Dag | None = None  # of a sensor: the DAG whose run of this day it waits for
    pool: str = "default_pool"


@dataclass(eq=False)
class Dag:
    """A DAG; it is scheduled by `cron`, or by updates of all `triggers`."""

    airflow: Airflow
    dag_id: str
    line: int
    owner: str
    tags: tuple[str, ...]
    tasks: dict[str, Task]
    cron: Cron | None = None
    triggers: tuple[Table, ...] = ()

    @property
    def node(self) -> str:
        return f"job:{self.airflow.namespace}:{self.dag_id}"

    @property
    def file(self) -> str:
        return f"{self.tags[0]}/{self.dag_id}.py"

    def node_of(self, task: Task) -> str:
        return f"{self.node}.{task.task_id}"

    @property
    def writes(self) -> list[Table]:
        return [table for task in self.tasks.values() for table in task.writes]

    @property
    def reads(self) -> list[Table]:
        return [table for task in self.tasks.values() for table in task.reads]


# --- the truth ------------------------------------------------------------------------------------

Kind = Literal[
    "failed_run",
    "not_started",
    "slow_run",
    "source_not_updated",
    "schema_change",
    "import_error",
    "silent_source",
]


@dataclass(eq=False)
class Fault:
    """
    Something that was made to go wrong. `at` is None until it did; times in microseconds.

    From `at` to `until` the datasets of `affected` are not written, though they would have been;
    those of `stale` are written from data that is old.
    """

    number: int
    kind: Kind
    variant: str  # "sql", "spark", "dbt", "mapped", "killed", "paused", "pool", "sensor", ...
    dag: Dag
    task: Task | None
    armed_at: int
    lasts: int
    node: str = ""
    run_ids: list[str] = field(default_factory=list)  # OpenLineage's, of what failed or is slow
    at: int | None = None
    until: int | None = None
    renamed: str = ""  # the column that was, where one was renamed
    affected: list[str] = field(default_factory=list)  # nodes, the nearest first
    stale: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Write:
    """A dataset was written; `fault` is the number of the one that it was late for."""

    at: int
    node: str  # of the dataset
    job: str  # node of the task, or empty for who writes it outside
    run_id: str
    is_regular: bool
    fault: int | None


@dataclass(frozen=True)
class Run:
    """A try of a task instance that is over."""

    job: str
    dag_run: str
    run_id: str
    started_at: int
    ended_at: int
    state: str


Action = Callable[[int], None]


def micros(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def iso(at: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).isoformat()
