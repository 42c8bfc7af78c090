"""What DAG authors import, against a real bridge."""

# ruff: noqa: TID253 - tested against the real operators

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    DAG,
    Asset,
    task,
)
from airflow.providers.standard.operators.python import PythonOperator
from tests.provider.authoring import ORDERS, at, context, lineage, names
from tests.support.bridging import Bridge

import fairlead_airflow
from fairlead_airflow import (
    DatasetFreshSensor,
    DeclareLineageOperator,
    FairleadHook,
    SchemaCheckOperator,
    declares_lineage,
)
from fairlead_airflow.lineage.naming import identity
from fairlead_sdk.datasets import Identity

# --- the public face ------------------------------------------------------------------------


def test_the_public_names_are_sorted_and_all_there() -> None:
    assert sorted(fairlead_airflow.__all__) == fairlead_airflow.__all__
    for name in fairlead_airflow.__all__:
        assert getattr(fairlead_airflow, name).__name__ == name


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("s3://lake/orders.csv", ("s3://lake", "orders.csv")),
        ("/data/orders.csv", ("file", "/data/orders.csv")),
        ("sqlite:///w.db/orders", ("sqlite:///w.db", "orders")),
        ("postgres://h:5432/shop/public/orders", ("postgres://h:5432", "shop.public.orders")),
        (Asset("s3://lake/a"), ("s3://lake", "a")),
        (Asset("daily"), ("asset", "daily")),
        (ORDERS, ORDERS),
        (list(ORDERS), ORDERS),
    ],
)
def test_a_dataset_may_be_written_in_many_ways(written: Any, known: tuple[str, str]) -> None:
    assert identity(written) == Identity(*known)


@pytest.mark.parametrize(
    "written",
    ["", "orders", "not a dataset", "a.csv", "Note: none", "s3://", ("a",), ("a", ""), 7, None],
)
def test_what_names_no_dataset_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match="names no dataset"):
        identity(written)


@pytest.mark.parametrize("wrong", ["not a dataset", "shop.public.orders", "", ("a", ""), None, 7])
def test_what_names_no_dataset_fails_while_the_dag_is_parsed(wrong: Any) -> None:
    with pytest.raises(ValueError, match="names no dataset: write a URI"):
        DatasetFreshSensor(task_id="t", dataset=wrong)
    with pytest.raises(ValueError, match="names no dataset"):
        SchemaCheckOperator(task_id="t", dataset=wrong, schema=["id"])
    with pytest.raises(ValueError, match="names no dataset"):
        DeclareLineageOperator(task_id="t", outputs=[wrong])


def test_what_a_template_or_a_task_will_say_is_not_judged_while_the_dag_is_parsed() -> None:
    with DAG("d", start_date=at(1), schedule=None):

        @task
        def name() -> str:
            return "s3://lake/orders.csv"

        for index, dataset in enumerate(["{{ params.table }}", ("{{ ns }}", "x"), name()]):
            assert DatasetFreshSensor(task_id=f"t{index}", dataset=dataset).dataset == dataset


@pytest.mark.usefixtures("connection")
def test_a_sensor_of_no_dataset_fails_at_once_and_makes_no_asset() -> None:
    sensor = DatasetFreshSensor(task_id="t", dataset="{{ params.table }}")
    sensor.dataset = "not a dataset"  # as rendered
    with pytest.raises(ValueError, match="'not a dataset' names no dataset"):
        sensor.execute(context(at(1)))
    assert names(lineage(sensor).inputs) == []


# --- the hook -------------------------------------------------------------------------------


@pytest.mark.usefixtures("connection")
def test_the_hook_has_a_client_of_the_catalog() -> None:
    with FairleadHook().client() as client:
        runs = list(client.runs(dag_id="shop", task_id="daily_revenue", state="failed"))
    assert [run["dag_run_id"] for run in runs] == ["scheduled__2026-11-03T06:00:00+00:00"]


def test_without_a_connection_the_hook_asks_where_lineage_is_sent(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", bridge.url)
    assert FairleadHook().get("api/v1/health")["status"] == "ok"


# --- declaring lineage ----------------------------------------------------------------------


def test_an_operator_declares_what_happens_elsewhere() -> None:
    operator = DeclareLineageOperator(
        task_id="t", inputs=["s3://lake/a", ORDERS], outputs=[Asset("daily")]
    )
    operator.execute({})
    found = lineage(operator)
    assert names(found.inputs) == [("s3://lake", "a"), ORDERS]
    assert names(found.outputs) == [("asset", "daily")]


def test_an_operator_that_declares_nonsense_fails() -> None:
    operator = DeclareLineageOperator(task_id="t", outputs=["{{ params.table }}"])
    operator.outputs = ["nonsense"]  # as rendered
    with pytest.raises(ValueError, match="names no dataset"):
        operator.execute({})


def test_one_declared_name_that_is_no_dataset_costs_no_other() -> None:
    @declares_lineage(inputs=["orders", ORDERS])
    def export() -> None: ...

    assert names(lineage(PythonOperator(task_id="t", python_callable=export)).inputs) == [ORDERS]


def test_a_decorator_below_or_above_task_adds_to_what_is_found() -> None:
    with DAG("d", start_date=at(1), schedule=None):

        @task(outlets=[Asset("s3://lake/declared")])
        @declares_lineage(inputs=[ORDERS], outputs=["/out/a.csv"])
        def below() -> None: ...

        @declares_lineage(inputs=[ORDERS])
        @task
        def above() -> None: ...

        first, second = below().operator, above().operator
    found = lineage(first)
    assert names(found.inputs) == [ORDERS]
    assert names(found.outputs) == [("file", "/out/a.csv"), ("s3://lake", "declared")]
    assert "def below" in found.job_facets["sourceCode"].sourceCode
    assert names(lineage(second).inputs) == [ORDERS]


def test_a_declaration_may_depend_on_the_tasks_arguments() -> None:
    @declares_lineage(outputs=lambda region, day: [f"s3://lake/{region}/{day}.csv"])
    def export(region: str, day: str = "today", **_: Any) -> None: ...

    operator = PythonOperator(task_id="t", python_callable=export, op_args=["eu"])
    assert names(lineage(operator).outputs) == [("s3://lake", "eu/today.csv")]


def test_a_declaration_that_fails_costs_only_itself() -> None:
    @declares_lineage(outputs=lambda unknown: [unknown])
    def export() -> None: ...

    operator = PythonOperator(task_id="t", python_callable=export)
    assert lineage(operator).job_facets["sourceCode"] is not None
