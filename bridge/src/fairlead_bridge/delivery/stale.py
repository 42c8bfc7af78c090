"""Edges and tasks that became stale by age, for sinks that retract them."""

from __future__ import annotations

import sqlalchemy as sa

from fairlead_bridge import outbox
from fairlead_bridge.db.engine import writing
from fairlead_bridge.queries import entry
from fairlead_bridge.sinks import Target


def requeue_stale(db: sa.Engine, target: Target, now: int) -> None:
    """
    Put jobs whose edges or tasks may have become stale into the outbox of a sink that retracts them:
    no event says that they did. A job that renders as before is not sent again.
    """
    if target.retracts and "job" in target.kinds:
        with writing(db) as tx:
            outbox.put(tx, entry.may_be_stale(tx), {target.name: {"job"}}, now)
