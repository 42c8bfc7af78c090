"""The audit log: who did what, when and from where. Entries are added, and dropped when they are old."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import sqlalchemy as sa

from fairlead_bridge import masking
from fairlead_bridge.access.caller import Caller
from fairlead_bridge.db import tables

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
    method: str  # how they were recognised; "command" on the bridge's machine
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


def read(
    tx: sa.Connection, wanted: Wanted, limit: int | None, before: int | None = None
) -> list[Stored]:
    """Entries, newest first; those with ids less than `before`, if given."""
    query = sa.select(tables.audit).order_by(_c.id.desc())
    for column, given in ((_c.who, wanted.who), (_c.action, wanted.action)):
        if given is not None:
            query = query.where(column == given)
    if wanted.since is not None:
        query = query.where(_c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(_c.at < wanted.until)
    if before is not None:
        query = query.where(_c.id < before)
    if limit is not None:
        query = query.limit(limit)
    return [Stored(number, Entry(*columns)) for number, *columns in tx.execute(query)]


def drop_old(tx: sa.Connection, before: int) -> int:
    """Drop the entries from before a time (microseconds); returns how many."""
    return tx.execute(sa.delete(tables.audit).where(_c.at < before)).rowcount


def _text(value: str) -> str:
    return masking.text(value.replace("\x00", "\ufffd")[:_LONGEST])
