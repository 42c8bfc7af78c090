"""How reliable datasets, DAGs and owners were: promises kept, runs that succeeded, incidents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
import sqlalchemy as sa

from fairlead_bridge.insight.expectations import Expectation
from fairlead_bridge.insight.reliability import mean_seconds, promises, share
from tests.bridge.asking import Api
from tests.bridge.monitored import DAY, Bridge, morning
from tests.bridge.pipeline import BEGIN, dag_run
from tests.support.small import dataset, run_event, uuid

TABLE = "dataset:postgres://h:5432:shop."


@dataclass(frozen=True)
class Every:
    """Expects a write each 10 after the last."""

    def due(self, at: int) -> int:
        return at + 10


EVERY = Expectation("every", "person", "every 10", cast(Any, Every()))


@pytest.mark.parametrize(
    ("writes", "since", "now", "made", "kept"),
    [
        ([0, 8, 16, 24], 0, 30, 3, 3),  # the last promise has yet to come due
        ([0, 8, 16, 24], 0, 40, 4, 3),
        ([0, 8, 16, 24], 10, 30, 2, 2),  # what was kept before does not count
        ([0, 25, 30], 0, 35, 3, 1),  # at 10 and 20 nothing had come
        ([0, 29, 35], 0, 36, 4, 2),  # 29 was too late for 20, and in time for 30
        ([0], 0, 55, 5, 0),
        ([0], 30, 55, 3, 0),  # of these only those in the period
        ([], 0, 50, 0, 0),
    ],
)
def test_a_promise_is_a_time_by_which_a_write_was_expected(
    writes: list[int], since: int, now: int, made: int, kept: int
) -> None:
    assert promises(writes, EVERY, since, now) == (made, kept)


def test_of_nothing_there_is_no_share_and_no_mean() -> None:
    assert (share(0, 0), share(1, 3), mean_seconds([])) == (None, 0.3333, None)


def at(day: int, hour: float) -> datetime:
    return DAY + timedelta(days=day, hours=hour)


@pytest.fixture
def api(db: sa.Engine) -> Api:
    """Twenty mornings; on the nineteenth `sum` fails, and the next day it is well again."""
    bridge = Bridge(db)
    bridge.take([event for day in range(18) for event in morning(day)], at(17, 6))
    bridge.take(morning(18, fails="sum"), at(18, 5.5))
    bridge.take(morning(19), at(19, 5.5))
    return Api(db, now=at(19, 6))


def items(api: Api, **more: Any) -> dict[str, Any]:
    return {item["name"]: item for item in api.get("reliability", **more)["items"]}


def test_each_dataset_has_its_promises_runs_and_incidents(api: Api) -> None:
    found = items(api, days=10)
    totals, raw = found[TABLE + "totals"], found[TABLE + "raw"]
    assert (raw["promises"], raw["kept"], raw["kept_share"]) == (10, 10, 1.0)
    assert (totals["promises"], totals["kept"]) == (10, 9)
    assert (totals["runs"], totals["succeeded"]) == (10, 9)
    assert (raw["incidents"], totals["incidents"]) == (0, 1)
    detected = (at(18, 5.5) - at(18, 5) - timedelta(minutes=21)).total_seconds()
    assert totals["time_to_detect"] == detected
    assert totals["time_to_resolve"] == detected + 24 * 3600


def test_only_the_days_that_are_asked_for_count(api: Api) -> None:
    assert items(api, days=0.9)[TABLE + "totals"]["incidents"] == 0
    assert items(api, days=10, as_of=at(18, 5).isoformat())[TABLE + "totals"]["incidents"] == 0
    early = items(api, days=10, as_of=at(18, 8).isoformat())[TABLE + "totals"]
    assert (early["incidents"], early["time_to_resolve"]) == (1, None)


def test_pages_leave_no_dataset_out(api: Api) -> None:
    names = [item["label"] for item in api.pages("reliability", limit=2)]
    assert names == ["shop.orders", "shop.raw", "shop.totals"]


def test_a_dag_has_its_runs_and_the_incidents_that_began_in_it(db: sa.Engine) -> None:
    bridge = Bridge(db)
    for hour in range(8):
        fails = "publish" if hour == 5 else None
        bridge.take(dag_run(hour, fails=fails), BEGIN + timedelta(hours=hour, minutes=10))
    api = Api(db, now=BEGIN + timedelta(hours=7, minutes=20))
    (dag,) = api.get("reliability", by="dag", days=7)["items"]
    assert (dag["name"], dag["runs"], dag["succeeded"]) == ("job:prod:shop", 8, 7)
    assert (dag["incidents"], dag["datasets"], dag["success_share"]) == (1, 3, 0.875)
    assert dag["time_to_resolve"] > dag["time_to_detect"] > 0


def test_an_owner_has_those_of_all_that_it_owns_each_incident_once(db: sa.Engine) -> None:
    owned = [
        dataset(f"shop.{name}", ownership={"owners": [{"name": "team:sales"}]}) for name in "ab"
    ]
    begin = at(0, 5).isoformat()
    bridge = Bridge(db)
    bridge.take([run_event("FAIL", begin, uuid(1), "load", outputs=owned)], at(0, 5.1))
    (owner,) = Api(db, now=at(0, 6)).get("reliability", by="owner")["items"]
    assert (owner["name"], owner["datasets"], owner["incidents"]) == ("team:sales", 2, 1)
    assert (owner["runs"], owner["succeeded"], owner["kept_share"]) == (1, 0, None)


def test_reading_the_reliability_of_owners_needs_no_more_queries_for_more_of_them(
    db: sa.Engine,
) -> None:
    def comes(number: int, uuids: int) -> None:
        each = dataset(f"shop.t{number}", ownership={"owners": [{"name": f"team:{number}"}]})
        bridge.take([run_event("FAIL", begin, uuid(uuids), f"load{number}", outputs=[each])], at(0, 5.1))  # fmt: skip

    def queries() -> int:
        count = 0

        def counts(*_: object) -> None:
            nonlocal count
            count += 1

        sa.event.listen(db, "before_cursor_execute", counts)
        found = Api(db, now=at(0, 6)).get("reliability", by="owner")["items"]
        sa.event.remove(db, "before_cursor_execute", counts)
        assert all((each["datasets"], each["incidents"], each["runs"]) == (1, 1, 1) for each in found)  # fmt: skip
        return count

    begin = at(0, 5).isoformat()
    bridge = Bridge(db)
    comes(0, 1)
    one = queries()
    for number in range(1, 12):
        comes(number, number + 1)
    assert queries() == one
