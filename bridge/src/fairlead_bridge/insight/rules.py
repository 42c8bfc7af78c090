"""Rules of stated expectations: by a time of day, every so often, within a duration, so many rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo

from fairlead_bridge.insight import clock
from fairlead_bridge.insight.calendars import Calendar
from fairlead_bridge.insight.spans import DAY, HOUR, words

#: A write counts for the next deadline only if it came so long before it, or less.
LOOKING_BACK = 12 * HOUR
#: Days after a write in which its next deadline is looked for.
FARTHEST = 400


@dataclass(frozen=True, slots=True)
class Days:
    """
    The days that a deadline is on: by the weekday (0 is Monday), or by the day of the month.

    Days of the month count from 1, and from the end with -1 as the last; `workdays` counts only
    Mondays to Fridays, holidays left out.
    """

    weekdays: frozenset[int] = frozenset(range(7))
    of_month: frozenset[int] = frozenset()
    workdays: bool = False
    calendar: Calendar | None = None

    def __contains__(self, day: int) -> bool:
        """Whether a deadline is on this day, counted since the epoch."""
        if self.of_month:
            return self._of_month(day)
        return clock.weekday(day) in self.weekdays and not self._is_off(day)

    @property
    def text(self) -> str:
        if self.of_month:
            kind = "workday" if self.workdays else "day"
            numbers = sorted(self.of_month, key=lambda number: (number < 0, number))
            return "on " + " and ".join(_nth(number, kind) for number in numbers)
        if self.weekdays == frozenset(range(7)):
            found = "every day"
        elif self.weekdays == frozenset(range(5)):
            found = "on workdays"
        else:
            found = "on " + ", ".join(clock.WEEKDAYS[day] for day in sorted(self.weekdays))
        return (
            found if self.calendar is None else f"{found}, not on holidays ({self.calendar.name})"
        )

    def _is_off(self, day: int) -> bool:
        return self.calendar is not None and day in self.calendar

    def _of_month(self, day: int) -> bool:
        date = clock.date_of(day)
        first = day - date.day + 1
        days = [
            each
            for each in range(first, first + 31)
            if clock.date_of(each).month == date.month
            and not (self.workdays and (clock.weekday(each) > 4 or self._is_off(each)))
        ]
        if day not in days:
            return False
        place = days.index(day)
        return place + 1 in self.of_month or place - len(days) in self.of_month


def _nth(number: int, kind: str) -> str:
    """
    >>> _nth(1, "workday"), _nth(-1, "day"), _nth(-2, "day")
    ('workday 1 of the month', 'the last day of the month', '2 days before the end of the month')
    """
    if number > 0:
        return f"{kind} {number} of the month"
    if number == -1:
        return f"the last {kind} of the month"
    return f"{-number} {kind}s before the end of the month"


@dataclass(frozen=True, slots=True)
class By:
    """Fresh by wall-clock times (microseconds since midnight, ascending) on some days in a zone."""

    times: tuple[int, ...]
    days: Days = Days()
    zone: tzinfo = UTC
    looking_back: int | None = None  # microseconds

    def due(self, at: int) -> int | None:
        """The first deadline for which a write at `at` came too early."""
        before: int | None = None
        for deadline in self._deadlines(clock.wall(at, self.zone) // DAY - 1):
            if deadline > at and at < deadline - self._span(before, deadline):
                return deadline
            before = deadline
        return None

    def _span(self, before: int | None, deadline: int) -> int:
        if self.looking_back is not None:
            return self.looking_back
        return min(LOOKING_BACK, deadline - before) if before is not None else LOOKING_BACK

    def _deadlines(self, first: int) -> Iterator[int]:
        for day in range(first, first + FARTHEST):
            if day in self.days:
                for time in self.times:
                    yield clock.instant(day * DAY + time, self.zone)

    @property
    def text(self) -> str:
        times = " and ".join(clock.words(time) for time in self.times)
        return f"by {times} {clock.name_of(self.zone)} {self.days.text}"


@dataclass(frozen=True, slots=True)
class Every:
    """Never older than a span; microseconds."""

    span: int

    def due(self, at: int) -> int | None:
        return at + self.span

    @property
    def text(self) -> str:
        return f"never older than {_amount(self.span)}"


@dataclass(frozen=True, slots=True)
class Within:
    """A run takes at most `longest`, and starts at most `starts` after it should; microseconds."""

    longest: int | None = None
    starts: int | None = None

    def due(self, at: int) -> int | None:
        """When a run that began at `at` should have ended."""
        return at + self.longest if self.longest is not None else None

    def start_due(self, planned_at: int) -> int | None:
        """When a run that was planned for then should have begun."""
        return planned_at + self.starts if self.starts is not None else None

    @property
    def text(self) -> str:
        parts = []
        if self.longest is not None:
            parts.append(f"takes at most {_amount(self.longest)}")
        if self.starts is not None:
            parts.append(f"starts at most {_amount(self.starts)} after it should")
        return " and ".join(parts)


@dataclass(frozen=True, slots=True)
class RowCount:
    """A write has at least, and at most, so many rows."""

    least: int | None = None
    most: int | None = None

    def due(self, _at: int) -> int | None:
        return None

    def is_met(self, rows: int) -> bool:
        """Whether a write of so many rows is as expected."""
        return (self.least is None or rows >= self.least) and (
            self.most is None or rows <= self.most
        )

    @property
    def text(self) -> str:
        if self.least is None:
            return f"at most {self.most} rows a write"
        if self.most is None:
            return f"at least {self.least} rows a write"
        return f"{self.least} to {self.most} rows a write"


def _amount(span: int) -> str:
    """
    >>> _amount(HOUR), _amount(90 * HOUR // 60)
    ('1 hour', '90 minutes')
    """
    found = words(span)
    return found if found[0].isdigit() else f"1 {found}"
