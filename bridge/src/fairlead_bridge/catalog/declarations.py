"""
Declared edges: what the newest declaration of a dataset or a job names, and nothing older.

The rows of kind "declared" are what all declarations said. From these and from when each was
last made follow, in whatever order they came, the edges that are shown: of kind "data", and marked as derived
where nothing else shows them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from fairlead_bridge.catalog import rows
from fairlead_bridge.catalog.merge import Row
from fairlead_bridge.catalog.renames import SET_ASIDE
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.bulk import upsert
from fairlead_bridge.facts import DECLARATION, DECLARED, Change
from fairlead_bridge.model import Name

_Pair = tuple[int, int]


def apply(tx: sa.Connection, changes: Sequence[Change]) -> set[Name]:
    """Derive the edges of what these changes declare; returns the entries at their ends."""
    facets = (facet for change in changes for facet in change.facets)
    owners = {facet.owner_id for facet in facets if facet.name == DECLARATION}
    if not owners:
        return set()
    edges, jobs = _edges(tx, owners)
    made = {row["owner_id"]: row["at"] for row in _declarations(tx, owners)}
    pairs = {(row["src"], row["dst"]): row for row in edges if _owner(row, jobs) in owners}
    shown = [(*pair, kind) for pair in pairs for kind in ("data", SET_ASIDE)]
    there = rows.load(tx, t.edge, shown)
    wanted: list[Row] = []
    gone: list[_Pair] = []
    for pair, row in pairs.items():
        before = there.get((*pair, "data"))
        is_shown = before is not None and not before["is_derived"]
        if is_shown or (*pair, SET_ASIDE) in there:
            continue
        if row["last_at"] >= made.get(_owner(row, jobs), 0):
            after = row | {"kind": "data", "is_derived": 1}
            if after != before:
                wanted.append(after)
        elif before is not None:
            gone.append(pair)
    upsert(tx, t.edge, wanted)
    for src, dst in gone:
        here = (t.edge.c.src == src, t.edge.c.dst == dst, t.edge.c.kind == "data")
        tx.execute(sa.delete(t.edge).where(*here, t.edge.c.is_derived == 1))
    changed = {(row["src"], row["dst"]) for row in wanted} | set(gone)
    return {Name("job" if end in jobs else "dataset", end) for pair in changed for end in pair}


def _edges(tx: sa.Connection, owners: Collection[int]) -> tuple[list[Row], set[int]]:
    """The declared edges at these ends, and which of all ends are jobs."""
    around = [*rows.where_in(tx, t.edge.c.src, owners), *rows.where_in(tx, t.edge.c.dst, owners)]
    found = {(row["src"], row["dst"]): row for row in around if row["kind"] == DECLARED}
    ends = {end for pair in found for end in pair}
    return list(found.values()), set(rows.load(tx, t.job, ends))


def _owner(row: Row, jobs: Collection[int]) -> int:
    """Who declared the edge: the job at one of its ends, else the dataset that it leads to."""
    owner: int = row["src"] if row["src"] in jobs else row["dst"]
    return owner


def _declarations(tx: sa.Connection, owners: Collection[int]) -> list[Row]:
    keys = [(owner, DECLARATION) for owner in owners]
    return list(rows.load(tx, t.facet, keys).values())
