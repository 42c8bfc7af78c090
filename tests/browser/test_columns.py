"""Column lineage in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.conftest import Bridge, Open, wait_until_still
from tests.support.browser import pages, shop
from tests.support.browser.columns import computed, origin

if TYPE_CHECKING:
    from playwright.sync_api import Page

expect: Any = pytest.importorskip("playwright.sync_api").expect

RAW = shop.table("shop.raw.bills", id="int", amount="numeric", email="text", note="text")
FACT = "shop.mart.bills"
REPORT = "shop.mart.report"
EMAIL = "hashed with a secret <b>salt</b>"


@pytest.fixture(scope="module")
def bills(module_bridge: Bridge) -> Bridge:
    """raw.bills -> mart.bills -> mart.report, reported column by column."""
    fact = computed(
        shop.table(FACT, id="int", total="numeric", person="text"),
        {
            "id": [origin(RAW["name"], "id", "IDENTITY")],
            "total": [origin(RAW["name"], "amount", "TRANSFORMATION")],
            "person": [
                origin(RAW["name"], "email", "TRANSFORMATION", masking=True, description=EMAIL)
            ],
        },
    )
    report = computed(
        shop.table(REPORT, revenue="numeric"),
        {"revenue": [origin(FACT, "total", "AGGREGATION")]},
    )
    tasks = [
        shop.Task("facts", [RAW], [fact]),
        shop.Task("report", [shop.table(FACT)], [report]),
    ]
    module_bridge.send(list(shop.dag_run("bills", tasks, shop.now() - timedelta(hours=1))))
    return module_bridge


def columns_of(bridge: Bridge, table: str, **search: object) -> str:
    node = f"dataset:{shop.WAREHOUSE}:{table}"
    return pages.lineage(bridge.base, node, view="columns", **search)


def row(page: Page, column: str, table: str) -> Any:
    return page.get_by_role("button", name=re.compile(f"^{column} of {table}"))


def test_a_column_shows_what_it_comes_from_and_what_comes_from_it(
    bills: Bridge, open_page: Open
) -> None:
    dataset = bills.get("datasets?q=mart.bills")["items"][0]["id"]
    page = open_page(f"{bills.base}/datasets/{dataset}")
    page.get_by_role("row").filter(has_text="total").get_by_role("link", name="total").click()
    expect(page).to_have_url(re.compile("view=columns"))
    for column, table in (("amount", "bills"), ("total", "bills"), ("revenue", "report")):
        expect(row(page, column, table)).to_be_visible()
    expect(row(page, "person", "bills")).to_have_count(0)
    expect(page.locator("[data-line]")).to_have_count(2)
    expect(page.get_by_role("status").filter(has_text="3 columns of 3 datasets")).to_be_visible()


def test_the_way_through_a_column_is_lit_and_its_masking_is_shown(
    bills: Bridge, open_page: Open
) -> None:
    page = open_page(columns_of(bills, FACT))
    expect(page.locator("[data-line]")).to_have_count(4)
    row(page, "revenue", "report").click()
    expect(page.locator("[data-line=lit]")).to_have_count(2)
    expect(row(page, "email", "bills")).to_have_attribute("data-dim", "true")
    details = page.get_by_role("complementary")
    expect(details.get_by_text("aggregation")).to_be_visible()
    expect(details.get_by_role("link", name="report").last).to_be_visible()
    row(page, "person", "bills").click()
    expect(page.locator("[data-line=lit]")).to_have_count(1)
    expect(details.get_by_text("masked")).to_be_visible()
    expect(details.get_by_text(EMAIL)).to_be_visible()
    search = parse_qs(urlsplit(page.url).query)
    assert (search["view"], search["field"]) == (["columns"], ["person"])
    page.reload()
    expect(details.get_by_role("heading", name="person")).to_be_visible()


def test_columns_are_walked_with_the_keyboard(bills: Bridge, open_page: Open) -> None:
    page = open_page(columns_of(bills, FACT, column="total"))
    wait_until_still(page)
    heading = page.get_by_role("complementary").get_by_role("heading").first
    page.keyboard.press("ArrowLeft")
    expect(heading).to_have_text("amount")
    page.keyboard.press("ArrowRight")
    expect(heading).to_have_text("total")
    page.keyboard.press("ArrowRight")
    expect(heading).to_have_text("revenue")
    page.keyboard.press("e")
    expect(page).to_have_url(re.compile("column=revenue"))
    page.keyboard.press("Escape")
    expect(heading).to_have_count(0)
    for _ in range(5):
        page.keyboard.press("U")
    expect(page).to_have_url(re.compile("up=1"))
    expect(row(page, "amount", "bills")).to_have_count(0)
    expect(row(page, "total", "bills")).to_be_visible()


def test_the_graph_leads_to_columns_and_back(bills: Bridge, open_page: Open) -> None:
    page = open_page(pages.lineage(bills.base, f"dataset:{shop.WAREHOUSE}:{FACT}"))
    page.get_by_role("button", name="Columns", exact=True).click()
    expect(row(page, "person", "bills")).to_be_visible()
    page.get_by_role("button", name="Graph", exact=True).click()
    expect(page.locator(".card[data-focus]")).to_be_visible()
    page.go_back()
    expect(row(page, "person", "bills")).to_be_visible()


def test_columns_of_which_nothing_is_known_say_so(bills: Bridge, open_page: Open) -> None:
    page = open_page(columns_of(bills, "shop.raw.bills", column="note"))
    expect(page.get_by_text("No column lineage for note")).to_be_visible()


def test_a_column_that_does_not_exist_is_answered_with_those_that_do(
    bills: Bridge, open_page: Open
) -> None:
    page = open_page(columns_of(bills, "shop.raw.bills", column="no such"))
    message = "There is no column 'no such' in shop.raw.bills: it has id, amount, email, note."
    expect(page.get_by_role("alert")).to_contain_text(message)


def test_the_view_of_columns_has_no_serious_barrier(
    bills: Bridge, scheme: str, open_page: Open, serious: Callable[[Page], list[str]]
) -> None:
    node = f"dataset:{shop.WAREHOUSE}:{FACT}"
    page = open_page(columns_of(bills, FACT, sel=node, field="person"), scheme)
    wait_until_still(page)
    expect(page.locator("[data-line=lit]")).to_have_count(1)
    assert serious(page) == []
