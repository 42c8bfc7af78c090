"""Contracts kept: each aspect is kept, broken or unknown, and what turns broken becomes an incident."""

from __future__ import annotations

import doctest
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fairlead_bridge.cli import main
from fairlead_bridge.db.engine import open_database
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.declaring import files, store
from fairlead_bridge.declaring.files import File
from fairlead_bridge.insight import contracts, logical
from fairlead_bridge.insight.contracts import Contract, PromisedCheck, PromisedColumn
from fairlead_bridge.insight.quality import Check
from fairlead_bridge.mapping.finding import finder
from fairlead_bridge.mapping.identity import Normaliser
from tests.bridge.asking import Api
from tests.bridge.monitored import DAY, Bridge, micros
from tests.support.small import run_event, uuid

SPACE = "postgres://h:5432"
ORDERS = f"dataset:{SPACE}:shop.orders"
CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: orders
name: Orders
version: 1.2.0
status: active
servers: [{type: postgresql, host: h, port: 5432, database: shop}]
team: {name: sales}
schema:
  - name: orders
    properties:
      - {name: id, physicalType: bigint, quality: [{metric: nullValues, mustBe: 0}]}
      - {name: email, logicalType: string}
    quality: [{metric: rowCount, mustBeGreaterThan: 10}]
slaProperties:
  - {property: frequency, value: 1, unit: d}
