"""
Group commit: what comes in while one transaction is being made durable goes into the next.

No event waits for a timer: a lone event is committed at once, a thousand at a time when busy.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from fairlead_bridge import inbox, telemetry
from fairlead_bridge.db.engine import writing
from fairlead_bridge.errors import Overloaded
from fairlead_bridge.telemetry import Line

#: A transaction takes no more than this many events or bytes, and one request more.
COMMIT_EVENTS = 1000
COMMIT_BYTES = 8 << 20


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    bodies: Sequence[bytes]
    refused: Sequence[tuple[bytes, str]]
    size: int
    done: asyncio.Future[None]

    @property
    def count(self) -> int:
        return len(self.bodies) + len(self.refused)


class Committer:
    """
    Makes events durable, many in one transaction, in a thread of its own.

    `store` belongs to the event loop that called `start`; `on_commit` is called by the thread.
    """

    def __init__(
        self,
        engine: sa.Engine,
        source: str,
        queue_events: int,
        queue_bytes: int,
        on_commit: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._source = source
        self._most_events = queue_events
        self._most_bytes = queue_bytes
        self._on_commit = on_commit
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="committer")
        self._events = 0  # in the queue or being committed; used by the event loop alone
        self._bytes = 0

    @property
    def queued_bytes(self) -> int:
        """Bytes of events that are not yet durable."""
        return self._bytes

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        """Commit what is queued, then end."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    async def store(
        self, bodies: Sequence[bytes], refused: Sequence[tuple[bytes, str]] = ()
    ) -> None:
        """
        Return when the events are durable; the `refused` (event, reason) in quarantine.

        Raises Overloaded where too many wait already, or the database cannot take them now.
        """
        count = len(bodies) + len(refused)
        if not count:
            return
        size = sum(map(len, bodies)) + sum(len(body) for body, _ in refused)
        if self._events and (
            self._events + count > self._most_events or self._bytes + size > self._most_bytes
        ):
            raise Overloaded("too many events wait to be stored")
        done: asyncio.Future[None] = self._loop.create_future()
        self._count(count, size)
        self._queue.put(_Waiting(bodies, refused, size, done))
        await done

    def _count(self, events: int, size: int) -> None:
        self._events += events
        self._bytes += size
        telemetry.QUEUED.set(self._events)

    def _run(self) -> None:
        stopping = False
        while not stopping:
            batch, stopping = self._next_batch()
            if batch:
                failure = self._commit(batch)
                self._loop.call_soon_threadsafe(self._answer, batch, failure)

    def _next_batch(self) -> tuple[list[_Waiting], bool]:
        """Everything that waits, within measure; and whether to stop after it."""
        batch: list[_Waiting] = []
        events = size = 0
        while events < COMMIT_EVENTS and size < COMMIT_BYTES:
            try:
                item = self._queue.get(block=not batch)
            except queue.Empty:
                break
            if item is None:
                return batch, True
            batch.append(item)
            events += item.count
            size += item.size
        return batch, False

    def _commit(self, batch: Sequence[_Waiting]) -> Overloaded | None:
        bodies = [body for item in batch for body in item.bodies]
        refused = [each for item in batch for each in item.refused]
        count = len(bodies) + len(refused)
        began = time.perf_counter()
        try:
            with writing(self._engine) as tx:
                now = time.time_ns() // 1000
                inbox.put(tx, bodies, self._source, now)
                inbox.refuse(tx, refused, self._source, now)
        except Exception as error:  # noqa: BLE001  (whatever it was, the senders must hear of it)
            telemetry.say(Line.COMMIT_FAILED, logging.ERROR, events=count, reason=error)
            return Overloaded("the database cannot store events now")
        telemetry.COMMIT_SECONDS.observe(time.perf_counter() - began)
        telemetry.COMMIT_EVENTS.observe(count)
        telemetry.RECEIVED.labels(self._source).inc(count)
        self._on_commit()
        return None

    def _answer(self, batch: Sequence[_Waiting], failure: Overloaded | None) -> None:
        self._count(-sum(item.count for item in batch), -sum(item.size for item in batch))
        for item in batch:
            if item.done.done():  # its sender went away
                continue
            if failure:
                item.done.set_exception(Overloaded(*failure.args))
            else:
                item.done.set_result(None)
