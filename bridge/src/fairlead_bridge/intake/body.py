"""
Reading the body of a request within bounds: of its size, of the time it takes, and of the memory
that all requests together may hold.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from fairlead_bridge.errors import BodyTooLarge, BodyTooSlow, Overloaded

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

#: Bytes in a second that a body must come with, on average, beyond the time that all have.
SLOWEST = 256 << 10


class Capacity:
    """
    The bytes that requests hold, from the first that came to the answer; for one event loop.

    `most` bounds them together with what `queued` counts: the bytes that wait for their commit.
    """

    def __init__(self, most: int, queued: Callable[[], int]) -> None:
        self._most = most
        self._queued = queued
        self._held = 0

    @contextmanager
    def hold(self) -> Iterator[Hold]:
        hold = Hold(self)
        try:
            yield hold
        finally:
            self._held -= hold.size

    def take(self, hold: Hold, size: int) -> None:
        """Raises Overloaded where it does not fit beside what others hold."""
        others = self._held - hold.size + self._queued()
        if others and others + hold.size + size > self._most:
            raise Overloaded("too many bytes are being received")
        self._held += size
        hold.size += size


class Hold:
    """What one request holds."""

    def __init__(self, capacity: Capacity) -> None:
        self._capacity = capacity
        self.size = 0

    def add(self, size: int) -> None:
        self._capacity.take(self, size)


async def read(receive: Receive, hold: Hold, length: bytes, limit: int, within: float) -> bytes:
    """
    The body as it came. `length` is what Content-Length says, `within` the seconds it may take,
    beside what its size needs.

    Raises BodyTooLarge, BodyTooSlow, Overloaded, and ConnectionError where the sender went away.
    """
    if length.isdigit() and int(length[:20]) > limit:
        raise BodyTooLarge
    loop = asyncio.get_running_loop()
    began = loop.time()
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await _next(receive, began + within + size / SLOWEST)
        if message["type"] == "http.disconnect":
            raise ConnectionResetError
        part: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        hold.add(len(part))
        size += len(part)
        if size > limit:
            raise BodyTooLarge
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def _next(receive: Receive, deadline: float) -> Message:
    try:
        async with asyncio.timeout_at(deadline):
            return await receive()
    except TimeoutError:
        raise BodyTooSlow from None
