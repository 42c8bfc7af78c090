"""
Which run a run is part of: a query of its application, a model of its dbt invocation, an
application of the task that submitted it, a task of its DAG run.

What several of them wrote together is one write, that of the outermost.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.queries.snapshot import Snapshot, among

_AROUND = sa.select(t.run.c.id, t.run.c.dag_run, t.run.c.parent_id, t.run.c.root_id).where(
    among(t.run.c.id)
)
#: (alias, id) of runs, each of which is also its own.
_NAMED = sa.union_all(
    sa.select(t.run_alias.c.alias, t.run_alias.c.id).where(among(t.run_alias.c.alias)),
    sa.select(t.run.c.id.label("alias"), t.run.c.id).where(among(t.run.c.id)),
)

#: Runs inside runs that are looked through, at most: one query a level.
LEVELS = 12


def outermost(snapshot: Snapshot, run_ids: Iterable[int]) -> dict[int, int]:
    """
    The outermost run that each of these runs is part of; itself where it is part of none.

    A DAG run, an application or an invocation that never sent an event counts too: its id then is
    one that no row has, and equal for all that name it.
    """
    return {run: chain[-1] if chain else run for run, chain in around(snapshot, run_ids).items()}


def around(snapshot: Snapshot, run_ids: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """The runs that each of these runs is part of, the nearest first."""
    wanted = set(run_ids)
    above = _above(snapshot, wanted)
    found = {}
    for run in wanted:
        chain: list[int] = []
        here = above.get(run)
        while here is not None and here != run and here not in chain:
            chain.append(here)
            here = above.get(here)
        found[run] = tuple(chain)
    return found


def _above(snapshot: Snapshot, run_ids: set[int]) -> dict[int, int]:
    """The run directly around each of these runs and around those, where there is one."""
    above: dict[int, int] = {}
    seen, level = set(run_ids), set(run_ids)
    for _ in range(LEVELS):
        if not level:
            break
        rows = list(snapshot.each(_AROUND, level))
        named = {key for row in rows for key in (row.dag_run, row.parent_id, row.root_id) if key}
        of_name: dict[int, int] = {}
        for row in snapshot.each(_NAMED, named):
            of_name[row.alias] = (
                row.alias if row.alias == row.id else of_name.get(row.alias, row.id)
            )
        level = set()
        for row in rows:
            ancestors = [
                key for key in (row.dag_run, row.parent_id, row.root_id) if key is not None
            ]
            known = [key for key in ancestors if key == row.dag_run or key in of_name]
            nearest = next(iter(known or ancestors), None)
            if nearest is None:
                continue
            above[row.id] = of_name.get(nearest, nearest)
            level.add(above[row.id])
        level -= seen
        seen |= level
    return above
