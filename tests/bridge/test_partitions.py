"""Partitions: a write of an older one makes nothing fresh; the newest one decides."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from fairlead_bridge.insight import rhythm
from fairlead_bridge.mapping.partition import of_facets, of_key, of_pairs
from tests.bridge.asking import Api
from tests.support.small import run_event, uuid

FIRST = datetime(2026, 10, 5, 5, tzinfo=UTC)
DAY = timedelta(days=1)
LAKE = "dataset:s3://lake:orders"


def micros(*when: int) -> int:
    return round(datetime(*when, tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("pairs", "begins"),
    [
        ({"dt": "2026-11-01"}, (2026, 11, 1)),
        ({"dt": "2026-11-01", "hour": "03"}, (2026, 11, 1, 3)),
        ({"date": "2026-11-01T03"}, (2026, 11, 1, 3)),
        ({"ts": "2026-11-01 03:00:00"}, (2026, 11, 1, 3)),
        ({"ts": "2026-11-01 03%3A00%3A00"}, (2026, 11, 1, 3)),
        ({"year": "2026", "month": "11", "day": "1", "hour": "3"}, (2026, 11, 1, 3)),
        ({"year": "2026", "month": "11"}, (2026, 11, 1)),
        ({"country": "DE", "business_date": "20261101"}, (2026, 11, 1)),
        ({"shard": "20261101"}, (2026, 11, 1)),
        ({"partition": "202611"}, (2026, 11, 1)),
        ({"partition": "2026110107"}, (2026, 11, 1, 7)),
        ({"day": "2026-11-01", "h": "24"}, (2026, 11, 1)),
        ({"customer": "20261101"}, None),
        ({"country": "DE"}, None),
        ({"dt": "__HIVE_DEFAULT_PARTITION__"}, None),
        ({"dt": "2026-13-01"}, None),
        ({"dt": "9999-12-31"}, None),
        ({"month": "11"}, None),
        ({"year": "2026", "month": "14"}, None),
        ({"dt": "²026-11-01"}, None),
        ({}, None),
    ],
)
def test_a_partition_in_time_is_known_by_its_keys_and_values(
    pairs: dict[str, str], begins: tuple[int, ...] | None
) -> None:
    assert of_pairs(tuple(pairs.items())) == (micros(*begins) if begins else None)


def test_airflow_calls_a_partition_by_one_text() -> None:
    assert of_key("2026-11-01T00:00:00") == of_key("DE|20261101") == micros(2026, 11, 1)
    assert of_key("DE") is of_key(None) is of_key(20261101) is None


def partition(**dimensions: str) -> dict[str, Any]:
    return {"type": "partition", "partitions": [{"dimensions": dimensions}]}


def equal(field: str, value: str) -> dict[str, Any]:
    sides = {
        "left": {"type": "field", "field": field},
        "right": {"type": "literal", "value": value},
    }
    return {"type": "compare", "comparison": "EQUAL", **sides}


@pytest.mark.parametrize(
    "condition",
    [
        partition(country="DE", business_date="2026-11-01"),
        {"type": "partition", "partitions": [{"identifier": "2026-11-01"}, {"identifier": "20261001"}]},
        {"type": "location", "locations": ["s3://b/t/dt=2026-10-31", "s3://b/t/dt=2026-11-01/"]},
        {"type": "location", "locations": ["s3://b/t/2026/11/01"]},
        equal("dt", "2026-11-01"),
        {"type": "binary", "operator": "AND", "left": equal("country", "DE"), "right": equal("dt", "2026-11-01")},
    ],
)  # fmt: skip
def test_the_newest_partition_that_a_subset_names_counts(condition: dict[str, Any]) -> None:
    assert of_facets(subset(condition)) == micros(2026, 11, 1)


@pytest.mark.parametrize(
    "condition",
    [None, [], "dt=2026-11-01", {"partitions": {"dt": 1}}, {"locations": [1, None]}, equal("dt", "x"),
     {"left": {"left": {"left": None}}}, equal("dt", "2026-11-01") | {"comparison": "LESS_THAN"}],
)  # fmt: skip
def test_an_odd_subset_names_no_partition(condition: Any) -> None:
    assert of_facets(subset(condition)) is None


def subset(condition: Any) -> dict[str, Any]:
    return {"subset": msgspec.Raw(json.dumps({"outputCondition": condition}).encode())}


# --- over REST ------------------------------------------------------------------------------------

_numbers = iter(range(0x7_000_000, 0x8_000_000))
Producer = Callable[[datetime], dict[str, Any]]


def by_name(day: datetime) -> dict[str, Any]:
    return {"namespace": "s3://lake", "name": f"orders/dt={day:%Y-%m-%d}"}


def by_date(day: datetime) -> dict[str, Any]:
    return {"namespace": "s3://lake", "name": f"orders/{day:%Y/%m/%d}"}


def by_facet(day: datetime) -> dict[str, Any]:
    condition = partition(dt=f"{day:%Y-%m-%d}")
    found = {"outputFacets": {"subset": {"outputCondition": condition}}}
    return {"namespace": "s3://lake", "name": "orders", **found}


def wrote(output: dict[str, Any], at: datetime, run: dict[str, Any] | None = None) -> list[bytes]:
    run_id = uuid(next(_numbers))
    end = (at + timedelta(minutes=1)).isoformat()
    return [
        run_event("START", at.isoformat(), run_id, "load", run=run),
        run_event("COMPLETE", end, run_id, "load", run=run, outputs=[{"facets": {}, **output}]),
    ]


def daily(days: int, of: Producer = by_name, ahead: timedelta = timedelta()) -> list[bytes]:
    return [
        event
        for day in range(days)
        for event in wrote(of(FIRST + day * DAY - DAY + ahead), FIRST + day * DAY)
    ]


@pytest.mark.parametrize("of", [by_name, by_date, by_facet])
def test_an_older_partition_that_is_written_anew_makes_nothing_fresh(
    db: sa.Engine, of: Producer
) -> None:
    api = Api(db, now=FIRST + 14 * DAY + timedelta(hours=6))
    api.send(*daily(14, of))
    before = api.get("outlook", node=LAKE)
    assert before["standing"] == "late"
    api.send(*wrote(of(FIRST + 3 * DAY), FIRST + 14 * DAY + timedelta(hours=4)))
    after = api.get("outlook", node=LAKE)
    assert (after["standing"], after["late_since"]) == ("late", before["late_since"])
    assert after["expectation"] == before["expectation"]
    assert (before["fresh_at"], after["fresh_at"]) == (before["written_at"], before["written_at"])
    assert after["written_at"] == "2026-10-19T09:01:00Z"
    api.send(*wrote(of(FIRST + 13 * DAY), FIRST + 14 * DAY + timedelta(hours=5)))
    made = api.get("outlook", node=LAKE)
    assert (made["standing"], made["fresh_at"]) == ("ok", "2026-10-19T10:01:00Z")


def test_a_run_of_several_partitions_counts_by_its_newest_one(db: sa.Engine) -> None:
    api = Api(db, now=FIRST + 14 * DAY + timedelta(hours=6))
    api.send(*daily(14))
    run_id, at = uuid(next(_numbers)), FIRST + 14 * DAY + timedelta(hours=1)
    outputs = [{**by_name(FIRST + day * DAY), "facets": {}} for day in (2, 13, 5)]
    api.send(run_event("COMPLETE", at.isoformat(), run_id, "load", outputs=outputs))
    assert api.get("outlook", node=LAKE)["fresh_at"] == "2026-10-19T06:00:00Z"


def test_a_partition_is_known_by_the_key_that_airflow_runs_the_dag_for(db: sa.Engine) -> None:
    api = Api(db, now=FIRST + 14 * DAY + timedelta(hours=6))
    plain = {"namespace": "s3://lake", "name": "orders"}
    for day in range(14):
        at = FIRST + day * DAY
        api.send(
            *wrote(plain, at, of_airflow(f"run{day}", f"{at - DAY:%Y-%m-%d}", "asset_triggered"))
        )
    again = of_airflow("again", "2026-10-08", "asset_triggered")
    api.send(*wrote(plain, FIRST + 14 * DAY + timedelta(hours=4), again))
    found = api.get("outlook", node=LAKE)
    assert (found["standing"], found["fresh_at"]) == ("late", "2026-10-18T05:01:00Z")


def of_airflow(run_id: str, key: str, run_type: str) -> dict[str, Any]:
    dag_run = {"dag_id": "load", "run_id": run_id, "run_type": run_type, "partition_key": key}
    task = {"task_id": "write", "operator_class": "PythonOperator"}
    return {
        "airflow": {
            "dag": {"dag_id": "load"},
            "dagRun": dag_run,
            "task": task,
            "taskInstance": {"try_number": 1, "map_index": -1},
        }
    }


def test_partitions_ahead_of_time_say_nothing_of_freshness(db: sa.Engine) -> None:
    api = Api(db, now=FIRST + 14 * DAY + timedelta(hours=6))
    api.send(*daily(14, ahead=9 * DAY))
    api.send(*wrote(by_name(FIRST + 16 * DAY), FIRST + 14 * DAY + timedelta(hours=1)))
    found = api.get("outlook", node=LAKE)
    assert (found["standing"], found["fresh_at"]) == ("ok", found["written_at"])


def test_rewriting_more_partitions_than_are_read_makes_nothing_fresh(db: sa.Engine) -> None:
    api = Api(db, now=FIRST + 14 * DAY + timedelta(hours=6))
    api.send(*daily(14))
    begin = FIRST + 13 * DAY + timedelta(hours=2)
    for number in range(rhythm.WINDOW + 3):
        api.send(*wrote(by_name(FIRST - (number + 9) * DAY), begin + number * timedelta(minutes=5)))
    found = api.get("outlook", node=LAKE)
    past = api.get("outlook", node=LAKE, as_of=(FIRST + 10 * DAY + timedelta(hours=1)).isoformat())
    assert past["fresh_at"] == past["written_at"] == "2026-10-15T05:01:00Z"
    assert found["fresh_at"] == "2026-10-18T05:01:00Z"
    assert found["written_at"] > found["fresh_at"]
