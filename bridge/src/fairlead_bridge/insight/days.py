"""
Expectations by the day of the week and the time of day: a model of `rhythm`.

A day of the week is usually written if it was in two of the last three weeks that were written at
all; in the first weeks of a dataset, a workday is if the last workdays all were, and any day is if
the last seven days all were. On such a day the
first write is late after the latest usual time of day; so is each further write, if nearly all
days have one.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Literal

from fairlead_bridge.insight.spans import DAY, HOUR, MINUTE, gaps_of, percentile

#: Newest days whose times of day count, and of these the newest whose times all count.
DAYS, NEWEST = 10, 2
#: Weeks in which a day of the week counts, how often of these it must be written, and how far back
#: such weeks are looked for.
WEEKS, WRITTEN, FARTHEST = 3, 2, 8
#: Workdays in a row that make a workday expected before there are weeks to learn from.
WORKDAYS = 3
#: How much the first time of day may spread, and the share of days that have a further write.
SPREAD, NEARLY_ALL = 8 * HOUR, 0.85
#: What is added to the latest usual time: at least, and of the spread.
LEEWAY, SPREAD_SHARE = 45 * MINUTE, 2
#: Days that are needed, and writes a day beyond which there is no rhythm by day.
FEWEST, OFTEN = 4, 16

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ByDay:
    """
    The days of the week and the time of day of these writes, in local time.

    Days are counted since the epoch; a clock is what has passed since the day began.
    """

    kind: Literal["by"] = "by"

    def __init__(self, writes: Sequence[int], zone: tzinfo) -> None:
        self._zone = zone
        walls = [self._wall(at) for at in writes]
        self._begins = _begin_of_day([wall % DAY for wall in walls])
        self._days: list[int] = []
        self._clocks: list[list[int]] = []  # of each day
        self._place: list[int] = []  # of each write, the day it is on
        for wall in walls:
            day, clock = divmod(wall - self._begins, DAY)
            if not self._days or self._days[-1] != day:
                self._days.append(day)
                self._clocks.append([])
            self._clocks[-1].append(clock)
            self._place.append(len(self._days) - 1)
        steps = sorted(step for clocks in self._clocks for step in gaps_of(clocks))
        self._step = percentile(steps, 0.5) if steps else DAY

    def due(self, known: int, at: int) -> int | None:
        last = self._place[known - 1]
        if last + 1 < FEWEST or known > OFTEN * (last + 1):
            return None
        recent = self._clocks[max(0, last + 1 - DAYS) : last + 1]
        firsts = [clocks[0] for clocks in recent]
        if _spread(firsts) > SPREAD:
            return None
        usual = self._usual_days(last)
        day, clock = divmod(self._wall(at) - self._begins, DAY)
        if _weekday(day) in usual:
            further = self._further(recent[:-1], clock)
            if further is not None:
                return self._instant(day, further)
        following = range(day + 1, day + 8)
        expected = next((each for each in following if _weekday(each) in usual), None)
        return self._instant(expected, self._latest(firsts)) if expected is not None else None

    @property
    def text(self) -> str:
        recent = self._clocks[-DAYS:]
        firsts = sorted(clocks[0] for clocks in recent)
        early, late = (self._words(percentile(firsts, share)) for share in (0.1, 0.9))
        number = round(sum(map(len, recent)) / len(recent))
        often = f" {number} times a day" if number > 1 else ""
        days = _names(self._usual_days(len(self._days) - 1))
        between = f"at {early}" if early == late else f"between {early} and {late}"
        first = ", first" if number > 1 else ""
        return f"usually written{often} {days}{first} {between} {self._zone_name()}"

    # --- which days ---

    def _usual_days(self, last: int) -> frozenset[int]:
        """The days of the week that are usually written, as of the day at place `last`."""
        until, since = self._days[last], self._days[0]
        written = frozenset(self._days[max(0, last - 7 * FARTHEST) : last + 1])
        weeks = _weeks(until, since, written)
        begun = _begun(until, since, written)
        usual = set()
        for newest in range(until - 6, until + 1):
            seen = [day for week in weeks if (day := newest - 7 * week) >= since]
            early = len(seen) < WRITTEN and _weekday(newest) in begun
            if early or sum(day in written for day in seen) >= WRITTEN:
                usual.add(_weekday(newest))
        return frozenset(usual)

    # --- at what time ---

    def _further(self, recent: Sequence[Sequence[int]], clock: int) -> int | None:
        """Until when another write of the same day is usual."""
        after = clock + self._step / 2
        found = [next((each for each in clocks if each > after), None) for clocks in recent]
        times = [each for each in found if each is not None]
        if len(times) < WORKDAYS or len(times) < NEARLY_ALL * len(found):
            return None
        return self._latest(times)

    def _latest(self, clocks: Sequence[int]) -> int:
        """The latest usual time, with leeway."""
        leeway = max(min(LEEWAY, self._step / 2), SPREAD_SHARE * _spread(clocks))
        return int(max(sorted(clocks)[int(0.9 * (len(clocks) - 1))], *clocks[-NEWEST:]) + leeway)

    # --- local time ---

    def _wall(self, at: int) -> int:
        """What the clock on the wall shows, as microseconds."""
        if self._zone is UTC:
            return at
        offset = (_EPOCH + timedelta(microseconds=at)).astimezone(self._zone).utcoffset()
        return at + (offset or timedelta()) // timedelta(microseconds=1)

    def _instant(self, day: int, clock: int) -> int:
        """The moment of a clock on the wall."""
        wall = day * DAY + self._begins + clock
        if self._zone is UTC:
            return wall
        shown = (_EPOCH + timedelta(microseconds=wall)).replace(tzinfo=self._zone)
        return (shown - _EPOCH) // timedelta(microseconds=1)

    def _words(self, clock: float) -> str:
        minutes = int((clock + self._begins) % DAY) // MINUTE
        return f"{minutes // 60:02}:{minutes % 60:02}"

    def _zone_name(self) -> str:
        return "UTC" if self._zone is UTC else str(self._zone)


def _weekday(day: int) -> int:
    """0 is Monday; the epoch was a Thursday."""
    return (day + 3) % 7


def _weeks(until: int, since: int, written: Collection[int]) -> list[int]:
    """How many weeks ago the last weeks are in which anything was written."""
    found: list[int] = []
    for week in range(FARTHEST):
        end = until - 7 * week
        if end < since or len(found) == WEEKS:
            break
        if any(day in written for day in range(end - 6, end + 1)):
            found.append(week)
    return found


def _begun(until: int, since: int, written: Collection[int]) -> range:
    """The days of the week that are usual by the last seven days alone: all, the workdays, or none."""
    days = range(max(since, until - 6), until + 1)
    if len(days) == 7 and all(day in written for day in days):
        return range(7)
    workdays = [day for day in days if _weekday(day) < 5]
    whole = len(workdays) >= WORKDAYS and all(day in written for day in workdays)
    return range(5 if whole else 0)


def _begin_of_day(clocks: Sequence[int]) -> int:
    """When the day of these times begins: at midnight, or in the longest pause where that is not."""
    ordered = sorted(clocks)
    pauses = [(after - before, before) for before, after in pairwise(ordered)]
    over_midnight = ordered[0] + DAY - ordered[-1]
    longest, begin = max(pauses, default=(0, 0))
    if over_midnight >= longest / 2:
        return 0
    middle = begin + longest // 2
    return middle if middle < DAY // 2 else middle - DAY


def _spread(clocks: Sequence[int]) -> float:
    """How far they lie apart, the earliest and the latest tenth left out."""
    ordered = sorted(clocks)
    left_out = math.ceil(0.1 * (len(ordered) - 1))
    return ordered[-1 - left_out] - ordered[left_out]


def _names(weekdays: frozenset[int]) -> str:
    """
    >>> _names(frozenset(range(5))), _names(frozenset({1, 4}))
    ('on workdays', 'on Tue and Fri')
    """
    if len(weekdays) == 7:
        return "every day"
    if weekdays == frozenset(range(5)):
        return "on workdays"
    names = [_WEEKDAYS[day] for day in sorted(weekdays)]
    return "on " + (" and ".join(filter(None, (", ".join(names[:-1]), names[-1]))))
