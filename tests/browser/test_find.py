"""Looking for cards in the graph that is drawn, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import Bridge, Open, wait_until_still
from tests.support.browser import pages, shop

if TYPE_CHECKING:
    from playwright.sync_api import Page

expect: Any = pytest.importorskip("playwright.sync_api").expect

REVENUE = f"dataset:{shop.WAREHOUSE}:shop.mart.daily_revenue"


def test_what_is_looked_for_is_marked_and_jumped_to(shop_bridge: Bridge, open_page: Open) -> None:
    page = open_page(pages.lineage(shop_bridge.base, REVENUE))
    wait_until_still(page)
    page.keyboard.press("f")
    page.keyboard.press("Control+f")
    field = page.get_by_role("searchbox", name="Find in the graph")
    expect(field).to_be_focused()
    page.keyboard.type("build", delay=5)
    count = page.get_by_role("status", name="Found in the graph")
    expect(count).to_have_text("2 found")
    expect(page.locator(".card[data-found]")).to_have_count(2)
    heading = page.get_by_role("complementary").get_by_role("heading").first
    for name, place in (("build_facts", 1), ("build_revenue", 2), ("build_facts", 1)):
        page.keyboard.press("Enter")
        expect(heading).to_have_text(name)
        expect(count).to_have_text(f"{place} of 2 found")
    page.keyboard.press("Shift+Enter")
    expect(heading).to_have_text("build_revenue")
    expect(page).to_have_url(re.compile("[?&]find=build(&|$)"))
    page.reload()
    expect(field).to_have_value("build")
    expect(count).to_have_text("2 of 2 found")
    field.press("Escape")
    expect(page.locator(".card[data-found]")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("find="))


def test_what_is_not_in_the_graph_is_reported_missing(shop_bridge: Bridge, open_page: Open) -> None:
    page = open_page(pages.lineage(shop_bridge.base, REVENUE, find="no such card"))
    expect(page.get_by_role("status", name="Found in the graph")).to_have_text("0 found")


def test_looking_for_cards_has_no_serious_barrier(
    shop_bridge: Bridge, scheme: str, open_page: Open, serious: Callable[[Page], list[str]]
) -> None:
    page = open_page(pages.lineage(shop_bridge.base, REVENUE, find="revenue", up=1), scheme)
    wait_until_still(page)
    expect(page.locator(".card[data-found]").first).to_be_visible()
    assert serious(page) == []
