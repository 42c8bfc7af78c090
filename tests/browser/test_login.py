"""Signing in with an API key, and out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Open
from tests.support.browser.bridge import Bridge
from tests.support.browser.pictures import picture

expect: Any = pytest.importorskip("playwright.sync_api").expect


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[Bridge]:
    bridge = Bridge(tmp_path, environment={"FAIRLEAD_API_KEYS": "sesame"})
    bridge.start()
    yield bridge
    bridge.stop()


def test_a_reader_signs_in_reaches_the_page_asked_for_acts_and_signs_out(
    bridge: Bridge, open_page: Open
) -> None:
    page = open_page(bridge.base)
    page.goto(f"{bridge.base}/deliveries?state=rejected")
    expect(page).to_have_title("Sign in · Fairlead")
    picture(page, "login")
    page.get_by_label("API key").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not known")
    picture(page, "login-wrong")
    page.get_by_label("API key").fill("sesame")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/deliveries\?state=rejected"))
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    picture(page, "signed-in")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_title("Sign in · Fairlead")
    page.goto(f"{bridge.base}/runs")
    expect(page).to_have_title("Sign in · Fairlead")


def test_a_session_that_ends_while_the_page_is_open_leads_to_the_login_and_back(
    bridge: Bridge, open_page: Open
) -> None:
    page = open_page(f"{bridge.base}/login?next=/runs")
    page.get_by_label("API key").fill("sesame")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.context.clear_cookies()
    page.get_by_role("link", name="Datasets").click()
    expect(page).to_have_title("Sign in · Fairlead")
    page.get_by_label("API key").fill("sesame")
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(r"/datasets"))
