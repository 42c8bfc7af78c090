"""
Whether a source of events, such as an Airflow, fell silent against its own rhythm.

It did when a run should have begun, or a run that goes on should have ended, and nothing at all has
come since. Where events still come but several runs are due and none has begun since, its scheduler
does nothing. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fairlead_bridge.insight import rhythm
from fairlead_bridge.insight.spans import HOUR, MINUTE, SECOND
from fairlead_bridge.insight.symptoms import Silence

#: Successful runs that say how long a run takes, and what is added to the longest of them.
FEWEST, SLACK_SHARE, SLACK = 3, 2, 5 * MINUTE
#: Silence that is none yet; and runs that are due before a scheduler is said to do nothing.
LEAST, SEVERAL = 5 * MINUTE, 3
#: Runs that are due, where so many are known, before nothing being heard is a silence: a single one
#: may have a reason of its own.
FEW = 2


@dataclass(frozen=True, slots=True)
class Run:
    """A run of one of the source's jobs; times in microseconds."""

    job: int
    began_at: int
    received_at: int  # its newest event
    seconds: float | None  # how long it took, if it succeeded
    is_going_on: bool
    is_regular: bool  # an outermost run that was not started by hand


def of(source: str, runs: Sequence[Run], dues: Sequence[int], now: int) -> Silence | None:
    """
    The silence of a source, where it fell silent; `dues` are when its next runs are due by schedule,
    as far as those have not begun.
    """
    if not runs:
        return None
    received = max(runs, key=lambda run: (run.received_at, -run.job))
    last = received.received_at
    passed = [due for due in dues if due + LEAST < now]
    missed = [due for due in passed if due > last]
    if now - last >= LEAST and (
        len(missed) >= min(FEW, len(dues) or 1) or _expected(runs, last, now, scheduled=bool(dues))
    ):
        return Silence(source, last, received.job, is_total=True, overdue=len(missed))
    begun = max(runs, key=lambda run: (run.began_at, -run.job))
    missed = [due for due in passed if due > begun.began_at]
    if len(missed) >= SEVERAL:
        return Silence(source, begun.began_at, begun.job, is_total=False, overdue=len(missed))
    return None


def since(runs: Sequence[Run], now: int) -> int | None:
    """When the source was last heard of, where it fell silent since."""
    found = of("", runs, (), now)
    return found.since if found is not None else None


def _expected(runs: Sequence[Run], last: int, now: int, *, scheduled: bool) -> bool:
    """Whether a run should have ended, or begun by rhythm, after `last`; schedules know better."""
    if scheduled:
        return False
    return any(last < each < now for each in (*_ends(runs), *_begins(runs)))


def _ends(runs: Sequence[Run]) -> Iterable[int]:
    """When the runs that go on should have ended."""
    took: dict[int, list[float]] = {}
    for run in runs:
        if run.seconds is not None:
            took.setdefault(run.job, []).append(run.seconds)
    for run in runs:
        known = took.get(run.job, [])
        if run.is_going_on and len(known) >= FEWEST:
            longest = int(max(known) * SECOND)
            yield run.began_at + max(SLACK_SHARE * longest, longest + SLACK)


def _begins(runs: Sequence[Run]) -> Iterable[int]:
    """When the next run should have begun, by the minute and, where there is none, by the hour."""
    times = sorted(run.began_at for run in runs if run.is_regular)
    learned = rhythm.learn(tuple(times)) or rhythm.learn(tuple(_hours(times)))
    due = learned.due(times[-1]) if learned is not None else None
    return [] if due is None else [due]


def _hours(times: Sequence[int]) -> list[int]:
    """The first of all times that lie less than an hour apart."""
    found: list[int] = []
    for at in times:
        if not found or at - found[-1] > HOUR:
            found.append(at)
    return found
