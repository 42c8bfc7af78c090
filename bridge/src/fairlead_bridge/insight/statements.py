"""
Expectations as people write them, in the REST API and in files.

    {"by": "07:00", "days": "workdays", "zone": "Europe/Berlin", "holidays": "DE"}
    {"by": ["07:00", "13:00"], "days": ["Mon", "Thu"]}
    {"by": "09:00", "days": "last workday of month"}
    {"every": "6h"}
    {"within": "45m"}    {"starts_within": "10m"}
    {"rows": {"at_least": 1000, "at_most": 50000}}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from fairlead_bridge.errors import Wrong
from fairlead_bridge.insight import calendars, clock
from fairlead_bridge.insight.expectations import Expectation, Kind, Source
from fairlead_bridge.insight.rules import By, Days, Every, RowCount, Within
from fairlead_bridge.insight.spans import DAY, HOUR, MINUTE, SECOND

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_OF_MONTH = re.compile(r"(?:(\d+)(?:st|nd|rd|th)?|first|last) (day|workday) of (?:the )?month")

#: The fields that make an expectation of each kind, and the fields that only go with `by`.
_KINDS: dict[str, Kind] = {
    "by": "by",
    "every": "every",
    "within": "within",
    "starts_within": "within",
    "rows": "rows",
}
_ONLY_BY = ("days", "zone", "holidays", "looking_back")


class Rows(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    at_least: int | None = None
    at_most: int | None = None


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is stated of a dataset or a job: one of by, every, within and starts_within, rows."""

    by: str | tuple[str, ...] | None = None
    days: str | tuple[str, ...] | None = None
    zone: str | None = None
    holidays: str | None = None
    looking_back: str | None = None
    every: str | None = None
    within: str | None = None
    starts_within: str | None = None
    rows: Rows | None = None
    note: str | None = None

    @property
    def kind(self) -> Kind:
        """Raises Wrong where it is not exactly one."""
        given = {_KINDS[name]: name for name in _KINDS if getattr(self, name) is not None}
        if len(given) != 1:
            stated = " and ".join(given.values())
            raise Wrong(
                next(iter(given.values()), "by"),
                f"{f'{stated} are' if given else 'nothing is'} stated; state one of by, every, within (or starts_within) and rows, "
                "and write another expectation for each further one",
            )
        return next(iter(given))


def expectation(stated: Statement, source: Source, where: str = "") -> Expectation:
    """
    The expectation that is stated; `where` names the person or the file for its text.

    Raises Wrong, which says what to write instead.
    """
    kind = stated.kind
    stray = [name for name in _ONLY_BY if getattr(stated, name) is not None] if kind != "by" else []
    if stray:
        raise Wrong(
            stray[0], f"it goes with `by` only; leave it out or state `by` instead of {kind}"
        )
    rule = _rule(stated, kind)
    note = f" ({stated.note})" if stated.note else ""
    return Expectation(kind, source, f"{_SAYS[source]}{where}: {rule.text}{note}", rule)


_SAYS: dict[Source, str] = {
    "person": "set by ",
    "file": "set in ",
    "contract": "data contract ",
    "dbt": "dbt source freshness in ",
    "airflow": "Airflow deadline ",
    "schedule": "schedule ",
    "learned": "",
}


def _rule(stated: Statement, kind: Kind) -> By | Every | Within | RowCount:
    if kind == "by":
        return _by(stated)
    if kind == "every":
        return Every(duration("every", stated.every or ""))
    if kind == "within":
        longest, starts = stated.within, stated.starts_within
        return Within(
            duration("within", longest) if longest is not None else None,
            duration("starts_within", starts) if starts is not None else None,
        )
    return _rows(stated.rows or Rows())


def _rows(rows: Rows) -> RowCount:
    least, most = rows.at_least, rows.at_most
    if least is None and most is None:
        raise Wrong("rows", "write at_least, at_most or both: { at_least = 1000, at_most = 50000 }")
    if least is not None and most is not None and least > most:
        raise Wrong("rows", f"at_least = {least} is more than at_most = {most}")
    if min(least or 0, most or 0) < 0:
        raise Wrong("rows", "a write has 0 rows or more")
    return RowCount(least, most)


def _by(stated: Statement) -> By:
    given = (stated.by,) if isinstance(stated.by, str) else stated.by or ()
    times = tuple(sorted({_time(each) for each in given}))
    if not times:
        raise Wrong("by", 'write a time of day such as "07:00"')
    try:
        zone = clock.zone(stated.zone or "UTC")
    except ValueError as error:
        raise Wrong("zone", str(error)) from error
    back = stated.looking_back
    days = _days(stated.days, _calendar(stated.holidays))
    return By(times, days, zone, duration("looking_back", back) if back is not None else None)


