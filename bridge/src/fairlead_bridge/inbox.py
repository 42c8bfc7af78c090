"""
Every event that came in, stored before it is understood.

The log (`event`) holds the bytes as they came, each once, and is never rewritten. `waiting` names
the events that have yet to be absorbed, `quarantine` those that could not be understood. Times are
microseconds since the epoch.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
import zstandard

from fairlead_bridge import ids, masking
from fairlead_bridge.db import tables
from fairlead_bridge.db.bulk import chunks, delete_rows, insert_new, insert_returning, upsert
from fairlead_bridge.db.lookup import find
from fairlead_bridge.db.tables import event, job_event, run_event, waiting
from fairlead_bridge.model import Arrival

#: Bytes of events, unpacked, that one claim may bring into memory (and one event more).
CLAIM_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event of the log."""

    id: int
    received_at: int
    source: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An event that could not be understood, and why."""

    event: StoredEvent
    reason: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How far absorbing is. Times in microseconds since the epoch."""

    waiting: int
    quarantined: int
    received: int  # the newest event's number; PostgreSQL leaves some out
    last_received_at: int | None
    oldest_waiting_at: int | None


def put(tx: sa.Connection, bodies: Sequence[bytes], source: str, now: int) -> int:
    """Store the events; the same bytes twice are one event. Returns how many were new."""
    rows = [
        {"digest": ids.digest(body), "received_at": now, "source": source, "body": _pack(body)}
        for body in bodies
    ]
    new = insert_returning(tx, event, rows, "id")
    insert_new(tx, waiting, [{"event_id": number} for number in new])
    return len(new)


def refuse(tx: sa.Connection, refused: Sequence[tuple[bytes, str]], source: str, now: int) -> None:
    """
    Store (event, reason): events that their sender may not send. They go to quarantine, and only a
    replay of the one event absorbs it.

    The reason is part of the digest: the same bytes from a sender who may send them are another event.
    """
    rows = [
        {
            "digest": ids.digest(b"refused\0%b\0%b" % (reason.encode(), body)),
            "received_at": now,
            "source": source,
            "body": _pack(body),
        }
        for body, reason in refused
    ]
    reasons = {row["digest"]: reason for row, (_, reason) in zip(rows, refused, strict=True)}
    new = insert_returning(tx, event, rows, "id")
    insert_new(tx, tables.refused, [{"event_id": number} for number in new])
    stored = find(tx, (event.c.id,), new)
    quarantine(tx, [(row["id"], reasons[row["digest"]]) for row in stored], now)


def put_elements(tx: sa.Connection, array_id: int, bodies: Sequence[bytes], now: int) -> int:
    """Store the events of an array as events of their own. Returns how many were new."""
    source = tx.scalar(sa.select(event.c.source).where(event.c.id == array_id))
    return put(tx, bodies, source or "", now)


def holds(tx: sa.Connection, body: bytes) -> bool:
    """Whether the log has this event."""
    return tx.scalar(sa.select(event.c.id).where(event.c.digest == ids.digest(body))) is not None


def claim(tx: sa.Connection, limit: int) -> list[Arrival]:
    """The oldest waiting events, at most `limit` of them; they wait until acknowledged."""
    query = (
        sa.select(event.c.id, event.c.body)
        .join(waiting, waiting.c.event_id == event.c.id)
        .order_by(waiting.c.event_id)
        .limit(limit)
    )
    arrivals, size = [], 0
    for number, packed in tx.execute(query):
        body = _unpack(packed)
        arrivals.append(Arrival(number, body))
        size += len(body)
        if size > CLAIM_BYTES:
            break
    return arrivals


def still_waiting(tx: sa.Connection, event_ids: Collection[int]) -> set[int]:
    """Return those of these events that no other process acknowledged meanwhile."""
    return {row["event_id"] for row in find(tx, (waiting.c.event_id,), event_ids)}


def ack(tx: sa.Connection, event_ids: Sequence[int]) -> None:
    """Acknowledge the events: they wait no longer."""
    delete_rows(tx, waiting, "event_id", event_ids)
    if not event_ids:
        return
    beaten = sa.update(tables.pulse).values(settled=tables.pulse.c.settled + len(event_ids))
    if not tx.execute(beaten).rowcount:
        insert_new(tx, tables.pulse, [{"id": 1, "settled": len(event_ids)}])


def write_nothing(tx: sa.Connection) -> None:
    """Write an unchanged value; raises where the database accepts no writes."""
    tx.execute(sa.update(tables.pulse).values(settled=tables.pulse.c.settled))


def quarantine(tx: sa.Connection, odd: Iterable[tuple[int, str]], now: int) -> None:
    """These events could not be understood; they stay in the log, with the reason beside it."""
    rows = [
        {"event_id": number, "reason": masking.text(reason), "at": now} for number, reason in odd
    ]
    upsert(tx, tables.quarantine, rows)


def remember(tx: sa.Connection, pairs: Iterable[tuple[int, int]]) -> None:
    """Store (run id, event id): the event is about the run."""
    insert_new(tx, run_event, [{"run_id": run, "event_id": number} for run, number in pairs])


def remember_jobs(tx: sa.Connection, pairs: Iterable[tuple[int, int]]) -> None:
    """Store (job id, event id): the event is about the job, and no run leads to it."""
    insert_new(tx, job_event, [{"job_id": job, "event_id": number} for job, number in pairs])


