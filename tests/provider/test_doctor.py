"""`airflow fairlead`: what it finds, and what it tells."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.provider.versions import commands_needed

from fairlead.spool import Spool
from fairlead.testing import Receiver
from fairlead_airflow.commands import RECIPES
from fairlead_airflow.doctor import Finding, examine

pytestmark = pytest.mark.airflow


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "spool"
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__SPOOL", str(path))
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__IDLE_EXIT", "0.5")
    yield path
    if path.exists():
        (path / "destination").write_text("none")
        while Spool(path).is_delivering():
            time.sleep(0.05)


def found(timeout: float = 10.0, *, send: bool = True) -> dict[str, bool | None]:
    return {finding.text: finding.good for finding in examine(timeout, send=send)}


def wrong(timeout: float = 10.0) -> list[str]:
    return [finding.text for finding in examine(timeout) if finding.good is False]


def test_a_probe_goes_all_the_way(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_FAIRLEAD_DEFAULT", "fairlead://" + receiver.url[7:])
    findings = found()
    assert findings["the catalog has the probe"]
    assert findings[f"events go to {receiver.url} (from connection fairlead_default)"]
    assert False not in findings.values()
    assert receiver.events[0]["job"]["name"] == "fairlead.doctor"


def test_nothing_is_sent_when_nothing_shall_be_sent(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", receiver.url)
    found(send=False)
    assert receiver.events == []


def test_a_receiver_that_is_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", "http://127.0.0.1:9")
    problems = wrong(0.5)
    assert any("the receiver does not answer" in text for text in problems)
    assert any("still in the spool" in text for text in problems)


def test_a_missing_connection_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__CONN_ID", "nowhere")
    assert any("nowhere" in text for text in wrong())


def test_a_broken_option_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__MAX_AGE", "long")
    assert any("[fairlead] max_age" in text for text in wrong())


def test_the_key_is_not_shown(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", receiver.url)
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__API_KEY", "very-s3cret")
    findings: list[Finding] = list(examine(10))
    assert not any("very-s3cret" in finding.text for finding in findings)
    assert receiver.requests[-1][1]["Authorization"] == "Bearer very-s3cret"


def printed(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", *command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@commands_needed
def test_airflows_command_line_has_ours(folder: Path) -> None:
    Spool(folder)
    assert json.loads(printed("airflow", "fairlead", "status", "--json"))["waiting"] == 0


def test_the_commands_are_there_without_airflows_command_line(folder: Path) -> None:
    Spool(folder)
    assert json.loads(printed("fairlead_airflow", "status", "--json"))["waiting"] == 0


@pytest.mark.parametrize("target", RECIPES)
def test_the_lines_for_a_deployment_name_the_package_and_the_address(target: str) -> None:
    lines = RECIPES[target]("http://bridge:9")
    assert "http://bridge:9" in lines
    assert "airflow-provider-fairlead" in lines
