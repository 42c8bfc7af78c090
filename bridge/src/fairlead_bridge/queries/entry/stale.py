"""What is no longer seen: tasks that their DAG no longer has, and data that a job no longer shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import product
from typing import Literal

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.db.bulk import chunks
from fairlead_bridge.entries import DatasetRef, Elsewhere, JobRef, Unseen
from fairlead_bridge.queries import facets
from fairlead_bridge.queries.entry.refs import Row, dataset_refs, job_refs
from fairlead_bridge.queries.snapshot import Snapshot, among

#: When each job's newest successful run with datasets began.
_NEWEST_WITH_DATA = sa.select(
    t.job.c.id,
    sa.select(t.run.c.at)
    .where(
        t.run.c.job_id == t.job.c.id,
        t.run.c.state == "success",
        sa.exists().where(t.run_dataset.c.run_id == t.run.c.id),
    )
    .order_by(t.run.c.at.desc())
    .limit(1)
    .scalar_subquery()
    .label("at"),
).where(among(t.job.c.id))
_reads, _writes = t.edge.alias(), t.edge.alias()
#: Who reads one of these datasets and writes one of those.
_MOVERS = (
    sa.select(_reads.c.dst)
    .join_from(_reads, _writes, _writes.c.src == _reads.c.dst)
    .where(
        _reads.c.kind == "data",
        _writes.c.kind == "data",
        among(_reads.c.src),
        _writes.c.dst.in_(sa.bindparam("written", expanding=True, type_=_writes.c.dst.type)),
    )
)

Pair = tuple[DatasetRef, DatasetRef]
#: A job's data edges of one side, by the dataset at their other end.
Side = Mapping[int, Row]


def gone(snapshot: Snapshot, jobs: Iterable[JobRef]) -> set[int]:
    """Those that the newest START of their DAG does not list."""
    tasks = [job for job in jobs if job.kind == "task" and job.parent is not None]
    above = {job.parent.id for job in tasks if job.parent is not None}
    graphs = facets.of(snapshot, {key: key for key in above}, ("fairlead_tasks",))
    found = set()
    for job in tasks:
        own = graphs.get(job.parent.id, {}) if job.parent is not None else {}
        listed = own.get("fairlead_tasks", {}).get("tasks")
        if listed and job.task_id not in listed:
            found.add(job.id)
    return found


def unseen(
    snapshot: Snapshot,
    inputs: Mapping[int, Side],
    outputs: Mapping[int, Side],
    refs: Mapping[int, DatasetRef],
    jobs: Collection[int],
) -> dict[int, tuple[Unseen, ...]]:
    """Of each of these jobs, the datasets that its newest run with datasets did not show."""
    newest = {row.id: row.at for row in snapshot.each(_NEWEST_WITH_DATA, jobs) if row.at}
    return {
        job: (
            *_unseen("input", inputs.get(job, {}), at, refs),
            *_unseen("output", outputs.get(job, {}), at, refs),
        )
        for job, at in newest.items()
    }


def _unseen(
    role: Literal["input", "output"], edges: Side, newest: int, refs: Mapping[int, DatasetRef]
) -> list[Unseen]:
    """
    The edges that runs showed, but none since before the `newest`. One that was declared stays,
    and so does that of an asset which is seen under another of its names.
    """
    seen: dict[DatasetRef, int] = {}
    for key, row in edges.items():
        if key in refs:
            at = newest if row.last_run is None else row.last_at
            seen[refs[key]] = max(at, seen.get(refs[key], at))
    return [
        Unseen(ref, role, newest - at)
        for ref, at in sorted(seen.items(), key=lambda item: item[0].id)
        if at < newest
    ]


def elsewhere(
    snapshot: Snapshot, wanted: Mapping[int, Collection[Pair]]
) -> dict[int, tuple[Elsewhere, ...]]:
    """Of each job and the pairs of its data that are `wanted`: those that others move data between."""
    wanted = {job: pairs for job, pairs in wanted.items() if pairs}
    if not wanted:
        return {}
    pairs = {pair for some in wanted.values() for pair in some}
    others = _movers(snapshot, *({pair[end].id for pair in pairs} for end in (0, 1)))
    candidates = {job.id: job for job in job_refs(snapshot, others).values() if job.kind != "query"}
    moved = _moved(snapshot, candidates.keys() - gone(snapshot, candidates.values()))
    found: dict[int, tuple[Elsewhere, ...]] = {}
    for job, own in wanted.items():
        since: dict[Pair, int] = {}
        for other, of_other in moved.items():
            for pair in of_other.keys() & set(own) if other != job else ():
                since[pair] = min(of_other[pair], since.get(pair, of_other[pair]))
        found[job] = tuple(
            Elsewhere(source, target, since[source, target])
            for source, target in sorted(since, key=lambda pair: (pair[0].id, pair[1].id))
        )
    return found


def _movers(snapshot: Snapshot, sources: Collection[int], targets: Collection[int]) -> set[int]:
    """The jobs that read one of these assets and write one of those."""
    read, written = (
        [row.id for row in snapshot.where(t.dataset.c.asset_id, assets)]
        for assets in (sources, targets)
    )
    return {
        row.dst
        for some in chunks(read)
        for others in chunks(written)
        for row in snapshot.rows(_MOVERS, keys=some, written=others)
    }


def _moved(snapshot: Snapshot, jobs: Collection[int]) -> dict[int, dict[Pair, int]]:
    """Between what each job moves data, and how long it did not show that."""
    inputs, outputs = data(snapshot, jobs)
    ends = {end for side in (inputs, outputs) for edges in side.values() for end in edges}
    refs = dataset_refs(snapshot, ends)
    stale = unseen(snapshot, inputs, outputs, refs, jobs)
    found = {}
    for job in jobs:
        old = {(item.role, item.dataset): item.since for item in stale.get(job, ())}
        sources = {refs[key] for key in inputs.get(job, ()) if key in refs}
        targets = {refs[key] for key in outputs.get(job, ()) if key in refs}
        found[job] = {
            (source, target): max(old.get(("input", source), 0), old.get(("output", target), 0))
            for source, target in product(sources, targets)
        }
    return found


def data(
    snapshot: Snapshot, jobs: Collection[int]
) -> tuple[dict[int, dict[int, Row]], dict[int, dict[int, Row]]]:
    """What each job reads and writes: its data edges by their other end."""
    inputs, outputs = defaultdict[int, dict[int, Row]](dict), defaultdict[int, dict[int, Row]](dict)
    for row in snapshot.where(t.edge.c.src, jobs):
        if row.kind == "data":
            outputs[row.src][row.dst] = row
    for row in snapshot.where(t.edge.c.dst, jobs):
        if row.kind == "data":
            inputs[row.dst][row.src] = row
    return inputs, outputs
