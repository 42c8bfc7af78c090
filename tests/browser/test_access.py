"""Admins make, rotate and revoke keys on the page, and read the audit log there."""

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


def sign_in(page: Any, bridge: Bridge, key: str, following: str) -> None:
    page.goto(f"{bridge.base}/login?next={following}")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()


def test_an_admin_makes_a_key_that_is_shown_once_and_ends_it(
    bridge: Bridge, open_page: Open
) -> None:
    page = open_page(bridge.base)
    sign_in(page, bridge, "sesame", "/access")
    keys = page.get_by_role("region", name="API keys")
    keys.get_by_role("button", name="New key").click()
    keys.get_by_label("Name", exact=True).fill("ann")
    keys.get_by_label(re.compile("^sender")).uncheck()
    keys.get_by_label(re.compile("^viewer")).check()
    picture(page, "keys-new")
    keys.get_by_role("button", name="Create key").click()
    shown = keys.get_by_role("status", name="The key ann").locator("pre")
    expect(shown).to_have_text(re.compile("^fairlead_"))
    key = shown.inner_text().strip()
    picture(page, "keys-created")
    keys.get_by_role("button", name="Done").click()
    expect(shown).to_have_count(0)
    row = keys.get_by_role("row", name=re.compile("^ann"))
    expect(row).to_contain_text("never")  # used
    row.get_by_role("button", name="Rotate").click()
    row.get_by_role("button", name="Rotate now").click()
    expect(shown).not_to_have_text(key)
    newer = shown.inner_text().strip()
    keys.get_by_role("button", name="Done").click()
    active = keys.get_by_role("row", name=re.compile("active"))
    active.get_by_role("button", name="Revoke").click()
    active.get_by_role("button", name="Revoke now").click()
    expect(keys.get_by_role("row", name=re.compile("revoked"))).to_have_count(2)
    audit = page.get_by_role("region", name="Audit log")
    for action in ("sign_in", "create_key", "rotate_key", "revoke_key"):
        expect(audit.get_by_text(action)).not_to_have_count(0)
    assert not [each for each in (key, newer) if each in page.content()]
    picture(page, "access-light")
    page.get_by_role("button", name="Switch to dark colours").click()
    picture(page, "access-dark")
    with page.expect_download() as download:
        audit.get_by_role("link", name="Export JSON lines").click()
    exported = Path(download.value.path()).read_text("utf-8")
    assert '"create_key"' in exported
    assert key not in exported


def test_a_reader_who_is_no_admin_sees_neither(bridge: Bridge, open_page: Open) -> None:
    page = open_page(bridge.base)
    sign_in(page, bridge, "sesame", "/access")
    keys = page.get_by_role("region", name="API keys")
    keys.get_by_role("button", name="New key").click()
    keys.get_by_label("Name", exact=True).fill("bob")
    keys.get_by_label(re.compile("^viewer")).check()
    keys.get_by_role("button", name="Create key").click()
    key = keys.get_by_role("status", name="The key bob").locator("pre").inner_text().strip()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_title("Sign in · Fairlead")
    sign_in(page, bridge, key, "/access")
    expect(page.get_by_text("Only admins see this page")).to_be_visible()
    expect(page.get_by_role("link", name="Access")).to_have_count(0)
