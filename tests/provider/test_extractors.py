"""Extractors with real operators and hooks on a real SQLite file."""

# ruff: noqa: TID253 - tested against the real operators

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    Asset,
    BaseOperator,
    ObjectStoragePath,
    task,
)
from airflow.providers.common.io.operators.file_transfer import FileTransferOperator
from airflow.providers.common.sql.operators.sql import (
    SQLCheckOperator,
    SQLColumnCheckOperator,
    SQLExecuteQueryOperator,
)
from airflow.providers.http.operators.http import HttpOperator
from airflow.providers.openlineage.extractors.manager import ExtractorManager
from airflow.providers.sqlite.hooks.sqlite import SqliteHook
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from tests.provider.extracting import INSERT, dag, extract, names

from fairlead_airflow import extractors
from fairlead_airflow.extractors.base import Extractor
from fairlead_airflow.extractors.fresh import FreshTaskListener
from fairlead_airflow.lineage.parts import Lineage

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("collector")]


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


def test_a_failed_task_still_says_what_it_touched(database: str) -> None:
    operator = SQLExecuteQueryOperator(task_id="t", conn_id="shop", sql="SELECT * FROM raw")
    assert names(extract(operator, failed=True).inputs) == [(f"sqlite://{database}", "raw")]


def test_a_dropped_table_is_reported_dropped(database: str) -> None:
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
