"""The events as they were received: which came when, their state, and each whole."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Response

from fairlead_bridge import inbox, masking
from fairlead_bridge.errors import NotFound
from fairlead_bridge.mapping.head import head
from fairlead_bridge.queries.jobs import find_job, jobs_named
from fairlead_bridge.queries.received import Received, State, Wanted, received
from fairlead_bridge.queries.snapshot import Snapshot
from fairlead_bridge.web import log, nouns, render
from fairlead_bridge.web.base import Page
from fairlead_bridge.web.events import answers as a
from fairlead_bridge.web.needs import needs
from fairlead_bridge.web.paging import Cursor, Limit, page, read_cursor
from fairlead_bridge.web.parameters import Since, Text, Until
from fairlead_bridge.web.snapshots import CurrentSnapshot

EventId = Annotated[int, Path(ge=0, lt=2**63)]


router = APIRouter(tags=["operations"], dependencies=[needs("viewer")])


@router.get("/events")
def list_events(
    snapshot: CurrentSnapshot,
    since: Since = None,
    until: Until = None,
    job: Annotated[Text | None, Query(description="The `id` of a job, or NAMESPACE:NAME.")] = None,
    state: State | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[a.ReceivedEvent]:
    """
    Events that were received, the last first, and the state of each.

    `since` and `until` are when the bridge received it. An event belongs to no job while it is waiting.
    """
    (before,) = read_cursor(cursor, int) or (None,)
    micros = render.micros_or_none
    jobs = None if job is None else _jobs(snapshot, job)
    wanted = Wanted(micros(since), micros(until), jobs, state)
    found = received(snapshot, wanted, limit + 1, before)
    listed, following = page(found, limit, lambda each: (each.event_id,))
    shown = {each.event_id: each for each in listed}
    event = log.events(snapshot, list(shown))
    items = [_item(each, shown[each.id]) for each in reversed(event)]
    return Page(items=items, next=following)


@router.get("/events/{event_id}", response_class=Response)
def get_event(snapshot: CurrentSnapshot, event_id: EventId) -> Response:
    """An event as it came in, byte by byte but for the secrets in it."""
    found = log.events(snapshot, [event_id])
    if not found:
        raise NotFound(f"the log has no event {event_id}; it never had, or retention dropped it")
    body = masking.body(found[0].body)
    kind = "application/json" if _is_json(body) else "application/octet-stream"
    return Response(body, media_type=kind)


def _jobs(snapshot: Snapshot, text: str) -> list[int]:
    """The job's id; of one that only events in quarantine may name, the ids it would have."""
    row = find_job(snapshot, text)
    return [row.id] if row is not None else jobs_named(text)


def _item(event: inbox.StoredEvent, which: Received) -> a.ReceivedEvent:
    found = head(event.body)
    return a.ReceivedEvent(
        id=event.id,
        received_at=render.when(event.received_at),
        event_type=found.event_type,
        event_time=found.event_time,
        size=len(event.body),
        source=event.source,
        state=which.state,
        reason=which.reason,
        job=nouns.JobName(namespace=found.job[0], name=found.job[1]) if found.job else None,
        run_id=found.run_id,
    )


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True
