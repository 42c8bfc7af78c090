"""Where the lineage of what a caller sees goes on beyond it: that it does, and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from fairlead_bridge import ids
from fairlead_bridge.access.visible import BORDER, RESTRICTED
from fairlead_bridge.queries.lineage import Hop, Nodes, Way
from fairlead_bridge.queries.snapshot import NOW, Select, Snapshot, among


@dataclass(frozen=True, slots=True)
class Beyond:
    """That something which is not seen is on this side of a node."""

    node: int
    way: Way
    kind: str  # of the edges that lead there: "data" before "control"
    first_at: int
    last_at: int

    @property
    def name(self) -> str:
        """What the node that stands for it is called: by the node that it is next to."""
        return called(self.node, self.way)

    @property
    def hop(self) -> Hop:
        return Hop(self.first_at, self.last_at, None)


def called(node: int, way: Way) -> str:
    """The name of the node that stands for what is not seen on this side of a node."""
    return f"{RESTRICTED}:{way}:{ids.public(node)}"


def _statement(*, past: bool) -> Select:
    c = BORDER.c
    statement = sa.select(
        c.node_id,
        c.way,
        sa.func.max(c.kind).label("kind"),
        sa.func.min(c.first_at).label("first_at"),
        sa.func.max(c.last_at).label("last_at"),
    ).where(among(c.node_id), c.kind.in_(sa.bindparam("kinds", expanding=True)))
    if past:
        statement = statement.where(c.first_at <= NOW)
    return statement.group_by(c.node_id, c.way).order_by(c.node_id, c.way)


_STATEMENTS = {past: _statement(past=past) for past in (False, True)}


def beyond(
    snapshot: Snapshot, node_of: Mapping[int, int], kinds: Collection[str] = ("data",)
) -> list[Beyond]:
    """
    On which sides of some nodes there is something that is not seen; at most one for each side.

    `node_of` has the node of each id of theirs.
    """
    if snapshot.scope.sees_all:
        return []
    found: dict[tuple[int, Way], Beyond] = {}
    for row in snapshot.each(_STATEMENTS[snapshot.past], node_of, kinds=list(kinds)):
        key = (node_of[row.node_id], row.way)
        known = found.get(key)
        kind, first, last = row.kind, row.first_at, row.last_at
        if known is not None:
            kind = max(kind, known.kind)
            first, last = min(first, known.first_at), max(last, known.last_at)
        found[key] = Beyond(*key, kind, first, last)
    return [found[key] for key in sorted(found)]


def goes_on(snapshot: Snapshot, nodes: Iterable[int], way: Way) -> bool:
    """Whether something that is not seen is on this side of one of the nodes."""
    if snapshot.scope.sees_all:
        return False
    known = Nodes(snapshot)
    known.resolve(nodes)
    ids = {id: node for node in set(known.of.values()) for id in known.members[node]}
    return any(each.way == way for each in beyond(snapshot, ids))
