"""Datasets as entries: one for each asset, whatever its names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fairlead_bridge import ids
from fairlead_bridge.db import tables as t
from fairlead_bridge.entries import (
    AssertionResult,
    Column,
    DatasetEntry,
    DatasetRef,
    Outlook,
    RunEntry,
)
from fairlead_bridge.model import Name
from fairlead_bridge.queries import facets, outlooks, quality, schema_history
from fairlead_bridge.queries.entry.refs import Row, dataset_ref, owners, tags
from fairlead_bridge.queries.entry.runs import runs
from fairlead_bridge.queries.snapshot import Snapshot


def datasets(snapshot: Snapshot, wanted: Collection[int]) -> Iterator[DatasetEntry]:
    if not wanted:
        return
    asked = {row.id: row.asset_id for row in snapshot.where(t.dataset.c.id, wanted)}
    members = list(snapshot.where(t.dataset.c.asset_id, asked.values()))
    of_asset: dict[int, list[Row]] = defaultdict(list)
    for row in members:
        of_asset[row.asset_id].append(row)
    read = _read(snapshot, members)
    for dataset, asset in asked.items():
        yield _entry(read, dataset, asset, of_asset[asset])


@dataclass(frozen=True, slots=True)
class _Read:
    """What is known of the assets, each by its id; of writers by the id of the run."""

    facets: Mapping[int, facets.Facets]
    other_names: Mapping[int, Collection[DatasetRef]]
    schemas: Mapping[int, tuple[Column, ...]]
    checks: Mapping[int, tuple[AssertionResult, ...]]
    outlooks: Mapping[int, Outlook]
    writers: Mapping[int, RunEntry]


def _read(snapshot: Snapshot, members: Collection[Row]) -> _Read:
    owner = {row.id: row.asset_id for row in members}
    written_by = {row.written_by for row in members if row.written_by is not None}
    return _Read(
        facets.of(snapshot, owner),
        _other_names(snapshot, owner),
        _schemas(snapshot, owner),
        _checks(snapshot, owner),
        outlooks.of_assets(snapshot, owner.values()),
        {entry.name.id: entry for entry in runs(snapshot, written_by, whole=False)},
    )


def _entry(read: _Read, dataset: int, asset: int, rows: Sequence[Row]) -> DatasetEntry:
    main = next((row for row in rows if row.id == asset), rows[0])
    newest = max(rows, key=lambda row: (row.written_at or -1, row.id))
    own = read.facets.get(asset, {})
    names = {dataset_ref(main), *map(dataset_ref, rows), *read.other_names.get(asset, ())}
    return DatasetEntry(
        name=Name("dataset", dataset),
        dataset=dataset_ref(main),
        names=tuple(sorted(names, key=lambda item: (item.namespace, item.name))),
        description=facets.description(own),
        owners=owners(own),
        tags=tags(own),
        columns=read.schemas.get(asset, ()),
        written_at=newest.written_at,
        written_by=read.writers.get(newest.written_by),
        dropped_at=max((row.dropped_at or 0 for row in rows), default=0) or None,
        assertions=read.checks.get(asset, ()),
        outlook=read.outlooks.get(asset),
    )


def _checks(snapshot: Snapshot, owner: Mapping[int, int]) -> dict[int, tuple[AssertionResult, ...]]:
    """The checks of each asset; of one that is known under several of its names the newest."""
    made = quality.with_runs(snapshot, quality.of_datasets(snapshot, owner))
    found: dict[int, dict[tuple[str, str], AssertionResult]] = defaultdict(dict)
    for row, run in sorted(made, key=lambda each: (each[0].at, each[0].dataset_id)):
        result = _assertion(row, run)
        found[owner[row.dataset_id]][result.name, result.column or ""] = result
    return {asset: tuple(each[key] for key in sorted(each)) for asset, each in found.items()}


def _assertion(row: Row, run: Row | None) -> AssertionResult:
    more = quality.body(row)
    return AssertionResult(
        name=row.name,
        is_passed=bool(row.success),
        at=row.at,
        column=row.column_name or None,
        severity=row.severity,
        kind=more.get("type") or more.get("assertion"),
        description=more.get("description"),
        expected=more.get("expected"),
        actual=more.get("actual"),
        run_id=run.run_id if run is not None else None,
    )


def _other_names(snapshot: Snapshot, owner: Mapping[int, int]) -> dict[int, list[DatasetRef]]:
    found: dict[int, list[DatasetRef]] = defaultdict(list)
    for row in snapshot.where(t.dataset_name.c.dataset_id, owner):
        ref = DatasetRef(ids.dataset_id(row.namespace, row.name), row.namespace, row.name)
        found[owner[row.dataset_id]].append(ref)
    return found


def _schemas(snapshot: Snapshot, owner: Mapping[int, int]) -> dict[int, tuple[Column, ...]]:
    """The columns of the schema that each asset has."""
    return {
        asset: tuple(
            Column(field.name, field.type, field.description)
            for field in schema_history.flat(schema_history.read_fields(body))
        )
        for asset, (_, body) in schema_history.newest(snapshot, owner).items()
    }
