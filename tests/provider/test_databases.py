"""What tables are called through every driver: the same, by any reader."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import pytest
from tests.provider import operators

from fairlead_airflow.lineage import databases
from fairlead_airflow.lineage.addresses import of_jdbc, of_odbc, of_server
from fairlead_sdk.sql import Table

PG = "postgres://pg.example:5432"


@pytest.mark.parametrize(
    ("url", "namespace", "name"),
    [
        ("jdbc:postgresql://pg.example:5432/shop?ssl=true", PG, "shop.public.orders"),
        ("jdbc:postgresql://pg.example/shop", PG, "shop.public.orders"),
        (
            "jdbc:sqlserver://ms.example:1433;databaseName=shop;encrypt=true",
            "mssql://ms.example:1433",
            "shop.dbo.orders",
        ),
        ("jdbc:mysql://my.example/shop", "mysql://my.example:3306", "shop.orders"),
        ("jdbc:oracle:thin:@//ora.example:1521/XE", "oracle://ora.example:1521", "XE.orders"),
        ("jdbc:oracle:thin:u/p@ora.example:1521:XE", "oracle://ora.example:1521", "XE.orders"),
        ("jdbc:hive2://hs.example:10000/shop", "hive://hs.example:10000", "shop.orders"),
        ("jdbc:trino://t.example:8080/lake/shop", "trino://t.example:8080", "lake.shop.orders"),
        (
            "jdbc:snowflake://acme-eu.snowflakecomputing.com/?db=SHOP&schema=PUBLIC",
            "snowflake://acme-eu",
            "SHOP.PUBLIC.orders",
        ),
        (
            "jdbc:databricks://adb-1.example:443;ConnCatalog=main;ConnSchema=shop",
            "databricks://adb-1.example",
            "main.shop.orders",
        ),
    ],
)
def test_a_jdbc_url_names_the_tables_of_its_database(url: str, namespace: str, name: str) -> None:
    address = of_jdbc(url)
    assert address is not None
    assert databases.ServerDatabase(address).identity(Table("orders")) == (namespace, name)


@pytest.mark.parametrize("url", ["jdbc:h2:mem:test", "jdbc:sqlite:/x.db", "", "postgresql://a/b"])
def test_what_is_no_server_names_nothing(url: str) -> None:
    assert of_jdbc(url) is None


def test_a_password_in_a_url_is_in_no_name() -> None:
    for url in (
        "jdbc:oracle:thin:u/hidden@ora.example:1521:XE",
        "jdbc:mysql://u:hidden@my.example/s",
    ):
        assert "hidden" not in repr(of_jdbc(url))


def test_an_odbc_driver_is_known_by_its_name() -> None:
    address = of_odbc("{ODBC Driver 18 for SQL Server}", "ms.example", 1433, "shop")
    assert address is not None
    assert (address.namespace, address.kind) == ("mssql://ms.example:1433", "mssql")
    assert of_odbc("Home-made", "host", None, "shop") is None


def test_a_database_is_a_schema_where_it_is_so_called() -> None:
    assert of_server("mysql", "h", None, "shop").schema == "shop"
    assert of_server("vertica", "h", None, "shop").catalog == "shop"


def _hook(path: str) -> Any:
    module, _, kind = path.rpartition(".")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return getattr(importlib.import_module(module), kind)
        except ImportError as error:  # or a library of the system's, such as unixODBC
            pytest.skip(f"not installed: {error}")


HOOKS = [
    ("airflow.providers.jdbc.hooks.jdbc.JdbcHook", "jdbc", PG, "shop.public.orders"),
    (
        "airflow.providers.odbc.hooks.odbc.OdbcHook",
        "odbc",
        "mssql://ms.example:1433",
        "shop.dbo.orders",
    ),
    (
        "airflow.providers.trino.hooks.trino.TrinoHook",
        "trino",
        "trino://trino.example:8080",
        "lake.orders",
    ),
    (
        "airflow.providers.vertica.hooks.vertica.VerticaHook",
        "vertica",
        "vertica://vertica.example:5433",
        "shop.public.orders",
    ),
    (
        "airflow.providers.apache.hive.hooks.hive.HiveServer2Hook",
        "hive2",
        "hive://hive.example:10000",
        "shop.orders",
    ),
    (
        "airflow.providers.apache.hive.hooks.hive.HiveCliHook",
        "hive",
        "hive://hive.example:10000",
        "shop.orders",
    ),
    (
        "airflow_clickhouse_plugin.hooks.clickhouse_dbapi.ClickHouseDbApiHook",
        "green",
        "clickhouse://house.example:9000",
        "default.orders",
    ),
]


@pytest.mark.airflow
@pytest.mark.parametrize(
    ("path", "connection", "namespace", "name"), HOOKS, ids=[h[1] for h in HOOKS]
)
def test_a_hook_names_the_tables_of_its_database(
    path: str, connection: str, namespace: str, name: str
) -> None:
    hook = _hook(path)
    with operators.shop():
        database = databases.behind(hook(connection))
    assert database is not None
    assert database.identity(Table("orders")) == (namespace, name)


@pytest.mark.airflow
def test_a_statement_says_in_which_schema_it_ran() -> None:
    hook = _hook("airflow.providers.apache.hive.hooks.hive.HiveServer2Hook")
    with operators.shop():
        database = databases.behind(hook("hive2"), {"default_schema": "mart"})
    assert database is not None
    assert database.identity(Table("orders")).name == "mart.orders"


@pytest.mark.airflow
def test_redshift_behind_its_api_is_the_cluster() -> None:
    hook = _hook("airflow.providers.amazon.aws.hooks.redshift_data.RedshiftDataHook")
    reported = {"default_db": "shop", "extra": {"cluster_identifier": "c"}}
    with operators.shop():
        database = databases.behind(hook("aws"), reported)
    assert database is not None
    assert database.identity(Table("orders")) == (
        "redshift://c.eu-west-1:5439",
        "shop.public.orders",
    )
