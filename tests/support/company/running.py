"""DAG runs of the simulated company, and what becomes of their tasks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.support.company import messages, others
from tests.support.company.clock import Clock
from tests.support.company.messages import DagRun, Try
from tests.support.company.model import (
    HOUR,
    MINUTE,
    SECOND,
    Dag,
    Fault,
    Run,
    Table,
    Task,
    Write,
    iso,
)
from tests.support.company.others import Inside

#: Share of tries that fail and are made good by the next.
FLAKY = 0.02


@dataclass(eq=False)
class Round:
    """A DAG run that goes on, and how its task instances stand."""

    run: DagRun
    is_regular: bool
    states: dict[str, str] = field(default_factory=dict)  # by task; missing: has not begun
    seconds: dict[str, float] = field(default_factory=dict)
    open: dict[str, int] = field(default_factory=dict)  # instances that go on, by task
    tries: list[Try] = field(default_factory=list)
    late_for: int | None = None


class Running(Clock, ABC):
    """Runs DAGs; `Company` says when, and what an update of a table leads to."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self.faults: list[Fault] = []  # those that have happened
        self.writes: list[Write] = []
        self.runs: list[Run] = []
        self._of_line: dict[int, Fault] = {}
        self._failed: dict[int, Round] = {}  # by the number of the fault
        self._active: dict[Dag, Round] = {}
        self._sensors: dict[Dag, list[tuple[Round, Try]]] = {}
        self._succeeded: dict[Dag, int] = {}

    @abstractmethod
    def _update(self, table: Table, at: int, by: Try | None, is_regular: bool) -> None:
        """What the update of a table leads to."""

    @abstractmethod
    def _happens(self, fault: Fault, at: int, run_id: str | None = None) -> None:
        """The fault shows, for the first time or again."""

    # --- DAG runs -------------------------------------------------------------------------------------

    def _start(
        self,
        dag: Dag,
        at: int,
        run_type: str,
        *,
        is_regular: bool = True,
        logical: int | None = None,
        dependencies: list[dict[str, Any]] | None = None,
    ) -> None:
        began = at + self._jitter(0.5, 4)
        logical = at if logical is None else logical
        run_id = f"{run_type}__{iso(logical)}" + (
            f"_{self._number:x}" if run_type != "scheduled" else ""
        )
        run = DagRun(dag, run_id, run_type, self._uuid(at), began, logical, 0, dependencies or [])
        fault = self._of_line.get(dag.line)
        late_for = fault.number if fault is not None and fault.at is not None else None
        round_ = Round(run, is_regular, late_for=late_for)
        self._active[dag] = round_
        self._at(began, dag.airflow, lambda now: self._began(round_, now))

    def _began(self, round_: Round, at: int) -> None:
        self._emit(at, messages.dag_began(round_.run, at))
        self._go_on(round_, at)

    def _go_on(self, round_: Round, at: int) -> None:
        """Queue the tasks that may begin; end the run where there are none left."""
        dag = round_.run.dag
        changed = True
        while changed:
            changed = False
            for task in dag.tasks.values():
                above = [round_.states.get(id) for id in task.after]
                if task.task_id in round_.states:
                    continue
                if any(state in ("failed", "upstream_failed") for state in above):
                    round_.states[task.task_id], changed = "upstream_failed", True
                elif all(state in ("success", "skipped") for state in above):
                    changed = True
                    self._queue(round_, task, at)
        if not round_.open and all(id in round_.states for id in dag.tasks):
            self._at(at + self._jitter(0.5, 3), dag.airflow, lambda now: self._ended(round_, now))

    def _ended(self, round_: Round, at: int) -> None:
        run, dag = round_.run, round_.run.dag
        if self._active.get(dag) is not round_:
            return
        del self._active[dag]
        state = (
            "failed"
            if any(s in ("failed", "upstream_failed") for s in round_.states.values())
            else "success"
        )
        self._emit(at, messages.dag_ended(run, at, state, round_.states, round_.seconds))
        rows = [messages.instance(each) for each in round_.tries]
        rows += [
            {"taskId": id, "tryNumber": 0, "state": value}
            for id, value in round_.states.items()
            if value == "upstream_failed"
        ]
        self._emit(at, messages.instances(run, at, state, rows))
        if state == "success":
            self._succeeded[dag] = at
            for waiting, each in self._sensors.pop(dag, []):
                soon = at + self._jitter(5, 60)
                self._at(soon, dag.airflow, self._finish(waiting, each, None), end=True)
        else:
            killed = next(
                (e for e in round_.tries if e.state == "failed" and e.ended_at == at), None
            )
            fault = self._of_line.get(dag.line)
            if killed is not None and fault is not None and fault.variant == "killed":
                self._happens(fault, at, killed.uuid)
            if fault is not None and fault.at is not None and fault.dag is dag:
                self._failed[fault.number] = round_

    def _clear(self, round_: Round, at: int) -> None:
        """What failed is made to run again, by hand."""
        dag = round_.run.dag
        if dag in self._active:
            return
        for id, state in list(round_.states.items()):
            if state in ("failed", "upstream_failed"):
                del round_.states[id]
        round_.run.clear_number += 1
        round_.run.uuid = self._uuid(at)
        self._active[dag] = round_
        self._began(round_, at)

    # --- tasks ----------------------------------------------------------------------------------------

    def _queue(self, round_: Round, task: Task, at: int) -> None:
        if task.work == "empty":
            round_.states[task.task_id] = "success"
            round_.seconds[task.task_id] = 0.0
            return
        round_.states[task.task_id] = "running"
        indexes = range(task.mapped) if task.mapped else [-1]
        round_.open[task.task_id] = len(indexes)
        for index in indexes:
            number = 1 + sum(e.task is task and e.map_index == index for e in round_.tries)
            self._queue_try(round_, task, index, number, at)

    def _queue_try(self, round_: Round, task: Task, index: int, number: int, at: int) -> None:
        begins = at + self._jitter(1, 12)
        fault = self._fault_of(round_.run.dag, task)
        if fault is not None and fault.variant == "pool":
            begins = self._wait_for_pool(fault, round_, task, index, number, at)

        def begin(now: int) -> None:
            self._begin(round_, Try(round_.run, task, self._uuid(now), number, index, at, now))

        self._at(begins, round_.run.dag.airflow, begin)

    def _wait_for_pool(
        self, fault: Fault, round_: Round, task: Task, index: int, number: int, at: int
    ) -> int:
        self._happens(fault, at)
        assert fault.until is not None
        row = {
            "taskId": task.task_id,
            "tryNumber": number,
            "state": "scheduled",
            "queuedAt": iso(at),
            "pool": task.pool,
            "waitsFor": f"pool {task.pool}: all 8 slots are taken",
            **({"mapIndex": index} if index >= 0 else {}),
        }
        content = lambda now: self._emit(now, messages.instances(round_.run, now, "running", [row]))  # noqa: E731
        self._at(at + 5 * MINUTE, round_.run.dag.airflow, content)
        return fault.until + self._jitter(1, 20)

    def _fault_of(self, dag: Dag, task: Task) -> Fault | None:
        fault = self._of_line.get(dag.line)
        return fault if fault is not None and fault.dag is dag and fault.task is task else None

    def _begin(self, round_: Round, each: Try) -> None:
        round_.tries.append(each)
        at, task, airflow = each.started_at, each.task, round_.run.dag.airflow
        self._emit(at, messages.task_began(each))
        if task.waits_for is not None and self._succeeded.get(task.waits_for, 0) < at - 12 * HOUR:
            self._sensors.setdefault(task.waits_for, []).append((round_, each))
            return
        fault = self._fault_of(round_.run.dag, task)
        ends = at + max(SECOND, int(self._seconds(task, at) * SECOND))
        error = None
        if fault is not None:
            ends, error = self._spoil(fault, each, at, ends)
        elif each.number <= task.retries and not task.mapped and self._random.random() < FLAKY:
            error = "connection reset by peer"
        uuids = None
        if task.work in ("spark", "dbt"):
            uuids = Inside(self._uuid(at), self._uuid(at))
            self._at(
                at + 3 * SECOND,
                airflow,
                lambda now: self._emit_all(now, others.inside_began(each, uuids, now)),
                end=True,
            )
        self._at(ends, airflow, self._finish(round_, each, error, uuids), end=True)

    def _seconds(self, task: Task, at: int) -> float:
        """How long it takes: mostly about as long as ever, more on Mondays and at a month's end."""
        day = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
        more = (1.25 if day.weekday() == 0 else 1.0) * (1.5 if day.day in (1, 30, 31) else 1.0)
        return task.seconds * more * self._random.lognormvariate(0, 0.18)

    def _spoil(self, fault: Fault, each: Try, at: int, ends: int) -> tuple[int, str | None]:
        """When the try ends and with which error, under this fault."""
        if fault.kind == "slow_run" or fault.variant == "sensor":
            if fault.at is None:
                self._happens(fault, at, each.uuid)
                assert fault.until is not None
                return fault.until, None
            return ends, None
        if fault.kind == "failed_run":
            if each.task.mapped and each.map_index != 1:
                return ends, None
            return ends, {
                "spark": "Job aborted due to stage failure",
                "dbt": "Database Error in model",
            }.get(each.task.work, "could not connect to server")
        if fault.kind == "schema_change" and fault.at is not None:
            return at + 5 * SECOND, f'column "{fault.renamed}" does not exist'
        return ends, None

    def _finish(
        self, round_: Round, each: Try, error: str | None, uuids: Inside | None = None
    ) -> Callable[[int], None]:
        def finish(at: int) -> None:
            fault = self._fault_of(round_.run.dag, each.task)
            task = each.task
            each.ended_at = at
            is_again = error is not None and each.number <= task.retries
            each.state = "success" if error is None else "up_for_retry" if is_again else "failed"
            reads = [messages.dataset(table) for table in task.reads]
            writes: list[Any] = []
            if error is None:
                self._change_schema(round_.run.dag, task, at)
                rows = self._random.randint(900, 1100)
                writes = [messages.dataset(table, rows) for table in task.writes]
            else:
                writes = [messages.dataset(table, schema=False) for table in task.writes]
            killed = fault is not None and fault.variant == "killed" and error is not None
            if uuids is not None:
                self._emit_all(at, others.inside_ended(each, uuids, at, error, reads, writes))
                reads, writes = (
                    [],
                    [messages.dataset(table, schema=False) for table in task.writes]
                    if task.work == "dbt"
                    else [],
                )
            if not killed:
                self._emit(at, messages.task_ended(each, at, error, reads, writes))
            self.runs.append(
                Run(
                    round_.run.dag.node_of(task),
                    round_.run.run_id,
                    each.uuid,
                    each.started_at,
                    at,
                    each.state,
                )
            )
            self._after(round_, each, fault, at, error, is_again=is_again and not killed)

        return finish

    def _after(
        self, round_: Round, each: Try, fault: Fault | None, at: int, error: str | None, *, is_again: bool
    ) -> None:  # fmt: skip
        task, dag = each.task, round_.run.dag
        if is_again:
            if fault is not None and fault.kind in ("failed_run", "schema_change"):
                fault.run_ids.append(each.uuid)
            wait = at + 60 * SECOND
            self._queue_try(round_, task, each.map_index, each.number + 1, wait)
            return
        round_.open[task.task_id] -= 1
        round_.seconds[task.task_id] = each.seconds or 0.0
        if error is None:
            for table in task.writes:
                regular = round_.is_regular
                self.writes.append(
                    Write(at, table.node, dag.node_of(task), each.uuid, regular, round_.late_for)
                )
                self._at(
                    at + SECOND, dag.airflow, _call(self._update, table, each, round_.is_regular)
                )
        elif fault is not None and fault.kind in ("failed_run", "schema_change"):
            each.state = "failed"
            if fault.variant == "killed":
                each.ended_at = None
            else:
                self._happens(fault, at, each.uuid)
                fault.run_ids.append(each.uuid)
        if round_.open[task.task_id]:
            return
        del round_.open[task.task_id]
        newest = {(e.map_index): e for e in round_.tries if e.task is task}
        failed = any(e.state == "failed" for e in newest.values())
        round_.states[task.task_id] = "failed" if failed else "success"
        if fault is not None and fault.variant == "killed" and failed:
            # The scheduler notices that the worker is gone.
            self._at(at + 5 * MINUTE, dag.airflow, lambda now: self._notice(round_, each, now))
            return
        self._go_on(round_, at)

    def _notice(self, round_: Round, each: Try, at: int) -> None:
        each.ended_at = at + 2 * SECOND
        fault = self._fault_of(round_.run.dag, each.task)
        if fault is not None:
            self._happens(fault, at, each.uuid)
        self._go_on(round_, at)

    def _change_schema(self, dag: Dag, task: Task, at: int) -> None:
        """The table that a fault is about gets another name for a column when it is written next."""
        fault = self._of_line.get(dag.line)
        if fault is None or fault.kind != "schema_change" or fault.at is not None:
            return
        for table in task.writes:
            if table.node == fault.node:
                fault.renamed = table.columns[-1][0]
                name = (f"amount_v{fault.number}", "numeric")
                table.columns = (*table.columns[:-1], name)
                self._happens(fault, at)


def _call(
    update: Callable[..., None], table: Table, by: Try, is_regular: bool
) -> Callable[[int], None]:
    return lambda at: update(table, at, by, is_regular)
