"""Infers runs of task instances that sent no event but that the DAG run's closing event names."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from fairlead_bridge import ids
from fairlead_bridge.catalog import rows
from fairlead_bridge.catalog.merge import Row
from fairlead_bridge.catalog.run_rows import NO_EVENTS, facts_of, has_own_facts
from fairlead_bridge.db import tables as t
from fairlead_bridge.facts import RunFacts


def infer_missing_runs(
    tx: sa.Connection,
    before: dict[int, Row],
    known: dict[int, RunFacts],
    closing: Mapping[tuple[int, str], int],
) -> set[int]:
    """
    Add a run for each task instance that only the closing event names, until an event comes.

    Return the ids of inferred runs that are removed because one came.
    """
    with_facts = {
        (run.dag_run, run.task_id)
        for run in known.values()
        if run.task_id is not None and has_own_facts(run)
    }
    inferred = {
        _inferred_id(dag_run, task_id): (dag_run, task_id)
        for dag_run, task_id in with_facts
        if dag_run is not None and task_id is not None
    }
    stored = rows.load(tx, t.run, inferred)
    gone = {
        key for key, row in stored.items() if not has_own_facts(known.get(key) or facts_of(row))
    }
    rows.delete(tx, t.run.c.id, gone)
    for key in gone:
        known.pop(key, None)
        before.pop(key, None)
    for (dag_run, task_id), job_id in closing.items():
        if (dag_run, task_id) not in with_facts:
            # The closing event itself is a fact of the DAG run.
            run = _inferred_run(known[dag_run], dag_run, task_id, job_id)
            known[run.id] = run
    return gone


def _inferred_id(dag_run: int, task_id: str) -> int:
    return ids.try_id(ids.instance_id(dag_run, task_id, -1), NO_EVENTS)


def _inferred_run(dag: RunFacts, dag_run: int, task_id: str, job_id: int) -> RunFacts:
    return RunFacts(
        id=_inferred_id(dag_run, task_id),
        job_id=job_id,
        kind="task",
        dag_id=dag.dag_id,
        dag_run_id=dag.dag_run_id,
        task_id=task_id,
        map_index=-1,
        try_number=NO_EVENTS,
        dag_run=dag_run,
        instance=ids.instance_id(dag_run, task_id, -1),
        parent_id=dag_run,
    )
