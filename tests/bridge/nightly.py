"""DAG runs of Airflow in tests: any graph, any schedule, any part of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from tests.support.small import dataset, parent, run_event, uuid

PLACE = "dataset:postgres://h:5432:"
DAY = datetime(2026, 11, 2, tzinfo=UTC)  # a Monday


@dataclass(frozen=True)
class Task:
    """A task: what it waits for, its minutes, and what it writes; `ends` are those of its tries."""

    after: tuple[str, ...] = ()
    minutes: float = 10
    writes: str | None = None
    ends: tuple[str, ...] = ("COMPLETE",)
    retries: int = 0
    operator: str = "SQLExecuteQueryOperator"


@dataclass(frozen=True)
class Dag:
    """A DAG by its tasks, in the order in which they may run."""

    name: str
    tasks: Mapping[str, Task]
    timetable: Mapping[str, Any] = field(default_factory=dict)

    def events(
        self, start: datetime, *, only_before: datetime | None = None, kind: str = "scheduled", **changed: Task
    ) -> list[bytes]:  # fmt: skip
        """The events of the run that is due at `start`, those before a moment; some tasks differ."""
        found = sorted(self._events(start, kind, {**self.tasks, **changed}))
        return [body for at, body in found if only_before is None or at <= only_before]

    def _events(
        self, start: datetime, kind: str, tasks: Mapping[str, Task]
    ) -> Iterator[tuple[datetime, bytes]]:
        dag_run = _id(self.name, start)
        reported = {"run_id": f"{kind}__{start.isoformat()}", "run_type": kind, "start_date": start.isoformat()}  # fmt: skip
        about = {"dag_id": self.name, "timetable": dict(self.timetable)}
        graph = {
            name: {"downstream_task_ids": str([o for o, each in tasks.items() if name in each.after])}
            for name in tasks
        }  # fmt: skip
        nominal = {"nominalStartTime": start.isoformat()}
        run = {"airflowDagRun": {"dag": about, "dagRun": reported}, "nominalTime": nominal}
        yield start, run_event("START", start.isoformat(), dag_run, self.name, run=run, facets={"airflow": {"tasks": graph}})  # fmt: skip
        ends: dict[str, datetime] = {}
        last = start
        for name, task in tasks.items():
            if any(above not in ends for above in task.after):
                continue
            at = max((ends[above] for above in task.after), default=start)
            for number, end in enumerate(task.ends, start=1):
                until = at + timedelta(minutes=task.minutes)
                yield from self._try(name, task, number, end, reported, dag_run, (at, until))
                last = max(last, until)
                if end == "COMPLETE":
                    ends[name] = until
                at = until + timedelta(minutes=5)
        end = "COMPLETE" if len(ends) == len(tasks) else "FAIL"
        yield last, run_event(end, last.isoformat(), dag_run, self.name, run=run)

    def _try(
        self, name: str, task: Task, number: int, end: str, reported: dict[str, Any], dag_run: str,
        times: tuple[datetime, datetime],
    ) -> Iterable[tuple[datetime, bytes]]:  # fmt: skip
        facets = {
            "airflow": {
                "dag": {"dag_id": self.name},
                "dagRun": reported,
                "task": {
                    "task_id": name,
                    "operator_class": task.operator,
                    "retries": task.retries,
                    "upstream_task_ids": str(list(task.after)),
                },
                "taskInstance": {"try_number": number},
            },
            "parent": parent(dag_run, self.name),
        }
        run_id = _id(self.name, name, reported["run_id"], number)
        outputs = [dataset(task.writes)] if task.writes and end == "COMPLETE" else []
        for kind, at in (("START", times[0]), (end, times[1])):
            sides = {"outputs": outputs} if kind == "COMPLETE" else {}
            yield at, run_event(kind, at.isoformat(), run_id, f"{self.name}.{name}", run=facets, **sides)  # fmt: skip


def _id(*parts: object) -> str:
    return uuid(int.from_bytes(blake2b(repr(parts).encode(), digest_size=5).digest()))


#: Every night at 05:00: load for ten minutes, then transform for twenty, then publish for five.
NIGHTLY = Dag(
    "nightly",
    {
        "load": Task(minutes=10, writes="raw.orders"),
        "transform": Task(("load",), 20, "mart.orders"),
        "publish": Task(("transform",), 5, "report.orders"),
    },
    {"expression": "0 5 * * *", "timezone": "UTC", "interval": 0.0},
)


def nights(dag: Dag, number: int, hour: int = 5) -> list[bytes]:
    """The events of as many nights, whole."""
    return [
        event
        for night in range(number)
        for event in dag.events(DAY + timedelta(days=night, hours=hour))
    ]
