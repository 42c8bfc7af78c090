"""Where personal data is, in the whole catalog: over REST, and as CSV for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Annotated

from fastapi import APIRouter, Query, Response

from fairlead_bridge import inbox
from fairlead_bridge.db.engine import writing
from fairlead_bridge.declaring import confirm, store
from fairlead_bridge.declaring.nouns import Ref
from fairlead_bridge.errors import NotFound
from fairlead_bridge.queries import columns, personal, suggestions
from fairlead_bridge.queries import facets as f
from fairlead_bridge.queries.assets import Asset, assets_by_id, find_asset, page_of_datasets
from fairlead_bridge.queries.columns import WHOLE
from fairlead_bridge.queries.filters import AssetFilter
from fairlead_bridge.queries.snapshot import Snapshot
from fairlead_bridge.web import render
from fairlead_bridge.web.base import Page
from fairlead_bridge.web.datasets.routes import members_of
from fairlead_bridge.web.dependencies import CurrentCatalog
from fairlead_bridge.web.needs import CalledBy, CallerScope, needs
from fairlead_bridge.web.paging import Cursor, Limit, page, read_cursor
from fairlead_bridge.web.parameters import Text
from fairlead_bridge.web.personal import answers as a
from fairlead_bridge.web.snapshots import CurrentSnapshot

CSV = "text/csv"
_HEADER = ("namespace", "dataset", "column", "kind", "tags", "owners", "source")

Classification = Annotated[
    Text | None,
    Query(description="Only what tags with this key or value call so, and where it comes to."),
]
OwnedBy = Annotated[Text | None, Query(description="Only in datasets of this owner.")]


router = APIRouter(tags=["datasets"], dependencies=[needs("viewer")])


@router.get("/personal-data/suggestions")
def list_suggestions(
    snapshot: CurrentSnapshot,
    namespace: Annotated[Text | None, Query(description="Only in datasets there.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[a.SuggestedColumn]:
    """
    Columns whose names suggest personal data, of which nothing is said yet, by dataset.

    A page is about `limit` datasets, and may list more columns than that, or none.
    """
    after = read_cursor(cursor, str, str)
    found = page_of_datasets(snapshot, AssetFilter(namespace), limit + 1, after)
    shown, following = page(found, limit, lambda asset: (asset.namespace, asset.name))
    return Page(
        items=[
            a.SuggestedColumn(
                dataset=render.dataset_ref(each.asset),
                column=each.column,
                type=each.type,
                tag=each.tag,
                kind=each.kind,
            )
            for each in suggestions.of(snapshot, shown)
        ],
        next=following,
    )


@router.get("/personal-data")
def list_personal_data(
    snapshot: CurrentSnapshot,
    classification: Classification = None,
    owner: OwnedBy = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[a.PersonalColumn]:
    """
    Columns with personal data: those that tags name, those that column lineage brings it to, and the
    datasets that it may come to through readers of which no columns are known.

    By dataset and column. `total` counts those of all pages.
    """
    after = read_cursor(cursor, str, str, str)
    found = list(_columns(snapshot, classification, owner))
    rest = [each for each in found if after is None or _place(each) > tuple(after)]
    shown, following = page(rest, limit, _place)
    return Page(items=list(shown), next=following, total=len(found))


@router.get("/personal-data.csv", response_class=Response, responses={200: {"content": {CSV: {}}}})
def export_personal_data(
    snapshot: CurrentSnapshot, classification: Classification = None, owner: OwnedBy = None
) -> Response:
    """The same list, whole, as CSV with a header line."""
    text = _csv(_columns(snapshot, classification, owner))
    headers = {"Content-Disposition": 'attachment; filename="personal-data.csv"'}
    return Response(text, media_type=CSV, headers=headers)


@router.post("/personal-data/confirmations", dependencies=[needs("editor")])
def confirm_personal_data(
    body: a.Confirmation, catalog: CurrentCatalog, caller: CalledBy, scope: CallerScope
) -> a.Confirmed:
    """
    Say of a column that it has personal data, or that it has none, though its name suggests it.

    It is stored as an event and stays the person's: what files and runs say does not replace it.
    """
    with catalog.open(scope) as snapshot:
        asset = find_asset(snapshot, body.dataset.removeprefix("dataset:"))
        if asset is None:
            raise NotFound(f"there is no dataset {body.dataset!r}")
        column = columns.find(snapshot, asset, body.column)
    ref = Ref("dataset", asset.namespace, asset.name)
    now = catalog.clock()
    event = confirm.event(
        ref, column, body.tag, caller.name, render.when(now), is_personal=body.personal
    )
    with writing(catalog.engine) as tx:
        inbox.put(tx, [event], store.SOURCE, now)
    return a.Confirmed(
        dataset=render.dataset_ref(asset),
        column=column,
        personal=body.personal,
        tag=body.tag,
        by=caller.name,
    )


def _place(item: a.PersonalColumn) -> tuple[str, str, str]:
    return item.dataset.namespace, item.dataset.name, item.column


def _columns(
    snapshot: Snapshot, classification: str | None, owner: str | None
) -> Iterator[a.PersonalColumn]:
    spread = personal.everywhere(snapshot, classification, unknown=True)
    assets = {each.id: each for each in assets_by_id(snapshot, spread.assets).values()}
    found = assets_by_id(snapshot, (source for source, _ in spread.unknown.values()))
    sources = {each.id: each for each in found.values()}
    facets = f.of(snapshot, members_of(assets.values()), f.LISTED)
    for asset in sorted(assets.values(), key=lambda each: (each.namespace, each.name)):
        own = facets.get(asset.id, {})
        if owner is None or owner in (name for name, _ in f.owners(own)):
            came = spread.unknown.get(asset.id, (0, 0))[0]
            yield from _of_asset(asset, spread.of(asset.id), own, sources.get(came))


def _of_asset(
    asset: Asset, columns: personal.Columns, facets: f.Facets, source: Asset | None
) -> Iterator[a.PersonalColumn]:
    kinds: dict[str, personal.KindOfAny] = dict.fromkeys(columns.masked, "masked")
    kinds |= dict.fromkeys(columns.reached, "reached")
    kinds |= dict.fromkeys(columns.tagged, "tagged")
    if columns.is_unknown:
        kinds.setdefault(WHOLE, "unknown")
    for column in sorted(kinds):
        yield a.PersonalColumn(
            dataset=render.dataset_ref(asset),
            column=column,
            kind=kinds[column],
            tags=render.column_tags(facets, asset, column),
            owners=render.owners(facets),
            source=render.dataset_ref(source)
            if source is not None and kinds[column] == "unknown"
            else None,
        )


def _csv(items: Iterable[a.PersonalColumn]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEADER)
    for item in items:
        tags = [f"{tag.key}={tag.value}" if tag.value else tag.key for tag in item.tags]
        owners = ", ".join(owner.name for owner in item.owners)
        source = item.source.node if item.source is not None else ""
        cells = (*_place(item), item.kind, ", ".join(tags), owners, source)
        writer.writerow([_plain(cell) for cell in cells])
    return text.getvalue()


def _plain(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
