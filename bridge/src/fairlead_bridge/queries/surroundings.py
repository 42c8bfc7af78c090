"""Reads every edge between the nodes of a picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.db.bulk import chunks
from fairlead_bridge.queries.lineage import DEGREES, EDGES, WAYS, Hop, Way, merge
from fairlead_bridge.queries.snapshot import NOW, Row, Select, Snapshot, among

#: Where some nodes have more edges than this on average, those with more than HUB are counted
#: instead of read: the edges that matter are found from their other end, or between two hubs.
MANY, HUB = 20, 100


def _between(*, past: bool) -> Select:
    ends = sa.and_(
        among(t.edge.c.src),
        t.edge.c.dst.in_(sa.bindparam("others", expanding=True, type_=t.edge.c.dst.type)),
    )
    statement = sa.select(t.edge).where(ends)
    return statement.where(t.edge.c.first_at <= NOW) if past else statement


_BETWEEN = {past: _between(past=past) for past in (False, True)}


@dataclass(slots=True)
class Surroundings:
    """All edges between some nodes, and how many more each has to others."""

    hops: dict[tuple[int, int, str], Hop] = field(default_factory=dict)
    more_up: dict[int, int] = field(default_factory=dict)  # node -> data edges to elsewhere
    more_down: dict[int, int] = field(default_factory=dict)


def surroundings(snapshot: Snapshot, node_of: Mapping[int, int]) -> Surroundings:
    """
    What connects these nodes with each other, and how much leads elsewhere.

    `node_of` has the node of each id of theirs.
    """
    found = Surroundings()
    inside: dict[tuple[int, int, str], Row] = {}
    hubs: dict[Way, set[int]] = {}
    for way in WAYS:
        more = found.more_up if way == "up" else found.more_down
        rows, degrees, hubs[way] = _edges_of(snapshot, way, node_of)
        for id, number in degrees.items():
            more[node_of[id]] = more.get(node_of[id], 0) + number
        for row in rows:
            if row.src in node_of and row.dst in node_of:
                inside[row.src, row.dst, row.kind] = row
    for part in chunks(sorted(hubs["up"])) if hubs["down"] else ():
        for row in snapshot.each(_BETWEEN[snapshot.past], hubs["down"], others=part):
            inside[row.src, row.dst, row.kind] = row
    for (src, dst, kind), row in inside.items():
        source, target = node_of[src], node_of[dst]
        if kind == "data":
            found.more_down[source] -= 1
            found.more_up[target] -= 1
        if source != target:
            merge(found.hops, (source, target, kind), row)
    return found


def _edges_of(
    snapshot: Snapshot, way: Way, near_ids: Iterable[int]
) -> tuple[list[Row], dict[int, int], set[int]]:
    """The edges of these ids but hubs, the number of data edges of each id, and the hubs."""
    rows: list[Row] = []
    degrees: dict[int, int] = {}
    hubs: set[int] = set()
    for part in chunks(sorted(near_ids)):
        edges = partial(snapshot.rows, EDGES[way, snapshot.past], kinds=("data", "control"))
        at_most = MANY * len(part) + HUB
        found = edges(keys=part, at_most=at_most)
        if len(found) < at_most:
            counted = Counter(
                getattr(row, WAYS[way][0].name) for row in found if row.kind == "data"
            )
        else:
            numbers = snapshot.rows(DEGREES[way, snapshot.past], keys=part, kinds=("data",))
            counted = Counter({row.near: row.number for row in numbers})
            small = [id for id in part if counted[id] <= HUB]
            hubs.update(id for id in part if counted[id] > HUB)
            found = edges(keys=small, at_most=10 * HUB * len(small))
        rows.extend(found)
        degrees.update(counted)
    return rows, degrees, hubs
