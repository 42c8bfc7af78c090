"""The database behind a hook: what its tables are called and which columns they have."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from fairlead_airflow.compat.objects import Hook
from fairlead_airflow.lineage import columns_of_server
from fairlead_airflow.lineage.addresses import Address, of_jdbc, of_odbc, of_server
from fairlead_airflow.lineage.columns_of_catalog import CATALOG, Catalog
from fairlead_sdk.datasets import Identity, of_sqlite
from fairlead_sdk.sql import Table, dialect_of

log = logging.getLogger(__name__)

JDBC = "jdbc"
_PATIENCE = 1.0
"""Seconds to wait for a locked database: its columns are nice to have, not worth a wait."""


class Database(Protocol):
    """What lineage must know of a database."""

    dialect: str
    namespace: str

    def identity(self, table: Table) -> Identity:
        """The dataset that a table is."""

    def describe(self, table: Table) -> Mapping[str, str] | None:
        """Column names and types in their order; None if not known."""

    def observed(self, table: Table) -> Mapping[str, str] | None:
        """As `describe`, if the database itself said so now, and not the catalog."""

    def ask(self, tables: Sequence[Table]) -> bool:
        """Ask for the columns of these tables; return whether more columns may be known now."""


def behind(hook: object, reported: Mapping[str, Any] | None = None) -> Database | None:
    """The database behind a hook, or None if it is unknown.

    `reported` is what a hook reported with a statement: its database and schema.
    """
    reported = reported or {}
    try:
        kind = getattr(hook, "conn_type", None)
        if kind == "sqlite":
            return _sqlite(hook)
        if kind == "duckdb":
            return _duckdb(hook)
        if type(hook).__name__ == "RedshiftDataHook":
            return _redshift_data(hook, reported)
        server = _server(hook, kind)
    except Exception:  # hooks are of any make; without a database there is no lineage
        log.debug("The database of %r is unknown", hook, exc_info=True)
        return None
    if server is None:
        return None
    return server.within(reported.get("default_db"), reported.get("default_schema"))


def _server(hook: Hook, kind: str | None) -> ServerDatabase | None:
    if kind == JDBC:  # its hook leaves the database and the schema out of names
        return _from_connection(hook) or _from_hook(hook)
    return _from_hook(hook) or _from_connection(hook)


def _connection(hook: Hook) -> Any:
    """Of any hook: those of databases have a method for its id."""
    get_conn_id = getattr(hook, "get_conn_id", None)
    conn_id = (
        get_conn_id() if get_conn_id else getattr(hook, getattr(hook, "conn_name_attr", ""), None)
    )
    return hook.get_connection(conn_id) if conn_id else hook.conn


def _redshift_data(hook: Hook, reported: Mapping[str, Any]) -> Database | None:
    """Redshift behind its HTTP API: the connection is Amazon's, each query names the cluster."""
    extra = reported.get("extra") or {}
    cluster = extra.get("cluster_identifier") or extra.get("workgroup_name")
    if not cluster or not hook.region_name:
        return None
    namespace = f"redshift://{cluster}.{hook.region_name}:5439"
    return ServerDatabase(
        Address(namespace, "redshift", reported.get("default_db") or "", "public")
    )


def _sqlite(hook: Hook) -> Database | None:
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
        self.namespace = f"sqlite://{path}"
        self._path = path
        self._describe = cache(self._ask)

    def identity(self, table: Table) -> Identity:
        known = self._describe(table.schema, table.name)
        return of_sqlite(self._path, known[0] if known else table.name, table.schema)

    def describe(self, table: Table) -> Mapping[str, str] | None:
        known = self._describe(table.schema, table.name)
        return known[1] if known else None

    observed = describe

    def ask(self, tables: Sequence[Table]) -> bool:
        return False  # it is asked for each

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


def _duckdb(hook: Hook) -> Database | None:
    path = _connection(hook).host
    if not path or ":" in path:  # in memory, or at MotherDuck
        return None
    absolute = os.path.abspath(path)  # noqa: PTH100 - links stay links, as above
    return ServerDatabase(Address(f"duckdb://{absolute}", "duckdb", Path(path).stem, "main"))


def _from_hook(hook: Hook) -> ServerDatabase | None:
    """A database that the hook describes to OpenLineage; named as OpenLineage's own parser does."""
    describe = getattr(hook, "get_openlineage_database_info", None)
    connection = _connection(hook)
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
    asking = partial(columns_of_server.ask, hook, info, address.namespace, address.schema)
    return ServerDatabase(address, upper=bool(info.is_uppercase_names), asking=asking)


def _default_schema(hook: Hook) -> str:
    try:
        return hook.get_openlineage_default_schema() or ""
    except Exception:  # some ask the server, which may be away by now
        log.debug("The default schema of %r is not known", hook, exc_info=True)
        return ""


def _from_connection(hook: Hook) -> ServerDatabase | None:
    """A database of which only its connection is known."""
    connection = _connection(hook)
    kind, host, database = connection.conn_type, connection.host or "", connection.schema or ""
    if kind == JDBC:
        address = of_jdbc(host)
    elif kind == "odbc":
        address = of_odbc(hook.driver or "", host, connection.port, hook.database or "")
    else:
        address = of_server(kind, host, connection.port, database) if host else None
    return ServerDatabase(address) if address else None


class ServerDatabase:
    """A database server. It, and the catalog, are asked for columns only if lineage cannot do without them."""

    def __init__(
        self,
        address: Address,
        *,
        upper: bool = False,
        asking: Callable[[Sequence[Table]], columns_of_server.Columns] | None = None,
        catalog: Catalog = CATALOG,
    ) -> None:
        self.dialect = dialect_of(address.kind)
        self.namespace = address.namespace
        self._address = address
        self._upper = upper
        self._asking = asking
        self._catalog = catalog
        self._columns: columns_of_server.Columns = {}
        self._from_catalog: columns_of_server.Columns = {}

    def within(self, database: str | None, schema: str | None) -> ServerDatabase:
        """The same server, with another default database or schema."""
        known = self._address
        if schema is None and database is not None and not known.catalog and known.schema:
            database, schema = None, database  # where a database is a schema
        address = replace(known, catalog=database or known.catalog, schema=schema or known.schema)
        return ServerDatabase(
            address, upper=self._upper, asking=self._asking, catalog=self._catalog
        )

    def identity(self, table: Table) -> Identity:
        known = self._address
        parts = (table.catalog or known.catalog, table.schema or known.schema, table.name)
        name = ".".join(part for part in parts if part)
        return Identity(known.namespace, name.upper() if self._upper else name)

    def describe(self, table: Table) -> Mapping[str, str] | None:
        return self.observed(table) or self._from_catalog.get(self.identity(table).name.lower())

    def observed(self, table: Table) -> Mapping[str, str] | None:
        return self._columns.get(self.identity(table).name.lower())

    def remember(self, columns: columns_of_server.Columns) -> None:
        """Columns that are known already, by the names of datasets."""
        self._columns |= columns

    def ask(self, tables: Sequence[Table]) -> bool:
        missing = [table for table in tables if self.describe(table) is None]
        asking, self._asking = self._asking, None
        if asking is not None and missing:
            self.remember(asking(missing))
        left = [table for table in missing if self.describe(table) is None]
        if left:
            self._from_catalog |= self._catalog.columns([self.identity(table) for table in left])
        return any(self.describe(table) is not None for table in missing)
