"""Several Airflows in one catalog: chosen by namespace, and noticed where they share one. And what
nothing is seen of."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.browser.conftest import Open, wait_until_still
from tests.support.browser import shop
from tests.support.browser.bridge import Bridge
from tests.support.browser.shop import Task, dag_run

expect: Any = pytest.importorskip("playwright.sync_api").expect


def of_namespace(events: list[shop.Json], namespace: str) -> list[shop.Json]:
    """The same events as another Airflow sends them."""
    text = json.dumps(events).replace(f'"{events[0]["job"]["namespace"]}"', f'"{namespace}"')
    reported: list[shop.Json] = json.loads(text.replace('"runId": "0', '"runId": "1'))
    return reported


def test_dags_and_runs_are_chosen_by_namespace_and_shared_ones_are_noticed(
    own_bridge: Bridge, open_page: Open
) -> None:
    now = shop.now()
    events = list(dag_run("mailing", [Task("send")], now - timedelta(hours=2)))
    own_bridge.send(events + of_namespace(events, "dev"))
    seen = {
        "eventType": "OTHER",
        "producer": "https://example.org",
        "job": {"namespace": "dev", "name": "mailing"},
    }
    for minutes, name in ((3, "one"), (2, "the other"), (1, "one")):
        facets = {"fairlead_deployment": {"name": name}}
        at = (now - timedelta(minutes=minutes)).isoformat()
        run = {"runId": f"01939cd0-0000-7000-8000-00000000000{minutes}", "facets": facets}
        own_bridge.send([{**seen, "eventTime": at, "run": run}])

    page = open_page(own_bridge.base)
    wait_until_still(page)
    expect(page.get_by_text("2 Airflows send under the namespace dev")).to_be_visible()

    page.goto(f"{own_bridge.base}/dags")
    wait_until_still(page)
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(2)
    page.get_by_label("Any namespace").select_option("dev")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(f"{own_bridge.base}/dags?namespace=dev")

    page.goto(f"{own_bridge.base}/dags")
    page.get_by_label("Any lineage").select_option("none")
    expect(page.get_by_role("heading", name="Jobs without lineage")).to_be_visible()
    expect(rows.filter(has_text="send").first).to_contain_text("neither inputs nor outputs")
