"""
Series of writes like those of real publications: on workdays, at a local time, not on public holidays.

Some come late by hours now and then; some change their hour or their days, leave a day out, or come
twice. From a seed.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays

from fairlead_bridge.insight.spans import HOUR, MINUTE, SECOND

#: The first day, and how many follow: two turns of the year.
BEGIN, DAYS = date(2023, 9, 4), 700
WORKDAYS, EVERY_DAY = range(5), range(7)
#: How long a late write is late, on average.
LATE = 1.5 * HOUR

#: From a day on, counted from the first: the hour, and the days of the week.
Change = tuple[int, float, Collection[int]]


@dataclass(frozen=True)
class Publication:
    """When something is published, in local time; `days_after` the day that it is about."""

    zone: str
    hour: float
    jitter: float  # minutes
    off: str | None = None  # the country or market
    days_after: int = 0
    late: float = 0.03  # share of days
    weekdays: Collection[int] = WORKDAYS
    changes: tuple[Change, ...] = ()
    left_out: float = 0.0
    twice: float = 0.0


SERIES = {
    "XNYS, 18:00 New York": Publication("America/New_York", 18, 5, "XNYS", late=0.02),
    "XNYS, 00:40 UTC of the next day": Publication("UTC", 0.7, 2, "XNYS", 1),
    "XNYS, 23:30 UTC": Publication("UTC", 23.5, 20, "XNYS", late=0.05),
    "XNYS, three changes of hour": Publication(
        "America/New_York", 1, 5, "XNYS", 1,
        changes=((250, 10, WORKDAYS), (400, 5, WORKDAYS), (550, 15, WORKDAYS)),
    ),
    "XNYS, every day for four months": Publication(
        "UTC", 14, 10, "XNYS", changes=((300, 14, EVERY_DAY), (420, 14, WORKDAYS))
    ),
    "XNYS, some left out, some twice": Publication(
        "America/New_York", 9, 20, "XNYS", left_out=0.02, twice=0.02
    ),
    "US, 08:30 New York": Publication("America/New_York", 8.5, 10, "US"),
    "XECB, 16:00 Berlin": Publication("Europe/Berlin", 16, 8, "XECB", late=0.02),
    "DE-BY, 07:00 Berlin": Publication("Europe/Berlin", 7, 20, "DE-BY", late=0.04),
    "GB, 09:00 London": Publication("Europe/London", 9, 15, "GB"),
    "FR, 22:00 Paris": Publication("Europe/Paris", 22, 20, "FR"),
    "JP, 17:00 Tokyo": Publication("Asia/Tokyo", 17, 10, "JP"),
    "IN, 19:00 Kolkata": Publication("Asia/Kolkata", 19, 15, "IN"),
    "CN, 10:00 Shanghai": Publication("Asia/Shanghai", 10, 10, "CN", late=0.02),
    "BR, 12:00 Sao Paulo": Publication("America/Sao_Paulo", 12, 15, "BR"),
    "AU, 06:00 Sydney": Publication("Australia/Sydney", 6, 15, "AU"),
    "workdays, 06:00 UTC": Publication("UTC", 6, 40),
    "workdays, 06:00 Berlin": Publication("Europe/Berlin", 6, 10),
    "every day, 05:00 UTC": Publication("UTC", 5, 15, late=0.02, weekdays=EVERY_DAY),
    "every day, 02:00 New York, then 04:00": Publication(
        "America/New_York", 2, 30, weekdays=EVERY_DAY, changes=((300, 4, EVERY_DAY),)
    ),
}  # fmt: skip


def made() -> dict[str, tuple[list[int], str | None]]:
    """Times of each series (microseconds), and the calendar that it follows."""
    return {name: (_times(each, random.Random(name)), each.off) for name, each in SERIES.items()}


def _times(each: Publication, chance: random.Random) -> list[int]:
    zone, off = ZoneInfo(each.zone), _days_off(each.off)
    times: list[int] = []
    for number in range(DAYS):
        day = BEGIN + timedelta(days=number)
        changed = [change for change in each.changes if change[0] <= number]
        hour, weekdays = changed[-1][1:] if changed else (each.hour, each.weekdays)
        about = day - timedelta(days=each.days_after)
        if about.weekday() not in weekdays or about in off or chance.random() < each.left_out:
            continue
        begin = datetime(day.year, day.month, day.day, tzinfo=zone)
        begin = begin.replace(hour=int(hour), minute=round(hour % 1 * 60))
        at = round(begin.timestamp() * SECOND + abs(chance.gauss(0, each.jitter)) * MINUTE)
        if chance.random() < each.late:
            at += round(chance.expovariate(1 / LATE))
        times.append(at)
        if chance.random() < each.twice:
            times.append(at + round(chance.uniform(4, 10) * HOUR))
    return sorted(times)


def _days_off(name: str | None) -> Collection[date]:
    if name is None:
        return ()
    years = range(BEGIN.year, BEGIN.year + 4)
    country, _, part = name.partition("-")
    if country in holidays.list_supported_countries():
        return set(holidays.country_holidays(country, subdiv=part or None, years=years))
    return set(holidays.financial_holidays(name, years=years))
