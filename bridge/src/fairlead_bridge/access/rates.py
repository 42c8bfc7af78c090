"""How many requests and events each caller may send in a second."""

from __future__ import annotations

import math
import time
from collections import OrderedDict

from fairlead_bridge.access.caller import Caller, Refusal

#: Seconds of its rate that a caller who paused may use at once.
_BURST = 10.0
#: Callers that are remembered at most; those that asked longest ago are forgotten first.
_MOST = 10_000


class Bucket:
    """
    A token bucket that can be in debt: a large batch passes, and what follows waits for it.

    `rate` is in tokens a second.
    """

    __slots__ = ("_at", "_left", "_rate")

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._left = rate * _BURST
        self._at = now

    def wait(self, now: float) -> float:
        """Seconds until something may be taken; 0 where that is now."""
        self._left = min(self._rate * _BURST, self._left + (now - self._at) * self._rate)
        self._at = now
        return 0.0 if self._left >= 1 else (1 - self._left) / self._rate

    def take(self, count: int) -> None:
        self._left -= count


class Rates:
    """
    The rates of one process; for one event loop. `requests` and `events` are a second, 0 for any number.

    A caller is known by name, one who is not by the address.
    """

    def __init__(self, requests: float, events: float) -> None:
        self._requests = requests
        self._events = events
        self._buckets: OrderedDict[tuple[str, str], Bucket] = OrderedDict()

    def refusal(self, caller: Caller, peer: str, *, sends: bool) -> Refusal | None:
        """Why the request has to come later, before anything of it is read; else it is counted."""
        now = time.monotonic()
        wait = 0.0
        if self._requests:
            bucket = self._bucket("requests", self._requests, caller, peer, now)
            wait = bucket.wait(now)
            if not wait:
                bucket.take(1)
        if sends and self._events:
            wait = max(wait, self._bucket("events", self._events, caller, peer, now).wait(now))
        return _later(wait) if wait else None

    def count_events(self, caller: Caller, peer: str, count: int) -> None:
        """The caller sent that many events in one request."""
        if self._events:
            now = time.monotonic()
            self._bucket("events", self._events, caller, peer, now).take(count)

    def _bucket(self, kind: str, rate: float, caller: Caller, peer: str, now: float) -> Bucket:
        known = caller.method not in ("open", "unknown")
        key = (kind, f"name {caller.name}" if known else f"address {peer}")
        found = self._buckets.get(key)
        if found is None:
            found = self._buckets[key] = Bucket(rate, now)
            if len(self._buckets) > _MOST:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(key)
        return found


def _later(wait: float) -> Refusal:
    seconds = max(1, math.ceil(wait))
    detail = f"Too much at once: send it again in {seconds} s (Retry-After)."
    return Refusal(429, detail, ((b"retry-after", str(seconds).encode()),))
