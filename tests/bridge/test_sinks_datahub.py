"""The DataHub sink: what it renders, and how it fares before a strict fake over real HTTP."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fairlead_bridge.entries import AnyEntry, JobEntry, Origin, Unseen
from fairlead_bridge.errors import Rejected, ServerFailed, Unavailable
from fairlead_bridge.sinks import Target
from tests.support.sinks import entries as shop
from tests.support.sinks.datahub import DAILY, FLOW, LOAD, ORDERS, FakeDataHub, new_target
from tests.support.sinks.delivering import deliver, deliver_in_bad_weather
from tests.support.sinks.server import Answer, serving


@pytest.fixture
def fake() -> Iterator[FakeDataHub]:
    fake = FakeDataHub()
    with serving(fake):
        yield fake


def ours(urn: str) -> dict[str, Any]:
    """An edge as we draw it."""
    return {"destinationUrn": urn, "properties": {"source": "fairlead"}}


def aspects(target: Target, entry: AnyEntry) -> dict[str, Any]:
    """Every aspect of an entry, by entity type and name; the last of a kind."""
    payload = target.sink.render(entry)
    assert payload is not None
    return {
        f"{kind}.{name}": value["value"]
        for part in payload.values()
        for kind, item in part
        for name, value in item.items()
        if name != "urn"
    }


# --- what is delivered -------------------------------------------------------------------------------


def test_a_dag_is_a_flow_with_its_schedule_tags_and_owners(fake: FakeDataHub) -> None:
    assert deliver(new_target(fake.url), shop.DAG_ENTRY) == [None]
    flow = fake.aspects[FLOW]
    assert flow["dataFlowInfo"]["customProperties"]["schedule"] == "0 5 * * *"
    assert flow["dataFlowInfo"]["externalUrl"] == "https://airflow.example.com/dags/orders_sync"
    assert [item["tag"] for item in flow["globalTags"]["tags"]] == [
        "urn:li:tag:orders",
        "urn:li:tag:tier:1",
    ]
    assert [item["owner"] for item in flow["ownership"]["owners"]] == ["urn:li:corpuser:data-eng"]


def test_a_task_is_a_job_with_edges_and_columns(fake: FakeDataHub) -> None:
    assert deliver(new_target(fake.url), shop.LOAD_ENTRY) == [None]
    lineage = fake.aspects[LOAD]["dataJobInputOutput"]
    assert lineage["inputDatasetEdges"] == [ours(ORDERS)]
    assert lineage["outputDatasetEdges"] == [ours(DAILY)]
    assert lineage["inputDatajobEdges"] == [ours(f"urn:li:dataJob:({FLOW},extract)")]
    assert {(one["how"], one["up"], one["down"]) for one in lineage["fineGrainedLineages"]} == {
        ("IDENTITY", f"urn:li:schemaField:({ORDERS},id)", f"urn:li:schemaField:({DAILY},ORDER_ID)"),
        (
            "AGGREGATION",
            f"urn:li:schemaField:({ORDERS},amount)",
            f"urn:li:schemaField:({DAILY},AMOUNT)",
        ),
    }


def test_a_run_has_its_times_its_result_and_its_dag_run(fake: FakeDataHub) -> None:
    target = new_target(fake.url)
    assert deliver(target, shop.dag_run(), shop.LOAD_WROTE) == [None, None]
    urns = [urn for urn in fake.aspects if urn.startswith("urn:li:dataProcessInstance")]
    run, task = urns
    assert fake.aspects[run]["dataProcessInstanceRelationships"]["parentTemplate"] == FLOW
    above = fake.aspects[task]["dataProcessInstanceRelationships"]
    assert (above["parentTemplate"], above["parentInstance"]) == (LOAD, run)
    assert fake.results(run) == fake.results(task) == ["STARTED", "SUCCESS"]
    last = max(fake.series[task, "dataProcessInstanceRunEvent"].items())[1]
    assert (last["timestampMillis"], last["durationMillis"]) == (1795150975000, 125000)
    assert fake.aspects[task]["dataProcessInstanceInput"] == {"inputs": [ORDERS]}


def test_only_a_successful_write_makes_a_dataset_fresh(fake: FakeDataHub) -> None:
    target = new_target(fake.url)
    deliver(
        target,
        shop.task_run(shop.LOAD, "running", datasets=shop.LOAD_FAILED.datasets),
        shop.LOAD_FAILED,
    )
    assert (DAILY, "operation") not in fake.series
    deliver(target, shop.LOAD_WROTE)
    (operation,) = fake.series[DAILY, "operation"].values()
    assert (operation["lastUpdatedTimestamp"], operation["numAffectedRows"]) == (
        1795150975000,
        1200,
    )
    assert (ORDERS, "operation") not in fake.series


@pytest.mark.parametrize(
    ("state", "events"),
    [
        ("running", ["STARTED"]),
        ("success", ["STARTED", "SUCCESS"]),
        ("failed", ["STARTED", "FAILURE"]),
        ("up_for_retry", ["STARTED", "UP_FOR_RETRY"]),
        ("skipped", ["STARTED", "SKIPPED"]),
        ("upstream_failed", ["FAILURE"]),
        ("removed", ["SKIPPED"]),
        ("queued", []),
    ],
)
def test_every_state_has_its_events(fake: FakeDataHub, state: str, events: list[str]) -> None:
    assert deliver(new_target(fake.url), shop.task_run(shop.LOAD, state)) == [None]
    (urn,) = [urn for urn in fake.aspects if urn.startswith("urn:li:dataProcessInstance")]
    assert fake.results(urn) == events


def test_tries_share_an_instance_and_mapped_tasks_do_not(fake: FakeDataHub) -> None:
    first = shop.task_run(shop.LOAD, "up_for_retry", takes=10)
    second = shop.task_run(shop.LOAD, try_number=2, after=100)
    mapped = [shop.task_run(shop.SCORE, map_index=n) for n in range(3)]
    assert deliver(new_target(fake.url), first, second, *mapped) == [None] * 5
    instances = [urn for urn in fake.aspects if urn.startswith("urn:li:dataProcessInstance")]
    assert len(instances) == 4
    assert fake.results(instances[0]) == ["STARTED", "UP_FOR_RETRY", "STARTED", "SUCCESS"]


def test_an_older_try_that_is_delivered_late_does_not_say_how_things_stand(
    fake: FakeDataHub,
) -> None:
    target = new_target(fake.url)
    late = shop.task_run(shop.LOAD, "failed", takes=10, last_try=False)
    assert deliver(target, shop.task_run(shop.LOAD, try_number=2, after=100), late) == [None, None]
    (urn,) = [urn for urn in fake.aspects if "dataProcessInstance:" in urn]
    assert (
        fake.aspects[urn]["dataProcessInstanceProperties"]["customProperties"]["state"] == "success"
    )
    assert fake.results(urn) == ["STARTED", "FAILURE", "STARTED", "SUCCESS"]


def test_the_instance_of_a_task_run_is_the_airflow_plugins(fake: FakeDataHub) -> None:
    """The plugin hashes cluster, id and orchestrator; this is its urn in its own golden file."""
    run = shop.task_run(shop.LOAD)
    key = {
        "cluster": "prod",
        "id": f"orders_sync_load_{run.dag_run_id}",
        "orchestrator": "airflow",
    }
    guid = hashlib.md5(json.dumps(key, sort_keys=True, separators=(",", ":")).encode()).hexdigest()  # noqa: S324
    deliver(new_target(fake.url), run)
    assert f"urn:li:dataProcessInstance:{guid}" in fake.aspects


@pytest.mark.skipif("FAIRLEAD_CORPUS" not in os.environ, reason="needs FAIRLEAD_CORPUS")
def test_names_coincide_with_the_plugins_golden_files() -> None:
    golden = Path(os.environ["FAIRLEAD_CORPUS"]) / "catalogs/datahub/airflow-plugin-goldens"
    target = json.loads((golden / "v2_basic_iolets.json").read_text())
    urns = {item["entityUrn"] for item in target}
    sink: Any = new_target(platform_instance="myairflow").sink
    dag = shop.of_dag(shop.DAG, "basic_iolets")
    task = shop.of_dag(shop.LOAD, "basic_iolets", "run_data_task")
    assert sink._urns.flow(dag) in urns
    assert sink._urns.job(task) in urns
    run = shop.task_run(task, dag_run_id="manual_run_test")
    assert sink._urns.run(run) in urns


def test_the_openlineage_style_names_things_as_datahubs_own_endpoint(fake: FakeDataHub) -> None:
    target = new_target(fake.url, urn_style="openlineage")
    assert (
        deliver(target, shop.DAG_ENTRY, shop.LOAD_ENTRY, shop.dag_run(), shop.LOAD_WROTE)
        == [None] * 4
    )
    assert f"urn:li:dataJob:({FLOW},orders_sync)" in fake.aspects
    assert f"urn:li:dataJob:({FLOW},orders_sync.load)" in fake.aspects
    run = f"urn:li:dataProcessInstance:{shop.run_id(1000)}"
    above = fake.aspects[run]["dataProcessInstanceRelationships"]
    assert above["parentTemplate"] == f"urn:li:dataJob:({FLOW},orders_sync)"


def test_what_people_curate_survives(fake: FakeDataHub) -> None:
    fake.aspects[FLOW]["globalTags"] = {"tags": [{"tag": "urn:li:tag:gold"}]}
    fake.aspects[FLOW]["ownership"] = {"owners": [{"owner": "urn:li:corpuser:ann", "type": "X"}]}
    drawn = {"destinationUrn": "urn:li:dataset:(urn:li:dataPlatform:excel,plan,PROD)"}
    fake.aspects[LOAD]["dataJobInputOutput"] = {"inputDatasetEdges": [drawn]}
    for _ in range(2):
        deliver(new_target(fake.url), shop.DAG_ENTRY, shop.LOAD_ENTRY)
    assert len(fake.aspects[FLOW]["globalTags"]["tags"]) == 3
    assert len(fake.aspects[FLOW]["ownership"]["owners"]) == 2
    assert drawn in fake.aspects[LOAD]["dataJobInputOutput"]["inputDatasetEdges"]


def test_lineage_can_be_replaced_so_that_stale_edges_go(fake: FakeDataHub) -> None:
    fake.aspects[LOAD]["dataJobInputOutput"] = {"inputDatasetEdges": [{"destinationUrn": "old"}]}
    assert deliver(new_target(fake.url, lineage="replace"), shop.LOAD_ENTRY) == [None]
    assert fake.aspects[LOAD]["dataJobInputOutput"]["inputDatasetEdges"] == [ours(ORDERS)]
    assert len(fake.aspects[LOAD]["dataJobInputOutput"]["fineGrainedLineages"]) == 2


def aged(entry: JobEntry, days: float, **more: Any) -> JobEntry:
    """The same job, with an edge and a column that it has not shown for so many days."""
    return replace(
        entry,
        inputs=(*entry.inputs, shop.LANDING),
        origins=(*entry.origins, Origin(shop.LANDING, "id", shop.DAILY, "ORDER_ID")),
        unseen=(Unseen(shop.LANDING, "input", round(days * 86_400_000_000)),),
        **more,
    )


def test_an_edge_that_is_not_seen_any_more_is_taken_back_and_a_drawn_one_stays(
    fake: FakeDataHub,
) -> None:
    drawn = {"destinationUrn": "urn:li:dataset:(urn:li:dataPlatform:excel,plan,PROD)"}
    fake.aspects[LOAD]["dataJobInputOutput"] = {"inputDatasetEdges": [drawn]}
    fake.aspects[LOAD]["globalTags"] = {"tags": [{"tag": "urn:li:tag:gold"}]}
    fake.aspects[LOAD]["ownership"] = {"owners": [{"owner": "urn:li:corpuser:ann", "type": "X"}]}
    target = new_target(fake.url, retire_after_days=30)
    held = fake.aspects[LOAD]
    for days, edges, columns in ((29.9, 3, 3), (30.1, 2, 2), (30.1, 2, 2), (0.1, 3, 3)):
        assert deliver(target, aged(shop.LOAD_ENTRY, days)) == [None]
        assert len(held["dataJobInputOutput"]["inputDatasetEdges"]) == edges
        assert len(held["dataJobInputOutput"]["fineGrainedLineages"]) == columns
        assert drawn in held["dataJobInputOutput"]["inputDatasetEdges"]
    assert held["globalTags"]["tags"] == [{"tag": "urn:li:tag:gold"}]
    assert len(held["ownership"]["owners"]) == 2


def test_a_task_that_its_dag_no_longer_has_is_removed_softly_where_asked_for(
    fake: FakeDataHub,
) -> None:
    gone = replace(shop.LOAD_ENTRY, gone=True)
    for entry, more, removed in (
        (gone, {}, False),
        (gone, {"retire_after_days": 30}, True),
        (shop.LOAD_ENTRY, {"retire_after_days": 30}, False),
    ):
        assert deliver(new_target(fake.url, **more), entry) == [None]
        assert fake.aspects[LOAD]["status"] == {"removed": removed}


def test_no_edge_is_taken_back_unless_that_is_asked_for(fake: FakeDataHub) -> None:
    assert deliver(new_target(fake.url), aged(shop.LOAD_ENTRY, 4000)) == [None]
    assert len(fake.aspects[LOAD]["dataJobInputOutput"]["inputDatasetEdges"]) == 2


def test_datasets_are_named_by_rules_then_by_their_scheme() -> None:
    sink: Any = new_target().sink
    assert sink.named(shop.DAILY) == DAILY
    assert sink.named(shop.LANDING).split(",")[1] == "landing/orders/2026-11-20.csv"
    assert sink.named(shop.dataset("sqlserver://db:1433", "a.dbo.t")).split(",")[0][-5:] == "mssql"
    assert "%2C" in sink.named(shop.dataset("file", "/tmp/a,b.csv"))  # noqa: S108
    assert sink.named(shop.dataset("nowhere", "x")) is None


def test_columns_are_sent_only_where_that_is_asked_for(fake: FakeDataHub) -> None:
    assert "dataset.schemaMetadata" not in aspects(new_target(), shop.DAILY_ENTRY)
    assert deliver(new_target(fake.url, schemas=True), shop.DAILY_ENTRY) == [None]
    fields = fake.aspects[DAILY]["schemaMetadata"]["fields"]
    assert fields[0]["type"] == {"type": {"com.linkedin.schema.NumberType": {}}}


def test_the_same_entry_always_reads_the_same() -> None:
    target = new_target()
    for entry in (shop.DAG_ENTRY, shop.LOAD_ENTRY, shop.LOAD_WROTE, shop.dag_run()):
        assert target.sink.render(entry) == target.sink.render(entry)


# --- delivery -------------------------------------------------------------------------------------


def test_many_entries_are_one_request_and_one_patch(fake: FakeDataHub) -> None:
    runs = [shop.task_run(shop.LOAD, day=day) for day in range(5)]
    deliver(new_target(fake.url), shop.DAG_ENTRY, shop.LOAD_ENTRY, *runs)
    generic = "/openapi/v3/entity/generic"
    assert fake.paths() == [f"POST {generic}/batchGet", f"POST {generic}", f"PATCH {generic}"]
    assert {request.query["async"] for request in fake.seen[1:]} == {"false"}


def test_one_bad_entry_does_not_take_its_batch_down(fake: FakeDataHub) -> None:
    bad = shop.dataset_entry(shop.dataset("bad platform!://x", "y"))
    fine = [shop.task_run(shop.LOAD, day=day) for day in range(20)]
    outcomes = deliver(new_target(fake.url), *fine[:7], bad, *fine[7:])
    assert [n for n, outcome in enumerate(outcomes) if outcome is not None] == [7]
    assert isinstance(outcomes[7], Rejected)
    assert "Invalid urn" in str(outcomes[7])
    assert len(fake.seen) < 12


def test_batches_stay_below_what_datahub_takes(fake: FakeDataHub) -> None:
    runs = [shop.task_run(shop.SCORE, map_index=n) for n in range(300)]
    assert deliver(new_target(fake.url), *runs) == [None] * 300
    sizes = [
        sum(len(item) - 1 for items in request.json().values() for item in items)
        for request in fake.seen
    ]
    assert max(sizes) <= 200
    assert len(sizes) == 6


def test_an_older_server_gets_one_call_for_each_type() -> None:
    fake = FakeDataHub(generic=False)
    with serving(fake) as url:
        assert deliver(new_target(url), shop.DAG_ENTRY, shop.LOAD_WROTE) == [None, None]
    assert fake.paths()[1:] == [
        "POST /openapi/v3/entity/dataFlow",
        "POST /openapi/v3/entity/dataProcessInstance",
        "POST /openapi/v3/entity/dataset",
        "PATCH /openapi/v3/entity/dataFlow",
    ]


def test_a_throttled_sink_rests_as_long_as_datahub_says(fake: FakeDataHub) -> None:
    fake.trouble = lambda _: Answer(429, {"error": "APIThrottle"}, {"Retry-After": "60"})
    with pytest.raises(Unavailable) as caught:
        deliver(new_target(fake.url), shop.DAG_ENTRY)
    assert caught.value.retry_after == 60


def test_a_500_is_one_entrys_until_it_proves_otherwise(fake: FakeDataHub) -> None:
    fake.trouble = lambda request: (
        Answer(500, "boom") if b"orders_sync.load" in request.body else None
    )
    outcomes = deliver(new_target(fake.url), shop.dag_run(), shop.LOAD_WROTE)
    assert outcomes[0] is None
    assert isinstance(outcomes[1], ServerFailed)


def test_probe_says_the_version_and_finds_what_is_wrong(fake: FakeDataHub) -> None:
    found = new_target(fake.url).sink.probe()
    assert found[0].startswith("DataHub v1.6.0 at ")
    assert "202" in new_target(fake.url, wait=False).sink.probe()[-1]
    with pytest.raises(Unavailable, match="metadata service"):
        new_target(f"{fake.url}/elsewhere").sink.probe()
    fake.token = "-".join(["s", "t"])
    with pytest.raises(Unavailable, match="token"):
        new_target(fake.url).sink.probe()


def test_random_trouble_leaves_nothing_out_and_nothing_twice(fake: FakeDataHub) -> None:
    chance = random.Random(11)
    fake.trouble = lambda _: (
        Answer(chance.choice([429, 500, 503]), None) if chance.random() < 0.3 else None
    )
    target = new_target(fake.url)
    runs = [shop.task_run(shop.SCORE, map_index=n) for n in range(100)]
    deliver_in_bad_weather(target, runs)
    results = [fake.results(urn) for urn in fake.aspects if "dataProcessInstance:" in urn]
    assert results == [["STARTED", "SUCCESS"]] * 100


def test_no_payload_holds_a_time_of_day_of_ours() -> None:
    text = json.dumps(
        [new_target().sink.render(entry) for entry in (shop.DAG_ENTRY, shop.LOAD_ENTRY)]
    )
    assert not re.search(r"\b1[78]\d{11}\b", text)
