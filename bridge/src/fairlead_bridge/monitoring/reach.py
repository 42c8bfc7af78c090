"""Which nodes are watched: assets, and jobs that run inside no other. And what lies below them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.queries.assets import Asset, assets_by_id, datasets_at, jobs_at
from fairlead_bridge.queries.jobs import jobs_by_id
from fairlead_bridge.queries.snapshot import Row, Snapshot, among

#: Jobs inside jobs that are looked through, at most.
LEVELS = 12
#: Kinds of jobs that are not watched: they write nothing that others wait for.
_NOT_WATCHED = frozenset({"dag_file", "query"})

_AFTER = sa.select(t.edge.c.dst).where(t.edge.c.kind == "control", among(t.edge.c.src))
_INSIDE = sa.select(t.job.c.id, t.job.c.parent_id).where(among(t.job.c.parent_id))


@dataclass(slots=True)
class Nodes:
    """Watched nodes, by id."""

    assets: dict[int, Asset] = field(default_factory=dict)
    jobs: dict[int, Row] = field(default_factory=dict)

    @property
    def ids(self) -> set[int]:
        return {*self.assets, *self.jobs}

    def without(self, ids: Iterable[int]) -> Nodes:
        gone = set(ids)
        return Nodes(
            {id: each for id, each in self.assets.items() if id not in gone},
            {id: each for id, each in self.jobs.items() if id not in gone},
        )


def watched(snapshot: Snapshot, ids: Iterable[int]) -> Nodes:
    """The nodes that these datasets and jobs concern: a job's outputs, and the job around it."""
    wanted = set(ids)
    around = _around(snapshot, jobs_by_id(snapshot, wanted))
    written = datasets_at(snapshot, around, written=True)
    assets = {asset.id: asset for asset in assets_by_id(snapshot, {*wanted, *written}).values()}
    jobs = {
        id: row
        for id, row in around.items()
        if row.kind not in _NOT_WATCHED and (row.kind == "dag" or row.parent_id not in around)
    }
    return Nodes(assets, jobs)


def _around(snapshot: Snapshot, jobs: Mapping[int, Row]) -> dict[int, Row]:
    """These jobs and those that they run inside, up to their DAG."""
    found, level = dict(jobs), dict(jobs)
    for _ in range(LEVELS):
        above = {row.parent_id for row in level.values() if row.kind != "dag"} - {None}
        level = jobs_by_id(snapshot, above - found.keys())
        if not level:
            break
        found |= level
    return found


def outermost_of(snapshot: Snapshot, jobs: Iterable[int]) -> dict[int, int]:
    """These jobs and all that run inside them (tasks, their applications), each with its outermost."""
    found = {job: job for job in jobs}
    level = set(found)
    for _ in range(LEVELS):
        rows = [row for row in snapshot.each(_INSIDE, level) if row.id not in found]
        if not rows:
            break
        found |= {row.id: found[row.parent_id] for row in rows}
        level = {row.id for row in rows}
    return found


def below(snapshot: Snapshot, nodes: Nodes) -> Nodes:
    """What is right downstream of these nodes, over data and over the order in which jobs run."""
    members = [member for asset in nodes.assets.values() for member in asset.members]
    readers = jobs_at(snapshot, members, writing=False)
    jobs = {job for each in readers.values() for job in each}
    own = outermost_of(snapshot, nodes.jobs)
    after = {row.dst for row in snapshot.each(_AFTER, own)}
    return watched(snapshot, jobs | own.keys() | after).without(nodes.ids)
