"""The transport with Airflow's own masker and connections."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.provider.spools import spooled
from tests.provider.versions import mask_secret, two_maskers_needed

from fairlead_airflow.transport import FairleadConfig, FairleadTransport
from fairlead_sdk.spool import Spool
from fairlead_sdk.testing import Receiver

pytestmark = pytest.mark.airflow


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "spool"
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__SPOOL", str(path))
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__IDLE_EXIT", "0.5")
    yield path
    if path.exists():
        (path / "destination").write_text("none")
        while Spool(path).is_delivering():
            time.sleep(0.05)


def event(**facets: Any) -> dict[str, Any]:
    return {
        "eventType": "COMPLETE",
        "eventTime": "2026-11-21T08:00:00+00:00",
        "run": {"runId": "r", "facets": facets},
        "job": {"namespace": "n", "name": "j"},
    }


def test_a_password_that_was_fetched_while_the_task_ran_is_masked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__DELIVER", "outside")
    transport = FairleadTransport()  # as the client builds it, before the secret is known
    mask_secret("shop-s3cret-17")
    transport.emit(event(sourceCode={"sourceCode": "psql shop-s3cret-17"}))
    [kept] = spooled(folder)
    assert kept["run"]["facets"]["sourceCode"] == {"sourceCode": "psql ***"}
    assert b"s3cret" not in b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())


@two_maskers_needed
def test_a_password_known_to_the_server_is_masked_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow._shared.secrets_masker import mask_secret

    monkeypatch.setenv("AIRFLOW__FAIRLEAD__DELIVER", "outside")
    mask_secret("server-s3cret-18")
    FairleadTransport().emit(event(x={"y": "server-s3cret-18"}))
    assert spooled(folder)[0]["run"]["facets"]["x"] == {"y": "***"}


def test_the_connection_says_where_events_go(
    folder: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_FAIRLEAD_DEFAULT", "fairlead://:key-1@" + receiver.url[7:])
    FairleadTransport().emit(event())
    receiver.wait_for(1)
    assert receiver.requests[0][1]["Authorization"] == "Bearer key-1"


def test_an_option_comes_before_the_connection(
    folder: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_FAIRLEAD_DEFAULT", "fairlead://127.0.0.1:9")
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", receiver.url)
    FairleadTransport(FairleadConfig.from_dict({"url": "http://elsewhere"})).emit(event())
    receiver.wait_for(1)


def test_without_a_destination_events_wait_for_one(
    folder: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__CONN_ID", "not_there_yet")
    FairleadTransport().emit(event())
    assert Spool(folder).status().waiting == 1
    monkeypatch.setenv("AIRFLOW_CONN_NOT_THERE_YET", "fairlead://" + receiver.url[7:])
    FairleadTransport().emit(event())
    receiver.wait_for(2)


def test_a_spool_that_cannot_be_written_costs_the_event_and_not_the_task(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__SPOOL", "/proc/fairlead")
    FairleadTransport().emit(event())


def test_emitting_takes_milliseconds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__FAIRLEAD__URL", "http://127.0.0.1:9")
    transport = FairleadTransport()
    big = event(airflow={f"k{i}": {"v": "x" * 50} for i in range(100)})
    times = []
    for _ in range(50):
        start = time.perf_counter()
        transport.emit(big)
        times.append(time.perf_counter() - start)
    assert sorted(times)[25] < 0.05
