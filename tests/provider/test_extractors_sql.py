"""SQL on servers: names, columns, and what a server is asked for."""

# ruff: noqa: TID253 - tested against the real operators

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    BaseOperator,
)
from airflow.providers.common.sql.hooks.lineage import send_sql_hook_lineage
from airflow.providers.common.sql.operators.sql import (
    SQLExecuteQueryOperator,
)
from airflow.providers.openlineage.extractors import OperatorLineage
from airflow.providers.openlineage.sqlparser import DatabaseInfo
from airflow.providers.sqlite.hooks.sqlite import SqliteHook
from airflow.providers.standard.operators.python import PythonOperator
from openlineage.client.event_v2 import OutputDataset
from openlineage.client.facet_v2 import column_lineage_dataset, schema_dataset
from tests.provider.extracting import extract, names

from fairlead_airflow.lineage.parts import Lineage

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("collector")]


def test_a_comment_at_the_end_of_a_statement_does_not_hide_the_next(database: str) -> None:
    class Two(BaseOperator):
        def execute(self, context: Any) -> None:
            hook = SqliteHook("shop")
            hook.run(["INSERT INTO sales SELECT id, amount FROM raw -- first", "DELETE FROM raw"])

    lineage = extract(Two(task_id="t"))
    assert [name for _, name in names(lineage.outputs)] == ["Sales", "raw"]


def test_sql_that_cannot_be_read_is_named_and_costs_no_other_sql(database: str) -> None:
    class Odd(BaseOperator):
        def execute(self, context: Any) -> None:
            SqliteHook("shop").run("INSERT INTO sales SELECT id, amount FROM raw")
            hook = SqliteHook("shop")
            hook.run("DELETE FROM raw")
            send_sql_hook_lineage(context=hook, sql="SELECT 'never closed; SELECT 1")

    lineage = extract(Odd(task_id="t"))
    assert [name for _, name in names(lineage.outputs)] == ["Sales", "raw"]
    assert lineage.run_facets["extractionError"].errors


class ServerHook(SqliteHook):
    """A hook that describes a PostgreSQL server, and runs on SQLite."""

    conn_type = "postgres"

    def get_openlineage_database_info(self, connection: Any) -> DatabaseInfo:
        return DatabaseInfo(scheme="postgres", authority="db:5432", database="shop")

    def get_openlineage_database_dialect(self, connection: Any) -> str:
        return "postgres"

    def get_openlineage_default_schema(self) -> str:
        return "public"


def test_sql_on_a_server_is_named_as_openlineage_names_it(database: str) -> None:
    def load() -> None:
        hook = ServerHook("shop")
        hook.run("INSERT INTO Sales (eur) WITH d AS (SELECT amount FROM raw) SELECT amount FROM d")
        hook.insert_rows("Sales", [(1, 2.0)], target_fields=["order_id", "eur"])

    lineage = extract(PythonOperator(task_id="t", python_callable=load))
    assert names(lineage.inputs) == [("postgres://db:5432", "shop.public.raw")]
    assert names(lineage.outputs) == [("postgres://db:5432", "shop.public.Sales")]
    columns = lineage.outputs[0].facets["columnLineage"].fields
    assert [(i.name, i.field) for i in columns["eur"].inputFields] == [
        ("shop.public.raw", "amount")
    ]


def test_an_insert_without_column_names_invents_none_where_the_table_is_not_known(
    database: str,
) -> None:
    def load() -> None:
        ServerHook("shop").run("INSERT INTO Sales SELECT id, amount * 2 FROM raw")

    lineage = extract(PythonOperator(task_id="t", python_callable=load))
    assert names(lineage.inputs) == [("postgres://db:5432", "shop.public.raw")]
    assert "columnLineage" not in lineage.outputs[0].facets
    [error] = lineage.run_facets["extractionError"].errors
    assert "the columns of Sales are not known" in error.errorMessage


def test_what_decides_about_rows_is_an_indirect_input(database: str) -> None:
    def load() -> None:
        ServerHook("shop").run("INSERT INTO Sales (eur) SELECT count(amount) FROM raw WHERE id > 0")

    [output] = extract(PythonOperator(task_id="t", python_callable=load)).outputs
    facet = output.facets["columnLineage"]
    [how] = facet.fields["eur"].inputFields[0].transformations
    assert (how.type, how.subtype, how.masking) == ("DIRECT", "AGGREGATION", True)
    [row] = facet.dataset
    assert (row.field, row.transformations[0].type, row.transformations[0].subtype) == (
        "id",
        "INDIRECT",
        "FILTER",
    )


