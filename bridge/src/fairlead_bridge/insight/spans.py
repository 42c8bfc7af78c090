"""Spans of time in microseconds: their names, their shares, their words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND

_UNITS = (("day", DAY), ("hour", HOUR), ("minute", MINUTE), ("second", SECOND))


def gaps_of(times: Sequence[int]) -> list[int]:
    return [after - before for before, after in pairwise(times)]


def percentile(ordered: Sequence[float], share: float) -> float:
    """
    The value below which `share` of the values lie, between the two nearest.

    >>> percentile([1.0, 2.0, 3.0], 0.5)
    2.0
    """
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def words(span: float) -> str:
    """
    A span for people, to the nearest whole of the unit that leaves at least two, or exactly one.

    >>> [words(span * MINUTE) for span in (1, 60, 61, 150, 1440, 2880)]
    ['minute', 'hour', '61 minutes', '150 minutes', 'day', '2 days']
    >>> words(25.2 * HOUR)
    '25 hours'
    """
    for unit, size in _UNITS:
        number = span / size
        if 0.99 <= number <= 1.01:
            return unit
        if number >= 3 or (number >= 1 and abs(number - round(number)) < 0.02):
            return f"{round(number)} {unit}s"
    return "second"


def lasting(span: float) -> str:
    """
    A span for people, with its number.

    >>> lasting(60 * SECOND), lasting(150 * MINUTE)
    ('1 minute', '150 minutes')
    """
    found = words(span)
    return found if found[0].isdigit() else f"1 {found}"
