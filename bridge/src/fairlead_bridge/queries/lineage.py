"""
What comes from what: a walk over the edges, breadth first, one indexed query a level.

A node is an asset or a job. The edges of an asset are those of all its names; they are returned
between assets. The cost is that of the nodes returned, never of the graph stored.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.db.bulk import chunks
from fairlead_bridge.errors import NotFound
from fairlead_bridge.facts import is_hook_query
from fairlead_bridge.queries.assets import Asset, assets_by_id, find_asset, jobs_at
from fairlead_bridge.queries.jobs import find_job, jobs_by_id
from fairlead_bridge.queries.names import public_id
from fairlead_bridge.queries.snapshot import NOW, Row, Select, Snapshot, among

Direction = Literal["up", "down", "both"]
Way = Literal["up", "down"]

#: Rows read at once from the edges of some nodes, for each node that may still be returned.
ROWS_PER_NODE = 20


@dataclass(slots=True)
class Hop:
    """An edge between two nodes, over all names of both."""

    first_at: int
    last_at: int
    last_run: int | None  # alias

    @property
    def known(self) -> Literal["observed", "declared"]:
        """Whether a run showed it, or an event without a run states it."""
        return "declared" if self.last_run is None else "observed"


@dataclass(slots=True)
class Walk:
    """A part of the graph: what was reached, how far it is, and the edges that led there."""

    depths: dict[int, int] = field(default_factory=dict)  # node -> hops, negative upstream
    datasets: set[int] = field(default_factory=set)  # which nodes are assets
    hops: dict[tuple[int, int, str], Hop] = field(default_factory=dict)  # (source, target, kind)
    truncated: int = 0  # neighbours that were found and left out

    @property
    def jobs(self) -> list[int]:
        return [node for node in self.depths if node not in self.datasets]


@dataclass(frozen=True, slots=True)
class Opened:
    """
    Nodes whose neighbours on one side are wanted too, though they lie beyond the walk: at most
    `most` of them for each hop. Those of `nodes` that were not reached are passed over; without a
    `way`, they themselves are wanted, where any of them was reached.
    """

    nodes: tuple[int, ...]
    way: Way | None
    most: int
    hops: int = 1


def find(snapshot: Snapshot, node: str) -> Asset | Row:
    """
    The asset or job that `dataset:NAMESPACE:NAME`, `job:NAMESPACE:NAME` or a public id names.

    Raises NotFound.
    """
    kind, _, rest = node.partition(":")
    found: Asset | Row | None = None
    if kind == "dataset":
        found = find_asset(snapshot, rest)
    elif kind == "job":
        found = find_job(snapshot, rest)
    elif (number := public_id(node)) is not None:
        found = assets_by_id(snapshot, [number]).get(number) or jobs_by_id(snapshot, [number]).get(
            number
        )
    if found is None:
        raise NotFound(
            f"nothing is known as {node!r}; write dataset:NAMESPACE:NAME, job:NAMESPACE:NAME "
            "or an id of 16 hexadecimal digits"
        )
    return found


def find_with_data(snapshot: Snapshot, node: str) -> Asset | Row:
    """
    As `find`; for a query that a hook reported, the task that ran it: what it read and wrote counts
    for that. Raises NotFound.
    """
    found = find(snapshot, node)
    if isinstance(found, Asset) or not is_hook_query(found.kind, found.integration):
        return found
    return jobs_by_id(snapshot, [found.parent_id]).get(found.parent_id, found)


def start_of(snapshot: Snapshot, found: Asset | Row, limit: int) -> list[int]:
    """
    Where a walk from an asset or a job starts.

    A job starts with everything that runs inside it: a DAG with its tasks, a Spark application
    with its jobs.
    """
    return [found.id] if isinstance(found, Asset) else inside(snapshot, found.id, limit)


def inside(snapshot: Snapshot, node: int, limit: int) -> list[int]:
    """A node and, of a job, everything that runs inside it, at most `limit` nodes."""
    nodes = [int(node)]
    level = nodes
    while level and len(nodes) < limit:
        # A query counts for the task that ran it: the edges are the task's.
        within = sa.select(t.job.c.id).where(t.job.c.kind != "query", among(t.job.c.parent_id))
        if snapshot.past:
            within = within.where(t.job.c.first_at <= NOW)
        statement = within.order_by(t.job.c.name).limit(limit - len(nodes))
        known = set(nodes)
        level = [row.id for row in snapshot.each(statement, level) if row.id not in known]
        nodes = [*nodes, *level][:limit]
    return nodes


def walk(
    snapshot: Snapshot,
    start: Iterable[int],
    up: int,
    down: int,
    limit: int,
    kinds: tuple[str, ...] = ("data",),
    opened: Sequence[Opened] = (),
    shut: Mapping[Way, Collection[int]] | None = None,
) -> Walk:
    """
    Everything that the start comes from, within `up` hops, and everything that comes from it,
    within `down` hops: nearest first, at most `limit` nodes.

    Once the limit is reached, the neighbours that are left out are counted in `truncated`; what
    lies beyond those is not looked at. Then come the neighbours that are wanted too (`opened`),
    beyond that limit; no way leads on from a node on a side where it is `shut`.
    """
    walker = _Walker(snapshot, limit, kinds, shut or {})
    walker.walk(list(start), {"up": up, "down": down})
    for each in opened:
        walker.open(each)
    return walker.found


WAYS: dict[Way, tuple[sa.Column[Any], sa.Column[Any]]] = {
    "up": (t.edge.c.dst, t.edge.c.src),  # from, to
    "down": (t.edge.c.src, t.edge.c.dst),
}


def _edges(way: Way, *columns: sa.ColumnElement[Any], past: bool) -> Select:
    kinds = t.edge.c.kind.in_(sa.bindparam("kinds", expanding=True))
    statement = sa.select(*columns).where(among(WAYS[way][0]), kinds)
    return statement.where(t.edge.c.first_at <= NOW) if past else statement


_CASES: list[tuple[Way, bool]] = [("up", False), ("up", True), ("down", False), ("down", True)]
EDGES = {
    (way, past): _edges(way, *t.edge.c, past=past).limit(sa.bindparam("at_most"))
    for way, past in _CASES
}
_COUNT = {
    (way, past): _edges(way, sa.func.count(sa.distinct(WAYS[way][1])), past=past)
    for way, past in _CASES
}
DEGREES = {
    (way, past): _edges(
        way, WAYS[way][0].label("near"), sa.func.count().label("number"), past=past
    ).group_by(WAYS[way][0])
    for way, past in _CASES
}
_name, _member = t.dataset.alias("name"), t.dataset.alias("member")
_MEMBERS = (
    sa.select(_member.c.id, _member.c.asset_id)
    .join_from(_name, _member, _member.c.asset_id == _name.c.asset_id)
    .where(among(_name.c.id))
)
_RUN_IDS = sa.select(t.run_alias.c.alias, t.run_alias.c.run_id).where(among(t.run_alias.c.alias))


class Nodes:
    """Which node the id of a dataset or a job belongs to, as far as it was resolved."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.of: dict[int, int] = {}  # a dataset's or job's id -> its node
        self.members: dict[int, list[int]] = {}  # node -> the ids it is known by
        self.datasets: set[int] = set()  # which nodes are assets

    def resolve(self, ids: Iterable[int]) -> None:
        """Learns which nodes these ids belong to, and by which ids those are known."""
        unknown = [id for id in ids if id not in self.of]
        for row in self._snapshot.each(_MEMBERS, unknown):
            if row.id not in self.of:
                self.of[row.id] = row.asset_id
                self.members.setdefault(row.asset_id, []).append(row.id)
                self.datasets.add(row.asset_id)
        for id in unknown:
            if id not in self.of:  # no dataset: a job
                self.of[id] = id
                self.members[id] = [id]


