"""
POST /api/v1/lineage and /api/v1/lineage/batch, as every OpenLineage client sends them.

A plain ASGI function, since nothing here is worth a framework's price: the bytes are unpacked,
taken apart where they are an array, and stored. What they mean is found out later; a body that means
nothing is stored all the same, and answered as stored, since clients drop what is refused with a 4xx.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import (
    Awaitable,
    Callable,
    Iterable,
    Mapping,
    MutableMapping,
)
from typing import Any

from fairlead_bridge import telemetry
from fairlead_bridge.access.caller import CALLER, Caller
from fairlead_bridge.errors import (
    BodyTooLarge,
    BodyTooSlow,
    BodyUnreadable,
    Overloaded,
    TooManyElements,
)
from fairlead_bridge.intake.body import Capacity, Hold, Message, Receive, read
from fairlead_bridge.intake.commit import Committer
from fairlead_bridge.intake.sorting import Received, parted, sort
from fairlead_bridge.intake.unpack import unpack

Scope = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

ONE = "/api/v1/lineage"
BATCH = "/api/v1/lineage/batch"

#: Bodies below this many bytes, and below that where they are compressed, are taken apart at once;
#: the others in threads, this many at a time, so that no request waits for them and memory is bounded.
_SMALL, _SMALL_PACKED, _UNPACKING = 32 << 10, 2 << 10, 2

#: Seconds after which a sender should come again.
RETRY_AFTER = 1


def is_ours(scope: Scope) -> bool:
    """Whether the request is for intake. GET on /api/v1/lineage asks for the lineage graph."""
    if scope["type"] != "http":
        return False
    path = _path(scope)
    return path == BATCH or (path == ONE and scope["method"] not in ("GET", "HEAD"))


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")).rstrip("/")


class Intake:
    """
    The entry point as an ASGI application.

    `max_body_bytes`: of a request's body, unpacked. `body_timeout`: seconds in which a body must
    have come, beside what its size needs. `queue_bytes`: of all bodies that are not yet durable.
    """

    def __init__(
        self,
        committer: Committer,
        max_body_bytes: int,
        body_timeout: float,
        queue_bytes: int,
    ) -> None:
        self.committer = committer
        self._limit = max_body_bytes
        self._within = body_timeout
        self._capacity = Capacity(queue_bytes, lambda: committer.queued_bytes)
        self._unpacking = asyncio.Semaphore(_UNPACKING)

    async def __call__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        count: Callable[[int], None] = lambda _count: None,
    ) -> None:
        """`count` is called with the number of events of the request, once it is read."""
        if scope["method"] != "POST":
            allowed = b"GET, POST" if _path(scope) == ONE else b"POST"
            await answer(send, 405, "Events are sent with POST.", [(b"allow", allowed)])
            return
        with self._capacity.hold() as hold:
            try:
                received = await self._receive(scope, receive, hold)
                count(len(received.events))
                await self.committer.store(*parted(received))
            except ConnectionError:
                return  # the sender is gone
            except TooManyElements as error:
                await answer(send, 413, f"The body is {error}.", _CLOSE)
                return
            except BodyTooLarge:
                await answer(send, 413, f"The body is larger than {self._limit} bytes.", _CLOSE)
                return
            except BodyTooSlow:
                await answer(send, 408, "The body did not come in time; send it again.", _CLOSE)
                return
            except Overloaded as error:
                await answer(send, 503, f"Come again: {error}.", _LATER)
                return
        if _path(scope) == ONE:
            await _nothing(send, 201, _quarantine_headers(received.flaws))
        else:
            await _batch_answer(send, received)

    async def _receive(self, scope: Scope, receive: Receive, hold: Hold) -> Received:
        headers = dict(scope["headers"])
        caller: Caller = scope[CALLER]
        length = headers.get(b"content-length", b"")
        body = await read(receive, hold, length, self._limit, self._within)
        encoding = headers.get(b"content-encoding", b"").decode("latin-1")
        if len(body) < _SMALL and (not encoding or len(body) < _SMALL_PACKED):
            return self._unpacked(body, encoding, caller)
        async with self._unpacking:
            received = await asyncio.to_thread(self._unpacked, body, encoding, caller)
        if encoding:
            hold.add(sum(map(len, received.events)))
        return received

    def _unpacked(self, body: bytes, encoding: str, caller: Caller) -> Received:
        try:
            whole = unpack(body, encoding, self._limit) if encoding else body
        except BodyUnreadable as error:
            return Received([body], {0: str(error)})
        return sort(whole, caller)


_Headers = list[tuple[bytes, bytes]]

_CLOSE: _Headers = [(b"connection", b"close")]
_LATER: _Headers = [(b"retry-after", str(RETRY_AFTER).encode())]


async def _batch_answer(send: Send, received: Received) -> None:
    """204 where all may be events; else which are not. Those are stored, in quarantine."""
    if not received.flaws:
        await _nothing(send, 204, [])
        return
    count, failed = len(received.events), len(received.flaws)
    answer = {
        "status": "partial_success",
        "summary": {
            "received": count,
            "successful": count - failed,
            "failed": failed,
            "retriable": 0,
            "non_retriable": failed,
        },
        "failed_events": [
            {"index": index, "reason": f"{flaw}; stored in quarantine", "retriable": False}
            for index, flaw in received.flaws.items()
        ],
    }
    headers = _quarantine_headers(received.flaws)
    await _send(send, 200, json.dumps(answer).encode(), headers)


def _quarantine_headers(flaws: Mapping[int, str]) -> _Headers:
    """How many of the events will not be understood, and why the first will not."""
    for flaw in flaws.values():
        reason = flaw[:200].encode("ascii", "backslashreplace")
        return [
            (b"fairlead-quarantined", str(len(flaws)).encode()),
            (b"fairlead-quarantine-reason", reason),
        ]
    return []


async def answer(
    send: Send, status: int, detail: str, headers: Iterable[tuple[bytes, bytes]]
) -> None:
    """Refuse a request: an error as the API has them."""
    telemetry.REFUSED.labels(str(status)).inc()
    await _send(send, status, json.dumps({"detail": detail}).encode(), [*headers])


async def _send(send: Send, status: int, body: bytes, headers: _Headers) -> None:
    own = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": own + headers})
    await send({"type": "http.response.body", "body": body})


_EMPTY = {201: [(b"content-length", b"0")], 204: []}


async def _nothing(send: Send, status: int, headers: _Headers) -> None:
    started = {"type": "http.response.start", "status": status}
    await send({**started, "headers": [*_EMPTY[status], *headers]})
    await send({"type": "http.response.body", "body": b""})
