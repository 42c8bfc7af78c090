"""Telling side by side what needs no order: the one place where sinks use threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from fairlead_bridge.errors import Unavailable

P = TypeVar("P")
R = TypeVar("R")


@dataclass(slots=True)
class Sent(Generic[R]):
    """How each payload went, by its place; those that were not sent have no result."""

    results: dict[int, R] = field(default_factory=dict)
    #: The catalog is down, or wants a rest: no more was sent.
    down: Unavailable | None = None


def in_lanes(
    payloads: Sequence[P],
    touches: Callable[[P], Iterable[Hashable]],
    send: Callable[[P], R],
    *,
    at_most: int,
    until: float,
    ends_lane: Callable[[R], bool] = lambda _: False,
) -> Sent[R]:
    """
    Send the payloads, `at_most` of them at once.

    Those that touch a thing in common are in one lane: they are sent in order, one after the other;
    `ends_lane` says after which result the rest of its lane must wait. Nothing more is sent once
    `send` raised Unavailable, or when it is later than `until` (of `time.monotonic`).
    """
    sent: Sent[R] = Sent()

    def drive(lane: Sequence[int]) -> None:
        for place in lane:
            if sent.down is not None or time.monotonic() > until:
                return
            try:
                result = send(payloads[place])
            except Unavailable as error:
                sent.down = error
                return
            sent.results[place] = result
            if ends_lane(result):
                return

    lanes = _lanes([touches(payload) for payload in payloads])
    if at_most == 1 or len(lanes) == 1:
        for lane in lanes:
            drive(lane)
    else:
        with ThreadPoolExecutor(min(at_most, len(lanes) or 1)) as pool:
            list(pool.map(drive, lanes))
    return sent


def _lanes(touched: Sequence[Iterable[Hashable]]) -> list[list[int]]:
    """Places that touch a thing in common, directly or through others; each lane in order."""
    first: dict[Hashable, int] = {}  # who touched a thing first
    joined = list(range(len(touched)))  # the first place of each place's lane, or on the way to it

    def lane(place: int) -> int:
        while joined[place] != place:
            place = joined[place]
        return place

    for place, things in enumerate(touched):
        for thing in things:
            one, other = lane(first.setdefault(thing, place)), lane(place)
            joined[max(one, other)] = min(one, other)
    found: dict[int, list[int]] = {}
    for place in range(len(touched)):
        found.setdefault(lane(place), []).append(place)
    return list(found.values())
