"""
The live stream: sends every open page a server-sent event when something has changed.

One look at the database for all clients, a few times a second and only while a page listens: at
the newest event, at how many events were acknowledged, a counter that only grows, so that a replay that
begins and ends between two looks is seen as well, and at the newest entry of an incident. Only when
one of them moved, the newest runs are compared with those of the look before, once for each scope
that listens: who sees some namespaces hears only of what is in them. A stream ends with the key or
the session that it began with.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from fairlead_bridge import ids
from fairlead_bridge.access import scope as scopes
from fairlead_bridge.access.caller import CALLER, Caller, refusal
from fairlead_bridge.access.scope import EVERYTHING, Scope
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import reading
from fairlead_bridge.documents import Json
from fairlead_bridge.errors import IssuerUnavailable
from fairlead_bridge.queries.runs import RunFilter, page_of_runs
from fairlead_bridge.queries.snapshot import Row
from fairlead_bridge.web import render
from fairlead_bridge.web.needs import CallerScope, needs
from fairlead_bridge.web.parameters import Catalog

#: Seconds between two looks, and between two signs of life where nothing changes.
LOOK, ALIVE = 0.4, 15.0
#: Seconds between two looks whether the caller of a stream may still listen.
STILL = 1.0
#: The key, in an ASGI scope, of what says who the caller is by now.
AGAIN = "fairlead.again"
#: Newest runs that are compared.
WATCHED = 100

_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


@dataclass(frozen=True, slots=True)
class View:
    """What one look saw."""

    signal: tuple[int | None, ...]
    runs: dict[int, tuple[Any, ...]] = field(default_factory=dict)  # id -> what makes it differ
    shown: dict[int, Json] = field(default_factory=dict)
    incidents: dict[int, int] = field(default_factory=dict)  # id -> its newest entry


#: The newest entries of incidents' timelines.
_ENTRIES = (
    sa.select(t.incident_entry.c.id, t.incident_entry.c.incident_id)
    .order_by(t.incident_entry.c.id.desc())
    .limit(WATCHED)
)


def look(catalog: Catalog, before: View | None, scope: Scope = EVERYTHING) -> View:
    """What the scope sees now; the runs are read only if anything moved since `before`."""
    with reading(catalog.engine) as tx:
        signal = tuple(
            tx.execute(
                sa.select(
                    sa.select(sa.func.max(t.event.c.id)).scalar_subquery(),
                    sa.select(sa.func.min(t.waiting.c.event_id)).scalar_subquery(),
                    sa.select(t.pulse.c.settled).scalar_subquery(),
                    sa.select(sa.func.max(t.incident_entry.c.id)).scalar_subquery(),
                )
            ).one()
        )
    if before is not None and before.signal == signal:
        return before
    with catalog.open(scope) as snapshot:
        rows = page_of_runs(snapshot, RunFilter(), WATCHED)
        entries = snapshot.rows(_ENTRIES)
    return View(
        signal,
        {row.id: (row.state, row.last_at) for row in rows},
        {row.id: _shown(row) for row in rows},
        {row.incident_id: row.id for row in reversed(entries)},
    )


def change(before: View, now: View, scope: Scope = EVERYTHING) -> Json | None:
    """The message about what changed between two looks; None where nothing did that is seen."""
    if now.signal == before.signal:
        return None
    runs = [now.shown[id] for id, seen in now.runs.items() if before.runs.get(id) != seen]
    entries = now.incidents.items()
    incidents = sorted(id for id, seen in entries if before.incidents.get(id, 0) < seen)
    if scope.sees_all:
        received, waiting = now.signal[:2]
        first = {"received": received or 0, "waiting": waiting is not None}
    elif runs or incidents:
        first = {"received": 0, "waiting": False}
    else:
        return None
    return {**first, "runs": runs, "incidents": incidents}


def _shown(row: Row) -> dict[str, object]:
    return {
        "id": ids.public(row.id),
        "run_id": row.run_id,
        "job": render.job_node(row.job_namespace, row.job_name),
        "kind": row.kind,
        "dag_id": row.dag_id,
        "state": row.state,
    }


async def _forever() -> bool:
    return True


class Live:
    """Looks for all clients; sleeps while there are none."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._clients: dict[asyncio.Queue[str | None], Scope] = {}
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    def close(self) -> None:
        """End every stream, so that the server can stop; to be called in its event loop."""
        self._closed = True
        for queue in self._clients:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(None)

    async def messages(
        self, scope: Scope = EVERYTHING, may_listen: Callable[[], Awaitable[bool]] = _forever
    ) -> AsyncIterator[str]:
        """Server-sent events for one client, until it goes or `may_listen` no longer."""
        queue: asyncio.Queue[str | None] = asyncio.Queue(maxsize=100)
        self._clients[queue] = scope
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            yield "retry: 2000\n: connected\n\n"
            quiet = 0.0
            while not self._closed:
                try:
                    message = await asyncio.wait_for(queue.get(), STILL)
                    quiet = 0.0
                except TimeoutError:
                    message = None
                    quiet += STILL
                if not await may_listen():
                    return
                if quiet >= ALIVE:
                    message, quiet = ": alive\n\n", 0.0
                if message is not None:
                    yield message
        finally:
            self._clients.pop(queue, None)

    async def _look(self) -> None:
        before: dict[Scope, View] = {}
        while self._clients and not self._closed:
            scopes = set(self._clients.values())
            before = {scope: view for scope, view in before.items() if scope in scopes}
            try:
                for scope in scopes:
                    await self._look_for(scope, before)
            except sa.exc.SQLAlchemyError:
                await asyncio.sleep(ALIVE)  # the database is away; the page has its own timers
                continue
            await asyncio.sleep(LOOK)

    async def _look_for(self, scope: Scope, before: dict[Scope, View]) -> None:
        last = before.get(scope)
        now = before[scope] = await run_in_threadpool(look, self._catalog, last, scope)
        message = change(last, now, scope) if last is not None else None
        if message is not None:
            self._broadcast(f"event: change\ndata: {json.dumps(message)}\n\n", scope)

    def _broadcast(self, text: str, scope: Scope) -> None:
        for queue, of_client in self._clients.items():
            # One that does not read misses messages, it does not pile them up.
            if of_client == scope and not queue.full():
                queue.put_nowait(text)


