"""Announcements and custom metadata in Atlan, before a strict fake over real HTTP."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from fairlead_bridge.entries import (
    AffectedAsset,
    AssertionResult,
    DatasetEntry,
    ExpectedWrite,
    Outlook,
)
from fairlead_bridge.errors import Unavailable
from fairlead_bridge.sinks import Target, settings
from tests.support.sinks import entries as shop
from tests.support.sinks.atlan import FakeAtlan
from tests.support.sinks.delivering import deliver, deliver_in_bad_weather
from tests.support.sinks.server import Answer, serving

CONNECTION = "default/airflow/1"
DAILY = "default/snowflake/2/ANALYTICS/REPORTING/DAILY_ORDERS"
DAG, LOAD, REPORT = (f"{CONNECTION}/orders_sync{rest}" for rest in ("", "/load", "/report"))
WRITTEN = shop.START + 175 * shop.SECOND
DUE = shop.START + 7_200 * shop.SECOND
EXPECTED = ExpectedWrite("by", "person", "by 07:00 UTC every day", WRITTEN, DUE)
OK = Outlook("ok", WRITTEN, expectation=EXPECTED)
LATE = Outlook("late", DUE + 5, DUE, "orders_sync.load failed", EXPECTED)
CHECKS = (AssertionResult("unique", True, WRITTEN), AssertionResult("rows", False, WRITTEN))
OTHER = AffectedAsset("job:airflow:orders_sync.report", "report", "failed", job=shop.REPORT)


def entry(outlook: Outlook | None = OK, **more: Any) -> DatasetEntry:
    values = {"written_at": WRITTEN, "written_by": shop.LOAD_WROTE, "outlook": outlook, **more}
    return replace(shop.DAILY_ENTRY, **values)


@pytest.fixture
def fake() -> Iterator[FakeAtlan]:
    fake = FakeAtlan()
    fake.add("Connection", CONNECTION)
    fake.table(DAILY, kind="View")
    with serving(fake):
        yield fake


def new_target(url: str, **more: Any) -> Target:
    rule = {"namespace": "snowflake://*", "connection": "default/snowflake/2", "case": "upper"}
    raw = {"type": "atlan", "url": url, "connection": CONNECTION, "naming": [rule], "rate": 1e6}
    asked = {"sinks": {"one": {**raw, "token_env": "T", **more}}}
    return settings.targets(asked, {"T": "x"})[0]


def requests(fake: FakeAtlan, since: int = 0) -> list[str]:
    return fake.paths()[since:]


# --- announcements ------------------------------------------------------------------------------


def test_a_late_asset_announces_it_with_the_root_cause(fake: FakeAtlan) -> None:
    assert deliver(new_target(fake.url), entry(LATE)) == [None]
    assert fake.announced(DAILY) == (
        "Fairlead: late",
        "issue",
        "orders_sync.load failed. Late since 2026-11-20 07:00 UTC. Expected: by 07:00 UTC every day.",
    )


def test_one_at_risk_is_a_warning_and_a_fresh_one_announces_nothing(fake: FakeAtlan) -> None:
    target = new_target(fake.url)
    deliver(target, entry(replace(OK, standing="at_risk")))
    announced = fake.announced(DAILY)
    assert announced is not None
    assert announced[:2] == ("Fairlead: at risk of being late", "warning")
    deliver(target, entry(OK))
    assert fake.announced(DAILY) is None


@pytest.mark.parametrize("outlook", [LATE, OK])
def test_what_a_person_announced_stays(fake: FakeAtlan, outlook: Outlook) -> None:
    fake.announce(DAILY, "ann", "We move this table on Friday", "Ask Ann")
    assert deliver(new_target(fake.url), entry(outlook)) == [None]
    assert fake.announced(DAILY) == ("We move this table on Friday", "information", "Ask Ann")


def test_one_of_ours_that_a_person_wrote_on_stays(fake: FakeAtlan) -> None:
    target = new_target(fake.url)
    deliver(target, entry(LATE))
    fake.announce(DAILY, "ann", "Fairlead: late", "Ann is on it")
    deliver(target, entry(replace(LATE, text="another cause")))
    deliver(target, entry(OK))
    assert fake.announced(DAILY) == ("Fairlead: late", "information", "Ann is on it")


def test_where_atlan_does_not_say_whose_the_token_is_nothing_is_announced(fake: FakeAtlan) -> None:
    fake.user = None
    target = new_target(fake.url)
    assert deliver(target, entry(LATE)) == [None]
    assert fake.announced(DAILY) is None
    assert fake.described(DAILY)["Standing"] == "late"
    assert any(line.startswith("NO ANNOUNCEMENTS") for line in target.sink.probe())


def test_an_incident_is_announced_on_its_tasks_until_it_is_over(fake: FakeAtlan) -> None:
    target = new_target(fake.url)
    deliver(target, shop.DAG_ENTRY, shop.LOAD_ENTRY)
    assert deliver(target, shop.incident()) == [None]
    assert fake.announced(LOAD) == (
        "Fairlead: incident 7",
        "issue",
        (
            "orders_sync.load failed: deadlock detected. Since 2026-11-20 05:00 UTC. "
            "Affects 1: ANALYTICS.REPORTING.DAILY_ORDERS."
        ),
    )
    assert fake.announced(DAG) is None
    deliver(target, shop.incident("resolved"))
    assert fake.announced(LOAD) is None


def test_an_incident_of_another_cause_moves_its_announcement(fake: FakeAtlan) -> None:
    target = new_target(fake.url)
    fake.add("AirflowTask", REPORT)
    deliver(target, shop.DAG_ENTRY, shop.LOAD_ENTRY)
    deliver(target, shop.incident())
    deliver(target, shop.incident(job=shop.REPORT, severity="warning"))
    assert fake.announced(LOAD) is None
    announced = fake.announced(REPORT)
    assert announced is not None
    assert announced[1] == "warning"


def test_another_incident_takes_no_announcement_away(fake: FakeAtlan) -> None:
    target = new_target(fake.url)
    deliver(target, shop.DAG_ENTRY, shop.LOAD_ENTRY)
    deliver(target, shop.incident())
    other = replace(shop.incident("resolved"), name=replace(shop.incident().name, id=8))
    deliver(target, other)
    assert fake.announced(LOAD) is not None


def test_a_task_that_is_not_there_yet_is_waited_for_and_the_others_are_written(
    fake: FakeAtlan,
) -> None:
    target = new_target(fake.url)
    deliver(target, shop.DAG_ENTRY, shop.LOAD_ENTRY)
    (outcome,) = deliver(target, shop.incident(affected=(OTHER,)))
    assert isinstance(outcome, Unavailable)
    assert fake.announced(LOAD) is not None


# --- custom metadata ----------------------------------------------------------------------------


def test_custom_metadata_shows_how_an_asset_stands(fake: FakeAtlan) -> None:
    assert deliver(new_target(fake.url), entry(LATE, assertions=CHECKS)) == [None]
    assert fake.described(DAILY) == {
        "Standing": "late",
        "Expected by": DUE // 1000,
        "Last written": WRITTEN // 1000,
        "Last duration": 125.0,
        "Quality": "1 of 2 checks passed",
    }
    assert fake.assets[DAILY]["attributes"]["lastRowChangedAt"] == WRITTEN // 1000


def test_what_is_no_longer_known_goes(fake: FakeAtlan) -> None:
    target = new_target(fake.url)
    deliver(target, entry(LATE, assertions=CHECKS))
    deliver(target, entry(Outlook("unknown"), written_at=None, written_by=None))
    assert fake.described(DAILY) == {"Standing": "unknown"}


def test_the_set_is_made_once_and_then_found(fake: FakeAtlan) -> None:
    deliver(new_target(fake.url), entry(LATE))
    deliver(new_target(fake.url), entry(OK))
    assert [one["displayName"] for one in fake.sets] == ["Fairlead"]
    assert requests(fake).count("POST /api/meta/types/typedefs") == 1


def test_the_sets_and_attributes_of_others_stay(fake: FakeAtlan) -> None:
    standing = {"name": "", "displayName": "Standing", "typeName": "string"}
    own = {"name": "", "displayName": "Steward's notes", "typeName": "string"}
    ours = fake.make_set({"displayName": "Fairlead", "attributeDefs": [standing, own]})
    theirs = fake.make_set({"displayName": "Finance", "attributeDefs": [own]})
    kept = {
        (each["name"], each["attributeDefs"][-1]["name"]): "What Ann knows"
        for each in (ours, theirs)
    }
    fake.assets[DAILY]["metadata"] = dict(kept)
    target = new_target(fake.url)
    assert deliver(target, entry(LATE)) == [None]
    assert fake.assets[DAILY]["metadata"].items() >= kept.items()
    assert fake.described(DAILY)["Standing"] == "late"
    assert any("WITHOUT Expected by, Last written" in line for line in target.sink.probe())


def test_where_the_set_cannot_be_made_the_rest_goes_on_and_probe_says_so(fake: FakeAtlan) -> None:
    fake.may_make_sets = False
    target = new_target(fake.url)
    assert deliver(target, entry(LATE)) == [None]
    assert fake.announced(DAILY) is not None
    assert fake.described(DAILY) == {}
    before = len(fake.seen)
    deliver(target, entry(OK))
    assert not [path for path in requests(fake, before) if "typedefs" in path]
    assert any("custom metadata Fairlead IS MISSING" in line for line in target.sink.probe())


def test_where_it_cannot_be_written_everything_else_is(fake: FakeAtlan) -> None:
    fake.may_describe = False
    target = new_target(fake.url)
    dag, dataset = deliver(target, shop.DAG_ENTRY, entry(LATE))
    assert dag is None
    assert isinstance(dataset, Unavailable)
    assert dataset.retry_after == 3600
    assert "everything but custom metadata was delivered" in str(dataset)
    assert fake.announced(DAILY) is not None
    assert DAG in fake.assets
    assert deliver(new_target(fake.url, custom_metadata=""), entry(LATE)) == [None]


def test_a_server_without_these_calls_gets_everything_else(fake: FakeAtlan) -> None:
    fake.trouble = lambda request: (
        Answer(404, {"errorMessage": "no such path"})
        if "typedefs" in request.path or "/api/service/" in request.path
        else None
    )
    target = new_target(fake.url)
    assert deliver(target, entry(LATE)) == [None]
    assert fake.assets[DAILY]["attributes"]["lastRowChangedAt"] == WRITTEN // 1000
    found = target.sink.probe()
    assert any(line.startswith("NO ANNOUNCEMENTS") for line in found)
    assert any(line.startswith("NO CUSTOM METADATA") for line in found)


# --- delivery -------------------------------------------------------------------------------------


def test_an_asset_that_is_not_evaluated_gets_nothing_but_its_freshness(fake: FakeAtlan) -> None:
    deliver(new_target(fake.url), entry(None))
    assert requests(fake) == [
        "POST /api/meta/search/indexsearch",
        "POST /api/meta/entity/bulk",
    ]


def test_an_asset_that_atlan_lacks_is_waited_for_only_if_there_is_something_to_say(
    fake: FakeAtlan,
) -> None:
    del fake.assets[DAILY]
    target = new_target(fake.url)
    unknown = entry(Outlook("unknown"), written_at=None, written_by=None)
    assert deliver(target, unknown) == [None]
    (outcome,) = deliver(target, replace(unknown, outlook=LATE))
    assert isinstance(outcome, Unavailable)


def test_neither_announcements_nor_metadata_where_that_is_set(fake: FakeAtlan) -> None:
    target = new_target(fake.url, announcements=False, custom_metadata="")
    deliver(target, shop.DAG_ENTRY, shop.LOAD_ENTRY, entry(LATE))
    assert target.sink.render(shop.incident()) is None
    assert fake.announced(DAILY) is None
    assert fake.sets == []


def test_requests_do_not_grow_with_the_assets(fake: FakeAtlan) -> None:
    names = [f"ANALYTICS.REPORTING.T{n}" for n in range(60)]
    refs = [shop.dataset("snowflake://acme-prod", name) for name in names]
    for name in names:
        fake.table(f"default/snowflake/2/{name.replace('.', '/')}")
    entries = [
        replace(entry(LATE), dataset=ref, name=replace(entry().name, id=ref.id)) for ref in refs
    ]
    target = new_target(fake.url, entities=1_000)
    assert deliver(target, *entries) == [None] * 60
    assert len(requests(fake)) == 5  # search, whose token, the set, made, and one bulk
    before = len(fake.seen)
    deliver(target, *entries)
    assert len(requests(fake, before)) == 2


def test_what_is_announced_already_is_not_written_again(fake: FakeAtlan) -> None:
    target = new_target(fake.url, custom_metadata="")
    deliver(target, shop.DAG_ENTRY, shop.LOAD_ENTRY)
    deliver(target, shop.incident())
    before = len(fake.seen)
    deliver(target, shop.incident())
    assert requests(fake, before) == ["POST /api/meta/search/indexsearch"] * 2


def test_trouble_on_the_way_leaves_nothing_out(fake: FakeAtlan) -> None:
    chance = random.Random(5)
    fake.trouble = lambda _: Answer(503, None) if chance.random() < 0.3 else None
    target = new_target(fake.url)
    deliver_in_bad_weather(target, [shop.DAG_ENTRY, shop.LOAD_ENTRY, entry(LATE), shop.incident()])
    assert fake.announced(DAILY) is not None
    assert fake.announced(LOAD) is not None
    assert fake.described(DAILY)["Standing"] == "late"
