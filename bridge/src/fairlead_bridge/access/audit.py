"""The audit log: who did what, when and from where. Entries are added, and dropped when they are old."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime

import sqlalchemy as sa

from fairlead_bridge import masking
from fairlead_bridge.access.caller import Caller
from fairlead_bridge.db import tables
from fairlead_bridge.db.bulk import upsert
from fairlead_bridge.db.engine import reading
from fairlead_bridge.wording import counted

#: Characters of each text at most.
_LONGEST = 4_000
_c = tables.audit.c


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One thing that was done. `at` is in microseconds since the epoch.

    `action` is the operation's name; `target` what it was done to; `detail` what was sent with it;
    `outcome` the HTTP status, or `done` of a command.
    """

    at: int
    who: str
    method: str  # how they were recognised; "command" on the bridge's machine, or "worker"
    address: str
    action: str
    target: str
    outcome: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    id: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries; None is all of them. `since` and `until` are microseconds since the epoch."""

    who: str | None = None
    action: str | None = None
    since: int | None = None
    until: int | None = None


def add(tx: sa.Connection, entry: Entry) -> None:
    """Add the entry, without secrets that are recognised by their form."""
    row = {
        name: _text(value) if isinstance(value, str) else value
        for name, value in asdict(entry).items()
    }
    tx.execute(sa.insert(tables.audit).values(row))


def of_caller(
    caller: Caller, address: str, action: str, target: str, outcome: str, now: int
) -> Entry:
    return Entry(now, caller.name, caller.method, address, action, target, outcome)


def read(tx: sa.Connection, wanted: Wanted, limit: int, before: int | None = None) -> list[Stored]:
    """Entries, newest first; those with ids less than `before`, if given."""
    query = _wanted(wanted).order_by(_c.id.desc()).limit(limit)
    return _stored(tx, query if before is None else query.where(_c.id < before))


def lines(engine: sa.Engine, wanted: Wanted, at_once: int = 1_000) -> Iterator[str]:
    """
    The entries as JSON lines, oldest first; `at_once` in a transaction, so that no answer holds one.
    """
    after, found = -1, at_once
    while found == at_once:
        query = _wanted(wanted).where(_c.id > after).order_by(_c.id).limit(at_once)
        with reading(engine) as tx:
            part = _stored(tx, query)
        for stored in part:
            at = datetime.fromtimestamp(stored.entry.at / 1e6, UTC).isoformat()
            plain = {"id": stored.id, **asdict(stored.entry), "at": at}
            yield json.dumps(plain, ensure_ascii=False) + "\n"
            after = stored.id
        found = len(part)


def drop_old(tx: sa.Connection, before: int, now: int) -> int:
    """Drop the entries from before a time (microseconds), and say so in the log; returns how many."""
    old = sa.select(sa.func.count()).select_from(tables.audit).where(_c.at < before)
    count = tx.scalar(old) or 0
    if count:
        upsert(tx, tables.audit_retention, [{"id": 1, "before_at": before}])
        tx.execute(sa.delete(tables.audit).where(_c.at < before))
        record_worker(
            tx, "drop_audit", f"{counted(count, 'entry', 'entries')} of the audit log", now
        )
    return count


def record_worker(tx: sa.Connection, action: str, target: str, now: int) -> None:
    """Add an entry for what the bridge does by itself."""
    add(tx, Entry(now, "retention", "worker", socket.gethostname(), action, target, "done"))


def _wanted(wanted: Wanted) -> sa.Select[tuple[object, ...]]:
    query = sa.select(tables.audit)
    for column, given in ((_c.who, wanted.who), (_c.action, wanted.action)):
        if given is not None:
            query = query.where(column == given)
    if wanted.since is not None:
        query = query.where(_c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(_c.at < wanted.until)
    return query


def _stored(tx: sa.Connection, query: sa.Select[tuple[object, ...]]) -> list[Stored]:
    names = [each.name for each in fields(Entry)]
    return [
        Stored(row["id"], Entry(**{name: row[name] for name in names}))
        for row in tx.execute(query).mappings()
    ]


def _text(value: str) -> str:
    return masking.text(value.replace("\x00", "\ufffd")[:_LONGEST])
