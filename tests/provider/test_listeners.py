"""Asset events and import errors."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.provider.versions import AIRFLOW
from tests.support.bridging import Bridge, running
from tests.support.waiting import HANG

from fairlead_airflow.asset_events import asset_facts, asset_update
from fairlead_airflow.background import Background
from fairlead_airflow.broken import BrokenFiles
from fairlead_airflow.import_errors import import_error, import_recovered, relative
from fairlead_airflow.listeners import ObservedListener

pytestmark = pytest.mark.airflow

AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
FACETS = Path(__file__).parents[2] / "docs/reference/facets"
TRACE = "Traceback (most recent call last):\n  File ...\nRuntimeError: no such shop\n"


def emitted(uri: str = "file:///data/orders.csv", **more: Any) -> Any:
    """What Airflow's listener gets."""
    asset_class: Any = SimpleNamespace
    event_class: Any = SimpleNamespace
    if AIRFLOW >= (3, 2):
        from airflow.listeners.types import AssetEvent
        from airflow.serialization.definitions.assets import SerializedAsset

        asset_class, event_class = SerializedAsset, AssetEvent
    values: dict[str, Any] = {
        "extra": {"row_count": 1203, "freshness_ts": "2026-11-20T23:00:00Z"},
        "source_dag_id": "shop",
        "source_task_id": "load",
        "source_run_id": "manual__1",
        "source_map_index": -1,
        "source_aliases": [],
        "partition_key": None,
    }
    asset = asset_class(
        name="orders", uri=uri, group="asset", extra={"owner": "sales"}, watchers=[]
    )
    return event_class(asset=asset, **(values | more))


def update(**more: Any) -> dict[str, Any]:
    event = asset_update(asset_facts(emitted(**more)), AT)
    assert event is not None
    return event


def test_an_asset_event_says_of_the_dataset_that_the_task_wrote() -> None:
    dataset = update()["dataset"]
    assert (dataset["namespace"], dataset["name"]) == ("file", "/data/orders.csv")
    reported = dataset["facets"]["fairlead_asset"]
    assert reported["extra"] == {"row_count": 1203, "freshness_ts": "2026-11-20T23:00:00Z"}
    assert reported["source"] == {"dagId": "shop", "taskId": "load", "dagRunId": "manual__1"}
    assert dataset["facets"]["dataQualityMetrics"]["rowCount"] == 1203


def test_only_an_event_that_no_task_caused_says_that_the_dataset_is_fresh() -> None:
    assert "lastUpdated" not in update()["dataset"]["facets"]["dataQualityMetrics"]
    alone = update(source_dag_id=None, source_task_id=None, source_run_id=None)["dataset"]["facets"]
    assert alone["dataQualityMetrics"]["lastUpdated"] == AT.isoformat()
    assert "source" not in alone["fairlead_asset"]


def test_odd_row_counts_are_left_alone() -> None:
    for odd in (True, "many", -1, 1.5):
        facets = update(extra={"rows": odd})["dataset"]["facets"]
        assert "dataQualityMetrics" not in facets
        assert facets["fairlead_asset"]["extra"] == {"rows": odd}


def test_what_a_user_does_not_want_reported_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = {"scope": {"dag_id": "shop"}, "controls": {"emit": False}}
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__EMISSION_POLICY", json.dumps([rule]))
    assert asset_update(asset_facts(emitted()), AT) is None


def test_an_import_error_is_a_failed_run_of_the_file() -> None:
    event = import_error({"file": "/dags/team/broken.py", "trace": TRACE}, AT)
    assert event["eventType"] == "FAIL"
    assert event["run"]["facets"]["errorMessage"]["message"] == "RuntimeError: no such shop"
    assert event["run"]["facets"]["errorMessage"]["stackTrace"] == TRACE
    assert event["job"]["facets"]["jobType"]["jobType"] == "DAG_FILE"


def test_a_file_that_was_broken_is_reported_once_it_is_listed_no_more() -> None:
    listed = {"team/broken.py", "other.py"}
    recovered: list[str] = []
    files = BrokenFiles(recovered.append, lambda: listed)
    for file in ("/dags/team/broken.py", "/dags/other.py"):
        files.add(file, now=0)
    files.look(now=60)
    assert recovered == []
    listed.remove("team/broken.py")
    files.look(now=90)
    files.look(now=120)
    assert recovered == ["/dags/team/broken.py"]


