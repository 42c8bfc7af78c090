"""Datasets with all of their names: lists by page, and assets by ids and names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.queries import labels
from fairlead_bridge.queries.filters import AssetFilter, contains, named, page, places
from fairlead_bridge.queries.names import namespaces, platform, public_id, readings, words
from fairlead_bridge.queries.snapshot import NOW, Select, Snapshot, among

#: Ways to take NAMESPACE:NAME apart, and namespaces, in which another spelling is looked for.
_WAYS_TO_READ, _PLACES_TO_TRY = 20, 500


@dataclass(frozen=True, slots=True)
class Asset:
    """A dataset with all that is known under each of its names."""

    id: int
    namespace: str
    name: str
    kind: str | None
    first_at: int
    last_at: int
    written_at: int | None
    written_by: int | None  # run
    dropped_at: int | None
    members: tuple[int, ...]  # ids of its names, its own first


def page_of_datasets(
    snapshot: Snapshot, wanted: AssetFilter, limit: int, after: tuple[str, str] | None = None
) -> list[Asset]:
    """
    Assets by namespace and name; `after` is (namespace, name) of the last one seen.

    `name` and `q` find an asset by any of its names, `namespace` alone by the one it is shown
    under.
    """
    statement = _wanted_datasets(snapshot, wanted)
    order = [row.id for row in snapshot.rows(page(t.dataset, statement, limit, after))]
    found_assets = assets_by_id(snapshot, order)
    return [found_assets[id] for id in order]


def count_datasets(snapshot: Snapshot, wanted: AssetFilter) -> int:
    """How many assets `page_of_datasets` lists on all pages together."""
    every = _wanted_datasets(snapshot, wanted).subquery()
    return int(snapshot.rows(sa.select(sa.func.count()).select_from(every))[0][0])


def _wanted_datasets(snapshot: Snapshot, wanted: AssetFilter) -> Select:
    canonical = t.dataset.c.id == t.dataset.c.asset_id
    statement = sa.select(t.dataset.c.id).where(canonical)
    if snapshot.past:
        statement = statement.where(t.dataset.c.first_at <= NOW)
    if wanted.kind is not None:
        statement = statement.where(t.dataset.c.kind == wanted.kind)
    if wanted.name is not None:
        statement = statement.where(t.dataset.c.id.in_(_assets_named(snapshot, wanted)))
    elif wanted.namespace is not None:
        statement = statement.where(t.dataset.c.namespace == wanted.namespace)
    if wanted.platform is not None:
        known = namespaces(snapshot, t.dataset)
        places_of_it = [place for place in known if platform(place) == wanted.platform]
        statement = statement.where(t.dataset.c.namespace.in_(places_of_it))
    statement = statement.where(labels.assets(snapshot, wanted.owner, wanted.tag))
    if found := words(wanted.q):
        aliases = sa.select(_other.c.asset_id).where(
            _other.c.id != _other.c.asset_id, *(contains(_other, word) for word in found)
        )
        statement = statement.where(
            sa.or_(
                sa.and_(*(contains(t.dataset, word) for word in found)),
                t.dataset.c.id.in_(aliases),
            )
        )
    return statement


_name, _member, _other = (t.dataset.alias(word) for word in ("name", "member", "other"))


def _members(*, past: bool) -> Select:
    """All names of the assets of some datasets, with their freshness as it is or as it was."""
    freshness: tuple[sa.ColumnElement[Any], ...] = (
        _member.c.written_at,
        _member.c.written_by,
        sa.null().label("updated_at"),  # `written_at` has it
    )
    if past:
        written = t.run_dataset.c
        before = (
            sa.select(written.written_at)
            .where(written.dataset_id == _member.c.id, written.written_at <= NOW)
            .order_by(written.written_at.desc(), written.run_id)
            .limit(1)
        )
        by = before.with_only_columns(written.run_id).scalar_subquery()
        updated = sa.select(sa.func.max(t.observation.c.at)).where(
            t.observation.c.owner_id == _member.c.id,
            t.observation.c.kind == "updated",
            t.observation.c.at <= NOW,
        )
        freshness = (
            before.scalar_subquery().label("written_at"),
            by.label("written_by"),
            updated.scalar_subquery().label("updated_at"),
        )
    columns = _member.c[
        "id", "asset_id", "namespace", "name", "kind", "first_at", "last_at", "dropped_at"
    ]
    return (
        sa.select(_name.c.id.label("asked"), *columns, *freshness)
        .join_from(_name, _member, _member.c.asset_id == _name.c.asset_id)
        .where(among(_name.c.id))
    )


_MEMBERS = {past: _members(past=past) for past in (False, True)}


def assets_by_id(snapshot: Snapshot, dataset_ids: Iterable[int | None]) -> dict[int, Asset]:
    """The asset of each dataset id, be it the asset's own or one of its other names'."""
    wanted = {id for id in dataset_ids if id is not None}
    asked: dict[int, dict[int, Any]] = {}
    for row in snapshot.each(_MEMBERS[snapshot.past], wanted):
        asked.setdefault(row.asked, {})[row.id] = row
    folded: dict[int, Asset] = {}
    answer = {}
    for id, members in asked.items():
        asset_id = next(iter(members.values())).asset_id
        if asset_id not in folded:
            folded[asset_id] = _fold(asset_id, list(members.values()))
        answer[id] = folded[asset_id]
    return answer


def _fold(asset_id: int, members: Sequence[Any]) -> Asset:
    own = next((row for row in members if row.id == asset_id), members[0])
    written_at, _, written_by = max(
        (each for row in members for each in _writes(row)), default=(None, 0, None)
    )
    dropped_at = max(
        (row.dropped_at for row in members if row.dropped_at is not None), default=None
    )
    if dropped_at is not None and written_at is not None and written_at > dropped_at:
        dropped_at = None
    newest_first = sorted(members, key=lambda row: (row.last_at, row.id), reverse=True)
    kinds = [row.kind for row in (own, *newest_first) if row.kind]
    return Asset(
        id=asset_id,
        namespace=own.namespace,
        name=own.name,
        kind=kinds[0] if kinds else None,
        first_at=min(row.first_at for row in members),
        last_at=max(row.last_at for row in members),
        written_at=written_at,
        written_by=written_by,
        dropped_at=dropped_at,
        members=(own.id, *sorted(row.id for row in members if row.id != own.id)),
    )


def _writes(row: Any) -> Iterator[tuple[int, int, int | None]]:
    """(time, id of the name, run) of the last write by a run, and of the last that the store reports."""
    if row.written_at is not None:
        yield row.written_at, row.id, row.written_by
    if row.updated_at is not None and row.updated_at > (row.written_at or 0):
        yield row.updated_at, row.id, None


_OWN_NAMES = sa.select(t.dataset.c.namespace, t.dataset.c.name).where(among(t.dataset.c.id))
_PRODUCERS_NAMES = sa.select(t.dataset_name.c.namespace, t.dataset_name.c.name).where(
    among(t.dataset_name.c.dataset_id)
)


def names_of_asset(snapshot: Snapshot, asset: Asset) -> list[tuple[str, str]]:
    """Every name that producers use for the asset, the one it is shown under first."""
    own = {tuple(row) for row in snapshot.each(_OWN_NAMES, asset.members)}
    producers_names = {tuple(row) for row in snapshot.each(_PRODUCERS_NAMES, asset.members)}
    shown = (asset.namespace, asset.name)
    return [shown, *sorted({*own, *producers_names} - {shown})]


def _ends(*, writing: bool, past: bool) -> Select:
    dataset, job = (t.edge.c.dst, t.edge.c.src) if writing else (t.edge.c.src, t.edge.c.dst)
    statement = sa.select(dataset.label("dataset"), job.label("job"), t.edge.c.last_at)
    statement = statement.where(t.edge.c.kind == "data", among(dataset))
    return statement.where(t.edge.c.first_at <= NOW) if past else statement


_JOBS_AT = {
    (writing, past): _ends(writing=writing, past=past)
    for writing in (False, True)
    for past in (False, True)
}


def jobs_at(snapshot: Snapshot, members: Iterable[int], *, writing: bool) -> dict[int, list[int]]:
    """Ids of the jobs that write (or read) each dataset row, those seen last first."""
    found: dict[int, list[tuple[int, int]]] = {}
    for row in snapshot.each(_JOBS_AT[writing, snapshot.past], members):
        found.setdefault(row.dataset, []).append((-row.last_at, row.job))
    return {dataset: [job for _, job in sorted(jobs)] for dataset, jobs in found.items()}


def datasets_at(snapshot: Snapshot, job_ids: Iterable[int], *, written: bool) -> list[int]:
    """Ids of the datasets that some jobs write (or read)."""
    job, dataset = (t.edge.c.src, t.edge.c.dst) if written else (t.edge.c.dst, t.edge.c.src)
    statement = sa.select(dataset.label("dataset")).where(among(job), t.edge.c.kind == "data")
    if snapshot.past:
        statement = statement.where(t.edge.c.first_at <= NOW)
    return list(dict.fromkeys(row.dataset for row in snapshot.each(statement, job_ids)))


def find_asset(snapshot: Snapshot, text: str) -> Asset | None:
    """A dataset by its public id or by NAMESPACE:NAME."""
    number = public_id(text)
    found = assets_by_id(snapshot, [number]).get(number) if number is not None else None
    if found is None and (id := _dataset_at_name(snapshot, readings(text))) is not None:
        found = assets_by_id(snapshot, [id])[id]
    if found is None:
        spelled = [snapshot.identify(*each) for each in readings(text)[:_WAYS_TO_READ]]
        known = assets_by_id(snapshot, spelled)
        found = next((known[id] for id in spelled if id in known), None)
    return found


def _dataset_at_name(snapshot: Snapshot, names: Sequence[tuple[str, str]]) -> int | None:
    """The first of these names that a dataset has, be it one that only producers use."""
    for table, id in ((t.dataset, t.dataset.c.id), (t.dataset_name, t.dataset_name.c.dataset_id)):
        key = sa.tuple_(table.c.namespace, table.c.name)
        statement = sa.select(table.c.namespace, table.c.name, id.label("id")).where(among(key))
        found = {(row.namespace, row.name): row.id for row in snapshot.each(statement, names)}
        for name in names:
            if name in found:
                return int(found[name])
    return None


def _assets_named(snapshot: Snapshot, wanted: AssetFilter) -> list[int]:
    found: set[int] = set()
    for table, id in ((t.dataset, t.dataset.c.id), (t.dataset_name, t.dataset_name.c.dataset_id)):
        statement = sa.select(id.label("id")).where(named(snapshot, table, wanted))
        found.update(row.id for row in snapshot.rows(statement))
    if not found and wanted.name is not None:
        tried = places(snapshot, t.dataset, wanted)[:_PLACES_TO_TRY]
        meant = (snapshot.identify(each, wanted.name) for each in tried)
        found.update(dataset for dataset in meant if dataset is not None)
    return sorted({asset.id for asset in assets_by_id(snapshot, found).values()})
