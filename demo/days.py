"""A day at the shop: its DAGs in the order of the evening, waited for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from demo.clients import FINAL
from demo.stack import DAGS, EVENING, PARCELS, WAITING, Stack

#: How long a DAG may take on a slow machine, in seconds.
PATIENCE = 600.0

Say = Callable[[str], None]


def let_loose(stack: Stack, say: Say) -> None:
    """Unpause the DAGs; Airflow then runs by itself what was due last, which is waited for."""
    dags = stack.insist("Airflow lists its DAGs", stack.airflow.dags)
    paused = {name for name, dag in dags.items() if dag["is_paused"]}
    if not DAGS & paused:
        return
    say("Unpausing the DAGs; Airflow starts the runs that are due")
    seen = {dag_id: _count(stack, dag_id) for dag_id in DAGS}
    for dag_id in WAITING + EVENING:
        _unpause(stack, dag_id)
    _finish(stack, EVENING, seen, say)
    _unpause(stack, PARCELS)
    _finish(stack, (PARCELS, *reversed(WAITING)), seen, say)


def run_day(
    stack: Stack, day: date, say: Say, meanwhile: Callable[[], None] = lambda: None
) -> None:
    """
    Run the DAGs about a day: the evening's, the parcels', and those that the data starts.

    `meanwhile` is called when the evening's have been started.
    """
    moment = datetime.combine(day, time(22), UTC)
    seen = {dag_id: _count(stack, dag_id) for dag_id in DAGS}
    for dag_id in EVENING:
        _trigger(stack, dag_id, moment)
    meanwhile()
    _finish(stack, EVENING, seen, say)
    _trigger(stack, PARCELS, moment)
    _finish(stack, (PARCELS, *reversed(WAITING)), seen, say)


def days_to_run(stack: Stack, last: date, count: int) -> list[date]:
    """The newest days up to `last` that were not asked for yet, oldest first.

    None before a day that was run by hand: a demo goes on where the one before it ended, not backwards.
    """
    return unasked(_runs(stack, EVENING[-1]), last, count)


def unasked(runs: Iterable[Mapping[str, Any]], last: date, count: int) -> list[date]:
    """See `days_to_run`; `runs` are those of one of the evening's DAGs, as Airflow lists them."""
    asked = {str(run["logical_date"])[:10]: run["run_type"] for run in runs}
    newest = max((day for day, kind in asked.items() if kind == "manual"), default="")
    before = (last - timedelta(days=ago) for ago in range(30))
    left = [day for day in before if str(day) not in asked and str(day) > newest]
    return sorted(left[:count])


def caught_up(stack: Stack) -> bool:
    """Whether the bridge knows the end of every DAG run that has ended in Airflow."""
    inbox = stack.bridge.health()["inbox"]
    if inbox["waiting"]:
        return False
    ended = {
        (run["dag_id"], run["dag_run_id"]) for run in stack.airflow.runs() if run["state"] in FINAL
    }
    known = {
        (run["dag_id"], run["dag_run_id"])
        for run in stack.bridge.all("/api/v1/runs", kind="dag")
        if run["state"] in FINAL
    }
    return ended <= known


def _runs(stack: Stack, dag_id: str) -> list[dict[str, Any]]:
    return stack.insist(f"Airflow lists the runs of {dag_id}", lambda: stack.airflow.runs(dag_id))


def _count(stack: Stack, dag_id: str) -> int:
    return len(_runs(stack, dag_id))


def _unpause(stack: Stack, dag_id: str) -> None:
    stack.insist(f"Airflow has unpaused {dag_id}", lambda: stack.airflow.unpause(dag_id))


def _trigger(stack: Stack, dag_id: str, moment: datetime) -> None:
    stack.insist(f"Airflow has started {dag_id}", lambda: stack.airflow.trigger(dag_id, moment))


def _finish(stack: Stack, dag_ids: Iterable[str], seen: dict[str, int], say: Say) -> None:
    """Wait until each of the DAGs has run once more than `seen`, and say how it went."""
    for dag_id in dag_ids:

        def ended(dag_id: str = dag_id) -> bool:
            runs = stack.airflow.runs(dag_id)
            return len(runs) > seen[dag_id] and all(run["state"] in FINAL for run in runs)

        stack.wait(f"{dag_id} has run", ended, PATIENCE)
        last = max(_runs(stack, dag_id), key=lambda run: str(run["end_date"]))
        say(f"    {dag_id:<16} {last['state']:<8} {_seconds(last):5.1f} s")


def _seconds(run: dict[str, str]) -> float:
    start, end = (datetime.fromisoformat(run[at]) for at in ("start_date", "end_date"))
    return (end - start).total_seconds()
