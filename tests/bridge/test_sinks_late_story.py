"""
A table whose writer fails one morning, as OpenMetadata and Atlan show it until it is written again.

`tests/sinks/late-table` has what the sinks send while it is late; `pytest
tests/bridge/test_sinks_late_story.py --update-stories` writes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from fairlead_bridge.db.engine import reading
from fairlead_bridge.delivery.deliver import deliver_due
from fairlead_bridge.model import Name
from fairlead_bridge.queries import entry
from fairlead_bridge.sinks import Target, interests, settings
from tests.bridge.monitored import DAY, Bridge, micros, morning, ran
from tests.support.sinks.atlan import FakeAtlan
from tests.support.sinks.openmetadata import FakeOpenMetadata
from tests.support.sinks.server import serving

FOLDER = Path(__file__).parents[1] / "sinks" / "late-table"
CONNECTION = "default/airflow/1"
TABLE, ASSET = "pg.shop.public.raw", "default/postgres/2/shop/public/raw"
FRESH = f"{TABLE}.fairlead_freshness"
#: A fortnight on which all goes well, the morning after, and when its failure is mended.
WELL = [event for day in range(14) for event in morning(day)]
BEFORE, FAILED, RECOVERED = (
    DAY + timedelta(days=day, hours=hour) for day, hour in ((13, 6), (14, 6), (14, 9))
)


class Story:
    """A bridge that delivers to both catalogs what has happened by a moment."""

    def __init__(self, db: sa.Engine, openmetadata: FakeOpenMetadata, atlan: FakeAtlan) -> None:
        self.openmetadata, self.atlan = openmetadata, atlan
        self.targets = targets(openmetadata.url, atlan.url)
        self.bridge = Bridge(db, interests=interests(self.targets))

    def take(self, events: list[bytes], now: datetime) -> None:
        self.bridge.take(events, now)
        for target in self.targets:
            while deliver_due(self.bridge.db, target, micros(now)):
                pass

    def payloads(self) -> dict[str, Any]:
        """What each sink sends of the incident, and of the table that is late."""
        incident = Name("incident", self.bridge.only("open").id)
        with reading(self.bridge.db) as tx:
            tables = {ref.name: Name("dataset", ref.id) for ref in entry.datasets(tx)}
            entries = entry.read(tx, [tables["shop.raw"], incident])
        return {
            target.name: [
                {"entry": name.kind, "payload": _plain(payload)}
                for name, each in sorted(entries.items())
                if (payload := target.sink.render(each)) is not None
            ]
            for target in self.targets
        }


def _plain(payload: Any) -> Any:
    """As JSON, without the ids of runs."""
    text = msgspec.json.encode(payload).decode()
    return json.loads(re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "RUN", text))


def targets(openmetadata: str, atlan: str) -> list[Target]:
    rule = {"namespace": "postgres://*", "name": r"shop\.(.*)", "to": r"shop.public.\1"}
    naming = [{**rule, "service": "pg", "connection": "default/postgres/2"}]
    asked: dict[str, dict[str, Any]] = {
        "openmetadata": {"type": "openmetadata", "url": openmetadata},
        "atlan": {"type": "atlan", "connection": CONNECTION, "token_env": "T", "url": atlan},
    }
    asked["atlan"]["rate"] = 1e6
    return settings.targets({"sinks": asked, "naming": naming}, {"T": "t"})


@pytest.fixture
def story(db: sa.Engine) -> Iterator[Story]:
    openmetadata, atlan = FakeOpenMetadata(), FakeAtlan()
    for name in ("raw", "orders", "totals"):
        openmetadata.table(f"pg.shop.public.{name}", "id")
        atlan.table(f"default/postgres/2/shop/public/{name}", "id")
    with ExitStack() as stack:
        for fake in (openmetadata, atlan):
            stack.enter_context(serving(fake))
        yield Story(db, openmetadata, atlan)


def test_both_catalogs_follow_a_table_that_is_late_until_it_is_written_again(story: Story) -> None:
    quality, atlan = story.openmetadata.quality, story.atlan
    story.take(WELL, BEFORE)
    assert quality.newest(FRESH)["testCaseStatus"] == "Success"
    assert atlan.described(ASSET)["Standing"] == "ok"
    assert atlan.announced(ASSET) is None
    story.take(morning(14, fails="load"), FAILED)
    assert quality.newest(FRESH)["testCaseStatus"] == "Failed"
    assert quality.state(FRESH) == "New"
    announced = atlan.announced(ASSET)
    assert announced is not None
    assert announced[0].startswith("Fairlead: ")
    assert "load broke" in announced[2]
    load = f"{CONNECTION}/load"
    assert atlan.announced(load) is not None
    story.take(ran("load", RECOVERED - timedelta(minutes=5), writes="raw"), RECOVERED)
    assert quality.newest(FRESH)["testCaseStatus"] == "Success"
    assert quality.state(FRESH) == "Resolved"
    assert atlan.announced(ASSET) is None
    assert atlan.announced(load) is None
    assert atlan.described(ASSET)["Standing"] == "ok"


def test_what_is_sent_while_it_is_late_is_the_storys_to_the_letter(
    story: Story, request: pytest.FixtureRequest
) -> None:
    story.take(WELL, BEFORE)
    story.take(morning(14, fails="load"), FAILED)
    for sink, payloads in story.payloads().items():
        file = FOLDER / f"{sink}.json"
        if request.config.getoption("--update-stories"):
            file.write_text(json.dumps(payloads, indent=1, ensure_ascii=False) + "\n")
        assert payloads == json.loads(file.read_text()), file.name
