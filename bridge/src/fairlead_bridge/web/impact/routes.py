"""Who is affected: everything downstream of a dataset, a column or a job, with owners and levels."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator

from fairlead_bridge.queries import border, columns, impact, lineage
from fairlead_bridge.queries.assets import Asset
from fairlead_bridge.queries.impact import Downstream
from fairlead_bridge.queries.jobs import jobs_by_id
from fairlead_bridge.queries.snapshot import Row, Snapshot
from fairlead_bridge.web import render
from fairlead_bridge.web.impact import answers as a
from fairlead_bridge.web.impact import items
from fairlead_bridge.web.lineage.routes import DEEPEST, LARGEST, NodeLimit, NodeName
from fairlead_bridge.web.needs import needs
from fairlead_bridge.web.parameters import Text
from fairlead_bridge.web.snapshots import SnapshotAsOf

ImpactDepth = Annotated[
    int,
    Query(description=f"Edges from the start, datasets from a column: 0 to {DEEPEST}."),
    AfterValidator(lambda depth: min(max(depth, 0), DEEPEST)),
]


router = APIRouter(tags=["lineage"], dependencies=[needs("viewer")])


@router.get("/impact")
def get_impact(
    snapshot: SnapshotAsOf,
    node: NodeName,
    column: Annotated[Text | None, Query(description="Only what uses this column.")] = None,
    depth: ImpactDepth = 50,
    limit: NodeLimit = 1000,
) -> a.Impact:
    """
    Every dataset and job downstream, how far it is, on which way, and whose it is.

    Of a column, what column lineage says is made of it, and, with `certain` false, what is
    below readers of which the catalog does not know which columns they use. With `as_of`, edges,
    column lineage, states and writes are those of that moment; names and owners are today's.
    """
    found = lineage.find_with_data(snapshot, node)
    below = _downstream(snapshot, found, column, depth)
    if not snapshot.scope.sees_all:
        start = lineage.start_of(snapshot, found, LARGEST)
        below.complete &= not border.goes_on(snapshot, {*start, *below.reached}, "down")
    return _impact(snapshot, below, limit)


def _downstream(
    snapshot: Snapshot, found: Asset | Row, column: str | None, depth: int
) -> Downstream:
    if not isinstance(found, Asset):
        return impact.of_job(snapshot, found.id, depth)
    if not column:
        return impact.of_asset(snapshot, found, depth)
    return impact.of_column(snapshot, found, columns.find(snapshot, found, column), depth)


def _impact(snapshot: Snapshot, below: Downstream, limit: int) -> a.Impact:
    """All are counted; the nearest `limit` are listed."""
    counted = impact.count(snapshot, below)
    dags = jobs_by_id(snapshot, counted.dags)
    known = counted.datasets | counted.tasks
    nearest = [each for each in below.nearest() if each.node in known]
    shown = nearest[:limit]
    return a.Impact(
        items=items.affected(snapshot, below, shown),
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


def _owners(of_datasets: Counter[str], of_dags: Counter[str]) -> list[a.AffectedOwner]:
    found = [
        a.AffectedOwner(name=name, datasets=of_datasets[name], dags=of_dags[name])
        for name in {**of_datasets, **of_dags}
    ]
    return sorted(found, key=lambda owner: (-owner.datasets - owner.dags, owner.name))
