"""
Whether a source of events, such as an Airflow, fell silent against its own rhythm.

It did when its next run should have begun, or a run that goes on should have ended, and nothing at
all has come since. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fairlead_bridge.insight import rhythm
from fairlead_bridge.insight.spans import HOUR, MINUTE, SECOND

#: Successful runs that say how long a run takes, and what is added to the longest of them.
FEWEST, SLACK_SHARE, SLACK = 3, 2, 5 * MINUTE
#: Silence that is none yet.
LEAST = 5 * MINUTE


@dataclass(frozen=True, slots=True)
class Run:
    """A run of one of the source's jobs; times in microseconds."""

    job: int
    began_at: int
    heard_at: int  # its newest event
    seconds: float | None  # how long it took, if it succeeded
    is_going_on: bool
    is_regular: bool  # an outermost run that nobody started by hand


def since(runs: Sequence[Run], now: int) -> int | None:
    """When the source was last heard of, where it fell silent since."""
    last = max((run.heard_at for run in runs), default=None)
    if last is None or now - last < LEAST:
        return None
    due = [*_ends(runs), *_begins(runs)]
    return last if any(last < each < now for each in due) else None


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