"""
FIELDS = [{"name": "id", "type": "int"}, {"name": "email", "type": "varchar"}]
_numbers = iter(range(0x9100000, 0x9200000))


def declare(bridge: Bridge, text: str, at: Any) -> None:
    identify = finder(Normaliser())
    with bridge.db.connect() as tx:
        plan = store.plan(
            tx, files.read([File("orders.yaml", text)]), "files", identify, micros(at), prune=True
        )
    bridge.take(plan.bodies, at)


def write(
    bridge: Bridge,
    at: Any,
    fields: list[dict[str, str]] | None = None,
    failed: str | None = None,
    rows: int = 20,
    checked: bool = True,
    **facets: Any,
) -> None:
    """A run of one minute writes the orders and checks that no id is null."""
    run_id = uuid(next(_numbers))
    result = {"assertion": "not_null", "success": failed is None, "column": "id"}
    output = {
        "namespace": SPACE,
        "name": "shop.orders",
        "facets": {"schema": {"fields": FIELDS if fields is None else fields}, **facets},
        "outputFacets": {"outputStatistics": {"rowCount": rows}},
    }
    if checked:
        output["facets"]["dataQualityAssertions"] = {"assertions": [result]}
    ends = at + timedelta(minutes=1)
    bridge.take(
        [
            run_event("START", at.isoformat(), run_id, "load"),
            run_event("COMPLETE", ends.isoformat(), run_id, "load", outputs=[output]),
        ],
        at + timedelta(minutes=2),
    )


@pytest.fixture
def bridge(tmp_path: Path) -> Bridge:
    db = open_database(f"sqlite:///{tmp_path / 'kept.db'}")
    migrate(db)
    return Bridge(db)


def outcomes(bridge: Bridge, at: Any) -> dict[str, tuple[str, str]]:
    answer = Api(bridge.db, at).get("contracts", dataset=ORDERS)
    (item,) = answer["items"]
    (table,) = item["tables"]
    assert table["dataset"]["node"] == ORDERS
    found = {name: (each["verdict"], each["reason"]) for name, each in table["verdicts"].items()}
    assert item["verdict"] == table["verdict"]
    return found | {"overall": (item["verdict"], "")}


def words(found: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {name: verdict for name, (verdict, _) in found.items()}


def test_a_contract_of_what_no_run_showed_is_unknown_and_opens_nothing(bridge: Bridge) -> None:
    declare(bridge, CONTRACT, DAY)
    found = outcomes(bridge, DAY + timedelta(minutes=1))
    assert words(found) == {
        "schema": "unknown",
        "freshness": "unknown",
        "quality": "unknown",
        "owner": "kept",
        "overall": "unknown",
    }
    assert found["schema"][1] == "no run has shown its columns yet"
    assert bridge.incidents() == []


def test_a_contract_that_a_write_fulfils_opens_nothing(bridge: Bridge) -> None:
    declare(bridge, CONTRACT, DAY)
    write(bridge, DAY + timedelta(hours=1))
    found = outcomes(bridge, DAY + timedelta(hours=2))
    assert set(words(found).values()) == {"kept"}, found
    assert bridge.incidents() == []


@pytest.mark.parametrize(
    ("aspect", "change", "reason"),
    [
        ("schema", {"fields": FIELDS[:1]}, "email is missing"),
        (
            "schema",
            {"fields": [{"name": "id", "type": "text"}, FIELDS[1]]},
            "id is text, promised is bigint",
        ),
        (
            "schema",
            {"fields": [FIELDS[0], {"name": "email", "type": "int"}]},
            "email is int, promised is string",
        ),
        ("quality", {"failed": "not_null"}, "check not_null of id failed"),
        ("quality", {"rows": 3}, "3 rows were written; expected are"),
        ("owner", {"ownership": {"owners": [{"name": "crm"}]}}, "owned by crm; promised is sales"),
    ],
)
def test_a_broken_aspect_opens_an_incident_that_ends_when_it_is_fulfilled_again(
    bridge: Bridge, aspect: str, change: dict[str, Any], reason: str
) -> None:
    declare(bridge, CONTRACT, DAY)
    write(bridge, DAY + timedelta(hours=1))
    write(bridge, DAY + timedelta(hours=3), **change)
    now = DAY + timedelta(hours=4)
    found = outcomes(bridge, now)
    assert found[aspect][0] == found["overall"][0] == "broken"
    assert reason in found[aspect][1]
    (incident,) = [each for each in bridge.incidents("open") if each.kind == "broken_contract"]
    assert incident.node == ORDERS
    assert incident.text.startswith("shop.orders breaks the data contract Orders 1.2.0: ")
    assert reason in incident.text
    assert (incident.id, 1) in [(id, 1) for id, _ in bridge.owed()]
    write(bridge, DAY + timedelta(hours=5), ownership={"owners": [{"name": "Sales"}]})
    assert [each.kind for each in bridge.incidents("open")] == []
    assert incident.id in {each.id for each in bridge.incidents("resolved")}


def test_a_write_that_comes_too_late_breaks_the_contract_when_it_is_due(bridge: Bridge) -> None:
    declare(bridge, CONTRACT, DAY)
    write(bridge, DAY + timedelta(hours=1))
    now = DAY + timedelta(hours=26)
    bridge.evaluate(now)
    assert outcomes(bridge, now)["freshness"][0] == "broken"
    broken = [each for each in bridge.incidents("open") if each.kind == "broken_contract"]
    assert ["freshness: late since" in each.text for each in broken] == [True]
    outlook = Api(bridge.db, now).get("outlook", node=ORDERS)
    assert (outlook["standing"], outlook["expectation"]["source"]) == ("late", "contract")


def test_something_else_that_breaks_is_notified_and_the_same_again_is_not(bridge: Bridge) -> None:
    declare(bridge, CONTRACT, DAY)
    write(bridge, DAY + timedelta(hours=1), fields=FIELDS[:1])
    first = dict(bridge.owed())
    write(bridge, DAY + timedelta(hours=2), fields=FIELDS[:1])
    assert dict(bridge.owed()) == first
    write(bridge, DAY + timedelta(hours=3), fields=FIELDS[:1], rows=2)
    (incident,) = [each for each in bridge.incidents("open") if each.kind == "broken_contract"]
    assert bridge.timeline(incident.id).count("cause") == 1
    assert dict(bridge.owed())[incident.id] > first[incident.id]


def test_a_withdrawn_contract_is_none_and_its_incident_ends(bridge: Bridge) -> None:
    declare(bridge, CONTRACT, DAY)
    write(bridge, DAY + timedelta(hours=1), fields=FIELDS[:1])
    assert [each.kind for each in bridge.incidents("open")] == ["broken_contract"]
    declare(bridge, "datasets: []", DAY + timedelta(hours=2))
    assert Api(bridge.db, DAY + timedelta(hours=3)).get("contracts")["items"] == []
    assert bridge.incidents("open") == []


def test_one_contract_shows_what_it_promises_and_an_unknown_one_is_not_found(
    bridge: Bridge,
) -> None:
    declare(bridge, CONTRACT, DAY)
    api = Api(bridge.db, DAY)
    found = api.get("contracts/orders")
    (table,) = found["promised"]
    assert [(each["name"], each["type"], each["logical"]) for each in table["columns"]] == [
        ("id", "bigint", None),
        ("email", None, "string"),
    ]
    assert table["service_levels"] == [{"every": "1d"}]
    assert table["checks"] == [{"name": "nullValues", "column": "id", "rule": "nullValues"}]
    assert table["rows"] == {"rows": {"at_least": 11}}
    assert "no declared data contract" in api.problem(404, "contracts/x").lower()
    assert api.get("contracts", verdict="broken")["total"] == 0
    assert api.get("contracts", owner="sales")["total"] == 1
    assert api.get("contracts", dataset="dataset:x:y")["total"] == 0


def test_the_command_ends_with_1_where_a_contract_is_broken(
    bridge: Bridge, capsys: pytest.CaptureFixture[str]
) -> None:
    url = str(bridge.db.url)
    declare(bridge, CONTRACT, DAY)
    assert main(["contracts", "--database-url", url]) == 0
    write(bridge, DAY + timedelta(hours=1), fields=FIELDS[:1])
    capsys.readouterr()
    assert main(["contracts", "--database-url", url]) == 1
    printed = capsys.readouterr().out
    assert "broken   Orders 1.2.0 (orders)" in printed
    assert "schema: email is missing" in printed
    assert main(["contracts", "nothing", "--database-url", url]) == 1
    capsys.readouterr()
    main(["contracts", "--json", "--database-url", url])
    assert json.loads(capsys.readouterr().out)[0]["verdict"] == "broken"


def test_a_check_counts_for_the_promise_of_its_column_alone() -> None:
    promised = Contract("c", checks=(PromisedCheck("nullValues", "id", "nullValues"),))
    made = [Check("not_null", "email", 1, is_passed=False)]
    assert contracts.quality(promised, made, None, counted=True).verdict == "unknown"
    made = [Check("not_null_orders_id", "id", 1, is_passed=True)]
    assert contracts.quality(promised, made, None, counted=True).verdict == "kept"


def test_columns_that_only_readers_sent_are_not_missing() -> None:
    promised = Contract("c", columns=(PromisedColumn("id"), PromisedColumn("email")))
    part = contracts.Shown({"id": None}, is_whole=False)
    assert contracts.schema(promised, part, "postgres", str).verdict == "unknown"


def test_the_examples_of_the_docstrings_are_true() -> None:
    assert doctest.testmod(contracts).failed == 0
    assert doctest.testmod(logical).failed == 0


def test_a_declared_address_is_shown_and_a_connection_is_not(bridge: Bridge) -> None:
    text = "datasets: [{node: 'dataset:bi:revenue', type: dashboard, url: 'https://bi.example/1'}]"
    declare(bridge, text, DAY)
    write(bridge, DAY, dataSource={"name": "x", "uri": "postgres://h:5432"})
    api = Api(bridge.db, DAY)
    assert api.get("datasets/bi:revenue")["url"] == "https://bi.example/1"
    assert api.get(f"datasets/{SPACE}:shop.orders")["url"] is None
