"""What we count in Airflow's own metrics, as a statsd server hears it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.provider.versions import AIRFLOW
from tests.support.statsd import Statsd
from tests.support.waiting import until

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.skipif(
        AIRFLOW < (3, 2), reason="Airflow before 3.2 sets its one metrics up by itself"
    ),
]

START = """
import sys
from importlib import import_module
from airflow.observability.metrics.stats_utils import get_stats_factory

stats = import_module(sys.argv[1])
stats.initialize(factory=get_stats_factory(), export_legacy_names=False)
"""
EMIT = """
from fairlead_airflow.transport import FairleadTransport

run = {"runId": "r", "facets": {}}
for _ in range(2):
    FairleadTransport().emit({"eventType": "COMPLETE", "run": run, "job": {}})
"""

DIE = """
import os
from concurrent.futures import ProcessPoolExecutor
from fairlead_airflow.instances import count_if_lost

with ProcessPoolExecutor(1) as pool:
    pool.submit(os._exit, 9).add_done_callback(count_if_lost)
"""


@pytest.fixture
def metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Statsd:
    """A statsd server, and an Airflow whose bridge is away."""
    server = Statsd()
    for name, value in server.settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__SPOOL", str(tmp_path / "spool"))
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__IDLE_EXIT", "0.1")
    return server


def do(code: str, process: str = "airflow.observability.stats") -> None:
    command = [sys.executable, "-W", "ignore", "-c", START + code, process]
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.parametrize(
    "process", ["airflow.sdk.observability.stats", "airflow.observability.stats"]
)
def test_every_process_counts_in_the_metrics_that_it_has_set_up(
    metrics: Statsd, process: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Tasks have those of the task SDK, scheduler and api-server those of the server."""
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__DELIVER", "outside")
    with metrics:
        do(EMIT, process)
        until(lambda: metrics.counters["fairlead.events.spooled"] >= 2)
    assert metrics.counters["fairlead.events.spooled"] == 2
    assert metrics.gauges["fairlead.spool.bytes"] > 0


def test_what_failed_is_counted(
    metrics: Statsd, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__WAIT", "1")
    with metrics:
        do(EMIT)
        monkeypatch.setenv("AIRFLOW__FAIRLEAD__SPOOL", "/proc/fairlead")
        do(EMIT)
    assert metrics.counters["fairlead.waits.expired"] == 2
    assert metrics.counters["fairlead.deliveries.failed"] > 0
    assert metrics.counters["fairlead.events.lost"] == 2
    (tmp_path / "spool" / "destination").write_text("none")  # no process goes on trying


def test_what_a_killed_process_of_the_scheduler_had_yet_to_send_is_counted(metrics: Statsd) -> None:
    with metrics:
        do(DIE)
    assert metrics.counters["fairlead.events.lost"] == 1
