"""A source, such as an Airflow, falls silent against its own rhythm: that is a trouble of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from fairlead_bridge.insight import silence
from fairlead_bridge.insight.silence import Run
from fairlead_bridge.insight.spans import DAY, HOUR, MINUTE
from tests.bridge.asking import Api, wrote
from tests.bridge.pipeline import BEGIN, dag_run

DONE = Run(1, 0, 3 * MINUTE, seconds=180, is_going_on=False, is_regular=False)


def runs(number: int, every: int) -> list[Run]:
    return [
        Run(1, at * every, at * every + MINUTE, 60, is_going_on=False, is_regular=True)
        for at in range(number)
    ]


def test_a_run_that_should_have_ended_long_ago_says_that_its_source_died() -> None:
    before = [
        replace(DONE, began_at=at * HOUR, received_at=at * HOUR + 3 * MINUTE) for at in range(3)
    ]
    running = Run(1, 5 * HOUR, 5 * HOUR, None, is_going_on=True, is_regular=False)
    assert silence.since([*before, running], 5 * HOUR + 7 * MINUTE) is None
    assert silence.since([*before, running], 5 * HOUR + 15 * MINUTE) == 5 * HOUR
    received = Run(2, 5 * HOUR + 12 * MINUTE, 5 * HOUR + 12 * MINUTE, 1, is_going_on=False, is_regular=False)  # fmt: skip
    assert silence.since([*before, running, received], 5 * HOUR + 15 * MINUTE) is None
    assert silence.since([*before[:2], running], 5 * HOUR + 15 * MINUTE) is None  # too few to know


def test_runs_that_no_longer_begin_show_it_too() -> None:
    hourly = runs(20, HOUR)
    last = hourly[-1].received_at
    assert silence.since(hourly, last + 50 * MINUTE) is None
    assert silence.since(hourly, last + 2 * HOUR) == last
    assert silence.since(runs(20, 5 * MINUTE), 19 * 5 * MINUTE + 30 * MINUTE) is not None


def test_a_source_that_works_at_night_is_not_missed_by_day() -> None:
    nightly = [
        replace(run, began_at=run.began_at + day * DAY, received_at=run.received_at + day * DAY)
        for day in range(14)
        for run in runs(8, 4 * MINUTE)
    ]
    last = nightly[-1].received_at
    assert silence.since(nightly, last + 12 * HOUR) is None
    assert silence.since(nightly, last + 27 * HOUR) == last


def test_what_is_started_by_hand_leaves_no_rhythm_behind() -> None:
    assert (
        silence.since([replace(run, is_regular=False) for run in runs(20, HOUR)], 99 * HOUR) is None
    )
    assert silence.since([], 99 * HOUR) is None


def test_an_airflow_that_dies_while_a_task_runs_is_named_by_health(db: sa.Engine) -> None:
    """The task had taken a minute; it has been running for a quarter of an hour."""
    api = Api(db, now=BEGIN + timedelta(hours=5, minutes=3))
    for hour in range(5):
        api.send(*dag_run(hour, kind="manual"))
    api.send(*dag_run(5, kind="manual")[:2])
    api.send(*wrote("elsewhere", "other.table", at="05:01:00", namespace="spark"))
    assert without_events(api) == {}
    api.now = BEGIN + timedelta(hours=5, minutes=15)
    assert without_events(api) == {"prod": "2026-11-01T05:00:01Z"}
    (source,) = api.get("at-risk")["sources"]
    assert (source["namespace"], source["silent_since"]) == ("prod", "2026-11-01T05:00:01Z")
    api.send(*dag_run(5, kind="manual")[2:])  # it lived, and ended it
    assert without_events(api) == {}


def without_events(api: Api) -> dict[str, Any]:
    sources = api.get("overview")["sources"]
    return {each["namespace"]: each["silent_since"] for each in sources if each["silent_since"]}


def test_what_earlier_runs_wrote_is_affected_when_a_run_fails_before_it_says_so(
    db: sa.Engine,
) -> None:
    api = Api(db)
    api.send(*wrote("load", "s.b", at="08:00:00"), *wrote("reader", "s.c", reads=("s.b",)))
    failed, ended = wrote("load", at="09:00:00", state="FAIL")
    api.send(failed, ended)
    found = api.get("impact", node="job:prod:load")
    assert {item["name"] for item in found["items"]} == {"s.b", "s.c", "reader"}
    assert found["datasets"] == 2
