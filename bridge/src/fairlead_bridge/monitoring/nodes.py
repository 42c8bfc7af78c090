"""What is said of nodes beside how they stand: names, labels, owners, and what maintenance windows see."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from fairlead_bridge.insight.maintenance import Subject
from fairlead_bridge.queries import facets
from fairlead_bridge.queries.assets import Asset, jobs_at
from fairlead_bridge.queries.jobs import jobs_by_id
from fairlead_bridge.queries.snapshot import Row, Snapshot


def name_of(each: Asset | Row) -> str:
    kind = "dataset" if isinstance(each, Asset) else "job"
    return f"{kind}:{each.namespace}:{each.name}"


def label_of(each: Asset | Row) -> str:
    return str(each.name if isinstance(each, Asset) else each.task_id or each.dag_id or each.name)


def owners_of(snapshot: Snapshot, bad: Iterable[Asset | Row]) -> dict[int, tuple[str, ...]]:
    """Owners of each node; of an asset that has none, those of the jobs that write it."""
    nodes = {each.id: each for each in bad}
    members = {
        member: id
        for id, each in nodes.items()
        for member in (each.members if isinstance(each, Asset) else (id,))
    }
    own = {id: _names(each) for id, each in facets.of(snapshot, members, facets.OWNERS).items()}
    bare = [id for id, each in nodes.items() if isinstance(each, Asset) and not own.get(id)]
    writers = writers_of(snapshot, (nodes[id] for id in bare))
    jobs = {job.id: job for each in writers.values() for job in each}
    around = {id: id for id in jobs} | {
        j.parent_id: j.parent_id for j in jobs.values() if j.parent_id
    }
    theirs = {id: _names(each) for id, each in facets.of(snapshot, around, facets.OWNERS).items()}
    for id, each in writers.items():
        names = [theirs.get(job.id) or theirs.get(job.parent_id) or () for job in each]
        own[id] = tuple(dict.fromkeys(name for part in names for name in part))
    return own


def _names(bodies: facets.Facets) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name, _ in facets.owners(bodies)))


def writers_of(snapshot: Snapshot, assets: Iterable[Asset | Row]) -> dict[int, list[Row]]:
    """The jobs that write each asset."""
    every = [each for each in assets if isinstance(each, Asset)]
    at = jobs_at(snapshot, (id for each in every for id in each.members), writing=True)
    rows = jobs_by_id(snapshot, (job for each in at.values() for job in each))
    return {
        asset.id: [rows[job] for id in asset.members for job in at.get(id, ()) if job in rows]
        for asset in every
    }


def subject_of(each: Asset | Row, writers: Iterable[Row]) -> Subject:
    if isinstance(each, Asset):
        dags = {job.dag_id for job in writers if job.dag_id is not None}
        return Subject(each.namespace, frozenset(dags), each.name)
    return Subject(each.namespace, frozenset({each.dag_id} - {None}), None)


def subjects_of(snapshot: Snapshot, assets: Collection[Asset]) -> dict[int, Subject]:
    """What maintenance windows are compared with, of each of these assets."""
    writers = writers_of(snapshot, assets)
    return {each.id: subject_of(each, writers.get(each.id, ())) for each in assets}
