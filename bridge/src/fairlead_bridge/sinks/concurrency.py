"""Sends payloads concurrently, those with a common key in order: the only threads of sinks."""

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
    """The result of each payload, by its index; those that were not sent have none."""

    results: dict[int, R] = field(default_factory=dict)
    #: Why sending stopped early: the catalog is down or asks for a pause.
    down: Unavailable | None = None


def keyed_concurrently(
    payloads: Sequence[P],
    keys: Callable[[P], Iterable[Hashable]],
    send: Callable[[P], R],
    *,
    at_most: int,
    until: float,
    stops_group: Callable[[R], bool] = lambda _: False,
) -> Sent[R]:
    """
    Send the payloads, `at_most` of them at once.

    Payloads with a common key form a group, which is sent in order, one after the other;
    `stops_group` says after which result the rest of its group must wait. Nothing more is sent once
    `send` raised Unavailable, or after `until` (seconds of `time.monotonic`).
    """
    sent: Sent[R] = Sent()

    def drive(group: Sequence[int]) -> None:
        for index in group:
            if sent.down is not None or time.monotonic() > until:
                return
            try:
                result = send(payloads[index])
            except Unavailable as error:
                sent.down = error
                return
            sent.results[index] = result
            if stops_group(result):
                return

    groups = _groups([keys(payload) for payload in payloads])
    if at_most == 1 or len(groups) == 1:
        for group in groups:
            drive(group)
    else:
        with ThreadPoolExecutor(min(at_most, len(groups) or 1)) as pool:
            list(pool.map(drive, groups))
    return sent


def _groups(keys: Sequence[Iterable[Hashable]]) -> list[list[int]]:
    """Indexes that share a key, directly or through others; each group in order."""
    first: dict[Hashable, int] = {}  # the first index with a key
    joined = list(range(len(keys)))  # the first index of each one's group, or on the way to it

    def root(index: int) -> int:
        while joined[index] != index:
            index = joined[index]
        return index

    for index, own in enumerate(keys):
        for key in own:
            one, other = root(first.setdefault(key, index)), root(index)
            joined[max(one, other)] = min(one, other)
    found: dict[int, list[int]] = {}
    for index in range(len(keys)):
        found.setdefault(root(index), []).append(index)
    return list(found.values())
