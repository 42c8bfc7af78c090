"""Who is affected: everything downstream of a dataset, a column or a job, with owners and levels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated

from fastapi import APIRouter, Query

from fairlead_bridge import ids
from fairlead_bridge.catalog import columns, history, lineage, read, standing
from fairlead_bridge.catalog import facets as f
from fairlead_bridge.catalog.read import Asset, Row
from fairlead_bridge.catalog.snapshot import Snapshot
from fairlead_bridge.catalog.standing import Round
from fairlead_bridge.web import answers as a
from fairlead_bridge.web import datasets, render
from fairlead_bridge.web.lineage import Depth, NodeLimit, NodeName
from fairlead_bridge.web.parameters import Catalog, Text


def routes(catalog: Catalog) -> APIRouter:
    router = APIRouter(tags=["lineage"])

    @router.get("/impact")
    def get_impact(
        node: NodeName,
        column: Annotated[Text | None, Query(description="Only what comes of this column.")] = None,
        depth: Depth = 50,
        limit: NodeLimit = 1000,
    ) -> a.Impact:
        """Every dataset and job downstream, how far it is, and whose it is."""
        with catalog.open() as snapshot:
            found = lineage.find(snapshot, node)
            if column is not None and isinstance(found, Asset):
                return _of_column(snapshot, found, column, depth, limit)
            start = lineage.start_of(snapshot, found, limit)
            walk = lineage.walk(snapshot, start, 0, depth, limit + len(start))
            # Data goes from a job to a dataset to a job: two hops are one level.
            first = 0 if isinstance(found, Asset) else 1
            levels = {id: (far + 1 + first) // 2 for id, far in walk.depths.items() if far}
            own = (id for id in walk.jobs if id in levels)
            return _impact(snapshot, levels, walk.datasets & levels.keys(), own, {}, walk.truncated)

    return router


def _of_column(snapshot: Snapshot, asset: Asset, column: str, depth: int, limit: int) -> a.Impact:
    """What comes of one column; a job is affected where it makes a column of it."""
    walk = columns.walk(snapshot, asset, column, "down", depth, limit)
    affected: dict[int, set[str]] = {}
    levels: dict[int, int] = {}
    jobs: dict[int, int] = {}
    for (id, name), far in walk.depths.items():
        if far and id != asset.id:
            affected.setdefault(id, set()).add(name)
            levels[id] = min(levels.get(id, far), far)
    for _, (id, name), job in walk.origins:
        level = walk.depths.get((id, name), 1) or 1
        jobs[job] = min(jobs.get(job, level), level)
    return _impact(snapshot, {**jobs, **levels}, set(levels), jobs, affected, walk.truncated)


def _impact(
    snapshot: Snapshot,
    levels: Mapping[int, int],
    asset_ids: set[int],
    job_ids: Iterable[int],
    columns_of: Mapping[int, set[str]],
    truncated: int,
) -> a.Impact:
    assets = read.assets(snapshot, asset_ids)
    jobs = read.jobs_by_id(snapshot, job_ids)
    dags = read.jobs_by_id(snapshot, (row.parent_id for row in jobs.values()))
    dags = {id: row for id, row in dags.items() if row.kind == "dag"}
    dags |= {id: row for id, row in jobs.items() if row.kind == "dag"}
    writers = lineage.writers_of(snapshot, assets.values())
    newest = history.states(snapshot, {*jobs, *(job for each in writers.values() for job in each)})
    members = datasets.members_of(assets.values())
    facets = f.of(snapshot, {**members, **{id: id for id in (*jobs, *dags)}}, f.LISTED)

    def owners(id: int) -> list[a.Owner]:
        return render.owners(facets.get(id, {}))

    items = [
        *(
            _dataset(asset, levels[id], owners(id), columns_of.get(id, ()), writers, newest)
            for id, asset in assets.items()
        ),
        *(_job(row, levels[id], owners(id), newest) for id, row in jobs.items() if id not in dags),
    ]
    return a.Impact(
        items=sorted(items, key=lambda item: (item.level, item.kind, item.namespace, item.name)),
        owners=_owners(
            [owner.name for id in assets for owner in owners(id)],
            [owner.name for id in dags for owner in owners(id)],
        ),
        datasets=len(assets),
        tasks=sum(id not in dags for id in jobs),
        dags=sorted(render.job_refs(dags, dags), key=lambda dag: (dag.name, dag.namespace)),
        truncated=truncated,
    )


def _dataset(
    asset: Asset,
    level: int,
    owners: list[a.Owner],
    columns_affected: Iterable[str],
    writers: Mapping[int, list[int]],
    newest: Mapping[int, Round],
) -> a.Affected:
    return a.Affected(
        kind="dataset",
        id=ids.public(asset.id),
        node=render.dataset_node(asset.namespace, asset.name),
        namespace=asset.namespace,
        name=asset.name,
        job_kind=None,
        dag_id=None,
        task_id=None,
        level=level,
        owners=owners,
        state=standing.state_of(asset, writers.get(asset.id, ()), newest),
        written_at=render.when(asset.written_at),
        columns=sorted(columns_affected),
    )


def _job(row: Row, level: int, owners: list[a.Owner], newest: Mapping[int, Round]) -> a.Affected:
    return a.Affected(
        kind="job",
        id=ids.public(row.id),
        node=render.job_node(row.namespace, row.name),
        namespace=row.namespace,
        name=row.name,
        job_kind=row.kind,
        dag_id=row.dag_id,
        task_id=row.task_id,
        level=level,
        owners=owners,
        state=newest[row.id].state if row.id in newest else None,
        written_at=None,
        columns=[],
    )


def _owners(of_datasets: list[str], of_dags: list[str]) -> list[a.AffectedOwner]:
    sets, dags = Counter(of_datasets), Counter(of_dags)
    found = [
        a.AffectedOwner(name=name, datasets=sets[name], dags=dags[name])
        for name in {**sets, **dags}
    ]
    return sorted(found, key=lambda owner: (-owner.datasets - owner.dags, owner.name))
