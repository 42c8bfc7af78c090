"""Datasets: the list, one of them whole, and how schemas changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from fairlead_bridge.documents import Json
from fairlead_bridge.errors import NotFound
from fairlead_bridge.letters import column_key
from fairlead_bridge.queries import columns as c
from fairlead_bridge.queries import facets as f
from fairlead_bridge.queries import history, labels, lineage, presence, schema_history, standing
from fairlead_bridge.queries import quality as checks
from fairlead_bridge.queries.assets import (
    Asset,
    assets_by_id,
    count_datasets,
    find_asset,
    jobs_at,
    names_of_asset,
    page_of_datasets,
)
from fairlead_bridge.queries.filters import AssetFilter
from fairlead_bridge.queries.jobs import jobs_by_id
from fairlead_bridge.queries.names import platform
from fairlead_bridge.queries.personal import Columns as PersonalColumns
from fairlead_bridge.queries.personal import of as personal_of
from fairlead_bridge.queries.runs import runs_by_alias, runs_by_id
from fairlead_bridge.queries.snapshot import Row, Snapshot
from fairlead_bridge.web import nouns, quality, render
from fairlead_bridge.web.base import Page
from fairlead_bridge.web.datasets import answers as a
from fairlead_bridge.web.datasets import freshness
from fairlead_bridge.web.needs import needs
from fairlead_bridge.web.paging import Cursor, Limit, page, read_cursor
from fairlead_bridge.web.parameters import Text, Words
from fairlead_bridge.web.snapshots import CurrentSnapshot, SnapshotAsOf

#: Runs that a dataset's page lists at most.
RUNS = 25
#: Datasets whose schemas can be asked for at once.
MOST_SCHEMAS = 100


router = APIRouter(tags=["datasets"], dependencies=[needs("viewer")])


@router.get("/datasets")
def list_datasets(
    snapshot: CurrentSnapshot,
    namespace: Text | None = None,
    name: Text | None = None,
    q: Words | None = None,
    kind: Text | None = None,
    platform: Text | None = None,
    owner: Text | None = None,
    tag: Text | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    count: Annotated[bool, Query(description="Count the items of all pages.")] = False,
) -> Page[a.DatasetItem]:
    """
    Datasets by namespace and name; `q` is a part of either, `platform` is "postgres", "s3", ...,
    `owner` and `tag` as `GET /labels` lists them.

    One that has several names is one item; `name` and `q` find it by any of them.
    """
    after = read_cursor(cursor, str, str)
    wanted = AssetFilter(namespace, name, q, kind, platform, owner, tag)
    found = page_of_datasets(snapshot, wanted, limit + 1, after)
    shown, following = page(found, limit, lambda asset: (asset.namespace, asset.name))
    total = count_datasets(snapshot, wanted) if count else None
    return Page(items=items(snapshot, shown), next=following, total=total)


@router.get("/labels")
def list_labels(snapshot: CurrentSnapshot) -> a.Labels:
    """The owners and tags that datasets have, the most frequent first."""
    found = labels.labels(snapshot)
    return a.Labels(
        owners=[a.Label(name=name, datasets=count) for name, count in found.owners],
        tags=[a.Label(name=name, datasets=count) for name, count in found.tags],
    )


@router.get("/datasets/{dataset_id:path}/freshness")
def get_freshness(
    snapshot: CurrentSnapshot,
    dataset_id: Text,
    days: Annotated[
        float, Query(gt=0, le=3660, description="How far back, in days.", allow_inf_nan=False)
    ] = 30,
    limit: Limit = 500,
) -> a.Freshness:
    """When a dataset was written, how often it usually is, and when it was late."""
    return freshness.answer(snapshot, _find(snapshot, dataset_id), days, limit)


@router.get("/datasets/{dataset_id:path}")
def get_dataset(snapshot: SnapshotAsOf, dataset_id: Text) -> a.DatasetDetail:
    """
    One dataset, by its id or by NAMESPACE:NAME, with any of its names.

    Its facets are as they were last sent.
    """
    return _detail(snapshot, _find(snapshot, dataset_id))


@router.get("/schemas")
def list_schemas(
    snapshot: CurrentSnapshot,
    node: Annotated[
        list[Text],
        Query(
            description=f"`dataset:NAMESPACE:NAME`, up to {MOST_SCHEMAS} of them.",
            min_length=1,
            max_length=MOST_SCHEMAS,
        ),
    ],
) -> a.Schemas:
    """The columns that datasets have now, by any of their names."""
    found = {each: find_asset(snapshot, each.removeprefix("dataset:")) for each in node}
    known = {each: asset for each, asset in found.items() if asset is not None}
    schemas = schema_history.present(snapshot, members_of(known.values()))
    return a.Schemas(
        items=[
            a.SchemaOf(
                asked=each,
                dataset=render.dataset_ref(asset),
                columns=[_schema_field(item) for item in schemas[asset.id].fields],
                whole=schemas[asset.id].is_whole,
            )
            for each, asset in known.items()
            if asset.id in schemas
        ]
    )


@router.get("/changes")
def list_changes(
    snapshot: CurrentSnapshot, limit: Limit = 50, cursor: Cursor = None
) -> Page[a.Change]:
    """Schemas that changed, newest first; the first schema of a dataset is no change."""
    after = read_cursor(cursor, int, int)
    found = schema_history.changes(snapshot, limit + 1, after)
    listed, following = page(found, limit, lambda change: change[:2])
    shown = [version for _, _, version in listed]
    assets = assets_by_id(snapshot, (version.asset_id for version in shown))
    runs = runs_by_alias(snapshot, (version.first_run for version in shown))
    changes = [
        a.Change(
            dataset=render.dataset_ref(assets[version.asset_id]),
            version=schema_version(version, runs),
        )
        for version in shown
    ]
    return Page(items=changes, next=following)


def _find(snapshot: Snapshot, text: str) -> Asset:
    asset = find_asset(snapshot, text)
    if asset is None:
        raise NotFound(
            f"no dataset is known as {text!r}; give the `id` of a dataset, or NAMESPACE:NAME"
        )
    return asset


def items(snapshot: Snapshot, assets: Sequence[Asset]) -> list[a.DatasetItem]:
    """Datasets as lists show them, in the order given."""
    members = members_of(assets)
    facets = f.of(snapshot, members, f.LISTED)
    columns = schema_history.columns(snapshot, members)
    writers = lineage.writers_of(snapshot, assets)
    newest = history.states(snapshot, (job for jobs in writers.values() for job in jobs))
    last = last_writers(snapshot, assets, writers)
    jobs = jobs_by_id(snapshot, last.values())
    personal = personal_of(snapshot, assets)
    return [
        a.DatasetItem(
            **_item_fields(
                asset,
                facets.get(asset.id, {}),
                columns.get(asset.id, 0),
                jobs.get(last.get(asset.id, 0)),
                standing.state_of(asset, writers.get(asset.id, ()), newest),
                personal.of(asset.id),
            ),
            stale=presence.is_stale(snapshot, asset.last_at, facets.get(asset.id, {})),
        )
        for asset in assets
    ]


def members_of(assets: Iterable[Asset]) -> dict[int, int]:
    """The asset of each of its names: {dataset id: asset id}."""
    return {member: asset.id for asset in assets for member in asset.members}


def last_writers(
    snapshot: Snapshot, assets: Iterable[Asset], writers: dict[int, list[int]]
) -> dict[int, int]:
    """
    The job that wrote each asset last: that of its newest successful run, or, before there was
    one, the writer that was seen last. {asset id: job id}
    """
    listed = list(assets)
    runs = runs_by_id(snapshot, (asset.written_by for asset in listed))
    found = {}
    for asset in listed:
        run = runs.get(asset.written_by or 0)
        known = writers.get(asset.id, [])
        # What a query wrote counts for the task that ran it: the run's job may be no writer.
        if run is not None and (run.job_id in known or not known):
            found[asset.id] = int(run.job_id)
        elif known:
            found[asset.id] = known[0]
    return found


def _item_fields(
    asset: Asset,
    facets: f.Facets,
    columns: int,
    writer: Row | None,
    state: str | None,
    personal: PersonalColumns,
) -> Json:
    return {
        **render.dataset_ref_fields(asset),
        "platform": platform(asset.namespace),
        "description": f.description(facets),
        "owners": render.owners(facets),
        "tags": render.tags(facets),
        **render.personal(personal),
        "columns": columns,
        "written_by": render.job_ref(writer) if writer is not None else None,
        "state": state,
        "first_at": render.when(asset.first_at),
        "last_at": render.when(asset.last_at),
        "dropped_at": render.when(asset.dropped_at),
    }


def _detail(snapshot: Snapshot, asset: Asset) -> a.DatasetDetail:
    members = members_of([asset])
    facets = f.of(snapshot, members).get(asset.id, {})
    versions = schema_history.versions(snapshot, members).get(asset.id, [])
    digest, body = schema_history.newest(snapshot, members).get(asset.id, (b"", b"[]"))
    current = next((version for version in versions if version.digest == digest), None)
    fields = current.fields if current is not None else ()
    columns = len(schema_history.read_fields(body))
    writers = lineage.writers_of(snapshot, [asset])
    writing = writers.get(asset.id, [])
    reading = [
        job for jobs in jobs_at(snapshot, asset.members, writing=False).values() for job in jobs
    ]
    jobs = jobs_by_id(snapshot, [*writing, *reading])
    newest = history.states(snapshot, writing)
    last = last_writers(snapshot, [asset], writers).get(asset.id, 0)
    brought = runs_by_alias(snapshot, (version.first_run for version in versions))
    personal = personal_of(snapshot, [asset], unknown=True).of(asset.id)
    return a.DatasetDetail(
        **_item_fields(
            asset,
            facets,
            columns,
            jobs.get(last) or jobs_by_id(snapshot, [last]).get(last),
            standing.state_of(asset, writing, newest),
            personal,
        ),
        stale=presence.is_stale(snapshot, asset.last_at, facets),
        names=[
            nouns.JobName(namespace=namespace, name=name)
            for namespace, name in names_of_asset(snapshot, asset)
        ],
        schema_fields=_columns(snapshot, asset, fields, facets, personal),
        versions=[schema_version(version, brought) for version in reversed(versions)],
        written_by_runs=[
            render.run(row) for row in history.runs_that_wrote(snapshot, asset.members, RUNS)
        ],
        assertions=quality.answers(snapshot, checks.of_datasets(snapshot, asset.members)),
        quality=_quality(checks.of_asset(snapshot, asset)),
        readers=render.job_refs(jobs, reading),
        writers=render.job_refs(jobs, writing),
        personal_unknown=personal.is_unknown,
        url=_address(facets),
        facets=facets,
    )


def _address(facets: f.Facets) -> str | None:
    """Where people look at it, where its source says an address that browsers open."""
    uri = f.text(facets, "dataSource", "uri")
    return uri if uri and uri.startswith(("https://", "http://")) else None


def _columns(
    snapshot: Snapshot,
    asset: Asset,
    fields: Sequence[schema_history.Field],
    facets: f.Facets,
    personal: PersonalColumns,
) -> list[a.Column]:
    """The columns of the schema, and those that column lineage names though it does not."""

    def key(column: str) -> str:
        return column_key(asset.namespace, column)

    in_schema = {key(each.name) for each in fields}
    others = [name for name in c.named(snapshot, asset) if key(name) not in in_schema]
    known = [*fields, *(schema_history.Field(name) for name in others)]
    origins = _origins(snapshot, asset)
    return [
        a.Column(
            name=item.name,
            type=item.type,
            description=item.description,
            tags=render.column_tags(facets, asset, item.name),
            origins=origins.get(key(item.name), []),
            personal=personal.kind(item.name) == "tagged",
            personal_kind=personal.kind(item.name),
            known_by="schema" if key(item.name) in in_schema else "lineage",
        )
        for item in known
    ]


def _origins(snapshot: Snapshot, asset: Asset) -> dict[str, list[a.ColumnOrigin]]:
    """Where each column comes from, by the column's name as the engine folds it."""
    origins = c.origins(snapshot, asset)
    sources = assets_by_id(snapshot, (each.source_id for each in origins))
    jobs = jobs_by_id(snapshot, (each.job_id for each in origins))
    found: dict[str, list[a.ColumnOrigin]] = {}
    for each in origins:
        if each.source_id in sources:
            origin = a.ColumnOrigin(
                dataset=render.dataset_ref(sources[each.source_id]),
                column=each.source_column,
                transformations=list(each.transformations),
                job=render.job_ref(jobs[each.job_id]) if each.job_id in jobs else None,
            )
            found.setdefault(column_key(asset.namespace, each.column), []).append(origin)
    return found


def schema_version(version: schema_history.Version, runs: dict[int, Row]) -> a.SchemaVersion:
    return a.SchemaVersion(
        version=version.number,
        first_at=render.when(version.first_at),
        last_at=render.when(version.last_at),
        run=render.run_or_none(runs, version.first_run),
        fields=[_schema_field(item) for item in version.fields],
        changes=[render.schema_change(change) for change in version.changes],
    )


def _quality(found: checks.Quality) -> a.Quality:
    return a.Quality(
        score=found.score.value,
        text=found.score.text,
        failed_checks=found.checks.text if found.checks is not None else None,
        row_count=found.rows.text if found.rows is not None else None,
    )


def _schema_field(item: schema_history.Field) -> a.SchemaField:
    return a.SchemaField(name=item.name, type=item.type, description=item.description)
