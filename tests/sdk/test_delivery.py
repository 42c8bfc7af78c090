"""Delivery to a real HTTP server in all its moods."""

from __future__ import annotations

import doctest
import json
import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.sdk.delivering import FAST, http, numbers, put, running, wait_until_empty

import fairlead_sdk.delivery
import fairlead_sdk.destinations
from fairlead_sdk.delivery import Deliverer, Pace
from fairlead_sdk.spool import Limits, Spool
from fairlead_sdk.testing import Answer, Receiver, healthy


def test_everything_arrives_once_in_order_in_gzipped_batches_over_one_connection(
    spool: Spool, receiver: Receiver
) -> None:
    put(spool, 35)
    with http(receiver.url) as destination:
        Deliverer(spool, destination, FAST).pass_once()
    assert numbers(receiver) == list(range(35))
    assert [count for _, _, count in receiver.requests] == [10, 10, 10, 5]
    assert {path for path, _, _ in receiver.requests} == {"/api/v1/lineage/batch"}
    assert {headers["Content-Encoding"] for _, headers, _ in receiver.requests} == {"gzip"}
    assert receiver.connections == 1
    assert spool.is_empty()


@pytest.mark.parametrize("status", [404, 405])
def test_a_receiver_without_batches_gets_single_events(
    spool: Spool, receiver: Receiver, status: int
) -> None:
    receiver.responder = lambda path, events: (
        (status, {}, None) if path.endswith("batch") else healthy(path, events)
    )
    put(spool, 25)
    with http(receiver.url) as destination:
        Deliverer(spool, destination, FAST).pass_once()
    assert numbers(receiver) == list(range(25))
    assert sum(path.endswith("batch") for path, _, _ in receiver.requests) == 1


@pytest.mark.parametrize("status", [401, 408, 429, 500, 502, 503])
def test_an_answer_that_speaks_of_load_or_access_means_again(
    spool: Spool, receiver: Receiver, status: int
) -> None:
    refusals = iter([status, status])
    receiver.responder = lambda path, events: (
        (bad, {}, None) if (bad := next(refusals, None)) else healthy(path, events)
    )
    put(spool, 15)
    with http(receiver.url) as destination, running(spool, destination):
        wait_until_empty(spool)
    assert numbers(receiver) == list(range(15))
    assert spool.status().rejected == 0


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured_and_nothing_is_lost(
    spool: Spool, receiver: Receiver, status: int
) -> None:
    times: list[float] = []

    def busy(path: str, events: list[dict[str, Any]]) -> Answer:
        times.append(time.monotonic())
        return (status, {"Retry-After": "1"}, None) if len(times) == 1 else healthy(path, events)

    receiver.responder = busy
    put(spool, 2)
    with http(receiver.url) as destination, running(spool, destination):
        wait_until_empty(spool)
    assert numbers(receiver) == [0, 1]
    assert 1.0 <= times[1] - times[0] < 2.5


def test_what_the_receiver_will_never_take_is_stored_with_its_reason_and_stops_no_other(
    spool: Spool, receiver: Receiver
) -> None:
    def strict(path: str, events: list[dict[str, Any]]) -> Answer:
        if any(event["n"] == 3 for event in events):
            return 400, {}, {"error": "three is not a number"}
        return healthy(path, events)

    receiver.responder = strict
    put(spool, 12)
    with http(receiver.url) as destination:
        Deliverer(spool, destination, FAST).pass_once()
    assert numbers(receiver) == [n for n in range(12) if n != 3]
    [rejected] = spool.rejected()
    assert json.loads(rejected["event"]) == {"n": 3}
    assert "three is not a number" in rejected["reason"]
    assert spool.is_empty()


def test_a_batch_answer_decides_about_each_event_by_itself(
    spool: Spool, receiver: Receiver
) -> None:
    shaky = {5}

    def partly(path: str, events: list[dict[str, Any]]) -> Answer:
        failed = [
            {"index": i, "reason": "why", "retriable": e["n"] != 2}
            for i, e in enumerate(events)
            if e["n"] == 2 or e["n"] in shaky
        ]
        shaky.clear()
        if not failed or not path.endswith("batch"):
            return healthy(path, events)
        return 200, {}, {"status": "partial_success", "failed_events": failed}

    receiver.responder = partly
    put(spool, 12)
    with http(receiver.url) as destination, running(spool, destination):
        wait_until_empty(spool)
    assert numbers(receiver) == [0, 1, 3, 4, 6, 7, 8, 9, 5, 10, 11]
    assert [json.loads(r["event"])["n"] for r in spool.rejected()] == [2]


@pytest.mark.parametrize(
    "answer", [[], "ok", 7, {"failed_events": 3}, {"failed_events": ["x", {}]}]
)
def test_a_receiver_with_words_of_its_own_has_taken_the_batch(
    spool: Spool, receiver: Receiver, answer: Any
) -> None:
    receiver.responder = lambda path, events: (200, {}, answer)
    put(spool, 3)
    with http(receiver.url) as destination:
        Deliverer(spool, destination, FAST).pass_once()
    assert spool.is_empty()
    assert spool.status().delivered == 3


