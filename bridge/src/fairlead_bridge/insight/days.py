"""
Expectations by the day of the week and the time of day: a model of `rhythm`.

A day of the week is usually written if it was in two of the last three weeks that were written at
all, or in one of the last two and in nearly all of those before; in the first weeks of a dataset, a
workday is if the last workdays all were, and any day is if the last seven days all were. Days off of
a calendar and the turn of the year count for nothing. On a usual day the first write is late after
the latest usual time of day, since that last moved for good; so is each further write, if nearly
all days have one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import tzinfo
from itertools import pairwise
from typing import Literal

from fairlead_bridge.insight import calendars, clock
from fairlead_bridge.insight.calendars import Calendar
from fairlead_bridge.insight.clock import weekday
from fairlead_bridge.insight.spans import DAY, HOUR, MINUTE, gaps_of, percentile

#: Newest days whose times of day count, and of these the newest whose times all count.
DAYS, NEWEST = 10, 2
#: Weeks in which a day of the week counts, how often of these it must be written, and how far back
#: such weeks are looked for.
WEEKS, WRITTEN, FARTHEST = 3, 2, 8
#: A day that was written in all but so many of at least so many weeks stays usual after one without.
SELDOM, STEADY = 2, 5
MONDAY, FRIDAY, SATURDAY, SUNDAY = 0, 4, 5, 6
#: Days on which much rests, whatever the calendar.
TURN_OF_YEAR = frozenset({*((12, day) for day in range(24, 32)), (1, 1), (1, 2)})
#: Workdays in a row that make a workday expected before there are weeks to learn from.
WORKDAYS = 3
#: How much the first time of day may spread, and the share of days that have a further write.
SPREAD, NEARLY_ALL = 8 * HOUR, 0.85
#: The time of day has moved where it spreads more, but so many newest days lie so close together.
MOVED, CLOSE = 3, 2 * HOUR
#: What is added to the latest usual time: at least, at most, and of the spread.
LEEWAY, LEEWAY_MOST, SPREAD_SHARE = 45 * MINUTE, 120 * MINUTE, 1.0
#: What is added at least, and of the spread, where so many days never needed more than a share of it.
PUNCTUAL, PUNCTUAL_SPREAD, PUNCTUAL_DAYS, PUNCTUAL_SHARE = 30 * MINUTE, 0.7, 15, 0.5
#: By how much earlier days exceeded their latest usual time: days that are looked at, and the share
#: that is added. What exceeded it by more than the longest leeway was late.
EXCEEDED_DAYS, EXCEEDED_SHARE, STRAY, STRAY_SHARE = 120, 1.25, 1.5, 3.0
#: Days that are needed, and writes a day beyond which there is no rhythm by day.
FEWEST, OFTEN = 4, 16
#: Weeks that a calendar is looked for in, and the share of them in which a usual day is written.
CALENDAR_WEEKS, USUAL = 6, 0.7


class ByDay:
    """
    The days of the week and the time of day of these writes, in local time.

    Days are counted since the epoch; a clock is the time that has passed since the day began.
    """

    kind: Literal["by"] = "by"

    def __init__(
        self, writes: Sequence[int], zone: tzinfo, calendar: Calendar | None = None
    ) -> None:
        self._zone = zone
        walls = [clock.wall(at, zone) for at in writes]
        self._begins = _begin_of_day([wall % DAY for wall in walls])
        self._days: list[int] = []
        self._clocks: list[list[int]] = []  # of each day
        self._place: list[int] = []  # of each write, the day it is on
        for wall in walls:
            day, time = divmod(wall - self._begins, DAY)
            if not self._days or self._days[-1] != day:
                self._days.append(day)
                self._clocks.append([])
            self._clocks[-1].append(time)
            self._place.append(len(self._days) - 1)
        steps = sorted(step for clocks in self._clocks for step in gaps_of(clocks))
        self._step = percentile(steps, 0.5) if steps else DAY
        self._latest = [self._latest_usual(place) for place in range(len(self._days))]
        self._calendar = self._observed(calendar)
        self._usual: dict[int, frozenset[int]] = {}  # as of each day that was asked for

    def due(self, known: int, at: int) -> int | None:
        last = self._place[known - 1]
        if last + 1 < FEWEST or known > OFTEN * (last + 1):
            return None
        recent = self._recent(last)
        firsts = [clocks[0] for clocks in recent]
        if _spread(firsts) > SPREAD:
            return None
        usual, calendar = self._usual_on(last), self._calendar
        day, time = divmod(clock.wall(at, self._zone) - self._begins, DAY)
        if weekday(day) in usual:
            further = self._further(recent[:-1], time)
            if further is not None:
                return self._instant(day, further)
        following = range(day + 1, day + 15)
        expected = next(
            (
                each
                for each in following
                if weekday(each) in usual and (calendar is None or each not in calendar)
            ),
            None,
        )
        if expected is None:
            return None
        return self._instant(expected, self._latest[last] + self._leeway(last, firsts))

    @property
    def text(self) -> str:
        recent = self._recent(len(self._clocks) - 1)
        firsts = sorted(clocks[0] for clocks in recent)
        early, late = (self._words(percentile(firsts, share)) for share in (0.1, 0.9))
        number = round(sum(map(len, recent)) / len(recent))
        often = f" {number} times a day" if number > 1 else ""
        calendar = self._calendar
        days = _names(self._usual_on(len(self._days) - 1))
        between = f"at {early}" if early == late else f"between {early} and {late}"
        first = ", first" if number > 1 else ""
        off = f", not on holidays ({calendar.name})" if calendar is not None else ""
        return f"usually written{often} {days}{first} {between} {clock.name_of(self._zone)}{off}"

    # --- which days ---

    def _usual_on(self, last: int) -> frozenset[int]:
        if last not in self._usual:
            self._usual[last] = self._usual_days(last, self._calendar)
        return self._usual[last]

    def _usual_days(self, last: int, calendar: Calendar | None) -> frozenset[int]:
        """The days of the week that are usually written, as of the day at place `last`."""
        until, since = self._days[last], self._days[0]
        written = frozenset(self._days[max(0, last - 7 * FARTHEST) : last + 1])
        weeks = _weeks(until, since, written)
        begun = _begun(until, since, written)
        usual = set()
        for newest in range(until - 6, until + 1):
            seen = [
                day in written
                for week in weeks
                if (day := newest - 7 * week) >= since
                and (day in written or not _says_nothing(day, calendar))
            ]
            early = len(seen) < WRITTEN and weekday(newest) in begun
            if early or _is_usual(seen):
                usual.add(weekday(newest))
        return frozenset(usual)

    def _observed(self, given: Calendar | None) -> Calendar | None:
        """
        The calendar by which days were left out: the given one, moved as they were, or any that is
        known.
        """
        counts = Counter(map(weekday, self._days))
        weeks = (self._days[-1] - self._days[0]) / 7
        usual = {day for day, count in counts.items() if count >= USUAL * weeks}
        if weeks >= CALENDAR_WEEKS:
            written = frozenset(day for day in self._days if weekday(day) in usual)
            days = range(self._days[0], self._days[-1])
            missing = [day for day in days if day not in written and weekday(day) in usual]
            names = calendars.CANDIDATES if given is None else (given.name,)
            found = calendars.observed(missing, written, names) if missing else None
            if found is not None:
                return found
        return Calendar(given.name, _shift(usual)) if given is not None else None

    # --- at what time ---

    def _recent(self, last: int) -> Sequence[Sequence[int]]:
        """The times of the days up to the place `last` that count: those since they last moved."""
        recent = self._clocks[max(0, last + 1 - DAYS) : last + 1]
        if _spread([clocks[0] for clocks in recent]) <= SPREAD:
            return recent
        newest = [clocks[0] for clocks in recent[-MOVED:]]
        return recent[-MOVED:] if max(newest) - min(newest) <= CLOSE else recent

    def _latest_usual(self, last: int) -> int:
        """The latest usual time of the first write of a day, as of the day at place `last`."""
        firsts = [clocks[0] for clocks in self._recent(last)]
        return max(sorted(firsts)[int(0.9 * (len(firsts) - 1))], *firsts[-NEWEST:])

    def _leeway(self, last: int, firsts: Sequence[int]) -> int:
        """What is added to the latest usual time: as much as earlier days needed."""
        places = range(max(DAYS, last + 1 - EXCEEDED_DAYS), last + 1)
        exceeded = (self._clocks[place][0] - self._latest[place - 1] for place in places)
        needed = max((each for each in exceeded if each <= LEEWAY_MOST), default=0)
        is_punctual = len(places) >= PUNCTUAL_DAYS and needed <= PUNCTUAL_SHARE * PUNCTUAL
        spread = _spread(firsts)
        share = STRAY_SHARE if needed > STRAY * spread else EXCEEDED_SHARE
        least, of_spread = (PUNCTUAL, PUNCTUAL_SPREAD) if is_punctual else (LEEWAY, SPREAD_SHARE)
        wanted = max(least, share * needed, of_spread * spread)
        return int(min(wanted, LEEWAY_MOST))

    def _further(self, recent: Sequence[Sequence[int]], time: int) -> int | None:
        """Until when another write of the same day is usual."""
        after = time + self._step / 2
        found = [next((each for each in clocks if each > after), None) for clocks in recent]
        times = [each for each in found if each is not None]
        if len(times) < WORKDAYS or len(times) < NEARLY_ALL * len(found):
            return None
        leeway = max(min(LEEWAY, self._step / 2), 2 * _spread(times))
        return int(max(sorted(times)[int(0.9 * (len(times) - 1))], *times[-NEWEST:]) + leeway)

    def _instant(self, day: int, time: int) -> int:
        return clock.instant(day * DAY + self._begins + time, self._zone)

    def _words(self, time: float) -> str:
        return clock.words((time + self._begins) % DAY)


def _is_usual(seen: Sequence[bool]) -> bool:
    """Whether a day of the week is, by the weeks in which it was written or not, newest first."""
    steady = len(seen) >= STEADY and sum(seen) >= len(seen) - SELDOM
    return sum(seen[:WEEKS]) >= WRITTEN or (steady and any(seen[:WRITTEN]))


def _says_nothing(day: int, calendar: Calendar | None) -> bool:
    """Whether no write is expected on this day, so that its lack says nothing of the others."""
    if calendar is not None and day in calendar:
        return True
    date = clock.date_of(day)
    return (date.month, date.day) in TURN_OF_YEAR


def _shift(usual: Collection[int]) -> int:
    """How many days after its own day a write comes, of one that is made for each workday."""
    if SATURDAY in usual and MONDAY not in usual:
        return 1
    return -1 if SUNDAY in usual and FRIDAY not in usual else 0


def _weeks(until: int, since: int, written: Collection[int]) -> list[int]:
    """How many weeks ago the last weeks are in which anything was written."""
    found: list[int] = []
    for week in range(FARTHEST):
        end = until - 7 * week
        if end < since:
            break
        if any(day in written for day in range(end - 6, end + 1)):
            found.append(week)
    return found


def _begun(until: int, since: int, written: Collection[int]) -> range:
    """The days of the week that are usual by the last seven days alone: all, the workdays, or none."""
    days = range(max(since, until - 6), until + 1)
    if len(days) == 7 and all(day in written for day in days):
        return range(7)
    workdays = [day for day in days if weekday(day) < 5]
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
    names = [clock.WEEKDAYS[day] for day in sorted(weekdays)]
    return "on " + (" and ".join(filter(None, (", ".join(names[:-1]), names[-1]))))
