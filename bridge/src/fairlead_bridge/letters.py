"""Which engines take `Orders` and `orders` for one name: of tables, and of columns."""

from __future__ import annotations

from collections.abc import Iterable

#: Engines for which `Orders` and `orders` are one table unless they are quoted.
#: Not here, because it depends or they differ: mysql, mariadb, clickhouse, bigquery, oceanbase.
FOLDING = frozenset(
    {
        "snowflake", "oracle", "db2", "postgres", "redshift", "crate", "cassandra", "mssql",
        "sqlserver", "hive", "spark", "trino", "awsathena", "glue", "unitycatalog", "databricks",
        "sqlite", "duckdb", "teradata", "s3tables",
    }
)  # fmt: skip

#: Engines that compare at least the names of columns so.
_FOLDING_COLUMNS = FOLDING | {"mysql", "mariadb", "oceanbase", "bigquery", "iceberg"}


def scheme(namespace: str) -> str:
    """
    What kind of place this is.

    >>> scheme("postgres://h:5432"), scheme("bigquery"), scheme("arn:aws:glue:eu-west-1:42")
    ('postgres', 'bigquery', 'glue')
    """
    head = namespace.partition("://")[0]
    if head.startswith("arn:aws"):
        return head.split(":")[2] if head.count(":") > 2 else "arn"
    return head[:4] if head.startswith(("file:", "dbfs:")) else head


def folds_columns(namespace: str) -> bool:
    """Whether `AMOUNT` and `amount` are one column of the datasets there; not so in files."""
    return scheme(namespace) in _FOLDING_COLUMNS


def column_key(namespace: str, column: str) -> str:
    """
    A column's name as the platform compares it; the one rule for schemas, lineage, tags and lookups.

    >>> column_key("postgres://h:5432", "AMOUNT"), column_key("kafka://h:9092", "userId")
    ('amount', 'userId')
    """
    return column.lower() if folds_columns(namespace) else column


def spelled(column: str, known: Iterable[str]) -> str | None:
    """
    The column of another catalog, of which it is not known how it compares names: as it is spelled,
    else the only one that differs in the case of letters alone; None without one.

    >>> spelled("id", ["ID", "id"]), spelled("Id", ["id"]), spelled("Id", ["ID", "id"])
    ('id', 'id', None)
    """
    alike = [each for each in known if each.lower() == column.lower()]
    if column in alike:
        return column
    return alike[0] if len(alike) == 1 else None
