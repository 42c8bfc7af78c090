"""What is wrong with the data is part of how a dataset stands, and of what rests on it."""

from __future__ import annotations

import doctest
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.insight import quality
from tests.bridge.asking import Api, wrote
from tests.bridge.monitored import Bridge
from tests.support.small import dataset

ORDERS, TOTALS = "postgres://h:5432:shop.orders", "postgres://h:5432:shop.totals"
BEGIN = datetime(2026, 10, 20, 8, tzinfo=UTC)


def loaded(day: int, rows: int | None = 100) -> list[bytes]:
    """`orders` is loaded with so many rows, and `totals` made of it an hour later."""
    counted = {"outputFacets": {"outputStatistics": {"rowCount": rows}}} if rows is not None else {}
    at = BEGIN + timedelta(days=day)
    return [
        *wrote("load", {**dataset("shop.orders"), **counted}, at=at.isoformat()),
        *wrote("sum", "shop.totals", reads=("shop.orders",), at=_after(at, 1)),
    ]


def checked(day: int, *, success: bool, severity: str = "error", hour: int = 2) -> list[bytes]:
    check = {"assertion": "not_null", "name": "id_is_there", "column": "id", "success": success}
    facet = {"dataQualityAssertions": {"assertions": [{**check, "severity": severity}]}}
    reads = {**dataset("shop.orders"), "inputFacets": facet}
    return wrote("test", reads=(reads,), at=_after(BEGIN + timedelta(days=day), hour))


def _after(at: datetime, hours: int) -> str:
    return (at + timedelta(hours=hours)).isoformat()


@pytest.fixture
def api(db: sa.Engine) -> Api:
    """Twelve days on which all went well."""
    api = Api(db, now=BEGIN + timedelta(days=12, hours=4))
    for day in range(12):
        api.send(*loaded(day))
    return api


def outlook(api: Api, dataset: str) -> tuple[str, str | None, str | None]:
    found = api.get("outlook", node=f"dataset:{dataset}")
    cause = found["root_cause"]
    return (found["standing"], cause["kind"], cause["text"]) if cause else (found["standing"], None, None)  # fmt: skip


def test_the_examples_hold() -> None:
    assert doctest.testmod(quality).failed == 0


def test_a_failed_check_is_a_failure_of_its_dataset_and_a_risk_for_what_is_made_of_it(
    api: Api,
) -> None:
    api.send(*loaded(12), *checked(12, success=False))
    text = "shop.orders: check id_is_there of id failed"
    assert outlook(api, ORDERS) == ("failed", "failed_check", text)
    assert outlook(api, TOTALS) == ("at_risk", "failed_check", text)
    cause = api.get("root-cause", node=f"dataset:{TOTALS}")["root_cause"]
    assert cause["node"] == f"dataset:{ORDERS}"
    assert cause["run_id"]


def test_a_check_that_passes_again_makes_it_good(api: Api) -> None:
    api.send(*loaded(12), *checked(12, success=False), *checked(12, success=True, hour=3))
    assert outlook(api, ORDERS)[0] == outlook(api, TOTALS)[0] == "ok"


def test_a_failed_check_says_nothing_about_data_that_was_written_since(api: Api) -> None:
    api.send(*loaded(11, rows=None), *checked(11, success=False), *loaded(12))
    assert outlook(api, ORDERS)[0] == "ok"
    assert api.get(f"datasets/{ORDERS}")["quality"]["failed_checks"] is None


def test_a_check_that_is_no_longer_made_counts_nowhere_once_newer_data_is_there(api: Api) -> None:
    """It stays in the list of the dataset, with when it was made last."""
    api.send(*loaded(11, rows=None), *checked(11, success=False))
    assert api.get("overview")["counts"]["failed_assertions"] == 1
    api.send(*loaded(12))
    assert api.get("overview")["counts"]["failed_assertions"] == 0
    assert api.get("overview")["failed_assertions"] == []
    whole = api.get(f"datasets/{ORDERS}")
    assert [each["success"] for each in whole["assertions"]] == [False]
    assert whole["quality"]["score"] is None


def test_a_warning_is_no_failure(api: Api) -> None:
    api.send(*loaded(12), *checked(12, success=False, severity="warn"))
    assert outlook(api, ORDERS)[0] == "ok"
    found = api.get(f"datasets/{ORDERS}")["quality"]
    assert (found["score"], found["text"]) == (0.5, "0 of 1 checks passed, 1 warning")


@pytest.mark.parametrize("rows", [0, 49, 201])
def test_a_row_count_outside_the_usual_is_a_risk(api: Api, rows: int) -> None:
    api.send(*loaded(12, rows))
    text = f"shop.orders: {rows} rows were written; usual are 50 to 200 rows a write"
    assert outlook(api, ORDERS) == ("at_risk", "row_count", text)
    assert api.get(f"datasets/{ORDERS}")["quality"]["row_count"] in text


@pytest.mark.parametrize("rows", [50, 200, None])
def test_a_usual_row_count_and_an_unknown_one_are_none(api: Api, rows: int | None) -> None:
    api.send(*loaded(12, rows))
    assert outlook(api, ORDERS)[0] == "ok"


def test_a_stated_row_count_wins_over_the_usual_one(api: Api) -> None:
    body = {"node": f"dataset:{ORDERS}", "rows": {"at_least": 150, "at_most": 1000}}
    assert api.http.put("/api/v1/expectations", json=body).status_code == 200
    api.send(*loaded(12, 900))
    assert outlook(api, ORDERS)[0] == "ok"
    api.send(*wrote("load", _counted(120), at=_after(BEGIN + timedelta(days=12), 3)))
    text = "shop.orders: 120 rows were written; expected are 150 to 1000 rows a write"
    assert outlook(api, ORDERS) == ("failed", "row_count", text)


def test_the_past_knows_neither_later_checks_nor_later_row_counts(api: Api) -> None:
    then = _after(BEGIN + timedelta(days=12), 4)
    before = api.get("outlook", node=f"dataset:{ORDERS}", as_of=then)
    api.now += timedelta(days=2)
    api.send(*loaded(13, rows=3), *checked(13, success=False))
    assert api.get("outlook", node=f"dataset:{ORDERS}", as_of=then) == before


def test_a_failed_check_is_one_incident_with_what_is_downstream(db: sa.Engine) -> None:
    bridge = Bridge(db)
    bridge.take([event for day in range(12) for event in loaded(day)], BEGIN + timedelta(days=11.2))
    now = BEGIN + timedelta(days=12, hours=3)
    bridge.take([*loaded(12), *checked(12, success=False)], now)
    incident = bridge.only()
    assert (incident.kind, incident.severity) == ("failed_check", "critical")
    assert {each.node: each.standing for each in incident.affected} == {
        f"dataset:{ORDERS}": "failed",
        f"dataset:{TOTALS}": "at_risk",
        "job:prod:sum": "at_risk",
        "job:prod:test": "at_risk",
    }
    bridge.take(checked(12, success=True, hour=3), now + timedelta(hours=1))
    assert bridge.only().state == "resolved"


def _counted(rows: int) -> dict[str, Any]:
    return {
        **dataset("shop.orders"),
        "outputFacets": {"outputStatistics": {"rowCount": rows}},
    }
