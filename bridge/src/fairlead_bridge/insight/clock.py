"""Wall-clock time of a time zone: microseconds since the epoch as the clock on the wall shows them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

from fairlead_bridge.insight.spans import MINUTE

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EPOCH_ORDINAL = _EPOCH.toordinal()

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


_OFFSET = re.compile(r"([+-])(0\d|1[0-4]):([0-5]\d)")


@cache
def zone(name: str) -> tzinfo:
    """
    The time zone of this name, or with this offset from UTC. Raises ValueError where it is not known.

    >>> name_of(zone("+05:30"))
    'UTC+05:30'
    """
    if name.upper() == "UTC":
        return UTC
    offset = _OFFSET.fullmatch(name)
    if offset is not None:
        away = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(-away if offset[1] == "-" else away)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # OSError: the name of a folder
        raise ValueError(
            f"{name!r} is not a known time zone; write one such as Europe/Berlin or +05:30"
        ) from error


def zone_or_utc(name: object) -> tzinfo:
    """The time zone of this name; UTC where it is not known."""
    try:
        return zone(name) if isinstance(name, str) and name else UTC
    except ValueError:
        return UTC


def name_of(zone: tzinfo) -> str:
    return "UTC" if zone is UTC else str(zone)


def wall(at: int, zone: tzinfo) -> int:
    """What the clock on the wall shows at a moment."""
    if zone is UTC:
        return at
    offset = (_EPOCH + timedelta(microseconds=at)).astimezone(zone).utcoffset()
    return at + (offset or timedelta()) // _MICROSECOND


def instant(wall: int, zone: tzinfo) -> int:
    """
    The moment at which the clock on the wall shows this.

    Of two, the first; where the clock skips it, the moment as if it had not been put forward yet.
    """
    if zone is UTC:
        return wall
    shown = (_EPOCH + timedelta(microseconds=wall)).replace(tzinfo=zone)
    return (shown - _EPOCH) // _MICROSECOND


def weekday(day: int) -> int:
    """0 is Monday; the epoch was a Thursday."""
    return (day + 3) % 7


def date_of(day: int) -> date:
    """The date of a day since the epoch. Raises ValueError or OverflowError beyond the calendar."""
    return date.fromordinal(day + _EPOCH_ORDINAL)


def day_of(date: date) -> int:
    """Days since the epoch."""
    return date.toordinal() - _EPOCH_ORDINAL


def words(clock: float) -> str:
    """
    A time of day for people.

    >>> words(7 * 60 * MINUTE)
    '07:00'
    """
    minutes = int(clock) // MINUTE
    return f"{minutes // 60:02}:{minutes % 60:02}"
