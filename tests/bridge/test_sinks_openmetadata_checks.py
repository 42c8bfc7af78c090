"""Checks, freshness and incidents in OpenMetadata, before a strict fake over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from fairlead_bridge.entries import AssertionResult, DatasetEntry, ExpectedWrite, Outlook
from fairlead_bridge.errors import Rejected
from fairlead_bridge.sinks import Target, settings
from tests.support.sinks import entries as shop
from tests.support.sinks.delivering import deliver, deliver_in_bad_weather
from tests.support.sinks.openmetadata import FakeOpenMetadata
from tests.support.sinks.server import Answer, serving

DAILY = "snowflake_prod.ANALYTICS.REPORTING.DAILY_ORDERS"
FRESH = f"{DAILY}.fairlead_freshness"
UNIQUE = f"{DAILY}.ORDER_ID.unique"
WRITTEN = shop.START + 175 * shop.SECOND
DUE = shop.START + 7_200 * shop.SECOND
EXPECTED = ExpectedWrite("by", "person", "by 07:00 UTC every day", WRITTEN, DUE)
OK = Outlook("ok", WRITTEN, expectation=EXPECTED)
LATE = Outlook("late", DUE + 5, DUE, "orders_sync.load failed: deadlock detected", EXPECTED)
PASSED = AssertionResult("unique", True, WRITTEN, column="order_id", expected="0", actual="0")
FAILED = replace(PASSED, is_passed=False, at=WRITTEN + shop.SECOND, actual="3")


def entry(outlook: Outlook | None = OK, *checks: AssertionResult) -> DatasetEntry:
    return replace(
        shop.DAILY_ENTRY,
        written_at=WRITTEN,
        written_by=shop.LOAD_WROTE,
        outlook=outlook,
        assertions=checks,
    )


@pytest.fixture
def fake() -> Iterator[FakeOpenMetadata]:
    fake = FakeOpenMetadata()
    fake.table(DAILY, "ORDER_ID", "AMOUNT")
    with serving(fake):
        yield fake


def new_target(url: str, **more: Any) -> Target:
    rule = {"namespace": "snowflake://*", "service": "snowflake_prod", "case": "upper"}
    raw = {"type": "openmetadata", "url": url, "naming": [rule], **more}
    return settings.targets({"sinks": {"one": raw}}, {})[0]


def ready(fake: FakeOpenMetadata, **more: Any) -> Target:
    target = new_target(fake.url, **more)
    assert deliver(target, shop.DAG_ENTRY) == [None]
    return target


def test_a_table_that_is_fresh_passes_its_freshness_test(fake: FakeOpenMetadata) -> None:
    assert deliver(ready(fake), entry()) == [None]
    assert fake.quality.cases[FRESH]["entityLink"] == f"<#E::table::{DAILY}>"
    assert fake.quality.results[FRESH] == {
        WRITTEN // 1000: {
            "timestamp": WRITTEN // 1000,
            "testCaseStatus": "Success",
            "result": "Written 2026-11-20 05:02 UTC: by 07:00 UTC every day",
            "testResultValue": [],
        }
    }


def test_a_late_table_fails_it_with_the_root_cause_and_opens_an_incident(
    fake: FakeOpenMetadata,
) -> None:
    target = ready(fake)
    assert deliver(target, entry()) == [None]
    assert deliver(target, entry(LATE)) == [None]
    newest = fake.quality.newest(FRESH)
    assert (newest["timestamp"], newest["testCaseStatus"]) == (DUE // 1000, "Failed")
    assert newest["result"] == (
        "Late since 2026-11-20 07:00 UTC: by 07:00 UTC every day. "
        "orders_sync.load failed: deadlock detected"
    )
    assert fake.quality.state(FRESH) == "New"


def test_the_next_write_resolves_the_incident(fake: FakeOpenMetadata) -> None:
    target = ready(fake)
    deliver(target, entry(LATE))
    later = replace(entry(), written_at=DUE + 60 * shop.SECOND)
    assert deliver(target, later) == [None]
    assert fake.quality.state(FRESH) == "Resolved"
    assert fake.quality.states[FRESH][-1]["testCaseResolutionStatusDetails"] == {
        "testCaseFailureReason": "Other",
        "testCaseFailureComment": "Written 2026-11-20 07:01 UTC: by 07:00 UTC every day",
    }


def test_an_older_success_comes_after_the_failure_that_it_ends(fake: FakeOpenMetadata) -> None:
    """A write that was reported late: the table never was late."""
    target = ready(fake)
    deliver(target, entry(LATE))
    deliver(target, entry())
    assert fake.quality.newest(FRESH)["testCaseStatus"] == "Success"
    assert fake.quality.newest(FRESH)["timestamp"] == DUE // 1000 + 1


def test_what_was_delivered_already_is_only_looked_at(fake: FakeOpenMetadata) -> None:
    target = ready(fake)
    deliver(target, entry(LATE, PASSED))
    before = len(fake.seen)
    assert deliver(target, entry(LATE, PASSED)) == [None]
    written = [path for path in fake.paths()[before:] if "dataQuality" in path]
    assert written == ["GET /api/v1/dataQuality/testCases"]


def test_another_cause_changes_the_text_and_leaves_the_incident(fake: FakeOpenMetadata) -> None:
    target = ready(fake)
    deliver(target, entry(LATE))
    fake.quality.move({"testCaseReference": FRESH, "testCaseResolutionStatusType": "Ack"}, "ann")
    deliver(target, entry(replace(LATE, text="the pool is full")))
    assert fake.quality.newest(FRESH)["result"].endswith("the pool is full")
    assert len(fake.quality.results[FRESH]) == 1
    assert fake.quality.state(FRESH) == "Ack"


def test_what_a_person_resolved_stays_resolved(fake: FakeOpenMetadata) -> None:
    target = ready(fake)
    deliver(target, entry(LATE))
    details = {"testCaseFailureReason": "FalsePositive", "testCaseFailureComment": "known"}
    body = {
        "testCaseReference": FRESH,
        "testCaseResolutionStatusType": "Resolved",
        "testCaseResolutionStatusDetails": details,
    }
    fake.quality.move(body, "ann")
    deliver(target, entry(replace(LATE, text="another cause")), shop.incident("acknowledged"))
    assert fake.quality.state(FRESH) == "Resolved"
    assert fake.quality.states[FRESH][-1]["updatedBy"] == {"name": "ann"}


def test_a_check_of_a_column_is_a_test_case_of_it(fake: FakeOpenMetadata) -> None:
    target = ready(fake)
    deliver(target, entry(OK, PASSED))
    assert fake.quality.newest(UNIQUE)["testCaseStatus"] == "Success"
    deliver(target, entry(OK, FAILED))
    newest = fake.quality.newest(UNIQUE)
    assert newest["result"] == "Failed; expected 0; actual 3"
    assert newest["testResultValue"] == [{"name": "actual", "value": "3"}]
    assert fake.quality.state(UNIQUE) == "New"


def test_a_warning_is_no_failure_and_opens_no_incident(fake: FakeOpenMetadata) -> None:
    target = ready(fake)
    warned = replace(FAILED, severity="warn", at=FAILED.at + shop.SECOND)
    deliver(target, entry(OK, replace(warned, at=WRITTEN)))
    assert fake.quality.newest(UNIQUE)["testCaseStatus"] == "Aborted"
    assert fake.quality.newest(UNIQUE)["result"] == "Warning; expected 0; actual 3"
    assert fake.quality.state(UNIQUE) is None
    deliver(target, entry(OK, FAILED))
    assert fake.quality.state(UNIQUE) == "New"
    deliver(target, entry(OK, warned))  # as few rows fail now as may
    assert fake.quality.newest(UNIQUE)["testCaseStatus"] == "Aborted"
    assert fake.quality.state(UNIQUE) == "Resolved"


def test_a_check_of_a_column_that_is_not_there_is_one_of_the_table(fake: FakeOpenMetadata) -> None:
    deliver(ready(fake), entry(OK, replace(PASSED, column="gone")))
    assert f"{DAILY}.unique of GONE" in fake.quality.cases


def test_a_test_case_of_a_person_is_left_alone(fake: FakeOpenMetadata) -> None:
    fake.quality.by_person(DAILY, "not_empty")
    kept = dict(fake.quality.cases[f"{DAILY}.not_empty"])
    target = ready(fake)
    deliver(target, entry(OK, AssertionResult("not_empty", False, WRITTEN)))
    deliver(target, entry(OK))
    assert fake.quality.cases[f"{DAILY}.not_empty"] == kept
    assert f"{DAILY}.not_empty" not in fake.quality.results


def test_words_that_a_person_wrote_on_our_test_case_stay(fake: FakeOpenMetadata) -> None:
    target = ready(fake)
    deliver(target, entry())
    fake.quality.cases[FRESH]["description"] = "What Ann knows"
    deliver(target, entry(LATE))
    assert fake.quality.cases[FRESH]["description"] == "What Ann knows"


def test_what_is_no_longer_expected_or_checked_is_removed(fake: FakeOpenMetadata) -> None:
    target = ready(fake)
    deliver(target, entry(LATE, FAILED))
    assert deliver(target, entry(Outlook("ok", WRITTEN))) == [None]
    assert fake.quality.cases[FRESH]["deleted"]
    assert fake.quality.cases[UNIQUE]["deleted"]
    assert fake.quality.state(FRESH) == "Resolved"
    deliver(target, entry(LATE))
    assert not fake.quality.cases[FRESH]["deleted"]


def test_one_that_another_user_made_with_our_definition_is_not_removed(
    fake: FakeOpenMetadata,
) -> None:
    target = ready(fake)
    deliver(target, entry(OK, PASSED))
    fake.quality.cases[UNIQUE]["createdBy"] = "ann"
    deliver(target, entry(OK))
    assert not fake.quality.cases[UNIQUE]["deleted"]


def test_an_acknowledged_incident_is_acknowledged_there(fake: FakeOpenMetadata) -> None:
    target = ready(fake)
    assert target.sink.render(shop.incident("open")) is None
    assert deliver(target, entry(LATE), shop.incident("acknowledged")) == [None, None]
    assert fake.quality.state(FRESH) == "Ack"
    before = len(fake.quality.states[FRESH])
    deliver(target, shop.incident("acknowledged"))
    assert len(fake.quality.states[FRESH]) == before


def test_what_failed_anew_after_it_was_acknowledged_is_acknowledged_again(
    fake: FakeOpenMetadata,
) -> None:
    target = ready(fake)
    first = shop.incident("acknowledged")
    second = replace(first, changed_at=first.changed_at + 7_200 * shop.SECOND)
    deliver(target, entry(LATE), first)
    deliver(target, entry(OK))
    assert fake.quality.state(FRESH) == "Resolved"
    again = replace(LATE, since=LATE.since + shop.SECOND, late_since=DUE + shop.SECOND)
    deliver(target, entry(again), second)
    assert fake.quality.state(FRESH) == "Ack"
    # Equal payloads are not sent twice: the second one has to differ.
    assert target.sink.render(first) != target.sink.render(second)


def test_requests_are_bounded(fake: FakeOpenMetadata) -> None:
    """Two for each new check, one for each new result, and one to look."""
    target = ready(fake)
    checks = [AssertionResult(f"check {n:02}", True, WRITTEN) for n in range(40)]
    deliver(target, entry(OK, *checks))
    before = len(fake.seen)
    later = [replace(check, at=WRITTEN + 1_000) for check in checks]
    deliver(target, entry(OK, *later[:20], *checks[20:]))
    quality = [path for path in fake.paths() if "dataQuality" in path]
    assert len(quality) == 2 + (1 + 2 * 41) + (1 + 20)  # and both definitions
    again = [path for path in fake.paths()[before:] if "dataQuality" in path]
    assert len(again) == 1 + 20


def test_a_table_without_tests_costs_no_request(fake: FakeOpenMetadata) -> None:
    deliver(ready(fake), entry(Outlook("ok", WRITTEN)))
    assert not [path for path in fake.paths() if "dataQuality" in path]


@pytest.mark.parametrize("status", [403, 404])
def test_without_the_right_or_on_an_old_server_only_test_results_are_refused(
    fake: FakeOpenMetadata, status: int
) -> None:
    fake.trouble = lambda request: (
        Answer(status, {"message": "HTTP 404 Not Found" if status == 404 else "not allowed"})
        if "dataQuality" in request.path
        else None
    )
    target = new_target(fake.url)
    dag, table, task = deliver(target, shop.DAG_ENTRY, entry(LATE), shop.dag_run())
    assert (dag, task) == (None, None)
    assert isinstance(table, Rejected)
    assert "OpenMetadata 2.0.7 takes no test results" in str(table)
    assert "`checks = false`" in str(table)
    assert fake.observed[DAILY, "airflow.orders_sync"]["lastRunStatus"] == "Successful"
    (probed,) = (line for line in target.sink.probe() if "TEST RESULTS" in line)
    assert probed.startswith("NO TEST RESULTS")
    assert deliver(new_target(fake.url, checks=False), entry(LATE)) == [None]


def test_probe_names_the_rights_that_are_missing(fake: FakeOpenMetadata) -> None:
    target = new_target(fake.url)
    assert "checks and freshness are delivered as test results" in target.sink.probe()
    fake.denied = {("table", "EditTests"), ("testCase", "Delete")}
    found = new_target(fake.url).sink.probe()
    assert any("lacks EditTests of table, Delete of testCase" in line for line in found)


def test_trouble_on_the_way_leaves_nothing_out_and_doubles_nothing(fake: FakeOpenMetadata) -> None:
    turns = iter(range(10_000))
    fake.trouble = lambda request: (
        Answer(500, "boom") if "dataQuality" in request.path and next(turns) % 3 == 0 else None
    )
    target = ready(fake)
    checks = [AssertionResult(f"check {n:02}", n % 2 == 0, WRITTEN) for n in range(10)]
    deliver_in_bad_weather(target, [entry(LATE, *checks)])
    assert len(fake.quality.results) == 11
    assert all(len(results) == 1 for results in fake.quality.results.values())
