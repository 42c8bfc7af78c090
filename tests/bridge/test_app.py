"""The whole bridge as one process tree, started as a user starts it."""

from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.bridge.monitored import ran
from tests.bridge.serving import serving
from tests.support.waiting import HANG, until


def event(number: int, state: str = "COMPLETE") -> bytes:
    return json.dumps(
        {
            "eventType": state,
            "eventTime": f"2026-01-01T00:00:{number % 60:02}Z",
            "producer": "test",
            "run": {"runId": f"01939cd0-0000-7000-8000-{number:012}"},
            "job": {"namespace": "n", "name": "j"},
        }
    ).encode()


def test_behind_a_proxy_all_is_under_its_path(tmp_path: Path) -> None:
    with serving(tmp_path / "b.db", FAIRLEAD_ROOT_PATH="/data/catalog") as bridge:
        for before in ("", "/data/catalog"):  # a proxy may take its path off, or leave it
            assert b'<base href="/data/catalog/" />' in bridge.ask(f"{before}/")[1]
            assert bridge.ask(f"{before}/api/v1/health")[0] == 200
            assert bridge.ask(f"{before}/api/v1/lineage", event(1))[0] == 201
            assert bridge.ask(f"{before}/api/v1/nothing")[0] == 404


def test_what_comes_in_is_absorbed_and_counted(tmp_path: Path) -> None:
    with serving(tmp_path / "b.db") as bridge:
        for number in range(5):
            assert bridge.ask("/api/v1/lineage", event(number))[0] == 201
        assert bridge.ask("/api/v1/lineage", b"junk")[0] == 201
        until(lambda: bridge.health()["inbox"]["waiting"] == 0)
        assert bridge.health()["inbox"]["quarantined"] == 1
        assert bridge.health()["inbox"]["received"] == 6
        runs = json.loads(bridge.ask("/api/v1/runs")[1])["items"]
        assert [run["state"] for run in runs] == ["success"] * 5
        until(lambda: b"fairlead_events_absorbed_total 6.0" in bridge.ask("/metrics")[1])
        metrics = bridge.ask("/metrics")[1].decode()
        assert 'fairlead_events_received_total{source="http"} 6.0' in metrics
        assert "fairlead_inbox_quarantined 1.0" in metrics
        assert "fairlead_inbox_oldest_seconds 0.0" in metrics


def test_one_document_describes_the_doors_too(tmp_path: Path) -> None:
    with serving(tmp_path / "b.db") as bridge:
        paths = json.loads(bridge.ask("/openapi.json")[1])["paths"]
        assert {"post", "get"} <= set(paths["/api/v1/lineage"])
        assert set(paths["/api/v1/lineage/batch"]) == {"post"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_when_asked(tmp_path: Path, number: int) -> None:
    with serving(tmp_path / "b.db") as bridge:
        until(bridge.children)
        (worker,) = bridge.children()
        bridge.ask("/api/v1/lineage", event(1))
        bridge.process.send_signal(number)
        _, log = bridge.process.communicate(timeout=HANG)
        assert bridge.process.returncode == 0
        assert "bridge.stopped" in log
        assert "Traceback" not in log
        assert not Path(f"/proc/{worker}").exists()


def test_a_killed_worker_is_replaced_and_nothing_is_lost(tmp_path: Path) -> None:
    with serving(tmp_path / "b.db") as bridge:
        until(bridge.children)
        (worker,) = bridge.children()
        os.kill(worker, signal.SIGKILL)
        for number in range(20):
            assert bridge.ask("/api/v1/lineage", event(number))[0] == 201
        until(lambda: bridge.health()["inbox"]["waiting"] == 0)
        assert bridge.children() != [worker]
        assert len(json.loads(bridge.ask("/api/v1/runs")[1])["items"]) == 20


def test_a_failed_run_is_an_incident_within_seconds_though_the_worker_is_killed(
    tmp_path: Path,
) -> None:
    began = datetime.now(UTC) - timedelta(minutes=3)

    def incidents() -> list[Any]:
        return list(json.loads(bridge.ask("/api/v1/incidents")[1])["items"])

    with serving(tmp_path / "b.db") as bridge:
        until(bridge.children)
        for body in ran("load", began, "FAIL", writes="raw"):
            assert bridge.ask("/api/v1/lineage", body)[0] == 201
        os.kill(bridge.children()[0], signal.SIGKILL)
        until(incidents)
        assert [item["text"] for item in incidents()] == ["load failed: load broke"]
        for body in ran("load", began + timedelta(minutes=1), writes="raw"):
            bridge.ask("/api/v1/lineage", body)
        until(lambda: incidents()[0]["state"] == "resolved")
        assert len(incidents()) == 1


def test_a_worker_does_not_outlive_its_killed_bridge(tmp_path: Path) -> None:
    with serving(tmp_path / "b.db") as bridge:
        until(bridge.children)
        (worker,) = bridge.children()
        bridge.process.kill()
        bridge.process.wait()
        until(lambda: not Path(f"/proc/{worker}").exists() or _is_zombie(worker))


def _is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"


def test_the_doors_and_the_work_can_be_processes_apart(tmp_path: Path) -> None:
    database = tmp_path / "b.db"
    with serving(database, "--intake") as doors:
        assert doors.ask("/api/v1/lineage", event(1))[0] == 201
        assert doors.children() == []
        assert doors.health()["inbox"]["waiting"] == 1
        with serving(database, FAIRLEAD_ABSORB="true") as workers:
            until(lambda: doors.health()["inbox"]["waiting"] == 0)
            assert workers.ask("/api/v1/lineage", event(2))[0] == 405
            assert len(json.loads(workers.ask("/api/v1/runs")[1])["items"]) == 1


def test_a_probe_fails_while_kafka_is_away(tmp_path: Path) -> None:
    pytest.importorskip("confluent_kafka")
    with serving(tmp_path / "b.db", FAIRLEAD_KAFKA_SERVERS="127.0.0.1:9") as bridge:
        until(lambda: bridge.health()["kafka"] and bridge.health()["kafka"]["error"])
        assert "no broker of 127.0.0.1:9 answers" in bridge.health()["kafka"]["error"]
        assert bridge.ask("/ready")[0] == 503
        assert bridge.ask("/api/v1/health?strict=1")[0] == 503
        assert bridge.ask("/api/v1/health")[0] == 200
        assert b"fairlead_kafka_lag" in bridge.ask("/metrics")[1]
