"""Datasets, jobs and namespaces forgotten over REST."""

from __future__ import annotations

from fastapi import APIRouter

from fairlead_bridge.db.engine import writing
from fairlead_bridge.forgetting import apply, plan
from fairlead_bridge.web.dependencies import CurrentCatalog
from fairlead_bridge.web.forgetting import answers as a
from fairlead_bridge.web.needs import CallerScope, needs
from fairlead_bridge.web.parameters import storable

router = APIRouter(tags=["operations"], dependencies=[needs("operator")])


@router.post("/forget")
def forget(body: a.ToForget, catalog: CurrentCatalog, scope: CallerScope) -> a.Forgotten:
    """
    Remove datasets, jobs or namespaces from the catalog, with everything that events up to now
    said of them. A replay brings nothing back; an event of later makes them anew.

    A dataset goes under all of its names, a job with the jobs inside it. Other catalogs keep
    what was delivered to them. With `dry_run`, says what goes and what stays, and changes nothing.
    """
    nodes = [storable(node) for node in body.nodes]
    with catalog.open(scope) as snapshot:
        found = plan.plan(snapshot, nodes)
    if not body.dry_run:
        with writing(catalog.engine) as tx:
            apply.apply(tx, found, catalog.clock())
    return a.Forgotten(
        datasets=list(found.datasets),
        jobs=list(found.jobs),
        runs=found.runs,
        edges=found.edges,
        stays=list(found.stays),
        done=not body.dry_run,
    )
