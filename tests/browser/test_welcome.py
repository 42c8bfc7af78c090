"""What an empty bridge says, and that it notices the first event by itself."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest

from tests.browser.conftest import Bridge, Open
from tests.support.browser import shop

expect: Any = pytest.importorskip("playwright.sync_api").expect


def test_an_empty_bridge_says_how_to_begin(own_bridge: Bridge, open_page: Open) -> None:
    page = open_page(own_bridge.base)
    expect(page.get_by_text("Waiting for the first event")).to_be_visible()
    page.goto(f"{own_bridge.base}/datasets")
    expect(page.get_by_text("No datasets yet")).to_be_visible()
    page.goto(f"{own_bridge.base}/lineage")
    expect(page.get_by_text("No lineage yet")).to_be_visible()


def test_it_notices_the_event_that_its_own_command_sends(
    own_bridge: Bridge, open_page: Open
) -> None:
    page = open_page(own_bridge.base)
    page.get_by_role("button", name="Test event").click()
    command = page.locator(".steps .code").inner_text()
    done = subprocess.run(["sh", "-c", command], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first = page.get_by_role("region", name="First event")
    expect(first).to_contain_text("First event received", timeout=60_000)
    first.get_by_role("link", name="first_event").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("first_event")


def test_an_event_that_only_reaches_quarantine_is_seen_by_who_waits_for_it(
    own_bridge: Bridge, open_page: Open
) -> None:
    page = open_page(own_bridge.base)
    shop.post(own_bridge.base, [{"eventType": "START"}])
    link = page.get_by_role("link", name="1 event in quarantine: see why")
    expect(link).to_be_visible(timeout=60_000)  # the page asks for health every 15 seconds
    link.click()
    expect(page).to_have_url(re.compile("state=quarantined"))
