"""When Airflow starts the runs of a DAG by itself, as its timetable says."""

from __future__ import annotations

import doctest
from datetime import UTC, datetime
from typing import Any

import pytest

from fairlead_bridge.insight import schedules
from fairlead_bridge.insight.spans import DAY, SECOND


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * SECOND)


def following(body: dict[str, Any], last: str, number: int = 1) -> list[str]:
    """The times at which the next runs are due, in UTC."""
    found, here = [], at(last)
    for _ in range(number):
        schedule = schedules.of_dag(body)
        following = schedule.following(here) if schedule is not None else None
        if following is None:
            break
        here = following
        found.append(f"{datetime.fromtimestamp(here / SECOND, UTC):%Y-%m-%dT%H:%M}")
    return found


def test_its_examples_are_right() -> None:
    assert doctest.testmod(schedules).failed == 0


def test_a_cron_expression_is_read_in_the_time_zone_of_the_dag_over_a_change_of_clocks() -> None:
    paris = {"timetable": {"expression": "30 2 * * *", "interval": 0.0, "timezone": "Europe/Paris"}}
    assert following(paris, "2026-10-23T12:00:00Z", 3) == [
        "2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30",
    ]  # fmt: skip


def test_days_of_the_week_that_are_not_due_are_passed_over() -> None:
    workdays = {"timetable": {"expression": "0 6 * * 1-5", "timezone": "UTC"}}
    assert following(workdays, "2026-11-27T06:00:00Z") == ["2026-11-30T06:00"]


def test_a_preset_counts_where_the_timetable_is_not_sent() -> None:
    assert following({"schedule": "@daily", "timetable": {}}, "2026-11-27T06:00:00Z") == [
        "2026-11-28T00:00"
    ]


def test_the_earliest_of_several_expressions_is_next() -> None:
    both = {"timetable": {"expressions": ["0 6 * * *", "0 18 * * *"], "timezone": "UTC"}}
    assert following(both, "2026-11-27T06:00:00Z", 2) == ["2026-11-27T18:00", "2026-11-28T06:00"]


def test_a_span_is_counted_from_the_last_run() -> None:
    every = {"timetable": {"delta": 5400.0, "interval": 0.0}}
    assert following(every, "2026-11-27T06:00:00Z") == ["2026-11-27T07:30"]


def test_dates_end_with_the_last_one() -> None:
    dates = {
        "timetable": {"event_dates": ["2026-11-28T08:00:00-06:00", "2026-12-05 08:00:00-06:00"]}
    }
    assert following(dates, "2026-11-27T00:00:00Z", 3) == ["2026-11-28T14:00", "2026-12-05T14:00"]


def test_of_assets_or_time_the_time_is_read() -> None:
    cron = {
        "__type": "x.CronTriggerTimetable",
        "__var": {"expression": "5 4 * * *", "timezone": "UTC"},
    }
    either = {
        "timetable": {"timetable": cron, "asset_condition": {}},
        "schedule": "Asset or 5 4 * * *",
    }
    assert following(either, "2026-11-27T06:00:00Z") == ["2026-11-28T04:05"]


@pytest.mark.parametrize(
    "body",
    [
        {"schedule": None, "timetable": {}},
        {"schedule": "Asset", "timetable": {"asset_condition": {}}},
        {"schedule": "@once", "timetable": {}},
        {"schedule": "@continuous", "timetable": {}},
        {"schedule": "My Team's Baseball Games", "timetable": {"rows": 3}},
        {"schedule": "99 99 * * *", "timetable": {"expression": 7, "delta": "long"}},
        {"timetable": {"expressions": "0 6 * * *", "event_dates": ["soon", None]}},
        {"timetable": "none"},
        {},
    ],
)
def test_what_is_no_schedule_is_none(body: dict[str, Any]) -> None:
    assert schedules.of_dag(body) is None


def test_an_expression_that_is_never_due_has_no_next_time() -> None:
    assert following({"schedule": "0 0 30 2 *"}, "2026-11-27T06:00:00Z") == []


def test_the_runs_that_are_due_until_now_come_with_the_next_one() -> None:
    daily = schedules.of_dag({"schedule": "0 6 * * *"})
    assert daily is not None
    begin = at("2026-11-27T06:00:00Z")
    assert list(daily.due(begin, begin + 2 * DAY + 1)) == [begin + day * DAY for day in (1, 2, 3)]


def test_an_unknown_time_zone_is_read_as_utc() -> None:
    assert schedules.zone_of("Mars/Olympus") is UTC
