"""
Which faults happen where and when: each alone in its line on its day, so that the truth is plain.

On the days on which a whole Airflow falls silent nothing else happens in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from tests.support.company.model import HOUR, MINUTE, Airflow, Dag, Fault, Kind, Table, Task, micros
from tests.support.company.plan import AIRFLOWS, downstream

#: How often each kind and variant happens, in proportion. "" is by what the task does.
WEIGHTS: dict[tuple[Kind, str], int] = {
    ("failed_run", ""): 36,
    ("failed_run", "killed"): 4,
    ("not_started", "paused"): 9,
    ("not_started", "pool"): 8,
    ("not_started", "sensor"): 7,
    ("slow_run", ""): 10,
    ("source_not_updated", "feed"): 8,
    ("schema_change", "renamed"): 10,
    ("import_error", "syntax"): 8,
}
#: One fault in so many is a silence: of the scheduler, or of the whole Airflow.
SILENCES = 60
#: Days at first on which nothing goes wrong, so that there is a history; fewer in a short time.
WARM_UP = 14

_WORKING = ("python", "sql", "spark", "dbt")


@dataclass(frozen=True)
class _Slot:
    """A line and a time at which one fault may happen there, and how long it lasts."""

    day: datetime  # local midnight, naive
    hour: float
    hours: float
    dags: tuple[Dag, ...]

    @property
    def airflow(self) -> Airflow:
        return self.dags[0].airflow

    @property
    def at(self) -> int:
        wall = self.day + timedelta(hours=self.hour)
        return micros(wall.replace(tzinfo=self.airflow.zone).astimezone(UTC))


def plan(
    dags: Sequence[Dag], begin: datetime, days: int, number: int, random: Random
) -> list[Fault]:
    """`number` faults in order of time, or fewer where there is no room for so many."""
    warm_up = min(WARM_UP, days // 2)
    slots = list(_slots(dags, begin + timedelta(days=warm_up), days - warm_up - 1, random))
    random.shuffle(slots)
    found = _silences(slots, dags, number // SILENCES, random)
    quiet = {(fault.dag.airflow, fault.armed_at // (24 * HOUR)) for fault in found}
    for slot in slots:
        if len(found) >= number:
            break
        near = {(slot.airflow, slot.at // (24 * HOUR) + back) for back in (-1, 0, 1)}
        fault = None if near & quiet else _fault(slot, len(found), random)
        if fault is not None:
            found.append(fault)
    return sorted(found, key=lambda fault: fault.armed_at)


def _slots(dags: Sequence[Dag], begin: datetime, days: int, random: Random) -> Iterator[_Slot]:
    lines: dict[int, list[Dag]] = {}
    for dag in dags:
        lines.setdefault(dag.line, []).append(dag)
    for each in lines.values():
        cron = next(dag.cron for dag in each if dag.cron is not None)
        for day in (begin + timedelta(days=number) for number in range(days)):
            if day.weekday() not in cron.weekdays:
                continue
            if len(cron.hours) > 1:
                yield _Slot(day, 8 + random.random(), 3.5, tuple(each))
                yield _Slot(day, 14.5 + random.random(), 3.5, tuple(each))
            else:
                hours = 5.5 + 2 * random.random()
                yield _Slot(day, cron.hours[0] - 0.5, hours, tuple(each))


def _silences(
    slots: Sequence[_Slot], dags: Sequence[Dag], number: int, random: Random
) -> list[Fault]:
    found: list[Fault] = []
    taken: set[tuple[Airflow, datetime]] = set()
    for slot in slots:
        if len(found) == number:
            return found
        near = {(slot.airflow, slot.day + timedelta(days=back)) for back in (-2, -1, 0, 1, 2)}
        if near & taken or len(slot.dags) < 8 or slot.day.weekday() > 4:
            continue
        taken.add((slot.airflow, slot.day))
        dag = next(dag for dag in dags if dag.airflow is slot.airflow)
        variant = ("airflow", "scheduler")[len(found) % 2]
        fault = Fault(len(found), "silent_source", variant, dag, None, slot.at, int(5 * HOUR))
        fault.node = f"namespace:{slot.airflow.namespace}"
        found.append(fault)
    return found


_Place = tuple[Dag, Task | None, Table | None]


def _fault(slot: _Slot, number: int, random: Random) -> Fault | None:
    kinds = list(WEIGHTS)
    for _ in range(8):
        kind, variant = random.choices(kinds, [WEIGHTS[each] for each in kinds])[0]
        places = list(_PLACES[kind, variant](slot.dags))
        if places:
            break
    else:
        return None
    dag, task, table = random.choice(places)
    if not variant and task is not None:
        variant = "mapped" if task.mapped else task.work
    fault = Fault(number, kind, variant, dag, task, slot.at, int(slot.hours * HOUR))
    fault.node = _node(fault, table)
    fault.affected, fault.stale = _affected(slot.dags, dag, task)
    return fault


def _node(fault: Fault, table: Table | None) -> str:
    """The node that is to be named as the root cause."""
    if table is not None:
        return table.node
    if fault.kind == "import_error":
        return f"job:{fault.dag.airflow.namespace}:{fault.dag.file}"
    return fault.dag.node if fault.task is None else fault.dag.node_of(fault.task)


def _affected(dags: Sequence[Dag], dag: Dag, task: Task | None) -> tuple[list[str], list[str]]:
    own = [
        table
        for each in dag.tasks.values()
        if _runs_after(dag, each, task)
        for table in each.writes
    ]
    waiting = [each for each in downstream(list(dags), dag) if not _is_monthly(each)]
    found = [table.node for table in own] + [
        table.node for each in waiting for table in each.writes
    ]
    readers = downstream(list(dags), dag, waiting=False)
    stale = [table.node for each in readers for table in each.writes]
    return found, [node for node in stale if node not in found]


def _runs_after(dag: Dag, each: Task, task: Task | None) -> bool:
    return (
        task is None
        or each is task
        or any(_runs_after(dag, dag.tasks[id], task) for id in each.after)
    )


def _is_monthly(dag: Dag) -> bool:
    return dag.cron is not None and dag.cron.first_of_month


# --- where each kind may happen -----------------------------------------------------------------------


def _tasks(dags: Sequence[Dag], *works: str) -> Iterator[_Place]:
    for dag in dags:
        for task in dag.tasks.values():
            if task.work in works and task.writes and not _is_monthly(dag):
                yield dag, task, None


def _whole(dags: Sequence[Dag]) -> Iterator[_Place]:
    return ((dag, None, None) for dag in dags if not _is_monthly(dag) and dag.writes)


def _sensors(dags: Sequence[Dag]) -> Iterator[_Place]:
    for dag in dags:
        for task in dag.tasks.values():
            if task.work == "sensor" and task.waits_for is None:
                yield dag, task, None


def _feeds(dags: Sequence[Dag]) -> Iterator[_Place]:
    for dag in dags:
        yield from ((dag, None, table) for table in dag.triggers if table.is_external)


def _readers(dags: Sequence[Dag]) -> Iterator[_Place]:
    """Tasks that read a table which a task of another DAG writes right before."""
    for dag in dags:
        for task in dag.tasks.values():
            for table in task.reads:
                if table.is_external or _is_monthly(dag) or task.work not in _WORKING:
                    continue
                if dag.triggers == (table,) or len(task.reads) == 1:
                    yield dag, task, table


_PLACES: dict[tuple[Kind, str], Callable[[Sequence[Dag]], Iterator[_Place]]] = {
    ("failed_run", ""): lambda dags: _tasks(dags, *_WORKING),
    ("failed_run", "killed"): lambda dags: (
        each for each in _tasks(dags, "python", "sql") if each[1] and not each[1].mapped
    ),
    ("not_started", "paused"): _whole,
    ("not_started", "pool"): lambda dags: _tasks(dags, *_WORKING),
    ("not_started", "sensor"): _sensors,
    ("slow_run", ""): lambda dags: (
        each for each in _tasks(dags, *_WORKING) if each[1] and not each[1].mapped
    ),
    ("source_not_updated", "feed"): _feeds,
    ("schema_change", "renamed"): _readers,
    ("import_error", "syntax"): _whole,
}


def armed(fault: Fault) -> int:
    """From when the fault acts: a DAG is paused, and a file broken, a while before it should run."""
    early = 20 * MINUTE if fault.variant in ("paused", "syntax") else 0
    return fault.armed_at - early


__all__ = ["AIRFLOWS", "armed", "plan"]
