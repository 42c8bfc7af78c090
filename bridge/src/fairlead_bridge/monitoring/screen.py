"""
Which nodes may stand badly: those need an explanation, which costs a walk upstream.

Of what changed nearly everything is well. A node is, if none of its own jobs is broken, nothing is
wrong with its data, it is not late, and nothing right upstream of it stood badly when that was
evaluated; for what turns bad has everything below it evaluated in the same step (`evaluate`),
without this screen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.monitoring import queue
from fairlead_bridge.monitoring.reach import Nodes, outermost_of
from fairlead_bridge.queries import history, quality, standing, symptoms
from fairlead_bridge.queries.assets import Asset, jobs_at
from fairlead_bridge.queries.snapshot import Snapshot, among
from fairlead_bridge.queries.starts import GRACE, Starts

#: How a node stands that needs an explanation.
BAD = ("late", "failed", "at_risk")

_INTO = sa.select(t.edge.c.src, t.edge.c.dst).where(among(t.edge.c.dst))
_PARENTS = sa.select(t.job.c.id, t.job.c.parent_id).where(
    among(t.job.c.id), t.job.c.parent_id.is_not(None)
)
_ASSET_OF = sa.select(t.dataset.c.id, t.dataset.c.asset_id).where(among(t.dataset.c.id))


def suspects(
    snapshot: Snapshot,
    nodes: Nodes,
    due: Mapping[int, int],
    begins: Mapping[int, Starts],
) -> set[int]:
    """
    Ids of the nodes that may be late, failed or at risk.

    `due` has when each is late, where that is known, and `begins` the starts of DAGs.
    """
    jobs = _jobs(snapshot, nodes)
    newest = history.states(snapshot, {job for each in jobs.values() for job in each})
    above = _above(snapshot, jobs)
    wrong = _wrong(snapshot, nodes.assets.values())
    bad = _bad(snapshot, {*nodes.ids, *(node for each in above.values() for node in each)})
    ready = _ready(snapshot, begins, above)
    own = {job for id in nodes.jobs for job in jobs[id]}
    limited = symptoms.limited(snapshot, own)
    over = {job for job, at in limited.items() if at < snapshot.now} | _delayed(snapshot, own)
    return {
        id
        for id in nodes.ids
        if id in bad
        or id in wrong
        or not bad.isdisjoint(above.get(id, ()))
        or _is_due_soon(nodes.assets.get(id), due.get(id), snapshot.now)
        or id in ready
        or not over.isdisjoint(jobs.get(id, ()))
        or (id in begins and begins[id].overdue(snapshot.now) is not None)
        or any(_breaks(newest.get(job), nodes.assets.get(id)) for job in jobs.get(id, ()))
    }


_WRITTEN = sa.select(t.dataset.c.asset_id, t.dataset.c.written_at).where(
    among(t.dataset.c.asset_id), t.dataset.c.written_at.is_not(None)
)


def _ready(
    snapshot: Snapshot, begins: Mapping[int, Starts], above: Mapping[int, set[int]]
) -> set[int]:
    """DAGs without a time to start at that did not, a while after something they read was written."""
    waiting = {
        id: each.last for id, each in begins.items() if each.due is None and not each.is_active
    }
    read = {node for id in waiting for node in above.get(id, ())}
    written: dict[int, int] = {}
    for row in snapshot.each(_WRITTEN, read):
        written[row.asset_id] = max(row.written_at, written.get(row.asset_id, row.written_at))
    settled = snapshot.now - GRACE
    return {
        id
        for id, last in waiting.items()
        if any(last < written[node] <= settled for node in above.get(id, ()) if node in written)
    }


def _wrong(snapshot: Snapshot, assets: Collection[Asset]) -> set[int]:
    """The assets whose checks failed, or whose row count is unusual."""
    failed = quality.failures(snapshot, assets)
    return {*failed, *quality.unusual_rows(snapshot, assets)}


def _delayed(snapshot: Snapshot, jobs: Iterable[int]) -> set[int]:
    """Tasks that take longer than ever, or that wait for a slot or a worker."""
    slow = symptoms.running_out(snapshot, jobs)
    late = {job for job, at in slow.items() if at < snapshot.now}
    return late | symptoms.waiting(snapshot, jobs).keys()


def _is_due_soon(asset: Asset | None, due: int | None, now: int) -> bool:
    """Whether the next write is late or soon will be, or a job is late."""
    if due is None:
        return False
    return now >= due - (lead(asset.written_at, due) if asset is not None else 0)


#: What is due is looked at before by this share of the time since it was written, at least and at
#: most so many microseconds: most of what is expected has come by then.
LEAD_SHARE, LEAD_LEAST, LEAD_MOST = 24, 60_000_000, 3 * 3_600_000_000


def lead(written_at: int | None, due: int) -> int:
    """How long before it is due an asset is looked at, to see whether it is at risk (microseconds)."""
    span = due - written_at if written_at is not None else 0
    return min(max(span // LEAD_SHARE, LEAD_LEAST), LEAD_MOST)


def _breaks(newest: standing.Round | None, asset: Asset | None) -> bool:
    if newest is None:
        return False
    return newest.is_broken if asset is None else standing.breaks(newest, asset)


def _jobs(snapshot: Snapshot, nodes: Nodes) -> dict[int, set[int]]:
    """The jobs that write each asset; each job itself and those inside it."""
    members = {member: id for id, each in nodes.assets.items() for member in each.members}
    found: dict[int, set[int]] = {id: set() for id in nodes.jobs}
    for member, writers in jobs_at(snapshot, members, writing=True).items():
        found.setdefault(members[member], set()).update(writers)
    for job, whole in outermost_of(snapshot, nodes.jobs).items():
        found[whole].add(job)
    return found


def _above(snapshot: Snapshot, jobs: Mapping[int, set[int]]) -> dict[int, set[int]]:
    """What is right upstream of each node: assets, jobs, and the jobs that its own run inside."""
    every = {job for each in jobs.values() for job in each}
    into = _grouped((row.dst, row.src) for row in snapshot.each(_INTO, every))
    around = {row.id: row.parent_id for row in snapshot.each(_PARENTS, every | _values(into))}
    asset_of: dict[int, int] = {
        row.id: row.asset_id for row in snapshot.each(_ASSET_OF, _values(into))
    }

    def watched(node: int) -> int:
        parent: int = around.get(node, node)
        return asset_of.get(node, parent)

    return {
        id: {watched(node) for job in own for node in (job, *into.get(job, ()))}
        for id, own in jobs.items()
    }


def _grouped(pairs: Iterable[tuple[int, int]]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for key, value in pairs:
        found.setdefault(key, set()).add(value)
    return found


def _values(groups: Mapping[Any, set[int]]) -> set[int]:
    return set().union(*groups.values())


def _bad(snapshot: Snapshot, nodes: Iterable[int]) -> set[int]:
    """Those of the nodes that stood badly when they were evaluated last."""
    return {id for id, each in queue.seen(snapshot.tx, nodes).items() if each.standing in BAD}
