"""Days off and days of the month in learned rhythms."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest

from fairlead_bridge.insight import calendars, rhythm
from fairlead_bridge.insight.clock import date_of, day_of
from fairlead_bridge.insight.rhythm import Rhythm
from fairlead_bridge.insight.spans import DAY, HOUR, MINUTE, SECOND

pytest.importorskip("holidays")

NYSE = calendars.named("XNYS")
THANKSGIVING = date(2025, 11, 27)


def at(day: date, hour: int, minutes: float = 0) -> int:
    moment = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    return round((moment.timestamp() + 60 * minutes) * SECOND)


def trading_days(first: date, until: date, hour: int = 21, shift: int = 0) -> list[int]:
    """The market's data of each day, some minutes after `hour`, `shift` days later."""
    chance = random.Random(3)
    days = [first + timedelta(days=each) for each in range((until - first).days)]
    return [
        at(day + timedelta(days=shift), hour, chance.uniform(0, 15))
        for day in days
        if day.weekday() < 5 and day_of(day) not in NYSE
    ]


def learned(times: list[int], **more: calendars.Calendar) -> Rhythm:
    found = rhythm.learn(tuple(times), **more)
    assert found is not None
    return found


def next_day(times: list[int], **more: calendars.Calendar) -> date:
    due = learned(times, **more).due(times[-1])
    assert due is not None
    return date_of(due // DAY)


def test_a_market_is_recognised_by_the_days_on_which_nothing_was_written() -> None:
    times = trading_days(date(2025, 6, 2), THANKSGIVING)
    assert next_day(times) == date(2025, 11, 28)
    assert "not on holidays" in learned(times).text


def test_what_is_written_in_the_night_after_a_day_off_is_missing_a_day_later() -> None:
    times = trading_days(date(2025, 6, 2), THANKSGIVING, hour=3, shift=1)
    assert next_day(times) == date(2025, 11, 29)


def test_a_table_that_is_written_on_every_workday_is_expected_on_holidays_too() -> None:
    days = [date(2025, 6, 2) + timedelta(days=each) for each in range(178)]
    times = [at(day, 6) for day in days if day.weekday() < 5 and day < THANKSGIVING]
    assert next_day(times) == THANKSGIVING


def test_a_given_calendar_counts_from_the_first_week() -> None:
    times = trading_days(date(2025, 11, 10), THANKSGIVING)
    assert next_day(times) == THANKSGIVING
    assert next_day(times, calendar=NYSE) == date(2025, 11, 28)


def test_a_given_calendar_is_moved_with_the_days_that_are_written() -> None:
    """What is written from Tuesday to Saturday is of the day before, and so are the days off."""
    times = trading_days(date(2025, 10, 20), THANKSGIVING + timedelta(days=1), hour=3, shift=1)
    assert next_day(times) == date(2025, 11, 28)
    assert next_day(times, calendar=NYSE) == date(2025, 11, 29)


def test_the_turn_of_the_year_says_nothing_of_other_weeks() -> None:
    """Christmas and New Year are on the same day of the week, which stays usual."""
    resting = {date(2025, 12, 25), date(2025, 12, 26), date(2026, 1, 1), date(2026, 1, 2)}
    days = [date(2025, 11, 3) + timedelta(days=each) for each in range(65)]  # to Tue, January 6
    times = [at(day, 6) for day in days if day.weekday() < 5 and day not in resting]
    assert next_day([*times, at(date(2026, 1, 7), 6)]) == date(2026, 1, 8)


def test_one_missing_day_makes_no_calendar() -> None:
    first = date(2025, 9, 8)
    days = [first + timedelta(days=each) for each in range(80)]
    times = [at(day, 6) for day in days if day.weekday() < 5 and day != date(2025, 10, 14)]
    assert next_day(times) == THANKSGIVING


def test_countries_their_parts_and_markets_are_calendars_and_nothing_else_is() -> None:
    corpus_christi = day_of(date(2026, 6, 4))
    assert corpus_christi in calendars.named("DE-BY")
    assert corpus_christi not in calendars.named("DE")
    assert day_of(THANKSGIVING) in NYSE
    for wrong in ("Germany", "DE-XX", "", "xnys"):
        with pytest.raises(ValueError, match="write a country such as DE"):
            calendars.named(wrong)


def months(wanted: str) -> list[int]:
    """Two years of one write a month, at about 05:00."""
    chance, found = random.Random(4), []
    for month in range(24):
        first = date(2024 + month // 12, month % 12 + 1, 1)
        days = [first + timedelta(days=each) for each in range(31)]
        days = [day for day in days if day.month == first.month]
        workdays = [day for day in days if day.weekday() < 5]
        day = {
            "first day": days[0],
            "last day": days[-1],
            "last workday": workdays[-1],
            "third workday": workdays[2],
            "second Tuesday": [day for day in days if day.weekday() == 1][1],
        }[wanted]
        found.append(at(day, 5, chance.uniform(0, 20)))
    return found


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ("first day", "on the 1st of the month"),
        ("last day", "on the last day of the month"),
        ("last workday", "on the last workday of the month"),
        ("third workday", "on the 3rd workday of the month"),
        ("second Tuesday", "on the same weekday of the month"),
    ],
)
def test_a_monthly_write_is_expected_on_its_day_of_the_month(wanted: str, text: str) -> None:
    times = months(wanted)
    for known in range(8, len(times)):
        due = learned(times[:known]).due(times[known - 1])
        assert due is not None
        assert times[known] < due < times[known] + 2 * HOUR
    assert text in learned(times).text


def test_a_write_time_that_strays_gets_more_leeway_than_one_that_does_not() -> None:
    chance = random.Random(5)
    days = [date(2025, 1, 1) + timedelta(days=each) for each in range(120)]
    exact = [at(day, 6, chance.uniform(0, 10)) for day in days]
    stray = [
        at(day, 6, chance.uniform(0, 10) + (60 if number % 25 == 24 else 0))
        for number, day in enumerate(days[:-15])
    ]
    due, late = learned(exact).due(exact[-1]), learned(stray).due(stray[-1])
    assert due is not None
    assert late is not None
    assert due - exact[-1] < DAY + HOUR
    assert late - stray[-1] > DAY + 90 * MINUTE
