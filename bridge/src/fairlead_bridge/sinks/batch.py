"""Sends many payloads in one request, and finds the payload at fault when it is refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from fairlead_bridge.errors import NotAsked, Rejected, ServerFailed
from fairlead_bridge.sinks import ENOUGH, Outcome
from fairlead_bridge.sinks.concurrency import keyed_concurrently

P = TypeVar("P")

#: Sends a batch. Raises Rejected or Broken for the whole of it, Unavailable where nothing more can
#: be sent; returns None where everything was accepted, else an outcome for each payload.
Send = Callable[[Sequence[P]], Sequence[Outcome] | None]


def in_batches(
    payloads: Sequence[P],
    weight: Callable[[P], int],
    limit: int,
    send: Send[P],
    *,
    at_most: int = 1,
) -> Iterator[Outcome]:
    """
    `send` the payloads in order, at most `limit` by their `weight` in a batch, and `at_most`
    batches at once. A refused batch is halved until each payload at fault is alone.
    """
    batches = list(_batches(payloads, weight, limit))
    sent = keyed_concurrently(
        batches,
        lambda _: (),
        lambda batch: list(_halving(batch, send)),
        at_most=at_most,
        until=time.monotonic() + ENOUGH,
    )
    for number, batch in enumerate(batches):
        yield from sent.results.get(number) or [NotAsked("not sent yet")] * len(batch)
    if sent.down is not None:
        raise sent.down


def _batches(
    payloads: Sequence[P], weight: Callable[[P], int], limit: int
) -> Iterator[Sequence[P]]:
    batch: list[P] = []
    total = 0
    for payload in payloads:
        own = weight(payload)
        if batch and total + own > limit:
            yield batch
            batch, total = [], 0
        batch.append(payload)
        total += own
    if batch:
        yield batch


def _halving(batch: Sequence[P], send: Send[P]) -> Iterator[Outcome]:
    try:
        outcomes = send(batch)
    except (Rejected, ServerFailed) as error:
        if len(batch) == 1:
            yield error
            return
    else:
        yield from outcomes or (None for _ in batch)
        return
    middle = len(batch) // 2
    yield from _halving(batch[:middle], send)
    yield from _halving(batch[middle:], send)
