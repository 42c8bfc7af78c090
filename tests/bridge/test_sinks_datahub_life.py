"""From events over monitoring and the outbox to DataHub: a failure, what it makes late, and its end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge import outbox
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.delivery.deliver import deliver_due
from fairlead_bridge.sinks import Target, interests, settings
from tests.bridge.monitored import DAY, Bridge, micros, morning, ran
from tests.support.sinks.datahub import FakeDataHub
from tests.support.sinks.server import serving

TABLE = "urn:li:dataset:(urn:li:dataPlatform:postgres,shop.{},PROD)"


def at(day: int, hour: float) -> datetime:
    return DAY + timedelta(days=day, hours=hour)


class Delivering:
    """A bridge with a DataHub beside it."""

    def __init__(self, db: sa.Engine, fake: FakeDataHub) -> None:
        raw = {"type": "datahub", "url": fake.url}
        self.target: Target = settings.targets({"sinks": {"datahub": raw}}, {})[0]
        self.bridge, self.fake = Bridge(db, interests=interests([self.target])), fake

    def take(self, events: list[bytes], now: datetime) -> None:
        self.bridge.take(events, now)
        self.deliver(now)

    def deliver(self, now: datetime) -> None:
        while deliver_due(self.bridge.db, self.target, micros(now)):
            pass

    @property
    def incident(self) -> dict[str, Any]:
        (urn,) = [urn for urn in self.fake.aspects if urn.startswith("urn:li:incident:")]
        found: dict[str, Any] = self.fake.aspects[urn]["incidentInfo"]
        return found

    def freshness(self, table: str) -> list[str]:
        """The results of the table's freshness, in the order of time."""
        found = [
            (value["timestampMillis"], value["result"]["type"])
            for (urn, aspect), events in self.fake.series.items()
            if aspect == "assertionRunEvent"
            and self.fake.aspects[urn]["assertionInfo"]["type"] == "FRESHNESS"
            for value in events.values()
            if value["asserteeUrn"] == TABLE.format(table)
        ]
        return [result for _, result in sorted(found)]


@pytest.fixture
def delivering(db: sa.Engine) -> Iterator[Delivering]:
    """A fortnight of mornings on which all went well, delivered."""
    fake = FakeDataHub()
    with serving(fake):
        delivering = Delivering(db, fake)
        delivering.take([event for day in range(14) for event in morning(day)], at(13, 6))
        yield delivering


def test_a_failure_is_an_incident_until_it_is_over_and_late_tables_fail_their_freshness(
    delivering: Delivering,
) -> None:
    assert delivering.freshness("raw") == ["SUCCESS"]
    delivering.take(morning(14, fails="load"), at(14, 5.05))
    assert delivering.incident["status"]["state"] == "ACTIVE"
    assert delivering.incident["title"] == "load failed: load broke"
    assert {TABLE.format(name) for name in ("raw", "orders", "totals")} < set(
        delivering.incident["entities"]
    )
    delivering.bridge.evaluate(at(14, 12))
    delivering.deliver(at(14, 12))
    assert delivering.freshness("totals") == ["SUCCESS", "FAILURE"]
    recovery = [
        *ran("load", at(14, 12), writes="raw"),
        *ran("clean", at(14, 12.1), reads="raw", writes="orders"),
        *ran("sum", at(14, 12.2), reads="orders", writes="totals"),
    ]
    delivering.take(recovery, at(14, 12.5))
    assert delivering.incident["status"]["state"] == "RESOLVED"
    assert delivering.freshness("totals") == ["SUCCESS", "FAILURE", "SUCCESS"]


def test_what_changes_nothing_there_is_not_sent_again(delivering: Delivering) -> None:
    delivering.fake.seen.clear()
    delivering.bridge.evaluate(at(13, 7))
    delivering.deliver(at(13, 7))
    assert delivering.fake.seen == []


def test_incidents_are_resent_counted_and_forgotten_as_other_entries_are(
    delivering: Delivering,
) -> None:
    delivering.take(morning(14, fails="load"), at(14, 5.05))
    now = micros(at(14, 6))
    with writing(delivering.bridge.db) as tx:
        outbox.redeliver_all(tx, "datahub", {"incident"}, now)
    with reading(delivering.bridge.db) as tx:
        assert outbox.counts(tx, ["datahub"], now)["datahub"].waiting == 1
    delivering.deliver(at(14, 6))
    with reading(delivering.bridge.db) as tx:
        assert outbox.counts(tx, ["datahub"], now)["datahub"].waiting == 0
    with writing(delivering.bridge.db) as tx:
        assert outbox.drop_sink(tx, "datahub") > 0
