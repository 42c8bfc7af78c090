"""
When edges were shown last: by a run that succeeded, or goes on.

The table of edges holds the newest event that named one, whatever its run's outcome. Where that run
failed, the newest one that did not is looked up, for the edges that are asked for alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from fairlead_bridge import ids
from fairlead_bridge.db import tables as t
from fairlead_bridge.queries.lineage import Hop
from fairlead_bridge.queries.snapshot import NOW, Select, Snapshot, among
from fairlead_bridge.queries.standing import BROKEN

_FAILED = (
    sa.select(t.run_alias.c.alias)
    .join_from(t.run_alias, t.run, t.run.c.id == t.run_alias.c.id)
    .where(among(t.run_alias.c.alias), t.run.c.state.in_(sorted(BROKEN)))
)
_RUNS = sa.select(t.run.c.id, t.run.c.run_id, t.run.c.at, t.run.c.ended_at).where(among(t.run.c.id))


def _newest(writes: bool, *, past: bool) -> Select:
    """For each data edge of some jobs, their newest run that names the dataset and did not fail."""
    job, dataset = (t.edge.c.src, t.edge.c.dst) if writes else (t.edge.c.dst, t.edge.c.src)
    run = (
        sa.select(t.run_dataset.c.run_id)
        .join_from(t.run_dataset, t.run, t.run.c.id == t.run_dataset.c.run_id)
        .where(
            t.run_dataset.c.dataset_id == dataset,
            t.run_dataset.c.role == ("output" if writes else "input"),
            t.run.c.job_id == job,
            t.run.c.state.not_in(sorted(BROKEN)),
        )
        .order_by(t.run_dataset.c.at.desc())
        .limit(1)
        .correlate(t.edge)
    )
    if past:
        run = run.where(t.run.c.at <= NOW)
    statement = sa.select(t.edge.c.src, t.edge.c.dst, run.scalar_subquery().label("run"))
    return statement.where(among(job), t.edge.c.kind == "data")


_NEWEST = {
    (writes, past): _newest(writes, past=past) for writes in (True, False) for past in (False, True)
}


def leave_out_failures(
    snapshot: Snapshot, hops: Mapping[tuple[int, int, str], Hop], node_of: Mapping[int, int]
) -> None:
    """
    Dates these edges by runs that did not fail; one that only failures showed, by when it was first.

    `node_of` has the asset of each of its names.
    """
    aliases = {hop.last_run for hop in hops.values() if hop.last_run is not None}
    failed = {row.alias for row in snapshot.each(_FAILED, aliases)}
    wrong = {key: hop for key, hop in hops.items() if key[2] == "data" and hop.last_run in failed}
    if not wrong:
        return
    assets = set(node_of.values())
    jobs = {node for source, target, _ in wrong for node in (source, target)} - assets
    showed: dict[tuple[int, int], list[int]] = {}
    for writes in (True, False):
        for row in snapshot.each(_NEWEST[writes, snapshot.past], jobs):
            key = node_of.get(row.src, row.src), node_of.get(row.dst, row.dst)
            if row.run is not None and (*key, "data") in wrong:
                showed.setdefault(key, []).append(row.run)
    runs = {row.id: row for row in snapshot.each(_RUNS, {run for each in showed.values() for run in each})}  # fmt: skip
    for (source, target, _), hop in wrong.items():
        newest = [runs[run] for run in showed.get((source, target), ())]
        hop.last_at, hop.last_run = max(
            ((row.ended_at or row.at, ids.run_id(row.run_id)) for row in newest),
            default=(hop.first_at, None),
        )
