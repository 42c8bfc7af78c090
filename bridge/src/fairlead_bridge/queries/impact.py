"""
Everything downstream of an asset, a column or a job: how far it is, on which way, and how sure.

A column is followed along column lineage. A reader of which the catalog does not know what it makes
of which columns may use any of them: it, and everything below it, is affected perhaps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.queries import columns as c
from fairlead_bridge.queries import facets, lineage, schema_history
from fairlead_bridge.queries.assets import Asset
from fairlead_bridge.queries.snapshot import NOW, Row, Snapshot, among

#: Nodes that are looked at, and counted, at most.
MOST = 50_000


@dataclass(slots=True)
class Reached:
    """A node downstream; `level` counts datasets: a job is as far as the datasets that it writes."""

    node: int
    level: int
    hops: int
    before: Reached | None  # None where the way begins
    certain: bool = True

    def then(self, node: int, level: int, *, certain: bool | None = None) -> Reached:
        sure = self.certain if certain is None else certain
        return Reached(node, level, self.hops + 1, self, sure)

    @property
    def path(self) -> list[int]:
        """The way, from the node that was asked about to this one."""
        way: list[int] = []
        each: Reached | None = self
        while each is not None:
            way.append(each.node)
            each = each.before
        return way[::-1]


@dataclass(slots=True)
class Downstream:
    """What is affected, the nearest first, without what was asked about."""

    reached: dict[int, Reached] = field(default_factory=dict)
    datasets: set[int] = field(default_factory=set)  # which nodes are assets
    members: Mapping[int, list[int]] = field(default_factory=dict)  # node -> ids it is known by
    columns: dict[int, set[str]] = field(default_factory=dict)  # asset -> those that are affected
    complete: bool = True  # not where there is more than is looked at

    @property
    def uncertain(self) -> set[int]:
        return {node for node, each in self.reached.items() if not each.certain}

    def nearest(self) -> list[Reached]:
        return sorted(self.reached.values(), key=lambda each: (each.level, each.node))


def of_asset(snapshot: Snapshot, asset: Asset, depth: int) -> Downstream:
    """Everything within `depth` edges of an asset."""
    walk = _Walk(snapshot)
    walk.spread([Reached(asset.id, 0, 0, None)], depth)
    return walk.found([asset.id])


def of_job(snapshot: Snapshot, job_id: int, depth: int) -> Downstream:
    """Everything within `depth` edges of a job and of what runs inside it."""
    walk = _Walk(snapshot)
    root = Reached(job_id, 1, 0, None)
    inside = lineage.inside(snapshot, job_id, MOST)
    parts = [Reached(id, 1, 0, root) for id in inside if id != job_id]
    walk.spread([root, *parts], depth)
    return walk.found(inside)


def of_column(snapshot: Snapshot, asset: Asset, column: str, depth: int) -> Downstream:
    """Everything that a column is used for, or may be, within `depth` datasets."""
    walk = _Walk(snapshot)
    uses = _Uses(snapshot, walk)
    uses.follow(Reached(asset.id, 0, 0, None), column, depth)
    walk.spread(uses.unknown, depth, by_level=True)
    found = walk.found([asset.id], uses.unknown_readers, uses.certain)
    found.columns = uses.columns
    return found


@dataclass(slots=True)
class Counted:
    """What is downstream, in figures."""

    datasets: set[int]
    tasks: set[int]  # jobs that are no DAGs
    dags: set[int]  # of these tasks
    kinds: dict[str, int]  # datasets of each kind
    owners_of_datasets: Counter[str]
    owners_of_dags: Counter[str]


_KINDS = sa.select(t.dataset.c.id, t.dataset.c.kind).where(among(t.dataset.c.id))
_JOB_KINDS = sa.select(t.job.c.id, t.job.c.kind, t.job.c.parent_id).where(among(t.job.c.id))


def count(snapshot: Snapshot, below: Downstream) -> Counted:
    """Counts all of it, however much is listed; a job without facts of its own is none."""
    asset_of = {id: node for node in below.datasets for id in below.members[node]}
    kinds = {asset_of[row.id]: row.kind for row in snapshot.each(_KINDS, asset_of) if row.kind}
    jobs = list(snapshot.each(_JOB_KINDS, below.reached.keys() - below.datasets))
    parents = {row.parent_id for row in jobs if row.parent_id is not None}
    dags = {row.id for row in (*jobs, *snapshot.each(_JOB_KINDS, parents)) if row.kind == "dag"}
    return Counted(
        datasets=below.datasets,
        tasks={row.id for row in jobs} - dags,
        dags=dags,
        kinds=dict(sorted(Counter(kinds.values()).items())),
        owners_of_datasets=_owners(snapshot, asset_of),
        owners_of_dags=_owners(snapshot, {dag: dag for dag in dags}),
    )


def _owners(snapshot: Snapshot, members: Mapping[int, int]) -> Counter[str]:
    bodies = facets.of(snapshot, members, facets.OWNERS)
    return Counter(name for each in bodies.values() for name, _ in facets.owners(each))


class _Walk:
    """A walk over edges, all nodes of one level after those of the level before."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._outs: dict[int, list[int]] = {}
        self._reached: dict[int, Reached] = {}
        self._complete = True
        self.nodes = lineage.Nodes(snapshot)

    def found(self, start: Iterable[int], *known: Mapping[int, Reached]) -> Downstream:
        """What was reached, or is `known` to be, without the start: for sure where it is at all."""
        reached = dict(self._reached)
        for node, each in (pair for others in known for pair in others.items()):
            there = reached.get(node)
            if there is None or (not each.certain, each.level) < (not there.certain, there.level):
                reached[node] = each
        for node in start:
            reached.pop(node, None)
        datasets = reached.keys() & self.nodes.datasets
        return Downstream(reached, datasets, self.nodes.members, {}, self._complete)

    def spread(self, start: Iterable[Reached], depth: int, *, by_level: bool = False) -> None:
        """Adds the start and everything below it, each node on the shortest way."""
        waiting: dict[int, list[Reached]] = {}
        for each in start:
            waiting.setdefault(each.level, []).append(each)
        self.nodes.resolve([each.node for level in waiting.values() for each in level])
        while waiting:
            level = min(waiting)
            front = self._new(waiting.pop(level))
            while front:  # within a level data goes from jobs to jobs and datasets
                near: list[Reached] = []
                here = [each for each in front if self._distance(each, by_level) < depth]
                self.read_outs(each.node for each in here)
                for each in here:
                    far = level + 1 if each.node in self.nodes.datasets else level
                    ends = [
                        each.then(node, far)
                        for node in self._outs[each.node]
                        if node not in self._reached
                    ]
                    (near if far == level else waiting.setdefault(far, [])).extend(ends)
                front = self._new(near)

    def _distance(self, each: Reached, by_level: bool) -> int:
        """How far it is in datasets, or in edges."""
        if not by_level:
            return each.hops
        return each.level if each.node in self.nodes.datasets else each.level - 1

    def read_outs(self, nodes: Iterable[int]) -> None:
        """Reads where data goes from these nodes, once of each."""
        unread = {node for node in nodes if node not in self._outs}
        self.nodes.resolve(unread)
        node_of = {id: node for node in unread for id in self.nodes.members[node]}
        rows = list(self._snapshot.each(_OUTS[self._snapshot.past], node_of))
        self.nodes.resolve({row.dst for row in rows})
        ends: dict[int, set[int]] = {node: set() for node in unread}
        for row in rows:
            source, target = node_of[row.src], self.nodes.of[row.dst]
            if source != target:
                ends[source].add(target)
        self._outs.update((node, sorted(targets)) for node, targets in ends.items())

    def outs(self, node: int) -> list[int]:
        return self._outs[node]

    def _new(self, reached: Iterable[Reached]) -> list[Reached]:
        """Those that were not reached before, up to the limit."""
        added = []
        for each in reached:
            if each.node in self._reached:
                continue
            if len(self._reached) >= MOST:
                self._complete = False
                break
            self._reached[each.node] = each
            added.append(each)
        return added


