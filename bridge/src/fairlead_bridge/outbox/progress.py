"""How far each sink is, for people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from fairlead_bridge.db.tables import delivery
from fairlead_bridge.db.tables import sink as sink_table
from fairlead_bridge.outbox.queue import IS_ENTRY, IS_EVENT

_d = delivery.c


@dataclass(frozen=True, slots=True)
class Count:
    """How far a sink is. Times in microseconds since the epoch."""

    waiting: int = 0
    rejected: int = 0
    in_sync: int = 0
    oldest_waiting_at: int | None = None
    last_error: str | None = None
    told_at: int | None = None
    rests_until: int | None = None


def counts(tx: sa.Connection, sinks: Sequence[str], now: int) -> dict[str, Count]:
    """How far each sink is."""
    numbers: dict[tuple[str, str], int] = defaultdict(int)
    oldest: dict[str, list[int]] = defaultdict(list)
    for kind in (IS_EVENT, IS_ENTRY):
        of_kind = sa.and_(_d.sink.in_(sinks), kind)
        found = sa.select(_d.sink, _d.state, sa.func.count()).where(of_kind)
        for sink, state, count in tx.execute(found.group_by(_d.sink, _d.state)):
            numbers[sink, state] += count
    for sink in sinks:
        waits = sa.and_(_d.sink == sink, _d.state == "waiting")
        # events wait in the order they came
        first = sa.select(_d.news_at).where(waits, IS_EVENT).order_by(_d.key).limit(1)
        changed_at = (
            tx.scalar(first),
            tx.scalar(sa.select(sa.func.min(_d.news_at)).where(waits, IS_ENTRY)),
        )
        oldest[sink] += [at for at in changed_at if at is not None]
    states = {
        row.name: row
        for row in tx.execute(sa.select(sink_table).where(sink_table.c.name.in_(sinks)))
    }
    return {
        sink: Count(
            waiting=numbers[sink, "waiting"],
            rejected=numbers[sink, "rejected"],
            in_sync=numbers[sink, "settled"],
            oldest_waiting_at=min(oldest[sink], default=None),
            last_error=states[sink].error if sink in states else None,
            told_at=states[sink].told_at if sink in states else None,
            rests_until=(
                states[sink].due_at
                if sink in states and states[sink].failures and states[sink].due_at > now
                else None
            ),
        )
        for sink in sinks
    }
