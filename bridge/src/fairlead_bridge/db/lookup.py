"""
Finding many rows by key at once.

The same as `select(table).where(columns.in_(keys))`, whose SQL would be put together anew for
every number of keys; here it is text that is made once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fairlead_bridge.db.bulk import Row, chunks

_CHUNK = 2_000  # keys a query; SQLite takes 32,766 parameters


def find(
    tx: sa.Connection, columns: tuple[sa.Column[Any], ...], keys: Collection[Any]
) -> Iterator[Row]:
    """
    The rows of the columns' table that have these keys, whole.

    A key is the value of the one column, or the tuple of the values of several.
    """
    table = columns[0].table
    names = [column.name for column in table.columns]
    for part in chunks(list(keys), _CHUNK):
        for values in _run(tx, columns, part):
            yield dict(zip(names, values, strict=True))


def _run(tx: sa.Connection, columns: tuple[sa.Column[Any], ...], keys: Any) -> Any:
    several = len(columns) > 1
    if tx.dialect.name == "postgresql":
        arrays = list(map(list, zip(*keys, strict=True))) if several else [list(keys)]
        return tx.exec_driver_sql(_arrays(columns), tuple(arrays))
    flat = tuple(value for key in keys for value in key) if several else tuple(keys)
    # Powers of two limit the number of statements; a key given twice finds one row.
    padding = _padded_size(len(keys)) - len(keys)
    last = flat[-len(columns) :]
    return tx.exec_driver_sql(_values(columns, len(keys) + padding), flat + last * padding)


def _padded_size(count: int) -> int:
    return 1 << (count - 1).bit_length()


@lru_cache(maxsize=512)
def _values(columns: tuple[sa.Column[Any], ...], count: int) -> str:
    one = f"({', '.join('?' * len(columns))})"
    if len(columns) == 1:
        return f"{_select(columns)} IN ({', '.join('?' * count)})"
    return f"{_select(columns)} IN (VALUES {', '.join([one] * count)})"


@lru_cache(maxsize=512)
def _arrays(columns: tuple[sa.Column[object], ...]) -> str:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    types = [column.type.compile(dialect=dialect) for column in columns]
    arrays = ", ".join(f"%b::{type_}[]" for type_ in types)
    return f"{_select(columns)} IN (SELECT * FROM unnest({arrays}))"  # noqa: S608  (the same)


def _select(columns: tuple[sa.Column[object], ...]) -> str:
    table = columns[0].table
    everything = ", ".join(f'"{column.name}"' for column in table.columns)
    key = ", ".join(f'"{column.name}"' for column in columns)
    left = f"({key})" if len(columns) > 1 else key
    return f'SELECT {everything} FROM "{table.name}" WHERE {left}'  # noqa: S608  (our own names)
