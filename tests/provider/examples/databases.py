"""Databases: the operators of common.sql, and databases whose hooks do not describe them."""

from __future__ import annotations

from typing import Any

from tests.provider.examples.writing import COUNT, HIVE, LAKE, MART, ORACLE, RAW, SPACE, operator
from tests.provider.operators import Example, Names

SQL = "operators.sql."


def _sql(name: str, arguments: dict[str, Any], inputs: Names, **more: Any) -> Example:
    given = {"conn_id": "shop", **arguments}
    return operator("common-sql", f"common.sql.{name}", given, inputs, runs=True, **more)


DATABASES: list[Example] = [
    _sql(
        SQL + "SQLExecuteQueryOperator",
        {"sql": "INSERT INTO sales SELECT id, amount * 2 FROM raw"},
        RAW,
        outputs={(SPACE, "sales")},
        columns=True,
        says={"sql": "INSERT INTO sales SELECT id, amount * 2 FROM raw"},
    ),
    _sql(
        SQL + "SQLInsertRowsOperator",
        {"table_name": "sales", "rows": [(1, 2.0)], "columns": ["order_id", "eur"]},
        set(),
        outputs={(SPACE, "sales")},
    ),
    _sql(SQL + "SQLCheckOperator", {"sql": COUNT}, RAW, says={"sql": COUNT}),
    _sql(SQL + "SQLValueCheckOperator", {"sql": "SELECT count(*) FROM raw", "pass_value": 2}, RAW),
    _sql(
        SQL + "SQLThresholdCheckOperator",
        {"sql": "SELECT count(*) FROM raw", "min_threshold": 1, "max_threshold": 9},
        RAW,
    ),
    _sql(
        SQL + "SQLIntervalCheckOperator",
        {
            "table": "raw",
            "metrics_thresholds": {"count(*)": 1.5},
            "date_filter_column": "day",
            "days_back": -1,
        },
        RAW,
        runtime={"sql1": "SELECT 2, count(*) FROM raw", "sql2": "SELECT 2, count(*) FROM raw"},
    ),
    _sql(
        SQL + "SQLColumnCheckOperator",
        {"table": "raw", "column_mapping": {"amount": {"min": {"geq_to": 1}}}},
        RAW,
    ),
    _sql(
        SQL + "SQLTableCheckOperator",
        {"table": "raw", "checks": {"rows": {"check_statement": "count(*) = 2"}}},
        RAW,
    ),
    _sql(
        SQL + "BranchSQLOperator",
        {"sql": COUNT, "follow_task_ids_if_true": ["a"], "follow_task_ids_if_false": ["b"]},
        RAW,
    ),
    _sql("sensors.sql.SqlSensor", {"sql": COUNT}, RAW, says={"sql": COUNT}),
    operator(
        "common-sql",
        "common.sql.operators.generic_transfer.GenericTransfer",
        {
            "sql": "SELECT id, amount FROM raw",
            "destination_table": "copied",
            "source_conn_id": "shop",
            "destination_conn_id": "mart",
            "preoperator": "DELETE FROM copied",
        },
        RAW,
        {(MART, "copied")},
        runs=True,
    ),
    operator(
        "trino",
        "trino.transfers.gcs_to_trino.GCSToTrinoOperator",
        {
            "source_bucket": "pond",
            "source_object": "a.csv",
            "trino_table": "lake.shop.orders",
            "trino_conn_id": "trino",
        },
        {("gs://pond", "a.csv")},
        {("trino://trino.example:8080", "lake.shop.orders")},
    ),
    operator(
        "oracle",
        "oracle.transfers.oracle_to_oracle.OracleToOracleOperator",
        {
            "oracle_source_conn_id": "oracle",
            "source_sql": "SELECT id FROM sales.orders",
            "oracle_destination_conn_id": "oracle",
            "destination_table": "mart.orders",
        },
        {(ORACLE, "sales.orders")},
        {(ORACLE, "mart.orders")},
        says={"sql": "SELECT id FROM sales.orders"},
    ),
    operator(
        "teradata",
        "teradata.transfers.teradata_to_teradata.TeradataToTeradataOperator",
        {
            "source_teradata_conn_id": "teradata",
            "sql": "SELECT id FROM shop.orders",
            "dest_teradata_conn_id": "teradata",
            "destination_table": "mart.orders",
        },
        {("teradata://teradata.example:1025", "shop.orders")},
        {("teradata://teradata.example:1025", "mart.orders")},
        says={"sql": "SELECT id FROM shop.orders"},
    ),
    operator(
        "apache-hive",
        "apache.hive.transfers.mssql_to_hive.MsSqlToHiveOperator",
        {
            "mssql_conn_id": "mssql",
            "sql": "SELECT id FROM dbo.orders",
            "hive_cli_conn_id": "hive",
            "hive_table": "shop.orders",
        },
        {("mssql://mssql.example:1433", "shop.dbo.orders")},
        {(HIVE, "shop.orders")},
        says={"sql": "SELECT id FROM dbo.orders"},
    ),
    operator(
        "apache-hive",
        "apache.hive.transfers.vertica_to_hive.VerticaToHiveOperator",
        {
            "vertica_conn_id": "vertica",
            "sql": "SELECT id FROM orders",
            "hive_cli_conn_id": "hive",
            "hive_table": "shop.orders",
        },
        {("vertica://vertica.example:5433", "shop.public.orders")},
        {(HIVE, "shop.orders")},
        says={"sql": "SELECT id FROM orders"},
    ),
    operator(
        "apache-hive",
        "apache.hive.transfers.s3_to_hive.S3ToHiveOperator",
        {
            "s3_key": "s3://lake/a.csv",
            "field_dict": {"id": "INT"},
            "hive_table": "shop.orders",
            "hive_cli_conn_id": "hive",
        },
        {(LAKE, "a.csv")},
        {(HIVE, "shop.orders")},
    ),
    operator(
        "apache-hive",
        "apache.hive.transfers.hive_to_samba.HiveToSambaOperator",
        {
            "hql": "SELECT id FROM orders",
            "destination_filepath": "out/a.csv",
            "samba_conn_id": "share",
            "hiveserver2_conn_id": "hive2",
        },
        {(HIVE, "shop.orders")},
        {("smb://share.example", "/public/out/a.csv")},
        says={"sql": "SELECT id FROM orders"},
    ),
    operator(
        "common-sql",
        "common.sql.operators.sql.SQLBulkLoadOperator",
        {"conn_id": "shop", "table": "sales", "tmp_file": "/in/sales.tsv"},
        {("file", "/in/sales.tsv")},
        {(SPACE, "sales")},
    ),
    operator(
        "mongo",
        "mongo.sensors.mongo.MongoSensor",
        {"mongo_conn_id": "docs", "collection": "orders", "query": {"secret": 1}},
        {("mongodb://docs.example:27017", "shop.orders")},
    ),
    operator(
        "apache-hive",
        "apache.hive.sensors.hive_partition.HivePartitionSensor",
        {"table": "shop.orders", "metastore_conn_id": "metastore"},
        {("hive://hive.example:9083", "shop.orders")},
    ),
    operator(
        "apache-hive",
        "apache.hive.sensors.named_hive_partition.NamedHivePartitionSensor",
        {"partition_names": ["shop.orders/day=1"], "metastore_conn_id": "metastore"},
        {("hive://hive.example:9083", "shop.orders")},
    ),
    Example(
        "airflow_clickhouse_plugin.operators.clickhouse.ClickHouseOperator",
        "airflow-clickhouse-plugin",
        {"clickhouse_conn_id": "green", "sql": "INSERT INTO mart SELECT id FROM raw.orders"},
        {("clickhouse://house.example:9000", "raw.orders")},
        {("clickhouse://house.example:9000", "shop.mart")},
        says={"sql": "INSERT INTO mart SELECT id FROM raw.orders"},
    ),
    Example(
        "airflow_clickhouse_plugin.sensors.clickhouse.ClickHouseSensor",
        "airflow-clickhouse-plugin",
        {"clickhouse_conn_id": "green", "sql": COUNT},
        {("clickhouse://house.example:9000", "shop.raw")},
        says={"sql": COUNT},
    ),
    Example(
        "airflow.providers.common.sql.operators.sql.SQLExecuteQueryOperator",
        "airflow-provider-duckdb",
        {
            "conn_id": "fast",
            "sql": "CREATE OR REPLACE TABLE raw (id INT); "
            "CREATE OR REPLACE TABLE mart AS SELECT id FROM raw",
            "split_statements": True,
        },
        set(),  # what the script makes itself comes from nowhere else
        {
            ("duckdb://{folder}/fast.duckdb", "fast.main.raw"),
            ("duckdb://{folder}/fast.duckdb", "fast.main.mart"),
        },
        needs="duckdb_provider.hooks.duckdb_hook",
        runs=True,
        columns=True,
    ),
]
