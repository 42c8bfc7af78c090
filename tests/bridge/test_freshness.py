"""How fresh datasets were kept, what is in trouble, and who is affected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from fairlead_bridge.insight import expectations, rhythm
from fairlead_bridge.insight.rhythm import learn
from tests.bridge.asking import Api, wrote
from tests.bridge.pipeline import BEGIN, dag_run
from tests.bridge.written import of_dag
from tests.support.small import dataset, parent, run_event, uuid

HOUR = 3600


def freshness(api: Api, name: str = "shop.report", **more: Any) -> Any:
    return api.get(f"datasets/postgres://h:5432:{name}/freshness", **more)


def at_risk(api: Api) -> dict[str, Any]:
    return {item["dataset"]["name"]: item for item in api.get("at-risk")["items"]}


# --- history ------------------------------------------------------------------------------------


def test_how_often_a_dataset_is_written_is_learned_from_its_writes(db: sa.Engine) -> None:
    api = Api(db, now=BEGIN + timedelta(hours=5, minutes=30))
    api.send(*(event for hour in range(6) for event in dag_run(hour)))
    found = freshness(api)
    assert len(found["writes"]) == 6
    assert found["writes"][0]["run"]["task_id"] == "publish"
    assert found["writes"][0]["row_count"] == 100
    assert found["rhythm"] == {
        "usual": HOUR,
        "expected": 3960.0,
        "expected_by": "2026-11-01T06:07:43Z",
        "gaps": 5,
        "text": "usually written every hour",
    }
    assert found["breaches"] == []


def test_it_is_late_from_when_it_was_expected_until_it_was_written(db: sa.Engine) -> None:
    api = Api(db, now=BEGIN + timedelta(hours=14))
    hours = [*range(8), 10, 11]  # 8 and 9 were missed, and since 12
    api.send(*(event for hour in hours for event in dag_run(hour)))
    found = freshness(api)
    (first, second) = found["breaches"]
    assert first["since"].startswith("2026-11-01T08:")
    assert first["until"].startswith("2026-11-01T10:")
    assert second["until"] is None
    assert freshness(api, "shop.raw")["writes"] == []
    assert freshness(api, "shop.raw")["rhythm"] is None


def test_a_run_started_by_hand_makes_fresh_but_sets_no_pace(db: sa.Engine) -> None:
    api = Api(db, now=BEGIN + timedelta(days=3))
    api.send(*(event for hour in range(6) for event in dag_run(hour, kind="manual")))
    found = freshness(api)
    assert len(found["writes"]) == 6
    assert found["rhythm"] is None
    assert found["breaches"] == []


def test_only_the_days_that_are_asked_for_are_read_and_the_write_before(db: sa.Engine) -> None:
    api = Api(db, now=BEGIN + timedelta(hours=10))
    api.send(*(event for hour in range(10) for event in dag_run(hour)))
    found = freshness(api, days=0.1)
    assert len(found["writes"]) == 3  # two since 7:36, and the one before
    assert len(freshness(api, limit=2)["writes"]) == 2
    assert freshness(api, limit=2)["truncated"] is True
    assert "days" in api.problem(422, "datasets/postgres://h:5432:shop.report/freshness", days=-1)
    api.problem(404, "datasets/postgres://h:5432:none/freshness")


@pytest.mark.parametrize("word", ["manual", "backfill"])
def test_a_dag_that_a_manual_run_or_a_backfill_triggered_sets_no_pace(
    db: sa.Engine, word: str
) -> None:
    api = Api(db, now=BEGIN + timedelta(days=3))
    for hour in range(8):
        api.send(*chain(hour, word))
    assert len(freshness(api, "shop.summary")["writes"]) == 8
    assert freshness(api, "shop.summary")["rhythm"] is None
    assert at_risk(api) == {}


@pytest.mark.parametrize("named", [True, False], ids=["by its facet", "by what it reads"])
def test_a_dag_that_a_scheduled_run_triggered_sets_the_pace(db: sa.Engine, named: bool) -> None:
    api = Api(db, now=BEGIN + timedelta(hours=8))
    for hour in range(8):
        api.send(*chain(hour, "scheduled", named=named))
    for hour in (2.25, 3.5, 4.75, 5.1, 6.3):
        api.send(*chain(hour, "manual", named=named))
    assert freshness(api, "shop.summary")["rhythm"]["text"] == "usually written every hour"


def test_a_dag_that_a_scheduled_task_triggered_sets_the_pace(db: sa.Engine) -> None:
    api = Api(db, now=BEGIN + timedelta(hours=8))
    for hour in range(8):
        api.send(*triggered(hour, "scheduled"))
    for hour in (2.25, 3.5, 4.75, 5.1, 6.3):
        api.send(*triggered(hour, "manual"))
    assert freshness(api, "shop.summary")["rhythm"]["text"] == "usually written every hour"


def test_what_runs_inside_a_task_is_not_a_second_write(db: sa.Engine) -> None:
    api = Api(db, now=BEGIN + timedelta(hours=8))
    for hour in range(8):
        api.send(*dag_run(hour))
        at = BEGIN + timedelta(hours=hour, seconds=90)
        task = parent(uuid(0x1000 * (hour + 1) + 4), "shop.publish")
        for number in range(3):  # an application and two statements of it
            run_id = uuid(0x900_0000 + 16 * hour + number)
            inside = task if number == 0 else parent(uuid(0x900_0000 + 16 * hour), "app")
            reported = {"parent": inside}
            end = (at + timedelta(seconds=number)).isoformat()
            api.send(
                run_event("START", at.isoformat(), run_id, f"app.{number}" if number else "app", run=reported),
                run_event("COMPLETE", end, run_id, f"app.{number}" if number else "app", run=reported, outputs=[dataset("shop.report")]),
            )  # fmt: skip
    found = freshness(api)
    assert len(found["writes"]) == 8
    assert found["rhythm"]["text"] == "usually written every hour"


def test_a_rhythm_is_learned_in_the_time_zone_of_the_schedule(db: sa.Engine) -> None:
    """06:00 in Berlin is 04:00 UTC until the last Sunday of October, then 05:00."""
    begin, zone = datetime(2026, 9, 14, 6, tzinfo=UTC), ZoneInfo("Europe/Berlin")
    days = [begin + timedelta(days=day) for day in range(42)]
    workdays = [day.replace(tzinfo=zone) for day in days if day.weekday() < 5]
    api = Api(db, now=datetime(2026, 10, 26, 5, 30, tzinfo=UTC))
    api.send(*(event for at in workdays for event in berlin(at)))
    found = freshness(api, "shop.berlin")["rhythm"]
    assert found["text"] == "usually written on workdays at 06:01 Europe/Berlin"
    assert found["expected_by"] == "2026-10-26T05:46:00Z"
    assert at_risk(api)["shop.berlin"]["standing"] == "at_risk"  # should have begun long since
    api.now = datetime(2026, 10, 26, 5, 1, tzinfo=UTC)
    assert at_risk(api) == {}
    api.now = datetime(2026, 10, 26, 5, 50, tzinfo=UTC)
    assert at_risk(api)["shop.berlin"]["standing"] == "late"


def chain(hour: float, kind: str, *, named: bool = True) -> list[bytes]:
    """A run of DAG `first`, and one of DAG `second` that its asset triggered, which writes."""
    start = BEGIN + timedelta(hours=hour)
    number = 0x800_0000 + int(hour * 60) * 0x100 + (0x80 if kind != "scheduled" else 0)
    first = of_dag("first", f"{kind}__{start.isoformat()}", kind, start, number, "shop.middle")
    reported = {
        "upstream": [
            {
                "job": {"namespace": "prod", "name": "first.write"},
                "run": {"runId": uuid(number + 1)},
            }
        ]
    }
    after = start + timedelta(seconds=90)
    return first + of_dag(
        "second", f"asset_triggered__{after.isoformat()}", "asset_triggered", after, number + 0x10,
        "shop.summary", reads="shop.middle", dag_run={"jobDependencies": reported} if named else {},
    )  # fmt: skip


def triggered(hour: float, kind: str) -> list[bytes]:
    """A run of DAG `first`, a task of which triggers one of DAG `second`."""
    start = BEGIN + timedelta(hours=hour)
    number = 0x800_0000 + int(hour * 60) * 0x100 + (0x80 if kind != "scheduled" else 0)
    first = of_dag("first", f"{kind}__{start.isoformat()}", kind, start, number, "shop.middle")
    after = start + timedelta(seconds=30)
    return first + of_dag(
        "second", f"manual__{after.isoformat()}", "manual", after, number + 0x10, "shop.summary",
        dag_run={"parent": parent(uuid(number + 1), "first.write")},
    )  # fmt: skip


def berlin(at: datetime) -> list[bytes]:
    timetable = {"timetable": {"expression": "0 6 * * 1-5", "timezone": "Europe/Berlin"}}
    start = at.astimezone(UTC)
    number = 0x700_0000 + int(start.timestamp()) // 3600 * 0x10
    run_id = f"scheduled__{start.isoformat()}"
    return of_dag("berlin", run_id, "scheduled", start, number, "shop.berlin", dag=timetable)


def test_breaches_lie_between_writes() -> None:
    hours = [at * HOUR * 1_000_000 for at in range(12)]
    rhythm = learn(tuple(hours))
    assert rhythm is not None
    hourly = expectations.learned(rhythm)
    last, due = hours[-1], hourly.due(hours[-1])
    assert due is not None
    assert hourly.breaches([hours[-2], last], last) == []
    assert hourly.breaches([last], due) == []
    assert hourly.breaches([last], due + 1) == [(due, None)]
    assert hourly.breaches([last, due + 5], due + 6) == [(due, due + 5)]
    assert hourly.breaches([], 60) == []


# --- trouble ------------------------------------------------------------------------------------


def test_what_failed_to_be_written_comes_first_with_all_that_rests_on_it(db: sa.Engine) -> None:
    api = Api(db, now=BEGIN + timedelta(hours=3, minutes=10))
    api.send(*(event for hour in range(3) for event in dag_run(hour)), *dag_run(3, fails="load"))
    api.send(*wrote("elsewhere", "other.table", at="02:30:00"))
    found = at_risk(api)
    assert list(found) == ["shop.orders", "shop.totals", "shop.report"]
    assert [item["standing"] for item in found.values()] == ["failed", "at_risk", "at_risk"]
    assert [item["level"] for item in found.values()] == [0, 1, 2]
    assert {item["cause"]["task_id"] for item in found.values()} == {"load"}
    assert found["shop.totals"]["cause"]["error"] == "load broke"


def test_once_it_succeeds_nothing_is_in_trouble(db: sa.Engine) -> None:
    api = Api(db, now=BEGIN + timedelta(hours=4, minutes=10))
    api.send(*(event for hour in range(3) for event in dag_run(hour)), *dag_run(3, fails="load"))
    api.send(*dag_run(4))
    assert at_risk(api) == {}


def test_a_try_that_failed_and_was_tried_again_is_no_trouble(db: sa.Engine) -> None:
    api = Api(db, now=BEGIN + timedelta(minutes=10))
    api.send(*dag_run(0, retries={"load": 2}))
    assert at_risk(api) == {}


def test_what_is_no_longer_written_is_late_without_a_failure(db: sa.Engine) -> None:
    api = Api(db, now=BEGIN + timedelta(hours=8))
    api.send(*(event for hour in range(5) for event in dag_run(hour)))
    found = at_risk(api)
    assert set(found) == {"shop.orders", "shop.totals", "shop.report"}
    late = found["shop.report"]
    assert (late["standing"], late["cause"]) == ("late", None)
    assert late["late_since"].startswith("2026-11-01T05:07")
    assert late["rhythm"]["usual"] == HOUR


def test_a_dropped_dataset_is_not_missed(db: sa.Engine) -> None:
    api = Api(db, now=BEGIN + timedelta(hours=8))
    api.send(*(event for hour in range(5) for event in dag_run(hour)))
    gone = dataset("shop.report", lifecycleStateChange={"lifecycleStateChange": "DROP"})
    api.send(*wrote("cleaner", gone, at="06:00:00"))
    assert "shop.report" not in at_risk(api)


# --- who is affected ----------------------------------------------------------------------------


def test_the_impact_of_a_dataset_has_levels_owners_and_dags(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*dag_run(0))
    found = api.get("impact", node="dataset:postgres://h:5432:shop.orders")
    assert [(item["level"], item["kind"], item["name"]) for item in found["items"]] == [
        (1, "dataset", "shop.totals"),
        (1, "job", "shop.check"),
        (1, "job", "shop.sum"),
        (2, "dataset", "shop.report"),
        (2, "job", "shop.publish"),
    ]
    assert (found["datasets"], found["tasks"], [dag["name"] for dag in found["dags"]]) == (
        2,
        3,
        ["shop"],
    )
    assert found["owners"] == [{"name": "sales", "datasets": 0, "dags": 1}]
    assert found["items"][1]["owners"] == [{"name": "check", "type": None}]
    nearest = api.get("impact", node="dataset:postgres://h:5432:shop.orders", depth=2)
    assert {item["level"] for item in nearest["items"]} == {1}


def test_the_impact_of_a_dag_begins_with_what_it_writes(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*dag_run(0), *wrote("reader", "shop.mail", reads=("shop.report",)))
    found = api.get("impact", node="job:prod:shop")
    assert {item["name"] for item in found["items"]} == {
        "shop.orders",
        "shop.totals",
        "shop.report",
        "shop.mail",
        "reader",
    }
    api.problem(404, "impact", node="dataset:none:at_all")


@pytest.mark.parametrize("limit", [1, 2])
def test_what_the_limit_leaves_out_is_counted(db: sa.Engine, limit: int) -> None:
    api = Api(db)
    api.send(*wrote("j", "s.b", "s.c", reads=("s.a",)))
    found = api.get("impact", node="dataset:postgres://h:5432:s.a", limit=limit)
    assert len(found["items"]) == limit
    assert found["truncated"] == 3 - limit
    assert (found["datasets"], found["tasks"], found["complete"]) == (2, 1, True)


# --- what teaches nothing -------------------------------------------------------------------------


def test_a_backfill_of_more_writes_than_a_rhythm_is_learned_from_changes_nothing(
    db: sa.Engine,
) -> None:
    api = Api(db, now=BEGIN + timedelta(hours=6))
    api.send(*(event for hour in range(6) for event in dag_run(hour)))
    before = freshness(api)["rhythm"]
    assert before["text"] == "usually written every hour"
    api.send(
        *(
            event
            for hour in range(6, 16 + rhythm.WINDOW)
            for event in dag_run(hour, kind="backfill")
        )
    )
    after = freshness(api)["rhythm"]
    assert (after["text"], after["gaps"]) == (before["text"], before["gaps"])


def test_what_is_written_in_a_maintenance_window_teaches_nothing(db: sa.Engine) -> None:
    api = Api(db, now=BEGIN + timedelta(hours=120))
    every = [*range(0, 80, 4), *range(80, 120)]  # hurried in the window
    api.send(*(event for hour in every for event in dag_run(hour)))
    assert freshness(api)["rhythm"]["text"] == "usually written every hour"
    window = {"starts_at": at(79.5), "ends_at": at(130)}
    other = {"dataset": "shop.other", **window}
    assert api.http.post("/api/v1/maintenance", json=other).status_code == 201
    assert freshness(api)["rhythm"]["text"] == "usually written every hour"
    assert api.http.post("/api/v1/maintenance", json={"dag": "shop", **window}).status_code == 201
    assert freshness(api)["rhythm"]["text"] == "usually written every 4 hours"


def at(hour: float) -> str:
    return (BEGIN + timedelta(hours=hour)).isoformat()
