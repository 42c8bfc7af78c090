"""Declarations: files become events, what is declared already gives none, and what is withdrawn goes."""

from __future__ import annotations

import doctest
import json
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from fairlead_bridge import inbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.access.caller import Caller, Namespaces, with_included
from fairlead_bridge.cli import main
from fairlead_bridge.contracts import servers
from fairlead_bridge.db import tables
from fairlead_bridge.db.engine import open_database, reading
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.declaring import files, store
from fairlead_bridge.declaring.files import File
from fairlead_bridge.errors import BadSettings
from fairlead_bridge.mapping.finding import finder
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from fairlead_bridge.monitoring.stated import contract
from fairlead_bridge.settings import load
from fairlead_bridge.web.api import build_api
from tests.bridge import absorbing
from tests.bridge.asking import Api, called_by, wrote
from tests.support.small import dataset

LAKE = dataset("shop.orders")["namespace"]
ORDERS, DASHBOARD = f"dataset:{LAKE}:shop.orders", "dataset:looker://bi:revenue"
BI = f"""
datasets:
  - node: {DASHBOARD}
    type: dashboard
    description: Revenue by day
    owners: [finance]
    tags: [gold]
    classification: internal
    url: https://bi.example/1
    columns:
      - name: revenue
        type: numeric
        classification: confidential
        from:
          - {{node: "{ORDERS}", column: amount, by: aggregation}}
jobs:
  - node: job:crm:export
    owners: [crm]
    reads: ["{ORDERS}"]
    writes:
      - node: dataset:s3://out:crm/orders
        columns:
          - name: mail
            from: [{{node: "{ORDERS}", column: email, by: masking}}]
"""


def declare(api: Api, *texts: str, later: int = 1, **more: Any) -> Any:
    """Declare over REST, `later` seconds after the last time, and absorb it."""
    api.now += timedelta(seconds=later)
    given = [{"name": f"{at}.yaml", "text": text} for at, text in enumerate(texts)]
    answer = api.http.post("/api/v1/declarations", json={"files": given, **more})
    assert answer.status_code == 200, answer.text
    _absorb(api.db)
    return answer.json()


def _absorb(db: sa.Engine) -> None:
    while absorb_waiting(db, Translator(Normaliser()), {}, 1):
        pass


@pytest.fixture
def api(db: sa.Engine) -> Api:
    found = Api(db)
    found.send(*wrote("etl.orders", "shop.orders"))
    return found


def edges(api: Api, node: str, **more: Any) -> set[tuple[str, str]]:
    found = api.get("lineage", node=node, direction="both", depth=5, **more)
    return {(edge["source"], edge["target"]) for edge in found["edges"]}


def _owners(found: dict[str, Any]) -> list[str]:
    return [owner["name"] for owner in found["owners"]]


def test_the_examples_of_servers_are_right() -> None:
    assert doctest.testmod(servers).failed == 0


def test_a_contract_names_the_same_datasets_for_what_is_declared_and_for_what_is_expected(
    tmp_path: Path,
) -> None:
    """Also where its server is a folder of files."""
    text = """
kind: DataContract
apiVersion: v3.0.2
servers: [{type: s3, location: "s3://lake/raw/{model}/*.parquet"}]
schema: [{name: orders}, {name: refunds}]
slaProperties: [{property: frequency, value: 1, unit: d}]
"""
    (tmp_path / "orders.yaml").write_text(text)
    declared = {each.ref.node for each in files.read([File("orders.yaml", text)])}
    assert declared == {each.node for each in contract.stated(tmp_path / "orders.yaml", "")}


def test_a_dashboard_is_there_with_its_owner_its_tags_and_what_its_columns_come_from(
    api: Api,
) -> None:
    declare(api, BI)
    (found,) = api.get("datasets", q="revenue")["items"]
    assert (found["kind"], _owners(found), found["description"]) == (
        "DASHBOARD",
        ["finance"],
        "Revenue by day",
    )
    assert {(tag["key"], tag["value"], tag["field"]) for tag in found["tags"]} == {
        ("gold", "true", None),
        ("classification", "internal", None),
    }
    (column,) = api.get(f"datasets/{found['id']}")["schema_fields"]
    assert [(tag["key"], tag["value"]) for tag in column["tags"]] == [
        ("classification", "confidential")
    ]
    assert (ORDERS, DASHBOARD) in edges(api, DASHBOARD)
    impact = api.get("impact", node=ORDERS, column="amount")
    assert [(item["name"], item["certain"]) for item in impact["items"]] == [("revenue", True)]
    assert impact["items"][0]["dataset_kind"] == "DASHBOARD"


