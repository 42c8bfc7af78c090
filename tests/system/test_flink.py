"""Flink SQL itself, in one process, over a real Kafka broker, beside a bridge."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser.bridge import Bridge
from tests.support.kafka import broker
from tests.support.waiting import until

pytestmark = pytest.mark.system

HERE = Path(__file__).parent / "producers" / "flink"
#: Seconds after which Flink hangs; alone on two cores it takes one minute.
LONGEST = 600
#: Packages of Java's own that Flink opens.
OPENED = [f"--add-opens=java.base/java.{each}=ALL-UNNAMED" for each in ("lang", "util", "time")]


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """A bridge that knows what four Flink jobs sent."""
    lacking = broker.missing()
    if lacking:
        pytest.fail(lacking)
    folder = tmp_path_factory.mktemp("flink")
    bridge = Bridge(tmp_path_factory.mktemp("bridge"))
    bridge.start()
    with broker.running(tmp_path_factory.mktemp("kafka")) as address:
        _run_flink(folder, address, bridge.base)
    until(bridge.settled, "the bridge has not absorbed Flink's events")
    yield bridge
    bridge.stop()


def _run_flink(folder: Path, address: str, base: str) -> None:
    goal = ("dependency:copy-dependencies", f"-DoutputDirectory={folder}")
    subprocess.run(["mvn", "-q", "-B", "-f", HERE / "pom.xml", *goal], check=True)
    java = ["java", "-Xmx700m", *OPENED, "-cp", f"{folder}/*"]
    subprocess.run([*java, HERE / "Shop.java", address, base], check=True, timeout=LONGEST)


def _runs(bridge: Bridge) -> dict[str, dict[str, Any]]:
    return {run["label"]: run for run in bridge.get("runs?namespace=flink&limit=50")["items"]}


def _neighbours(bridge: Bridge, job: str) -> list[str]:
    """What is drawn one step around a job."""
    graph = bridge.get(f"graph?node=job:flink:{job}&up=1&down=1")
    return sorted(card["name"] for card in graph["cards"] if card["kind"] == "dataset")


def test_temporary_tables_that_are_named_alike_join_no_topics(bridge: Bridge) -> None:
    assert _neighbours(bridge, "web_clicks") == ["web"]
    assert _neighbours(bridge, "app_clicks") == ["app"]
    assert _neighbours(bridge, "copy_clicks") == ["kept", "web"]


def test_each_job_is_one_run_that_ended_as_flink_says(bridge: Bridge) -> None:
    states = {name: run["state"] for name, run in _runs(bridge).items()}
    assert states == {
        "web_clicks": "success",
        "app_clicks": "success",
        "copy_clicks": "success",
        "lost_clicks": "failed",
    }


def test_a_topic_that_a_failed_job_should_have_filled_was_not_written(bridge: Bridge) -> None:
    (lost,) = bridge.get("datasets?q=lost")["items"]
    assert lost["written_at"] is None


def test_a_topic_has_the_columns_that_the_job_declares(bridge: Bridge) -> None:
    (web,) = bridge.get("datasets?q=web")["items"]
    whole = bridge.get(f"datasets/{web['id']}")
    assert [column["name"] for column in whole["schema_fields"]] == ["uid", "page", "amount"]
