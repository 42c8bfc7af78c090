"""Reading rows by key, merging what came into them, writing back those that changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from fairlead_bridge.catalog.merge import Row
from fairlead_bridge.db.engine import chunks, upsert

Key = Any  # the value of a one-column primary key, or the tuple of a longer one

#: Keys in one query; three columns a key stay far below SQLite's 32,766 parameters.
_CHUNK = 4_000


def load(tx: sa.Connection, table: sa.Table, keys: Collection[Key]) -> dict[Key, Row]:
    """The rows that have these primary keys, by key."""
    columns = tuple(table.primary_key.columns)
    wanted = sorted(keys)
    found: dict[Key, Row] = {}
    for part in chunks(wanted, _CHUNK):
        rows = tx.execute(sa.select(table).where(_among(columns, part))).mappings()
        if len(columns) == 1:
            name = columns[0].name
            found.update((row[name], dict(row)) for row in rows)
        else:
            names = [column.name for column in columns]
            found.update((tuple(row[name] for name in names), dict(row)) for row in rows)
    return found


def where_in(
    tx: sa.Connection, table: sa.Table, column: sa.Column[Any], values: Collection[Any]
) -> list[Row]:
    """The rows in which `column` has one of these values."""
    found: list[Row] = []
    for part in chunks(sorted(values), _CHUNK):
        found.extend(map(dict, tx.execute(sa.select(table).where(column.in_(part))).mappings()))
    return found


def delete(tx: sa.Connection, column: sa.Column[Any], values: Collection[Any]) -> None:
    """Remove the rows in which `column` has one of these values."""
    for part in chunks(sorted(values), _CHUNK):
        tx.execute(sa.delete(column.table).where(column.in_(part)))


def gather(pairs: Iterable[tuple[Key, Row]], merge: Callable[[Row, Row], Row]) -> dict[Key, Row]:
    """One row a key: what many facts say of it."""
    rows: dict[Key, Row] = {}
    for key, row in pairs:
        rows[key] = merge(rows[key], row) if key in rows else row
    return rows


def fold(
    tx: sa.Connection,
    table: sa.Table,
    came: Mapping[Key, Row],
    merge: Callable[[Row, Row], Row],
) -> dict[Key, tuple[Row | None, Row]]:
    """
    Merge what came into what is there, and write the rows that changed.

    Returns (the row before, the row after) of each that changed, by key.
    """
    if not came:
        return {}
    there = load(tx, table, came)
    changed: dict[Key, tuple[Row | None, Row]] = {}
    for key, row in came.items():
        before = there.get(key)
        after = row if before is None else merge(before, row)
        if after != before:
            changed[key] = (before, after)
    upsert(tx, table, [after for _, after in changed.values()])
    return changed


def _among(columns: tuple[sa.Column[Any], ...], keys: Collection[Key]) -> sa.ColumnElement[bool]:
    if len(columns) == 1:
        return columns[0].in_(keys)
    return sa.tuple_(*columns).in_(keys)
