"""When a message may be sent: digests and quiet hours. Pure; times in microseconds, UTC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ALL_DAYS = frozenset(range(7))
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> int:
    """Microseconds since the epoch of an aware time."""
    return (moment - _EPOCH) // _MICROSECOND


def local(at: int, zone: ZoneInfo) -> datetime:
    """The time `at` on the clocks of a zone."""
    return (_EPOCH + timedelta(microseconds=at)).astimezone(zone)


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which only what is critical is sent, on the weekdays (Monday is 0) they begin on."""

    start: time
    end: time  # the next day where it is not after `start`
    zone: ZoneInfo
    days: frozenset[int] = ALL_DAYS

    def until(self, at: int) -> int | None:
        """The end of the quiet hours that `at` lies in, None where it lies in none."""
        today = local(at, self.zone).date()
        for day in (today - timedelta(days=1), today):
            begin, end = self._on(day)
            if day.weekday() in self.days and begin <= at < end:
                return end
        return None

    def _on(self, day: date) -> tuple[int, int]:
        last = day if self.end > self.start else day + timedelta(days=1)
        begin = datetime.combine(day, self.start, self.zone)
        return micros(begin), micros(datetime.combine(last, self.end, self.zone))


@dataclass(frozen=True, slots=True)
class Every:
    """Digests of periods of this length, counted from the epoch."""

    period: int  # microseconds

    def after(self, at: int) -> int:
        """The first end of a period that is later than `at`."""
        return (at // self.period + 1) * self.period


@dataclass(frozen=True, slots=True)
class Daily:
    """A digest at a time of day, on some weekdays (Monday is 0)."""

    at: time
    zone: ZoneInfo
    days: frozenset[int] = ALL_DAYS

    def after(self, at: int) -> int:
        """The first such time that is later than `at`."""
        return next(moment for moment in self._from(local(at, self.zone).date()) if moment > at)

    def _from(self, day: date) -> Iterator[int]:
        while True:
            if day.weekday() in self.days:
                yield micros(datetime.combine(day, self.at, self.zone))
            day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """When a message is due, and whether it goes together with others that are due then."""

    due_at: int
    collected: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a channel may receive messages."""

    digest: Every | Daily | None = None
    quiet: tuple[Quiet, ...] = ()

    def plan(self, since: int, *, critical: bool) -> Plan:
        """Plan a message that came to be at `since`: a digest takes all, quiet hours spare critical ones."""
        due_at = since if self.digest is None else self.digest.after(since)
        allowed = due_at if critical else self.quiet_until(due_at)
        return Plan(allowed, self.digest is not None or allowed > due_at)

    def quiet_until(self, at: int) -> int:
        """The first time from `at` on that is in no quiet hours."""
        for _ in range(4 * len(self.quiet)):  # hours that follow each other; never without an end
            end = next((end for quiet in self.quiet if (end := quiet.until(at))), None)
            if end is None:
                break
            at = end
        return at
