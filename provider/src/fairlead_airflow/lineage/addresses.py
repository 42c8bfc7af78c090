"""What a database is called whose hook does not describe it: by a JDBC URL, an ODBC driver, or a host. Pure.

Names are as OpenLineage's specification has them, so that a table has one name through every driver.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Address:
    """A database's namespace, the kind of its SQL, and what stands before a table's bare name."""

    namespace: str
    kind: str
    catalog: str = ""
    schema: str = ""


_KINDS = {
    "postgresql": "postgres",
    "hive2": "hive",
    "hiveserver2": "hive",
    "hive_cli": "hive",
    "sqlserver": "mssql",
    "mariadb": "mysql",
}
_PORTS = {
    "clickhouse": 8123,
    "db2": 50000,
    "hive": 10000,
    "mssql": 1433,
    "mysql": 3306,
    "oracle": 1521,
    "postgres": 5432,
    "presto": 8080,
    "redshift": 5439,
    "teradata": 1025,
    "trino": 8080,
    "vertica": 5433,
}
_SCHEMAS = {"postgres": "public", "redshift": "public", "mssql": "dbo", "vertica": "public"}
_DATABASE_IS_SCHEMA = frozenset(
    {"clickhouse", "doris", "hive", "impala", "mysql", "starrocks", "teradata"}
)


def of_server(kind: str, host: str, port: int | None, database: str, schema: str = "") -> Address:
    """A server; `database` is what its connection or its URL names."""
    kind = _KINDS.get(kind, kind)
    port = port or _PORTS.get(kind)
    namespace = f"{kind}://{host}:{port}" if port else f"{kind}://{host}"
    if kind in _DATABASE_IS_SCHEMA:
        return Address(namespace, kind, schema=database or ("default" if kind == "hive" else ""))
    return Address(namespace, kind, database, schema or _SCHEMAS.get(kind, ""))


_ORACLE = re.compile(r"jdbc:oracle:thin:.*@(?://)?([^:/]+)(?::(\d+))?[:/](\w+)")
_SERVER = re.compile(r"jdbc:(\w+):(//[^;]*)(.*)", re.DOTALL)


def of_jdbc(url: str) -> Address | None:
    """`jdbc:postgresql://host:5432/shop`, and as other drivers spell it; None for what is no server."""
    if oracle := _ORACLE.match(url):
        return of_server("oracle", oracle[1], int(oracle[2] or 0), oracle[3])
    found = _SERVER.match(url)
    if found is None:
        return None
    kind, parts = found[1].lower(), urlsplit(found[2])
    options = {key.lower(): values[0] for key, values in parse_qs(parts.query).items()}
    for pair in found[3].split(";"):
        key, _, value = pair.partition("=")
        options[key.strip().lower()] = value.strip()
    if not parts.hostname:
        return None
    database, _, schema = parts.path.strip("/").partition("/")
    names = ("databasename", "database", "db", "conncatalog")
    database = database or next((options[name] for name in names if name in options), "")
    if kind == "snowflake":
        account = parts.hostname.partition(".snowflakecomputing.com")[0]
        return Address(f"snowflake://{account}", kind, database, options.get("schema", ""))
    if kind == "databricks":
        catalog = options.get("conncatalog", "")
        return Address(
            f"databricks://{parts.hostname}", kind, catalog, options.get("connschema", "")
        )
    return of_server(kind, parts.hostname, parts.port, database, schema)


_DRIVERS = {
    "sql server": "mssql",
    "freetds": "mssql",
    "postgres": "postgres",
    "psql": "postgres",
    "redshift": "redshift",
    "mysql": "mysql",
    "mariadb": "mysql",
    "oracle": "oracle",
    "snowflake": "snowflake",
    "clickhouse": "clickhouse",
    "databricks": "databricks",
    "vertica": "vertica",
    "trino": "trino",
    "teradata": "teradata",
    "hive": "hive",
    "impala": "impala",
    "db2": "db2",
}


def of_odbc(driver: str, host: str, port: int | None, database: str) -> Address | None:
    """By the driver's name ("ODBC Driver 18 for SQL Server"); None for one that is not known."""
    kind = next((kind for word, kind in _DRIVERS.items() if word in driver.lower()), None)
    return of_server(kind, host, port, database) if kind and host else None
