"""What people do with incidents: acknowledge, mute, resolve, note, assign."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa

from fairlead_bridge import outbox
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import one_monitor
from fairlead_bridge.documents import Json
from fairlead_bridge.errors import Conflict, NotFound
from fairlead_bridge.model import Name
from fairlead_bridge.monitoring import store

Action = Literal["acknowledge", "mute", "resolve", "note", "assign"]
ACTIONS: tuple[Action, ...] = ("acknowledge", "mute", "resolve", "note", "assign")

_i, _a = t.incident.c, t.incident_affected.c
_DONE = {
    "acknowledge": "acknowledged",
    "mute": "muted",
    "resolve": "resolved",
    "note": "note",
    "assign": "assigned",
}


def act(
    tx: sa.Connection,
    id: int,
    action: Action,
    by: str,
    text: str | None,
    interests: outbox.Interests,
    now: int,
) -> None:
    """
    Do this to the incident, in the name of `by`; `text` is the note, or the new owner (None: no one).

    An incident that was resolved by hand stays so until the same node fails or is late anew.
    Raises NotFound, and Conflict where the incident is resolved already or a note says nothing.
    """
    one_monitor(tx)
    row = tx.execute(sa.select(t.incident).where(_i.id == id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no incident {id}; `GET /api/v1/incidents` lists them")
    if row.state == "resolved" and action in ("acknowledge", "mute", "resolve"):
        raise Conflict(f"incident {id} is resolved: there is nothing left to {action}")
    if action == "note" and not text:
        raise Conflict("a note needs a text: write it as `text` (in the command line --text)")
    values = _values(row, action, by, text, now)
    if not values and action != "note":
        return  # it is so already
    if values:
        tx.execute(sa.update(t.incident).where(_i.id == id).values(values))
    if action == "resolve":
        ends = sa.update(t.incident_affected).where(_a.incident_id == id, _a.until_at.is_(None))
        tx.execute(ends.values(until_at=now))
    state = values.get("state", row.state)
    store.write_entry(tx, id, now, _DONE[action], state, row.severity, by=by, text=text)
    if action != "note":
        outbox.put(tx, [Name("incident", id)], interests, now)


def _values(row: Any, action: Action, by: str, text: str | None, now: int) -> Json:
    """The columns that change; none where the incident is so already."""
    if action == "assign":
        return {} if row.assigned_to == text else {"assigned_to": text}
    if action == "note" or row.state == _DONE[action]:
        return {}
    change = {"state": _DONE[action], "changed_at": now}
    if action == "acknowledge":
        return change | {"acknowledged_by": by, "muted_by": None}
    if action == "mute":
        return change | {"muted_by": by}
    return change | {"resolved_at": now, "resolved_by": by}
