"""What the rules know of databases, stores and brokers: one table for each question."""

from __future__ import annotations

from fairlead_bridge.letters import FOLDING

#: Schemes that mean the same place as another one.
SYNONYMS = {
    "postgresql": "postgres",
    "pg": "postgres",
    "psql": "postgres",
    "sqlserver": "mssql",
    "s3a": "s3",
    "s3n": "s3",
    "gcs": "gs",
    "abfs": "abfss",
    "wasb": "wasbs",
    "ch": "clickhouse",
    "clickhousedb": "clickhouse",
    "hive2": "hive",
    "presto": "trino",
}

#: What a port is where none is written: the defaults of OpenLineage's own producers.
PORTS = {
    "postgres": "5432",
    "crate": "5432",
    "mysql": "3306",
    "mariadb": "3306",
    "mssql": "1433",
    "sqlserver": "1433",
    "oracle": "1521",
    "redshift": "5439",
    "cassandra": "9042",
    "clickhouse": "8123",
    "oceanbase": "2881",
    "db2": "6789",
    "kafka": "9092",
}

#: How many parts a table's whole name has there: database, schema, table.
PARTS = {
    "postgres": 3,
    "crate": 3,
    "mysql": 2,
    "mariadb": 2,
    "mssql": 3,
    "sqlserver": 3,
    "oracle": 3,
    "redshift": 3,
    "snowflake": 3,
    "cassandra": 2,
    "clickhouse": 2,
    "oceanbase": 2,
    "db2": 3,
    "hive": 2,
    "trino": 3,
    "bigquery": 3,
}

#: Object stores: a name is a key, without a slash in front.
STORES = frozenset({"s3", "gs", "abfss", "wasbs", "oss", "cos", "cosn", "obs", "r2"})

#: File systems: a name is a path, with its slash in front.
TREES = frozenset({"file", "hdfs", "viewfs", "dbfs", "sftp", "ftp", "ofs", "alluxio"})

#: Those where a path that starts nowhere starts at the root, and not in a home directory.
ROOTED = frozenset({"file", "hdfs", "viewfs", "dbfs"})

#: Places that are a path of their own: their letters are not a host's.
LOCAL_DATABASES = frozenset({"sqlite", "duckdb"})

#: `container@account` stands in front of the host: no credentials.
WITH_CONTAINER = frozenset({"abfss", "wasbs", "abfs", "wasb"})

#: Names that may carry quotes although the scheme is none of the above.
QUOTING = FOLDING | PARTS.keys() | {"iceberg", "nessie"}

#: Names whose parts stand between slashes: `table/db/orders`.
SLASHED = frozenset({"glue", "s3tables"})
