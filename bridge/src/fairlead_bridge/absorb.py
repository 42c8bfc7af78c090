"""Inbox to mapping to catalog to outbox, in one transaction: safe to repeat, safe to kill at any line."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence

import sqlalchemy as sa

from fairlead_bridge import inbox, outbox, telemetry
from fairlead_bridge.catalog import runs, write
from fairlead_bridge.db.engine import one_absorber, reading, writing
from fairlead_bridge.errors import Malformed, TooManyElements
from fairlead_bridge.facts import Change
from fairlead_bridge.mapping import grouping
from fairlead_bridge.mapping.elements import is_array, split
from fairlead_bridge.mapping.head import head
from fairlead_bridge.model import Arrival, Name
from fairlead_bridge.monitoring import queue
from fairlead_bridge.queries import entry
from fairlead_bridge.telemetry import Line

Translate = Callable[[bytes], Change]


def absorb_waiting(
    db: sa.Engine,
    translate: Translate,
    interests: outbox.Interests,
    now: int,
    limit: int = 500,
) -> int:
    """
    Absorb the oldest waiting events into the catalog, in one transaction with inbox and outbox.

    `now` is in microseconds since the epoch; `interests` says which sink receives which kinds of
    entries. Returns how many events were acknowledged, those in quarantine included.
    """
    with reading(db) as tx:
        arrivals = inbox.claim(tx, limit)
    if not arrivals:
        return 0
    # Mapping takes as long as writing and needs no lock, so that intake can write meanwhile.
    arrays, single, too_many = _split(arrivals)
    understood, odd = _understand(single, translate)
    with writing(db) as tx:
        one_absorber(tx)
        ours = inbox.still_waiting(tx, [arrival.id for arrival in arrivals])
        understood = [(event_id, change) for event_id, change in understood if event_id in ours]
        for event_id, elements in arrays:
            if event_id in ours:
                inbox.put_elements(tx, event_id, elements, now)
        changed = write.apply(tx, [change for _, change in understood], grouping.assets)
        queue.changed(tx, changed, now)
        changed |= entry.shown_in(tx, changed)
        inbox.remember(tx, runs.remember(tx, understood))
        events = {Name("event", event_id) for event_id, _ in understood}
        outbox.put(tx, changed | events, interests, now)
        odd = [item for item in odd + too_many if item[0] in ours]
        inbox.remember_jobs(tx, _jobs(understood, odd, arrivals))
        inbox.quarantine(tx, odd, now)
        inbox.ack(tx, sorted(ours))
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
        except TooManyElements as error:
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