class _Walker:
    def __init__(
        self,
        snapshot: Snapshot,
        limit: int,
        kinds: tuple[str, ...],
        shut: Mapping[Way, Collection[int]],
    ) -> None:
        self._snapshot = snapshot
        self._limit = limit
        self._kinds = kinds
        self._shut = {way: shut.get(way, ()) for way in WAYS}
        self._nodes = Nodes(snapshot)
        self.found = Walk()
        self.found.datasets = self._nodes.datasets

    def walk(self, start: list[int], depths: dict[Way, int]) -> None:
        self._nodes.resolve(start)
        self._add(start, 0)
        fronts = dict.fromkeys(depths, start)
        seen = {way: set(start) for way in depths}
        for level in range(1, max(depths.values()) + 1):
            for way, depth in depths.items():
                if level <= depth and not self.found.truncated:
                    signed = level if way == "down" else -level
                    fronts[way] = self._step(way, fronts[way], seen[way], signed)
            open_ones = (front for way, front in fronts.items() if level < depths[way])
            if not any(open_ones) or self.found.truncated:
                break

    def open(self, opened: Opened) -> None:
        """Adds the neighbours that are wanted too; what is left out of them is not counted."""
        front = [node for node in opened.nodes if node in self.found.depths]
        if not front:
            return
        level = self.found.depths[front[0]]
        if opened.way is None:
            self._nodes.resolve(opened.nodes)
            self._add(opened.nodes[: opened.most], level)
            return
        truncated, limit = self.found.truncated, self._limit
        seen = set(front)
        for _ in range(opened.hops):
            self._limit = len(self.found.depths) + opened.most
            level += 1 if opened.way == "down" else -1
            front = self._step(opened.way, front, seen, level)
        self.found.truncated, self._limit = truncated, limit

    def _step(self, way: Way, front: list[int], seen: set[int], level: int) -> list[int]:
        """
        Adds the neighbours of `front`, all at `level`; returns those not seen before on this way.
        """
        front = [node for node in front if node not in self._shut[way]]
        rows = self._edges(way, [id for node in front for id in self._nodes.members[node]])
        far: dict[int, int] = {}
        for row in rows:
            end = row.dst if way == "down" else row.src
            far[end] = max(row.last_at, far.get(end, row.last_at))
        # Edges seen last come first, where not all can be returned.
        ordered = sorted(far, key=lambda id: (-far[id], id))
        free = self._limit - len(self.found.depths)
        unknown = [id for id in ordered if id not in self._nodes.of]
        self.found.truncated += max(0, len(unknown) - free)
        self._nodes.resolve(unknown[: max(0, free)])
        reached = list(dict.fromkeys(self._nodes.of[id] for id in ordered if id in self._nodes.of))
        self._add(reached, level)
        for row in rows:
            self._add_edge(row)
        following = [node for node in reached if node not in seen]
        seen.update(following)
        return following

    def _edges(self, way: Way, near_ids: list[int]) -> list[Row]:
        rows: list[Row] = []
        for part in chunks(sorted(near_ids)):
            at_most = ROWS_PER_NODE * self._limit
            values = {"keys": part, "kinds": self._kinds, "at_most": at_most}
            found = self._snapshot.rows(EDGES[way, self._snapshot.past], **values)
            rows.extend(found)
            if len(found) == at_most:  # a hub: the rest is counted, not read
                ends = {row.dst if way == "down" else row.src for row in found}
                count = self._snapshot.rows(_COUNT[way, self._snapshot.past], **values)[0][0]
                self.found.truncated += count - len(ends)
        return rows

    def _add(self, nodes: Iterable[int], depth: int) -> None:
        for node in nodes:
            self.found.depths.setdefault(node, depth)

    def _add_edge(self, row: Row) -> None:
        source, target = self._nodes.of.get(row.src), self._nodes.of.get(row.dst)
        if source not in self.found.depths or target not in self.found.depths or source == target:
            return
        merge(self.found.hops, (source, target, row.kind), row)


