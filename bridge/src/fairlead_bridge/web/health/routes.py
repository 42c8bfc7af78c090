"""How the bridge itself is, for people and for probes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request, Response

from fairlead_bridge import inbox, outbox
from fairlead_bridge.access.scope import EVERYTHING, NOTHING, Scope
from fairlead_bridge.condition import Condition, Loop
from fairlead_bridge.db.engine import reason, writing
from fairlead_bridge.queries import deployments
from fairlead_bridge.queries.snapshot import Snapshot
from fairlead_bridge.web import render
from fairlead_bridge.web.health import answers as a
from fairlead_bridge.web.needs import CallerScope, needs
from fairlead_bridge.web.parameters import Catalog

_SECOND = 1_000_000
#: Microseconds that an event may wait to be absorbed before health reports it.
PATIENCE = 60 * _SECOND
#: Microseconds without a report of the worker, or without a round of absorbing.
_SILENCE, _STUCK = 30 * _SECOND, 120 * _SECOND
#: Seconds between two tries whether the database takes a write.
_TRY_EVERY = 5.0

Strict = Annotated[
    bool, Query(description="Answer with 503 where this process cannot do its part.")
]

_NOT_READY: dict[int | str, dict[str, object]] = {
    503: {"model": a.Health, "description": "With `strict`: see `problems`."}
}


@dataclass(frozen=True, slots=True)
class Self:
    """The process that is asked."""

    roles: Collection[str]
    sinks: Mapping[str, str]  # the kind of each by its name
    worker: Callable[[], Condition | None]  # None: this process has no worker


class Check:
    """Asks how the bridge is, for the addresses that answer it."""

    def __init__(self, catalog: Catalog, this: Self) -> None:
        self._catalog = replace(
            catalog, read_seconds=0.0
        )  # a probe is answered on a slow machine too
        self._this = this
        self._refused = _Writes(catalog.engine)

    def __call__(self, response: Response, scope: Scope, strict: bool) -> a.Health:
        refused = self._refused()
        with self._catalog.open(EVERYTHING) as snapshot:
            found = health(snapshot, self._this, refused)
        if not scope.sees_all:
            found = self._for_some(found, scope)
        if strict and not found.ready:
            response.status_code = 503
        return found

    def _for_some(self, found: a.Health, scope: Scope) -> a.Health:
        """
        The answer to callers who do not see everything. `waiting` is of all, since it is not known yet
        whose those events are, and probes, which see nothing, get the count of those in quarantine.
        """
        quarantined = found.inbox.quarantined
        if scope != NOTHING:
            with self._catalog.open(scope) as snapshot:
                quarantined = inbox.count_quarantined(snapshot.tx)
        inbox_health = a.InboxHealth(
            waiting=found.inbox.waiting, quarantined=quarantined, received=None
        )
        problems = [_SOMETHING] if found.problems else []
        return found.model_copy(
            update={
                "inbox": inbox_health,
                "kafka": None,
                "sinks": [],
                "problems": problems,
                "warnings": [],
            }
        )


async def _check(request: Request) -> Check:
    check: Check = request.app.state.check
    return check


CurrentCheck = Annotated[Check, Depends(_check)]

router = APIRouter(tags=["operations"], dependencies=[needs("anyone")])
#: `/ready`: the strict answer at an address that probes expect.
probe = APIRouter(include_in_schema=False, dependencies=[needs("anyone")])


@router.get("/health", responses=_NOT_READY)
def get_health(
    response: Response, check: CurrentCheck, scope: CallerScope, strict: Strict = False
) -> a.Health:
    """
    `waiting` is 0 when everything received has been absorbed.

    Callers who do not see every namespace get whether the bridge is well, and the counts of what they see.
    """
    return check(response, scope, strict)


@probe.get("/ready")
def ready(response: Response, check: CurrentCheck, scope: CallerScope) -> a.Health:
    return check(response, scope, True)


def health(snapshot: Snapshot, this: Self, refused: str | None = None) -> a.Health:
    """`refused` is why the database takes no writes, if it does not."""
    counts = inbox.counts(snapshot.tx)
    condition = this.worker()
    sinks = _sinks(snapshot, this.sinks)
    fatal = [*_writes(refused), *_worker(condition, snapshot.now)]
    problems = [
        *fatal,
        *_late(counts, condition, this.roles, snapshot.now),
        *(text for sink in sinks for text in _trouble(sink)),
    ]
    return a.Health(
        status="degraded" if problems else "ok",
        ready=not fatal,
        version=version("fairlead-bridge"),
        inbox=a.InboxHealth(
            waiting=counts.waiting,
            quarantined=counts.quarantined,
            received=counts.received,
            last_received_at=render.when(counts.last_received_at),
            oldest_waiting_at=render.when(counts.oldest_waiting_at),
        ),
        kafka=_kafka(condition),
        sinks=sinks,
        problems=problems,
        warnings=[*_shared(snapshot)],
    )


_SOMETHING = "Something is wrong; callers who see every namespace can read what."


# --- sentences ----------------------------------------------------------------------------------


def _shared(snapshot: Snapshot) -> Iterator[str]:
    found = deployments.deployments(snapshot)
    for namespace, several in deployments.sharing(found, snapshot.now).items():
        names = " and ".join(each.name for each in several)
        yield (
            f"{len(several)} Airflows send under the namespace {namespace}, and their DAGs and runs of the "
            f"same name are taken for one: {names}. Give each its own [openlineage] namespace."
        )


def _writes(refused: str | None) -> Iterator[str]:
    if refused:
        yield f"The database takes no writes, so senders are asked to come again: {refused}."


def _worker(condition: Condition | None, now: int) -> Iterator[str]:
    if condition is None:
        return
    if condition.died:
        yield f"The worker process ended {condition.died}; another one is started."
        return
    report = condition.report
    if report is None:
        return
    if now - report.at > _SILENCE:
        yield f"The worker process has not reported for {(now - report.at) // _SECOND} s."
    for loop in report.loops:
        if loop.error and loop.name in _FAILS:
            yield f"{_FAILS[loop.name]} since {_time(loop)}, and is tried again: {loop.error}."
        elif loop.name == "absorb" and loop.ended_at and report.at - loop.ended_at > _STUCK:
            yield f"Absorbing has finished no batch for {(report.at - loop.ended_at) // _SECOND} s."


_FAILS = {
    "absorb": "Absorbing fails",
    "kafka": "Reading from Kafka fails",
    "monitor": "Evaluating what is late or failed fails",
}


def _time(loop: Loop) -> str:
    at = render.when(loop.failing_since)
    return f"{at:%H:%M:%S} UTC" if at else "now"


def _late(
    counts: inbox.Counts, condition: Condition | None, roles: Collection[str], now: int
) -> Iterator[str]:
    """Whether events have waited too long to be absorbed, and whose part it is to absorb them."""
    if counts.oldest_waiting_at is None or now - counts.oldest_waiting_at < PATIENCE:
        return
    minutes = (now - counts.oldest_waiting_at) // PATIENCE
    if condition is not None and "absorb" in roles:
        yield f"{counts.waiting} events wait to be absorbed, the oldest for {minutes} min."
    else:
        yield (
            f"Events have waited for {minutes} min to be absorbed, which this process does not "
            "do: is one with `--absorb` running?"
        )


def _trouble(sink: a.SinkHealth) -> Iterator[str]:
    if sink.last_error:
        yield f"{sink.name} does not take deliveries: {sink.last_error}"
    if sink.rejected:
        yield f"{sink.name} refused {sink.rejected} entries: see their reasons in deliveries"


# --- parts --------------------------------------------------------------------------------------


def _sinks(snapshot: Snapshot, kinds: Mapping[str, str]) -> list[a.SinkHealth]:
    return [
        a.SinkHealth(
            name=name,
            kind=kinds[name],
            waiting=count.waiting,
            rejected=count.rejected,
            in_sync=count.in_sync,
            oldest_waiting_at=render.when(count.oldest_waiting_at),
            last_error=count.last_error,
        )
        for name, count in outbox.counts(snapshot.tx, list(kinds), snapshot.now).items()
    ]


def _kafka(condition: Condition | None) -> a.KafkaHealth | None:
    report = condition.report if condition else None
    for loop in report.loops if report else ():
        if report and loop.name == "kafka":
            return a.KafkaHealth(lag=report.kafka_lag, error=loop.error)
    return None


class _Writes:
    """Why the database takes no writes; None where it does. Tried every few seconds at most."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._trying = threading.Lock()
        self._tried = -_TRY_EVERY
        self._refused: str | None = None

    def __call__(self) -> str | None:
        if self._trying.acquire(blocking=False):  # else another request tries just now
            try:
                if time.monotonic() - self._tried >= _TRY_EVERY:
                    self._refused = self._try()
                    self._tried = time.monotonic()
            finally:
                self._trying.release()
        return self._refused

    def _try(self) -> str | None:
        try:
            with writing(self._engine) as tx:
                inbox.write_nothing(tx)
        except sa.exc.DBAPIError as error:
            return reason(error)
        return None
