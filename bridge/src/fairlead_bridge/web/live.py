"""
The live stream: sends every open page a server-sent event when something has changed.

One look at the database for all clients, a few times a second and only while a page listens: at
the newest event, at how many events were acknowledged, a counter that only grows, so that a replay that
begins and ends between two looks is seen as well, and at the newest entry of an incident. Only when one of them moved, the newest runs
are compared with those of the look before.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from fairlead_bridge import ids
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import reading
from fairlead_bridge.queries.runs import RunFilter, page_of_runs
from fairlead_bridge.queries.snapshot import Row
from fairlead_bridge.web import render
from fairlead_bridge.web.needs import needs
from fairlead_bridge.web.parameters import Catalog

#: Seconds between two looks, and between two signs of life where nothing changes.
LOOK, ALIVE = 0.4, 15.0
#: Newest runs that are compared.
WATCHED = 100

_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


@dataclass(frozen=True, slots=True)
class View:
    """What one look saw."""

    signal: tuple[int | None, ...]
    runs: dict[int, tuple[Any, ...]] = field(default_factory=dict)  # id -> what makes it differ
    shown: dict[int, dict[str, Any]] = field(default_factory=dict)
    incidents: dict[int, int] = field(default_factory=dict)  # id -> its newest entry


#: The newest entries of incidents' timelines.
_ENTRIES = (
    sa.select(t.incident_entry.c.id, t.incident_entry.c.incident_id)
    .order_by(t.incident_entry.c.id.desc())
    .limit(WATCHED)
)


def look(catalog: Catalog, before: View | None) -> View:
    """What there is now; the runs are read only if anything moved since `before`."""
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
    with catalog.open() as snapshot:
        rows = page_of_runs(snapshot, RunFilter(), WATCHED)
        entries = snapshot.rows(_ENTRIES)
    return View(
        signal,
        {row.id: (row.state, row.last_at) for row in rows},
        {row.id: _shown(row) for row in rows},
        {row.incident_id: row.id for row in reversed(entries)},
    )


def change(before: View, now: View) -> dict[str, Any] | None:
    """The message about what changed between two looks; None where nothing did."""
    if now.signal == before.signal:
        return None
    changed = [now.shown[id] for id, seen in now.runs.items() if before.runs.get(id) != seen]
    entries = now.incidents.items()
    return {
        "received": now.signal[0] or 0,
        "waiting": now.signal[1] is not None,
        "runs": changed,
        "incidents": sorted(id for id, seen in entries if before.incidents.get(id, 0) < seen),
    }


def _shown(row: Row) -> dict[str, Any]:
    return {
        "id": ids.public(row.id),
        "run_id": row.run_id,
        "job": render.job_node(row.job_namespace, row.job_name),
        "kind": row.kind,
        "dag_id": row.dag_id,
        "state": row.state,
    }


class Live:
    """Looks for all clients; sleeps while there are none."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._clients: set[asyncio.Queue[str | None]] = set()
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    def close(self) -> None:
        """End every stream, so that the server can stop; to be called in its event loop."""
        self._closed = True
        for queue in self._clients:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(None)

    async def messages(self) -> AsyncIterator[str]:
        """Server-sent events for one client, until it goes."""
        queue: asyncio.Queue[str | None] = asyncio.Queue(maxsize=100)
        self._clients.add(queue)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            yield "retry: 2000\n: connected\n\n"
            while not self._closed:
                try:
                    message = await asyncio.wait_for(queue.get(), ALIVE)
                except TimeoutError:
                    message = ": alive\n\n"
                if message is not None:
                    yield message
        finally:
            self._clients.discard(queue)

    async def _look(self) -> None:
        before: View | None = None
        while self._clients and not self._closed:
            try:
                now = await run_in_threadpool(look, self._catalog, before)
            except sa.exc.SQLAlchemyError:
                await asyncio.sleep(ALIVE)  # the database is away; the page has its own timers
                continue
            message = change(before, now) if before is not None else None
            if message is not None:
                self._broadcast(f"event: change\ndata: {json.dumps(message)}\n\n")
            before = now
            await asyncio.sleep(LOOK)

    def _broadcast(self, text: str) -> None:
        for queue in self._clients:
            if not queue.full():  # one that does not read misses messages, it does not pile them up
                queue.put_nowait(text)


def routes(live: Live) -> APIRouter:
    router = APIRouter(tags=["operations"], dependencies=[needs("viewer")])

    @router.get("/stream", response_class=StreamingResponse)
    async def stream() -> StreamingResponse:
        """
        Server-sent events: `change` whenever events were received or absorbed, or incidents changed.

        Its data: `received` (the newest event's number), `waiting` (whether some are yet to be
        absorbed), `runs` (of the newest hundred, those that changed) and `incidents` (the numbers
        of those that changed).
        """
        return StreamingResponse(live.messages(), media_type="text/event-stream", headers=_HEADERS)

    return router
