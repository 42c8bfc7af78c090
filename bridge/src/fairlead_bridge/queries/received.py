"""
The events that were received, newest first: which, and how far each is.

They are read in the order of their numbers, which is that of their arrival. A moment is found among
the numbers by bisection, so that no index is needed that every event would have to pay for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.queries.snapshot import Snapshot

State = Literal["waiting", "absorbed", "quarantined"]

#: Microseconds by which the clocks of several processes, or one that was set, may disagree.
_DISAGREEMENT = 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the events of a list have in common; None leaves it open. Times in microseconds."""

    since: int | None = None  # received then or later
    until: int | None = None  # received before
    jobs: Sequence[int] | None = None  # about one of the jobs with these ids
    state: State | None = None


class Received(NamedTuple):
    event_id: int
    state: State
    reason: str | None  # why it is in quarantine


def received(
    snapshot: Snapshot, wanted: Wanted, limit: int, before: int | None = None
) -> list[Received]:
    """Events by their numbers, the greatest first; those less than `before`, if given."""
    number = _numbers(wanted)
    statement = sa.select(number.label("number")).where(*_conditions(snapshot, wanted, number))
    if before is not None:
        statement = statement.where(number < before)
    found = [row.number for row in snapshot.rows(statement.order_by(number.desc()).limit(limit))]
    waiting = {row.event_id for row in snapshot.where(t.waiting.c.event_id, found)}
    odd = {row.event_id: row.reason for row in snapshot.where(t.quarantine.c.event_id, found)}
    return [Received(each, _state(each, waiting, odd), odd.get(each)) for each in found]


def _state(number: int, waiting: Collection[int], odd: Collection[int]) -> State:
    if number in waiting:
        return "waiting"
    return "quarantined" if number in odd else "absorbed"


def _numbers(wanted: Wanted) -> sa.ColumnElement[int]:
    """The smallest list of numbers that has all that are wanted."""
    if wanted.jobs is not None:
        by_run = (
            sa.select(t.run_event.c.event_id)
            .join(t.run, t.run.c.id == t.run_event.c.run_id)
            .where(t.run.c.job_id.in_(wanted.jobs))
        )
        by_job = sa.select(t.job_event.c.event_id).where(t.job_event.c.job_id.in_(wanted.jobs))
        return by_run.union(by_job).subquery().c.event_id
    if wanted.state == "waiting":
        return t.waiting.c.event_id
    if wanted.state == "quarantined":
        return t.quarantine.c.event_id
    return t.event.c.id


def _conditions(
    snapshot: Snapshot, wanted: Wanted, number: sa.ColumnElement[int]
) -> Iterator[sa.ColumnElement[bool]]:
    waits = sa.exists().where(t.waiting.c.event_id == number).correlate_except(t.waiting)
    odd = sa.exists().where(t.quarantine.c.event_id == number).correlate_except(t.quarantine)
    if wanted.state == "absorbed":
        yield ~waits
        yield ~odd
    elif wanted.jobs is not None and wanted.state is not None:
        yield waits if wanted.state == "waiting" else odd
    if wanted.since is None and wanted.until is None:
        return
    if number is not t.event.c.id:
        # An expression, so that SQLite does not start from the log.
        yield t.event.c.id == number + 0
    if wanted.since is not None:
        yield number >= _first_from(snapshot, wanted.since - _DISAGREEMENT)
        yield t.event.c.received_at >= wanted.since
    if wanted.until is not None:
        yield number < _first_from(snapshot, wanted.until + _DISAGREEMENT)
        yield t.event.c.received_at < wanted.until


_ENDS = sa.select(sa.func.min(t.event.c.id).label("first"), sa.func.max(t.event.c.id).label("last"))
_FROM = (
    sa.select(t.event.c.id, t.event.c.received_at)
    .where(t.event.c.id >= sa.bindparam("number", type_=sa.BigInteger))
    .order_by(t.event.c.id)
    .limit(1)
)


def _first_from(snapshot: Snapshot, moment: int) -> int:
    """The number of the first event that was received at that moment or later."""
    (ends,) = snapshot.rows(_ENDS)
    low, high = ends.first or 0, (ends.last or 0) + 1
    while low < high:
        middle = (low + high) // 2
        (row,) = snapshot.rows(_FROM, number=middle)
        if row.received_at >= moment:
            high = middle
        else:
            low = row.id + 1
    return low
