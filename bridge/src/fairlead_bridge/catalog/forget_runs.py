"""Removes the runs of jobs that are forgotten, and computes anew what rested on them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import sqlalchemy as sa

from fairlead_bridge.catalog import rows, run_data, runs
from fairlead_bridge.catalog.merge import Row
from fairlead_bridge.catalog.run_rows import facts_of, has_own_facts
from fairlead_bridge.catalog.runs import RunChanges
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.bulk import chunks


def apply(tx: sa.Connection, jobs: Collection[int]) -> RunChanges:
    """
    Remove the runs of these jobs with what they read and wrote.

    Returns which other runs changed, and when the datasets were written last that these wrote last.
    The names of runs stay, so that an event of another run leads to the same one as before.
    """
    around = {row["id"]: row for row in _around(tx, jobs)}
    written: set[int] = set()
    for some in chunks(sorted(jobs)):
        gone = sa.select(t.run.c.id).where(t.run.c.job_id.in_(some))
        written.update(_written(tx, gone))
        _delete(tx, gone, some)
    inferred = {id for id, row in around.items() if not has_own_facts(facts_of(row))}
    rows.delete(tx, t.run.c.id, inferred)
    again = [row for id, row in around.items() if id not in inferred]
    found = runs.again(tx, (facts_of(row) for row in again))
    fresh = {id: run_data.newest_write(tx, id) for id in written}
    return RunChanges(found.changed | inferred, {**fresh, **found.written})


def _around(tx: sa.Connection, jobs: Collection[int]) -> Iterator[Row]:
    """The runs of other jobs that are inside a run of these, or of one of their DAG runs."""
    other = t.run.alias()
    for some in chunks(sorted(jobs)):
        gone = sa.select(other.c.id).where(other.c.job_id.in_(some))
        inside = sa.and_(t.run.c.parent_id.in_(gone), t.run.c.dag_id.is_(None))
        of_dag_run = t.run.c.dag_run.in_(gone)
        for row in tx.execute(sa.select(t.run).where(sa.or_(inside, of_dag_run))).mappings():
            if row["job_id"] not in jobs:
                yield dict(row)


def _written(tx: sa.Connection, runs_of_jobs: sa.Select[int]) -> Iterable[int]:
    """The datasets that one of the runs wrote last."""
    return tx.scalars(sa.select(t.dataset.c.id).where(t.dataset.c.written_by.in_(runs_of_jobs)))


def _delete(tx: sa.Connection, gone: sa.Select[int], jobs: Collection[int]) -> None:
    states, run = t.task_state_at_run_end, t.run
    of_task = sa.exists().where(
        run.c.job_id.in_(jobs),
        run.c.dag_run == states.c.dag_run,
        run.c.task_id == states.c.task_id,
    )
    tx.execute(sa.delete(states).where(sa.or_(states.c.dag_run.in_(gone), of_task)))
    of_unknown = t.run_dataset.c.run_id.in_(_unknown_around(jobs))
    tx.execute(sa.delete(t.run_dataset).where(sa.or_(t.run_dataset.c.run_id.in_(gone), of_unknown)))
    tx.execute(sa.delete(run).where(run.c.job_id.in_(jobs)))


def _unknown_around(jobs: Collection[int]) -> sa.Select[int]:
    """Runs of these jobs of which only the runs inside of them are known: those of a hook's queries."""
    inside, known, job = t.run.alias(), t.run.alias(), t.job.alias()
    return (
        sa.select(inside.c.parent_id)
        .join(job, job.c.id == inside.c.job_id)
        .where(job.c.parent_id.in_(jobs), inside.c.parent_id.is_not(None))
        .where(~sa.exists().where(known.c.id == inside.c.parent_id))
    )
