"""
What a schedule makes expected of a dataset: a write so long after each time that the DAG is due.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from fairlead_bridge.insight.schedules import Schedule
from fairlead_bridge.insight.spans import MINUTE, SECOND, percentile, words

#: Newest scheduled writes that are looked at, and how few are too few.
WRITES, FEWEST = 20, 2
#: What is added to the longest usual time from the schedule to the write: of the period, at most,
#: and at least.
SLACK_SHARE, SLACK_MOST, SLACK = 0.1, 45 * MINUTE, 10 * MINUTE
#: Share of the newest writes that may have come too late, before the schedule counts for nothing.
MISTAKES = 0.15
#: Times of a schedule that are followed without a write.
MOST = 1000

_SCHEDULED = "scheduled__"


@dataclass(frozen=True, slots=True)
class Planned:
    """
    A write at most `delay` after each time of the schedule (microseconds), at least `least`.

    `fires` has for the newest writes, oldest first: when each came, and the time it was due to.
    """

    schedule: Schedule
    fires: tuple[tuple[int, int], ...]
    delay: int
    least: int = 0

    def due(self, at: int) -> int | None:
        """When the write for the time after the one that a write at `at` was due to is late."""
        place = bisect_right(self.fires, (at, 2**63))
        written, fire = self.fires[place - 1] if place else (at, None)
        for _ in range(MOST):
            fire = self.schedule.following(fire) if fire is not None else None
            if fire is None:
                return None
            # What came in another run, as by hand, is there too if it began after the time.
            is_there = written < at and fire + self.least <= at
            if fire + self.delay > at and not is_there:
                return fire + self.delay
        return None


def fires(
    schedule: Schedule, writes: Iterable[tuple[int, str | None]]
) -> tuple[tuple[int, int], ...]:
    """
    The time of the schedule that each write was due to, oldest first.

    `writes` are times with Airflow's run_id, which names the logical date: the time itself or, where
    a run is for the interval that ends then, the time before it. Runs of an earlier schedule, and
    those that nothing planned, are left out.
    """
    found = []
    for at, run_id in writes:
        logical = _logical(run_id)
        if logical is None:
            continue
        following = schedule.following(logical)
        if schedule.span is None and schedule.following(logical - SECOND) != logical:
            continue  # a run of another schedule
        found.append((at, following if following is not None and following <= at else logical))
    return tuple(found[-WRITES:])


def usual(schedule: Schedule, found: Sequence[tuple[int, int]]) -> tuple[Planned, str] | None:
    """
    What the schedule makes expected, with words for it; None where writes do not follow it.

    They do not where they usually take longer than until the next time, or the schedule alone
    would have called too many of them late.
    """
    if len(found) < FEWEST:
        return None
    delays = sorted(at - fire for at, fire in found)
    following = schedule.following(found[-1][1])
    if following is None or percentile(delays, 0.5) > following - found[-1][1]:
        return None
    period = following - found[-1][1]
    longest = percentile(delays, 0.9)
    slack = max(SLACK, min(SLACK_SHARE * period, SLACK_MOST), longest - percentile(delays, 0.1))
    least = round(percentile(delays, 0.1))
    planned = Planned(schedule, tuple(found), round(longest + min(slack, period)), least)
    gaps = list(pairwise(found))
    wrong = sum((planned.due(before[0]) or after[0]) < after[0] for before, after in gaps)
    if wrong > MISTAKES * len(gaps):
        return None
    text = f"scheduled at {schedule.text}" if schedule.expressions else f"scheduled {schedule.text}"
    later = words(max(percentile(delays, 0.5), SECOND))
    amount = later if later[0].isdigit() else f"1 {later}"
    return planned, f"{text}, usually written {amount} later; {len(found)} writes"


def _logical(run_id: str | None) -> int | None:
    """The logical date in the run_id of a scheduled DAG run; microseconds."""
    if run_id is None or not run_id.startswith(_SCHEDULED):
        return None
    try:
        date = datetime.fromisoformat(run_id.removeprefix(_SCHEDULED))
    except ValueError:
        return None
    aware = date if date.tzinfo else date.replace(tzinfo=UTC)
    return round(aware.timestamp() * SECOND)
