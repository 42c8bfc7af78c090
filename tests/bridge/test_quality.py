"""Checks of data: on their dataset, with their run, and on Health when they fail."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa

from tests.bridge.asking import Api, wrote
from tests.support.corpus import FOLDER, needs_corpus
from tests.support.small import dataset, uuid

ORDERS = "postgres://h:5432:shop.orders"


def check(name: str, *, success: bool, **more: Any) -> dict[str, Any]:
    return {"assertion": "not_null", "name": name, "success": success, **more}


def checked(*assertions: dict[str, Any], facets: str = "inputFacets") -> dict[str, Any]:
    """The dataset as a run reads it that checked it."""
    return {
        **dataset("shop.orders"),
        facets: {"dataQualityAssertions": {"assertions": list(assertions)}},
    }


def ran(number: int, at: str, *reads: Any, state: str = "COMPLETE", **more: Any) -> list[bytes]:
    return wrote("quality.check", reads=reads, at=at, state=state, run_id=uuid(number), **more)


def reported(items: list[Any]) -> list[tuple[str, str | None, bool | None, str | None]]:
    return [(each["name"], each["column"], each["success"], each["severity"]) for each in items]


FAILED = check(
    "id_is_there", success=False, column="id", severity="error", expected="0", actual="7"
)
WARNED = check("few_rows", success=False, severity="warn")
PASSED = check("day_is_there", success=True, column="day", severity="error")


@pytest.mark.parametrize("facets", ["inputFacets", "facets"])
def test_a_run_that_succeeded_with_failed_assertions_says_so(db: sa.Engine, facets: str) -> None:
    api = Api(db)
    api.send(*ran(1, "08:00:00", checked(PASSED, FAILED, WARNED, facets=facets)))
    (run,) = api.get("runs")["items"]
    assert (run["state"], run["failed_assertions"]) == ("success", 2)
    detail = api.get(f"runs/{run['id']}")
    assert reported(detail["assertions"]) == [
        ("few_rows", None, False, "warn"),
        ("id_is_there", "id", False, "error"),
        ("day_is_there", "day", True, "error"),
    ]
    assert detail["assertions"][1]["dataset"]["name"] == "shop.orders"
    assert (detail["assertions"][1]["expected"], detail["assertions"][1]["actual"]) == ("0", "7")
    assert not [name for name in detail["facts"] if name.startswith("checks")]


def test_a_dataset_has_each_check_as_it_went_last(db: sa.Engine) -> None:
    events = [
        *ran(1, "08:00:00", checked(FAILED, PASSED)),
        *ran(2, "09:00:00", checked({**FAILED, "success": True}, {**PASSED, "success": False})),
    ]
    for order in [*permutations(range(4))][::7]:
        api = Api(db)
        for each in order:
            api.send(events[each])
    found = api.get(f"datasets/{ORDERS}")["assertions"]
    assert reported(found) == [
        ("day_is_there", "day", False, "error"),
        ("id_is_there", "id", True, "error"),
    ]
    assert {each["run"]["run_id"] for each in found} == {uuid(2)}
    then = api.get(f"datasets/{ORDERS}", as_of="2026-11-01T07:00:00Z")
    assert then["assertions"] == []


def test_failed_checks_are_on_health_errors_before_warnings(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*ran(1, "08:00:00", checked(WARNED, PASSED, FAILED)))
    overview = api.get("overview")
    assert reported(overview["failed_assertions"]) == [
        ("id_is_there", "id", False, "error"), ("few_rows", None, False, "warn")
    ]  # fmt: skip
    assert overview["counts"]["failed_assertions"] == 2
    assert overview["failed_assertions"][0]["dataset"]["name"] == "shop.orders"
    api.send(*ran(2, "09:00:00", checked({**FAILED, "success": True}, {**WARNED, "success": True})))
    assert api.get("overview")["failed_assertions"] == []


def test_the_tests_of_a_run_are_checks_of_the_one_dataset_that_it_read(db: sa.Engine) -> None:
    """dbt reports a test of its own in the run, and again with the model that it tests."""
    own = {"name": "test.shop.few_rows", "status": "fail", "severity": "warn"}
    skipped = {"name": "test.shop.later", "status": "skip"}
    api = Api(db)
    api.send(*ran(1, "08:00:00", checked(WARNED)),
             *ran(2, "08:00:00", dataset("shop.orders"), run={"test": {"tests": [own, skipped]}}))  # fmt: skip
    assert reported(api.get("overview")["failed_assertions"]) == [("few_rows", None, False, "warn")]
    detail = api.get(f"runs/{uuid(2)}")
    assert reported(detail["assertions"]) == [
        ("few_rows", None, False, "warn"),
        ("later", None, None, None),
    ]
    assert detail["failed_assertions"] == 1


def test_tests_of_a_run_that_read_several_datasets_are_the_runs_alone(db: sa.Engine) -> None:
    tests = {"test": {"tests": [{"name": "match", "status": "fail"}]}}
    api = Api(db)
    api.send(*ran(1, "08:00:00", dataset("shop.orders"), dataset("shop.items"), run=tests))
    assert api.get("overview")["failed_assertions"] == []
    (found,) = api.get(f"runs/{uuid(1)}")["assertions"]
    assert (found["name"], found["success"], found["dataset"]) == ("match", False, None)


@pytest.mark.parametrize("odd", [None, [], "x", [1], [{"success": "no"}], [{"assertion": None}]])
def test_odd_assertions_cost_nothing(db: sa.Engine, odd: Any) -> None:
    api = Api(db)
    reads = {
        **dataset("shop.orders"),
        "inputFacets": {"dataQualityAssertions": {"assertions": odd}},
    }
    api.send(*ran(1, "08:00:00", reads, run={"test": {"tests": odd}}))
    assert api.get("overview")["counts"]["runs"] == 1
    assert api.get(f"runs/{uuid(1)}")["state"] == "success"


@needs_corpus
def test_the_failed_tests_of_a_real_dbt_project_are_on_health(db: sa.Engine) -> None:
    assert FOLDER is not None
    api = Api(db)
    api.send(*(FOLDER / "real-producers-2026" / "dbt_pg.jsonl").read_bytes().splitlines())
    failed = api.get("overview")["failed_assertions"]
    assert ("assert_rev", None, False, "error") in reported(failed)
    revenue = api.get("datasets/postgres://127.0.0.1:5544:shop.analytics.revenue")["assertions"]
    assert {each["name"] for each in revenue} >= {"assert_rev", "not_null_revenue_country"}
    assert sum(each["name"] == "assert_rev" for each in revenue) == 1
