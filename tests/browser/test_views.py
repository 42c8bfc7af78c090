"""A view is its address; everything is reached with the keyboard; what is drawn can be saved whole."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as Xml

import pytest

from tests.browser.conftest import Open, wait_until_still
from tests.support.browser import pages, shop
from tests.support.browser.bridge import Bridge

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

expect: Any = pytest.importorskip("playwright.sync_api").expect

REVENUE = f"dataset:{shop.WAREHOUSE}:shop.mart.daily_revenue"
INGEST = f"job:{shop.NAMESPACE}:ingest_payments"


def shown(page: Page) -> str:
    """All that is on the page, but for what time changes."""
    wait_until_still(page)
    if page.locator(".react-flow").count():
        page.keyboard.press("f")  # all cards, whatever was in view
    page.wait_for_timeout(300)  # filters write the address when the reader pauses
    text = re.sub(r"\d+|just now|\bnow\b", "#", page.locator("main").inner_text())
    return "\n".join(sorted(text.splitlines()))  # cards come in any order


def filter_datasets(page: Page) -> None:
    page.get_by_label("Filter by name").fill("payment")
    page.get_by_title(f"Only {shop.WAREHOUSE}").first.click()
    expect(page).to_have_url(re.compile("q=payment"))


def filter_runs(page: Page) -> None:
    page.get_by_label("Any state").select_option("failed")
    page.get_by_label("Any kind").select_option("task")
    page.get_by_label("DAG ID").fill("ingest_payments")
    expect(page).to_have_url(re.compile("dag_id=ingest_payments"))


def filter_dags(page: Page) -> None:
    page.get_by_label("Filter by name").fill("ublis")
    expect(page).to_have_url(re.compile("q=ublis"))


def choose_a_run(page: Page) -> None:
    page.get_by_role("button", name=re.compile(r"^Success, scheduled__")).first.click()
    expect(page).to_have_url(re.compile("run="))


def change_the_lineage(page: Page) -> None:
    page.get_by_role("button", name="Duration").click()
    page.get_by_role("button", name="Fewer upstream levels").click()
    page.get_by_role("button", name="More downstream levels").click()
    page.locator(".react-flow__node").filter(has_text="build_revenue").click()
    expect(page).to_have_url(re.compile("sel="))


def travel(page: Page) -> None:
    page.keyboard.press("h")
    runs = page.get_by_role("region", name="Time travel").locator("rect")
    expect(runs.first).to_be_visible()
    page.keyboard.press("[")
    expect(page).to_have_url(re.compile("asOf="))


VIEWS: dict[str, tuple[str, Callable[[Page], None]]] = {
    "datasets": ("datasets", filter_datasets),
    "runs": ("runs", filter_runs),
    "DAGs": ("dags", filter_dags),
    "DAG": ("dag", choose_a_run),
    "lineage": ("lineage", change_the_lineage),
    "time travel": ("lineage", travel),
}


@pytest.mark.parametrize("view", VIEWS)
def test_a_copied_address_shows_the_same_to_another_user(
    view: str, shop_bridge: Bridge, open_page: Open
) -> None:
    where, change = VIEWS[view]
    every = {
        **pages.every(shop_bridge.base, REVENUE),
        "lineage": pages.lineage(shop_bridge.base, REVENUE),
    }
    page = open_page(every[where])
    wait_until_still(page)
    change(page)
    mine = shown(page)
    other = open_page(page.url)  # a browser of its own: nothing but the address is common
    assert shown(other) == mine
    assert other.url == page.url


def test_back_and_forward_go_through_what_was_seen(shop_bridge: Bridge, open_page: Open) -> None:
    page = open_page(f"{shop_bridge.base}/datasets")
    page.get_by_role("link", name="daily_revenue").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("daily_revenue")
    page.get_by_role("link", name="Lineage", exact=True).last.click()
    expect(page.locator(".card[data-focus]")).to_be_visible()
    page.go_back()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Datasets")
    page.go_forward()
    expect(page.get_by_role("heading", level=1)).to_contain_text("daily_revenue")


# --- search ----------------------------------------------------------------------------------

PLACES = ["health", "datasets", "dataset", "dags", "dag", "task", "runs", "failed-run", "start"]
PLACES += ["lineage", "time-travel", "changes", "deliveries"]


@pytest.mark.parametrize("name", PLACES)
def test_a_slash_searches_from_anywhere(name: str, shop_bridge: Bridge, open_page: Open) -> None:
    page = open_page(pages.every(shop_bridge.base, REVENUE)[name])
    wait_until_still(page)
    page.keyboard.press("/")
    box = page.get_by_role("combobox", name="Search")
    expect(box).to_be_focused()
    page.keyboard.type("load_char", delay=5)
    expect(page.get_by_role("option").first).to_contain_text("load_charges")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("load_charges")
    expect(box).to_have_value("")


def test_the_search_finds_datasets_dags_tasks_and_columns(
    shop_bridge: Bridge, open_page: Open
) -> None:
    page = open_page(shop_bridge.base)
    wait_until_still(page)
    for text, found in {
        "daily_revenue": "shop.mart.daily_revenue",
        "ingest": "dag",
        "paid_at": "column of shop.raw.payments",
        "charges.json": "s3://lake",
    }.items():
        page.keyboard.press("Control+k")
        page.keyboard.type(text)
        expect(page.get_by_role("option").filter(has_text=found).first).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("option")).to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.type("no such thing")
    expect(page.get_by_role("listbox")).to_contain_text("No results for “no such thing”")


# --- keyboard --------------------------------------------------------------------------------


def test_levels_selection_help_and_the_whole_graph_have_keys(
    shop_bridge: Bridge, open_page: Open
) -> None:
    page = open_page(pages.lineage(shop_bridge.base, REVENUE, up=3))
    wait_until_still(page)
    for key, there in [("u", "up=4"), ("Shift+U", "up=3"), ("d", "down=5"), ("Shift+D", "focus")]:
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(there))
    page.keyboard.press("ArrowLeft")
    details = page.get_by_role("complementary")
    expect(details).to_be_visible()
    page.keyboard.press("Escape")
    expect(details).to_have_count(0)
    viewport = page.locator(".react-flow__viewport")
    before = viewport.get_attribute("style")
    page.mouse.move(700, 500)
    page.mouse.wheel(0, 600)
    expect(viewport).not_to_have_attribute("style", before)
    page.keyboard.press("f")
    cards = pages.graph(shop_bridge.base, REVENUE, up=3)["cards"]
    expect(page.locator(".card:visible")).to_have_count(len(cards))
    for number, lens in enumerate(("Status", "Freshness", "Duration", "PII", "Owner"), 1):
        page.keyboard.press(str(number))
        expect(page.get_by_role("button", name=lens)).to_have_attribute("aria-pressed", "true")


def test_the_address_is_copied_with_a_key(
    shop_bridge: Bridge, open_page: Open, chromium: Browser
) -> None:
    page = open_page(pages.lineage(shop_bridge.base, REVENUE, up=2))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    wait_until_still(page)
    page.keyboard.press("y")
    page.wait_for_timeout(200)
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_keys_write_in_a_field_instead_of_moving_the_graph(
    shop_bridge: Bridge, open_page: Open
) -> None:
    page = open_page(pages.lineage(shop_bridge.base, REVENUE))
    wait_until_still(page)
    page.keyboard.press("/")
    page.keyboard.type("uudd?t/")
    expect(page.get_by_role("combobox", name="Search")).to_have_value("uudd?t/")
    assert parse_qs(urlsplit(page.url).query).keys() == {"focus"}


def test_every_control_is_reached_with_the_tab_key(shop_bridge: Bridge, open_page: Open) -> None:
    page = open_page(pages.lineage(shop_bridge.base, REVENUE))
    wait_until_still(page)
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "() => document.activeElement.getAttribute('aria-label') "
                "|| document.activeElement.textContent"
            )
        )
    wanted = {"Datasets", "DAGs", "Runs", "Changes", "Deliveries", "Status", "Owner"}
    wanted |= {"More upstream levels", "Export", "Show the table", "Time travel (h)"}
    assert wanted <= reached


# --- what is saved ---------------------------------------------------------------------------


def loops() -> Iterator[shop.Json]:
    """A task that reads what it writes, and two that feed each other: edges in circles."""
    left, right = shop.table("a.b.left"), shop.table("a.b.right")
    tasks = [
        shop.Task("merge", [left], [left]),
        shop.Task("there", [left], [right]),
        shop.Task("back", [right], [left]),
    ]
    yield from shop.dag_run("circles", tasks, shop.now())


def test_what_is_saved_of_a_graph_with_circles_has_every_edge(
    own_bridge: Bridge, open_page: Open, tmp_path: Path
) -> None:
    own_bridge.send(list(loops()))
    focus = f"dataset:{shop.WAREHOUSE}:a.b.left"
    page = open_page(pages.lineage(own_bridge.base, focus))
    wait_until_still(page)
    wanted = {
        (edge["source"], edge["target"]) for edge in pages.graph(own_bridge.base, focus)["edges"]
    }
    assert len(wanted) >= 6
    files = {}
    for choice, name in (
        ("Edges", "edges.csv"),
        ("Image (SVG)", "lineage.svg"),
    ):
        page.get_by_role("button", name="Export").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name=choice).click()
        files[name] = tmp_path / name
        download.value.save_as(files[name])
    with files["edges.csv"].open(encoding="utf-8-sig", newline="") as lines:
        assert {(row["source"], row["target"]) for row in csv.DictReader(lines)} == wanted
    drawn = {
        tuple(edge[0].text.split(" to "))
        for edge in Xml.parse(files["lineage.svg"]).iter("{http://www.w3.org/2000/svg}path")  # noqa: S314
        if edge.get("class") == "edge"
    }
    assert drawn == wanted
    expect(page.locator("[data-edge]")).to_have_count(len(wanted))
