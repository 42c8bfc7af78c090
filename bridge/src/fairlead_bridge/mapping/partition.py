"""
Which partition of a dataset was written, as a moment: when what it holds begins.

By the name of the dataset (`dt=2026-11-01/h=3`, `t$20261101`), by the output facet `subset`, or by
the partition that Airflow ran its DAG for. What no date names is no partition in time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from fairlead_bridge.mapping import decode
from fairlead_bridge.mapping.decode import Facets
from fairlead_bridge.mapping.identity import partitions
from fairlead_bridge.mapping.identity.spelling import Pairs

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS = range(1970, 2100)
#: Conditions within conditions that are read, and parts of one that are.
_DEEPEST, _MOST = 20, 1_000
#: 2026-11, 2026-11-01, 2026-11-01T03, 2026-11-01 03:00:00, 2026/11/01.
_DATE = re.compile(r"(\d{4})[-/](\d\d)(?:[-/](\d\d)(?:[T_ -](\d\d)(?:(?::|%3A)\d\d.*)?)?)?")
#: The same without separators, which only keys that speak of time may have.
_DIGITS = re.compile(r"(\d{4})(\d\d)(?:(\d\d)(\d\d)?)?")
_TIMELY = re.compile(
    r"(^|_)(date|day|dt|ds|d|ymd|ym|yyyymmdd|yyyymm|yyyymmddhh|month|hour|period|partition|shard|"
    r"snapshot|batch|ts|time)($|_)|date|partition"
)
_YEAR, _MONTH, _DAY = ("year", "yyyy", "y"), ("month", "mm", "m"), ("day", "dd", "d")
_HOUR = ("hour", "hh", "h", "hr")


def of_pairs(pairs: Pairs) -> int | None:
    """
    When the partition that these keys and values name begins, in microseconds.

    >>> of_pairs((("dt", "2026-11-01"), ("h", "3"))) == of_pairs((("partition", "2026110103"),))
    True
    >>> of_pairs((("country", "DE"), ("customer", "20261101")))
    """
    named = {key.lower(): value for key, value in reversed(pairs)}
    for key, value in pairs:
        found = _of_text(value, timely=_TIMELY.search(key.lower()) is not None)
        if found is not None:
            at, has_hour = found
            return _micros(at if has_hour else _add_hour(at, named))
    year = _number(named, _YEAR)
    if year is None:
        return None
    month, day = _number(named, _MONTH), _number(named, _DAY)
    at_day = _moment(year, month or 1, (day or 1) if month else 1)
    return None if at_day is None else _micros(_add_hour(at_day, named) if day else at_day)


def of_key(key: object) -> int | None:
    """
    When the partition begins that an orchestrator calls by this key.

    >>> of_key("2026-11-01T00:00:00") == of_key("2026-11-01|DE") == of_pairs((("dt", "20261101"),))
    True
    """
    if not isinstance(key, str):
        return None
    parts = re.split(r"[|,;]", key)
    return of_pairs(tuple(("partition", part.strip()) for part in parts[:_MOST]))


def of_facets(facets: Facets | None) -> int | None:
    """When the newest partition begins that the output facet `subset` names."""
    facet = decode.facet(facets, "subset") if facets and "subset" in facets else None
    condition = facet.get("outputCondition") if facet else None
    moments = [of_pairs(pairs) for pairs in _named(condition, _DEEPEST)]
    return newest(moments)


def newest(moments: Iterable[int | None]) -> int | None:
    """The latest of those that are known."""
    return max((each for each in moments if each is not None), default=None)


def _named(condition: object, depth: int) -> Iterator[Pairs]:
    if not isinstance(condition, dict) or depth == 0:
        return
    for partition in islice(decode.dicts(condition.get("partitions")), _MOST):
        dimensions = partition.get("dimensions")
        yield _pairs(dimensions.items()) if isinstance(dimensions, dict) else ()
        yield _pairs([("partition", partition.get("identifier"))])
    locations = condition.get("locations")
    for location in locations[:_MOST] if isinstance(locations, list) else ():
        if isinstance(location, str):
            path, pairs = partitions.keys(location.rstrip("/"))
            yield pairs or partitions.dates(path)[1]
    if str(condition.get("comparison", "")).upper() == "EQUAL":
        yield _pairs([_compared(condition.get("left"), condition.get("right"))])
    for side in ("left", "right"):
        yield from _named(condition.get(side), depth - 1)


def _compared(*sides: object) -> tuple[object, object]:
    """The field and the value that it is compared with, on whichever side each is."""
    both = [side for side in sides if isinstance(side, dict)]
    field = next((side["field"] for side in both if "field" in side), None)
    return field, next((side["value"] for side in both if "value" in side), None)


def _pairs(items: Iterable[tuple[object, object]]) -> Pairs:
    return tuple((str(key), str(value)) for key, value in items if key is not None and value)


def _of_text(text: str, *, timely: bool) -> tuple[datetime, bool] | None:
    """The moment, and whether its hour is said; None where the text is no date."""
    found = _DATE.fullmatch(text) or (_DIGITS.fullmatch(text) if timely else None)
    if found is None:
        return None
    year, month, day, hour = (int(part) if part else None for part in found.groups())
    at = _moment(year or 0, month or 0, day or 1)
    if at is None or (hour or 0) > 23:
        return None
    return at + timedelta(hours=hour or 0), hour is not None


def _moment(year: int, month: int, day: int) -> datetime | None:
    if year not in _YEARS:
        return None
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None


def _number(named: dict[str, str], keys: Iterable[str]) -> int | None:
    value = next((named[key] for key in keys if key in named), "")
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 4 else None


def _add_hour(at: datetime, named: dict[str, str]) -> datetime:
    hour = _number(named, _HOUR)
    return at + timedelta(hours=hour) if hour is not None and hour < 24 else at


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