def test_what_was_seen_a_moment_ago_may_not_be_listed_yet() -> None:
    recovered: list[str] = []
    files = BrokenFiles(recovered.append, set)
    files.add("/dags/broken.py", now=0)
    files.look(now=1)
    assert recovered == []
    files.add("/dags/broken.py", now=29)
    files.look(now=30)
    assert recovered == []


@pytest.mark.parametrize(
    ("file", "reported"),
    [
        ("/dags/team/broken.py", "team/broken.py"),
        ("/bundles/git/tracking_repo/dags/broken.py", "dags/broken.py"),
        ("/bundles/git/versions/3f2a/dags/broken.py", "dags/broken.py"),
        ("/elsewhere/broken.py", "/elsewhere/broken.py"),
    ],
)
def test_a_file_is_called_as_it_is_inside_its_bundle(file: str, reported: str) -> None:
    assert relative(file, "/dags") == reported


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    with running(tmp_path_factory.mktemp("bridge")) as started:
        yield started


def test_the_catalog_understands_both(bridge: Bridge) -> None:
    reported: list[Any] = []
    listener = ObservedListener(reported.append)
    listener.on_asset_event_emitted(emitted(source_dag_id=None))
    listener.on_new_dag_import_error("/dags/broken.py", TRACE)
    assert listener.background.flush(20)
    bridge.take(reported)
    assert bridge.get("health")["inbox"]["quarantined"] == 0
    [dataset] = bridge.get("datasets")["items"]
    assert datetime.fromisoformat(dataset["written_at"]) == datetime.fromisoformat(
        reported[0]["eventTime"]
    )
    assert "fairlead_asset" in bridge.get(f"datasets/{dataset['id']}")["facets"]
    [run] = bridge.get("runs?state=failed")["items"]
    assert (run["kind"], run["error"]) == ("dag_file", "RuntimeError: no such shop")
    bridge.take([import_recovered({"file": "/dags/broken.py"}, datetime.now(UTC))])
    [newest, first] = bridge.get("runs?kind=dag_file")["items"]
    assert (newest["state"], first["id"]) == ("success", run["id"])
    assert newest["job"] == run["job"]


def test_a_transport_that_hangs_holds_no_task_up() -> None:
    hangs = threading.Event()
    background = Background(lambda _: hangs.wait(HANG), waiting=3)
    taken = [background.put(n) for n in range(10)]
    assert taken.count(False) >= 6, "what is beyond the bound is dropped, not waited for"
    hangs.set()
    assert background.flush(HANG)


def test_what_is_held_is_reported_when_the_task_ends() -> None:
    done: list[int] = []
    background = Background(done.append)
    background.hold()
    background.put(1)
    time.sleep(0.1)
    assert done == []
    assert background.flush(HANG)
    assert done == [1]


def test_one_that_fails_does_not_stop_the_next_from_being_reported() -> None:
    done: list[int] = []
    background = Background(lambda n: done.append(1 // n))
    for n in (0, 1):
        background.put(n)
    assert background.flush(HANG)
    assert done == [1]


def test_a_listener_never_raises() -> None:
    ObservedListener(print).on_asset_event_emitted(SimpleNamespace())


@pytest.mark.parametrize(
    ("name", "body"),
    [
        (
            "FairleadAssetDatasetFacet",
            lambda: update(partition_key="p", source_aliases=[SimpleNamespace(name="a")])[
                "dataset"
            ]["facets"]["fairlead_asset"],
        ),
        (
            "FairleadImportErrorRunFacet",
            lambda: import_error({"file": "f", "trace": ""}, AT)["run"]["facets"][
                "fairlead_import_error"
            ],
        ),
    ],
)
def test_the_schemas_name_exactly_what_is_sent(name: str, body: Any) -> None:
    schema = json.loads((FACETS / f"{name}.json").read_text(encoding="utf-8"))
    sent = {key for key in body() if not key.startswith("_")}
    assert sent == set(schema["$defs"][name]["allOf"][1]["properties"])
