"""Who is affected: everything downstream of a dataset, a column or a job, with owners and levels."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AfterValidator

from fairlead_bridge import ids
from fairlead_bridge.model import State
from fairlead_bridge.queries import columns, history, impact, lineage, standing
from fairlead_bridge.queries import facets as f
from fairlead_bridge.queries.assets import Asset, assets_by_id
from fairlead_bridge.queries.impact import Downstream, Reached
from fairlead_bridge.queries.jobs import jobs_by_id
from fairlead_bridge.queries.snapshot import Row, Snapshot
from fairlead_bridge.web import render
from fairlead_bridge.web.datasets import routes as datasets
from fairlead_bridge.web.impact import answers as a
from fairlead_bridge.web.lineage.routes import DEEPEST, NodeLimit, NodeName
from fairlead_bridge.web.parameters import Text
from fairlead_bridge.web.snapshots import CurrentSnapshot

ImpactDepth = Annotated[
    int,
    Query(description=f"Edges from the start, datasets from a column: 0 to {DEEPEST}."),
    AfterValidator(lambda depth: min(max(depth, 0), DEEPEST)),
]


router = APIRouter(tags=["lineage"])


@router.get("/impact")
def get_impact(
    snapshot: CurrentSnapshot,
    node: NodeName,
    column: Annotated[Text | None, Query(description="Only what uses this column.")] = None,
    depth: ImpactDepth = 50,
    limit: NodeLimit = 1000,
) -> a.Impact:
    """
    Every dataset and job downstream, how far it is, on which way, and whose it is.

    Of a column, what column lineage says is made of it, and, with `certain` false, what is
    below readers of which the catalog does not know which columns they use.
    """
    found = lineage.find_with_data(snapshot, node)
    if not isinstance(found, Asset):
        below = impact.of_job(snapshot, found.id, depth)
    elif not column:
        below = impact.of_asset(snapshot, found, depth)
    else:
        asked = columns.find(snapshot, found, column)
        below = impact.of_column(snapshot, found, asked, depth)
    return _impact(snapshot, below, limit)


def _impact(snapshot: Snapshot, below: Downstream, limit: int) -> a.Impact:
    """All are counted; the nearest `limit` are listed."""
    counted = impact.count(snapshot, below)
    dags = jobs_by_id(snapshot, counted.dags)
    known = counted.datasets | counted.tasks
    nearest = [each for each in below.nearest() if each.node in known]
    shown = nearest[:limit]
    return a.Impact(
        items=_items(snapshot, below, shown),
        owners=_owners(counted.owners_of_datasets, counted.owners_of_dags),
        datasets=len(counted.datasets),
        tasks=len(counted.tasks),
        uncertain_datasets=len(counted.datasets & below.uncertain),
        uncertain_tasks=len(counted.tasks & below.uncertain),
        kinds=counted.kinds,
        dags=sorted(render.job_refs(dags, dags), key=lambda dag: (dag.name, dag.namespace)),
        truncated=len(nearest) - len(shown),
        complete=below.complete,
    )


def _items(snapshot: Snapshot, below: Downstream, shown: list[Reached]) -> list[a.Affected]:
    on_the_ways = {node for each in shown for node in each.path}
    assets = assets_by_id(snapshot, on_the_ways)
    jobs = jobs_by_id(snapshot, on_the_ways - assets.keys())
    names = {id: render.dataset_node(it.namespace, it.name) for id, it in assets.items()}
    names |= {id: render.job_node(row.namespace, row.name) for id, row in jobs.items()}
    near = [assets[each.node] for each in shown if each.node in assets]
    writers = lineage.writers_of(snapshot, near)
    readers = {each.node for each in shown if each.node in jobs}
    newest = history.states(snapshot, {*readers, *(id for each in writers.values() for id in each)})
    facets = f.of(snapshot, datasets.members_of(near) | {id: id for id in readers}, f.OWNERS)
    items = []
    for each in shown:
        node = each.node
        details = {
            "id": ids.public(node),
            "node": names[node],
            "level": each.level,
            "path": [names[node] for node in each.path],
            "certain": each.certain,
            "owners": render.owners(facets.get(node, {})),
            "columns": sorted(below.columns.get(node, ())),
        }
        if node in assets:
            state = standing.state_of(assets[node], writers.get(node, ()), newest)
            items.append(_dataset(assets[node], state, details))
        else:
            state = newest[node].state if node in newest else None
            items.append(_job(jobs[node], state, details))
    return sorted(items, key=lambda item: (item.level, item.kind, item.namespace, item.name))


def _dataset(asset: Asset, state: State | None, details: dict[str, Any]) -> a.Affected:
    return a.Affected(
        kind="dataset",
        namespace=asset.namespace,
        name=asset.name,
        dataset_kind=asset.kind,
        job_kind=None,
        dag_id=None,
        task_id=None,
        state=state,
        written_at=render.when(asset.written_at),
        **details,
    )


def _job(row: Row, state: State | None, details: dict[str, Any]) -> a.Affected:
    return a.Affected(
        kind="job",
        namespace=row.namespace,
        name=row.name,
        dataset_kind=None,
        job_kind=row.kind,
        dag_id=row.dag_id,
        task_id=row.task_id,
        state=state,
        written_at=None,
        **details,
    )


def _owners(of_datasets: Counter[str], of_dags: Counter[str]) -> list[a.AffectedOwner]:
    found = [
        a.AffectedOwner(name=name, datasets=of_datasets[name], dags=of_dags[name])
        for name in {**of_datasets, **of_dags}
    ]
    return sorted(found, key=lambda owner: (-owner.datasets - owner.dags, owner.name))
