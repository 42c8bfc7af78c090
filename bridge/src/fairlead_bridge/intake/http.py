"""
POST /api/v1/lineage and /api/v1/lineage/batch, as every OpenLineage client speaks them.

A plain ASGI function, since nothing here is worth a framework's price: the bytes are unpacked,
taken apart where they are an array, and kept. What they mean is found out later; a body that means
nothing is kept all the same, and answered as kept, since clients drop what is refused with a 4xx.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from fairlead_bridge import telemetry
from fairlead_bridge.errors import Overloaded
from fairlead_bridge.intake.commit import Committer
from fairlead_bridge.intake.unpack import Garbled, TooLarge, odd, unpack
from fairlead_bridge.mapping.elements import TooMany, split

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

ONE = "/api/v1/lineage"
BATCH = "/api/v1/lineage/batch"

#: Bodies of this many bytes and more are unpacked in a thread, so that others need not wait.
_LARGE = 128 << 10

#: Seconds after which a sender should come again.
RETRY_AFTER = 1


def is_ours(scope: Scope) -> bool:
    """Whether the request is for this door. GET on /api/v1/lineage asks for the lineage graph."""
    if scope["type"] != "http":
        return False
    path = _path(scope)
    return path == BATCH or (path == ONE and scope["method"] not in ("GET", "HEAD"))


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")).rstrip("/")


class Intake:
    """
    The door as an ASGI application.

    `api_keys`: one of these is asked of every sender; none are asked for if there are none.
    `max_body_bytes`: of a request's body, unpacked.
    """

    def __init__(self, committer: Committer, api_keys: Sequence[str], max_body_bytes: int) -> None:
        self.committer = committer
        self._keys = frozenset(_key_digest(key.encode()) for key in api_keys)
        self._limit = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope)
        if refusal:
            await _answer(send, *refusal)
            return
        headers = dict(scope["headers"])
        try:
            body = await self._read(headers, receive)
            if body is None:
                return
            events = await self._events(headers, body)
            await self.committer.keep(events)
        except TooMany as error:
            await _answer(send, 413, f"The body is {error}.", _CLOSE)
        except TooLarge:
            await _answer(send, 413, f"The body is larger than {self._limit} bytes.", _CLOSE)
        except Overloaded as error:
            await _answer(send, 503, f"Come again: {error}.", _LATER)
        else:
            if _path(scope) == ONE:
                await _nothing(send, 201)
            else:
                await _batch_answer(send, events)

    def _refusal(self, scope: Scope) -> tuple[int, str, _Headers] | None:
        if scope["method"] != "POST":
            return 405, "Events are sent with POST.", [(b"allow", b"POST")]
        if self._keys and _key_digest(_bearer(scope)) not in self._keys:
            return 401, "Send a known key: `Authorization: Bearer KEY`.", _WHO
        return None

    async def _read(self, headers: dict[bytes, bytes], receive: Receive) -> bytes | None:
        """The body as it came; None where the sender went away."""
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._limit:
            raise TooLarge
        message = await receive()
        body: bytes = message.get("body", b"")
        if message["type"] == "http.request" and not message.get("more_body"):
            return body
        parts = [body]
        size = len(body)
        while message["type"] == "http.request" and message.get("more_body"):
            message = await receive()
            part = message.get("body", b"")
            parts.append(part)
            size += len(part)
            if size > self._limit:
                raise TooLarge
        return None if message["type"] == "http.disconnect" else b"".join(parts)

    async def _events(self, headers: dict[bytes, bytes], body: bytes) -> list[bytes]:
        encoding = headers.get(b"content-encoding", b"").decode("latin-1")
        if len(body) < _LARGE and not encoding:
            return split(body)
        if len(body) < _LARGE // 16:
            return self._unpacked(body, encoding)
        return await asyncio.to_thread(self._unpacked, body, encoding)

    def _unpacked(self, body: bytes, encoding: str) -> list[bytes]:
        try:
            return split(unpack(body, encoding, self._limit))
        except Garbled:
            return [body]


_Headers = list[tuple[bytes, bytes]]

_CLOSE: _Headers = [(b"connection", b"close")]
_LATER: _Headers = [(b"retry-after", str(RETRY_AFTER).encode())]
_WHO: _Headers = [(b"www-authenticate", b"Bearer")]


def _bearer(scope: Scope) -> bytes:
    value: bytes = dict(scope["headers"]).get(b"authorization", b"")
    scheme, _, key = value.partition(b" ")
    return key.strip() if scheme.lower() == b"bearer" else b""


def _key_digest(key: bytes) -> bytes:
    """Digests are compared, not keys: how long it takes tells nothing."""
    return hashlib.sha256(key).digest()


async def _batch_answer(send: Send, events: Sequence[bytes]) -> None:
    """204 where all may be events; else which are not. Those are kept, in quarantine."""
    failed = odd(events)
    if not failed:
        await _nothing(send, 204)
        return
    reason = "not a JSON object; kept in quarantine"
    answer = {
        "status": "partial_success",
        "summary": {
            "received": len(events),
            "successful": len(events) - len(failed),
            "failed": len(failed),
            "retriable": 0,
            "non_retriable": len(failed),
        },
        "failed_events": [
            {"index": index, "reason": reason, "retriable": False} for index in failed
        ],
    }
    await _send(send, 200, json.dumps(answer).encode(), [])


async def _answer(send: Send, status: int, detail: str, headers: _Headers) -> None:
    telemetry.REFUSED.labels(str(status)).inc()
    await _send(send, status, json.dumps({"detail": detail}).encode(), headers)


async def _send(send: Send, status: int, body: bytes, headers: _Headers) -> None:
    own = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": own + headers})
    await send({"type": "http.response.body", "body": body})


_EMPTY = {201: [(b"content-length", b"0")], 204: []}


async def _nothing(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": _EMPTY[status]})
    await send({"type": "http.response.body", "body": b""})