_ALL_OUTS = sa.select(t.edge.c.src, t.edge.c.dst).where(
    among(t.edge.c.src), t.edge.c.kind == "data"
)
_OUTS = {False: _ALL_OUTS, True: _ALL_OUTS.where(t.edge.c.first_at <= NOW)}


class _Uses:
    """What column lineage says is made of a column, and the readers of which it says nothing."""

    def __init__(self, snapshot: Snapshot, walk: _Walk) -> None:
        self._snapshot = snapshot
        self._walk = walk
        self._bodies: dict[int, dict[int, _Body]] = {}  # job, or asset made by none -> asset
        self._affected: dict[int, c.Columns[Reached]] = {}
        self._namespaces: dict[int, str] = {}
        self.certain: dict[int, Reached] = {}
        self.columns: dict[int, set[str]] = {}
        self.unknown: list[Reached] = []  # made of unknown columns
        self.unknown_readers: dict[int, Reached] = {}

    def follow(self, start: Reached, column: str, depth: int) -> None:
        front = {start.node: {column: start}}
        for level in range(1, depth + 1):
            for node, places in front.items():
                _add(self._affected.setdefault(node, self._columns(node)), places)
            front = self._step(front, level)
            if not front or len(self.certain) > MOST:
                break

    def _columns(self, node: int) -> c.Columns[Reached]:
        if node not in self._namespaces:
            self._namespaces |= schema_history.namespaces(self._snapshot, [node])
        return c.Columns(self._namespaces.get(node, ""))

    def _step(self, front: Mapping[int, Mapping[str, Reached]], level: int) -> _Front:
        """The columns made of those in front."""
        walk = self._walk
        walk.read_outs(front)
        readers = {reader for node in front for reader in walk.outs(node)}
        jobs = readers - walk.nodes.datasets
        walk.read_outs(jobs)
        self._read_bodies(jobs, readers & walk.nodes.datasets)
        following: _Front = {}
        for node, places in front.items():
            new = _add(self._columns(node), places)
            for reader in walk.outs(node):
                self._through(node, new, reader, level, following)
        return following

    def _through(
        self, node: int, new: c.Columns[Reached], reader: int, level: int, following: _Front
    ) -> None:
        """What one reader makes of the new columns of an asset."""
        by_job = reader not in self._walk.nodes.datasets
        bodies = self._bodies.get(reader, {})
        targets = self._walk.outs(reader) if by_job else [reader]
        known = any(body.names(node) for body in bodies.values())
        unknown = not known
        through = new.any.then(reader, level, certain=False) if by_job else new.any
        for target in dict.fromkeys((*targets, *bodies)):
            body = bodies.get(target, _NO_COLUMNS)
            for column, source in body.of(node):
                before = new.reached(source)
                if before is not None:
                    by = before.then(reader, level) if by_job else before
                    self._made(by.then(target, level), column, following)
            if target != node and not (known and body.has_columns):
                unknown = True
                self.unknown.append(through.then(target, level, certain=False))
        if by_job and unknown:
            self.unknown_readers.setdefault(reader, through)

    def _made(self, reached: Reached, column: str, following: _Front) -> None:
        by = reached.before
        if by is not None and by.node not in self._walk.nodes.datasets:
            self.certain.setdefault(by.node, by)
        self.certain.setdefault(reached.node, reached)
        self.columns.setdefault(reached.node, set()).add(column)
        if not self._affected.setdefault(reached.node, self._columns(reached.node)).has(column):
            following.setdefault(reached.node, {}).setdefault(column, reached)

    def _read_bodies(self, jobs: Iterable[int], assets: Iterable[int]) -> None:
        """Reads the column lineage that jobs, and assets without a job, were sent with."""
        nodes = self._walk.nodes
        unread = {job for job in jobs if job not in self._bodies}
        alone = {asset for asset in assets if asset not in self._bodies}
        maker = {id: asset for asset in alone for id in nodes.members[asset]}
        rows = [
            *((row.job_id, row) for row in self._sent_by(unread)),
            *((maker[row.dataset_id], row) for row in c.bodies(self._snapshot, maker)),
        ]
        pairs_by_maker = [(by, row.dataset_id, list(c.pairs(row.body))) for by, row in rows]
        sources = {each.dataset for _, _, pairs in pairs_by_maker for _, each in pairs}
        nodes.resolve({*(dataset for _, dataset, _ in pairs_by_maker), *sources})
        self._bodies.update({node: {} for node in unread | alone})
        for by, dataset, pairs in pairs_by_maker:
            body = self._bodies[by].setdefault(nodes.of[dataset], _Body())
            for column, each in pairs:
                body.add(nodes.of[each.dataset], column, each.field)

    def _sent_by(self, jobs: set[int]) -> Iterable[Row]:
        if not self._snapshot.past:
            return self._snapshot.each(_BY_JOB, jobs)
        # Earlier column lineage is found by dataset: a job sent it of what it wrote.
        walk = self._walk
        written = {node for job in jobs for node in walk.outs(job)} & walk.nodes.datasets
        members = [id for node in written for id in walk.nodes.members[node]]
        return [row for row in c.bodies(self._snapshot, members) if row.job_id in jobs]


_BY_JOB = c.BODIES.where(among(t.column_lineage.c.job_id))

_Front = dict[int, dict[str, Reached]]  # asset -> column -> how it was reached


class _Body:
    """What a job makes an asset's columns of, by source."""

    def __init__(self) -> None:
        self._pairs: dict[int, list[tuple[str, str]]] = {}
        self.has_columns = (
            False  # whether it says of any column what it comes from: conditions are not all
        )

    def add(self, source: int, column: str, source_column: str) -> None:
        self.has_columns = self.has_columns or column != c.WHOLE
        self._pairs.setdefault(source, []).append((column, source_column))

    def of(self, source: int) -> list[tuple[str, str]]:
        return self._pairs.get(source, [])

    def names(self, source: int) -> bool:
        """Whether it says of any column that it comes from the source."""
        return any(column != c.WHOLE for column, _ in self.of(source))


_NO_COLUMNS = _Body()


def _add(columns: c.Columns[Reached], places: Mapping[str, Reached]) -> c.Columns[Reached]:
    for column, reached in places.items():
        columns.add(column, reached)
    return columns
