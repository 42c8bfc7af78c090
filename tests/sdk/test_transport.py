"""The durable transport as a client of OpenLineage uses it, and the process it starts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import Job, Run, RunEvent, RunState
from openlineage.client.uuid import generate_new_uuid
from tests.support.waiting import HANG, until

from fairlead_sdk.cli import main
from fairlead_sdk.spool import Spool
from fairlead_sdk.testing import Receiver
from fairlead_sdk.transport import DurableConfig, DurableTransport


def run_event(state: RunState = RunState.START) -> RunEvent:
    return RunEvent(
        eventTime="2026-11-21T08:00:00+00:00",
        eventType=state,
        run=Run(str(generate_new_uuid())),
        job=Job("shop", "load"),
        producer="https://example.com",
    )


def transport(folder: Path, **params: Any) -> DurableTransport:
    settings = {"spool": str(folder), "idle_exit": 0.5, **params}
    return DurableTransport(DurableConfig.from_dict(settings))


def deliverer_pid(folder: Path) -> int:
    return int(json.loads((folder / "deliverer.json").read_text())["pid"])


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A spool whose deliverer, if one was started, is gone after the test."""
    path = tmp_path / "spool"
    yield path
    (path / "destination").write_text("none") if path.exists() else None
    if path.exists():
        until(lambda: not Spool(path).status().delivering, "the deliverer did not step aside")


def test_a_client_finds_the_transport_by_its_dotted_path(folder: Path, receiver: Receiver) -> None:
    config = {
        "transport": {
            "type": "fairlead_sdk.transport.DurableTransport",
            "spool": str(folder),
            "url": receiver.url,
            "idle_exit": 0.5,
        }
    }
    client = OpenLineageClient(config=config)
    assert client.transport.kind == "fairlead"
    client.emit(run_event())
    assert client.close(timeout=HANG)
    assert receiver.wait_for(1)[0]["job"] == {"facets": {}, "name": "load", "namespace": "shop"}


def test_a_nested_transport_is_used_in_the_background(folder: Path, receiver: Receiver) -> None:
    durable = transport(folder, transport={"type": "http", "url": receiver.url})
    durable.emit(run_event())
    receiver.wait_for(1)


