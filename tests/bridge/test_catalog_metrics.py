"""Prometheus reads how jobs, datasets and incidents stand, within bounds that the user sets."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from fairlead_bridge.access.caller import ANYONE, CALLER
from fairlead_bridge.web import catalog_metrics
from fairlead_bridge.web.parameters import Catalog
from tests.bridge.monitored import DAY, Bridge, micros, morning

NOON = DAY + timedelta(days=14, hours=12)
DATABASE = "postgres://h:5432"
LABELS = ("namespace", "job", "dataset", "owner", "state", "standing", "severity", "kind")


@pytest.fixture
def bridge(db: sa.Engine) -> Bridge:
    """A fortnight of mornings on which all went well, and one on which `load` fails."""
    bridge = Bridge(db)
    bridge.take([event for day in range(14) for event in morning(day)], DAY + timedelta(days=13))
    bridge.take(morning(14, fails="load"), DAY + timedelta(days=14, hours=5.05))
    return bridge


def scraped(
    bridge: Bridge, patterns: tuple[str, ...] = ("*",), limit: int = 100
) -> dict[tuple[str, ...], float]:
    """Every series: its name and the values of its labels, and its value."""
    catalog = Catalog(bridge.db, 86_400.0, lambda: micros(NOON))
    app = FastAPI()
    app.state.catalog_metrics = catalog_metrics.CatalogMetrics(catalog, patterns, limit)
    app.include_router(catalog_metrics.router)

    async def asked_by_anyone(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, CALLER: ANYONE}, receive, send)

    text = TestClient(asked_by_anyone).get("/metrics/catalog").text
    return {
        (
            sample.name.removeprefix("fairlead_"),
            *(sample.labels[label] for label in LABELS if label in sample.labels),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_each_job_has_the_state_and_duration_of_its_newest_run(bridge: Bridge) -> None:
    found = scraped(bridge)
    assert found["job_last_run_state", "prod", "load", "failed"] == 1
    assert found["job_last_run_state", "prod", "clean", "success"] == 1
    assert ("job_last_run_state", "prod", "load", "success") not in found
    assert found["job_last_run_duration_seconds", "prod", "load"] == 60
    start = found["job_last_run_start_timestamp_seconds", "prod", "load"]
    assert start == (DAY + timedelta(days=14, hours=5)).timestamp()


def test_each_dataset_has_its_newest_write_and_when_the_next_is_expected(bridge: Bridge) -> None:
    found = scraped(bridge)
    written = found["dataset_written_timestamp_seconds", DATABASE, "shop.raw"]
    assert written == (DAY + timedelta(days=13, hours=5, minutes=1)).timestamp()
    expected = found["dataset_expected_by_timestamp_seconds", DATABASE, "shop.raw"]
    assert written + 86_400 < expected < written + 86_400 + 3 * 3600
    assert found["dataset_standing", DATABASE, "shop.raw", "failed"] == 1
    assert found["dataset_standing", DATABASE, "shop.totals", "at_risk"] == 1


def test_open_incidents_are_counted_by_namespace_owner_state_and_severity(bridge: Bridge) -> None:
    found = {key: value for key, value in scraped(bridge).items() if key[0] == "incidents"}
    assert found == {("incidents", "prod", "", "open", "critical"): 1}


def test_patterns_choose_what_is_shown(bridge: Bridge) -> None:
    found = scraped(bridge, ("job:prod:cl*",))
    assert {key[2] for key in found if key[0].startswith("job_")} == {"clean"}
    assert not [key for key in found if key[0].startswith("dataset_")]


def test_what_the_limit_leaves_out_is_counted(bridge: Bridge) -> None:
    found = scraped(bridge, limit=1)
    assert len({key[2] for key in found if key[0].startswith("job_")}) == 1
    everything = scraped(bridge)
    jobs = {key[2] for key in everything if key[0].startswith("job_")}
    assert found["catalog_left_out", "job"] == len(jobs) - 1
    assert everything["catalog_left_out", "job"] == 0
