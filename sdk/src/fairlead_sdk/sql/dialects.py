"""What differs between dialects, beyond their grammar."""

from __future__ import annotations

from sqlglot.dialects.dialect import Dialects

_OTHER_NAMES = {
    "mssql": "tsql",
    "sqlserver": "tsql",
    "synapse": "tsql",
    "postgresql": "postgres",
    "greenplum": "postgres",
    "cockroachdb": "postgres",
    "alloydb": "postgres",
    "vertica": "postgres",
    "mariadb": "mysql",
    "awsathena": "athena",
    "sparksql": "spark",
    "db2": "",
    "ansi": "",
    "generic": "",
}

WITH_STRUCTS = frozenset(
    {"bigquery", "spark", "spark2", "databricks", "hive", "trino", "presto", "athena", "duckdb"}
    | {"clickhouse", "snowflake"}
)
"""Where `a.b` may be a field of the column `a`."""

WITH_WHOLE_ROWS = frozenset({"bigquery", "postgres", "duckdb"})
"""Where the name of a table may stand for its whole row."""

WITH_LATERAL_ALIASES = frozenset(
    {"snowflake", "redshift", "databricks", "spark", "duckdb", "teradata", "clickhouse"}
)
"""Where a projection may use the name of one before it."""

INTO_MAKES_TABLES = frozenset({"", "postgres", "redshift", "tsql", "fabric", "materialize"})
"""Where `SELECT ... INTO x` makes a table; elsewhere, and in blocks of PostgreSQL, `x` is a variable."""

RECURSION_WITHOUT_KEYWORD = frozenset({"tsql", "fabric", "oracle", "snowflake", "teradata"})
DATABASES_ABOVE_SCHEMAS = frozenset({"snowflake", "tsql", "fabric"})
"""Where `USE x` names a database that has schemas."""

PATHS_AS_TABLES = frozenset({"spark", "spark2", "databricks", "hive"})
FORMATS = frozenset({"csv", "json", "parquet", "delta", "orc", "avro", "text", "binaryfile"})

PSEUDO_COLUMNS = frozenset(
    {"rownum", "rowid", "level", "sysdate", "systimestamp", "user", "uid", "sysdatetime"}
    | {"current_date", "current_timestamp", "current_time", "current_user", "today", "now"}
    | {"connect_by_isleaf", "connect_by_iscycle", "default", "_partitiontime", "_partitiondate"}
    | {"year", "quarter", "month", "week", "day", "dayofweek", "hour", "minute", "second"}
    | {"millisecond", "microsecond", "isoweek", "isoyear", "epoch", "dow", "doy", "nextval"}
)
"""Names that stand for no column, unless a table is known to have one."""

ROWS_OF_TRIGGERS = frozenset({"new", "old", "inserted", "deleted"})


def dialect_of(database: str) -> str:
    """sqlglot's name of a database's SQL, or "" for SQL in general."""
    name = _OTHER_NAMES.get(database.lower(), database.lower())
    return name if name in {known.value for known in Dialects} else ""
