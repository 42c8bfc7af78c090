"""What is affected, as answers list it."""

from __future__ import annotations

from fairlead_bridge import ids
from fairlead_bridge.documents import Json
from fairlead_bridge.model import State
from fairlead_bridge.queries import facets as f
from fairlead_bridge.queries import history, lineage, standing
from fairlead_bridge.queries.assets import Asset, assets_by_id
from fairlead_bridge.queries.impact import Downstream, Reached
from fairlead_bridge.queries.jobs import jobs_by_id
from fairlead_bridge.queries.snapshot import Row, Snapshot
from fairlead_bridge.web import render
from fairlead_bridge.web.datasets import routes as datasets
from fairlead_bridge.web.impact import answers as a


def affected(snapshot: Snapshot, below: Downstream, shown: list[Reached]) -> list[a.Affected]:
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


def _dataset(asset: Asset, state: State | None, details: Json) -> a.Affected:
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


def _job(row: Row, state: State | None, details: Json) -> a.Affected:
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
