"""What sinks receive of quality, freshness and incidents, and when it is put into their outbox."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge import ids, outbox
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.entries import DatasetEntry, IncidentEntry
from fairlead_bridge.model import Kind, Name
from fairlead_bridge.queries import entry
from tests.bridge.asking import wrote
from tests.bridge.monitored import DAY, Bridge, micros, morning, ran
from tests.support.small import dataset

RAW, ORDERS = ids.dataset_id("postgres://h:5432", "shop.raw"), "shop.orders"
BOTH = {
    "catalog": frozenset[Kind]({"dataset", "incident"}),
    "notify:ops": frozenset[Kind]({"incident"}),
}


def at(day: int, hour: float) -> datetime:
    return DAY + timedelta(days=day, hours=hour)


@pytest.fixture
def bridge(db: sa.Engine) -> Bridge:
    """A fortnight of mornings on which all went well, delivered to all."""
    bridge = Bridge(db, interests=BOTH)
    bridge.take([event for day in range(14) for event in morning(day)], at(13, 6))
    delivered(bridge)
    return bridge


def delivered(bridge: Bridge) -> None:
    with writing(bridge.db) as tx:
        tx.execute(sa.delete(t.delivery))


def owed(bridge: Bridge, sink: str, kind: Kind) -> set[int]:
    d = t.delivery.c
    with reading(bridge.db) as tx:
        return set(tx.scalars(sa.select(d.key).where(d.sink == sink, d.kind == kind)))


def raw(bridge: Bridge) -> DatasetEntry:
    with reading(bridge.db) as tx:
        (found,) = entry.read(tx, [Name("dataset", RAW)]).values()
    assert isinstance(found, DatasetEntry)
    return found


def checked(day: int, *, success: bool) -> list[bytes]:
    check: dict[str, Any] = {"assertion": "not_null", "name": "id_is_there", "column": "id"}
    check |= {"success": success, "severity": "error", "expected": "0", "actual": "3"}
    facet = {"dataQualityAssertions": {"assertions": [check]}}
    reads = {**dataset("shop.raw"), "inputFacets": facet}
    return wrote("test", reads=(reads,), at=at(day, 5.2).isoformat())


def test_how_a_check_went_is_part_of_its_dataset_and_put_into_the_outbox(bridge: Bridge) -> None:
    assert raw(bridge).assertions == ()
    bridge.receive(checked(13, success=False), at(13, 6.2))
    assert RAW in owed(bridge, "catalog", "dataset")
    (result,) = raw(bridge).assertions
    assert (result.name, result.column, result.is_passed) == ("id_is_there", "id", False)
    assert (result.severity, result.kind) == ("error", "not_null")
    assert (result.expected, result.actual) == ("0", "3")
    assert result.run_id is not None
    bridge.receive(checked(13, success=True), at(13, 6.3))
    (result,) = raw(bridge).assertions
    assert result.is_passed is False  # of two at one moment, the failure counts


def test_a_dataset_says_how_it_stands_and_what_is_expected_of_it(bridge: Bridge) -> None:
    before = raw(bridge)
    assert before.outlook is not None
    assert before.outlook.expectation is not None
    assert (before.outlook.standing, before.outlook.since) == ("ok", micros(at(13, 6)))
    assert before.outlook.expectation.source == "learned"
    assert before.outlook.expectation.written_at == before.written_at
    bridge.take(morning(14, fails="load"), at(14, 5.05))
    after = raw(bridge).outlook
    assert after is not None
    assert (after.standing, after.since) == ("failed", micros(at(14, 5.05)))
    assert (after.text, after.late_since) == ("load failed: load broke", None)
    assert RAW in owed(bridge, "catalog", "dataset")


def test_what_is_late_says_since_when(bridge: Bridge) -> None:
    bridge.evaluate(at(14, 12))
    outlook = raw(bridge).outlook
    assert outlook is not None
    assert outlook.expectation is not None
    assert outlook.standing == "late"
    assert outlook.late_since == outlook.expectation.expected_by
    assert owed(bridge, "catalog", "dataset") >= {RAW}


def test_an_evaluation_that_finds_all_as_before_puts_nothing_into_the_outbox(
    bridge: Bridge,
) -> None:
    bridge.evaluate(at(14, 12))
    delivered(bridge)
    first = raw(bridge).outlook
    bridge.evaluate(at(14, 15))
    assert owed(bridge, "catalog", "dataset") == set()
    assert raw(bridge).outlook == first


def test_a_write_makes_it_stand_well_again_and_expects_the_next_one(bridge: Bridge) -> None:
    bridge.evaluate(at(14, 12))
    late = raw(bridge).outlook
    bridge.take(ran("load", at(14, 12.1), writes="raw"), at(14, 12.2))
    fresh = raw(bridge).outlook
    assert late is not None
    assert fresh is not None
    assert (fresh.standing, fresh.since, fresh.late_since) == ("ok", micros(at(14, 12.2)), None)
    assert fresh.expectation is not None
    assert late.expectation is not None
    assert (fresh.expectation.expected_by or 0) > (late.expectation.expected_by or 0)


def test_a_sink_receives_an_incident_again_when_more_is_affected_and_a_channel_does_not(
    bridge: Bridge,
) -> None:
    bridge.take(morning(14, fails="load"), at(14, 5.05))
    incident = bridge.only().id
    assert owed(bridge, "catalog", "incident") == owed(bridge, "notify:ops", "incident")
    delivered(bridge)
    bridge.evaluate(at(14, 12))  # by then everything downstream is late
    assert owed(bridge, "catalog", "incident") == {incident}
    assert owed(bridge, "notify:ops", "incident") == set()


def test_an_incident_names_the_datasets_and_jobs_that_it_affects(bridge: Bridge) -> None:
    bridge.take(morning(14, fails="load"), at(14, 5.05))
    with reading(bridge.db) as tx:
        (found,) = entry.read(tx, [Name("incident", bridge.only().id)], 0).values()
    assert isinstance(found, IncidentEntry)
    assert found.job is not None
    assert (found.job.name, found.dataset) == ("load", None)
    named = {item.dataset.name for item in found.affected if item.dataset is not None}
    assert named == {"shop.raw", ORDERS, "shop.totals"}
    jobs = {item.job.name for item in found.affected if item.job is not None}
    assert jobs == {"clean", "sum"}


def test_delivering_everything_again_includes_incidents(bridge: Bridge) -> None:
    bridge.take(morning(14, fails="load"), at(14, 5.05))
    delivered(bridge)
    with writing(bridge.db) as tx:
        outbox.redeliver_all(tx, "catalog", BOTH["catalog"], micros(at(14, 6)))
    assert owed(bridge, "catalog", "incident") == {bridge.only().id}
