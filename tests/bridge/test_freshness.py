"""How fresh datasets were kept, what is in trouble, and who is affected."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.catalog.freshness import breaches, rhythm
from tests.bridge.asking import Api, wrote
from tests.bridge.pipeline import BEGIN, dag_run
from tests.bridge.small import dataset

HOUR = 3600


def freshness(api: Api, name: str = "shop.report", **more: Any) -> Any:
    return api.get(f"datasets/postgres://h:5432:{name}/freshness", **more)


def at_risk(api: Api) -> dict[str, Any]:
    return {item["dataset"]["name"]: item for item in api.get("at-risk")["items"]}


# --- history ------------------------------------------------------------------------------------


def test_how_often_a_dataset_is_written_is_learned_from_its_writes(db: sa.Engine) -> None:
    api = Api(db, now=BEGIN + timedelta(hours=5, minutes=30))
    api.tell(*(event for hour in range(6) for event in dag_run(hour)))
    found = freshness(api)
    assert len(found["writes"]) == 6
    assert found["writes"][0]["run"]["task_id"] == "publish"
    assert found["writes"][0]["row_count"] == 100
    assert found["rhythm"] == {"usual": HOUR, "expected": HOUR * 1.2, "gaps": 5}
    assert found["breaches"] == []


def test_it_is_late_from_when_it_was_expected_until_it_was_written(db: sa.Engine) -> None:
    api = Api(db, now=BEGIN + timedelta(hours=14))
    hours = [*range(8), 10, 11]  # 8 and 9 were missed, and since 12
    api.tell(*(event for hour in hours for event in dag_run(hour)))
    found = freshness(api)
    (first, second) = found["breaches"]
    assert first["since"].startswith("2026-11-01T08:")
    assert first["until"].startswith("2026-11-01T10:")
    assert second["until"] is None
    assert freshness(api, "shop.raw")["writes"] == []
    assert freshness(api, "shop.raw")["rhythm"] is None


def test_what_somebody_started_by_hand_makes_fresh_but_sets_no_pace(db: sa.Engine) -> None:
    api = Api(db, now=BEGIN + timedelta(days=3))
    api.tell(*(event for hour in range(6) for event in dag_run(hour, kind="manual")))
    found = freshness(api)
    assert len(found["writes"]) == 6
    assert found["rhythm"] is None
    assert found["breaches"] == []


def test_only_the_days_that_are_asked_for_are_read_and_the_write_before(db: sa.Engine) -> None:
    api = Api(db, now=BEGIN + timedelta(hours=10))
    api.tell(*(event for hour in range(10) for event in dag_run(hour)))
    found = freshness(api, days=0.1)
    assert len(found["writes"]) == 3  # two since 7:36, and the one before
    assert len(freshness(api, limit=2)["writes"]) == 2
    assert freshness(api, limit=2)["truncated"] is True
    assert "days" in api.problem(422, "datasets/postgres://h:5432:shop.report/freshness", days=-1)
    api.problem(404, "datasets/postgres://h:5432:none/freshness")


def test_too_few_gaps_say_nothing() -> None:
    assert rhythm([]) is None
    assert rhythm([0, 10, 20]) is None
    assert rhythm([5, 5, 5, 5, 5]) is None
    weekly = rhythm([day * 86_400_000_000 for day in (0, 1, 2, 3, 4, 7, 8, 9, 10, 11)])
    assert weekly is not None
    assert weekly.expected > 1.2 * 86_400_000_000


def test_breaches_lie_between_writes() -> None:
    assert breaches([0, 10, 50], 20, 60) == [(30, 50)]
    assert breaches([0], 20, 60) == [(20, None)]
    assert breaches([], 20, 60) == []


# --- trouble ------------------------------------------------------------------------------------


def test_what_failed_to_be_written_comes_first_with_all_that_rests_on_it(db: sa.Engine) -> None:
    api = Api(db, now=BEGIN + timedelta(hours=3, minutes=10))
    api.tell(*(event for hour in range(3) for event in dag_run(hour)), *dag_run(3, fails="load"))
    api.tell(*wrote("elsewhere", "other.table", at="02:30:00"))
    found = at_risk(api)
    assert list(found) == ["shop.orders", "shop.totals", "shop.report"]
    assert [item["standing"] for item in found.values()] == ["failed", "at_risk", "at_risk"]
    assert [item["level"] for item in found.values()] == [0, 1, 2]
    assert {item["cause"]["task_id"] for item in found.values()} == {"load"}
    assert found["shop.totals"]["cause"]["error"] == "load broke"


def test_once_it_succeeds_nothing_is_in_trouble(db: sa.Engine) -> None:
    api = Api(db, now=BEGIN + timedelta(hours=4, minutes=10))
    api.tell(*(event for hour in range(3) for event in dag_run(hour)), *dag_run(3, fails="load"))
    api.tell(*dag_run(4))
    assert at_risk(api) == {}


def test_a_try_that_failed_and_was_tried_again_is_no_trouble(db: sa.Engine) -> None:
    api = Api(db, now=BEGIN + timedelta(minutes=10))
    api.tell(*dag_run(0, retries={"load": 2}))
    assert at_risk(api) == {}


def test_what_nobody_writes_any_more_is_late_without_a_failure(db: sa.Engine) -> None:
    api = Api(db, now=BEGIN + timedelta(hours=8))
    api.tell(*(event for hour in range(5) for event in dag_run(hour)))
    found = at_risk(api)
    assert set(found) == {"shop.orders", "shop.totals", "shop.report"}
    late = found["shop.report"]
    assert (late["standing"], late["cause"]) == ("late", None)
    assert late["late_since"].startswith("2026-11-01T05:1")
    assert late["rhythm"]["usual"] == HOUR


def test_a_dropped_dataset_is_not_missed(db: sa.Engine) -> None:
    api = Api(db, now=BEGIN + timedelta(hours=8))
    api.tell(*(event for hour in range(5) for event in dag_run(hour)))
    gone = dataset("shop.report", lifecycleStateChange={"lifecycleStateChange": "DROP"})
    api.tell(*wrote("cleaner", gone, at="06:00:00"))
    assert "shop.report" not in at_risk(api)


# --- who is affected ----------------------------------------------------------------------------


def test_the_impact_of_a_dataset_has_levels_owners_and_dags(db: sa.Engine) -> None:
    api = Api(db)
    api.tell(*dag_run(0))
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
    api.tell(*dag_run(0), *wrote("reader", "shop.mail", reads=("shop.report",)))
    found = api.get("impact", node="job:prod:shop")
    assert {item["name"] for item in found["items"]} == {
        "shop.orders",
        "shop.totals",
        "shop.report",
        "shop.mail",
        "reader",
    }
    api.problem(404, "impact", node="dataset:none:at_all")


def test_the_impact_of_a_column_is_what_comes_of_it(db: sa.Engine) -> None:
    api = Api(db)
    origin = {"namespace": "postgres://h:5432", "name": "s.a", "field": "x"}
    made = dataset("s.b", columnLineage={"fields": {"y": {"inputFields": [origin]}}})
    api.tell(*wrote("j", made, reads=("s.a",)), *wrote("other", "s.c", reads=("s.a",)))
    found = api.get("impact", node="dataset:postgres://h:5432:s.a", column="x")
    assert [(item["name"], item["columns"]) for item in found["items"]] == [
        ("s.b", ["y"]),
        ("j", []),
    ]
    assert api.get("impact", node="dataset:postgres://h:5432:s.a", column="none")["items"] == []


@pytest.mark.parametrize("limit", [1, 2])
def test_what_the_limit_leaves_out_is_counted(db: sa.Engine, limit: int) -> None:
    api = Api(db)
    api.tell(*wrote("j", "s.b", "s.c", reads=("s.a",)))
    found = api.get("impact", node="dataset:postgres://h:5432:s.a", limit=limit)
    assert len(found["items"]) == limit
    assert found["truncated"] > 0
