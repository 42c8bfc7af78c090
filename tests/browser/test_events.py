"""The list of received events: what became of each, found from the health page."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from tests.browser.conftest import Open, wait_until_still
from tests.support.browser import shop
from tests.support.browser.bridge import Bridge, until
from tests.support.browser.shop import Task, dag_run

expect: Any = pytest.importorskip("playwright.sync_api").expect


def test_health_leads_to_the_events_that_were_not_understood(
    own_bridge: Bridge, open_page: Open
) -> None:
    own_bridge.send(list(dag_run("mailing", [Task("send")], shop.now() - timedelta(hours=2))))
    shop.post(own_bridge.base, [{"eventType": "START", "job": {"name": "odd", "namespace": "p"}}])
    until(lambda: own_bridge.get("health")["inbox"]["quarantined"], "it is not in quarantine")
    page = open_page(own_bridge.base)
    page.get_by_role("link", name=re.compile("1 quarantined")).click()
    wait_until_still(page)
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("In quarantine")
    expect(rows).to_contain_text("eventTime is missing")
    page.get_by_role("button", name=re.compile("^Show event")).click()
    expect(page.get_by_role("region", name="Event")).to_contain_text('"name": "odd"')
    page.get_by_label("Any state").select_option("absorbed")
    expect(rows.filter(has_text="mailing.send").first).to_contain_text("Absorbed")
    page.get_by_label("Received since").fill("2100-01-01T00:00")
    expect(page.get_by_text("No events match")).to_be_visible()
    expect(page).to_have_url(re.compile("since=2099-12-31"))
