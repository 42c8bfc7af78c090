"""Reading rows by key, merging what came into them, writing back those that changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from fairlead_bridge.catalog.merge import Row
from fairlead_bridge.db.bulk import chunks, upsert
from fairlead_bridge.db.lookup import find

Merge = Callable[[Row, Row], Row]
Key = Any  # the value of a one-column primary key, or the tuple of a longer one


def load(tx: sa.Connection, table: sa.Table, keys: Collection[Key]) -> dict[Key, Row]:
    """The rows that have these primary keys, by key."""
    columns = tuple(table.primary_key.columns)
    key = itemgetter(*(column.name for column in columns))
    return {key(row): row for row in find(tx, columns, keys)}


def where_in(tx: sa.Connection, column: sa.Column[Any], values: Collection[Any]) -> list[Row]:
    """The rows in which `column` has one of these values."""
    return list(find(tx, (column,), values))


def delete(tx: sa.Connection, column: sa.Column[Any], values: Collection[Any]) -> None:
    """Remove the rows in which `column` has one of these values."""
    for part in chunks(sorted(values)):
        tx.execute(sa.delete(column.table).where(column.in_(part)))


def gather(pairs: Iterable[tuple[Key, Row]], merge: Merge) -> dict[Key, Row]:
    """One row a key: what many facts say of it."""
    rows: dict[Key, Row] = {}
    for key, row in pairs:
        rows[key] = merge(rows[key], row) if key in rows else row
    return rows


def fold(
    tx: sa.Connection,
    table: sa.Table,
    came: Mapping[Key, Row],
    merge: Merge,
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
