"""How reliable datasets, DAGs and owners were: `/reliability`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator

from fairlead_bridge.insight.reliability import Record, mean_seconds, share
from fairlead_bridge.queries import labels, reliability
from fairlead_bridge.queries.assets import Asset, assets_by_id, page_of_datasets
from fairlead_bridge.queries.filters import AssetFilter
from fairlead_bridge.queries.jobs import page_of_jobs
from fairlead_bridge.queries.snapshot import Row, Snapshot
from fairlead_bridge.web import render
from fairlead_bridge.web.needs import needs
from fairlead_bridge.web.paging import Cursor, read_cursor, write_cursor
from fairlead_bridge.web.reliability import answers as a
from fairlead_bridge.web.snapshots import SnapshotAsOf

#: Items of a page, and datasets that are counted of one owner.
MOST, OF_OWNER = 200, 200
_DAY = 86_400 * 1_000_000

Days = Annotated[float, Query(gt=0, le=366, description="Days before now, or before `as_of`.")]
Items = Annotated[
    int,
    Query(description=f"Items on the page: 1 to {MOST}; more is taken for {MOST}."),
    AfterValidator(lambda limit: min(max(limit, 1), MOST)),
]
_Key = tuple[str, str]
_Page = tuple[list[a.ReliabilityItem], _Key | None]


router = APIRouter(tags=["incidents"], dependencies=[needs("viewer")])


@router.get("/reliability")
def get_reliability(
    snapshot: SnapshotAsOf,
    by: a.ReliabilityBy = "dataset",
    days: Days = 30,
    limit: Items = 50,
    cursor: Cursor = None,
) -> a.Reliability:
    """
    Promises kept, runs that succeeded, and incidents with the times to detect and to resolve
    them, by name. What is expected now is what the past is measured by.
    """
    after = read_cursor(cursor, str, str)
    since = snapshot.now - round(days * _DAY)
    items, last = _PAGES[by](snapshot, since, limit, after)
    until = snapshot.now
    return a.Reliability(
        since=render.when(since),
        until=render.when(until),
        by=by,
        items=items,
        next=write_cursor(*last) if last is not None else None,
    )


def _datasets(snapshot: Snapshot, since: int, limit: int, after: _Key | None) -> _Page:
    page = page_of_datasets(snapshot, AssetFilter(), limit + 1, after)
    records = reliability.of_datasets(snapshot, page[:limit], since)
    items = [
        _item(render.dataset_node(each.namespace, each.name), each.name, records[each.id])
        for each in page[:limit]
    ]
    return items, _cursor_key(page, limit)


def _dags(snapshot: Snapshot, since: int, limit: int, after: _Key | None) -> _Page:
    page = page_of_jobs(snapshot, AssetFilter(kind="dag"), limit + 1, after)
    records = reliability.of_dags(snapshot, page[:limit], since)
    items = [
        _item(render.job_node(each.namespace, each.name), render.job_label(each), *records[each.id])
        for each in page[:limit]
    ]
    return items, _cursor_key(page, limit)


def _owners(snapshot: Snapshot, since: int, limit: int, after: _Key | None) -> _Page:
    names = sorted(name for name, _ in labels.labels(snapshot).owners)
    left = [name for name in names if after is None or name > after[1]]
    ids = labels.owned(snapshot, set(left[:limit]))
    assets = assets_by_id(snapshot, {id for each in ids.values() for id in each})
    groups: dict[str, list[Asset]] = {}
    for name in left[:limit]:
        own = sorted((assets[id] for id in ids[name] if id in assets), key=_name)
        groups[name] = own[:OF_OWNER]
    records = reliability.of_groups(snapshot, groups, since)
    items = [
        _item(name, name, records[name], len(group), len(ids[name]) - len(group))
        for name, group in groups.items()
    ]
    return items, ("", left[limit - 1]) if left[limit:] else None


def _name(asset: Asset) -> _Key:
    return asset.namespace, asset.name


_PAGES = {"dataset": _datasets, "dag": _dags, "owner": _owners}


def _cursor_key(page: Sequence[Asset | Row], limit: int) -> _Key | None:
    """The last one that the page shows, where there is a following page."""
    return (page[limit - 1].namespace, page[limit - 1].name) if page[limit:] else None


def _item(
    name: str, label: str, record: Record, datasets: int = 1, left_out: int = 0
) -> a.ReliabilityItem:
    return a.ReliabilityItem(
        name=name,
        label=label,
        promises=record.promises,
        kept=record.met,
        kept_share=share(record.met, record.promises),
        runs=record.runs,
        succeeded=record.succeeded,
        success_share=share(record.succeeded, record.runs),
        incidents=record.incidents,
        time_to_detect=mean_seconds(record.detected_after),
        time_to_resolve=mean_seconds(record.resolved_after),
        datasets=datasets,
        datasets_left_out=left_out,
    )
