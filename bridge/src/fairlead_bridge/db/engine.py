"""
Opening a database, and writing to it in bulk. All that differs between SQLite and PostgreSQL is here.

SQLite: write-ahead log, synchronous=FULL; a writer takes the one write lock at BEGIN and so never
fails half-way for want of it, a reader sees a snapshot and waits for nobody.
PostgreSQL: through psycopg 3; a reader sees a snapshot too.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from fairlead_bridge.errors import BadSettings

try:
    import fcntl
except ImportError:  # Windows: writers there take the lock as it comes
    fcntl = None  # type: ignore[assignment]

T = TypeVar("T")
Row = dict[str, Any]

#: Seconds that a SQLite writer waits for another process's transaction.
BUSY_TIMEOUT = 10.0
#: Seconds between two looks whether the write lock is free.
_LOOK_AGAIN = 0.001
#: Pages in the write-ahead log at which a commit copies them into the database file itself.
AUTOCHECKPOINT = 4000

#: The locks by which processes take turns on PostgreSQL: any numbers, the same everywhere.
_ABSORBER, _MIGRATOR = 70701, 70702

_READING = {"fairlead_reading": True}


def open_database(url: str) -> sa.Engine:
    """
    An engine for `sqlite:///PATH`, a plain path, or `postgresql://USER:PASSWORD@HOST/NAME`.

    Connects to nothing yet and creates no table (`migrate` does).
    Raises BadSettings where the URL means nothing to us.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = sa.create_engine(
            parsed,
            pool_size=10,
            max_overflow=50,  # as many as the web server has threads
            connect_args={"timeout": BUSY_TIMEOUT, "cached_statements": 512},
        )
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "close", _forget_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        return sa.create_engine(parsed, pool_size=10, max_overflow=50, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise BadSettings(
            "PostgreSQL needs psycopg: pip install 'fairlead-bridge[postgres]'"
        ) from error


def parse_url(url: str) -> sa.URL:
    """The URL as SQLAlchemy wants it. Raises BadSettings where it means nothing to us."""
    if "://" not in url:
        url = f"sqlite:///{url}"
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise BadSettings(f"this is not a database URL: {url!r}; {_URLS}") from error
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        if not parsed.database or parsed.database == ":memory:":
            raise BadSettings(f"the SQLite database needs a file: {url!r}; {_URLS}")
        return parsed
    if parsed.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    shown = parsed.render_as_string(hide_password=True)
    raise BadSettings(f"no such database here: {shown!r}; {_URLS}")


_URLS = "write sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME"


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A read-only transaction: one snapshot, which neither blocks writers nor waits for them."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection = connection.execution_options(**_READING)
        else:
            connection = connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that may write: all of it is kept, durably, or nothing."""
    with engine.begin() as connection:
        yield connection


def one_absorber(tx: sa.Connection) -> None:
    """
    Wait until no other transaction absorbs; the turn ends with the transaction.

    On SQLite every writing transaction has its turn already.
    """
    _take_turn(tx, _ABSORBER)


def one_migrator(tx: sa.Connection) -> None:
    """Wait until no other transaction migrates; the turn ends with the transaction."""
    _take_turn(tx, _MIGRATOR)


def _take_turn(tx: sa.Connection, lock: int) -> None:
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql(f"SELECT pg_advisory_xact_lock({lock})")


def may_pass(error: sa.exc.DBAPIError) -> bool:
    """Whether the same transaction may succeed later: the database is busy, full or away."""
    if not isinstance(error, sa.exc.OperationalError):
        return error.connection_invalidated
    # PostgreSQL's class 54: what was written is too large, and always will be.
    return not (getattr(error.orig, "sqlstate", None) or "").startswith("54")


def checkpoint(engine: sa.Engine) -> None:
    """Copy SQLite's write-ahead log into the database file, beside readers and writers."""
    if engine.dialect.name == "sqlite":
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")
        finally:
            connection.close()


def _prepare_sqlite(connection: Any, record: sa.pool.ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {AUTOCHECKPOINT}")
    connection.execute("PRAGMA cache_size = -65536")  # 64 MiB
    connection.execute("PRAGMA temp_store = MEMORY")
    if fcntl is not None:
        (_, _, path), *_ = connection.execute("PRAGMA database_list")
        record.info["line"] = os.open(f"{path}-line", os.O_RDWR | os.O_CREAT, 0o600)


def _forget_sqlite(_connection: Any, record: sa.pool.ConnectionPoolEntry) -> None:
    line = record.info.pop("line", None)
    if line is not None:
        os.close(line)


def _begin_sqlite(connection: sa.Connection) -> None:
    if connection.get_execution_options().get("fairlead_reading", False):
        connection.exec_driver_sql("BEGIN")
        return
    # SQLite's own waiting looks ever more seldom, up to ten times a second: too late for intake.
    driver = connection.connection.cursor()
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        with _first_in_line(connection):
            _take_write_lock(driver)
    finally:
        driver.execute(f"PRAGMA busy_timeout = {round(BUSY_TIMEOUT * 1000)}")
        driver.close()


def _take_write_lock(driver: Any) -> None:
    deadline = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_AGAIN)
        else:
            return


@contextmanager
def _first_in_line(connection: sa.Connection) -> Iterator[None]:
    """
    Only the first in line looks for the write lock; the others wait behind it.

    So whoever has just written cannot write again before those who waited: without this, a
    process that writes all the time starves the others.
    """
    if fcntl is None:
        yield
        return
    line: int = connection.info["line"]
    fcntl.flock(line, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(line, fcntl.LOCK_UN)


# --- writing in bulk ------------------------------------------------------------------------


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
    there may change. Write both once, at module level: their SQL is kept by identity.
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


def excluded(table: sa.Table) -> sa.ColumnCollection[str, sa.ColumnElement[Any]]:
    """The row that came, in `upsert`'s `refresh` and `where`."""
    return postgresql.insert(table).excluded


class least(FunctionElement[Any]):  # noqa: N801
    """The lesser of two values; the other where one is NULL."""

    inherit_cache = True


class greatest(FunctionElement[Any]):  # noqa: N801
    """The greater of two values; the other where one is NULL."""

    inherit_cache = True


@compiles(least, "sqlite")
@compiles(greatest, "sqlite")
def _sqlite_extreme(element: FunctionElement[Any], compiler: Any, **options: Any) -> str:
    a, b = (compiler.process(clause, **options) for clause in element.clauses)
    name = "min" if isinstance(element, least) else "max"
    return f"{name}(coalesce({a}, {b}), coalesce({b}, {a}))"


@compiles(least, "postgresql")
@compiles(greatest, "postgresql")
def _postgresql_extreme(element: FunctionElement[Any], compiler: Any, **options: Any) -> str:
    name = "least" if isinstance(element, least) else "greatest"
    return f"{name}({compiler.process(element.clauses, **options)})"


def chunks(items: Sequence[T], size: int = 1000) -> Iterator[Sequence[T]]:
    """The items in pieces short enough for `column.in_(...)`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _sorted(table: sa.Table, names: tuple[str, ...], rows: Sequence[Row]) -> list[tuple[Any, ...]]:
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
