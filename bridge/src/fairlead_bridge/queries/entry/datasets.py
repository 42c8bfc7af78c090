"""Datasets as entries: one for each asset, whatever its names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from fairlead_bridge import ids
from fairlead_bridge.db import tables as t
from fairlead_bridge.entries import AssertionResult, Column, DatasetEntry, DatasetRef
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
    owner = {row.id: row.asset_id for row in members}
    bodies = facets.of(snapshot, owner)
    other_names = _other_names(snapshot, owner)
    schemas = _schemas(snapshot, owner)
    written_by = {row.written_by for row in members if row.written_by is not None}
    checks = _checks(snapshot, owner)
    outlooks_of = outlooks.of_assets(snapshot, owner.values())
    writers = {entry.name.id: entry for entry in runs(snapshot, written_by, whole=False)}
    for dataset, asset in asked.items():
        rows = of_asset[asset]
        main = next((row for row in rows if row.id == asset), rows[0])
        newest = max(rows, key=lambda row: (row.written_at or -1, row.id))
        own = bodies.get(asset, {})
        ref = dataset_ref(main)
        yield DatasetEntry(
            name=Name("dataset", dataset),
            dataset=ref,
            names=tuple(
                sorted(
                    {ref, *map(dataset_ref, rows), *other_names.get(asset, ())},
                    key=lambda item: (item.namespace, item.name),
                )
            ),
            description=facets.description(own),
            owners=owners(own),
            tags=tags(own),
            columns=schemas.get(asset, ()),
            written_at=newest.written_at,
            written_by=writers.get(newest.written_by),
            dropped_at=max((row.dropped_at or 0 for row in rows), default=0) or None,
            assertions=checks.get(asset, ()),
            outlook=outlooks_of.get(asset),
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
