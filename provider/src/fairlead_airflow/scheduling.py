"""
What keeps runs from starting, which no listener is called for: DAGs that are paused or gone, and tasks
that are ready and wait, for a slot of a pool or for a worker.

The dag-processor looks once a minute in Airflow's database, in a thread, and reports what changed. Only
Airflow 3 has a dag-processor with the database; in Airflow 2 nothing of this is reported.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from fairlead_airflow import compat, instances
from fairlead_airflow.compat.objects import Component
from fairlead_airflow.event_parts import SPEC, facet, producer
from fairlead_airflow.listeners import Transport
from fairlead_airflow.shield import shielded
from fairlead_sdk.documents import Json

log = logging.getLogger(__name__)

#: Seconds between two looks, and seconds that a task is ready before its waiting is reported.
_EVERY, _PATIENCE = 60.0, 300
#: A DAG that was gone for longer when the dag-processor started is not reported again.
_LATELY = timedelta(days=1)
#: Waiting tasks that one look reports, the longest waiting first, and that are remembered.
_MOST, _REMEMBERED = 500, 50_000
_STATE_SCHEMA = "urn:fairlead:facets:1-0-0:FairleadDagStateJobFacet"
_JOB_TYPE_SCHEMA = "https://openlineage.io/spec/facets/2-0-4/JobTypeJobFacet.json"

Event = Json


class Scheduling:
    """Compares what Airflow's database says with what was reported."""

    def __init__(
        self,
        emit: Callable[[Event], None],
        paused: Callable[[], set[str]] = compat.database.paused_dags,
        waiting: Callable[[datetime, int], list[Json]] = compat.database.waiting_tasks,
        gone: Callable[[], dict[str, datetime | None]] = compat.database.gone_dags,
    ) -> None:
        self._emit = emit
        self._paused = paused
        self._waiting = waiting
        self._gone = gone
        self._known_gone: set[str] | None = None
        self._known: set[str] = set()
        self._reported: set[tuple[Any, ...]] = set()

    def look(self, now: datetime) -> None:
        """
        Report the DAGs that were paused or unpaused since, those that are gone or came back, and the
        tasks that have begun to wait.
        """
        paused, gone = self._paused(), self._gone()
        for dag_id in sorted((paused ^ self._known) | self._moved(gone, now)):
            if _is_wanted(dag_id):
                state = {"is_paused": dag_id in paused, "is_gone": dag_id in gone}
                self._emit(dag_state(dag_id, now, **state))
        self._known, self._known_gone = paused, set(gone)
        for event in self._waits(now):
            self._emit(event)

    def _moved(self, gone: Mapping[str, datetime | None], now: datetime) -> set[str]:
        """The DAGs that are gone since the last look, or came back; at the first, that went lately."""
        if self._known_gone is None:
            return {dag for dag, at in gone.items() if at is not None and at > now - _LATELY}
        return gone.keys() ^ self._known_gone

    def _waits(self, now: datetime) -> Iterator[Event]:
        rows = self._waiting(now - timedelta(seconds=_PATIENCE), _MOST)
        new = {_key(row): row for row in rows if _key(row) not in self._reported}
        if len(self._reported) > _REMEMBERED:
            self._reported = {_key(row) for row in rows}
        self._reported.update(new)
        runs: dict[tuple[str, str], list[Json]] = {}
        for row in new.values():
            runs.setdefault((row["dag_id"], row["run_id"]), []).append(row)
        for (dag_id, _), tasks in runs.items():
            if _is_wanted(dag_id):
                yield from waiting_events(tasks, now)


def dag_state(dag_id: str, at: datetime, *, is_paused: bool, is_gone: bool = False) -> Event:
    """A JobEvent that says whether the DAG is paused, and whether Airflow no longer has it."""
    from airflow.providers.openlineage import conf

    made_by = producer()
    kind = {"integration": "AIRFLOW", "jobType": "DAG", "processingType": "BATCH"}
    state = {"isPaused": is_paused, "isGone": is_gone, "at": at.isoformat()}
    facets = {
        "jobType": facet(made_by, _JOB_TYPE_SCHEMA, kind),
        "fairlead_dag_state": facet(made_by, _STATE_SCHEMA, state),
    }
    return {
        "eventTime": at.isoformat(),
        "producer": made_by,
        "schemaURL": f"{SPEC}/JobEvent",
        "job": {"namespace": conf.namespace(), "name": dag_id, "facets": facets},
        "inputs": [],
        "outputs": [],
    }


def waiting_events(tasks: list[Json], at: datetime) -> Iterator[Event]:
    """Events of one DAG run that say which of its tasks wait, and for what."""
    from airflow.providers.openlineage import conf
    from airflow.providers.openlineage.plugins.adapter import OpenLineageAdapter

    run = tasks[0]
    run_id = OpenLineageAdapter.build_dag_run_id(
        dag_id=run["dag_id"],
        logical_date=run["logical_date"] or run["run_after"],
        clear_number=run["clear_number"] or 0,
    )
    facts = {"dag_id": run["dag_id"], "run_id": run["run_id"], "state": "running", "end_date": at}
    rows = [{**task, "waits_for": reason(task)} for task in tasks]
    yield from instances.events(facts, rows, run_id, conf.namespace())


def reason(task: Mapping[str, Any]) -> str | None:
    """What the task waits for, as far as Airflow's tables tell it."""
    slots, free = task.get("pool_total"), task.get("pool_open")
    if task["state"] == "queued":
        return f"a worker: it has been in the queue {task.get('queue') or 'default'}"
    if slots is not None and free is not None and free <= 0:
        return f"pool {task['pool']}: all {slots} slots are taken"
    return None


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(
        row[name] for name in ("dag_id", "run_id", "task_id", "map_index", "try_number", "state")
    )


def _is_wanted(dag_id: str) -> bool:
    from airflow.providers.openlineage.utils.emission_policy import resolve_dag_emission_policy

    return bool(resolve_dag_emission_policy(dag_id).emit)


class SchedulingListener:
    """Starts the thread in the dag-processor."""

    def __init__(self, emit: Callable[[Event], None] | None = None) -> None:
        """`emit` takes an event; without it, the durable transport does."""
        self._scheduling = Scheduling(emit or Transport().emit)
        self._pid: int | None = None

    @compat.hookimpl
    def on_starting(self, component: Component) -> None:
        if not compat.is_dag_processor(component) or self._pid == os.getpid():
            return
        self._pid = os.getpid()
        threading.Thread(target=self._watch, name="fairlead-scheduling", daemon=True).start()

    def _watch(self) -> None:
        while True:
            time.sleep(_EVERY)
            with shielded(
                log, "Paused DAGs and waiting tasks could not be asked for", level=logging.DEBUG
            ):
                self._scheduling.look(datetime.now(UTC))
