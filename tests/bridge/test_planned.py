"""Expectations from schedules and from Airflow's deadlines, as of any moment."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from fairlead_bridge.insight import planned
from fairlead_bridge.insight.schedules import Schedule
from fairlead_bridge.insight.spans import HOUR, MINUTE, SECOND
from fairlead_bridge.queries.freshness import Regular, without
from tests.bridge.asking import Api
from tests.bridge.written import of_dag

BERLIN = ZoneInfo("Europe/Berlin")
ORDERS = "dataset:postgres://h:5432:shop.orders"
#: A Monday.
FIRST = datetime(2026, 10, 12, 6, tzinfo=BERLIN)


def moment(at: datetime) -> int:
    return round(at.timestamp() * SECOND)


def run(
    day: int,
    *,
    hour: int = 6,
    minutes: float = 12,
    expression: str = "0 6 * * 1-5",
    kind: str = "scheduled",
    deadline: timedelta | None = None,
) -> list[bytes]:
    """A run of the DAG `load` that writes orders a minute after `minutes`."""
    due = (FIRST + timedelta(days=day)).replace(hour=hour)
    start = due.astimezone(UTC) + timedelta(minutes=minutes)
    timetable = {"timetable": {"expression": expression, "timezone": "Europe/Berlin"}}
    run_id = f"{kind}__{due.astimezone(UTC).isoformat()}"
    events = of_dag("load", run_id, kind, start, 0x500_0000 + (day * 24 + hour) * 0x10, "shop.orders", dag=timetable)  # fmt: skip
    if deadline is None:
        return events
    alert = f'"deadlines":{{"alerts":[{{"deadline_time":"{(due + deadline).isoformat()}","name":"early"}}]}},'
    return [event.replace(b'"run_type"', alert.encode() + b'"run_type"') for event in events]


def workdays(*, until: int, **more: Any) -> list[list[bytes]]:
    return [run(day, **more) for day in range(until) if day % 7 < 5]


def asked(api: Api, **more: Any) -> Any:
    return api.get("outlook", node=ORDERS, **more)


def test_a_schedule_counts_from_the_second_write_on(db: sa.Engine) -> None:
    api = Api(db, now=FIRST + timedelta(days=4, hours=1))
    api.send(*run(3))
    assert asked(api)["expectation"] is None
    api.send(*run(4))
    found = asked(api)["expectation"]
    assert (found["kind"], found["source"]) == ("by", "schedule")
    assert found["text"] == (
        "scheduled at 0 6 * * 1-5 (Europe/Berlin), usually written 13 minutes later; 2 writes"
    )
    assert found["expected_by"] == "2026-10-19T04:58:00Z"  # Monday


def test_a_schedule_is_in_local_time_and_knows_its_days(db: sa.Engine) -> None:
    api = Api(db, now=FIRST + timedelta(days=12))
    for events in workdays(until=12):
        api.send(*events)
    assert asked(api)["expectation"]["expected_by"] == "2026-10-26T05:58:00Z"  # winter time


def test_what_does_not_follow_its_schedule_is_expected_by_its_rhythm(db: sa.Engine) -> None:
    """The DAG runs every day, and writes on Mondays alone."""
    api = Api(db, now=FIRST + timedelta(days=50, hours=2))
    for day in range(0, 50, 7):
        api.send(*run(day, expression="0 6 * * *"))
    assert asked(api)["expectation"]["source"] == "learned"


def test_a_write_by_hand_does_not_stand_for_the_scheduled_one(db: sa.Engine) -> None:
    api = Api(db, now=FIRST + timedelta(days=4, hours=12))
    for events in workdays(until=5):
        api.send(*events)
    before = asked(api)["expectation"]["expected_by"]
    api.send(*run(4, hour=15, kind="manual"))
    assert asked(api)["written_at"] == "2026-10-16T13:13:00Z"
    assert asked(api)["expectation"]["expected_by"] == before


def test_a_backfill_of_old_partitions_does_not_make_a_dataset_fresh(db: sa.Engine) -> None:
    api = Api(db, now=FIRST + timedelta(days=7, hours=9))
    for events in workdays(until=7):
        api.send(*events)
    since = asked(api)["late_since"]
    assert since == "2026-10-19T04:58:00Z"
    started = (FIRST + timedelta(days=7, hours=4)).astimezone(UTC)
    for day in (1, 2):
        run_id = f"backfill__{(FIRST + timedelta(days=day)).isoformat()}"
        api.send(
            *of_dag("load", run_id, "backfill", started, 0x600_0000 + day * 0x10, "shop.orders")
        )
    found = asked(api)
    assert found["written_at"] == "2026-10-19T08:01:00Z"
    assert (found["standing"], found["late_since"]) == ("late", since)


def test_writes_that_an_incident_made_late_teach_nothing_unless_most_of_the_newest_are() -> None:
    writes = [Regular(moment(FIRST + timedelta(days=day)), 1, day) for day in range(10)]
    fourth, last = writes[3].at, writes[-1].at
    assert without(writes, [(fourth - HOUR, fourth)]) == [*writes[:3], *writes[4:]]
    assert without(writes, [(last - 2 * 24 * HOUR, last)]) == writes
    assert without(writes, []) == writes


def test_a_deadline_of_airflow_counts_more_than_the_schedule(db: sa.Engine) -> None:
    api = Api(db, now=FIRST + timedelta(days=4, hours=12))
    for events in workdays(until=5, deadline=timedelta(minutes=30)):
        api.send(*events)
    found = asked(api)["expectation"]
    assert found["source"] == "airflow"
    assert found["text"] == "Airflow deadline early: 30 minutes after it is due"
    assert found["expected_by"] == "2026-10-19T04:30:00Z"
    sources = [item["source"] for item in api.get("expectations", node=ORDERS)["items"]]
    assert sources[:2] == ["airflow", "schedule"]
    of_dag = api.get("expectations", node="job:prod:load")["items"]
    assert [(item["kind"], item["source"]) for item in of_dag] == [("within", "airflow")]


def test_a_dag_that_does_not_start_in_time_is_late(db: sa.Engine) -> None:
    api = Api(db, now=FIRST + timedelta(days=2, minutes=20))
    for events in workdays(until=2):
        api.send(*events)
    body = {"node": "job:prod:load", "starts_within": "15m"}
    assert api.http.put("/api/v1/expectations", json=body).status_code == 200
    api.now += timedelta(seconds=1)
    found = api.get("outlook", node="job:prod:load")
    assert (found["standing"], found["late_since"]) == ("late", "2026-10-14T04:15:00Z")


def test_a_schedule_that_changed_is_the_old_one_in_questions_about_the_past(db: sa.Engine) -> None:
    api = Api(db, now=FIRST + timedelta(days=4, hours=2))
    for events in workdays(until=5):
        api.send(*events)
    then = api.now
    before = asked(api)["expectation"]
    for day in range(7, 12):
        api.send(*run(day, hour=9, expression="0 9 * * 1-5"))
    api.now = FIRST + timedelta(days=12)
    assert "0 9 * * 1-5" in asked(api)["expectation"]["text"]
    assert asked(api, as_of=then.isoformat())["expectation"] == before


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_came_later_changes_no_answer_about_the_past(db: sa.Engine, seed: int) -> None:
    """Events arrive in the order of time; each moment is asked before and after later ones did."""
    chance = random.Random(seed)
    api = Api(db)
    api.send(*run(-3))
    known: list[tuple[datetime, Any]] = []
    for day in range(24):
        at = FIRST + timedelta(days=day, hours=chance.uniform(-3, 3))
        late = chance.random() < 0.1
        expression = "0 6 * * 1-5" if day < 14 else "0 7 * * 1-5"
        if day % 7 < 5 and chance.random() > 0.1:
            minutes = chance.uniform(5, 25) + (300 if late else 0)
            hour = 6 if day < 14 else 7
            at += timedelta(hours=8)
            deadline = timedelta(minutes=45) if seed == 3 and day > 9 else None
            api.send(
                *run(day, hour=hour, minutes=minutes, expression=expression, deadline=deadline)
            )
        api.now = at
        parts = ("expectation", "late_since", "written_at", "standing")
        known.append((at, {part: asked(api, as_of=at.isoformat())[part] for part in parts}))
    for at, before in known:
        after = asked(api, as_of=at.isoformat())
        assert {part: after[part] for part in before} == before


# --- the rule by itself ---------------------------------------------------------------------------


def test_a_run_for_an_interval_is_due_at_its_end() -> None:
    daily = Schedule(("0 6 * * *",), BERLIN)
    logical = "scheduled__2026-10-12T04:00:00+00:00"
    written = moment(FIRST + timedelta(days=1, minutes=10))
    assert planned.fires(daily, [(written, logical)]) == (
        (written, moment(FIRST + timedelta(days=1))),
    )
    soon = moment(FIRST + timedelta(minutes=10))
    assert planned.fires(daily, [(soon, logical)]) == ((soon, moment(FIRST)),)


def test_runs_that_nothing_planned_say_nothing_of_the_schedule() -> None:
    daily = Schedule(("0 6 * * *",), BERLIN)
    for run_id in (None, "manual__2026-10-12T04:00:00+00:00", "scheduled__soon", "scheduled__2026-10-12T05:00:00+00:00"):  # fmt: skip
        assert planned.fires(daily, [(moment(FIRST) + HOUR, run_id)]) == ()


def test_a_schedule_that_ends_expects_nothing_more() -> None:
    last = moment(FIRST)
    once = Schedule(dates=(last - HOUR, last))
    rule = planned.Planned(once, ((last - HOUR, last - HOUR), (last, last)), MINUTE)
    assert rule.due(last) is None
    assert rule.due(last - HOUR) == last + MINUTE
    assert rule.due(last - 2 * HOUR) is None


def test_what_came_by_hand_after_the_time_is_there_though_the_scheduled_run_is_not(
    db: sa.Engine,
) -> None:
    monday = FIRST + timedelta(days=14)
    api = Api(db, now=monday.replace(hour=15))
    for events in workdays(until=14):
        api.send(*events)
    assert asked(api)["standing"] == "late"
    api.send(*run(14, hour=11, kind="manual"))
    found = asked(api)
    assert found["standing"] == "ok"
    assert found["expectation"]["expected_by"].startswith("2026-10-27")  # Tuesday
