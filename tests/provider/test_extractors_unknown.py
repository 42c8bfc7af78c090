"""Operators without an extractor of ours: their bases, their own lineage, their hooks, or why there is none."""

# ruff: noqa: TID253 - tested against the real operators

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    Asset,
    BaseOperator,
)
from airflow.providers.common.sql.operators.sql import (
    SQLExecuteQueryOperator,
)
from airflow.providers.openlineage.extractors import OperatorLineage
from airflow.providers.openlineage.utils.emission_policy import EmissionPolicy
from airflow.providers.sqlite.hooks.sqlite import SqliteHook
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from openlineage.client.event_v2 import OutputDataset
from tests.provider.extracting import INSERT, extract, names

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("collector")]


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


def test_an_unknown_operator_has_its_hooks_and_its_assets(database: str) -> None:
    class Unknown(BaseOperator):
        def execute(self, context: Any) -> None:
            SqliteHook("shop").run("INSERT INTO sales SELECT id, amount FROM raw")

    lineage = extract(Unknown(task_id="t", outlets=[Asset("report")]))
    assert names(lineage.inputs) == [(f"sqlite://{database}", "raw")]
    assert names(lineage.outputs) == [(f"sqlite://{database}", "Sales"), ("asset", "report")]


def test_the_emission_policy_can_leave_hooks_out(database: str) -> None:
    controls = replace(EmissionPolicy.defaults(), hook_lineage=False)
    operator = Speaking(task_id="t", outlets=[Asset("report")])
    operator.says = False
    lineage = extract(operator, controls=controls)
    assert lineage.inputs == []
    assert names(lineage.outputs) == [("asset", "report")]


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
