"""What our listener does when a part of Airflow starts."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fairlead_sdk.spool import Spool
from fairlead_sdk.testing import Receiver

pytestmark = pytest.mark.airflow

START = """
import sys
sys.argv = ["airflow", sys.argv[1]]
from airflow.listeners.listener import get_listener_manager
from airflow.jobs.job import Job
from fairlead_airflow.starting import StartingListener
get_listener_manager().add_listener(StartingListener())
Job()
print("fairlead_airflow.lineage.statements" in sys.modules)
"""


def start(part: str) -> str:
    command = [sys.executable, "-W", "ignore", "-c", START, part]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Spool:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__SPOOL", str(tmp_path / "spool"))
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__IDLE_EXIT", "0.1")
    return Spool(tmp_path / "spool")


def test_only_the_scheduler_loads_the_sql_parser_for_its_tasks(spool: Spool) -> None:
    assert start("scheduler") == "True"
    assert start("triggerer") == "False"


def test_what_lay_on_the_disk_when_the_power_went_is_delivered(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.append('{"n": 1}', datetime.now(UTC))
    with Receiver() as receiver:
        monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", receiver.url)
        start("triggerer")
        assert receiver.wait_for(1) == [{"n": 1}]