def merge(hops: dict[tuple[int, int, str], Hop], key: tuple[int, int, str], row: Row | Hop) -> None:
    """Folds the edge of one pair of names into that of their assets."""
    hop = hops.get(key)
    if hop is None:
        hops[key] = Hop(row.first_at, row.last_at, row.last_run)
        return
    hop.first_at = min(hop.first_at, row.first_at)
    if row.last_at > hop.last_at:
        hop.last_at, hop.last_run = row.last_at, row.last_run


def run_ids(snapshot: Snapshot, walked: Iterable[Hop]) -> dict[int, str]:
    """OpenLineage's runIds of the runs that showed these edges last, by alias."""
    aliases = {hop.last_run for hop in walked if hop.last_run is not None}
    return {row.alias: row.run_id for row in snapshot.each(_RUN_IDS, aliases)}


def writers_of(snapshot: Snapshot, assets: Iterable[Asset]) -> dict[int, list[int]]:
    """Ids of the jobs that write each asset, those seen last first."""
    owner = {member: asset.id for asset in assets for member in asset.members}
    found: dict[int, list[int]] = {}
    for member, jobs in jobs_at(snapshot, owner, writing=True).items():
        found.setdefault(owner[member], []).extend(jobs)
    return {asset_id: list(dict.fromkeys(jobs)) for asset_id, jobs in found.items()}