def _time(text: str) -> int:
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise Wrong("by", f"{text!r} is not a time of day; write hours and minutes such as 07:00")
    return int(found[1]) * HOUR + int(found[2]) * MINUTE


def _calendar(name: str | None) -> calendars.Calendar | None:
    if name is None:
        return None
    try:
        return calendars.named(name)
    except ValueError as error:
        raise Wrong("holidays", str(error)) from error


def _days(given: str | tuple[str, ...] | None, calendar: calendars.Calendar | None) -> Days:
    text = given if isinstance(given, str) else None
    if given is None or text in ("every day", "daily"):
        return Days(calendar=calendar)
    if text in ("workdays", "weekdays"):
        return Days(frozenset(range(5)), calendar=calendar)
    words = (text,) if text is not None else tuple(given)
    if words and all(_OF_MONTH.fullmatch(word) for word in words):
        return _days_of_month(words, calendar)
    names = [_weekday(word) for word in words]
    found = [name for name in names if name is not None]
    if not names or len(found) < len(names):
        wrong = next((word for word in words if _weekday(word) is None), "[]")
        raise Wrong(
            "days",
            f'{wrong!r} is not a day; write "every day", "workdays", a list such as '
            '["Mon", "Thu"], or "last workday of month"',
        )
    return Days(frozenset(clock.WEEKDAYS.index(name) for name in found), calendar=calendar)


_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _weekday(word: str) -> str | None:
    """
    >>> _weekday("Thurs"), _weekday("mondays"), _weekday("Montag")
    ('Thu', 'Mon', None)
    """
    text = word.strip().lower()
    known = (day for day in _WEEKDAYS if len(text) >= 3 and f"{day}s".startswith(text))
    day = next(known, None)
    return day[:3].capitalize() if day is not None else None


def _days_of_month(words: tuple[str, ...], calendar: calendars.Calendar | None) -> Days:
    found = [match for match in map(_OF_MONTH.fullmatch, words) if match is not None]
    kinds = {match[2] for match in found}
    if len(kinds) > 1:
        raise Wrong("days", "days and workdays of the month are two expectations; write two")
    numbers = {
        int(match[1]) if match[1] else -1 if match[0].startswith("last") else 1 for match in found
    }
    if not numbers <= {*range(1, 32), -1}:
        raise Wrong("days", "a month has days 1 to 31")
    return Days(of_month=frozenset(numbers), workdays="workday" in kinds, calendar=calendar)


def duration(field: str, text: str) -> int:
    """
    A duration in microseconds. Raises Wrong where the text is none.

    >>> duration("every", "1h 30m") / HOUR
    1.5
    """
    if not _DURATION.findall(text) or _DURATION.sub("", text).strip():
        raise Wrong(
            field, f"{text!r} is not a duration; write a number and a unit: 30s, 45m, 6h, 2d, 1w"
        )
    span = sum(round(float(number) * _UNITS[unit]) for number, unit in _DURATION.findall(text))
    if not 0 < span <= 3660 * DAY:
        raise Wrong(field, f"{text!r} must be more than nothing and at most ten years")
    return span


def read(body: Any) -> Statement:
    """
    A statement from what JSON or TOML have.

    Raises Wrong where a field is unknown or of another type.
    """
    if isinstance(body, Mapping):
        for field, value in body.items():
            _check(field, value)
    try:
        return msgspec.convert(body, Statement)
    except msgspec.ValidationError as error:
        raise Wrong("", f"{error}; known fields are {', '.join(_FIELDS)}") from error


def _check(field: str, value: object) -> None:
    """Field by field, since an error of msgspec names its place in its text alone."""
    if field not in _FIELDS:
        known = ", ".join(_FIELDS)
        raise Wrong(field, f"there is no field {field!r}; known fields are {known}")
    try:
        msgspec.convert(value, _FIELDS[field])
    except msgspec.ValidationError as error:
        raise Wrong(field, f"this is of another type; {_EXAMPLES[field]}") from error


_EXAMPLES = {
    "by": 'write a time of day in quotes, or a list of them: by = "07:00"',
    "days": 'write text in quotes, or a list of it: days = "workdays", days = ["Mon", "Thu"]',
    "zone": 'write text in quotes: zone = "Europe/Berlin"',
    "holidays": 'write text in quotes: holidays = "DE"',
    "looking_back": 'write a duration in quotes: looking_back = "12h"',
    "every": 'write a duration in quotes: every = "6h"',
    "within": 'write a duration in quotes: within = "45m"',
    "starts_within": 'write a duration in quotes: starts_within = "10m"',
    "rows": "write whole numbers as at_least, at_most or both: "
    "rows = { at_least = 1000, at_most = 50000 }",
    "note": 'write text in quotes: note = "..."',
}


_FIELDS = {field.name: field.type for field in msgspec.structs.fields(Statement)}
