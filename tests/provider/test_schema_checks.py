"""What a change of a schema would break, asked of a real bridge before it is made."""

# ruff: noqa: TID253 - tested against the real operators

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowFailException,
)
from tests.provider.authoring import ORDERS, written
from tests.support.bridging import Bridge

from fairlead_airflow import (
    FairleadHook,
    SchemaCheckOperator,
)
from fairlead_airflow.impact import proposed_columns

pytestmark = pytest.mark.airflow


def columns() -> dict[str, str | None]:
    with FairleadHook().client() as client:
        detail = client.dataset(*ORDERS)
    assert detail is not None
    return {c["name"]: c["type"] for c in detail["schema_fields"]}


def schema_check(schema: Any, dataset: Any = ORDERS, **more: Any) -> dict[str, Any]:
    operator = SchemaCheckOperator(task_id="t", dataset=dataset, schema=schema, **more)
    report: dict[str, Any] = operator.execute({})
    return report


@pytest.mark.usefixtures("connection")
def test_the_schema_that_is_there_and_new_columns_are_safe() -> None:
    same = columns()
    assert schema_check(same) == {"changes": [], "uses": []}
    assert schema_check({**same, "another": "text"}) == {"changes": [], "uses": []}


@pytest.mark.usefixtures("connection")
def test_a_column_that_is_used_must_not_go_and_the_error_says_whose_it_is() -> None:
    without = columns()
    del without["amount"]
    with pytest.raises(AirflowFailException) as failed:
        schema_check(without)
    message = str(failed.value)
    assert "column amount is removed" in message
    assert "shop.public.daily_revenue.revenue is made from amount by shop.daily_revenue" in message
    assert "(owner: sales)" in message


@pytest.mark.usefixtures("connection")
def test_a_column_that_is_used_must_stay_of_its_type() -> None:
    with pytest.raises(AirflowFailException, match="column amount becomes text instead of"):
        schema_check({**columns(), "amount": "text"})


@pytest.mark.usefixtures("connection")
def test_a_probable_rename_is_no_safer_than_a_removal_and_a_wider_type_is_safe() -> None:
    renamed = {"value" if n == "amount" else n: kind for n, kind in columns().items()}
    with pytest.raises(AirflowFailException, match="amount is probably renamed to value"):
        schema_check(renamed)
    assert schema_check({**columns(), "amount": "numeric"}) == {"changes": [], "uses": []}


@pytest.mark.usefixtures("connection")
def test_an_unused_column_may_go() -> None:
    without = columns()
    del without["currency"]
    [change] = schema_check(without)["changes"]
    assert (change["column"], change["after"]) == ("currency", None)


@pytest.mark.usefixtures("connection")
def test_a_reader_whose_columns_are_unknown_counts_unless_the_caller_says_otherwise(
    bridge: Bridge,
) -> None:
    lone = ("s3://lake", "lone")
    fields = [{"name": "id", "type": "int"}, {"name": "note", "type": "text"}]
    event = written(lone, "2026-11-04T09:00:00Z")
    event["run"]["runId"] = "01939cd0-0000-7000-8000-0000000abcdf"
    event["outputs"][0]["facets"] = {"schema": {"fields": fields}}
    reader = written(("s3://lake", "made"), "2026-11-04T09:30:00Z")
    reader["run"]["runId"] = "01939cd0-0000-7000-8000-0000000abce0"
    reader["job"]["name"] = "reader"
    reader["inputs"] = [{"namespace": lone[0], "name": lone[1]}]
    bridge.take([event, reader])
    with pytest.raises(AirflowFailException, match="reader reads the dataset"):
        schema_check(["id"], lone)
    assert schema_check(["id"], lone, readers=False)["changes"][0]["column"] == "note"


@pytest.mark.usefixtures("connection")
def test_a_column_with_only_uncertain_readers_is_not_safe_to_go(bridge: Bridge) -> None:
    people, copied = ("s3://lake", "people"), ("s3://lake", "copied")
    city = [{"name": "city", "type": "text"}]
    fields = [
        {"name": "id", "type": "int"},
        {"name": "country", "type": "text"},
        {"name": "address", "type": "struct", "fields": city},
    ]
    event = written(people, "2026-11-05T09:00:00Z")
    event["outputs"][0]["facets"] = {"schema": {"fields": fields}}
    known = written(copied, "2026-11-05T09:10:00Z")
    sources = {"n": "id", "address": "address"}
    usage = {
        column: {"inputFields": [{"namespace": people[0], "name": people[1], "field": source}]}
        for column, source in sources.items()
    }
    known["outputs"][0]["facets"] = {"columnLineage": {"fields": usage}}
    unknown = written(("s3://lake", "mailing"), "2026-11-05T09:20:00Z")
    below = written(("s3://lake", "letters"), "2026-11-05T09:30:00Z")
    for number, (each, name) in enumerate(
        [(event, "write"), (known, "copies"), (unknown, "mails"), (below, "prints")]
    ):
        each["run"]["runId"] = f"01939cd0-0000-7000-8000-0000000abd{number:02}"
        each["job"]["name"] = name
    for each in (known, unknown):
        each["inputs"] = [{"namespace": people[0], "name": people[1]}]
    below["inputs"] = [{"namespace": "s3://lake", "name": "mailing"}]
    bridge.take([event, known])
    assert schema_check({"id": "int", "address": None}, people)["changes"][0]["column"] == "country"
    with pytest.raises(
        AirflowFailException, match=r"copied\.address is made from address\.city by"
    ):
        schema_check({"id": "int", "country": None, "address": None, "address.zip": None}, people)
    bridge.take([unknown, below])
    with pytest.raises(AirflowFailException) as failed:
        schema_check({"id": "int", "address": None}, people)
    message = str(failed.value)
    assert "mails reads the dataset; which columns, the catalog does not know" in message
    assert "letters may be made from country by prints" in message
    assert "copied" not in message
    schema_check({"id": "int", "address": None}, people, readers=False)


@pytest.mark.usefixtures("connection")
def test_a_dataset_that_is_new_may_have_any_columns() -> None:
    assert schema_check(["a"], "s3://lake/new")["changes"] == []


def test_a_proposed_schema_may_be_written_in_three_ways() -> None:
    assert proposed_columns({"a": "int"}) == {"a": "int"}
    assert proposed_columns(["a", {"name": "b", "type": "int"}]) == {"a": None, "b": "int"}
    for wrong in ("a", [], [7]):
        with pytest.raises(ValueError, match="column"):
            proposed_columns(wrong)