def test_events_made_without_a_receiver_arrive_when_there_is_one(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with Receiver() as gone:
        url = gone.url
    put(spool, 20)
    with http(url) as destination, running(spool, destination) as deliverer:
        while not deliverer.tally.failures:
            time.sleep(0.01)
        put(spool, 5, start=20)
        assert spool.status().waiting == 25
        back = Receiver(port=int(url.rpartition(":")[2]))
        with back:
            wait_until_empty(spool)
    assert numbers(back) == list(range(25))


def test_a_killed_deliverer_repeats_at_most_the_batch_it_had_in_hand(
    spool: Spool, receiver: Receiver
) -> None:
    put(spool, 30)

    with http(receiver.url) as destination:
        first = Deliverer(spool, destination, FAST)

        def die(path: str, events: list[dict[str, Any]]) -> Answer:
            if all(e["n"] != 20 for e in events):
                return healthy(path, events)
            first.stop()
            return 500, {}, None

        receiver.responder = die
        first.pass_once()
        assert numbers(receiver) == list(range(20))
        receiver.responder = healthy
        Deliverer(spool, destination, FAST).pass_once()
    assert numbers(receiver) == list(range(30))


def test_a_receiver_that_cannot_unpack_gets_plain_json(spool: Spool, receiver: Receiver) -> None:
    put(spool, 1)
    with http(receiver.url) as destination:
        receiver.responder = lambda path, events: (
            (415, {}, None)
            if "Content-Encoding" in receiver.requests[-1][1]
            else healthy(path, events)
        )
        Deliverer(spool, destination, FAST).pass_once()
    assert numbers(receiver) == [0]


def test_the_token_travels_in_the_authorization_header(spool: Spool, receiver: Receiver) -> None:
    put(spool, 1)
    with http(receiver.url, auth={"type": "api_key", "api_key": "k"}) as destination:
        Deliverer(spool, destination, FAST).pass_once()
    assert receiver.requests[0][1]["Authorization"] == "Bearer k"


def test_a_redirect_is_not_taken_for_success(spool: Spool, receiver: Receiver) -> None:
    receiver.responder = lambda path, events: (302, {"Location": "/login"}, None)
    put(spool, 1)
    with http(receiver.url) as destination:
        Deliverer(spool, destination, FAST).pass_once(time.monotonic() + 0.2)
    assert spool.status().waiting == 1


def test_a_damaged_line_is_set_aside(spool: Spool, receiver: Receiver) -> None:
    put(spool, 1)
    with (spool.folder / "active.log").open("ab") as file:
        file.write(b"garbage\n")
    put(spool, 1, start=1)
    with http(receiver.url) as destination:
        Deliverer(spool, destination, FAST).pass_once()
    assert numbers(receiver) == [0, 1]
    assert (spool.folder / "damaged.log").read_bytes() == b"garbage\n"
    assert spool.status().damaged == 1
    assert spool.is_empty()


def test_delivery_goes_on_where_its_progress_cannot_be_noted(
    spool: Spool, receiver: Receiver
) -> None:
    """As on a full disk, which only delivery can empty; here the way to the notes leads nowhere."""
    put(spool, 25)
    spool.seal(datetime.now(UTC))
    spool.segments()[0].path.with_suffix(".done").symlink_to("/nowhere/done")
    (spool.folder / "deliverer.json").mkdir()
    with http(receiver.url) as destination:
        Deliverer(spool, destination, FAST).pass_once()
    assert numbers(receiver) == list(range(25))
    assert spool.is_empty()


def test_a_segment_dropped_under_the_deliverer_does_not_stop_it(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(max_bytes=4000))
    with Receiver() as gone:
        url = gone.url
    put(spool, 10)
    with http(url) as destination, running(spool, destination) as deliverer:
        while not deliverer.tally.failures:
            time.sleep(0.01)
        put(spool, 200, start=10)
        with Receiver(port=int(url.rpartition(":")[2])) as back:
            wait_until_empty(spool)
    assert numbers(back)[-1] == 209
    assert spool.status().dropped >= 210 - len(back.events)


def test_an_idle_deliverer_leaves_and_frees_the_lock(spool: Spool, receiver: Receiver) -> None:
    put(spool, 3)
    lock = spool.take_delivery()
    with http(receiver.url) as destination:
        Deliverer(spool, destination, Pace(poll=0.02, idle_exit=0.1)).run(lock)
    assert numbers(receiver) == [0, 1, 2]
    again = spool.take_delivery()
    assert again is not None
    os.close(again)


@pytest.mark.parametrize("module", [fairlead_sdk.delivery, fairlead_sdk.destinations])
def test_the_examples_in_the_docstrings_hold(module: Any) -> None:
    assert doctest.testmod(module).failed == 0


def test_a_spool_that_cannot_be_worked_on_is_complained_about_once_and_tried_again(
    spool: Spool, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """As on a disk that is read-only for a while; here the lock is a folder for a while."""
    put(spool, 3)
    lock = spool.folder / "append.lock"
    lock.unlink()
    lock.mkdir()
    pace = Pace(poll=0.02, pause=0.02)
    with http(receiver.url) as destination:
        deliverer = Deliverer(spool, destination, pace)
        thread = threading.Thread(target=deliverer.run)
        thread.start()
        time.sleep(0.5)
        assert not receiver.events
        lock.rmdir()
        wait_until_empty(spool)
        deliverer.stop()
        thread.join()
    assert numbers(receiver) == [0, 1, 2]
    assert caplog.text.count("cannot be worked on") == 1


def test_a_segment_that_cannot_be_read_does_not_stop_the_others(
    spool: Spool, receiver: Receiver
) -> None:
    """As with a bad sector; here a segment is a folder."""
    put(spool, 1)
    spool.seal(datetime.now(UTC))
    bad = spool.folder / "segments" / f"{1:020d}.log"
    bad.mkdir()
    with http(receiver.url) as destination:
        with pytest.raises(IsADirectoryError):
            Deliverer(spool, destination, FAST).pass_once()
        assert numbers(receiver) == [0]
        bad.rmdir()
