"""The first page, search, and what there is by namespace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from fairlead_bridge import ids
from fairlead_bridge.queries import deployments, lineage, overview, risk, search, sources
from fairlead_bridge.queries import facets as f
from fairlead_bridge.queries import quality as checks
from fairlead_bridge.queries.assets import Asset
from fairlead_bridge.queries.names import platform
from fairlead_bridge.queries.snapshot import Row, Snapshot
from fairlead_bridge.web import nouns, quality, render
from fairlead_bridge.web.datasets import freshness
from fairlead_bridge.web.datasets import routes as datasets
from fairlead_bridge.web.datasets.answers import DatasetItem
from fairlead_bridge.web.jobs import routes as jobs
from fairlead_bridge.web.jobs.answers import JobItem
from fairlead_bridge.web.lineage.routes import NodeName
from fairlead_bridge.web.needs import needs
from fairlead_bridge.web.outlook import routes as outlook
from fairlead_bridge.web.outlook.answers import RootCause
from fairlead_bridge.web.overview import answers as a
from fairlead_bridge.web.paging import Limit
from fairlead_bridge.web.parameters import Text, Words
from fairlead_bridge.web.snapshots import CurrentSnapshot

#: Items that each part of the first page shows.
SHOWN = 20


router = APIRouter(dependencies=[needs("viewer")])


@router.get("/overview", tags=["overview"])
def get_overview(snapshot: CurrentSnapshot) -> a.Overview:
    """What fails, what runs, what was written longest ago, and who sends events."""
    failing, failed = overview.failing(snapshot), checks.failed(snapshot)
    return a.Overview(
        counts={
            **overview.counts(snapshot),
            "failing": len(failing),
            "failed_assertions": len(failed),
        },
        failing=_failing(snapshot, failing[:SHOWN]),
        failed_assertions=quality.answers(snapshot, failed[:SHOWN]),
        dag_files=jobs.items(snapshot, overview.failing_dag_files(snapshot, SHOWN)),
        running=[render.run(row) for row in overview.running(snapshot, SHOWN)],
        recent_runs=[render.run(row) for row in overview.newest_runs(snapshot, SHOWN)],
        stale=datasets.items(snapshot, overview.stale(snapshot, SHOWN)),
        sources=[_source(source) for source in sources.all_sources(snapshot)],
    )


@router.get("/at-risk", tags=["overview"])
def get_at_risk(snapshot: CurrentSnapshot, limit: Limit = 50) -> a.AtRisk:
    """Datasets that were not written when they should have been, or rest on such; worst first."""
    found, number = risk.troubles(snapshot, limit)
    shown = datasets.items(snapshot, [trouble.asset for trouble in found])
    causes = outlook.root_causes(snapshot, [trouble.explanation for trouble in found])
    stopped = [each for each in sources.all_sources(snapshot) if each.silent_since]
    return a.AtRisk(
        items=[_trouble(*each) for each in zip(found, shown, causes, strict=True)],
        datasets=number,
        sources=[_source(source) for source in stopped],
    )


@router.get("/search", tags=["overview"])
def search_everything(
    snapshot: CurrentSnapshot,
    q: Words,
    limit: Limit = 20,
) -> a.Found:
    """Datasets, jobs and columns by a part of their name, the best match first."""
    found = search.search(snapshot, q, limit)
    return a.Found(items=[_hit(match) for match in found])


@router.get("/namespaces", tags=["overview"])
def list_namespaces(snapshot: CurrentSnapshot) -> list[a.Namespace]:
    """Every namespace, and how much is in it."""
    found = overview.namespaces(snapshot)
    return [
        a.Namespace(namespace=namespace, platform=platform(namespace), datasets=sets, jobs=count)
        for namespace, sets, count in found
    ]


@router.get("/deployments", tags=["overview"])
def list_deployments(snapshot: CurrentSnapshot) -> list[a.Deployment]:
    """Airflows that say who they are, and whether two of them share a namespace."""
    found = deployments.deployments(snapshot)
    shared = deployments.sharing(found, snapshot.now)
    return [
        a.Deployment(
            namespace=each.namespace,
            name=each.name,
            first_at=render.when(each.first_at),
            last_at=render.when(each.last_at),
            shares_namespace=each in shared.get(each.namespace, ()),
        )
        for each in found
    ]


@router.get("/facets", tags=["overview"])
def list_facets(
    snapshot: CurrentSnapshot,
    node: NodeName,
    name: Annotated[Text | None, Query(description="Only the facet of this name.")] = None,
) -> list[nouns.FacetBody]:
    """The facets of a dataset or a job as they were last sent."""
    found = lineage.find(snapshot, node)
    members = datasets.members_of([found]) if isinstance(found, Asset) else {found.id: found.id}
    bodies = f.with_times(snapshot, members, [name] if name is not None else None)
    return [
        nouns.FacetBody(name=facet, at=render.when(at), body=body)
        for facet, (at, body) in sorted(bodies.get(found.id, {}).items())
    ]


def _failing(snapshot: Snapshot, rows: Sequence[Row]) -> list[JobItem]:
    """
    A DAG run seldom says why it failed (Airflow: "task_failure"), an application or an invocation
    of dbt never does: what failed inside it does.
    """
    items = jobs.items(snapshot, rows)
    runs = [item.last_run for item in items if item.last_run is not None]
    without_error = {
        ids.parse_public(run.id): run for run in runs if run.error in (None, "", "task_failure")
    }
    errors = overview.errors(snapshot, without_error)
    inside = overview.failed_inside(snapshot, without_error)
    for id, run in without_error.items():
        if causes := errors.get(id):
            run.error = ": ".join(causes)
        elif id in inside:
            name, error = render.run_label(inside[id]), inside[id].error
            run.error = f"{name}: {error}" if error else f"{name} failed"
    return items


def _trouble(trouble: risk.Trouble, shown: DatasetItem, cause: RootCause | None) -> a.Trouble:
    return a.Trouble(
        dataset=shown,
        standing=trouble.standing,
        cause=render.run(trouble.cause) if trouble.cause is not None else None,
        level=trouble.level,
        root_cause=cause,
        rhythm=freshness.rhythm(trouble.expectation, trouble.asset.written_at),
        late_since=render.when(trouble.late_since),
    )


def _source(source: sources.Source) -> a.SourceHealth:
    return a.SourceHealth(
        namespace=source.namespace,
        integration=source.integration,
        last_event_at=render.when(source.last_event_at),
        silent_since=render.when(source.silent_since),
        jobs=source.jobs,
    )


def _hit(match: search.Match) -> a.Hit:
    node = render.job_node if match.kind == "job" else render.dataset_node
    return a.Hit(
        kind=match.kind,
        node=node(match.namespace, match.name),
        id=ids.public(match.id),
        namespace=match.namespace,
        name=match.name,
        detail=match.detail,
    )