def test_a_job_has_what_it_reads_and_writes_and_masked_columns_stay_masked(api: Api) -> None:
    declare(api, BI)
    target = "dataset:s3://out:crm/orders"
    assert {(ORDERS, "job:crm:export"), ("job:crm:export", target)} <= edges(api, target)
    columns = api.get("lineage/columns", dataset=target, column="mail", direction="up")
    assert [(edge["source_column"], edge["masked"]) for edge in columns["edges"]] == [
        ("email", True)
    ]


def test_what_is_declared_already_gives_no_event(api: Api) -> None:
    first = declare(api, BI)
    assert (len(first["added"]), first["unchanged"]) == (2, 0)
    again = declare(api, BI.replace("\n", "\n\n"))
    assert (again["added"], again["changed"], again["unchanged"]) == ([], [], 2)


def test_what_a_declaration_does_not_say_any_more_is_gone(api: Api) -> None:
    declare(api, BI)
    smaller = f"datasets: [{{node: '{DASHBOARD}', type: dashboard}}]\n"
    assert declare(api, smaller)["changed"] == [DASHBOARD]
    (found,) = api.get("datasets", q="revenue")["items"]
    assert (_owners(found), found["description"], found["tags"]) == ([], None, [])
    assert (ORDERS, DASHBOARD) not in edges(api, DASHBOARD)
    assert (
        api.get("lineage/columns", dataset=DASHBOARD, column="revenue", direction="up")["edges"]
        == []
    )


def test_pruning_withdraws_what_the_same_source_declared_and_nothing_else(api: Api) -> None:
    declare(api, BI, source="bi")
    other = "datasets: [{node: 'dataset:looker://bi:other', owners: [ops]}]"
    declare(api, other, source="ops")
    kept = declare(api, source="bi", prune=False)
    assert kept["withdrawn"] == []
    assert set(declare(api, source="bi", prune=True)["withdrawn"]) == {
        DASHBOARD,
        "job:crm:export",
    }
    assert edges(api, ORDERS) == {("job:prod:etl.orders", ORDERS)}
    assert [item["node"] for item in api.get("declarations")["items"]] == [
        "dataset:looker://bi:other"
    ]
    assert declare(api, source="bi", prune=True)["withdrawn"] == []


def test_a_dry_run_says_what_would_change_and_stores_nothing(api: Api) -> None:
    found = declare(api, BI, dry_run=True)
    assert (len(found["added"]), found["stored"]) == (2, False)
    assert api.get("declarations")["items"] == []


def test_an_edge_that_runs_show_stays_when_its_declaration_is_withdrawn(api: Api) -> None:
    job = "jobs: [{node: 'job:prod:etl.orders', writes: ['" + ORDERS + "', 'dataset:x://y:z']}]"
    declare(api, job)
    assert ("job:prod:etl.orders", "dataset:x://y:z") in edges(api, "job:prod:etl.orders")
    declare(api, prune=True)
    assert edges(api, "job:prod:etl.orders") == {("job:prod:etl.orders", ORDERS)}


