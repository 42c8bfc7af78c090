"""
The path of an event, told once.

    intake -> inbox -> mapping -> catalog -> outbox -> sinks

Two steps, `absorb` and `deliver`, each safe to repeat, each safe to kill at any line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from fairlead_bridge import inbox, outbox
from fairlead_bridge.catalog import runs, write
from fairlead_bridge.db.engine import one_absorber, writing
from fairlead_bridge.errors import Malformed
from fairlead_bridge.facts import Change
from fairlead_bridge.mapping.grouping import group
from fairlead_bridge.model import Arrival, Name

Translate = Callable[[bytes], Change]


def absorb(
    db: sa.Engine,
    translate: Translate,
    interests: outbox.Interests,
    now: int,
    limit: int = 500,
) -> int:
    """
    Read waiting arrivals into the catalog and the outbox, all in one transaction.

    `now` is in microseconds since the epoch; `interests` says which sink wants news of what.
    Returns how many arrivals were settled, those in quarantine included.
    """
    with writing(db) as tx:
        one_absorber(tx)
        arrivals = inbox.claim(tx, limit)
        if not arrivals:
            return 0
        understood, odd = _understand(arrivals, translate)
        changes = [change for _, change in understood]
        news = write.apply(tx, changes, group)
        inbox.remember(tx, runs.remember(tx, understood))
        events = {Name("event", event_id) for event_id, _ in understood}
        outbox.put(tx, news | events, interests, now)
        inbox.quarantine(tx, odd, now)
        inbox.settle(tx, [arrival.id for arrival in arrivals])
    return len(arrivals)


def _understand(
    arrivals: Sequence[Arrival], translate: Translate
) -> tuple[list[tuple[int, Change]], list[tuple[int, str]]]:
    """What each arrival says, and the reasons of those that say nothing we understand."""
    understood: list[tuple[int, Change]] = []
    odd: list[tuple[int, str]] = []
    for arrival in arrivals:
        try:
            understood.append((arrival.id, translate(arrival.body)))
        except Malformed as error:
            odd.append((arrival.id, str(error)))
    return understood, odd
