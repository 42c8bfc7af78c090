"""Jobs: DAGs, tasks, queries and those of other tools."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from fastapi import APIRouter

from fairlead_bridge.documents import Json
from fairlead_bridge.errors import NotFound
from fairlead_bridge.queries import code_history, history, presence, schema_history, unseen
from fairlead_bridge.queries import facets as f
from fairlead_bridge.queries.assets import Asset, assets_by_id, datasets_at
from fairlead_bridge.queries.filters import AssetFilter
from fairlead_bridge.queries.jobs import (
    children_of_job,
    find_job,
    jobs_by_id,
    page_of_jobs,
    tasks_of_jobs,
)
from fairlead_bridge.queries.runs import datasets_of_run, runs_by_alias, runs_by_id
from fairlead_bridge.queries.snapshot import Row, Snapshot
from fairlead_bridge.web import facets as run_facets
from fairlead_bridge.web import log, render
from fairlead_bridge.web.base import Page
from fairlead_bridge.web.datasets import routes as datasets
from fairlead_bridge.web.datasets.answers import Change
from fairlead_bridge.web.jobs import answers as a
from fairlead_bridge.web.needs import needs
from fairlead_bridge.web.paging import Cursor, Limit, page, read_cursor
from fairlead_bridge.web.parameters import Text, Words
from fairlead_bridge.web.snapshots import CurrentSnapshot, SnapshotAsOf

#: Runs before a moment whose events are read for what the job was then.
RUNS_BEFORE = 15


router = APIRouter(tags=["jobs"], dependencies=[needs("viewer")])


@router.get("/jobs")
def list_jobs(
    snapshot: CurrentSnapshot,
    namespace: Text | None = None,
    name: Text | None = None,
    q: Words | None = None,
    kind: Text | None = None,
    lineage: Literal["none"] | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[a.JobItem]:
    """
    Jobs by namespace and name; `q` is a part of either, `kind` is "dag", "task", ...

    `lineage=none` lists those that are not known to read or write anything; `no_lineage` says why.
    """
    after = read_cursor(cursor, str, str)
    only = unseen.without_lineage() if lineage else None
    wanted = AssetFilter(namespace, name, q, kind)
    rows = page_of_jobs(snapshot, wanted, limit + 1, after, only)
    shown, following = page(rows, limit, lambda row: (row.namespace, row.name))
    return Page(items=items(snapshot, shown, why=bool(lineage)), next=following)


@router.get("/jobs/{job_id:path}/durations")
def get_durations(snapshot: SnapshotAsOf, job_id: Text, limit: Limit = 100) -> a.Durations:
    """
    The newest runs of a job, oldest first, and its usual durations, as lists have them: those
    of the successful ones of its newest 15.
    """
    job = _find(snapshot, job_id).id
    rows = history.runs_of_job(snapshot, job, limit)
    usual = history.recent(snapshot, [job]).get(job)
    return a.Durations(
        runs=[render.run(row) for row in rows],
        p50=usual.p50 if usual is not None else None,
        p95=usual.p95 if usual is not None else None,
    )


@router.get("/jobs/{job_id:path}")
def get_job(snapshot: SnapshotAsOf, job_id: Text) -> a.JobDetail:
    """
    One job, by its id or by NAMESPACE:NAME.

    Its facets, SQL and source code among them, are those of the moment.
    """
    return _detail(snapshot, _find(snapshot, job_id))


@router.get("/changes/code")
def list_code_changes(
    snapshot: CurrentSnapshot, limit: Limit = 50, cursor: Cursor = None
) -> Page[a.CodeChange]:
    """SQL and source code of jobs that changed, newest first; the first of a job is no change."""
    after = read_cursor(cursor, int, int, str)
    found = code_history.changes(snapshot, limit + 1, after)
    shown, following = page(found, limit, lambda change: change[0])
    jobs = jobs_by_id(snapshot, (version.job_id for _, version in shown))
    changed = [
        a.CodeChange(job=render.job_ref(jobs[each.job_id]), version=_code_version(each))
        for _, each in shown
        if each.job_id in jobs
    ]
    return Page(items=changed, next=following)


def _code_version(version: code_history.Version) -> a.CodeVersion:
    return a.CodeVersion(
        kind="sql" if version.name == "sql" else "source",
        first_at=render.when(version.first_at),
        last_at=render.when(version.last_at),
        language=version.language,
        text=version.text,
        diff=version.diff,
    )


def _find(snapshot: Snapshot, text: str) -> Row:
    row = find_job(snapshot, text)
    if row is None:
        raise NotFound(f"no job is known as {text!r}; give the `id` of a job, or NAMESPACE:NAME")
    return row


def items(snapshot: Snapshot, rows: Sequence[Row], *, why: bool = False) -> list[a.JobItem]:
    """Jobs as lists show them, in the order given; `why` for those that have no lineage."""
    own = {row.id: row.id for row in rows}
    facets = f.of(snapshot, own, f.LISTED)
    recent = history.recent(snapshot, own)
    runs = runs_by_id(snapshot, (each.newest for each in recent.values()))
    tasks = tasks_of_jobs(snapshot, own)
    gone = presence.gone(snapshot, rows)
    return [
        a.JobItem(
            **_item_fields(
                row, facets.get(row.id, {}), recent.get(row.id), runs, tasks.get(row.id, 0)
            ),
            stale=presence.is_stale(snapshot, row.last_at, facets.get(row.id, {})),
            gone=row.id in gone,
            no_lineage=_why(recent.get(row.id), runs) if why else None,
        )
        for row in rows
    ]


def _why(recent: history.Recent | None, runs: dict[int, Row]) -> str:
    return unseen.why(runs.get(recent.newest) if recent else None)


def _item_fields(
    row: Row,
    facets: f.Facets,
    recent: history.Recent | None,
    runs: dict[int, Row],
    tasks: int,
) -> Json:
    return {
        **render.job_ref_fields(row),
        "integration": row.integration,
        "processing": row.processing,
        "description": f.description(facets),
        "schedule": f.text(facets, "fairlead_dag", "schedule"),
        "owners": render.owners(facets),
        "tags": render.tags(facets),
        "last_run": render.run_or_none(runs, recent.newest) if recent else None,
        "recent": list(recent.states) if recent else [],
        "p50": recent.p50 if recent else None,
        "p95": recent.p95 if recent else None,
        "tasks": tasks,
    }


def _facets(snapshot: Snapshot, row: Row) -> f.Facets:
    """
    The job's facets, as of the moment that is asked for.

    Of SQL and source code every version is stored, of others only the newest. One that was sent
    since is looked for in the events of the runs before, and left out where they do not have it. (What is put together of a DAG's run facets
    is as it was last sent.)
    """
    last = f.with_times(snapshot, {row.id: row.id}).get(row.id, {})
    facets = {name: body for name, (_, body) in last.items()}
    if not snapshot.past:
        return facets
    newer = {n for n, (at, _) in last.items() if at > snapshot.now and not n.startswith("fairlead")}
    for name in newer:
        del facets[name]
    code = code_history.facets_at(snapshot, row.id)
    facets |= {name: code[name] for name in newer & code.keys()}
    newer -= code.keys()
    for run in reversed(history.runs_of_job(snapshot, row.id, RUNS_BEFORE) if newer else []):
        events = [event.body for event in log.events_of(snapshot, [run.id])]
        then = run_facets.latest_facets(events, (row.namespace, row.name), snapshot.now)
        facets |= {name: then[name][1] for name in newer & then.keys()}
        newer -= then.keys()
        if not newer:
            break
    return facets


def _detail(snapshot: Snapshot, row: Row) -> a.JobDetail:
    facets = _facets(snapshot, row)
    recent = history.recent(snapshot, [row.id]).get(row.id)
    runs = runs_by_id(snapshot, [recent.newest]) if recent else {}
    parents = jobs_by_id(snapshot, [row.parent_id])
    children = children_of_job(snapshot, row.id)
    within = [row.id, *(child.id for child in children if row.kind == "dag")]
    reads = datasets_at(snapshot, within, written=False)
    writes = datasets_at(snapshot, within, written=True)
    if row.kind == "query":  # its data counts for the task that ran it, and so do the edges
        reads = [*reads, *_accessed(snapshot, row.id, "input")]
        writes = [*writes, *_accessed(snapshot, row.id, "output")]
    assets = assets_by_id(snapshot, [*reads, *writes])
    if row.kind == "dag":  # what its tasks hand on to each other is no input of the DAG
        made = {assets[id].id for id in writes if id in assets}
        reads = [id for id in reads if id in assets and assets[id].id not in made]
    tasks = sum(child.kind == "task" for child in children)
    return a.JobDetail(
        **_item_fields(row, facets, recent, runs, tasks),
        stale=presence.is_stale(snapshot, row.last_at, facets),
        gone=row.id in presence.gone(snapshot, [row]),
        operator=f.operator(facets),
        source_url=f.text(facets, "sourceCodeLocation", "url"),
        sql=f.text(facets, "sql", "query"),
        source_code=f.text(facets, "sourceCode", "sourceCode"),
        code_versions=[
            _code_version(each) for each in reversed(code_history.versions(snapshot, row.id))
        ],
        parent=render.job_ref(parents[row.parent_id]) if row.parent_id in parents else None,
        children=items(snapshot, children),
        upstream_tasks=f.texts(facets, "fairlead_task", "upstream"),
        downstream_tasks=f.texts(facets, "fairlead_task", "downstream"),
        inputs=render.dataset_refs(assets, reads),
        outputs=render.dataset_refs(assets, writes),
        input_changes=_changes(snapshot, [assets[id] for id in reads if id in assets]),
        facets=facets,
    )


def _accessed(snapshot: Snapshot, job_id: int, role: str) -> list[int]:
    """The datasets that a job's newest runs read or wrote."""
    runs = history.runs_of_job(snapshot, job_id, history.WINDOW)
    rows = [row for run in runs for row in datasets_of_run(snapshot, run.id)]
    return list(dict.fromkeys(row.dataset_id for row in rows if row.role == role))


def _changes(snapshot: Snapshot, inputs: Sequence[Asset]) -> list[Change]:
    """The newest change of each input's schema, newest first."""
    assets = {asset.id: asset for asset in inputs}
    versions = schema_history.versions(snapshot, datasets.members_of(assets.values()))
    changed = sorted(
        (listed[-1] for listed in versions.values() if listed[-1].changes),
        key=lambda version: (-version.first_at, version.asset_id),
    )
    brought = runs_by_alias(snapshot, (version.first_run for version in changed))
    return [
        Change(
            dataset=render.dataset_ref(assets[version.asset_id]),
            version=datasets.schema_version(version, brought),
        )
        for version in changed
    ]