def replay_one(tx: sa.Connection, event_id: int) -> bool:
    """Let one event of the quarantine be absorbed again; False where it is not in there."""
    there = tables.quarantine.c.event_id == event_id
    if not tx.execute(sa.delete(tables.quarantine).where(there)).rowcount:
        return False
    tx.execute(sa.delete(tables.refused).where(tables.refused.c.event_id == event_id))
    insert_new(tx, waiting, [{"event_id": event_id}])
    return True


def replay(tx: sa.Connection, *, quarantined: bool = False) -> int:
    """
    Let events be absorbed again: the whole log, or only what is in quarantine.

    Events that still cannot be understood go back to quarantine; those that were refused stay there.
    Returns how many events wait now.
    """
    again = sa.select(tables.quarantine.c.event_id if quarantined else event.c.id)
    number = again.selected_columns[0]
    there = sa.exists().where(waiting.c.event_id == number)
    refused = sa.exists().where(tables.refused.c.event_id == number)
    tx.execute(sa.insert(waiting).from_select(["event_id"], again.where(~there, ~refused)))
    stays = sa.exists().where(tables.refused.c.event_id == tables.quarantine.c.event_id)
    tx.execute(sa.delete(tables.quarantine).where(~stays))
    return tx.scalar(sa.select(sa.func.count()).select_from(waiting)) or 0


def old(tx: sa.Connection, before: int, limit: int) -> list[int]:
    """The oldest events that came before that time, but for those that wait or are in quarantine."""
    used = (sa.exists().where(table.c.event_id == event.c.id) for table in _IN_USE)
    query = (
        sa.select(event.c.id, event.c.received_at)
        .where(*(~each for each in used))
        .order_by(event.c.id)
        .limit(limit)
    )
    return [number for number, received_at in tx.execute(query) if received_at < before]


_IN_USE = (waiting, tables.quarantine)


def forget(tx: sa.Connection, event_ids: Sequence[int]) -> None:
    """Drop these events; what the catalog learned from them stays."""
    delete_rows(tx, run_event, "event_id", event_ids)
    delete_rows(tx, job_event, "event_id", event_ids)
    delete_rows(tx, event, "id", event_ids)


def is_whole(tx: sa.Connection) -> bool:
    """Whether the log still holds its first event, so that the catalog can be rebuilt from it."""
    return tx.scalar(sa.select(sa.func.min(event.c.id))) in (None, 1)


def counts(tx: sa.Connection) -> Counts:
    newest = sa.select(event.c.id, event.c.received_at).order_by(event.c.id.desc()).limit(1)
    received, last_received_at = tx.execute(newest).one_or_none() or (0, None)
    oldest = sa.select(event.c.received_at).where(
        event.c.id == sa.select(sa.func.min(waiting.c.event_id)).scalar_subquery()
    )
    return Counts(
        _count(tx, waiting),
        count_quarantined(tx),
        received,
        last_received_at,
        tx.scalar(oldest),
    )


def count_quarantined(tx: sa.Connection) -> int:
    return _count(tx, tables.quarantine)


def events(tx: sa.Connection, event_ids: Sequence[int]) -> list[StoredEvent]:
    """The events of these ids that the log holds, oldest first."""
    found: list[StoredEvent] = []
    for some in chunks(sorted(event_ids)):
        rows = tx.execute(_STORED.where(event.c.id.in_(some)).order_by(event.c.id))
        found += (_stored_event(*row) for row in rows)
    return found


def events_of(tx: sa.Connection, run_ids: Sequence[int], limit: int = 200) -> list[StoredEvent]:
    """The events about these runs, each once, oldest first."""
    found: set[int] = set()
    for some in chunks(sorted(run_ids)):
        mine = sa.select(run_event.c.event_id).where(run_event.c.run_id.in_(some))
        found.update(tx.scalars(mine.order_by(run_event.c.event_id).limit(limit)))
    return events(tx, sorted(found)[:limit])


def quarantined(tx: sa.Connection, limit: int, before: int | None = None) -> list[Quarantined]:
    """Events in quarantine, newest first; those with ids less than `before`, if given."""
    query = (
        _STORED.add_columns(tables.quarantine.c.reason)
        .join(tables.quarantine, tables.quarantine.c.event_id == event.c.id)
        .order_by(tables.quarantine.c.event_id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(tables.quarantine.c.event_id < before)
    return [Quarantined(_stored_event(*columns), reason) for *columns, reason in tx.execute(query)]


_STORED = sa.select(*event.c["id", "received_at", "source", "body"])


def _stored_event(number: int, received_at: int, source: str, packed: bytes) -> StoredEvent:
    return StoredEvent(number, received_at, source, _unpack(packed))


def _count(tx: sa.Connection, table: sa.Table) -> int:
    return tx.scalar(sa.select(sa.func.count()).select_from(table)) or 0


class _Zstandard(threading.local):
    """One compressor a thread: they hold state between calls."""

    def __init__(self) -> None:
        self.pack = zstandard.ZstdCompressor(level=1).compress
        self.unpack = zstandard.ZstdDecompressor().decompress


_zstandard = _Zstandard()


def _pack(body: bytes) -> bytes:
    return _zstandard.pack(body)


def _unpack(packed: bytes) -> bytes:
    return _zstandard.unpack(packed)
