"""
The times at which Airflow starts the runs of a DAG by itself: what its timetable says.

A timetable is read as the events have it: cron expressions in a time zone, a span between runs, or
dates. What a timetable of the user's own does is not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from croniter import CroniterError, croniter

from fairlead_bridge.insight.spans import SECOND, words

_PRESETS = (
    "@hourly",
    "@daily",
    "@midnight",
    "@weekly",
    "@monthly",
    "@yearly",
    "@annually",
    "@quarterly",
)
_QUARTERLY = "0 0 1 */3 *"


@dataclass(frozen=True, slots=True)
class Schedule:
    """When runs are due: by cron expressions, by a span (microseconds), or at dates."""

    expressions: tuple[str, ...] = ()
    zone: tzinfo = UTC
    span: int | None = None
    dates: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        if self.expressions:
            zone = "UTC" if self.zone is UTC else str(self.zone)
            return f"{', '.join(self.expressions)} ({zone})"
        return f"every {words(self.span)}" if self.span is not None else "dates"

    def following(self, last: int) -> int | None:
        """
        When the next run is due after one that was due at `last`; microseconds.

        >>> Schedule(("0 6 * * *",)).following(0) / SECOND / 3600
        6.0
        """
        found = [_next(each, self.zone, last) for each in self.expressions]
        if self.span is not None:
            found.append(last + self.span)
        found += [next((date for date in self.dates if date > last), None)]
        return min((each for each in found if each is not None), default=None)

    def due(self, last: int, now: int, most: int = 1000) -> Iterator[int]:
        """The times between the last run's and now, at most so many; then the next one."""
        here: int | None = last
        for _ in range(most):
            here = self.following(here) if here is not None else None
            if here is None:
                return
            yield here
            if here > now:
                return


@lru_cache(maxsize=16_384)
def _next(expression: str, zone: tzinfo, last: int) -> int | None:
    """As Airflow has it: a fixed time of day comes once on the day when the clocks go back."""
    try:
        local = datetime.fromtimestamp(last / SECOND, zone)
        found = _at_fixed_time(expression, local) or _from(expression, local).get_next(float)
    except (CroniterError, ValueError, OverflowError, OSError):  # never, or beyond the calendar
        return None
    return int(found * SECOND)


def _at_fixed_time(expression: str, local: datetime) -> float | None:
    """The next time of an expression that has one time of day; None where it has several."""
    minutes, hours = _read(expression).expanded[:2]
    if len(minutes) > 1 or len(hours) > 1 or "*" in (minutes[0], hours[0]):
        return None
    coming = _from(expression, local.replace(tzinfo=None)).get_next(datetime)
    return coming.replace(tzinfo=local.tzinfo).timestamp()


def _from(expression: str, begin: datetime) -> croniter:
    """The times of an expression from a moment on."""
    found = copy(_read(expression))
    found.set_current(begin)
    return found


@lru_cache(maxsize=4096)
def _read(expression: str) -> croniter:
    """An expression that was read: that is the dear part, and many DAGs have the same."""
    return croniter(expression, 0)


def of_dag(body: Mapping[str, Any]) -> Schedule | None:
    """The schedule in a DAG's facet `fairlead_dag`; None where it has none that is known here."""
    timetable = body.get("timetable")
    found = _of(timetable) if isinstance(timetable, dict) else None
    return found or _of({"expression": body.get("schedule")})


def _of(timetable: Mapping[str, object]) -> Schedule | None:
    inner = timetable.get("timetable")
    if isinstance(inner, dict):  # of assets or time
        return _of(inner.get("__var") or inner)
    name, delta = timetable.get("timezone"), timetable.get("delta")
    several = timetable.get("expressions") or [timetable.get("expression")]
    expressions = tuple(
        filter(None, map(_expression, several if isinstance(several, list) else ()))
    )
    if expressions:
        return Schedule(expressions, zone_of(name) if isinstance(name, str) else UTC)
    if isinstance(delta, int | float) and delta > 0:
        return Schedule(span=round(delta * SECOND))
    dates = tuple(sorted(_dates(timetable.get("event_dates"))))
    return Schedule(dates=dates) if dates else None


def _expression(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    text = _QUARTERLY if value == "@quarterly" else value.strip()
    if len(text.split()) == 1 and text not in _PRESETS:  # "Dataset", "None", "@once"
        return None
    return text if _is_valid(text) else None


@lru_cache(maxsize=4096)
def _is_valid(expression: str) -> bool:
    return bool(croniter.is_valid(expression))


def _dates(listed: object) -> Iterator[int]:
    for each in listed if isinstance(listed, list) else ():
        found = time_of(each)
        if found is not None:
            yield found


def time_of(text: object) -> int | None:
    """
    The moment of an ISO 8601 text, microseconds; None where it is none.

    >>> time_of("1970-01-01T00:00:01+00:00"), time_of("soon")
    (1000000, None)
    """
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
        return round(found.timestamp() * SECOND) if found is not None else None
    except (ValueError, OverflowError, OSError):
        return None


@lru_cache(maxsize=512)
def zone_of(name: str) -> tzinfo:
    """The time zone of this name; UTC where it is none, or none that is known here."""
    try:
        return UTC if name.upper() == "UTC" else ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC
