"""What is expected of a series of writes: each of its writes is dropped in turn."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from fairlead_bridge.insight import rhythm
from fairlead_bridge.insight.spans import DAY, HOUR, MINUTE, SECOND
from tests.support import lateness

CORPUS = os.environ.get("FAIRLEAD_CORPUS")
UPDATES = sorted((Path(CORPUS) / "updates").glob("*.txt")) if CORPUS else []
SERIES = lateness.made()
MONDAY = int(datetime(2025, 1, 6, tzinfo=UTC).timestamp()) * SECOND


def measured(name: str) -> dict[str, float | int | None]:
    return lateness.measure(SERIES[name], lateness.learned)


@pytest.mark.parametrize(
    "name",
    ["weekdays 06:00", "weekdays about 06:00", "three times a weekday", "daily", "weekly"],
)
def test_every_missed_write_of_a_regular_series_is_noticed_within_hours(name: str) -> None:
    found = measured(name)
    assert found["caught"] == 1.0
    assert found["false_rate"] == 0.0
    assert (found["median_delay_hours"] or 99) <= 1


def test_what_comes_every_other_week_to_the_minute_is_missed_within_the_hour() -> None:
    chance = random.Random(3)
    times = [MONDAY + 14 * week * DAY + chance.randint(0, 10 * MINUTE) for week in range(60)]
    found = lateness.measure(times, lateness.learned)
    assert (found["caught"], found["false_rate"]) == (1.0, 0.0)
    assert (found["median_delay_hours"] or 99) <= 1


def test_the_night_between_hourly_writes_is_not_called_late() -> None:
    found = measured("hourly, 8 to 20, on weekdays")
    assert (found["false_rate"] or 0) < 0.005
    assert (found["caught"] or 0) > 0.95


def test_a_night_that_was_seen_is_no_lateness_before_days_are_known() -> None:
    times = [MONDAY + day * DAY + hour * HOUR for day in range(3) for hour in range(8, 20)]
    evening = times[:24]
    due = lateness.learned(evening)
    assert due is not None
    assert times[24] <= due <= times[24] + 2 * HOUR


def test_writes_that_come_by_chance_are_not_expected() -> None:
    found = measured("by chance")
    assert found["false_rate"] == 0.0
    assert (found["without_expectation"] or 0) > 0.95
    assert rhythm.learn(tuple(SERIES["by chance"])) is None


@pytest.mark.parametrize("name", ["from 06:00 to 09:00", "daily, later on weekdays"])
def test_a_lasting_change_of_rhythm_is_followed_within_two_weeks(name: str) -> None:
    times = SERIES[name]
    change = MONDAY + (100 if "09:00" in name else 200) * DAY
    late = [
        after
        for at, after in enumerate(times[30:], 30)
        if (due := lateness.learned(times[:at])) is not None and due < after
    ]
    assert 0 < len(late) <= 2
    assert all(change <= at <= change + 14 * DAY for at in late)
    found = measured(name)
    assert (found["caught"] or 0) == 1.0


def test_a_time_of_day_that_moves_by_many_hours_is_followed_after_three_days() -> None:
    times = [MONDAY + day * DAY + (15 if day >= 33 else 0) * HOUR for day in range(36)]
    moved = due_after(times)
    assert times[-1] + DAY < moved < times[-1] + DAY + 2 * HOUR
    back = [*times, *(MONDAY + day * DAY for day in (36, 37, 38))]
    assert due_after(back) < back[-1] + DAY + 2 * HOUR


def test_a_usual_day_stays_one_though_it_is_left_out_twice_in_three_weeks() -> None:
    days = [day for day in range(7 * 9) if day % 7 < 5 and day not in (7 * 6 + 3, 7 * 8 + 3)]
    times = [MONDAY + day * DAY + 6 * HOUR for day in days]
    wednesday = times[-3]
    assert due_after([*times, *(at + 7 * DAY for at in times[-4:-2])]) < wednesday + 9 * DAY


def test_one_early_or_late_write_changes_nothing() -> None:
    times = [MONDAY + day * DAY + 6 * HOUR for day in range(40) if day % 7 < 5]
    odd = [*times[:20], times[20] - 3 * HOUR, *times[21:25], times[25] + 5 * HOUR, *times[26:]]
    assert due_after(odd) == due_after(times)


def test_a_long_pause_is_not_part_of_the_rhythm() -> None:
    before = [MONDAY + day * DAY + 6 * HOUR for day in range(60)]
    after = [before[-1] + (40 + day) * DAY for day in range(6)]
    assert due_after(before + after) <= after[-1] + DAY + 2 * HOUR


def test_writes_around_midnight_are_of_one_day() -> None:
    chance = random.Random(1)
    times = [MONDAY + day * DAY + chance.randint(-20, 20) * MINUTE for day in range(1, 60)]
    assert due_after(times) < times[-1] + DAY + 3 * HOUR
    assert all(due > at for due, at in dues(times))


def test_a_burst_of_writes_is_one() -> None:
    days = [MONDAY + day * DAY + 7 * HOUR for day in range(40)]
    bursts = [day + step * MINUTE for day in days for step in (0, 4, 11)]
    learned = rhythm.learn(tuple(bursts))
    assert learned is not None
    assert (learned.usual, learned.writes) == (DAY, 40)


def test_daylight_saving_is_not_lateness() -> None:
    zone = ZoneInfo("Europe/Berlin")
    days = [datetime(2025, 9, 1, 6, tzinfo=UTC) + timedelta(days=day) for day in range(120)]
    workdays = [day.replace(tzinfo=zone) for day in days if day.weekday() < 5]
    times = [int(day.timestamp()) * SECOND for day in workdays]
    for known in range(10, len(times)):
        learned = rhythm.learn(tuple(times[:known]), zone)
        assert learned is not None
        slack = (learned.due(times[known - 1]) or 0) - times[known]
        assert slack == (45 if known < 25 else 30) * MINUTE  # by then it is known to be punctual


def test_a_series_that_has_just_begun_expects_nothing_it_has_not_seen() -> None:
    assert rhythm.learn(()) is None
    assert rhythm.learn((0, 10, 20, 30)) is None
    assert rhythm.learn((5, 5, 5, 5, 5, 5)) is None
    week = [MONDAY + day * DAY for day in range(5)]
    assert due_after(week) > MONDAY + 7 * DAY  # whether it is written on Saturdays is not known


def test_the_words_say_what_is_usual() -> None:
    words = {name: learned.text for name, times in SERIES.items() if (learned := rhythm.learn(tuple(times)))}  # fmt: skip
    assert words["weekdays 06:00"] == "usually written on workdays at 06:00 UTC"
    assert words["three times a weekday"].startswith("usually written 3 times a day on workdays")
    assert words["weekly"].startswith("usually written on Tue between 05:")


def test_times_beyond_the_calendar_are_no_trouble() -> None:
    late = int(datetime(9999, 12, 25, tzinfo=UTC).timestamp()) * SECOND
    times = tuple(late + day * DAY for day in range(7))
    learned = rhythm.learn(times, ZoneInfo("Europe/Berlin"))
    assert learned is None or learned.due(times[-1]) is None or learned.due(times[-1])
    assert rhythm.learn(tuple(-(2**62) + day * DAY for day in range(20)), ZoneInfo("Asia/Tokyo")) is None  # fmt: skip


@pytest.mark.parametrize("path", UPDATES, ids=lambda path: path.name)
def test_real_histories_are_called_late_seldom_in_vain_and_sooner_than_before(path: Path) -> None:
    times = lateness.read(path)
    new = lateness.measure(times, lateness.learned)
    old = lateness.measure(times, lateness.of_0_1)
    if (new["dropped"] or 0) < 100:
        return
    assert (new["false_rate"] or 0) <= 0.045
    assert (new["false_rate"] or 0) <= max(0.01, (old["false_rate"] or 0) + 0.01)
    if (new["without_expectation"] or 0) < 0.1:
        assert (new["caught"] or 0) >= min(0.96, (old["caught"] or 0) + 0.1)
        assert (new["median_delay_hours"] or 99) <= 2.5


def due_after(times: list[int]) -> int:
    learned = rhythm.learn(tuple(times))
    assert learned is not None
    due = learned.due(times[-1])
    assert due is not None
    return due


def dues(times: list[int]) -> list[tuple[int, int]]:
    return [
        (due, times[at])
        for at in range(26, len(times))
        if (due := lateness.learned(times[:at])) is not None
    ]
