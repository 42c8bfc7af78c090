"""A deliverer that runs, and what it has to deliver."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from tests.support.waiting import until

from fairlead_sdk.delivery import Deliverer, Pace
from fairlead_sdk.destinations import (
    Destination,
    HttpDestination,
    HttpSettings,
)
from fairlead_sdk.spool import Spool
from fairlead_sdk.testing import Receiver

FAST = Pace(batch_events=10, first_wait=0.02, longest_wait=0.1, poll=0.02)


def put(spool: Spool, count: int, start: int = 0) -> None:
    for n in range(start, start + count):
        spool.append(json.dumps({"n": n}), datetime.now(UTC))


def numbers(receiver: Receiver) -> list[int]:
    return [event["n"] for event in receiver.events]


@contextmanager
def http(url: str, **settings: Any) -> Iterator[HttpDestination]:
    destination = HttpDestination(HttpSettings(url=url, **settings))
    yield destination
    destination.close()


@contextmanager
def running(spool: Spool, destination: Destination) -> Iterator[Deliverer]:
    deliverer = Deliverer(spool, destination, FAST)
    thread = threading.Thread(target=deliverer.run)
    thread.start()
    yield deliverer
    deliverer.stop()
    thread.join()


def wait_until_empty(spool: Spool) -> None:
    until(spool.is_empty, "not everything was delivered")
