"""Retention: old events leave the log once nothing needs them."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from fairlead_bridge import inbox, outbox
from fairlead_bridge.db.engine import writing


def drop_old_events(db: sa.Engine, sinks: Collection[str], before: int, limit: int = 5_000) -> int:
    """
    Delete the oldest events of the log that were received before a time (microseconds).

    Events that wait, are in quarantine, or that one of the `sinks` has yet to receive are retained.
    Returns how many were deleted, at most `limit`.
    """
    with writing(db) as tx:
        old = inbox.old(tx, before, limit)
        undelivered = outbox.undelivered_events(tx, sinks, old)
        gone = [event_id for event_id in old if event_id not in undelivered]
        inbox.forget(tx, gone)
        outbox.forget(tx, gone)
    return len(gone)
