"""Task instances that sent no event: a closing event names them, and they get a run of their own."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from fairlead_bridge import ids
from fairlead_bridge.catalog import rows
from fairlead_bridge.catalog.merge import Row
from fairlead_bridge.catalog.run_rows import SILENT, facts_of, speaks
from fairlead_bridge.db import tables as t
from fairlead_bridge.facts import RunFacts


def speak_for(
    tx: sa.Connection,
    before: dict[int, Row],
    known: dict[int, RunFacts],
    closing: Mapping[tuple[int, str], int],
) -> set[int]:
    """
    Task instances that only the verdict names get a run of their own, until they speak.

    Returns the ids of those that go since they do.
    """
    speaking = {
        (run.dag_run, run.task_id)
        for run in known.values()
        if run.task_id is not None and speaks(run)
    }
    silent = {
        _silent_id(dag_run, task_id): (dag_run, task_id)
        for dag_run, task_id in speaking
        if dag_run is not None and task_id is not None
    }
    stored = rows.load(tx, t.run, silent)
    gone = {key for key, row in stored.items() if not speaks(known.get(key) or facts_of(row))}
    rows.delete(tx, t.run.c.id, gone)
    for key in gone:
        known.pop(key, None)
        before.pop(key, None)
    for (dag_run, task_id), job_id in closing.items():
        if (dag_run, task_id) not in speaking:
            # The closing event itself tells of the DAG run.
            run = _silent(known[dag_run], dag_run, task_id, job_id)
            known[run.id] = run
    return gone


def _silent_id(dag_run: int, task_id: str) -> int:
    return ids.try_id(ids.instance_id(dag_run, task_id, -1), SILENT)


def _silent(dag: RunFacts, dag_run: int, task_id: str, job_id: int) -> RunFacts:
    return RunFacts(
        id=_silent_id(dag_run, task_id),
        job_id=job_id,
        kind="task",
        dag_id=dag.dag_id,
        dag_run_id=dag.dag_run_id,
        task_id=task_id,
        map_index=-1,
        try_number=SILENT,
        dag_run=dag_run,
        instance=ids.instance_id(dag_run, task_id, -1),
        parent_id=dag_run,
    )
