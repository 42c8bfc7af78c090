"""Writes an entry of the audit log for every change that a caller asks for, before it is answered."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool

from fairlead_bridge import telemetry
from fairlead_bridge.access import audit
from fairlead_bridge.access.audit import Entry
from fairlead_bridge.access.caller import CALLER, Caller
from fairlead_bridge.access.origins import READS
from fairlead_bridge.db.engine import writing
from fairlead_bridge.telemetry import Line

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

#: Operations that change nothing, and are recorded all the same: exports, and signing in.
_RECORDED_READS = frozenset(
    {
        "list_audit",
        "export_audit",
        "export_personal_data",
        "get_picture",
        "come_back",
    }
)
#: Operations whose body holds a key.
_SECRET_BODY = frozenset({"sign_in"})
#: Operations whose query holds a code of the issuer.
_SECRET_QUERY = frozenset({"come_back"})
#: Bytes of a body that an entry has at most.
_DETAIL = 4_000
#: Seconds in which the same reading by the same caller is recorded once: an open page reads again
#: whenever something changes.
_SAME_READ = 60.0
#: Readings that are remembered at most.
_MOST_READS = 10_000
#: Attempts of unknown callers that are recorded in a minute: more would only fill the disk.
_UNKNOWN_PER_MINUTE = 60


class Recording:
    """`clock` gives microseconds since the epoch. For one event loop."""

    def __init__(self, engine: sa.Engine, clock: Callable[[], int]) -> None:
        self._engine = engine
        self._clock = clock
        self._unknown: deque[float] = deque(maxlen=_UNKNOWN_PER_MINUTE)
        self._reads: dict[tuple[str, str, str], float] = {}

    def around(self, scope: Scope, receive: Receive, send: Send) -> tuple[Receive, Send]:
        """The request's receive and send, which record it if it is to be recorded."""
        body = bytearray()

        async def receiving() -> Message:
            message = await receive()
            if len(body) < _DETAIL and scope["method"] not in READS:
                body.extend(message.get("body", b"")[: _DETAIL - len(body)])
            return message

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                action = _action(scope)
                if action and self._counts(scope[CALLER]) and self._is_new(scope, action):
                    detail = "" if action in _SECRET_BODY else body.decode("utf-8", "replace")
                    entry = self._entry(scope, action, str(message["status"]), detail)
                    await run_in_threadpool(self._write, entry)
            await send(message)

        return receiving, sending

    def _counts(self, caller: Caller) -> bool:
        if caller.method != "unknown":
            return True
        now = time.monotonic()
        if len(self._unknown) == _UNKNOWN_PER_MINUTE and now - self._unknown[0] < 60:
            return False
        self._unknown.append(now)
        return True

    def _is_new(self, scope: Scope, action: str) -> bool:
        """Whether it changes something, or was not read by the same caller a moment ago."""
        if scope["method"] not in READS or action == "come_back":
            return True
        now = time.monotonic()
        read = (scope[CALLER].name, action, scope["query_string"].decode("latin-1"))
        if now - self._reads.get(read, -_SAME_READ) < _SAME_READ:
            return False
        if len(self._reads) >= _MOST_READS:
            self._reads.clear()
        self._reads[read] = now
        return True

    def _entry(self, scope: Scope, action: str, outcome: str, detail: str) -> Entry:
        caller: Caller = scope[CALLER]
        query = scope["query_string"].decode("latin-1")
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        target = f"{path}?{query}" if query and action not in _SECRET_QUERY else path
        client = scope.get("client")
        return Entry(
            at=self._clock(),
            who=caller.name,
            method=caller.method,
            address=client[0] if client else "",
            action=action,
            target=target,
            outcome=outcome,
            detail=detail,
        )

    def _write(self, entry: Entry) -> None:
        try:
            with writing(self._engine) as tx:
                audit.add(tx, entry)
        except sa.exc.DBAPIError as error:  # what was done is done: the log has it at least
            telemetry.say(
                Line.AUDIT_FAILED,
                logging.ERROR,
                who=entry.who,
                action=entry.action,
                target=entry.target,
                reason=error,
            )


def _action(scope: Scope) -> str | None:
    """The operation's name; None where the request is not recorded."""
    name = getattr(scope.get("route"), "name", None)
    if name is None or (scope["method"] in READS and name not in _RECORDED_READS):
        return None
    return str(name)
