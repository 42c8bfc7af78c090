"""The Atlan sink before a strict fake over real HTTP."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from fairlead_bridge.entries import AnyEntry, Owner, Tag
from fairlead_bridge.errors import BadSettings, Rejected, Unavailable
from fairlead_bridge.sinks import Target, settings
from tests.support.sinks import entries as shop
from tests.support.sinks.atlan import FakeAtlan
from tests.support.sinks.delivering import deliver, deliver_in_bad_weather
from tests.support.sinks.server import Answer, serving

CONNECTION = "default/airflow/1763600000"
ORDERS = "default/postgres/1/sales/public/orders"
DAILY = "default/snowflake/2/ANALYTICS/REPORTING/DAILY_ORDERS"
DAG, LOAD = f"{CONNECTION}/orders_sync", f"{CONNECTION}/orders_sync/load"
RULES = [
    {"namespace": "postgres://sales:5432", "connection": "default/postgres/1"},
    {"namespace": "snowflake://*", "connection": "default/snowflake/2", "case": "upper"},
]
FRESH = replace(
    shop.DAILY_ENTRY, written_at=shop.START + 175 * shop.SECOND, written_by=shop.LOAD_WROTE
)
TOKEN = "-".join(["to", "ken"])


@pytest.fixture
def fake() -> Iterator[FakeAtlan]:
    fake = FakeAtlan()
    fake.token = TOKEN
    fake.add("Connection", CONNECTION)
    fake.table(ORDERS, "id", "amount")
    fake.table(DAILY, "ORDER_ID", "AMOUNT", kind="View")
    with serving(fake):
        yield fake


def new_target(url: str = "https://x.atlan.com", **more: Any) -> Target:
    raw = {"type": "atlan", "url": url, "connection": CONNECTION, "naming": RULES, "rate": 1e6}
    asked = {"sinks": {"one": {**raw, "token_env": "T", **more}}}
    return settings.targets(asked, {"T": TOKEN})[0]


def held(fake: FakeAtlan, name: str) -> dict[str, Any]:
    return dict(fake.assets[name]["attributes"])


# --- what is delivered -------------------------------------------------------------------------------


def test_a_dag_and_its_tasks_are_airflow_assets(fake: FakeAtlan) -> None:
    assert deliver(new_target(fake.url), shop.DAG_ENTRY, shop.LOAD_ENTRY) == [None, None]
    dag, load = held(fake, DAG), held(fake, LOAD)
    assert (dag["airflowDagSchedule"], dag["airflowTags"]) == ("0 5 * * *", ["orders", "tier"])
    assert dag["sourceOwners"] == "data-eng"
    assert "ownerUsers" not in dag
    assert load["airflowTaskOperatorClass"] == "SQLExecuteQueryOperator"
    assert fake.assets[LOAD]["refs"] == {"airflowDag": DAG, "inputs": [ORDERS], "outputs": [DAILY]}


def test_a_task_delivered_before_its_dag_does_not_wait_for_it(fake: FakeAtlan) -> None:
    assert deliver(new_target(fake.url), shop.LOAD_ENTRY) == [None]
    assert fake.assets[DAG]["typeName"] == "AirflowDag"
    assert deliver(new_target(fake.url), shop.DAG_ENTRY) == [None]
    assert held(fake, DAG)["description"] == "Sync orders"


def test_lineage_is_a_process_of_our_own_name(fake: FakeAtlan) -> None:
    target = new_target(fake.url)
    for _ in range(2):
        deliver(target, shop.LOAD_ENTRY)
    processes = {name for name, asset in fake.assets.items() if "Process" in asset["typeName"]}
    process = f"{LOAD}/process"
    assert processes == {
        process,
        f"{process}/ANALYTICS/REPORTING/DAILY_ORDERS/ORDER_ID",
        f"{process}/ANALYTICS/REPORTING/DAILY_ORDERS/AMOUNT",
    }
    assert fake.assets[process]["refs"] == {
        "inputs": [ORDERS],
        "outputs": [DAILY],
        "airflowTasks": [LOAD],
    }
    column = fake.assets[f"{process}/ANALYTICS/REPORTING/DAILY_ORDERS/ORDER_ID"]["refs"]
    assert column == {
        "inputs": [f"{ORDERS}/id"],
        "outputs": [f"{DAILY}/ORDER_ID"],
        "process": process,
    }


def test_columns_that_atlan_does_not_have_are_left_out(fake: FakeAtlan) -> None:
    del fake.assets[f"{DAILY}/AMOUNT"]
    assert deliver(new_target(fake.url), shop.LOAD_ENTRY) == [None]
    assert f"{LOAD}/process/ANALYTICS/REPORTING/DAILY_ORDERS/AMOUNT" not in fake.assets


def test_an_asset_that_is_not_crawled_is_waited_for_and_never_made(fake: FakeAtlan) -> None:
    del fake.assets[DAILY]
    task, table = deliver(new_target(fake.url), shop.LOAD_ENTRY, FRESH)
    for outcome in (task, table):
        assert isinstance(outcome, Unavailable)
        assert outcome.retry_after == 3600
        assert DAILY in str(outcome)
    assert DAILY not in fake.assets
    assert f"{LOAD}/process" not in fake.assets
    assert fake.assets[LOAD]["refs"]["inputs"] == [ORDERS]  # what can be delivered is


def test_the_last_run_is_on_the_dag_and_the_task(fake: FakeAtlan) -> None:
    assert deliver(new_target(fake.url), shop.dag_run(), shop.LOAD_WROTE) == [None, None]
    dag, load = held(fake, DAG), held(fake, LOAD)
    assert (dag["airflowRunStartTime"], dag["airflowRunEndTime"]) == (1795150800000, 1795150980000)
    assert dag["airflowRunName"] == "scheduled__2026-11-20T05:00:00+00:00"
    assert load["airflowRunOpenLineageState"] == "COMPLETE"
    assert load["airflowTaskRetryNumber"] == 0


@pytest.mark.parametrize(
    ("state", "target"),
    [("running", "RUNNING"), ("failed", "FAIL"), ("up_for_retry", "FAIL"), ("skipped", "OTHER")],
)
def test_states_are_openlineages(fake: FakeAtlan, state: str, target: str) -> None:
    deliver(new_target(fake.url), shop.task_run(shop.LOAD, state))
    assert held(fake, LOAD)["airflowRunOpenLineageState"] == target


def test_an_older_run_is_not_delivered(fake: FakeAtlan) -> None:
    assert new_target().sink.render(shop.dag_run(latest=False)) is None


def test_a_newer_run_from_another_writer_is_not_overwritten(fake: FakeAtlan) -> None:
    target = new_target(fake.url)
    deliver(target, shop.dag_run(1))
    assert deliver(target, shop.dag_run(0, "failed")) == [None]
    assert held(fake, DAG)["airflowRunOpenLineageState"] == "COMPLETE"
    assert deliver(target, shop.dag_run(2, "failed", error="boom"), shop.dag_run(1)) == [None, None]
    assert held(fake, DAG)["airflowRunErrorMessage"] == "boom"
    deliver(target, shop.dag_run(3))
    assert held(fake, DAG)["airflowRunErrorMessage"] == ""


def test_a_successful_write_makes_an_asset_fresh_whatever_its_type(fake: FakeAtlan) -> None:
    assert deliver(new_target(fake.url), FRESH) == [None]
    view = held(fake, DAILY)
    assert view["lastRowChangedAt"] == view["sourceUpdatedAt"] == 1795150975000
    assert view["lastSyncRun"] == "orders_sync.load scheduled__2026-11-20T05:00:00+00:00"
    assert fake.assets[DAILY]["typeName"] == "View"
    older = replace(FRESH, written_at=shop.START)
    deliver(new_target(fake.url), older)
    assert held(fake, DAILY)["lastRowChangedAt"] == 1795150975000


def test_the_flow_family_is_that_of_generic_openlineage(fake: FakeAtlan) -> None:
    target = new_target(fake.url, family="flow")
    assert deliver(target, shop.DAG_ENTRY, shop.LOAD_ENTRY, shop.LOAD_FAILED) == [None, None, None]
    load = fake.assets[f"{CONNECTION}/orders_sync.load"]
    assert load["typeName"] == "FlowControlOperation"
    assert load["refs"] == {"flowControlledBy": f"{CONNECTION}/orders_sync"}
    assert load["attributes"]["assetUserDefinedType"] == "Task"
    assert load["attributes"]["flowStatus"] == "FAIL"
    assert load["attributes"]["flowErrorMessage"] == "deadlock detected"
    process = fake.assets[f"{CONNECTION}/orders_sync.load/process"]
    assert process["refs"]["flowOrchestratedBy"] == f"{CONNECTION}/orders_sync.load"


@pytest.mark.parametrize("more", [{}, {"family": "flow"}, {"retire_after_days": 30}])
def test_what_people_curate_survives(fake: FakeAtlan, more: dict[str, Any]) -> None:
    """On DAGs, tasks, processes, columns, tables: owners, texts, certificates, tags, terms."""
    target = new_target(fake.url, **more)
    days = [(shop.dag_run(day), shop.task_run(shop.LOAD, day=day)) for day in range(2)]
    assert deliver(target, shop.DAG_ENTRY, shop.LOAD_ENTRY, FRESH, *days[0]) == [None] * 5
    words = {
        "ownerUsers": ["ann"],
        "ownerGroups": ["data"],
        "userDescription": "What Ann knows",
        "certificateStatus": "VERIFIED",
        "announcementTitle": "Ask Ann",
        "viewScore": 3,
    }
    for asset in fake.assets.values():
        asset["attributes"].update(words)
        asset.update(classifications=["PII"], meanings=["Revenue"], labels=["gold"])
    again = (
        replace(shop.DAG_ENTRY, description="new", owners=(Owner("bob"),), tags=(Tag("new"),)),
        replace(shop.LOAD_ENTRY, description="new", sql="select 2", origins=()),
        replace(FRESH, written_at=shop.START + 999 * shop.SECOND),
        *days[1],
    )
    assert deliver(target, *again) == [None] * 5
    for name, asset in fake.assets.items():
        assert asset["attributes"].items() >= words.items(), name
        assert asset["classifications"] == ["PII"]
        assert (asset["meanings"], asset["labels"]) == (["Revenue"], ["gold"])


def test_no_request_could_touch_tags_or_terms(fake: FakeAtlan) -> None:
    """They are parts of an entity of their own, and flags of the request; neither is ever sent."""
    deliver(new_target(fake.url), shop.DAG_ENTRY, shop.LOAD_ENTRY, FRESH, shop.LOAD_WROTE)
    for request in fake.seen:
        if request.path.endswith("/entity/bulk"):
            assert set(request.query.values()) == {"false"}
            for entity in request.json()["entities"]:
                assert set(entity) <= {"typeName", "guid", "status", "attributes"}


def test_long_texts_are_cut_to_what_atlan_takes(fake: FakeAtlan) -> None:
    assert deliver(new_target(fake.url), replace(shop.LOAD_ENTRY, sql="x" * 200_000)) == [None]


# --- delivery -------------------------------------------------------------------------------------


def test_many_entries_are_one_search_and_one_write(fake: FakeAtlan) -> None:
    runs = [shop.task_run(job, day=day) for day in range(5) for job in shop.TASKS]
    outcomes = deliver(new_target(fake.url), shop.DAG_ENTRY, shop.LOAD_ENTRY, FRESH, *runs)
    assert outcomes == [None] * 23
    assert fake.paths() == ["POST /api/meta/search/indexsearch", "POST /api/meta/entity/bulk"]
    assert len(fake.seen[1].json()["entities"]) == 9


def test_one_bad_entry_does_not_take_its_batch_down(fake: FakeAtlan) -> None:
    fake.add("Table", f"{CONNECTION}/orders_sync/score")  # what should be a task is a table
    entries = [shop.task_run(job) for job in shop.TASKS]
    outcomes = deliver(new_target(fake.url), *entries)
    assert [isinstance(outcome, Rejected) for outcome in outcomes] == [False, False, True, False]


def test_a_throttled_sink_rests_as_long_as_atlan_says(fake: FakeAtlan) -> None:
    fake.trouble = lambda _: Answer(429, None, {"Retry-After": "1"})
    with pytest.raises(Unavailable) as caught:
        deliver(new_target(fake.url), shop.DAG_ENTRY)
    assert caught.value.retry_after == 1


def test_a_token_that_is_not_active_yet_is_waited_for(fake: FakeAtlan) -> None:
    fake.trouble = lambda _: Answer(403, {"errorCode": "ATLAS-403-00-001"})
    with pytest.raises(Unavailable, match="minutes to become active"):
        deliver(new_target(fake.url), shop.DAG_ENTRY)


def test_probe_looks_for_the_connections(fake: FakeAtlan) -> None:
    assert new_target(fake.url).sink.probe()[1:] == [
        f"connection {CONNECTION} is there",
        "connection default/postgres/1 IS MISSING",
        "connection default/snowflake/2 IS MISSING",
        "announcements of service-account-fairlead are removed when they are over; others' stay",
        (
            "custom metadata Fairlead IS MISSING: it is made with the first delivery if the token's user "
            "may manage custom metadata; else let an admin make it, with Standing, Expected by, Last "
            "written, Last duration, Quality"
        ),
    ]
    with pytest.raises(Unavailable, match="has no connection"):
        new_target(fake.url, connection="default/airflow/2").sink.probe()
    with pytest.raises(BadSettings, match="is a qualified name as"):
        new_target(connection="airflow")


def test_random_trouble_leaves_nothing_out(fake: FakeAtlan) -> None:
    chance = random.Random(5)
    fake.trouble = lambda _: (
        Answer(chance.choice([429, 500, 503]), None) if chance.random() < 0.3 else None
    )
    target = new_target(fake.url, entities=10)
    entries: list[AnyEntry] = [shop.DAG_ENTRY, shop.LOAD_ENTRY, FRESH]
    entries += [shop.task_run(job, day=day) for day in range(10) for job in shop.TASKS]
    deliver_in_bad_weather(target, entries)
    assert held(fake, LOAD)["airflowRunStartTime"] == 1795150850000 + 9 * 86_400_000
