"""Merges what runs read and wrote, and computes the freshness of datasets from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from fairlead_bridge import facts
from fairlead_bridge.catalog import merge, rows
from fairlead_bridge.catalog.merge import Row
from fairlead_bridge.catalog.resolve import wrote_at
from fairlead_bridge.catalog.run_rows import facts_of
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.bulk import upsert
from fairlead_bridge.facts import RunDatasetFacts

_SCHEMA = "schema"  # the value of a run_dataset that holds the schema's digest
#: Facets with how much a run read or wrote; the first that is there counts.
_STATISTICS = ("outputStatistics", "inputStatistics", "dataQualityMetrics")
#: What can happen to a dataset without its data being written.
_NO_WRITE = ("ALTER", "DROP", "RENAME")
_json = msgspec.json.Encoder(order="deterministic")
_latest_values = msgspec.json.Decoder(dict[str, facts.LatestValue])


def apply(
    tx: sa.Connection,
    data: Sequence[RunDatasetFacts],
    left: Sequence[Row],
    current: Mapping[int, Row],
    changed: Collection[int],
) -> dict[int, tuple[int | None, int | None]]:
    """
    Merge what runs read and wrote; returns the new freshness of the datasets for which it changed.
    `left` are the rows of runs that were removed.

    A dataset is as fresh as the end of the last successful run that wrote it.
    """
    came = rows.gather(
        (((i.run_id, i.dataset_id, i.role), _data_row(i)) for i in data), _merge_data
    )
    there = rows.load(tx, t.run_dataset, came)
    for row in rows.where_in(tx, t.run_dataset.c.run_id, changed):
        there.setdefault((row["run_id"], row["dataset_id"], row["role"]), row)
    wrote = _wrote(tx, current, {key[0] for key in came.keys() | there.keys()})
    fresh: list[Row] = []
    moved: dict[int, list[tuple[Row | None, Row]]] = defaultdict(list)
    for row in left:
        if row["written_at"] is not None:
            moved[row["dataset_id"]].append((row, row | {"written_at": None}))
    for key, merged in _merged(there, came).items():
        before = there.get(key)
        after = merged | {"written_at": wrote.get(key[0]) if _is_write(merged) else None}
        if after != before:
            fresh.append(after)
            if (before["written_at"] if before else None) != after["written_at"]:
                moved[key[1]].append((before, after))
    upsert(tx, t.run_dataset, fresh)
    return _freshness(tx, moved)


def _merged(there: Mapping[Any, Row], came: Mapping[Any, Row]) -> dict[Any, Row]:
    merged = dict(there)
    for key, row in came.items():
        merged[key] = _merge_data(there[key], row) if key in there else row
    return merged


def _wrote(
    tx: sa.Connection, current: Mapping[int, Row], wanted: Collection[int]
) -> dict[int, int | None]:
    """When these runs had written their outputs."""
    wrote = {key: row["wrote_at"] for key, row in current.items() if key in wanted}
    for key, row in rows.load(tx, t.run, set(wanted) - wrote.keys()).items():
        wrote[key] = wrote_at(facts_of(row), row["state"], row["ended_at"], row["last_at"])
    return wrote


def _is_write(row: Row) -> bool:
    if row["role"] != "output":
        return False
    if b'"lifecycleStateChange"' not in row["facets"]:
        return True
    lifecycle = _latest_values.decode(row["facets"])["lifecycleStateChange"].value
    return lifecycle.get("lifecycleStateChange") not in _NO_WRITE


def _freshness(
    tx: sa.Connection, moved: Mapping[int, Sequence[tuple[Row | None, Row]]]
) -> dict[int, tuple[int | None, int | None]]:
    there = rows.load(tx, t.dataset, moved)
    fresh: dict[int, tuple[int | None, int | None]] = {}
    for dataset, pairs in moved.items():
        row = there.get(dataset)
        held = (row["written_at"], row["written_by"] or 0) if row else (None, None)
        if any(_was_the_last(before, held) for before, _ in pairs):
            fresh[dataset] = newest_write(tx, dataset)
            continue
        writes = [
            (after["written_at"], after["run_id"]) for _, after in pairs if after["written_at"]
        ]
        known = [held] if held[0] is not None else []
        best = max([*known, *writes], default=(None, None))
        if best != held:
            fresh[dataset] = best
    return fresh


def _was_the_last(before: Row | None, held: tuple[int | None, int | None]) -> bool:
    return (
        before is not None
        and before["written_at"] is not None
        and ((before["written_at"], before["run_id"]) == held)
    )


def newest_write(tx: sa.Connection, dataset: int) -> tuple[int | None, int | None]:
    """When a run wrote the dataset last (microseconds), and which did."""
    columns = t.run_dataset.c
    found = tx.execute(
        sa.select(columns.written_at, columns.run_id)
        .where(columns.dataset_id == dataset, columns.written_at.is_not(None))
        .order_by(columns.written_at.desc(), columns.run_id.desc())
        .limit(1)
    ).first()
    return (found[0], found[1]) if found else (None, None)


def _data_row(item: RunDatasetFacts) -> Row:
    values = item.facets
    if item.schema_digest is not None:
        values = values | {_SCHEMA: facts.LatestValue(item.at, item.schema_digest.hex())}
    row_count, byte_count, file_count = _statistics(values)
    return {
        "run_id": item.run_id,
        "dataset_id": item.dataset_id,
        "role": item.role,
        "at": item.at,
        "written_at": None,
        "row_count": row_count,
        "byte_count": byte_count,
        "file_count": file_count,
        "schema_digest": item.schema_digest,
        "facets": _json.encode(values),
        "partition_at": item.partition_at,
    }


def facts_of_row(row: Row, run_id: int) -> RunDatasetFacts:
    return RunDatasetFacts(
        run_id=run_id,
        dataset_id=row["dataset_id"],
        role=row["role"],
        at=row["at"],
        schema_digest=row["schema_digest"],
        facets=_latest_values.decode(row["facets"]),
        partition_at=row["partition_at"],
    )


def _merge_data(a: Row, b: Row) -> Row:
    values = _merge_values(a["facets"], b["facets"])
    row_count, byte_count, file_count = _statistics(values)
    return a | {
        "at": max(a["at"], b["at"]),
        "row_count": row_count,
        "byte_count": byte_count,
        "file_count": file_count,
        "schema_digest": _schema_digest(values),
        "facets": _json.encode(values),
        "partition_at": merge.latest(a["partition_at"], b["partition_at"]),
    }


def _merge_values(a: bytes, b: bytes) -> dict[str, facts.LatestValue]:
    return merge.latest_values(_latest_values.decode(a), _latest_values.decode(b))


def _schema_digest(values: Mapping[str, facts.LatestValue]) -> bytes | None:
    return bytes.fromhex(values[_SCHEMA].value) if _SCHEMA in values else None


def _statistics(
    values: Mapping[str, facts.LatestValue],
) -> tuple[int | None, int | None, int | None]:
    """Rows, bytes and files of the newest statistics."""
    for name in _STATISTICS:
        if name in values:
            statistics = values[name].value
            size = statistics.get("size", statistics.get("bytes"))
            return (
                _number(statistics.get("rowCount")),
                _number(size),
                _number(statistics.get("fileCount")),
            )
    return None, None, None


def _number(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if -(2**63) <= value < 2**63 else None
