"""Maintenance windows in the database."""

from __future__ import annotations

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.monitoring.windows import Window

_m = t.maintenance.c


def open_at(tx: sa.Connection, now: int) -> list[Window]:
    """The windows that are open at `now` (microseconds)."""
    statement = sa.select(t.maintenance).where(_m.ends_at > now, _m.starts_at <= now)
    return [
        Window(row.starts_at, row.ends_at, row.namespace, row.dag, row.dataset)
        for row in tx.execute(statement)
    ]