@pytest.mark.parametrize(
    ("sql", "inputs", "outputs"),
    [
        ("COPY sales (eur) FROM STDIN WITH CSV", ["/data/x.csv"], ["shop.public.sales"]),
        ("COPY (SELECT eur FROM sales) TO STDOUT", ["shop.public.sales"], ["/data/x.csv"]),
    ],
)
def test_a_copy_through_the_client_names_its_file(
    database: str, sql: str, inputs: list[str], outputs: list[str]
) -> None:
    """As `PostgresHook.copy_expert`, `bulk_load` and `bulk_dump` report it."""

    def copy() -> None:
        hook = ServerHook("shop")
        send_sql_hook_lineage(context=hook, sql=sql, sql_parameters=("/data/x.csv",))

    lineage = extract(PythonOperator(task_id="t", python_callable=copy))
    assert [d.name for d in lineage.inputs] == inputs
    assert [d.name for d in lineage.outputs] == outputs


def test_a_call_names_what_it_hides_and_a_block_is_read(database: str) -> None:
    def run() -> None:
        hook = ServerHook("shop")
        send_sql_hook_lineage(context=hook, sql="CALL load_all()")
        block = "DO $$ BEGIN INSERT INTO sales (eur) SELECT amount FROM raw; END $$"
        send_sql_hook_lineage(context=hook, sql=block)

    lineage = extract(PythonOperator(task_id="t", python_callable=run))
    assert [d.name for d in lineage.inputs] == ["shop.public.raw"]
    assert [d.name for d in lineage.outputs] == ["shop.public.sales"]
    [error] = lineage.run_facets["extractionError"].errors
    assert "the procedure load_all" in error.errorMessage


class KnowingHook(ServerHook):
    """A server that also says which columns its tables have."""

    def get_conn(self) -> Any:
        connection = super().get_conn()
        connection.execute("ATTACH ':memory:' AS information_schema")
        connection.execute(
            "CREATE TABLE information_schema.columns (table_schema, table_name, column_name,"
            " ordinal_position, udt_name)"
        )
        rows = [
            ("Sales", "order_id", 1),
            ("Sales", "eur", 2),
            ("raw", "id", 1),
            ("raw", "amount", 2),
        ]
        connection.executemany(
            "INSERT INTO information_schema.columns VALUES ('public', ?, ?, ?, 'int4')", rows
        )
        return connection


def test_a_server_is_asked_for_columns_where_a_statement_needs_them(database: str) -> None:
    def load() -> None:
        KnowingHook("shop").run("INSERT INTO Sales SELECT id, amount FROM raw")

    lineage = extract(PythonOperator(task_id="t", python_callable=load))
    columns = lineage.outputs[0].facets["columnLineage"].fields
    assert {name: field.inputFields[0].field for name, field in columns.items()} == {
        "order_id": "id",
        "eur": "amount",
    }
    assert "extractionError" not in lineage.run_facets


class KnowingOperator(SQLExecuteQueryOperator):
    """Of a team that has a hook of its own."""

    def get_db_hook(self) -> Any:
        return KnowingHook("shop")


def test_openlineages_own_parser_puts_no_invented_column_into_an_event(database: str) -> None:
    task = KnowingOperator(
        task_id="t",
        conn_id="shop",
        sql="INSERT INTO Sales WITH paid AS (SELECT id, amount FROM raw) SELECT id, amount * 2 FROM paid",
    )
    lineage = extract(task)
    assert names(lineage.inputs) == [("postgres://db:5432", "shop.public.raw")]
    [output] = lineage.outputs
    assert [field.name for field in output.facets["schema"].fields] == ["order_id", "eur"]
    assert {
        name: (field.inputFields[0].name, field.inputFields[0].field)
        for name, field in output.facets["columnLineage"].fields.items()
    } == {"order_id": ("shop.public.raw", "id"), "eur": ("shop.public.raw", "amount")}


def test_an_operator_that_speaks_for_itself_brings_no_invented_column(database: str) -> None:
    """As OpenLineage's parser names columns without a name: `_0`."""
    source = column_lineage_dataset.InputField("n", "raw", "amount")
    fields = {
        name: column_lineage_dataset.Fields(inputFields=[source]) for name in ("_0", "eur", "_1")
    }
    known = [schema_dataset.SchemaDatasetFacetFields(name=name) for name in ("eur", "_1")]
    facets = {
        "columnLineage": column_lineage_dataset.ColumnLineageDatasetFacet(fields=fields),
        "schema": schema_dataset.SchemaDatasetFacet(fields=known),
    }
    extracted = Lineage.of(OperatorLineage(outputs=[OutputDataset("n", "sales", facets=facets)]))
    [held] = extracted.outputs.values()
    assert set(held["columnLineage"].fields) == {"eur", "_1"}
