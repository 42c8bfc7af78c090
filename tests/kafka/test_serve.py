"""The bridge, started as a user starts it, reads what comes through Kafka."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.kafka import broker
from tests.support.waiting import HANG

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(broker.missing() is not None, reason=str(broker.missing())),
]

EVENT = {
    "eventTime": "2026-11-01T08:00:00Z",
    "eventType": "COMPLETE",
    "producer": "https://example.com/p",
    "run": {"runId": "0199f000-0000-7000-8000-000000000001"},
    "job": {"namespace": "prod", "name": "through_kafka"},
}


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[str]:
    with broker.running(tmp_path) as address:
        yield address


@pytest.mark.parametrize("roles", [[], ["--intake"]], ids=["all roles", "intake alone"])
def test_a_bridge_with_kafka_servers_stores_the_events_that_came_that_way(
    servers: str, tmp_path: Path, roles: list[str]
) -> None:
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": servers})
    producer.produce("openlineage.events", json.dumps(EVENT).encode())
    assert producer.flush(30) == 0
    command = [sys.executable, "-m", "fairlead_bridge", "serve", "--port", "0", *roles]
    settings = {
        "FAIRLEAD_DATABASE_URL": f"sqlite:///{tmp_path / 'fairlead.db'}",
        "FAIRLEAD_KAFKA_SERVERS": servers,
    }
    with (tmp_path / "bridge.log").open("wb") as log:
        bridge = subprocess.Popen(command, stderr=log, env={**os.environ, **settings})
        try:
            assert _received(tmp_path / "bridge.log") == 1
        finally:
            bridge.terminate()
            assert bridge.wait(HANG) == 0


def _received(log: Path) -> int:
    deadline = time.monotonic() + HANG
    found = 0
    while not found and time.monotonic() < deadline:
        time.sleep(0.3)
        started = [part for part in log.read_text().split() if part.startswith("url=")]
        if started:
            with urllib.request.urlopen(f"{started[0][4:]}/api/v1/health") as answer:  # noqa: S310
                found = json.load(answer)["inbox"]["received"]
    return found
