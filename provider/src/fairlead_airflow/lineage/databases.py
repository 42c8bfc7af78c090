"""The database behind a hook: what its tables are called and which columns they have."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from fairlead.datasets import Identity, of_sqlite
from fairlead_airflow.lineage.addresses import Address, of_jdbc, of_odbc, of_server
from fairlead_airflow.lineage.sql import Table, dialect_of

log = logging.getLogger(__name__)

JDBC = "jdbc"
_PATIENCE = 1.0
"""Seconds to wait for a locked database: its columns are nice to have, not worth a wait."""


class Database(Protocol):
    """What lineage must know of a database."""

    dialect: str

    def identity(self, table: Table) -> Identity:
        """The dataset that a table is."""

    def describe(self, table: Table) -> Mapping[str, str] | None:
        """Column names and types in their order; None if not known."""


def behind(hook: Any) -> Database | None:
    """The database behind a hook, or None if nothing can be told about it."""
    try:
        kind = getattr(hook, "conn_type", None)
        if kind == "sqlite":
            return _sqlite(hook)
        if kind == "duckdb":
            return _duckdb(hook)
        if kind == JDBC:  # its hook leaves the database and the schema out of names
            return _told_by_connection(hook) or _told_by_hook(hook)
        return _told_by_hook(hook) or _told_by_connection(hook)
    except Exception:  # hooks are of any make; without a database there is no lineage
        log.debug("No database could be told from %r", hook, exc_info=True)
        return None


def _sqlite(hook: Any) -> Database | None:
    path = str(hook.get_uri()).removeprefix("sqlite:///").partition("?")[0]
    if not path or ":memory:" in path:
        return None
    # Made absolute, but links stay links: assets are declared by the path people know.
    absolute = os.path.abspath(path)  # noqa: PTH100
    return SqliteDatabase("/" + absolute.lstrip("/"))


class SqliteDatabase:
    """A SQLite file. Names are as the database spells them, because SQLite ignores their case."""

    dialect = "sqlite"

    def __init__(self, path: str) -> None:
        self._path = path
        self._describe = cache(self._ask)

    def identity(self, table: Table) -> Identity:
        known = self._describe(table.schema, table.name)
        return of_sqlite(self._path, known[0] if known else table.name, table.schema)

    def describe(self, table: Table) -> Mapping[str, str] | None:
        known = self._describe(table.schema, table.name)
        return known[1] if known else None

    def _ask(self, schema: str, name: str) -> tuple[str, dict[str, str]] | None:
        if schema not in ("", "main") or not os.path.exists(self._path):  # noqa: PTH110
            return None
        uri = f"file:{quote(self._path)}?mode=ro"
        try:
            with closing(sqlite3.connect(uri, uri=True, timeout=_PATIENCE)) as connection:
                spelled = connection.execute(
                    "SELECT name FROM sqlite_master WHERE lower(name) = lower(?)", (name,)
                ).fetchone()
                rows = connection.execute("SELECT name, type FROM pragma_table_info(?)", (name,))
                columns = dict(rows.fetchall())
        except sqlite3.Error:
            log.debug("The columns of %s could not be read", name, exc_info=True)
            return None
        return (spelled[0], columns) if spelled and columns else None


def _duckdb(hook: Any) -> Database | None:
    connection = hook.get_connection(hook.get_conn_id())
    path = connection.host
    if not path or ":" in path:  # in memory, or at MotherDuck
        return None
    absolute = os.path.abspath(path)  # noqa: PTH100 - links stay links, as above
    return ServerDatabase(Address(f"duckdb://{absolute}", "duckdb", Path(path).stem, "main"))


def _told_by_hook(hook: Any) -> Database | None:
    """A database that the hook describes to OpenLineage; named as OpenLineage's own parser does."""
    describe = getattr(hook, "get_openlineage_database_info", None)
    connection = hook.get_connection(hook.get_conn_id())
    info = describe(connection) if describe else None
    if info is None:
        return None
    from airflow.providers.openlineage.sqlparser import SQLParser

    address = Address(
        SQLParser.create_namespace(info),
        hook.get_openlineage_database_dialect(connection),
        info.database or "",
        _default_schema(hook),
    )
    return ServerDatabase(address, upper=bool(info.is_uppercase_names))


def _default_schema(hook: Any) -> str:
    try:
        return hook.get_openlineage_default_schema() or ""
    except Exception:  # some ask the server, which may be away by now
        log.debug("The default schema of %r is not known", hook, exc_info=True)
        return ""


def _told_by_connection(hook: Any) -> Database | None:
    """A database of which only its connection is known."""
    connection = hook.get_connection(hook.get_conn_id())
    kind, host, database = connection.conn_type, connection.host or "", connection.schema or ""
    if kind == JDBC:
        address = of_jdbc(host)
    elif kind == "odbc":
        address = of_odbc(hook.driver or "", host, connection.port, hook.database or "")
    else:
        address = of_server(kind, host, connection.port, database) if host else None
    return ServerDatabase(address) if address else None


class ServerDatabase:
    """A database server. Its columns are not asked for here: OpenLineage's own SQL operators do that."""

    def __init__(self, address: Address, *, upper: bool = False) -> None:
        self.dialect = dialect_of(address.kind)
        self._address = address
        self._upper = upper

    def identity(self, table: Table) -> Identity:
        known = self._address
        parts = (table.catalog or known.catalog, table.schema or known.schema, table.name)
        name = ".".join(part for part in parts if part)
        return Identity(known.namespace, name.upper() if self._upper else name)

    def describe(self, table: Table) -> Mapping[str, str] | None:
        return None
