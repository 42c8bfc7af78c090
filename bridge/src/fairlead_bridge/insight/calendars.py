"""
Days on which nothing is expected: public holidays of countries, and days on which markets rest.

The dates come from the library `holidays`, an optional extra. Without it there are no calendars,
and holidays are learned as any other missing write.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

#: Calendars that a series of writes is compared with where none is given.
CANDIDATES = (
    *("XNYS", "XECB", "XLON", "XTSE", "XJPX", "XHKG", "XNSE", "XSWX", "XASX", "BVMF"),
    *("US", "GB", "DE", "FR", "ES", "IT", "NL", "PL", "SE", "CH", "AT", "CA", "AU", "JP", "IN"),
    *("BR", "MX", "KR", "CN"),
)
#: Missing days that a calendar must explain, and the share of its own days that must be missing.
EXPLAINED, FOLLOWED = 2, 0.8
#: Days that a write may come after the day that it is of; before it, where that is of an eastern zone.
SHIFTS = (0, 1, -1)

_EPOCH_YEAR, _EPOCH_ORDINAL = 1970, 719_163  # of 1970-01-01 in `date.toordinal`


@dataclass(frozen=True, slots=True)
class Calendar:
    """
    The days off of a country or a market.

    `shift` is how many days after a day off the write is missing: data of a day is often written
    in the night that follows.
    """

    name: str
    shift: int = 0

    def __contains__(self, day: int) -> bool:
        """Whether nothing is expected on this day, counted since the epoch."""
        day -= self.shift
        return day in _of_year(self.name, _year(day))


def named(name: str) -> Calendar:
    """
    The calendar of a country (`DE`), a part of one (`DE-BY`) or a market (`XNYS`).

    Raises ValueError, which says what to write or to install instead.
    """
    if _library() is None:
        raise ValueError(
            "holidays need the library `holidays`: pip install 'fairlead-bridge[holidays]'"
        )
    country, _, part = name.partition("-")
    known = _library().list_supported_countries()
    if country in known and (not part or part in known[country]):
        return Calendar(name)
    if name in _library().list_supported_financial():
        return Calendar(name)
    raise ValueError(
        f"{name!r} is not a known calendar; write a country such as DE, a part of one such as "
        "DE-BY, or a market such as XNYS"
    )


def observed(
    missing: Collection[int], written: Collection[int], names: Sequence[str] = CANDIDATES
) -> Calendar | None:
    """
    The calendar that explains best on which usual days nothing was written; None where none does.

    Days are counted since the epoch. A calendar counts if nearly all its days were missing.
    """
    if len(missing) < EXPLAINED or _library() is None:
        return None
    first, last = min(written), max(written)
    lacking, there = frozenset(missing), frozenset(written)
    best: tuple[int, int, Calendar] | None = None
    for rank, name in enumerate(names):
        days = frozenset[int]().union(
            *(_of_year(name, year) for year in range(_year(first - 1), _year(last) + 1))
        )
        for shift in SHIFTS:
            moved = frozenset(day + shift for day in days) if shift else days
            explained, broken = len(moved & lacking), len(moved & there)
            if explained < EXPLAINED or explained < FOLLOWED * (explained + broken):
                continue
            score = (explained - 2 * broken, -rank, Calendar(name, shift))
            if best is None or score[:2] > best[:2]:
                best = score
    return best[2] if best is not None else None


def _year(day: int) -> int:
    """The year of a day since the epoch."""
    year = _EPOCH_YEAR + int(day // 365.2425)
    if day < _first_of(year):
        return year - 1
    return year + 1 if day >= _first_of(year + 1) else year


@cache
def _first_of(year: int) -> int:
    before = year - 1
    return before * 365 + before // 4 - before // 100 + before // 400 + 1 - _EPOCH_ORDINAL


@cache
def _of_year(name: str, year: int) -> frozenset[int]:
    """The days off of a year, counted since the epoch."""
    library = _library()
    if library is None or not 1900 <= year <= 2100:
        return frozenset()
    country, _, part = name.partition("-")
    if country in library.list_supported_countries():
        found = library.country_holidays(country, subdiv=part or None, years=year)
    else:
        found = library.financial_holidays(name, years=year)
    return frozenset(day.toordinal() - _EPOCH_ORDINAL for day in found)


@cache
def _library() -> Any:
    try:
        import holidays
    except ImportError:
        return None
    return holidays
