"""A bridge in a test: events come in and are absorbed, time passes, incidents are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from fairlead_bridge import inbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.insight.incidents import State
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from fairlead_bridge.monitoring.evaluate import Rules, evaluate
from fairlead_bridge.outbox import Interests
from fairlead_bridge.queries import incidents
from fairlead_bridge.queries.incidents import Incident
from tests.support.small import run_event, uuid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = datetime(2026, 11, 2, tzinfo=UTC)  # a Monday
INTERESTS: Interests = {"notify:ops": frozenset({"incident"})}
TRANSLATE = Translator(Normaliser())


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


@dataclass
class Bridge:
    db: sa.Engine
    rules: Rules = field(default_factory=Rules)
    interests: Interests = field(default_factory=lambda: INTERESTS)

    def receive(self, events: Sequence[bytes], now: datetime) -> None:
        """Events become durable and are absorbed; nothing is evaluated."""
        with writing(self.db) as tx:
            inbox.put(tx, list(events), "test", micros(now))
        while absorb_waiting(self.db, TRANSLATE, self.interests, micros(now)):
            pass

    def evaluate(self, now: datetime, limit: int = 100) -> None:
        while evaluate(self.db, self.interests, self.rules, micros(now), limit):
            pass

    def take(self, events: Sequence[bytes], now: datetime) -> None:
        self.receive(events, now)
        self.evaluate(now)

    def incidents(self, state: State | None = None) -> list[Incident]:
        with reading(self.db) as tx:
            return incidents.listed(tx, state)

    def only(self, state: State | None = None) -> Incident:
        (found,) = self.incidents(state)
        return found

    def timeline(self, id: int) -> list[str]:
        with reading(self.db) as tx:
            return [entry.what for entry in incidents.timeline(tx, id)]

    def owed(self) -> list[tuple[int, int]]:
        """(incident, version) of what the channel has yet to receive."""
        d = t.delivery.c
        with reading(self.db) as tx:
            rows = tx.execute(
                sa.select(d.key, d.version).where(d.kind == "incident").order_by(d.key)
            )
            return [(row.key, row.version) for row in rows]


_numbers = iter(range(0x5000000, 0x9000000))


def ran(
    job: str, at: datetime, state: str = "COMPLETE", reads: str = "", writes: str = ""
) -> list[bytes]:
    """A run of one minute: names of what it reads and writes, separated by blanks."""
    run_id = uuid(next(_numbers))
    sides: dict[str, Any] = {
        "inputs": [_dataset(name) for name in reads.split()],
        "outputs": [_dataset(name) for name in writes.split()],
    }
    end = at + timedelta(minutes=1)
    error = {"errorMessage": {"message": f"{job} broke", "programmingLanguage": "SQL"}}
    return [
        run_event("START", at.isoformat(), run_id, job),
        run_event(
            state, end.isoformat(), run_id, job, run=error if state == "FAIL" else None, **sides
        ),
    ]


def _dataset(name: str) -> dict[str, Any]:
    return {"namespace": "postgres://h:5432", "name": f"shop.{name}", "facets": {}}


#: Job, what it reads, what it writes, and minutes after 05:00.
CHAIN = [("load", "", "raw", 0), ("clean", "raw", "orders", 10), ("sum", "orders", "totals", 20)]


def morning(day: int, fails: str | None = None, jobs: Sequence[str] = ()) -> list[bytes]:
    """The chain on one day at 05:00; what comes after the job that fails does not run."""
    events: list[bytes] = []
    for job, reads, writes, minute in CHAIN:
        at = DAY + timedelta(days=day, hours=5, minutes=minute)
        if jobs and job not in jobs:
            continue
        events += ran(job, at, "FAIL" if job == fails else "COMPLETE", reads, writes)
        if job == fails:
            break
    return events


def after_a_good_fortnight(db: sa.Engine) -> Bridge:
    """A bridge after a fortnight of mornings on which all went well, at six of its last day."""
    bridge = Bridge(db)
    bridge.take(
        [event for day in range(14) for event in morning(day)], DAY + timedelta(days=13, hours=6)
    )
    assert bridge.incidents() == []
    return bridge
