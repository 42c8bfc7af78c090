"""
Runs inside an application: what an application started ends with it.

Spark sends no end for most jobs on RDDs, and what is killed sends none at all. This holds within
one tool only: a job that a task of Airflow submits may go on when the task is over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import sqlalchemy as sa

from fairlead_bridge.catalog import rows
from fairlead_bridge.catalog.merge import Row
from fairlead_bridge.catalog.resolve import Around
from fairlead_bridge.catalog.run_rows import facts_of, row_of
from fairlead_bridge.db import tables as t
from fairlead_bridge.facts import RunFacts

_OVER = ("success", "failed", "aborted")

#: State and end of an application, and the tool that runs it.
End = tuple[str, int, str]


def end_inner_runs(
    tx: sa.Connection, before: dict[int, Row], known: dict[int, RunFacts], after: dict[int, Row]
) -> None:
    """
    End the runs in `after` with the application that they ran inside. Runs inside those whose end
    differs from `before` are read from the database.
    """
    level = plain = {key for key, row in after.items() if row["dag_id"] is None}
    moved = {key for key in level if _end(after[key]) != _end(before.get(key))}
    while level:
        around = _ends_around(tx, [known[key].parent_id for key in level], after)
        for key in level:
            end = around.get(known[key].parent_id)
            if end is None and key in plain:
                continue
            row = _row(known[key], end)
            if _end(row) != _end(after[key]):
                moved.add(key)
            after[key] = row
        level = _inside(tx, moved, before, known, after)
        moved, plain = set(), set()


def _row(run: RunFacts, end: End | None) -> Row:
    own = run.properties.get("integration")
    if end is None or own is None or own.value != end[2]:
        return row_of(run, None, {})
    return row_of(run, None, {}, Around(end[0], end[1]))


def _end(row: Row | None) -> End | None:
    """The end that runs inside this one share; None where it goes on, or is Airflow's."""
    if row is None or row["dag_id"] is not None or row["ended_at"] is None:
        return None
    integration = facts_of(row).properties.get("integration")
    if row["state"] not in _OVER or integration is None:
        return None
    return row["state"], row["ended_at"], integration.value


def _ends_around(
    tx: sa.Connection, applications: Iterable[int | None], after: Mapping[int, Row]
) -> dict[int | None, End | None]:
    """How these applications ended, by id."""
    parents = {key for key in applications if key is not None}
    found = rows.load(tx, t.run, parents - after.keys())
    return {key: _end(after.get(key) or found.get(key)) for key in parents}


def _inside(
    tx: sa.Connection,
    parents: Collection[int],
    before: dict[int, Row],
    known: dict[int, RunFacts],
    after: dict[int, Row],
) -> set[int]:
    """The ids of the runs inside these; what only the database has is added to the others."""
    for row in rows.where_in(tx, t.run.c.parent_id, parents):
        if row["id"] not in known and row["dag_id"] is None:
            before[row["id"]] = after[row["id"]] = row
            known[row["id"]] = facts_of(row)
    return {key for key, run in known.items() if run.parent_id in parents and run.dag_id is None}
