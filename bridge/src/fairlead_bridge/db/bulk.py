"""Writing many rows with one statement, which is compiled once. SQLite takes rows, PostgreSQL columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")
Row = dict[str, Any]


def insert_new(tx: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert the rows whose keys are not there yet. All rows have the same columns."""
    if rows:
        names = _names(table, rows[0])
        _run(tx, _insert(tx.dialect, table, names), _sorted(table, names, rows))


def insert_returning(
    tx: sa.Connection, table: sa.Table, rows: Sequence[Row], column: str
) -> list[Any]:
    """As `insert_new`, in the order given; returns `column` of the rows that were new."""
    if not rows:
        return []
    names = _names(table, rows[0])
    statement = _insert(tx.dialect, table, names, column)
    values = _values(names, rows)
    if tx.dialect.name == "postgresql":
        return list(_run(tx, statement, values).scalars())
    # sqlite3 knows no RETURNING for many rows at once, and SQLAlchemy's way round it is slow.
    cursor = tx.connection.cursor()
    failure = tx.dialect.loaded_dbapi.Error
    try:
        found = [cursor.execute(statement, row).fetchone() for row in values]
    except failure as error:
        raise sa.exc.DBAPIError.instance(
            statement, None, error, failure, dialect=tx.dialect
        ) from error
    finally:
        cursor.close()
    return [row[0] for row in found if row]


def upsert(
    tx: sa.Connection,
    table: sa.Table,
    rows: Sequence[Row],
    refresh: Mapping[str, sa.ColumnElement[Any]] | None = None,
    where: sa.ColumnElement[bool] | None = None,
) -> None:
    """
    Insert the rows; where the primary key is there already, refresh that row.

    All rows have the same columns and different keys. `refresh` names the columns to change and
    what to, in terms of `table.c` (the row that is there) and `excluded(table)` (the row that
    came); without it every column that came takes its new value. `where` says which rows that are
    there may change. Write both once, at module level: their SQL is cached by identity.
    """
    if rows:
        names = _names(table, rows[0])
        changes = None if refresh is None else tuple(refresh.items())
        statement = _upsert(tx.dialect, table, names, changes, where)
        _run(tx, statement, _sorted(table, names, rows))


def delete_rows(tx: sa.Connection, table: sa.Table, column: str, values: Sequence[Any]) -> None:
    """Delete the rows whose `column` is one of the values."""
    if values:
        _run(tx, _delete(tx.dialect, table, column), [(value,) for value in sorted(values)])


def excluded(table: sa.Table) -> sa.ColumnCollection[str, sa.ColumnElement[object]]:
    """The row that came, in `upsert`'s `refresh` and `where`."""
    return postgresql.insert(table).excluded


def chunks(items: Sequence[T], size: int = 1000) -> Iterator[Sequence[T]]:
    """The items in pieces short enough for `column.in_(...)`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _sorted(
    table: sa.Table, names: tuple[str, ...], rows: Sequence[Row]
) -> list[tuple[object, ...]]:
    """
    The rows' values, by primary key.

    Two transactions that write the same rows then take their locks in the same order, and a
    B-tree is walked once from left to right.
    """
    key = [column.name for column in table.primary_key if column.name in names]
    return _values(names, sorted(rows, key=itemgetter(*key)) if key else rows)


def _names(table: sa.Table, row: Row) -> tuple[str, ...]:
    """The row's columns in the table's order, which is that of the statement's place holders."""
    return tuple(column.name for column in table.columns if column.name in row)


def _values(names: tuple[str, ...], rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    if len(names) == 1:
        return [(row[names[0]],) for row in rows]
    return list(map(itemgetter(*names), rows))


def _run(tx: sa.Connection, statement: str, values: list[tuple[Any, ...]]) -> sa.CursorResult[Any]:
    if tx.dialect.name == "postgresql":  # one array a column
        return tx.exec_driver_sql(
            statement, tuple(list(column) for column in zip(*values, strict=True))
        )
    return tx.exec_driver_sql(statement, values)


@lru_cache(maxsize=1024)
def _insert(
    dialect: sa.Dialect, table: sa.Table, names: tuple[str, ...], returning: str | None = None
) -> str:
    statement = _blank(dialect, table, names).on_conflict_do_nothing()
    if returning:
        return _compile(dialect, statement.returning(table.c[returning]))
    return _compile(dialect, statement)


@lru_cache(maxsize=1024)
def _delete(dialect: sa.Dialect, table: sa.Table, column: str) -> str:
    target = table.c[column]
    if dialect.name == "sqlite":
        return _compile(dialect, sa.delete(table).where(target == sa.bindparam(column)))
    array = sa.bindparam(column, type_=postgresql.ARRAY(target.type))
    return _compile(dialect, sa.delete(table).where(target == sa.any_(array)))


@lru_cache(maxsize=1024)
def _upsert(
    dialect: sa.Dialect,
    table: sa.Table,
    names: tuple[str, ...],
    changes: tuple[tuple[str, sa.ColumnElement[Any]], ...] | None,
    where: sa.ColumnElement[bool] | None,
) -> str:
    key = [column.name for column in table.primary_key]
    came = excluded(table)
    refresh = (
        {name: came[name] for name in names if name not in key}
        if changes is None
        else dict(changes)
    )
    statement = _blank(dialect, table, names)
    return _compile(
        dialect,
        statement.on_conflict_do_update(index_elements=key, set_=refresh, where=where)
        if refresh
        else statement.on_conflict_do_nothing(),
    )


def _blank(dialect: sa.Dialect, table: sa.Table, names: tuple[str, ...]) -> Any:
    """INSERT with a place for each column's value (SQLite), or its array of values."""
    if dialect.name == "sqlite":
        return sqlite.insert(table).values({name: sa.bindparam(name) for name in names})
    arrays = [sa.bindparam(name, type_=postgresql.ARRAY(table.c[name].type)) for name in names]
    given = sa.func.unnest(*arrays).table_valued(*names).render_derived(name="given")
    return postgresql.insert(table).from_select(names, sa.select(*(given.c[n] for n in names)))


def _compile(dialect: sa.Dialect, statement: Any) -> str:
    """The SQL with the driver's own place holders, one a column, in the columns' order."""
    plain: Any = type(dialect)
    if dialect.name == "sqlite":
        return str(statement.compile(dialect=plain(paramstyle="qmark")))
    # %b: arrays go in their binary form, which psycopg makes in a third of the time.
    return str(statement.compile(dialect=plain(paramstyle="format"))).replace("%s", "%b")
