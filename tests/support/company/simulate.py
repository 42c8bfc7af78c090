"""The company's life: DAG runs, their tasks, what waits for what, and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from tests.support.company import faults as planning
from tests.support.company import others
from tests.support.company.messages import Event, Try
from tests.support.company.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Dag,
    Fault,
    Table,
    micros,
)
from tests.support.company.plan import AIRFLOWS, dags_of
from tests.support.company.running import Running

#: A Monday, four weeks before clocks change in Europe.
BEGIN = datetime(2026, 3, 2)  # noqa: DTZ001  (local days of each Airflow begin there)
#: Shares of days on which a DAG of a line is run by hand, and on which one is run for days in the past.
BY_HAND, BACKFILLS = 0.08, 0.02


def company(
    seed: int = 1, dags: int = 200, weeks: int = 12, faults: int = 0, begin: datetime = BEGIN
) -> Company:
    """A company of at least `dags` DAGs over `weeks` weeks, in which `faults` things go wrong."""
    return Company(seed, dags, weeks, faults, begin)


class Company(Running):
    """What `company` returns; the truth grows while `events` is consumed, once."""

    def __init__(self, seed: int, dags: int, weeks: int, faults: int, begin: datetime) -> None:
        super().__init__(Random(seed))
        self.airflows = AIRFLOWS
        self.dags = dags_of(dags, self._random)
        self.begin, self.days = begin, 7 * weeks
        self.planned = planning.plan(self.dags, begin, self.days, faults, Random(seed + 1))
        self._updated: dict[Dag, dict[Table, tuple[int, Try | None, bool]]] = {}
        self._triggered: dict[Table, list[Dag]] = {}
        for dag in self.dags:
            for table in dag.triggers:
                self._triggered.setdefault(table, []).append(dag)

    @property
    def tables(self) -> list[Table]:
        """Every table that a task of the company writes."""
        return [table for dag in self.dags for table in dag.writes]

    def events(self) -> Iterator[tuple[int, Event]]:
        """(microseconds, event), in order of time."""
        for fault in self.planned:
            self._at(planning.armed(fault), fault.dag.airflow, self._arm(fault), held=False)
        for number in range(-1, self.days + 1):
            self._begin_day(self.begin + timedelta(days=number))
            limit = micros((self.begin + timedelta(days=number)).replace(tzinfo=UTC)) + 12 * HOUR
            yield from self._until(limit)

    # --- what begins by itself ----------------------------------------------------------------------

    def _begin_day(self, day: datetime) -> None:
        for dag in self.dags:
            for at in dag.cron.times(day) if dag.cron is not None else ():
                self._at(at, dag.airflow, self._tick(dag))
        lines: dict[int, list[Dag]] = {}
        for dag in self.dags:
            lines.setdefault(dag.line, []).append(dag)
        for each in lines.values():
            self._begin_line(each, day)

    def _begin_line(self, dags: list[Dag], day: datetime) -> None:
        airflow = dags[0].airflow
        cron = next(dag.cron for dag in dags if dag.cron is not None)
        midnight = micros(day.replace(tzinfo=airflow.zone).astimezone(UTC))
        feed = next((t for dag in dags for t in dag.triggers if t.is_external), None)
        if feed is not None and day.weekday() in cron.weekdays:
            at = midnight + cron.hours[0] * HOUR + self._jitter(0, 600)
            self._at(at, airflow, self._deliver(feed, dags[0]), held=False)
        afternoon = midnight + 14 * HOUR + self._jitter(0, 7200)
        alone = [each for each in dags if all(t.waits_for is None for t in each.tasks.values())]
        chance, dag = self._random.random(), self._random.choice(alone)
        if chance < BACKFILLS:
            self._at(afternoon, airflow, self._backfill(dag, 3))
        elif chance < BACKFILLS + BY_HAND:
            self._at(afternoon, airflow, self._by_hand(dag))

    def _tick(self, dag: Dag) -> Callable[[int], None]:
        def tick(at: int) -> None:
            if dag not in self._active and not self._is_included(dag, at, self._tick(dag)):
                self._start(dag, at, "scheduled")

        return tick

    def _is_included(self, dag: Dag, at: int, again: Callable[[int], None]) -> bool:
        """Whether a fault keeps the DAG from starting now; it starts when that is over."""
        fault = self._of_line.get(dag.line)
        if fault is None or fault.dag is not dag or fault.variant not in ("paused", "syntax"):
            return False
        if fault.at is None:
            self._happens(fault, at)
            assert fault.until is not None
            self._at(fault.until + 20 * SECOND, dag.airflow, again)
        return True

    def _by_hand(self, dag: Dag) -> Callable[[int], None]:
        def run(at: int) -> None:
            if dag.line not in self._of_line and dag not in self._active:
                self._start(dag, at, "manual", is_regular=False)

        return run

    def _backfill(self, dag: Dag, left: int) -> Callable[[int], None]:
        def run(at: int) -> None:
            if dag.line in self._of_line or left == 0:
                return
            if dag not in self._active:
                self._start(dag, at, "backfill", is_regular=False, logical=at - (20 + left) * DAY)
            self._at(at + 40 * MINUTE, dag.airflow, self._backfill(dag, left - 1))

        return run

    def _deliver(self, feed: Table, dag: Dag) -> Callable[[int], None]:
        def deliver(at: int) -> None:
            fault = self._of_line.get(dag.line)
            if fault is not None and fault.kind == "source_not_updated" and fault.at is None:
                self._happens(fault, at)
                assert fault.until is not None
                self._at(fault.until, dag.airflow, deliver, held=False)
                return
            self._emit(at, others.delivered(feed, at))
            self._at(at + SECOND, dag.airflow, lambda now: self._update(feed, now, None, True))

        return deliver

    # --- faults ---------------------------------------------------------------------------------------

    def _arm(self, fault: Fault) -> Callable[[int], None]:
        def arm(at: int) -> None:
            airflow = fault.dag.airflow
            if fault.kind == "silent_source":
                self._silence[airflow] = fault
                self._happens(fault, at)
                fault.affected = [
                    t.node for t in self.tables if t.namespace in (airflow.warehouse, airflow.lake)
                ]
                return
            self._of_line[fault.dag.line] = fault
            if fault.variant == "paused":
                self._emit(at, others.dag_state(fault.dag, at, is_paused=True))
            if fault.variant == "syntax":
                error = "SyntaxError: invalid syntax (line 12)"
                self._emit(at, others.file_read(airflow, fault.dag.file, self._uuid(at), at, error))
            # One that found nothing to spoil is over after a day's work.
            self._at(fault.armed_at + 10 * HOUR, airflow, self._give_up(fault), held=False)

        return arm

    def _happens(self, fault: Fault, at: int, run_id: str | None = None) -> None:
        if run_id is not None:
            fault.run_ids.append(run_id)
        if fault.at is not None:
            return
        fault.at, fault.until = at, at + fault.lasts
        self.faults.append(fault)
        self._at(fault.until, fault.dag.airflow, self._mend(fault), held=False)

    def _mend(self, fault: Fault) -> Callable[[int], None]:
        def mend(at: int) -> None:
            airflow = fault.dag.airflow
            self._silence.pop(airflow, None)
            if self._of_line.get(fault.dag.line) is fault:
                self._of_line.pop(fault.dag.line)
            if fault.variant == "paused":
                self._emit(at, others.dag_state(fault.dag, at, is_paused=False))
            if fault.variant == "syntax":
                self._emit(at, others.file_read(airflow, fault.dag.file, self._uuid(at), at, None))
            round_ = self._failed.pop(fault.number, None)
            if round_ is not None:
                self._at(at + 5 * SECOND, airflow, lambda now: self._clear(round_, now))

        return mend

    def _give_up(self, fault: Fault) -> Callable[[int], None]:
        def give_up(at: int) -> None:
            if fault.at is None and self._of_line.get(fault.dag.line) is fault:
                self._mend(fault)(at)

        return give_up

    # --- assets ---------------------------------------------------------------------------------------

    def _update(self, table: Table, at: int, by: Try | None, is_regular: bool) -> None:
        """Starts the DAGs that waited for the table, where all else they wait for has come, too."""
        for dag in self._triggered.get(table, ()):
            updated = self._updated.setdefault(dag, {})
            updated[table] = (at, by, is_regular)
            if len(updated) == len(dag.triggers):
                self._trigger(dag, at)

    def _trigger(self, dag: Dag, at: int) -> None:
        if dag in self._active:
            self._at(at + MINUTE, dag.airflow, lambda now: self._retrigger(dag, now))
            return
        if self._is_included(dag, at, lambda now: self._retrigger(dag, now)):
            return
        updated = self._updated.pop(dag)
        dependencies = [
            {
                "job": {
                    "namespace": by.run.dag.airflow.namespace,
                    "name": f"{by.run.dag.dag_id}.{by.task.task_id}",
                },
                "run": {"runId": by.uuid},
                "dependency_type": "IMPLICIT_ASSET_DEPENDENCY",
            }
            for _, by, _ in updated.values()
            if by is not None
        ]
        regular = all(is_regular for _, _, is_regular in updated.values())
        self._start(dag, at, "asset_triggered", is_regular=regular, dependencies=dependencies)

    def _retrigger(self, dag: Dag, at: int) -> None:
        if len(self._updated.get(dag, {})) == len(dag.triggers):
            self._trigger(dag, at)
