"""
Brings Airflow's history into the inbox, run by run.

A run's events are stored in one transaction, and its closing event shows later that they were; so an
import that was broken off goes on where it stopped, without a memory of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from fairlead_bridge import inbox
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.importing import events
from fairlead_bridge.importing.airflow import Airflow, Row

SOURCE = "import"


@dataclass(frozen=True, slots=True)
class Step:
    """A DAG run that was looked at."""

    dag_id: str
    new: int  # events that were not known; 0 where the run was imported before


def bring(
    engine: sa.Engine,
    airflow: Airflow,
    namespace: str,
    now: Callable[[], int],
    dag: str = "~",
    since: str | None = None,
) -> Iterator[Step]:
    """
    Import the ended runs, of one DAG or of all ("~"); with `since` those that ended at or after it.

    `now` gives microseconds. Raises as `Airflow` does.
    """
    known: dict[str, tuple[Row, list[Row]]] = {}
    for some in airflow.runs(dag, since):
        missing = []
        with reading(engine) as tx:
            for run in some:
                if run.get("end_date") and not inbox.holds(tx, events.end(namespace, run)):
                    missing.append(run)
        for run in some:
            if run not in missing:
                yield Step(run["dag_id"], 0)
        for run, tries in airflow.tries(missing):
            if run["dag_id"] not in known:
                known[run["dag_id"]] = airflow.dag(run["dag_id"]), airflow.tasks(run["dag_id"])
                _report_gone(engine, namespace, known[run["dag_id"]][0], now())
            first = events.begin(namespace, run, *known[run["dag_id"]])
            bodies = [
                *([first] if first is not None else []),
                *events.instances(namespace, run, tries),
                events.end(namespace, run),
            ]
            with writing(engine) as tx:
                new = inbox.put(tx, bodies, SOURCE, now())
            yield Step(run["dag_id"], new)


def _report_gone(engine: sa.Engine, namespace: str, dag: Row, now: int) -> None:
    """Store that Airflow no longer has the DAG of which there are runs, where that is so."""
    if events.is_gone(dag):
        with writing(engine) as tx:
            inbox.put(tx, [events.gone(namespace, dag["dag_id"], now)], SOURCE, now)