def test_emitting_does_not_wait_for_a_receiver_that_hangs(folder: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as deaf:
        durable = transport(folder, url=f"http://127.0.0.1:{deaf.getsockname()[1]}")
        times = []
        for _ in range(20):
            start = time.perf_counter()
            durable.emit(run_event())
            times.append(time.perf_counter() - start)
    assert sorted(times)[10] < 0.05
    assert max(times) < 1.0
    assert durable.spool.status().waiting == 20


def test_an_event_outlives_the_process_that_made_it_and_exits_at_once(
    folder: Path, receiver: Receiver
) -> None:
    """As a task does: fork, emit in the child, `os._exit`, and the whole process group killed."""
    code = """
import os, signal, sys
from fairlead_sdk.transport import DurableConfig, DurableTransport
os.setsid()
if os.fork() == 0:
    config = {"spool": sys.argv[1], "url": sys.argv[2], "idle_exit": 0.5}
    DurableTransport(DurableConfig.from_dict(config)).emit({"eventType": "START", "n": 1})
    os._exit(0)
os.wait()
os.killpg(0, signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code, str(folder), receiver.url], check=False)
    assert done.returncode == -signal.SIGKILL
    assert receiver.wait_for(1)[0]["n"] == 1


def test_after_a_kill_of_the_deliverer_the_next_event_starts_another(
    folder: Path, receiver: Receiver
) -> None:
    durable = transport(folder, url=receiver.url, idle_exit=60)
    durable.emit({"n": 1})
    assert durable.close(HANG)
    first = deliverer_pid(folder)
    os.kill(first, signal.SIGKILL)
    until(lambda: not Spool(folder).status().delivering)
    durable.emit({"n": 2})
    assert durable.close(HANG)
    assert [e["n"] for e in receiver.events] == [1, 2]
    assert deliverer_pid(folder) != first


def test_a_deliverer_ends_when_nothing_comes_and_wakes_for_the_next_event(
    folder: Path, receiver: Receiver
) -> None:
    durable = transport(folder, url=receiver.url, idle_exit=0.2)
    durable.emit({"n": 1})
    assert durable.close(HANG)
    until(lambda: not Spool(folder).status().delivering, "the deliverer did not end")
    durable.emit({"n": 2})
    receiver.wait_for(2)


def test_a_new_address_takes_effect_although_a_deliverer_still_tries_the_old_one(
    folder: Path, receiver: Receiver
) -> None:
    transport(folder, url="http://127.0.0.1:9").emit({"n": 1})
    durable = transport(folder, url=receiver.url)
    count = 1
    end = time.monotonic() + HANG
    while not receiver.events and time.monotonic() < end:
        count += 1
        durable.emit({"n": count})
        time.sleep(0.3)
    assert durable.close(HANG)
    assert [e["n"] for e in receiver.events] == list(range(1, count + 1))


def test_the_last_event_of_a_run_can_wait_for_delivery(folder: Path, receiver: Receiver) -> None:
    durable = transport(folder, url=receiver.url, wait=HANG)
    durable.emit(run_event(RunState.COMPLETE))
    assert len(receiver.events) == 1


def test_without_a_deliverer_of_its_own_events_wait_for_the_sidecar(
    folder: Path, receiver: Receiver
) -> None:
    transport(folder, url=receiver.url, deliver="outside").emit({"n": 1})
    assert not Spool(folder).status().delivering
    assert main(["spool", "flush", "--spool", str(folder), "--url", receiver.url]) == 0
    assert len(receiver.events) == 1


def test_a_sidecar_delivers_until_it_is_stopped(folder: Path, receiver: Receiver) -> None:
    command = [sys.executable, "-m", "fairlead_sdk.cli", "spool", "deliver"]
    command += ["--spool", str(folder), "--url", receiver.url]
    sidecar = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    durable = transport(folder, deliver="outside")
    for n in range(3):
        durable.emit({"n": n})
        receiver.wait_for(n + 1)
    sidecar.terminate()
    assert sidecar.wait(HANG) == 0


def test_status_says_what_waits_and_flush_fails_honestly(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    transport(folder, deliver="outside").emit({"n": 1})
    spool = ["--spool", str(folder)]
    assert main(["spool", "status", "--json", *spool]) == 1
    assert json.loads(capsys.readouterr().out)["waiting"] == 1
    assert main(["spool", "flush", *spool, "--url", "http://127.0.0.1:9", "--timeout", "0.5"]) == 1
    assert main(["spool", "flush", *spool]) == 2


def test_settings_that_cannot_work_do_not_start_a_process_for_every_event(folder: Path) -> None:
    durable = transport(folder, transport={"type": "no.such.Transport"})
    for n in range(5):
        durable.emit({"n": n})
        time.sleep(0.2)
    log = folder / "deliverer.log"
    until(lambda: "Delivery stopped" in log.read_text())
    assert Spool(folder).status().delivering
    assert log.read_text().count("Delivery stopped") == 1
    assert Spool(folder).status().waiting == 5


def test_the_settings_never_print_the_key(folder: Path) -> None:
    config = DurableConfig.from_dict({"spool": str(folder), "url": "http://x", "api_key": "s3cret"})
    assert "s3cret" not in repr(config)


POD = """
import sys
from fairlead_sdk.transport import DurableConfig, DurableTransport
config = {"spool": sys.argv[1], "url": sys.argv[2], "wait": float(sys.argv[3])}
transport = DurableTransport(DurableConfig.from_dict(config))
transport.emit({"eventType": "START"})
transport.emit({"eventType": "COMPLETE"})
"""


def in_a_pod(folder: Path, url: str, wait: float) -> None:
    """In a PID namespace: when the first process ends, the kernel kills all others, as with a pod."""
    pod = ["unshare", "--pid", "--fork", "--mount-proc"]
    if subprocess.run([*pod, "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("processes that end together take root, who may make a namespace for them")
    subprocess.run([*pod, sys.executable, "-c", POD, str(folder), url, str(wait)], check=True)


def test_in_a_pod_that_ends_with_its_task_the_last_event_waits_for_delivery(
    folder: Path, receiver: Receiver
) -> None:
    in_a_pod(folder, receiver.url, wait=HANG)
    assert [event["eventType"] for event in receiver.events] == ["START", "COMPLETE"]
    assert not Spool(folder).is_delivering()


def test_what_a_pod_left_on_its_volume_goes_with_the_events_of_the_next(
    folder: Path, receiver: Receiver
) -> None:
    in_a_pod(folder, "http://127.0.0.1:9", wait=0.3)
    assert Spool(folder).status().waiting == 2
    in_a_pod(folder, receiver.url, wait=HANG)
    kinds = [event["eventType"] for event in receiver.events]
    assert kinds == ["START", "COMPLETE", "START", "COMPLETE"]
