"""
The path of an event, told once.

    intake -> inbox -> mapping -> catalog -> outbox -> sinks

Two steps, `absorb` and `deliver`, and one that ends the path, `forget`: each safe to repeat, each
safe to kill at any line.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from fairlead_bridge import inbox, outbox, telemetry
from fairlead_bridge.catalog import runs, write
from fairlead_bridge.db.engine import one_absorber, reading, writing
from fairlead_bridge.entries import AnyEntry, EventEntry
from fairlead_bridge.errors import Malformed, Rejected, Unavailable
from fairlead_bridge.facts import Change
from fairlead_bridge.mapping import grouping
from fairlead_bridge.mapping.elements import TooMany, is_array, split
from fairlead_bridge.mapping.head import head
from fairlead_bridge.model import Arrival, Delivery, Name
from fairlead_bridge.queries import entry
from fairlead_bridge.sinks import Outcome, Payload, Target, Waits, digest
from fairlead_bridge.sinks.naming import conflicts
from fairlead_bridge.telemetry import Line

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
    with reading(db) as tx:
        arrivals = inbox.claim(tx, limit)
    if not arrivals:
        return 0
    # Understanding takes as long as writing and needs no lock; intake writes meanwhile.
    arrays, single, too_many = _split(arrivals)
    understood, odd = _understand(single, translate)
    with writing(db) as tx:
        one_absorber(tx)
        ours = inbox.still_waiting(tx, [arrival.id for arrival in arrivals])
        understood = [(event_id, change) for event_id, change in understood if event_id in ours]
        for event_id, elements in arrays:
            if event_id in ours:
                inbox.put_elements(tx, event_id, elements, now)
        news = write.apply(tx, [change for _, change in understood], grouping.assets)
        news |= entry.shown_in(tx, news)
        inbox.remember(tx, runs.remember(tx, understood))
        events = {Name("event", event_id) for event_id, _ in understood}
        outbox.put(tx, news | events, interests, now)
        odd = [item for item in odd + too_many if item[0] in ours]
        inbox.remember_jobs(tx, _jobs(understood, odd, arrivals))
        inbox.quarantine(tx, odd, now)
        inbox.settle(tx, sorted(ours))
    return len(ours)


def _split(
    arrivals: Sequence[Arrival],
) -> tuple[list[tuple[int, list[bytes]]], list[Arrival], list[tuple[int, str]]]:
    """
    The arrays of events among the arrivals, with their elements; the other arrivals; and the
    reasons of those arrays that have too many elements.

    Intake takes arrays apart. One that is in the log all the same came before this version could
    read it, or stood in another array.
    """
    arrays: list[tuple[int, list[bytes]]] = []
    single: list[Arrival] = []
    odd: list[tuple[int, str]] = []
    for arrival in arrivals:
        try:
            elements = split(arrival.body) if is_array(arrival.body) else []
        except TooMany as error:
            odd.append((arrival.id, str(error)))
            continue
        if any(element[:1] == b"{" for element in elements):
            arrays.append((arrival.id, elements))
        else:
            single.append(arrival)
    return arrays, single, odd


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
        except Exception as error:  # noqa: BLE001  (a fault of ours costs this event alone)
            telemetry.say(
                Line.QUARANTINED, logging.ERROR, exc_info=True, event=arrival.id, reason=error
            )
            odd.append((arrival.id, fault(error)))
    return understood, odd


def _jobs(
    understood: Iterable[tuple[int, Change]],
    odd: Iterable[tuple[int, str]],
    arrivals: Iterable[Arrival],
) -> Iterator[tuple[int, int]]:
    """(job id, event id) of events that have no run to be found by, and of those in quarantine."""
    for event_id, change in understood:
        if not change.runs:
            yield from ((job.id, event_id) for job in change.jobs)
    quarantined = {event_id for event_id, _ in odd}
    for arrival in arrivals:
        job = head(arrival.body).job_id if arrival.id in quarantined else None
        if job is not None:
            yield job, arrival.id


def fault(error: Exception) -> str:
    """The reason in quarantine of an event that this program failed on."""
    return f"this bridge failed on it, which is a mistake of ours: {error!r}"[:1000]


# --- telling sinks ------------------------------------------------------------------------------

#: Seconds after which a worker asks no more of a sink in one go; well within the outbox's lease.
_BUDGET = 90.0
_MICROSECOND = 1_000_000


def deliver(db: sa.Engine, target: Target, now: int, limit: int | None = None) -> int:
    """
    Tell one sink what it has not seen: claim, read, push outside of any transaction, settle.

    `now` is in microseconds since the epoch. Returns how many deliveries were claimed; 0 also
    while the sink rests. A crash in between means telling it again.
    """
    with writing(db) as tx:
        claimed = outbox.claim(tx, target.name, limit or target.batch, now)
    if not claimed:
        return 0
    begun = time.monotonic()
    with reading(db) as tx:
        entries, faults = _read(tx, [delivery.name for delivery in claimed])
        late = outbox.behind(tx, target.name, _runs(entries.values()), now)
    results, pending = _sort_out(target, claimed, entries, faults, late)
    told = _tell(target, pending, now, begun)
    elapsed = round((time.monotonic() - begun) * _MICROSECOND)
    with writing(db) as tx:
        outbox.settle(tx, [*results, *told.results], now)
        outbox.release(tx, target.name, now, told=told.taken, error=told.error)
        if told.down is not None:
            outbox.rest(tx, target.name, str(told.down), now + elapsed, told.down.retry_after)
    return len(claimed)


def _read(tx: sa.Connection, names: Sequence[Name]) -> tuple[dict[Name, AnyEntry], dict[Name, str]]:
    """The entries; and why not, where one cannot be read: that must not keep back the others."""
    try:
        return entry.read(tx, names), {}
    except sa.exc.DBAPIError:
        raise  # the database is busy or away: again later, all of it
    except Exception:  # noqa: BLE001  (one of these entries is our undoing: which?)
        entries: dict[Name, AnyEntry] = {}
        faults: dict[Name, str] = {}
        for name in names:
            try:
                entries |= entry.read(tx, [name])
            except sa.exc.DBAPIError:
                raise
            except Exception as error:  # noqa: BLE001  (a mistake of ours, told with the entry)
                faults[name] = f"reading it failed with {type(error).__name__}: {error}"
        return entries, faults


def _runs(entries: Iterable[AnyEntry]) -> dict[int, int]:
    """The run of each event that tells of one."""
    return {
        item.name.id: item.run
        for item in entries
        if isinstance(item, EventEntry) and item.run is not None
    }


_Pending = tuple[Delivery, Payload, bytes]


def _sort_out(
    target: Target,
    claimed: Sequence[Delivery],
    entries: Mapping[Name, AnyEntry],
    faults: Mapping[Name, str],
    late: Mapping[int, int],
) -> tuple[list[outbox.Result], list[_Pending]]:
    """What is settled without asking the sink, and what has to be told."""
    results: list[outbox.Result] = []
    pending: list[_Pending] = []
    for delivery in claimed:
        if delivery.name in faults:
            results.append(outbox.GivenUp(delivery, faults[delivery.name]))
            continue
        if delivery.name not in entries:
            results.append(outbox.Gone(delivery))
            continue
        if delivery.name.kind == "event" and delivery.name.id in late:
            due_at = late[delivery.name.id]
            results.append(outbox.Postponed(delivery, due_at, tried=False))
            continue
        try:
            payload = _payload(target, entries[delivery.name])
        except Rejected as error:
            results.append(outbox.GivenUp(delivery, str(error)))
        except Exception as error:  # noqa: BLE001  (a sink's fault is that entry's, nobody else's)
            results.append(outbox.GivenUp(delivery, _fault(error)))
        else:
            mark = None if payload is None else digest(payload)
            if mark is None or mark == delivery.sent:
                results.append(outbox.Settled(delivery, mark or delivery.sent))
            else:
                pending.append((delivery, payload, mark))
    return results, pending


def _payload(target: Target, item: AnyEntry) -> Payload | None:
    return target.sink.render(item) if target.wants(item) else None


@dataclass(frozen=True, slots=True)
class _Told:
    results: list[outbox.Result]
    taken: bool  # the sink took something
    error: str | None = None  # why the last one that failed did
    down: Unavailable | None = None  # the sink wants a rest


def _tell(target: Target, pending: Sequence[_Pending], now: int, begun: float) -> _Told:
    """Push; what has no outcome when the sink or the time gives out stays due."""
    results: list[outbox.Result] = []
    taken, error, down = False, None, None
    outcomes = _outcomes(target, [payload for _, payload, _ in pending])
    try:
        for delivery, _, mark in pending:
            if time.monotonic() - begun > _BUDGET:
                break
            outcome = next(outcomes)
            results.append(_result(target, delivery, mark, outcome, now))
            taken = taken or outcome is None
            error = str(outcome) if outcome is not None else error
        else:
            next(outcomes, None)  # a sink may say at last that it wants a rest
    except Unavailable as trouble:
        down = trouble
        for delivery, _, _ in pending[len(results) :][:1]:
            results.append(outbox.postpone(delivery, str(trouble), now, trouble.retry_after))
    except Exception as trouble:  # noqa: BLE001  (as above)
        error = _fault(trouble)
        for delivery, _, _ in pending[len(results) :][:1]:
            results.append(outbox.GivenUp(delivery, error))
    return _Told(results, taken, error, down)


def _outcomes(target: Target, payloads: Sequence[Any]) -> Iterator[Outcome]:
    if payloads:
        yield from target.sink.push(payloads)


def _result(
    target: Target, delivery: Delivery, mark: bytes, outcome: Outcome, now: int
) -> outbox.Result:
    match outcome:
        case None:
            return outbox.Settled(delivery, mark)
        case Waits():
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


# --- retention ----------------------------------------------------------------------------------


def forget(db: sa.Engine, sinks: Collection[str], before: int, limit: int = 5_000) -> int:
    """
    Drop the oldest events of the log that came before that time, and what is noted of them.

    Those that wait, are in quarantine, or that one of the `sinks` has yet to be told of stay.
    Returns how many were dropped, at most `limit`.
    """
    with writing(db) as tx:
        old = inbox.old(tx, before, limit)
        owed = outbox.owed(tx, sinks, old)
        gone = [event_id for event_id in old if event_id not in owed]
        inbox.forget(tx, gone)
        outbox.forget(tx, gone)
    return len(gone)


# --- staleness ----------------------------------------------------------------------------------


def review(db: sa.Engine, target: Target, now: int) -> None:
    """
    Let a sink that retires edges and tasks look at each: they grow old though nothing comes that
    tells of them. What reads as before is not told again.
    """
    if target.retires and "job" in target.kinds:
        with writing(db) as tx:
            outbox.put(tx, entry.may_retire(tx), {target.name: {"job"}}, now)


# --- rehearsal ----------------------------------------------------------------------------------


def rehearse(db: sa.Engine, target: Target) -> list[str]:
    """
    What the naming map leaves open, before anything is sent: a sentence for each dataset that the
    sink has no name for, or one that another dataset has too. Changes nothing.
    """
    name = getattr(target.sink, "named", None)
    if name is None:
        return []
    with reading(db) as tx:
        datasets = [ref for ref in entry.datasets(tx) if target.takes(ref.namespace)]
    found = conflicts((ref, name(ref)) for ref in datasets)
    return [f"{item.dataset.namespace} {item.dataset.name}: {item.what}" for item in found]
