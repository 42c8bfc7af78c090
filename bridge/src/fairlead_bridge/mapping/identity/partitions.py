"""Directories that hold a part of a dataset: `dt=2026-11-01`, `2026/11/01`, `20261101`."""

from __future__ import annotations

import re
from datetime import date
from itertools import takewhile

from fairlead_bridge.mapping.identity.spelling import Pairs

_KEY = re.compile(r"([A-Za-z_][\w\-]*)=(.+)")
#: Files that engines write into a partition; any other file there is a dataset of its own.
_PART_FILE = re.compile(r"part-\d.*|_SUCCESS|_delta_log|_metadata|\*(\.\w+)*")
_DAY = re.compile(r"(\d{4})(-?)(\d\d)\2(\d\d)(?:[T_ ].*)?")
_MONTH = re.compile(r"(\d{4})-(\d\d)")
_YEAR, _TWO_DIGITS = re.compile(r"\d{4}"), re.compile(r"\d\d")
_YEARS = range(1970, 2100)


def keys(path: str) -> tuple[str, Pairs]:
    """
    Cuts `key=value` directories off the end; something always stays.

    >>> keys("t/dt=2026-11-01/h=3")
    ('t', (('dt', '2026-11-01'), ('h', '3')))
    """
    segments = path.split("/")
    last = len(segments)
    if last > 2 and _PART_FILE.fullmatch(segments[-1]) and _KEY.fullmatch(segments[-2]):
        last -= 1
    matches = takewhile(bool, map(_KEY.fullmatch, reversed(segments[1:last])))
    pairs = [(pair[1], pair[2]) for pair in matches if pair]
    rest = segments[: last - len(pairs)]
    if not pairs or not any(rest):
        return path, ()
    return "/".join(rest), tuple(reversed(pairs))


def dates(path: str) -> tuple[str, Pairs]:
    """
    Cuts one date off the end, a directory or one for each of year, month, day and hour.

    >>> dates("lake/t/2026/11/01")
    ('lake/t', (('date', '2026-11-01'),))
    >>> dates("lake/t/20261101")
    ('lake/t', (('date', '2026-11-01'),))
    """
    segments = path.rsplit("/", 4)
    for take, found in (
        (4, _hour(segments[-4:])),
        (3, _split_day(segments[-3:])),
        (1, _day(segments[-1])),
        (2, _split_month(segments[-2:])),
        (1, _month(segments[-1])),
    ):
        if found is None:
            continue
        rest = "/".join(segments[:-take])
        if rest.strip("/"):
            return rest, (("date", found),)
    return path, ()


def is_day(digits: str) -> bool:
    """Whether eight digits are a day.

    >>> is_day("20261101"), is_day("20261301")
    (True, False)
    """
    return len(digits) == 8 and _day(digits) is not None


def _day(segment: str) -> str | None:
    found = _DAY.fullmatch(segment)
    return _checked(found[1], found[3], found[4]) if found else None


def _month(segment: str) -> str | None:
    found = _MONTH.fullmatch(segment)
    day = _checked(found[1], found[2], "01") if found else None
    return day[:7] if day else None


def _split_day(segments: list[str]) -> str | None:
    if len(segments) < 3 or not _YEAR.fullmatch(segments[0]):
        return None
    if not all(_TWO_DIGITS.fullmatch(each) for each in segments[1:]):
        return None
    return _checked(*segments)


def _split_month(segments: list[str]) -> str | None:
    day = _split_day([*segments, "01"])
    return day[:7] if day else None


def _hour(segments: list[str]) -> str | None:
    day = _split_day(segments[:3]) if len(segments) == 4 else None
    if day is None or not _TWO_DIGITS.fullmatch(segments[3]) or int(segments[3]) > 23:
        return None
    return f"{day}T{segments[3]}"


def _checked(year: str, month: str, day: str) -> str | None:
    if int(year) not in _YEARS:
        return None
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None
