"""The audit log over REST, for admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from fairlead_bridge.access import audit
from fairlead_bridge.access.audit import Stored, Wanted
from fairlead_bridge.db.engine import reading
from fairlead_bridge.web import render
from fairlead_bridge.web.audit import answers as a
from fairlead_bridge.web.base import Page
from fairlead_bridge.web.needs import needs
from fairlead_bridge.web.paging import Cursor, Limit, page, read_cursor
from fairlead_bridge.web.parameters import Catalog, Since, Text, Until

Who = Annotated[Text | None, Query(description="Only what this caller did.")]
Action = Annotated[Text | None, Query(description="Only this operation, such as replay_event.")]


def routes(catalog: Catalog) -> APIRouter:
    router = APIRouter(tags=["operations"], dependencies=[needs("admin", shows="all")])

    @router.get("/audit")
    def list_audit(
        who: Who = None,
        action: Action = None,
        since: Since = None,
        until: Until = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Page[a.AuditEntry]:
        """Who did what, when and from where, newest first. Reading it is an entry too."""
        (before,) = read_cursor(cursor, int) or (None,)
        wanted = Wanted(
            who,
            action,
            render.micros(since) if since else None,
            render.micros(until) if until else None,
        )
        with reading(catalog.engine) as tx:
            found = audit.read(tx, wanted, limit + 1, before)
        shown, following = page(found, limit, lambda each: (each.id,))
        return Page(items=[_answer(each) for each in shown], next=following)

    return router


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