async def _live(request: Request) -> Live:
    live: Live = request.app.state.live
    return live


CurrentLive = Annotated[Live, Depends(_live)]

router = APIRouter(tags=["operations"], dependencies=[needs("viewer")])


@router.get("/stream", response_class=StreamingResponse)
async def stream(request: Request, live: CurrentLive, scope: CallerScope) -> StreamingResponse:
    """
    Server-sent events: `change` whenever events were received or absorbed, or incidents changed.

    Its data: `received` (the newest event's number), `waiting` (whether some are yet to be
    absorbed), `runs` (of the newest hundred, those that changed) and `incidents` (the numbers
    of those that changed). Who does not see every namespace gets one when something changed that
    they see, with `received` 0. The stream ends with the key or the session that asked for it.
    """
    messages = live.messages(scope, _listening(request))
    return StreamingResponse(messages, media_type="text/event-stream", headers=_HEADERS)


def _listening(request: Request) -> Callable[[], Awaitable[bool]]:
    """Says whether who asked for the stream may still listen to it, and still sees the same."""
    again: Callable[[], Awaitable[Caller]] | None = request.scope.get(AGAIN)
    scope = scopes.of(request.scope[CALLER])

    async def may_listen() -> bool:
        if again is None:
            return True
        try:
            caller = await again()
        except (sa.exc.DBAPIError, IssuerUnavailable):
            return True  # it is not known now
        return refusal(caller, "viewer") is None and scopes.of(caller) == scope

    return may_listen
