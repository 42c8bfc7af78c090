"""The audit log over REST, for admins."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from fairlead_bridge.access import audit
from fairlead_bridge.access.audit import Stored, Wanted
from fairlead_bridge.db.engine import reading
from fairlead_bridge.documents import Json
from fairlead_bridge.web import render
from fairlead_bridge.web.audit import answers as a
from fairlead_bridge.web.base import Page
from fairlead_bridge.web.dependencies import CurrentCatalog
from fairlead_bridge.web.needs import needs
from fairlead_bridge.web.paging import Cursor, Limit, page, read_cursor
from fairlead_bridge.web.parameters import Since, Text, Until

Who = Annotated[Text | None, Query(description="Only what this caller did.")]
JSON_LINES = "application/jsonl"
_LINES: dict[int | str, Json] = {200: {"content": {JSON_LINES: {}}}}
Action = Annotated[Text | None, Query(description="Only this operation, such as replay_event.")]


router = APIRouter(tags=["operations"], dependencies=[needs("admin", shows="all")])


@router.get("/audit")
def list_audit(
    catalog: CurrentCatalog,
    who: Who = None,
    action: Action = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[a.AuditEntry]:
    """Who did what, when and from where, newest first. Reading it is an entry too."""
    (before,) = read_cursor(cursor, int) or (None,)
    wanted = _wanted(who, action, since, until)
    with reading(catalog.engine) as tx:
        found = audit.read(tx, wanted, limit + 1, before)
    shown, following = page(found, limit, lambda each: (each.id,))
    return Page(items=[_answer(each) for each in shown], next=following)


@router.get("/audit.jsonl", response_class=StreamingResponse, responses=_LINES)
def export_audit(
    catalog: CurrentCatalog,
    who: Who = None,
    action: Action = None,
    since: Since = None,
    until: Until = None,
) -> StreamingResponse:
    """The same entries, all of them, as JSON lines, oldest first."""
    headers = {"Content-Disposition": 'attachment; filename="audit.jsonl"'}
    found = audit.lines(catalog.engine, _wanted(who, action, since, until))
    return StreamingResponse(found, media_type=JSON_LINES, headers=headers)


def _wanted(
    who: str | None, action: str | None, since: datetime | None, until: datetime | None
) -> Wanted:
    return Wanted(who, action, render.micros_or_none(since), render.micros_or_none(until))


def _answer(stored: Stored) -> a.AuditEntry:
    entry = stored.entry
    return a.AuditEntry(
        id=stored.id,
        at=render.when(entry.at),
        who=entry.who,
        method=entry.method,
        address=entry.address,
        action=entry.action,
        target=entry.target,
        outcome=entry.outcome,
        detail=entry.detail,
    )
