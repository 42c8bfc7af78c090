"""The whole bridge notifies: started as a user starts it, its worker killed while it sends."""

from __future__ import annotations

import json
import os
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.bridge.serving import serving as bridge_on
from tests.support.channels.senders import SECRET
from tests.support.channels.vendors import Receiver
from tests.support.notify_storm import good_run, run
from tests.support.receivers import name_of
from tests.support.sinks.server import Cut, Request, serving
from tests.support.waiting import until


@pytest.mark.system  # it starts the bridge and its worker, the latter twice
def test_the_next_worker_sends_what_the_killed_one_was_sending(tmp_path: Path) -> None:
    receiver = Receiver(SECRET)
    killed: list[float] = []

    def kill_the_worker(_: Request) -> Cut | None:
        if killed:
            return None
        (worker,) = bridge.children()
        killed.append(time.monotonic())
        os.kill(worker, signal.SIGKILL)
        return Cut(after=True)

    receiver.trouble = kill_the_worker
    with serving(receiver):
        hook = {"name": "hook", "type": "webhook", "url": receiver.url, "secret_env": "SECRET"}
        asked = json.dumps({"channel": [hook]})
        with bridge_on(tmp_path / "b.db", SECRET=SECRET, FAIRLEAD_NOTIFICATIONS=asked) as bridge:
            until(bridge.children)
            now = datetime.now(UTC)
            fails = run(name_of(1), now, "FAIL", writes=["root_1"])
            for event in (*good_run(1, 2, now - timedelta(minutes=5)), *fails):
                assert bridge.ask("/api/v1/lineage", event)[0] == 201
            until(lambda: len(receiver.seen) >= 2)
            took = time.monotonic() - killed[0]
            sinks = bridge.health()["sinks"]
    ids = {request.headers["webhook-id"] for request in receiver.seen}
    assert len(ids) == len(receiver.events) == 1
    assert took < 60  # less than the lease of the one that was killed
    assert [(sink["name"], sink["kind"]) for sink in sinks] == [("notify:hook", "webhook")]
