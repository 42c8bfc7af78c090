"""Many payloads in one request, and whose fault it is when the request is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from fairlead_bridge.errors import Rejected
from fairlead_bridge.sinks import Outcome
from fairlead_bridge.sinks.http import Broken

P = TypeVar("P")


def in_batches(
    payloads: Sequence[P],
    weight: Callable[[P], int],
    limit: int,
    send: Callable[[Sequence[P]], Sequence[Outcome] | None],
) -> Iterator[Outcome]:
    """
    `send` the payloads in order, at most `limit` by their `weight` at once.

    A batch that is refused is halved until those that cannot be taken are alone. `send` raises
    Rejected or Broken for the batch it was given, Unavailable where nothing more can be told; it
    returns nothing where everything was taken, else an outcome for each payload.
    """
    batch: list[P] = []
    total = 0
    for payload in payloads:
        own = weight(payload)
        if batch and total + own > limit:
            yield from _halving(batch, send)
            batch, total = [], 0
        batch.append(payload)
        total += own
    if batch:
        yield from _halving(batch, send)


def _halving(
    batch: Sequence[P], send: Callable[[Sequence[P]], Sequence[Outcome] | None]
) -> Iterator[Outcome]:
    try:
        outcomes = send(batch)
    except (Rejected, Broken) as error:
        if len(batch) == 1:
            yield error
            return
    else:
        yield from outcomes or (None for _ in batch)
        return
    middle = len(batch) // 2
    yield from _halving(batch[:middle], send)
    yield from _halving(batch[middle:], send)
