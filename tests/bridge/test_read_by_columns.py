"""What only column lineage names: an origin is an input, a column that is named is known."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.errors import Malformed
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from tests.bridge.asking import Api, wrote
from tests.support.corpus import every_event, needs_corpus
from tests.support.small import dataset, run_event, schema, uuid

DB = "postgres://h:5432"
ORDERS, REVENUE, STAGE = "s.fct_orders", "s.revenue", "s.stage"


def made(name: str, *sources: tuple[str, str], **facets: Any) -> dict[str, Any]:
    """A dataset whose column `y` comes from these (dataset, column)."""
    inputs = [{"namespace": DB, "name": source, "field": field} for source, field in sources]
    return dataset(name, columnLineage={"fields": {"y": {"inputFields": inputs}}}, **facets)


def names(nodes: Any) -> set[str]:
    return {node["name"] for node in nodes}


def test_an_origin_that_only_column_lineage_names_is_an_input(db: sa.Engine) -> None:
    """As of INSERT ... WITH: the parser finds no inputs, and yet what the columns come from."""
    api = Api(db)
    api.send(*wrote("load", ORDERS), *wrote("with", made(REVENUE, (ORDERS, "amount"))))
    up = api.get("lineage", node=f"dataset:{DB}:{REVENUE}", direction="up")
    assert names(up["nodes"]) == {REVENUE, "with", ORDERS, "load"}
    below = api.get("impact", node=f"dataset:{DB}:{ORDERS}")
    assert names(below["items"]) == {REVENUE, "with"}
    run = api.get("runs", job="with")["items"][0]["run_id"]
    detail = api.get(f"runs/{run}")
    roles = {(each["dataset"]["name"], each["role"]) for each in detail["datasets"]}
    assert roles == {(ORDERS, "input"), (REVENUE, "output")}
    assert names(api.get(f"datasets/{DB}:{ORDERS}")["readers"]) == {"with"}


def test_a_dataset_that_is_its_own_origin_is_no_input_by_that(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*wrote("update", made(ORDERS, (ORDERS, "amount"))))
    up = api.get("lineage", node=f"dataset:{DB}:{ORDERS}")
    assert [edge["source"] for edge in up["edges"]] == ["job:prod:update"]


def test_what_one_statement_of_a_task_wrote_and_another_read_is_on_the_way(db: sa.Engine) -> None:
    api = Api(db)
    api.send(
        *wrote(
            "both", made(STAGE, (ORDERS, "amount")), made(REVENUE, (STAGE, "y")), reads=(ORDERS,)
        )
    )
    assert names(api.get("impact", node=f"dataset:{DB}:{STAGE}")["items"]) == {REVENUE, "both"}


def test_the_query_of_an_ephemeral_model_is_no_dataset(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*wrote("model", made(REVENUE, ("__dbt__cte__paid", "amount"), (ORDERS, "id"))))
    assert names(api.get("datasets")["items"]) == {REVENUE, ORDERS}


def test_column_lineage_stays_where_its_source_comes_only_later(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*wrote("model", made(REVENUE, (ORDERS, "amount"))))
    asked = {"dataset": f"{DB}:{REVENUE}", "column": "y", "direction": "up", "depth": 5}
    before = api.get("lineage/columns", **asked)
    assert {(n["name"], n["column"]) for n in before["nodes"]} == {
        (REVENUE, "y"),
        (ORDERS, "amount"),
    }
    api.send(*wrote("load", made(ORDERS, ("s.raw", "a")) | {}, at="11:00:00"))
    columns = {
        column["name"]: column["known_by"]
        for column in api.get(f"datasets/{DB}:{ORDERS}")["schema_fields"]
    }
    assert columns == {"amount": "lineage", "y": "lineage"}


def test_columns_that_lineage_names_are_shown_beside_those_of_the_schema(db: sa.Engine) -> None:
    api = Api(db)
    api.send(
        *wrote("load", dataset(ORDERS, schema=schema("ID", "amount"))),
        *wrote("sum", made(REVENUE, (ORDERS, "id"), (ORDERS, "tax"))),
    )
    shown = api.get(f"datasets/{DB}:{ORDERS}")["schema_fields"]
    assert [(column["name"], column["known_by"]) for column in shown] == [
        ("ID", "schema"),
        ("amount", "schema"),
        ("tax", "lineage"),
    ]


@pytest.mark.parametrize("odd", [[1], "x", 7, {"inputFields": [3, {"name": "", "namespace": 4}]}])
def test_odd_column_lineage_costs_nothing_else(db: sa.Engine, odd: Any) -> None:
    api = Api(db)
    reported = {
        "fields": {
            "a": odd,
            "y": {"inputFields": [{"namespace": DB, "name": ORDERS, "field": "b"}]},
        }
    }
    api.send(
        run_event(
            "COMPLETE", "10:00:00", uuid(5), "j", outputs=[dataset(REVENUE, columnLineage=reported)]
        )
    )
    assert names(api.get("impact", node=f"dataset:{DB}:{ORDERS}")["items"]) == {REVENUE, "j"}


@needs_corpus
def test_every_origin_of_the_corpus_is_an_input() -> None:
    translate = Translator(Normaliser())
    looked = 0
    for where, body in every_event():
        event = json.loads(body)
        if not isinstance(event, dict) or not isinstance(event.get("run"), dict):
            continue
        try:
            change = translate(body)
        except Malformed:
            continue
        read = {item.dataset_id for item in change.run_datasets if item.role == "input"}
        for lineage in change.column_lineage:
            if lineage.job_id == lineage.dataset_id:
                continue  # as of a view: no run made it
            reported = json.loads(lineage.body)
            inputs = [each for out in reported["fields"].values() for each in out["inputFields"]]
            for each in (*inputs, *reported["dataset"]):
                if each["id"] != lineage.dataset_id and not each["name"].startswith("__dbt__"):
                    looked += 1
                    assert each["id"] in read, (where, each)
    assert looked > 500
