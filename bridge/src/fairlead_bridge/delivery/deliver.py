"""Delivers what is due to one sink, and records each outcome: delivered, retry, rejected."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from fairlead_bridge import outbox
from fairlead_bridge.access.scope import Scope, seeing
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.entries import AnyEntry, EventEntry
from fairlead_bridge.errors import NotAsked, Rejected, Unavailable
from fairlead_bridge.model import Delivery, Name
from fairlead_bridge.queries import entry
from fairlead_bridge.sinks import Later, Outcome, Ready, Same, Target

_MICROSECOND = 1_000_000


def deliver_due(
    db: sa.Engine, target: Target, now: int, limit: int | None = None, worker: str | None = None
) -> int:
    """
    Deliver to one sink what is due: claim, read, send outside of any transaction, record outcomes.

    `now` is in microseconds since the epoch, `worker` the name under which it is claimed. Returns
    how many deliveries were claimed; 0 also while the sink pauses. What a crash in between leaves
    without an outcome is sent again.
    """
    with writing(db) as tx:
        lease = round(target.lease * _MICROSECOND)
        limit = limit or target.batch
        claimed = outbox.claim(tx, target.name, limit, now, lease=lease, worker=worker)
    if not claimed:
        return 0
    begun = time.monotonic()
    with seeing(db, target.scope) as tx:
        names = [delivery.name for delivery in claimed]
        entries, faults = _read(tx, names, now, target.scope)
    with reading(db) as tx:
        late = outbox.behind(tx, target.name, _runs(entries.values()), now)
    results, pending = _sort_out(target, claimed, entries, faults, late, now)

    def record(known: Sequence[outbox.Result]) -> None:
        with writing(db) as tx:
            outbox.record_outcomes(tx, known, now)

    sent = _send(target, pending, now, begun, record)
    elapsed = round((time.monotonic() - begun) * _MICROSECOND)
    with writing(db) as tx:
        outbox.record_outcomes(tx, [*results, *sent.results], now)
        outbox.release(tx, target.name, now, delivered=sent.accepted, error=sent.error)
        if sent.down is not None:
            outbox.rest(tx, target.name, str(sent.down), now + elapsed, sent.down.retry_after)
    return len(claimed)


def _read(
    tx: sa.Connection, names: Sequence[Name], now: int, scope: Scope
) -> tuple[dict[Name, AnyEntry], dict[Name, str]]:
    """The entries; and why not, where one cannot be read: that must not keep back the others."""
    try:
        return entry.read(tx, names, now, scope), {}
    except sa.exc.DBAPIError:
        raise  # the database is busy or away: again later, all of it
    except Exception:  # noqa: BLE001  (each entry is read alone, to find the one that fails)
        entries: dict[Name, AnyEntry] = {}
        faults: dict[Name, str] = {}
        for name in names:
            try:
                entries |= entry.read(tx, [name], now, scope)
            except sa.exc.DBAPIError:
                raise
            except Exception as error:  # noqa: BLE001  (recorded as this entry's outcome)
                faults[name] = f"reading it failed with {type(error).__name__}: {error}"
        return entries, faults


def _runs(entries: Iterable[AnyEntry]) -> dict[int, int]:
    """The run of each event that has one."""
    return {
        item.name.id: item.run
        for item in entries
        if isinstance(item, EventEntry) and item.run is not None
    }


_Pending = tuple[Delivery, Ready]


def _sort_out(
    target: Target,
    claimed: Sequence[Delivery],
    entries: Mapping[Name, AnyEntry],
    faults: Mapping[Name, str],
    late: Mapping[int, int],
    now: int,
) -> tuple[list[outbox.Result], list[_Pending]]:
    """Outcomes known without asking the sink, and what has to be sent."""
    results: list[outbox.Result] = []
    pending: list[_Pending] = []
    for delivery in claimed:
        name = delivery.name
        if name in faults:
            results.append(outbox.GivenUp(delivery, faults[name]))
        elif name not in entries:
            results.append(outbox.Gone(delivery))
        elif name.kind == "event" and name.id in late:
            results.append(outbox.Postponed(delivery, late[name.id], tried=False))
        else:
            match _prepared(target, delivery, entries[name], now):
                case Ready() as ready:
                    pending.append((delivery, ready))
                case result:
                    results.append(result)
    return results, _grouped(pending)


def _prepared(
    target: Target, delivery: Delivery, entry: AnyEntry, now: int
) -> Ready | outbox.Result:
    """What is to be sent of an entry, or the outcome where nothing is."""
    try:
        prepared = target.prepare(delivery, entry, now)
    except Rejected as error:
        return outbox.GivenUp(delivery, str(error))
    except Exception as error:  # noqa: BLE001  (an error of a sink costs that entry alone)
        return outbox.GivenUp(delivery, _fault(error))
    match prepared:
        case Same(fingerprint=fingerprint):
            return outbox.Delivered(delivery, fingerprint)
        case Later(due_at=due_at):
            return outbox.Postponed(delivery, due_at, tried=False)
        case ready:
            return ready


def _grouped(pending: list[_Pending]) -> list[_Pending]:
    """In order, but each group together, where its first member is."""
    first: dict[str, int] = {}
    for place, (_, ready) in enumerate(pending):
        if ready.group is not None:
            first.setdefault(ready.group, place)
    places = {id(item): first.get(item[1].group or "", n) for n, item in enumerate(pending)}
    return sorted(pending, key=lambda item: places[id(item)])


@dataclass(slots=True)
class _Sent:
    results: list[outbox.Result] = field(default_factory=list)  # that are not yet recorded
    done: int = 0  # deliveries with an outcome
    accepted: bool = False  # the sink accepted something
    error: str | None = None  # why the last one that failed did
    down: Unavailable | None = None  # the sink asks for a pause

    def add(self, result: outbox.Result, outcome: Outcome) -> None:
        self.results.append(result)
        self.done += 1
        if outcome is None:
            self.accepted = True
        else:
            self.error = str(outcome)


def _send(
    target: Target,
    pending: Sequence[_Pending],
    now: int,
    begun: float,
    record: Callable[[Sequence[outbox.Result]], None],
) -> _Sent:
    """
    Send in order; what has no outcome when the sink fails or the time is over stays due.

    The outcomes of a group are recorded before the next one is sent.
    """
    sent = _Sent()
    try:
        _send_all(sent, target, pending, now, begun, record)
    except Unavailable as trouble:
        sent.down = trouble
        for delivery, _ in pending[sent.done :][:1]:
            sent.results.append(outbox.postpone(delivery, str(trouble), now, trouble.retry_after))
    except sa.exc.DBAPIError:
        raise
    except Exception as trouble:  # noqa: BLE001  (an error of a sink costs that entry alone)
        sent.error = _fault(trouble)
        for delivery, _ in pending[sent.done :][:1]:
            sent.results.append(outbox.GivenUp(delivery, sent.error))
    return sent


def _send_all(
    sent: _Sent,
    target: Target,
    pending: Sequence[_Pending],
    now: int,
    begun: float,
    record: Callable[[Sequence[outbox.Result]], None],
) -> None:
    """Raises Unavailable where the sink asks for a pause, and what a sink raises by mistake."""
    outcomes = _outcomes(target, [ready.payload for _, ready in pending])
    for at, (delivery, ready) in enumerate(pending):
        if _begins_group(pending, at):
            if time.monotonic() - begun > target.budget:
                return
            if ready.group is not None and sent.results:
                record(sent.results)
                sent.results = []
        outcome = next(outcomes)
        sent.add(_result(target, delivery, ready.fingerprint, outcome, now), outcome)
    next(outcomes, None)  # a sink may ask for a pause after the last outcome


def _begins_group(pending: Sequence[_Pending], at: int) -> bool:
    return at == 0 or pending[at][1].group != pending[at - 1][1].group


def _outcomes(target: Target, payloads: Sequence[object]) -> Iterator[Outcome]:
    if payloads:
        yield from target.sink.push(payloads)


def _result(
    target: Target, delivery: Delivery, fingerprint: bytes, outcome: Outcome, now: int
) -> outbox.Result:
    match outcome:
        case None:
            return outbox.Delivered(delivery, fingerprint)
        case NotAsked():
            later = outbox.postpone(delivery, str(outcome), now)
            return replace(later, tried=False)
        case Unavailable(retry_after=retry_after):
            if delivery.attempts + 1 >= target.attempts:
                reason = f"given up after {delivery.attempts + 1} attempts: {outcome}"
                return outbox.GivenUp(delivery, reason)
            return outbox.postpone(delivery, str(outcome), now, retry_after)
        case _:
            return outbox.GivenUp(delivery, str(outcome))


def _fault(error: Exception) -> str:
    return f"the sink failed with {type(error).__name__}: {error}"
