"""Days of one Airflow in tests: DAGs that run each day as Airflow's providers report it, until one does not."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.company import messages, others
from tests.support.company.messages import DagRun, Try
from tests.support.company.model import MINUTE, SECOND, Airflow, Cron, Dag, Table, Task, micros
from tests.support.company.others import Inside

#: A Monday.
FIRST = datetime(2026, 11, 2, tzinfo=UTC)
AIRFLOW = Airflow("prod", ZoneInfo("UTC"), "postgres://h:5432", "s3://lake")
COLUMNS = (("id", "bigint"), ("amount", "numeric"))


def table(name: str, *columns: tuple[str, str]) -> Table:
    return Table(AIRFLOW.warehouse, name, columns or COLUMNS)


def dag(dag_id: str, *tasks: Task, hour: int | None = None, triggers: Iterable[Table] = ()) -> Dag:
    """A DAG that runs at this hour each day, or when its triggers are updated."""
    cron = Cron(AIRFLOW.zone, 0, (hour,)) if hour is not None else None
    by_id = {task.task_id: task for task in tasks}
    return Dag(AIRFLOW, dag_id, 0, "data", (dag_id,), by_id, cron, tuple(triggers))


def at(day: int, hour: float = 0) -> int:
    return micros(FIRST + timedelta(days=day, hours=hour))


def moment(day: int, hour: float = 0) -> datetime:
    return FIRST + timedelta(days=day, hours=hour)


_numbers = iter(range(1, 10**9))


def uuid() -> str:
    return f"0199f000-0000-7000-8000-{next(_numbers):012x}"


class Days:
    """Events of DAG runs, one after the other."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    @property
    def bodies(self) -> list[bytes]:
        """What was added since this was asked last."""
        sent, self.events = self.events, []
        return [json.dumps(event).encode() for event in sent]

    def run(
        self,
        dag: Dag,
        begin: int,
        *,
        fails: str | None = None,
        error: str = "out of disk",
        until: str | None = None,
        minutes: float = 5,
    ) -> DagRun:
        """
        One run in which each task takes so many minutes; the task `fails` fails, and the task `until`
        begins and goes on.
        """
        kind = "scheduled" if dag.cron else "asset_triggered"
        run = DagRun(dag, f"{kind}__{begin}", kind, uuid(), begin, begin)
        self.events.append(messages.dag_began(run, begin))
        states: dict[str, str] = {}
        here, rows = begin + 2 * SECOND, []
        for task in dag.tasks.values():
            if any(states.get(above) != "success" for above in task.after):
                states[task.task_id] = "upstream_failed"
                continue
            each = Try(run, task, uuid(), 1, -1, here, here)
            self.events.append(messages.task_began(each))
            if task.task_id == until:
                return run
            here += int(minutes * MINUTE)
            sent = error if task.task_id == fails else None
            self._end(each, here, sent)
            states[task.task_id] = each.state
            rows.append(messages.instance(each))
        rows += [{"taskId": id, "tryNumber": 0, "state": s} for id, s in states.items() if s == "upstream_failed"]  # fmt: skip
        state = "success" if set(states.values()) <= {"success"} else "failed"
        self.events.append(messages.dag_ended(run, here, state, states, {}))
        self.events.append(messages.instances(run, here, state, rows))
        return run

    def _end(self, each: Try, at: int, error: str | None) -> None:
        each.ended_at, each.state = at, "failed" if error else "success"
        reads = [messages.dataset(item) for item in each.task.reads]
        writes = [messages.dataset(item, None if error else 10, schema=not error) for item in each.task.writes]  # fmt: skip
        if each.task.work in ("spark", "dbt"):
            inside = Inside(uuid(), uuid())
            self.events += others.inside_began(each, inside, each.started_at)
            self.events += others.inside_ended(each, inside, at, error, reads, writes)
            reads, writes = [], []
        self.events.append(messages.task_ended(each, at, error, reads, writes))

    def waits(self, dag: Dag, begin: int, task: str, reason: str | None) -> None:
        """A run of which this task is ready and waits; Airflow's provider says so five minutes later."""
        run = DagRun(dag, f"scheduled__{begin}", "scheduled", uuid(), begin, begin)
        self.events.append(messages.dag_began(run, begin))
        row = {
            "taskId": task,
            "tryNumber": 1,
            "state": "scheduled",
            "queuedAt": messages.iso(begin),
        }
        row |= {"waitsFor": reason} if reason else {}
        self.events.append(messages.instances(run, begin + 5 * MINUTE, "running", [row]))

    def pauses(self, dag: Dag, at: int, *, is_paused: bool = True) -> None:
        self.events.append(others.dag_state(dag, at, is_paused=is_paused))

    def breaks(self, dag: Dag, at: int, error: str | None = "SyntaxError: invalid syntax") -> None:
        """The DAG's file cannot be imported; or can be again, without an error."""
        self.events.append(others.file_read(AIRFLOW, dag.file, uuid(), at, error))

    def delivers(self, feed: Table, at: int) -> None:
        self.events.append(others.delivered(feed, at))
