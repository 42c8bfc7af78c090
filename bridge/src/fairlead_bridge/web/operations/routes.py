"""Quarantine and deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query

from fairlead_bridge import ids, inbox, masking, outbox
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import writing
from fairlead_bridge.errors import NotFound
from fairlead_bridge.queries.assets import assets_by_id
from fairlead_bridge.queries.incidents import of as incidents_of
from fairlead_bridge.queries.jobs import jobs_by_id
from fairlead_bridge.queries.runs import runs_by_id
from fairlead_bridge.queries.snapshot import Row, Snapshot
from fairlead_bridge.web import log, render
from fairlead_bridge.web.base import Page
from fairlead_bridge.web.dependencies import CurrentCatalog, Sinks
from fairlead_bridge.web.events.routes import EventId
from fairlead_bridge.web.needs import CallerScope, needs
from fairlead_bridge.web.operations import answers as a
from fairlead_bridge.web.paging import Cursor, Limit, page, read_cursor
from fairlead_bridge.web.parameters import Text
from fairlead_bridge.web.snapshots import CurrentSnapshot

#: Characters of an event that the quarantine shows.
EXCERPT = 2000


router = APIRouter(tags=["operations"], dependencies=[needs("viewer")])


@router.get("/quarantine")
def list_quarantine(
    snapshot: CurrentSnapshot, limit: Limit = 50, cursor: Cursor = None
) -> Page[a.QuarantineItem]:
    """Events that could not be understood, newest first, each with the reason."""
    (before,) = read_cursor(cursor, int) or (None,)
    found = log.quarantined(snapshot, limit + 1, before)
    shown, following = page(found, limit, lambda item: (item.event.id,))
    return Page(items=[_quarantined(each) for each in shown], next=following)


@router.post("/quarantine/replay", dependencies=[needs("operator", shows="all")])
def replay_quarantine(catalog: CurrentCatalog) -> a.Replayed:
    """Let every event in quarantine be read again."""
    with writing(catalog.engine) as tx:
        return a.Replayed(waiting=inbox.replay(tx, quarantined=True))


@router.post("/quarantine/{event_id}/replay", dependencies=[needs("operator")])
def replay_event(event_id: EventId, catalog: CurrentCatalog, scope: CallerScope) -> a.Replayed:
    """Let one event in quarantine be read again."""
    missing = NotFound(f"event {event_id} is not in quarantine; perhaps it was read again")
    with catalog.open(scope) as snapshot:
        if not inbox.events(snapshot.tx, [event_id]):
            raise missing
    with writing(catalog.engine) as tx:
        if not inbox.replay_one(tx, event_id):
            raise missing
        return a.Replayed(waiting=1)


@router.get("/deliveries")
def list_deliveries(
    snapshot: CurrentSnapshot,
    sink: Text | None = None,
    state: Text | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[a.DeliveryItem]:
    """What each sink has received or is yet to receive; `state` is waiting, settled, rejected."""
    after = read_cursor(cursor, str, str, int)
    rows = _deliveries(snapshot, sink, state, limit + 1, after)
    shown, following = page(rows, limit, lambda row: (row.sink, row.kind, row.key))
    names = _names(snapshot, shown)
    return Page(items=[_delivery(row, names) for row in shown], next=following)


@router.post("/deliveries/retry", dependencies=[needs("operator", shows="all")])
def retry_deliveries(
    sink: Annotated[Text, Query(description="The sink's name.")],
    sinks: Sinks,
    catalog: CurrentCatalog,
) -> a.Retried:
    """Try again what a sink refused."""
    if sink not in sinks:
        known = f"there are {', '.join(sorted(sinks))}" if sinks else "there is none"
        raise NotFound(f"no sink is called {sink!r}; {known}")
    with writing(catalog.engine) as tx:
        return a.Retried(retried=outbox.retry_rejected(tx, sink, catalog.clock()))


# --- the inbox and the outbox -------------------------------------------------------------------


def _quarantined(item: inbox.Quarantined) -> a.QuarantineItem:
    return a.QuarantineItem(
        event_id=item.event.id,
        received_at=render.when(item.event.received_at),
        reason=item.reason,
        size=len(item.event.body),
        excerpt=masking.body(item.event.body)[: 4 * EXCERPT].decode("utf-8", "replace")[:EXCERPT],
    )


def _deliveries(
    snapshot: Snapshot,
    sink: str | None,
    state: str | None,
    limit: int,
    after: tuple[str, str, int] | None,
) -> list[Row]:
    c = t.delivery.c
    statement = sa.select(t.delivery)
    if sink is not None:
        statement = statement.where(c.sink == sink)
    if state is not None:
        statement = statement.where(c.state == state)
    if after is not None:
        statement = statement.where(sa.tuple_(c.sink, c.kind, c.key) > sa.tuple_(*after))
    return snapshot.rows(statement.order_by(c.sink, c.kind, c.key).limit(limit))


def _names(snapshot: Snapshot, rows: Sequence[Row]) -> dict[tuple[str, int], str]:
    """What people call the entries that these deliveries are about."""
    keys: dict[str, list[int]] = {}
    for row in rows:
        keys.setdefault(row.kind, []).append(row.key)
    assets = assets_by_id(snapshot, keys.get("dataset", ()))
    jobs = jobs_by_id(snapshot, keys.get("job", ()))
    runs = runs_by_id(snapshot, keys.get("run", ()))
    incidents = incidents_of(snapshot, keys.get("incident", ()))
    return {
        **{("incident", id): each.text for id, each in incidents.items()},
        **{("dataset", id): f"{each.namespace}:{each.name}" for id, each in assets.items()},
        **{("job", id): f"{each.namespace}:{each.name}" for id, each in jobs.items()},
        **{
            ("run", id): f"{each.job_name} {each.dag_run_id or each.run_id}"
            for id, each in runs.items()
        },
    }


def _delivery(row: Row, names: Mapping[tuple[str, int], str]) -> a.DeliveryItem:
    return a.DeliveryItem(
        sink=row.sink,
        kind=row.kind,
        key=str(row.key) if row.kind in ("event", "incident") else ids.public(row.key),
        name=names.get((row.kind, row.key)),
        state=row.state,
        attempts=row.attempts,
        news_at=render.when(row.news_at),
        due_at=render.when(row.due_at),
        reason=row.reason,
    )
