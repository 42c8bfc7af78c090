"""The list of received events: what became of each, found from the health page."""

from __future__ import annotations

import re
import urllib.request
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.browser import shop
from tests.browser.bridge import Bridge, until
from tests.browser.conftest import Open, settle
from tests.browser.shop import Task, dag_run

expect: Any = pytest.importorskip("playwright.sync_api").expect


def test_health_leads_to_the_events_that_were_not_understood(
    own_bridge: Bridge, open_page: Open
) -> None:
    own_bridge.tell(list(dag_run("mailing", [Task("send")], shop.now() - timedelta(hours=2))))
    shop.post(own_bridge.base, [{"eventType": "START", "job": {"name": "odd", "namespace": "p"}}])
    until(lambda: own_bridge.get("health")["inbox"]["quarantined"], "it is not in quarantine")
    page = open_page(own_bridge.base)
    page.get_by_role("link", name=re.compile("1 quarantined")).click()
    settle(page)
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


def test_where_keys_are_set_the_page_asks_for_one_before_it_reads_events_again(
    tmp_path: Path, open_page: Open
) -> None:
    bridge = Bridge(tmp_path, environment={"FAIRLEAD_API_KEYS": "sesame"})
    bridge.start()
    try:
        request = urllib.request.Request(  # noqa: S310  (our own server)
            f"{bridge.base}/api/v1/lineage", b"{}", {"Authorization": "Bearer sesame"}
        )
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310
        until(lambda: bridge.get("health")["inbox"]["quarantined"], "it is not in quarantine")
        page = open_page(f"{bridge.base}/deliveries")
        again = page.get_by_role("button", name="Replay all")
        again.click()
        expect(page.get_by_role("alert")).to_contain_text("API key")
        page.get_by_label("API key").fill("wrong")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_label("API key")).to_be_visible()
        page.get_by_label("API key").fill("sesame")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_text("1 event replaying")).to_be_visible()
        page.reload()
        again.click()
        expect(page.get_by_role("status").filter(has_text="replaying")).to_be_visible()
    finally:
        bridge.stop()
