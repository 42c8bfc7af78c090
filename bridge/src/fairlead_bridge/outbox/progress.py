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
    numbers = _numbers(tx, sinks)
    states = {
        row.name: row
        for row in tx.execute(sa.select(sink_table).where(sink_table.c.name.in_(sinks)))
    }
    return {
        sink: Count(
            waiting=numbers[sink, "waiting"],
            rejected=numbers[sink, "rejected"],
            in_sync=numbers[sink, "settled"],
            oldest_waiting_at=_oldest_waiting(tx, sink),
            last_error=states[sink].error if sink in states else None,
            told_at=states[sink].told_at if sink in states else None,
            rests_until=_rests_until(states[sink], now) if sink in states else None,
        )
        for sink in sinks
    }


def _numbers(tx: sa.Connection, sinks: Sequence[str]) -> dict[tuple[str, str], int]:
    """How many deliveries each sink has in each state."""
    numbers: dict[tuple[str, str], int] = defaultdict(int)
    for kind in (IS_EVENT, IS_ENTRY):
        found = sa.select(_d.sink, _d.state, sa.func.count()).where(_d.sink.in_(sinks), kind)
        for sink, state, count in tx.execute(found.group_by(_d.sink, _d.state)):
            numbers[sink, state] += count
    return numbers


def _oldest_waiting(tx: sa.Connection, sink: str) -> int | None:
    waits = sa.and_(_d.sink == sink, _d.state == "waiting")
    # events wait in the order they came
    first = sa.select(_d.news_at).where(waits, IS_EVENT).order_by(_d.key).limit(1)
    entries = sa.select(sa.func.min(_d.news_at)).where(waits, IS_ENTRY)
    return min(
        (at for at in (tx.scalar(first), tx.scalar(entries)) if at is not None), default=None
    )


def _rests_until(state: sa.Row[object], now: int) -> int | None:
    return state.due_at if state.failures and state.due_at > now else None
