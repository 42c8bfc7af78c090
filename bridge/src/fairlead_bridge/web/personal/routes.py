"""Where personal data is, in the whole catalog: over REST, and as CSV for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Annotated

from fastapi import APIRouter, Query, Response

from fairlead_bridge.queries import facets as f
from fairlead_bridge.queries import personal
from fairlead_bridge.queries.assets import Asset, assets_by_id
from fairlead_bridge.queries.snapshot import Snapshot
from fairlead_bridge.web import render
from fairlead_bridge.web.base import Page
from fairlead_bridge.web.datasets.routes import members_of
from fairlead_bridge.web.needs import needs
from fairlead_bridge.web.paging import Cursor, Limit, page, read_cursor
from fairlead_bridge.web.parameters import Text
from fairlead_bridge.web.personal import answers as a
from fairlead_bridge.web.snapshots import CurrentSnapshot

CSV = "text/csv"
_HEADER = ("namespace", "dataset", "column", "kind", "tags", "owners")

Classification = Annotated[
    Text | None,
    Query(description="Only what tags with this key or value call so, and where it comes to."),
]
OwnedBy = Annotated[Text | None, Query(description="Only in datasets of this owner.")]


router = APIRouter(tags=["datasets"], dependencies=[needs("viewer")])


@router.get("/personal-data")
def list_personal_data(
    snapshot: CurrentSnapshot,
    classification: Classification = None,
    owner: OwnedBy = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[a.PersonalColumn]:
    """
    Columns with personal data: those that tags name, and those that column lineage brings it to.

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


def _place(item: a.PersonalColumn) -> tuple[str, str, str]:
    return item.dataset.namespace, item.dataset.name, item.column


def _columns(
    snapshot: Snapshot, classification: str | None, owner: str | None
) -> Iterator[a.PersonalColumn]:
    spread = personal.everywhere(snapshot, classification)
    assets = {each.id: each for each in assets_by_id(snapshot, spread.assets).values()}
    facets = f.of(snapshot, members_of(assets.values()), f.LISTED)
    for asset in sorted(assets.values(), key=lambda each: (each.namespace, each.name)):
        own = facets.get(asset.id, {})
        if owner is None or owner in (name for name, _ in f.owners(own)):
            yield from _of_asset(asset, spread.of(asset.id), own)


def _of_asset(
    asset: Asset, columns: personal.Columns, facets: f.Facets
) -> Iterator[a.PersonalColumn]:
    kinds: dict[str, personal.Kind] = dict.fromkeys(columns.masked, "masked")
    kinds |= dict.fromkeys(columns.reached, "reached")
    kinds |= dict.fromkeys(columns.tagged, "tagged")
    for column in sorted(kinds):
        yield a.PersonalColumn(
            dataset=render.dataset_ref(asset),
            column=column,
            kind=kinds[column],
            tags=render.column_tags(facets, asset, column),
            owners=render.owners(facets),
        )


def _csv(items: Iterable[a.PersonalColumn]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEADER)
    for item in items:
        tags = [f"{tag.key}={tag.value}" if tag.value else tag.key for tag in item.tags]
        cells = (*_place(item), item.kind, ", ".join(tags), ", ".join(o.name for o in item.owners))
        writer.writerow([_plain(cell) for cell in cells])
    return text.getvalue()


def _plain(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
