"""Extractors with real operators and hooks on a real SQLite file."""

# ruff: noqa: TID253 - tested against the real operators

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    DAG,
    Asset,
    BaseOperator,
    ObjectStoragePath,
    task,
)
from airflow.providers.common.io.operators.file_transfer import FileTransferOperator
from airflow.providers.common.sql.hooks.lineage import send_sql_hook_lineage
from airflow.providers.common.sql.operators.sql import (
    SQLCheckOperator,
    SQLColumnCheckOperator,
    SQLExecuteQueryOperator,
)
from airflow.providers.http.operators.http import HttpOperator
from airflow.providers.openlineage.extractors import OperatorLineage
from airflow.providers.openlineage.extractors.manager import ExtractorManager
from airflow.providers.openlineage.sqlparser import DatabaseInfo
from airflow.providers.openlineage.utils.emission_policy import EmissionPolicy
from airflow.providers.sqlite.hooks.sqlite import SqliteHook
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.utils.state import TaskInstanceState
from openlineage.client.event_v2 import OutputDataset
from openlineage.client.facet_v2 import column_lineage_dataset, schema_dataset
from tests.provider.versions import forget_hook_lineage

from fairlead_airflow import extractors
from fairlead_airflow.extractors.base import Extractor
from fairlead_airflow.extractors.fresh import FreshTaskListener
from fairlead_airflow.lineage.parts import Lineage

