"""
What lies upstream of some nodes, and how each stands: the facts that `insight.root_cause` explains.

However far it reaches: one round of queries for each level, and one for all facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.insight.expectations import late_since
from fairlead_bridge.insight.root_cause import Dataset, Explanation, Job, Upstream, explain
from fairlead_bridge.queries import expectations, history, sources, standing
from fairlead_bridge.queries.assets import Asset, assets_by_id, datasets_at
from fairlead_bridge.queries.jobs import children_of_job, jobs_by_id
from fairlead_bridge.queries.runs import runs_by_id
from fairlead_bridge.queries.snapshot import NOW, Row, Snapshot, among

#: Nodes that are looked at, at most, and datasets whose rhythm is asked for: those written longest
#: ago, for they are what others wait for.
NODES, RHYTHMS = 5_000, 200
#: A run is slow beyond this share of its usual longest duration, and beyond so many seconds.
SLOW, SLOW_LEAST = 1.5, 300


def explanations(snapshot: Snapshot, found: Iterable[Asset | Row]) -> list[Explanation]:
    """How each of these assets and jobs stands, and why."""
    asked = list(found)
    starts = [_start(snapshot, each) for each in asked]
    upstream = of(snapshot, [node for start in starts for node in start])
    answers = []
    for each, start in zip(asked, starts, strict=True):
        written = None if isinstance(each, Asset) else _wrote_at(snapshot, start)
        answers.append(explain(start, upstream, written))
    return answers


def _start(snapshot: Snapshot, found: Asset | Row) -> list[int]:
    """A node; of a DAG, also its tasks."""
    if isinstance(found, Asset) or found.kind != "dag":
        return [found.id]
    return [found.id, *(child.id for child in children_of_job(snapshot, found.id))]


def _wrote_at(snapshot: Snapshot, jobs: Sequence[int]) -> int | None:
    """When anything was last written of what these jobs write."""
    assets = assets_by_id(snapshot, datasets_at(snapshot, jobs, written=True)).values()
    return max((asset.written_at for asset in assets if asset.written_at is not None), default=None)


def of(snapshot: Snapshot, nodes: Iterable[int]) -> Upstream:
    """Everything upstream of these assets and jobs, themselves included."""
    walk = _Walk(snapshot)
    walk.up(nodes)
    jobs = jobs_by_id(snapshot, walk.jobs)
    assets = {
        id: asset for id, asset in assets_by_id(snapshot, walk.assets).items() if asset.id == id
    }
    newest = history.states(snapshot, jobs)
    runs = runs_by_id(snapshot, (each.run for each in newest.values()))
    expected = expectations.of(snapshot, _longest_unwritten(assets.values(), nodes))
    slow = _slow(snapshot, jobs, newest, runs)
    silent = sources.silent(snapshot, {row.namespace for row in jobs.values()})
    upstream = Upstream(before=walk.before, after=walk.after)
    for id, asset in assets.items():
        writers = [job for job in walk.before.get(id, ()) if job in newest]
        upstream.datasets[id] = Dataset(
            id,
            asset.name,
            asset.written_at,
            None
            if asset.dropped_at is not None
            else late_since(expected.get(id), asset.written_at, snapshot.now),
            frozenset(job for job in writers if standing.breaks(newest[job], asset)),
        )
    for id, row in jobs.items():
        whole = newest.get(id)
        run = runs.get(whole.run) if whole is not None else None
        upstream.jobs[id] = Job(
            id,
            row.task_id or row.dag_id or row.name,
            row.kind == "dag",
            whole.run if whole is not None else None,
            whole.state if whole is not None else None,
            whole.over_at if whole is not None and whole.is_broken else None,
            run.error if run is not None else None,
            slow.get(id),
            silent.get(row.namespace),
            row.namespace,
        )
    return upstream


def _longest_unwritten(assets: Iterable[Asset], nodes: Iterable[int]) -> list[int]:
    asked = set(nodes)
    written = [asset for asset in assets if asset.written_at is not None]
    ordered = sorted(written, key=lambda asset: (asset.id not in asked, asset.written_at, asset.id))
    return [asset.id for asset in ordered[: max(RHYTHMS, len(asked))]]


def _slow(
    snapshot: Snapshot,
    jobs: Mapping[int, Row],
    newest: Mapping[int, standing.Round],
    runs: Mapping[int, Row],
) -> dict[int, int]:
    """Since when the runs that go on take longer than their job ever does."""
    running = {
        job: runs[each.run]
        for job, each in newest.items()
        if each.state == "running" and each.run in runs and jobs[job].kind != "dag"
    }
    found = {}
    for job, recent in history.recent(snapshot, running).items():
        started = running[job].started_at
        if recent.p95 is not None and started is not None and running[job].processing is None:
            due = started + int(max(recent.p95 * SLOW, recent.p95 + SLOW_LEAST) * 1_000_000)
            if due < snapshot.now:
                found[job] = due
    return found


# --- the walk -------------------------------------------------------------------------------------


def _edges(*, past: bool) -> sa.Select[Any]:
    columns = (t.edge.c.src, t.edge.c.dst, t.edge.c.kind)
    statement = sa.select(*columns).where(among(t.edge.c.dst))
    return statement.where(t.edge.c.first_at <= NOW) if past else statement


_EDGES = {past: _edges(past=past) for past in (False, True)}
_name, _member = t.dataset.alias("name"), t.dataset.alias("member")
_MEMBERS = (
    sa.select(_member.c.id, _member.c.asset_id)
    .join_from(_name, _member, _member.c.asset_id == _name.c.asset_id)
    .where(among(_name.c.id))
)
_dag = t.job.alias("dag")
_DAGS = (
    sa.select(t.job.c.id, t.job.c.parent_id)
    .join_from(t.job, _dag, sa.and_(_dag.c.id == t.job.c.parent_id, _dag.c.kind == "dag"))
    .where(among(t.job.c.id), t.job.c.kind == "task")
)


class _Walk:
    """From some nodes to all that they come from and run after, level by level."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._node_of: dict[int, int] = {}
        self._members: dict[int, list[int]] = {}
        self.assets: set[int] = set()
        self.jobs: set[int] = set()
        self.before: dict[int, list[int]] = {}  # by data
        self.after: dict[int, list[int]] = {}  # by control

    def up(self, nodes: Iterable[int]) -> None:
        front = self._resolve(nodes)
        while front and len(self.assets) + len(self.jobs) < NODES:
            front = self._level(front)

    def _level(self, front: Sequence[int]) -> list[int]:
        """The nodes right upstream of these that are new."""
        ids = [id for node in front for id in self._members[node]]
        edges = [
            (row.dst, row.src, self.before if row.kind == "data" else self.after)
            for row in self._snapshot.each(_EDGES[self._snapshot.past], ids)
        ]
        # What a DAG waits for, its tasks wait for.
        edges += [
            (row.id, row.parent_id, self.after)
            for row in self._snapshot.each(_DAGS, self.jobs.intersection(front))
        ]
        new = self._resolve(above for _, above, _ in edges)
        for below, above, side in edges:
            of_it = side.setdefault(self._node_of[below], [])
            if self._node_of[above] not in (self._node_of[below], *of_it):
                of_it.append(self._node_of[above])
        return new

    def _resolve(self, ids: Iterable[int]) -> list[int]:
        """Learns which nodes these ids belong to; returns those that are new."""
        unknown = list(dict.fromkeys(id for id in ids if id not in self._node_of))
        new: dict[int, None] = {}
        for row in self._snapshot.each(_MEMBERS, unknown):
            if row.id not in self._node_of:
                self._node_of[row.id] = row.asset_id
                self._members.setdefault(row.asset_id, []).append(row.id)
                self.assets.add(row.asset_id)
                new[row.asset_id] = None
        for id in unknown:
            if id not in self._node_of:  # no dataset: a job
                self._node_of[id] = id
                self._members[id] = [id]
                self.jobs.add(id)
                new[id] = None
        return list(new)
