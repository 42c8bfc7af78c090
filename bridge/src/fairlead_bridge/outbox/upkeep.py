"""What is done to deliveries apart from delivering: repeat, delete, and drop sinks that are gone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import sqlalchemy as sa

from fairlead_bridge.db.bulk import chunks, upsert
from fairlead_bridge.db.tables import (
    dataset,
    delivery,
    event,
    incident,
    job,
    quarantine,
    run,
    waiting,
)
from fairlead_bridge.db.tables import sink as sink_table
from fairlead_bridge.model import Kind, Name
from fairlead_bridge.outbox.queue import CHANGED_AGAIN, IS_EVENT, row_of

_d = delivery.c


def undelivered_events(
    tx: sa.Connection, sinks: Iterable[str], event_ids: Sequence[int]
) -> set[int]:
    """Return those of these events that one of the sinks has yet to receive."""
    found: set[int] = set()
    for sink in sinks:
        for some in chunks(event_ids):
            mine = _d.sink == sink, IS_EVENT, _d.key.in_(some)
            found.update(tx.scalars(sa.select(_d.key).where(*mine, _d.state == "waiting")))
    return found


def forget(tx: sa.Connection, event_ids: Sequence[int]) -> None:
    """Delete the deliveries of these events to all sinks, whatever their state."""
    sink = tx.scalar(sa.select(sa.func.min(_d.sink)))
    while sink is not None:
        for some in chunks(event_ids):
            tx.execute(
                sa.delete(delivery).where(_d.sink == sink, _d.kind == "event", _d.key.in_(some))
            )
        sink = tx.scalar(sa.select(sa.func.min(_d.sink)).where(_d.sink > sink))


def drop_entries(tx: sa.Connection, names: Iterable[Name]) -> None:
    """Delete the deliveries of these entries to all sinks, and those of runs that are no more."""
    for kind, keys in _by_kind(names).items():
        for some in chunks(keys):
            tx.execute(sa.delete(delivery).where(_d.kind == kind, _d.key.in_(some)))
    tx.execute(sa.delete(delivery).where(_d.kind == "run", ~sa.exists().where(run.c.id == _d.key)))


def changed_again(tx: sa.Connection, names: Iterable[Name], now: int) -> None:
    """Queue these entries for the sinks that have received them, or are to."""
    for kind, keys in _by_kind(names).items():
        for some in chunks(keys):
            waits = _d.state == "waiting"
            tx.execute(
                sa.update(delivery)
                .where(_d.kind == kind, _d.key.in_(some))
                .values(
                    version=_d.version + 1,
                    state="waiting",
                    attempts=sa.case((waits, _d.attempts), else_=0),
                    news_at=sa.case((waits, _d.news_at), else_=now),
                    due_at=sa.case((waits, _d.due_at), else_=now),
                )
            )


def _by_kind(names: Iterable[Name]) -> dict[Kind, list[int]]:
    found: dict[Kind, list[int]] = {}
    for name in sorted(names):
        found.setdefault(name.kind, []).append(name.id)
    return found


def retry_rejected(tx: sa.Connection, sink: str, now: int) -> int:
    """Try again what the sink refused; returns how many."""
    found = tx.execute(
        sa.update(delivery)
        .where(_d.sink == sink, _d.state == "rejected")
        .values(state="waiting", attempts=0, due_at=now, news_at=now)
    )
    return found.rowcount


def redeliver_all(tx: sa.Connection, sink: str, kinds: Collection[Kind], now: int) -> None:
    """Queue every entry of these kinds for the sink, as if it had received none."""
    for kind, everything in _EVERYTHING.items():
        if kind in kinds:
            for part in tx.execute(everything).partitions(5_000):
                rows = [row_of(sink, Name(kind, row.id), now) for row in part]
                upsert(tx, delivery, rows, CHANGED_AGAIN)
    forgotten = sa.update(delivery).where(_d.sink == sink, _d.kind.in_(kinds))
    tx.execute(forgotten.values(sent=None))


#: Events that are in quarantine or waiting are not delivered.
_EVERYTHING: dict[Kind, sa.Select[int]] = {
    "dataset": sa.select(dataset.c.id),
    "job": sa.select(job.c.id),
    "run": sa.select(run.c.id),
    "incident": sa.select(incident.c.id),
    "event": sa.select(event.c.id).where(
        ~sa.exists().where(waiting.c.event_id == event.c.id),
        ~sa.exists().where(quarantine.c.event_id == event.c.id),
    ),
}


def drop_sink(tx: sa.Connection, sink: str) -> int:
    """Delete a sink that is no longer configured, and its deliveries; returns how many."""
    tx.execute(sa.delete(sink_table).where(sink_table.c.name == sink))
    return tx.execute(sa.delete(delivery).where(_d.sink == sink)).rowcount
