"""Maintenance windows in the database."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.errors import NotFound
from fairlead_bridge.insight.maintenance import Window

_m = t.maintenance.c


@dataclass(frozen=True, slots=True)
class Stored:
    """A window of the database; `id` is None where it is a file's."""

    id: int | None
    window: Window
    reason: str | None = None
    created_by: str | None = None


def open_at(tx: sa.Connection, now: int) -> list[Window]:
    """The windows that are open at `now` (microseconds)."""
    return [each.window for each in listed(tx, ends_after=now) if each.window.starts_at <= now]


def listed(tx: sa.Connection, ends_after: int) -> list[Stored]:
    """The windows that are open at that time or open later, the first to begin first."""
    statement = sa.select(t.maintenance).where(_m.ends_at > ends_after)
    return [
        Stored(
            row.id,
            Window(row.starts_at, row.ends_at, row.namespace, row.dag, row.dataset),
            row.reason,
            row.created_by,
        )
        for row in tx.execute(statement.order_by(_m.starts_at, _m.id))
    ]


def add(
    tx: sa.Connection, window: Window, reason: str | None, created_by: str | None, now: int
) -> int:
    """Keep a window; returns its id."""
    row = {
        "namespace": window.namespace,
        "dag": window.dag,
        "dataset": window.dataset,
        "starts_at": window.starts_at,
        "ends_at": window.ends_at,
        "reason": reason,
        "created_by": created_by,
        "created_at": now,
    }
    return int(tx.execute(sa.insert(t.maintenance).returning(_m.id), row).scalar_one())


def remove(tx: sa.Connection, id: int) -> None:
    """Remove a window. Raises NotFound."""
    if not tx.execute(sa.delete(t.maintenance).where(_m.id == id)).rowcount:
        raise NotFound(missing(id))


def missing(id: int) -> str:
    """What is said of a window that is not there."""
    return f"there is no maintenance window {id}; `GET /api/v1/maintenance` lists them"
