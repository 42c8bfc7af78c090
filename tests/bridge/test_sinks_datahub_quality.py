"""What the DataHub sink makes of checks, freshness and incidents, before a strict fake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from fairlead_bridge.entries import AnyEntry, DatasetEntry, IncidentEntry
from tests.support.sinks import entries as shop
from tests.support.sinks import quality
from tests.support.sinks.datahub import DAILY, LOAD, ORDERS, FakeDataHub, new_target
from tests.support.sinks.delivering import deliver, deliver_in_bad_weather
from tests.support.sinks.server import Answer, serving

FRESHNESS, CUSTOM = "FRESHNESS", "CUSTOM"


@pytest.fixture
def fake() -> Iterator[FakeDataHub]:
    fake = FakeDataHub()
    with serving(fake):
        yield fake


def assertions(fake: FakeDataHub, kind: str) -> list[str]:
    """The urns of the assertions of this type."""
    return sorted(
        urn
        for urn, held in fake.aspects.items()
        if held.get("assertionInfo", {}).get("type") == kind
    )


def results(fake: FakeDataHub, urn: str) -> list[tuple[int, str]]:
    """(milliseconds, result) of an assertion, in the order of time."""
    events = fake.series[urn, "assertionRunEvent"]
    return [(at, value["result"]["type"]) for (at, _), value in sorted(events.items())]


def removed(fake: FakeDataHub, urn: str) -> bool:
    return bool(fake.aspects[urn]["status"]["removed"])


def incident(fake: FakeDataHub) -> dict[str, Any]:
    (urn,) = [urn for urn in fake.aspects if urn.startswith("urn:li:incident:")]
    found: dict[str, Any] = fake.aspects[urn]["incidentInfo"]
    return found


def summary(fake: FakeDataHub, urn: str) -> tuple[int, int]:
    """How many active and resolved incidents DataHub shows on an asset."""
    found = fake.aspects[urn]["incidentsSummary"]
    return len(found["active"]), len(found["resolved"])


# --- checks ---------------------------------------------------------------------------------------


def test_a_check_is_an_assertion_with_its_newest_result(fake: FakeDataHub) -> None:
    assert deliver(new_target(fake.url), quality.CHECKED) == [None]
    failed, passed = sorted(
        assertions(fake, CUSTOM), key=lambda urn: results(fake, urn)[0][1], reverse=False
    )
    info = fake.aspects[failed]["assertionInfo"]
    assert info["customAssertion"] == {
        "type": "not_null",
        "entity": DAILY,
        "field": f"urn:li:schemaField:({DAILY},ORDER_ID)",
    }
    assert info["source"] == {"type": "EXTERNAL"}
    (event,) = fake.series[failed, "assertionRunEvent"].values()
    assert event["result"] == {
        "type": "FAILURE",
        "nativeResults": {"severity": "error", "expected": "0", "actual": "3"},
    }
    assert (event["asserteeUrn"], event["runId"]) == (DAILY, shop.run_id(7))
    assert results(fake, passed) == [(quality.CHECKED_AT // 1000, "SUCCESS")]
    assert not removed(fake, failed)


def test_a_later_result_is_added_to_the_earlier_one_and_a_repetition_is_none(
    fake: FakeDataHub,
) -> None:
    target = new_target(fake.url)
    first, other = quality.CHECKED.assertions
    later = replace(first, is_passed=True, at=first.at + 60 * shop.SECOND)
    passing = replace(quality.CHECKED, assertions=(later, other))
    deliver(target, quality.CHECKED, quality.CHECKED, passing)
    every = [[result for _, result in results(fake, urn)] for urn in assertions(fake, CUSTOM)]
    assert sorted(every) == [["FAILURE", "SUCCESS"], ["SUCCESS"]]


def test_the_assertions_of_a_dropped_dataset_are_hidden_until_it_is_written_again(
    fake: FakeDataHub,
) -> None:
    target = new_target(fake.url)
    dropped = replace(quality.CHECKED, dropped_at=(quality.CHECKED.written_at or 0) + 1)
    deliver(target, quality.CHECKED, dropped)
    every = [*assertions(fake, CUSTOM), *assertions(fake, FRESHNESS)]
    assert len(every) == 3
    assert all(removed(fake, urn) for urn in every)
    deliver(target, replace(dropped, written_at=(dropped.dropped_at or 0) + 1))
    assert not any(removed(fake, urn) for urn in every)


def test_a_check_that_is_no_longer_made_is_hidden_where_that_is_asked_for(
    fake: FakeDataHub,
) -> None:
    first, other = quality.CHECKED.assertions
    month = 40 * 86_400 * shop.SECOND
    later = replace(quality.CHECKED, assertions=(first, replace(other, at=other.at + month)))
    deliver(new_target(fake.url), later)
    assert not any(removed(fake, urn) for urn in assertions(fake, CUSTOM))
    deliver(new_target(fake.url, retire_after_days=30), later)
    hidden = [urn for urn in assertions(fake, CUSTOM) if removed(fake, urn)]
    assert [results(fake, urn)[0][0] for urn in hidden] == [first.at // 1000]


def test_checks_are_left_out_where_another_connector_sends_them(fake: FakeDataHub) -> None:
    deliver(new_target(fake.url, assertions=False), quality.CHECKED)
    assert assertions(fake, CUSTOM) == assertions(fake, FRESHNESS) == []


# --- freshness ------------------------------------------------------------------------------------


def test_a_write_that_comes_in_time_passes_and_one_that_does_not_fails_since_it_is_late(
    fake: FakeDataHub,
) -> None:
    deliver(new_target(fake.url), quality.CHECKED, quality.LATE)
    (urn,) = assertions(fake, FRESHNESS)
    assert results(fake, urn) == [
        (quality.WRITTEN_AT // 1000, "SUCCESS"),
        (quality.DUE // 1000, "FAILURE"),
    ]
    info = fake.aspects[urn]["assertionInfo"]
    assert info["description"] == "usually written every day"
    assert info["freshnessAssertion"]["schedule"] == {"type": "SINCE_THE_LAST_CHECK"}
    assert info["customProperties"]["expected_by_source"] == "learned"
    worst = max(fake.series[urn, "assertionRunEvent"].values(), key=lambda e: e["timestampMillis"])
    assert worst["result"]["nativeResults"]["cause"] == "load failed: deadlock detected"


def test_an_age_that_is_stated_is_an_interval(fake: FakeDataHub) -> None:
    expected = quality.CHECKED.outlook
    assert expected is not None
    assert expected.expectation is not None
    stated = replace(expected.expectation, source="person", every=6 * 3600 * shop.SECOND)
    deliver(
        new_target(fake.url),
        replace(quality.CHECKED, outlook=replace(expected, expectation=stated)),
    )
    (urn,) = assertions(fake, FRESHNESS)
    assert fake.aspects[urn]["assertionInfo"]["freshnessAssertion"]["schedule"] == {
        "type": "FIXED_INTERVAL",
        "fixedInterval": {"unit": "MINUTE", "multiple": 360},
    }


def test_freshness_is_hidden_once_nothing_is_expected_any_more(fake: FakeDataHub) -> None:
    assert quality.CHECKED.outlook is not None
    nothing = replace(quality.CHECKED.outlook, expectation=None, was_expected=True)
    deliver(new_target(fake.url), quality.CHECKED, replace(quality.CHECKED, outlook=nothing))
    (urn,) = assertions(fake, FRESHNESS)
    assert removed(fake, urn)


def test_a_dataset_of_which_nothing_was_ever_expected_makes_no_assertion() -> None:
    payload = new_target().sink.render(
        replace(shop.DAILY_ENTRY, outlook=replace(quality.OUTLOOK, expectation=None))
    )
    assert payload is not None
    assert [kind for kind, _ in payload["upserts"]] == ["dataset"]


# --- incidents ------------------------------------------------------------------------------------


def test_an_incident_is_on_its_cause_and_on_all_that_is_affected(fake: FakeDataHub) -> None:
    assert deliver(new_target(fake.url), quality.INCIDENT) == [None]
    found = incident(fake)
    assert found["entities"] == [LOAD, DAILY]
    assert (found["type"], found["priority"]) == ("OPERATIONAL", 0)
    assert found["title"] == "load failed: deadlock detected"
    assert found["status"]["state"] == "ACTIVE"
    assert (found["startedAt"], found["created"]["time"]) == (
        quality.INCIDENT.opened_at // 1000,
        quality.INCIDENT.detected_at // 1000,
    )
    assert summary(fake, DAILY) == summary(fake, LOAD) == (1, 0)


def test_it_is_resolved_there_when_it_is_here(fake: FakeDataHub) -> None:
    deliver(new_target(fake.url), quality.INCIDENT, quality.RESOLVED)
    status = incident(fake)["status"]
    assert status["state"] == "RESOLVED"
    assert status["lastUpdated"]["time"] == (quality.RESOLVED.resolved_at or 0) // 1000
    assert summary(fake, DAILY) == (0, 1)


def test_it_is_one_incident_when_its_cause_and_what_is_affected_change(fake: FakeDataHub) -> None:
    moved = replace(
        quality.INCIDENT,
        kind="source_not_updated",
        dataset=shop.ORDERS,
        job=None,
        changed_at=quality.INCIDENT.changed_at + shop.SECOND,
    )
    deliver(new_target(fake.url), quality.INCIDENT, moved)
    found = incident(fake)
    assert (found["type"], found["entities"]) == ("FRESHNESS", [ORDERS, DAILY])
    assert LOAD not in found["entities"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("failed_run", ("OPERATIONAL", None)),
        ("source_not_updated", ("FRESHNESS", None)),
        ("row_count", ("VOLUME", None)),
        ("schema_change", ("DATA_SCHEMA", None)),
        ("failed_check", ("CUSTOM", "Failed check")),
    ],
)
def test_every_cause_has_datahubs_word(
    fake: FakeDataHub, kind: str, words: tuple[str, str | None]
) -> None:
    deliver(new_target(fake.url), replace(quality.INCIDENT, kind=kind))
    found = incident(fake)
    assert (found["type"], found.get("customType")) == words


def test_what_people_changed_of_an_incident_in_datahub_stays(fake: FakeDataHub) -> None:
    target = new_target(fake.url)
    deliver(target, replace(quality.INCIDENT, assigned_to="data-eng"))
    found = incident(fake)
    assert [each["actor"] for each in found["assignees"]] == ["urn:li:corpuser:data-eng"]
    stamp = {"time": quality.INCIDENT.changed_at // 1000 + 5, "actor": "urn:li:corpuser:ada"}
    found |= {
        "priority": 1,
        "assignees": [{"actor": "urn:li:corpuser:ada", "assignedAt": stamp}],
        "status": {"state": "RESOLVED", "message": "known", "lastUpdated": stamp},
    }
    more = replace(quality.INCIDENT, affected=(), assigned_to="data-eng")
    deliver(target, more)
    after = incident(fake)
    assert (after["priority"], after["status"]["message"]) == (1, "known")
    assert after["assignees"][0]["actor"] == "urn:li:corpuser:ada"
    assert after["entities"] == [LOAD]
    deliver(target, replace(more, changed_at=more.changed_at + 3600 * shop.SECOND))
    assert incident(fake)["status"]["state"] == "ACTIVE"  # it changed here since


def test_an_incident_of_which_no_asset_has_a_name_there_is_not_sent() -> None:
    unnamed = replace(
        quality.INCIDENT, job=None, dataset=shop.dataset("somewhere", "x"), affected=()
    )
    assert new_target().sink.render(unnamed) is None


def test_two_bridges_never_share_an_incident(fake: FakeDataHub) -> None:
    other = replace(quality.INCIDENT, detected_at=quality.INCIDENT.detected_at + 1)
    deliver(new_target(fake.url), quality.INCIDENT, other)
    assert len([urn for urn in fake.aspects if urn.startswith("urn:li:incident:")]) == 2


def test_incidents_can_be_left_out() -> None:
    target = new_target(kinds=["dataset", "job", "run"])
    assert not target.wants(quality.INCIDENT)
    assert new_target().wants(quality.INCIDENT)


# --- delivery -------------------------------------------------------------------------------------

ALL: tuple[DatasetEntry | IncidentEntry, ...] = (
    quality.CHECKED,
    quality.LATE,
    shop.ORDERS_ENTRY,
    quality.INCIDENT,
    quality.RESOLVED,
)


def test_a_batch_of_datasets_and_incidents_is_read_once_and_written_once(
    fake: FakeDataHub,
) -> None:
    deliver(new_target(fake.url), *ALL)
    assert [request.path.rpartition("/")[2] for request in fake.seen] == ["batchGet", "generic"]
    fake.seen.clear()
    deliver(new_target(fake.url), quality.CHECKED, shop.ORDERS_ENTRY)
    assert [request.path.rpartition("/")[2] for request in fake.seen] == ["generic"]


def test_eta_and_a_run_that_goes_on_change_no_payload() -> None:
    later = [replace(item, eta=(1, 2, 3)) for item in quality.INCIDENT.affected]
    target = new_target()
    moved = replace(quality.INCIDENT, affected=tuple(later), is_running=True)
    assert target.sink.render(moved) == target.sink.render(quality.INCIDENT)


def test_random_trouble_leaves_no_assertion_and_no_incident_out(fake: FakeDataHub) -> None:
    answers = iter([Answer(503), Answer(500, {"error": "x"}), None, Answer(503)] * 3)
    fake.trouble = lambda _: next(answers, None)
    entries: tuple[AnyEntry, ...] = ALL
    deliver_in_bad_weather(new_target(fake.url), entries)
    assert len(assertions(fake, CUSTOM)) == 2
    assert incident(fake)["status"]["state"] == "RESOLVED"
