"""The steps of the work: each does one portion, and says how much that was."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection

import sqlalchemy as sa

from fairlead_bridge import inbox, telemetry
from fairlead_bridge.absorb import Translate, absorb_waiting, fault
from fairlead_bridge.access import audit
from fairlead_bridge.db.engine import may_pass, one_absorber, reading, writing
from fairlead_bridge.delivery.deliver import deliver_due
from fairlead_bridge.delivery.stale import requeue_stale
from fairlead_bridge.monitoring.evaluate import Rules, evaluate
from fairlead_bridge.outbox import Interests
from fairlead_bridge.retention import drop_old_events
from fairlead_bridge.sinks import Target
from fairlead_bridge.telemetry import Line
from fairlead_bridge.wording import counted
from fairlead_bridge.workers.pace import Pace

_DAY = 86_400_000_000  # microseconds


def now() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() // 1000


class Absorb:
    """
    A step of absorbing: at most `most` events, fewer where they would take longer than `within`
    (seconds of processor time; waiting for the writer does not count; see `Pace`).

    `on_absorbed` is called after a step that absorbed something.
    """

    def __init__(
        self,
        engine: sa.Engine,
        translate: Translate,
        interests: Interests,
        most: int,
        within: float | None = None,
        on_absorbed: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._translate = translate
        self._interests = interests
        self._pace = Pace(most, within)
        self._on_absorbed = on_absorbed

    def __call__(self) -> int:
        began, worked = time.perf_counter(), time.thread_time()
        try:
            count = self._absorb(self._pace.limit)
        except Exception as error:
            if _may_pass(error):
                raise  # again later, all of it
            # One of these events makes absorbing fail: find it.
            telemetry.say(Line.ABSORB_FAILED, logging.ERROR, exc_info=True, reason=error)
            count = self._one_by_one()
        if count:
            telemetry.ABSORBED.inc(count)
            telemetry.ABSORB_EVENTS.observe(count)
            telemetry.ABSORB_SECONDS.observe(time.perf_counter() - began)
            self._pace.after(count, time.thread_time() - worked)
            self._on_absorbed()
        return count

    def _absorb(self, limit: int) -> int:
        return absorb_waiting(self._engine, self._translate, self._interests, now(), limit)

    def _one_by_one(self) -> int:
        """The same events, each alone; those that still fail go to quarantine."""
        failed: list[int] = []
        done = 0
        while done < self._pace.limit:
            suspect = self._oldest()
            try:
                if not self._absorb(1):
                    break
            except Exception as error:
                if _may_pass(error):
                    raise
                failed += self._set_aside(suspect, error)
            done += 1
        telemetry.say(Line.QUARANTINED, logging.ERROR, count=len(failed), first=failed[:10])
        return done

    def _oldest(self) -> list[int]:
        with reading(self._engine) as tx:
            return [arrival.id for arrival in inbox.claim(tx, 1)]

    def _set_aside(self, suspect: list[int], error: Exception) -> list[int]:
        """To quarantine, unless another absorber came between: then the event at fault is unknown."""
        reason = fault(error)
        with writing(self._engine) as tx:
            one_absorber(tx)
            if [arrival.id for arrival in inbox.claim(tx, 1)] != suspect:
                return []
            inbox.quarantine(tx, [(number, reason) for number in suspect], now())
            inbox.ack(tx, suspect)
        return suspect


def _may_pass(error: Exception) -> bool:
    return isinstance(error, sa.exc.DBAPIError) and may_pass(error)


class Deliver:
    """A step of delivering to one sink or channel, by the worker of this name."""

    def __init__(self, engine: sa.Engine, target: Target, worker: str) -> None:
        self._engine = engine
        self._target = target
        self._worker = worker

    def __call__(self) -> int:
        began = time.perf_counter()
        count = deliver_due(self._engine, self._target, now(), worker=self._worker)
        if count:
            telemetry.DELIVERED.labels(self._target.name).inc(count)
            took = time.perf_counter() - began
            telemetry.DELIVER_SECONDS.labels(self._target.name).observe(took)
        return count


class Monitor:
    """A step of monitoring; `on_change` is called when incidents may have changed."""

    def __init__(
        self,
        engine: sa.Engine,
        interests: Interests,
        rules: Rules,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._interests = interests
        self._rules = rules
        self._on_change = on_change

    def __call__(self) -> int:
        began = time.perf_counter()
        count = evaluate(self._engine, self._interests, self._rules, now())
        if count:
            telemetry.EVALUATED.inc(count)
            telemetry.EVALUATE_SECONDS.observe(time.perf_counter() - began)
            self._on_change()
        return count


class Review:
    """A step of staleness: queues jobs whose edges became stale, for a sink that retracts them."""

    def __init__(self, engine: sa.Engine, target: Target) -> None:
        self._engine = engine
        self._target = target

    def __call__(self) -> int:
        requeue_stale(self._engine, self._target, now())
        return 0


class Forget:
    """
    A step of retention: the log's oldest events go when their `days` are over, entries of the audit
    log after `audit_days`; 0 retains them all.
    """

    def __init__(
        self, engine: sa.Engine, sinks: Collection[str], days: float, audit_days: float
    ) -> None:
        self._engine = engine
        self._sinks = sinks
        self._days = days
        self._audit_days = audit_days

    def __call__(self) -> int:
        if self._audit_days:
            with writing(self._engine) as tx:
                audit.drop_old(tx, now() - round(self._audit_days * _DAY), now())
        if not self._days:
            return 0
        count = drop_old_events(self._engine, self._sinks, now() - round(self._days * _DAY))
        if count:
            telemetry.say(Line.FORGOT, events=count)
            with writing(self._engine) as tx:
                audit.record_worker(
                    tx, "drop_events", f"{counted(count, 'event')} of the log", now()
                )
        return count