def test_declarations_withdrawals_and_runs_give_one_catalog_in_any_order(
    db: sa.Engine, tmp_path: Path
) -> None:
    """Also where a run shows an edge that was declared before, or was withdrawn."""
    api, bodies = Api(db), list[bytes]()

    def ran(*events: bytes) -> None:
        api.send(*events)
        bodies.extend(events)

    for step in range(3):
        ran(*wrote("etl.orders", "shop.orders", at=f"1{step}:00:00"))
        declare(api, BI, "jobs: [{node: 'job:prod:etl.orders', writes: ['dataset:x://y:z']}]")
        declare(api, f"datasets: [{{node: '{DASHBOARD}'}}]", prune=True)
    ran(*wrote("etl.orders", "shop.orders", {"namespace": "x://y", "name": "z"}))
    declare(api, BI)
    with reading(db) as tx:
        numbers = list(tx.scalars(sa.select(tables.event.c.id)))
        bodies += [bytes(each.body) for each in inbox.events(tx, numbers)]
    expected = absorbing.dump(db)
    for seed in range(6):
        mixed = bodies * (1 + seed % 2)
        random.Random(seed).shuffle(mixed)
        other = open_database(f"sqlite:///{tmp_path / f'{seed}.db'}")
        migrate(other)
        absorbing.absorb(other, absorbing.understand(mixed), 1 + seed * 3)
        assert absorbing.dump(other) == expected
        other.dispose()


def test_a_contract_brings_owners_tags_and_classes_and_no_schema_where_a_run_showed_one(
    db: sa.Engine,
) -> None:
    api = Api(db)
    known = dataset("shop.orders") | {
        "facets": {"schema": {"fields": [{"name": "id", "type": "int"}, {"name": "email"}]}}
    }
    api.send(*wrote("etl.orders", known))
    given = """
kind: DataContract
apiVersion: v3.0.2
id: orders
team: [{username: ann, role: Data Owner}, {username: bob, role: developer}]
schema:
  - name: shop.orders
    physicalType: table
    tags: [sales]
    properties:
      - {name: id, physicalType: bigint}
      - {name: email, logicalType: string, classification: restricted}
  - name: shop.new
    properties: [{name: id, physicalType: bigint}]
"""
    declare(api, given, namespace=LAKE)
    found = {item["name"]: item for item in api.get("datasets")["items"]}
    assert _owners(found["shop.orders"]) == ["ann"]
    columns = {
        name: {each["name"]: each for each in api.get(f"datasets/{item['id']}")["schema_fields"]}
        for name, item in found.items()
    }
    assert [tag["value"] for tag in columns["shop.orders"]["email"]["tags"]] == ["restricted"]
    assert columns["shop.orders"]["id"]["type"] == "int"
    assert columns["shop.new"]["id"]["type"] == "bigint"