pytestmark = pytest.mark.airflow


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """As at the start of a task: nothing collected yet."""
    forget_hook_lineage()
    yield
    forget_hook_lineage()


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A shop's warehouse, behind the connection `shop`."""
    path = str(tmp_path / "warehouse.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("""
            CREATE TABLE raw (id INTEGER, amount REAL, customer TEXT);
            CREATE TABLE Sales (order_id INTEGER, eur REAL);
            INSERT INTO raw VALUES (1, 10.0, 'ann'), (2, 20.0, 'bob');
        """)
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", f"sqlite://{path}")
    return path


def extract(
    operator: Any,
    *,
    run: bool = True,
    failed: bool = False,
    manager: ExtractorManager | None = None,
    controls: EmissionPolicy | None = None,
    instance: Any = None,
) -> Any:
    """What OpenLineage's manager gets for an operator, before or after it has run."""
    if manager is None:
        manager = ExtractorManager()
        extractors.register(manager)
    if run:
        operator.execute({"ti": None, "task_instance": None})
    state = TaskInstanceState.RUNNING
    if run or instance is not None:
        state = TaskInstanceState.FAILED if failed else TaskInstanceState.SUCCESS
    return manager.extract_metadata(
        dagrun=SimpleNamespace(run_id="r"),
        task=operator,
        task_instance_state=state,
        task_instance=instance,
        controls=controls or EmissionPolicy.defaults(),
    )


def names(datasets: Any) -> list[tuple[str, str]]:
    return [(d.namespace, d.name) for d in datasets]


def dag() -> DAG:
    return DAG("d", start_date=datetime(2026, 1, 1, tzinfo=UTC), schedule=None)


INSERT = "DELETE FROM sales; INSERT INTO sales SELECT id, amount * 2 FROM raw"


def test_a_sql_operator_on_sqlite_has_tables_schemas_columns_and_rows(database: str) -> None:
    operator = SQLExecuteQueryOperator(
        task_id="t", conn_id="shop", sql=INSERT, split_statements=True
    )
    lineage = extract(operator)
    space = f"sqlite://{database}"
    assert names(lineage.inputs) == [(space, "raw")]
    assert names(lineage.outputs) == [(space, "Sales")]
    [output] = lineage.outputs
    assert [(f.name, f.type) for f in output.facets["schema"].fields] == [
        ("order_id", "INTEGER"),
        ("eur", "REAL"),
    ]
    columns = output.facets["columnLineage"].fields
    assert [
        (i.name, i.field, i.transformations[0].subtype) for i in columns["eur"].inputFields
    ] == [("raw", "amount", "TRANSFORMATION")]
    assert output.outputFacets["outputStatistics"].rowCount == 2
    assert "INSERT INTO sales" in lineage.job_facets["sql"].query


def test_before_it_runs_a_sql_operator_shows_its_sql_and_its_outlets(database: str) -> None:
    outlet = Asset(f"sqlite://{database}/Sales")
    operator = SQLExecuteQueryOperator(task_id="t", conn_id="shop", sql=INSERT, outlets=[outlet])
    lineage = extract(operator, run=False)
    assert names(lineage.outputs) == [(f"sqlite://{database}", "Sales")]
    assert lineage.job_facets["sql"].query == INSERT


def test_a_table_is_one_dataset_by_operator_hook_and_asset(database: str) -> None:
    def load() -> None:
        SqliteHook("shop").insert_rows("SALES", [(1, 2.0)], target_fields=["order_id", "eur"])

    outlet = Asset(f"sqlite://{database}/Sales")
    lineage = extract(PythonOperator(task_id="t", python_callable=load, outlets=[outlet]))
    assert names(lineage.outputs) == [(f"sqlite://{database}", "Sales")]
    assert lineage.outputs[0].outputFacets["outputStatistics"].rowCount == 1


def test_a_python_task_has_its_source_its_hooks_and_its_assets(
    database: str, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_text("1,2")
    source = ObjectStoragePath(f"file://{tmp_path}/in.csv")

    with dag():

        @task(inlets=[Asset("http://127.0.0.1:7079/rates")], outlets=[Asset("report")])
        def work() -> None:
            with source.open() as file:
                file.read()
            rows = SqliteHook("shop").get_records("SELECT amount FROM raw")
            SqliteHook("shop").insert_rows("Sales", [(1, row[0]) for row in rows])

        operator = work().operator
    lineage = extract(operator)
    space = f"sqlite://{database}"
    assert set(names(lineage.inputs)) == {
        ("file", f"{tmp_path}/in.csv"),
        (space, "raw"),
        ("http://127.0.0.1:7079", "/rates"),
    }
    assert set(names(lineage.outputs)) == {(space, "Sales"), ("asset", "report")}
    assert "def work()" in lineage.job_facets["sourceCode"].sourceCode


def test_a_file_that_is_written_is_an_output(tmp_path: Path) -> None:
    def write() -> None:
        with ObjectStoragePath(f"file://{tmp_path}/out.txt").open("w") as file:
            file.write("x")

    lineage = extract(PythonOperator(task_id="t", python_callable=write))
    assert names(lineage.outputs) == [("file", f"{tmp_path}/out.txt")]


@pytest.mark.parametrize(
    "operator",
    [
        SQLCheckOperator(task_id="a", conn_id="shop", sql="SELECT count(*) > 0 FROM raw"),
        SQLColumnCheckOperator(
            task_id="b",
            conn_id="shop",
            table="raw",
            column_mapping={"amount": {"min": {"geq_to": 1}}},
        ),
    ],
    ids=lambda operator: operator.task_type,
)
def test_a_check_reads_what_it_checks(database: str, operator: BaseOperator) -> None:
    lineage = extract(operator)
    assert names(lineage.inputs) == [(f"sqlite://{database}", "raw")]
    assert lineage.outputs == []


def test_a_failed_task_still_tells_what_it_touched(database: str) -> None:
    operator = SQLExecuteQueryOperator(task_id="t", conn_id="shop", sql="SELECT * FROM raw")
    assert names(extract(operator, failed=True).inputs) == [(f"sqlite://{database}", "raw")]


def test_a_dropped_table_is_said_to_be_dropped(database: str) -> None:
    operator = SQLExecuteQueryOperator(task_id="t", conn_id="shop", sql="DROP TABLE raw")
    [output] = extract(operator).outputs
    assert output.facets["lifecycleStateChange"].lifecycleStateChange.value == "DROP"


def test_a_shell_task_shows_its_command() -> None:
    lineage = extract(BashOperator(task_id="t", bash_command="true # {{ ds }}"), run=False)
    assert lineage.job_facets["sourceCode"].sourceCode == "true # {{ ds }}"


@pytest.mark.parametrize(("method", "side"), [("GET", "inputs"), ("POST", "outputs")])
def test_an_http_task_reads_or_writes_its_resource(
    method: str, side: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_API", "http://user:pw@127.0.0.1:7079")
    operator = HttpOperator(task_id="t", http_conn_id="api", endpoint="rates?x=1", method=method)
    lineage = extract(operator, run=False)
    assert names(getattr(lineage, side)) == [("http://127.0.0.1:7079", "/rates")]


def test_a_copied_file_has_the_name_that_hooks_give_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    operator = FileTransferOperator(
        task_id="t", src=f"file://{tmp_path}/a", dst=f"{tmp_path}/b", overwrite=True
    )
    lineage = extract(operator)
    assert names(lineage.inputs) == [("file", f"{tmp_path}/a")]
    assert names(lineage.outputs) == [("file", f"{tmp_path}/b")]


def test_one_source_that_fails_takes_nothing_from_the_others() -> None:
    class Broken(Extractor):
        operators = ("PythonOperator",)

        def before(self) -> Lineage:
            raise RuntimeError("no")

    operator = PythonOperator(
        task_id="t", python_callable=print, inlets=[Asset("s3://lake/raw")], outlets=[Asset("x")]
    )
    lineage = Broken(operator).extract()
    assert lineage is not None
    assert names(lineage.inputs) == [("s3://lake", "raw")]
    assert names(lineage.outputs) == [("asset", "x")]
    [error] = lineage.run_facets["extractionError"].errors
    assert "RuntimeError: no" in error.errorMessage


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


def test_an_extractor_that_a_user_registered_stays() -> None:
    class Mine(Extractor):
        operators = ("BashOperator",)

    manager = ExtractorManager()
    manager.add_extractor("BashOperator", Mine)
    assert extractors.register(manager) == ["BashOperator"]
    assert manager.extractors["BashOperator"] is Mine
    assert manager.extractors["PythonOperator"] is not None


def test_every_listed_extractor_names_its_operators() -> None:
    manager = ExtractorManager()
    extractors.register(manager)
    ours = {e for e in manager.extractors.values() if issubclass(e, Extractor)}
    assert len(ours) == len(extractors.EXTRACTORS)


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


def test_openlineages_own_parser_puts_no_invented_column_into_an_event(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = SQLExecuteQueryOperator(
        task_id="t",
        conn_id="shop",
        sql="INSERT INTO Sales WITH paid AS (SELECT id, amount FROM raw) SELECT id, amount * 2 FROM paid",
    )
    monkeypatch.setattr(task, "get_db_hook", lambda: KnowingHook("shop"))
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
    told = Lineage.of(OperatorLineage(outputs=[OutputDataset("n", "sales", facets=facets)]))
    [held] = told.outputs.values()
    assert set(held["columnLineage"].fields) == {"eur", "_1"}


class Loader(SQLExecuteQueryOperator):
    """As a user derives his own."""


class Speaking(BaseOperator):
    """As other providers' operators speak for themselves."""

    says = True

    def execute(self, context: Any) -> None:
        SqliteHook("shop").get_records("SELECT amount FROM raw")

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> OperatorLineage:
        outputs = [OutputDataset("s3://lake", "out")] if self.says else []
        return OperatorLineage(outputs=outputs)


def test_what_derives_from_an_operator_is_read_as_that_operator(database: str) -> None:
    lineage = extract(Loader(task_id="t", conn_id="shop", sql=INSERT, split_statements=True))
    assert names(lineage.inputs) == [(f"sqlite://{database}", "raw")]
    assert names(lineage.outputs) == [(f"sqlite://{database}", "Sales")]


def test_what_an_operator_says_of_itself_leaves_what_its_author_declared(database: str) -> None:
    lineage = extract(
        Speaking(task_id="t", inlets=[Asset("feed")], outlets=[Asset("x-feed://a/b")])
    )
    assert names(lineage.inputs) == [("asset", "feed")]
    assert names(lineage.outputs) == [("s3://lake", "out"), ("x-feed://a", "b")]


def test_hooks_are_asked_where_an_operator_has_nothing_to_say(database: str) -> None:
    operator = Speaking(task_id="t")
    operator.says = False
    assert names(extract(operator).inputs) == [(f"sqlite://{database}", "raw")]


def test_an_operator_that_nobody_knows_has_its_hooks_and_its_assets(database: str) -> None:
    class Unknown(BaseOperator):
        def execute(self, context: Any) -> None:
            SqliteHook("shop").run("INSERT INTO sales SELECT id, amount FROM raw")

    lineage = extract(Unknown(task_id="t", outlets=[Asset("report")]))
    assert names(lineage.inputs) == [(f"sqlite://{database}", "raw")]
    assert names(lineage.outputs) == [(f"sqlite://{database}", "Sales"), ("asset", "report")]


def test_no_statement_of_a_hook_becomes_a_run_of_its_own(database: str) -> None:
    """Not even one that touches no table, for which OpenLineage's manager makes one."""

    def ask() -> None:
        SqliteHook("shop").get_records("SELECT 1")

    operator = PythonOperator(task_id="t", python_callable=ask)
    manager = ExtractorManager()
    extractors.register(manager)
    asked: list[Any] = []
    manager.get_hook_lineage = lambda *args: asked.append(args)  # type: ignore[method-assign]
    lineage = extract(operator, manager=manager)
    assert lineage.job_facets["sql"].query == "SELECT 1"
    assert not asked


def test_a_task_has_nothing_of_the_task_before_it_in_the_same_process(database: str) -> None:
    """As `airflow dags test` runs them."""

    def read() -> None:
        SqliteHook("shop").get_records("SELECT amount FROM raw")

    FreshTaskListener().on_task_instance_running(None, None)
    assert extract(PythonOperator(task_id="a", python_callable=read)).inputs
    FreshTaskListener().on_task_instance_running(None, None)
    assert extract(PythonOperator(task_id="b", python_callable=print)).inputs == []


def test_the_emission_policy_can_keep_hooks_out(database: str) -> None:
    controls = replace(EmissionPolicy.defaults(), hook_lineage=False)
    operator = Speaking(task_id="t", outlets=[Asset("report")])
    operator.says = False
    lineage = extract(operator, controls=controls)
    assert lineage.inputs == []
    assert names(lineage.outputs) == [("asset", "report")]


def test_an_extractor_that_cannot_even_be_made_costs_the_lineage_and_not_the_event() -> None:
    class Broken(Extractor):
        operators = ("BashOperator",)

        def __init__(self, operator: Any) -> None:
            raise RuntimeError("no")

    manager = ExtractorManager()
    manager.add_extractor("BashOperator", Broken)
    extractors.register(manager)
    operator = BashOperator(task_id="t", bash_command="true", outlets=[Asset("x")])
    assert extract(operator, run=False, manager=manager).outputs == []


def woken(operator: Any, event: dict[str, Any]) -> Any:
    """A task instance whose task comes back from its trigger, as the server hands it to the process."""
    from airflow.sdk.serde import serialize

    context = SimpleNamespace(next_kwargs=serialize({"event": event}))
    return SimpleNamespace(task=operator, _ti_context_from_server=context)


class VendorOperator(BaseOperator):
    def execute(self, context: Any) -> None: ...


@pytest.mark.parametrize(
    ("operator", "reason"),
    [
        (VendorOperator(task_id="a"), "There is no extractor for VendorOperator"),
        (
            PythonOperator(task_id="b", python_callable=print),
            "Its code used no hook that reports",
        ),
        (BashOperator(task_id="c", bash_command="true"), "BashOperator named neither inputs nor"),
    ],
    ids=lambda value: getattr(value, "task_type", ""),
)
def test_a_task_that_nothing_is_seen_of_says_why(operator: BaseOperator, reason: str) -> None:
    assert extract(operator).run_facets["fairlead_unseen"].reason.startswith(reason)


def test_a_task_with_lineage_has_nothing_to_explain(database: str) -> None:
    operator = SQLExecuteQueryOperator(task_id="t", conn_id="shop", sql="SELECT * FROM raw")
    assert "fairlead_unseen" not in extract(operator).run_facets
