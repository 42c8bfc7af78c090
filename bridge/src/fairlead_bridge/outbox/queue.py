"""What each sink has yet to receive: queued, claimed under a lease, and recorded as it came out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from fairlead_bridge import masking, retry
from fairlead_bridge.db.bulk import chunks, excluded, insert_new, upsert
from fairlead_bridge.db.tables import delivery, run_event
from fairlead_bridge.db.tables import sink as sink_table
from fairlead_bridge.documents import Json
from fairlead_bridge.model import Delivery, Kind, Name

#: The kinds of entries that each sink receives, by the sink's name.
Interests = Mapping[str, Collection[Kind]]

#: Microseconds that a worker has to deliver what it claimed, before another may claim it.
LEASE = 180 * 1_000_000

_d = delivery.c
#: As the conditions of the two indexes are written.
IS_EVENT = sa.text("kind || '' = 'event'")
IS_ENTRY = sa.text("kind || '' <> 'event'")
_came = excluded(delivery)
#: A change of what waits already is the same delivery: its due time stays. (Literals, because
#: bulk upserts bind nothing but the rows.)
_waits = _d.state == sa.literal_column("'waiting'")
#: But a change of an incident may not wait for the end of quiet hours or the next digest.
_waits_on = sa.and_(_waits, _d.kind != sa.literal_column("'incident'"))
CHANGED_AGAIN = {
    "version": _d.version + sa.literal_column("1"),
    "state": sa.literal_column("'waiting'"),
    "attempts": sa.case((_waits, _d.attempts), else_=_came.attempts),
    "news_at": sa.case((_waits, _d.news_at), else_=_came.news_at),
    "due_at": sa.case((_waits_on, _d.due_at), else_=_came.due_at),
}


def put(tx: sa.Connection, names: Iterable[Name], interests: Interests, now: int) -> None:
    """Queue the entries for each sink that receives their kind."""
    wanted = set(names)
    rows = [
        row_of(sink, name, now)
        for sink, kinds in interests.items()
        for name in wanted
        if name.kind in kinds
    ]
    upsert(tx, delivery, rows, CHANGED_AGAIN)


def row_of(sink: str, name: Name, now: int) -> Json:
    """The row of the table `delivery`, by column."""
    return {
        "sink": sink,
        "kind": name.kind,
        "key": name.id,
        "version": 1,
        "state": "waiting",
        "attempts": 0,
        "news_at": now,
        "due_at": now,
    }


def claim(
    tx: sa.Connection,
    sink: str,
    limit: int,
    now: int,
    *,
    lease: int = LEASE,
    worker: str | None = None,
) -> list[Delivery]:
    """
    The deliveries now due, datasets before jobs before runs; events in the order they came.

    Empty while another worker delivers to this sink, or while it pauses. The claim holds until `release`
    or until its lease runs out, so a worker that dies leaves everything due again: `lease` is in
    microseconds, and `reclaim` ends it for the `worker` that is known to be dead.
    """
    insert_new(tx, sink_table, [{"name": sink, "due_at": 0, "failures": 0}])
    mine = tx.execute(
        sa.update(sink_table)
        .where(sink_table.c.name == sink, sink_table.c.due_at <= now)
        .values(due_at=now + lease, claimed_by=worker)
    )
    if not mine.rowcount:
        return []
    ready = (
        sa.select(_d.kind, _d.key, _d.version, _d.attempts, _d.sent, _d.news_at)
        .where(_d.sink == sink, _d.state == "waiting", _d.due_at <= now)
        .limit(limit)
    )
    events = tx.execute(ready.where(IS_EVENT).order_by(_d.key)).all()
    others = tx.execute(ready.where(IS_ENTRY).order_by(_d.due_at, _d.kind, _d.key)).all()
    found = [*events, *others][:limit]
    due = [Delivery(sink, Name(kind, key), *rest) for kind, key, *rest in found]
    if not due:
        release(tx, sink, now)
    return sorted(due, key=lambda item: item.name)


def behind(tx: sa.Connection, sink: str, runs: Mapping[int, int], now: int) -> dict[int, int]:
    """
    Events that must wait for an earlier one of their run, with the time when that one is due.

    `runs` has the run of each claimed event. Only events that were put off can be in the way:
    everything else that is earlier was claimed with these or before them.
    """
    if not runs:
        return {}
    postponed = sa.and_(
        _d.sink == sink,
        _d.state == "waiting",
        IS_EVENT,
        _d.key < max(runs),
        _d.due_at > now,
    )
    if not tx.scalar(sa.select(sa.exists().where(postponed))):
        return {}
    e = run_event.c
    late: dict[int, list[tuple[int, int]]] = {}
    for part in chunks(sorted(set(runs.values()))):
        rows = tx.execute(
            sa.select(e.run_id, e.event_id, _d.due_at)
            .join_from(run_event, delivery, _d.key == e.event_id)
            .where(e.run_id.in_(part), postponed)
        )
        for run_id, number, due_at in rows:
            late.setdefault(run_id, []).append((number, due_at))
    waits = {
        number: max((due for earlier, due in late.get(run_id, ()) if earlier < number), default=0)
        for number, run_id in runs.items()
    }
    return {number: due for number, due in waits.items() if due}


@dataclass(frozen=True, slots=True)
class Delivered:
    """The sink has it, or had it already; `digest` is of what it received."""

    delivery: Delivery
    digest: bytes | None


@dataclass(frozen=True, slots=True)
class Gone:
    """The catalog has no such entry any more: there is nothing to deliver."""

    delivery: Delivery


@dataclass(frozen=True, slots=True)
class GivenUp:
    delivery: Delivery
    reason: str


@dataclass(frozen=True, slots=True)
class Postponed:
    """To be tried again at `due_at`; `tried` says whether the sink was asked at all."""

    delivery: Delivery
    due_at: int
    reason: str | None = None
    tried: bool = True


Result = Delivered | Gone | GivenUp | Postponed


def record_outcomes(tx: sa.Connection, results: Iterable[Result], now: int) -> None:
    """Record the outcomes of deliveries. Entries that changed meanwhile stay due."""
    by_shape: dict[type, list[dict[str, object]]] = {}
    for result in results:
        by_shape.setdefault(type(result), []).append(_outcome(result, now))
    for shape, rows in by_shape.items():
        tx.execute(_STATEMENTS[shape], rows)


def postpone(
    delivery: Delivery, reason: str, now: int, retry_after: float | None = None
) -> Postponed:
    """To be tried again after a while, longer each time, or after the `retry_after` seconds that the sink asked for."""
    due_at = retry.next_due(now, delivery.attempts + 1, retry_after)
    return Postponed(delivery, due_at, reason)


def _outcome(result: Result, now: int) -> dict[str, object]:
    item = result.delivery
    key = {
        "b_sink": item.sink,
        "b_kind": item.name.kind,
        "b_key": item.name.id,
    }
    match result:
        case Delivered(digest=digest):
            return key | {"b_version": item.version, "b_sent": digest, "b_now": now}
        case Gone():
            return key | {"b_version": item.version}
        case GivenUp(reason=reason):
            return key | {"b_version": item.version, "b_reason": _shown(reason), "b_now": now}
        case Postponed(due_at=due_at, reason=reason, tried=tried):
            return key | {"b_due": due_at, "b_reason": _shown(reason), "b_tried": int(tried)}


def _shown(reason: str | None) -> str | None:
    """A reason as it may be stored and shown: a sink's answer may repeat secrets."""
    return None if reason is None else masking.text(reason)


