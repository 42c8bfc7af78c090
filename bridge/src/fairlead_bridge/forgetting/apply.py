"""Forgets what a plan says, in one transaction with the outbox, monitoring and the inbox."""

from __future__ import annotations

import sqlalchemy as sa

from fairlead_bridge import inbox, outbox
from fairlead_bridge.catalog import forget
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.bulk import chunks
from fairlead_bridge.db.engine import one_absorber
from fairlead_bridge.forgetting.plan import Plan
from fairlead_bridge.mapping import grouping
from fairlead_bridge.monitoring import queue


def apply(tx: sa.Connection, plan: Plan, now: int) -> None:
    """
    Forget what the plan asks for, until `now` (microseconds).

    Other catalogs receive nothing more of it, and of what is beside it how that stands now. What
    people expected of it ends. Where events after `now` are known of it, the log is read again.
    """
    one_absorber(tx)
    found = forget.apply(tx, plan.asked, now, grouping.assets, log_is_whole=inbox.is_whole(tx))
    gone = {name.id for name in found.gone}
    outbox.drop_entries(tx, found.gone)
    outbox.changed_again(tx, found.beside, now)
    queue.touch(tx, gone, now)
    queue.changed(tx, found.beside, now)
    for some in chunks(sorted(gone)):
        of_people = (
            t.expectation.c.target.in_(some),
            t.expectation.c.source == "person",
            t.expectation.c.until_at.is_(None),
        )
        tx.execute(sa.update(t.expectation).where(*of_people).values(until_at=now))
    if found.is_partial:
        inbox.replay(tx)