def test_a_manifest_brings_exposures_with_the_tables_that_they_read(api: Api) -> None:
    def node(name: str, kind: str = "model", **more: Any) -> dict[str, Any]:
        return {"resource_type": kind, "schema": "shop", "name": name, **more}

    manifest = {
        "metadata": {"project_name": "shop"},
        "nodes": {
            "model.shop.hidden": node(
                "hidden",
                config={"materialized": "ephemeral"},
                depends_on={"nodes": ["source.shop.orders"]},
            ),
            "model.shop.sales": node(
                "sales",
                description="Sales",
                group="core",
                depends_on={"nodes": ["model.shop.hidden"]},
            ),
        },
        "sources": {"source.shop.orders": node("orders", "source")},
        "groups": {"group.core": {"name": "core", "owner": {"email": "core@shop"}}},
        "exposures": {
            "exposure.shop.weekly": {
                "name": "weekly",
                "type": "dashboard",
                "owner": {"name": "Finance"},
                "depends_on": {"nodes": ["model.shop.sales"]},
            }
        },
    }
    text = json.dumps(manifest)
    declared = files.read([File("target/manifest.json", text)], LAKE)
    found = {each.ref.node: each for each in declared}
    sales, weekly = f"dataset:{LAKE}:shop.sales", "dataset:dbt://shop:exposures/weekly"
    assert set(found) == {ORDERS, sales, weekly}
    assert [ref.node for ref in found[sales].flow.sources] == [ORDERS]
    assert (found[sales].owners, found[weekly].owners) == (("core@shop",), ("Finance",))
    assert [ref.node for ref in found[weekly].flow.sources] == [sales]
    assert found[weekly].type == "DASHBOARD"
    with reading(api.db) as tx:
        plan = store.plan(tx, declared, "dbt", finder(Normaliser()), api.micros, False)
    events = {
        each["dataset"]["name"]: each["dataset"]["facets"] for each in map(json.loads, plan.bodies)
    }
    assert "lineage" in events["shop.sales"]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("datasets:\n  - node: dataset:a:b\n    owner: x\n", 3, "write one of node, type"),
        ("datasets:\n  - node: dataset:a:b\n    owners: x\n", 3, "Expected `array`"),
        ("datasets:\n  - type: dashboard\n", 2, "missing required field `node`"),
        ("datasets:\n  - node: b\n", 2, "write dataset:NAMESPACE:NAME"),
        ("datasets:\n  - node: job:a:b\n", 2, "names no dataset"),
        ("datasets:\n  - node: dataset:a:b\n    classification: top\n", 3, "'top'"),
        ("jobs:\n  - node: job:a:b\n    reads:\n      - dataset:a:b\n      - c\n", 5, "'c'"),
        ("datasets:\n  - node: dataset:a:b\n  - node: dataset:a:b\n", 3, "declared already in"),
        ("tables: []\n", 1, "write one of datasets, jobs"),
        ("datasets: [\n", 2, "it is not YAML"),
        ("- 1\n", 1, "write `datasets:`"),
        ("kind: DataContract\napiVersion: v2.0\n", 2, "v3.0.2"),
        ("kind: DataContract\napiVersion: v3.0.2\nschema: []\n", 1, "no server says"),
        (
            (
                "kind: DataContract\napiVersion: v3.0.2\nservers: [{type: postgres, host: h}]\n"
                "schema:\n  - name: t\n    properties:\n      - {type: int}\n"
            ),
            7,
            "write its `name`",
        ),
    ],
)
def test_a_wrong_file_is_refused_by_line_with_what_to_write(
    text: str, line: int, says: str
) -> None:
    with pytest.raises(BadSettings) as caught:
        files.read([File("a.yaml", text)])
    assert f"a.yaml:{line}: " in str(caught.value)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[[datasets]]\nnode = "dataset:a:b"\n[[datasets]]\nnode = "dataset:a:c"\nowner = 1\n', 5),
        ('[[datasets]]\nnode = "dataset:a:b"\n[[datasets.columns]]\nname = "x"\ntags = 1\n', 5),
        ('[[datasets]]\nnode = "dataset:a:b\n', 2),
    ],
)
def test_a_wrong_toml_file_is_refused_by_line(text: str, line: int) -> None:
    with pytest.raises(BadSettings) as caught:
        files.read([File("a.toml", text)])
    assert f"a.toml:{line}: " in str(caught.value)


def test_the_command_declares_folders_prunes_and_says_what_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "declared").mkdir()
    (tmp_path / "declared" / "bi.yaml").write_text(BI)
    url = ("--database-url", f"sqlite:///{tmp_path / 'catalog.db'}")
    assert main(["declare", str(tmp_path / "declared"), *url]) == 0
    assert f"+ {DASHBOARD}" in capsys.readouterr().out
    db = open_database(url[1])
    _absorb(db)
    (tmp_path / "declared" / "bi.yaml").write_text("datasets: []\n")
    assert main(["declare", str(tmp_path / "declared"), "--prune", "--dry-run", *url]) == 0
    assert "2 withdrawn, 0 unchanged; nothing is stored" in capsys.readouterr().out
    assert main(["declare", str(tmp_path / "none"), *url]) == 2
    assert "it cannot be read" in capsys.readouterr().err
    db.dispose()


def test_a_key_declares_and_withdraws_only_what_is_in_its_namespaces(db: sa.Engine) -> None:
    declare(Api(db), BI)
    team = Caller("team", "key", with_included(["editor"]), Namespaces(["looker://bi"]))
    http = TestClient(called_by(build_api(db, load({})), team))
    body: dict[str, Any] = {"files": [{"name": "a.yaml", "text": BI}]}
    answer = http.post("/api/v1/declarations", json=body)
    assert answer.status_code == 403
    assert "a.yaml:17: team may declare only what is in looker://bi" in answer.text
    body = {"files": [], "prune": True, "dry_run": True}
    assert http.post("/api/v1/declarations", json=body).json()["withdrawn"] == [DASHBOARD]
    listed = http.get("/api/v1/declarations").json()["items"]
    assert [item["node"] for item in listed] == [DASHBOARD]