_key = (
    _d.sink == sa.bindparam("b_sink"),
    _d.kind == sa.bindparam("b_kind"),
    _d.key == sa.bindparam("b_key"),
)
_this = sa.update(delivery).where(*_key)
_seen = _d.version == sa.bindparam("b_version")
_now = sa.bindparam("b_now", type_=sa.BigInteger)


def _unless_changed(state: str) -> dict[str, object]:
    return {
        "state": sa.case((_seen, state), else_="waiting"),
        "attempts": 0,
        "due_at": _now,
        "news_at": sa.case((_seen, _d.news_at), else_=_now),
    }


_STATEMENTS: dict[type, sa.Update | sa.Delete] = {
    Gone: sa.delete(delivery).where(*_key, _seen),
    Delivered: _this.values(
        **_unless_changed("settled"), reason=None, sent=sa.bindparam("b_sent", type_=sa.LargeBinary)
    ),
    GivenUp: _this.values(
        **_unless_changed("rejected"), reason=sa.bindparam("b_reason", type_=sa.Text)
    ),
    Postponed: _this.values(
        attempts=_d.attempts + sa.bindparam("b_tried", type_=sa.Integer),
        due_at=sa.bindparam("b_due", type_=sa.BigInteger),
        reason=sa.func.coalesce(sa.bindparam("b_reason", type_=sa.Text), _d.reason),
    ),
}


def release(
    tx: sa.Connection, sink: str, now: int, *, delivered: bool = False, error: str | None = None
) -> None:
    """Release the claim. `delivered`: the sink accepted something; `error`: something went wrong."""
    values: Json = {"due_at": now, "claimed_by": None}
    if delivered:
        values |= {"failures": 0, "told_at": now, "error": None, "error_at": None}
    if error is not None:
        values |= {"error": _shown(error), "error_at": now}
    tx.execute(sa.update(sink_table).where(sink_table.c.name == sink).values(values))


def reclaim(tx: sa.Connection, worker: str, now: int) -> None:
    """Make due at once what the worker of this name claimed and, since it died, never released."""
    mine = sink_table.c.claimed_by == worker
    tx.execute(sa.update(sink_table).where(mine).values(due_at=now, claimed_by=None))


def rest(
    tx: sa.Connection, sink: str, reason: str, now: int, retry_after: float | None = None
) -> None:
    """Release the claim and pause the sink, longer after each failure, or for `retry_after` seconds."""
    row = sink_table.c
    failures = (tx.scalar(sa.select(row.failures).where(row.name == sink)) or 0) + 1
    tx.execute(
        sa.update(sink_table)
        .where(row.name == sink)
        .values(
            failures=failures,
            claimed_by=None,
            due_at=retry.next_due(now, failures, retry_after),
            error=_shown(reason),
            error_at=now,
        )
    )
