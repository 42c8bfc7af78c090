"""
Expectations by the day of the month: a model of `rhythm`.

One write a month, on the same day counted from the beginning of the month or from its end, in days
or in workdays, or on the same weekday of the same week of the month.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, tzinfo
from functools import lru_cache
from typing import Literal

from fairlead_bridge.insight import clock
from fairlead_bridge.insight.calendars import Calendar
from fairlead_bridge.insight.spans import DAY, MINUTE, gaps_of

#: Months that are learned from, how few are too few, and how many may be off.
MONTHS, FEWEST, OFF = 12, 4, 1
#: Days between two writes of one a month.
SHORTEST, LONGEST = 24, 38
#: What is added to the latest usual time of day.
LEEWAY = 45 * MINUTE


class ByMonth:
    """The day of the month and the time of day of these writes, in local time."""

    kind: Literal["by"] = "by"

    def __init__(
        self, writes: Sequence[int], zone: tzinfo, calendar: Calendar | None = None
    ) -> None:
        self._zone, self._calendar = zone, calendar
        self._walls = [clock.wall(at, zone) for at in writes]

    def due(self, known: int, at: int) -> int | None:
        recent = self._walls[max(0, known - MONTHS) : known]
        found = self._rule(recent)
        if found is None:
            return None
        _, place, number = found
        last = clock.date_of(clock.wall(at, self._zone) // DAY)
        latest = max(wall % DAY for wall in recent) + LEEWAY
        for months in (0, 1, 2):
            year, month = divmod(last.year * 12 + last.month - 1 + months, 12)
            expected = place(year, month + 1, number)
            if expected is not None and (expected - last).days >= SHORTEST // 2:
                return clock.instant(clock.day_of(expected) * DAY + latest, self._zone)
        return None

    @property
    def text(self) -> str:
        recent = self._walls[-MONTHS:]
        found = self._rule(recent)
        words = _words(found[0], found[2]) if found is not None else "every month"
        early, late = (clock.words(f(wall % DAY for wall in recent)) for f in (min, max))
        between = f"at {early}" if early == late else f"between {early} and {late}"
        return f"usually written {words} {between} {clock.name_of(self._zone)}"

    def _rule(self, walls: Sequence[int]) -> tuple[str, _Place, int] | None:
        """The rule that most of these writes keep, with its number."""
        days = [wall // DAY for wall in walls]
        if len(days) < FEWEST or not all(SHORTEST <= gap <= LONGEST for gap in gaps_of(days)):
            return None
        dates = [clock.date_of(day) for day in days]
        for words, number_of, place in self._rules():
            numbers = [number_of(date) for date in dates]
            newest = numbers[-1]
            if newest is not None and sum(each != newest for each in numbers) <= OFF:
                return words, place, newest
        return None

    def _rules(self) -> tuple[tuple[str, _Number, _Place], ...]:
        return (
            ("on the {nth} of the month", lambda date: date.day, _of_month),
            ("on the {last} day of the month", _from_end, _before_end),
            ("on the {nth} workday of the month", self._workday, self._of_workdays),
            ("on the {last} workday of the month", self._last_workday, self._of_last_workdays),
            ("on the same weekday of the month", _week, _of_weeks),
        )

    # --- workdays ---

    def _workday(self, day: date) -> int | None:
        days = _workdays(day.year, day.month, self._calendar)
        return days.index(day) + 1 if day in days else None

    def _last_workday(self, day: date) -> int | None:
        days = _workdays(day.year, day.month, self._calendar)
        return len(days) - days.index(day) if day in days else None

    def _of_workdays(self, year: int, month: int, number: int) -> date | None:
        return next(iter(_workdays(year, month, self._calendar)[number - 1 :]), None)

    def _of_last_workdays(self, year: int, month: int, number: int) -> date | None:
        return next(iter(_workdays(year, month, self._calendar)[-number:]), None)


@lru_cache(maxsize=4096)
def _workdays(year: int, month: int, off: Calendar | None) -> tuple[date, ...]:
    days = (date(year, month, day) for day in range(1, _days_in(year, month) + 1))
    return tuple(
        day for day in days if day.weekday() < 5 and (off is None or clock.day_of(day) not in off)
    )


_Number = Callable[[date], int | None]
_Place = Callable[[int, int, int], date | None]


def _of_month(year: int, month: int, number: int) -> date | None:
    return date(year, month, min(number, _days_in(year, month)))


def _from_end(day: date) -> int:
    return _days_in(day.year, day.month) - day.day + 1


def _before_end(year: int, month: int, number: int) -> date | None:
    day = _days_in(year, month) - number + 1
    return date(year, month, day) if day > 0 else None


def _week(day: date) -> int:
    """The week of the month and the weekday, as one number."""
    return (day.day - 1) // 7 * 7 + day.weekday()


def _of_weeks(year: int, month: int, number: int) -> date | None:
    week, weekday = divmod(number, 7)
    first = 1 + (weekday - date(year, month, 1).weekday()) % 7
    day = first + 7 * week
    return date(year, month, day) if day <= _days_in(year, month) else None


def _days_in(year: int, month: int) -> int:
    after = date(year + month // 12, month % 12 + 1, 1)
    return (after - date(year, month, 1)).days


def _words(words: str, number: int) -> str:
    """
    >>> _words("on the {last} day", 1), _words("on the {last} day", 3), _words("on the {nth}", 3)
    ('on the last day', 'on the 3rd last day', 'on the 3rd')
    """
    nth = _ordinal(number)
    return words.format(nth=nth, last="last" if number == 1 else f"{nth} last")


def _ordinal(number: int) -> str:
    """
    >>> [_ordinal(number) for number in (1, 2, 3, 11, 22)]
    ['1st', '2nd', '3rd', '11th', '22nd']
    """
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 10 <= number % 100 <= 20 else ending}"
