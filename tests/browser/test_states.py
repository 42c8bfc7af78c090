"""How pages look before, without and after what they show: empty, filtered, failing, too large, live."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import Open, wait_until_still
from tests.support.browser import pages, shop
from tests.support.browser.bridge import Bridge
from tests.support.waiting import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

expect: Any = pytest.importorskip("playwright.sync_api").expect

REVENUE = f"dataset:{shop.WAREHOUSE}:shop.mart.daily_revenue"


# --- barriers, in what the plain pages do not show --------------------------------------------


def search(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("a")
    expect(page.get_by_role("option").nth(1)).to_be_visible()


def blame(page: Page) -> None:
    expect(page.get_by_role("button", name="Root cause", exact=True)).to_be_visible()
    page.keyboard.press("b")
    expect(page.get_by_role("complementary")).to_contain_text("ProgrammingError")
    wait_until_still(page)


def help_(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.wait_for_timeout(400)  # it fades in


def as_table(page: Page) -> None:
    page.keyboard.press("t")
    expect(page.get_by_role("region", name="Graph as a table")).to_be_visible()


def afar(page: Page) -> None:
    page.mouse.move(700, 500)
    for _ in range(12):
        page.mouse.wheel(0, 400)
    expect(page.locator(".card")).to_have_count(0)


def menu(page: Page) -> None:
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_role("menuitem").first).to_be_visible()
    page.wait_for_timeout(400)


def past(page: Page) -> None:
    page.keyboard.press("h")
    expect(page.get_by_role("region", name="Time travel").locator("rect").first).to_be_visible()
    page.keyboard.press("[")
    expect(page.get_by_role("button", name="Now", exact=True)).to_be_visible()


def owners(page: Page) -> None:
    page.keyboard.press("5")


@pytest.mark.parametrize("act", [search, blame, help_, as_table, afar, menu, past, owners])
def test_nothing_that_opens_has_a_serious_barrier(
    act: Callable[[Page], None],
    scheme: str,
    shop_bridge: Bridge,
    open_page: Open,
    serious: Callable[[Page], list[str]],
) -> None:
    page = open_page(pages.lineage(shop_bridge.base, REVENUE), scheme)
    wait_until_still(page)
    act(page)
    assert serious(page) == []


def test_pages_with_changes_and_what_was_not_understood_have_no_serious_barrier(
    scheme: str, own_bridge: Bridge, open_page: Open, serious: Callable[[Page], list[str]]
) -> None:
    page = open_page(own_bridge.base, scheme)
    for path in ("/", "/datasets", "/dags", "/runs", "/changes", "/deliveries", "/lineage"):
        page.goto(f"{own_bridge.base}{path}")
        wait_until_still(page)
        assert serious(page) == []  # empty
    for ago, columns in ((2, {"id": "int", "amount": "int"}), (1, {"id": "text", "total": "int"})):
        task = shop.Task("load", [shop.RAW], [shop.table("shop.raw.bills", **columns)])
        own_bridge.send(
            list(shop.dag_run("bills", [task], shop.now() - timedelta(hours=ago), owner="a b"))
        )
    shop.post(own_bridge.base, [{"this": "is no event"}])
    until(lambda: own_bridge.get("health")["inbox"]["quarantined"] == 1, "it was understood")
    bills = own_bridge.get("datasets?q=bills")["items"][0]["id"]
    for path in ("/", "/changes", "/deliveries", f"/datasets/{bills}"):
        page.goto(f"{own_bridge.base}{path}")
        wait_until_still(page)
        if path == "/deliveries":
            page.locator("main summary").first.click()
            expect(page.locator("main")).to_contain_text("is no event")
            wait_until_still(page)
        assert serious(page) == []


# --- empty, filtered out, failing, too large --------------------------------------------------


def test_a_filter_that_leaves_nothing_says_so(shop_bridge: Bridge, open_page: Open) -> None:
    page = open_page(f"{shop_bridge.base}/datasets?q=nosuch")
    expect(page.get_by_text("No datasets match")).to_be_visible()
    page.get_by_label("Filter by name").fill("")
    expect(page.get_by_role("row").filter(has_text="daily_revenue")).to_be_visible()
    page.goto(f"{shop_bridge.base}/dags?q=nosuch")
    expect(page.locator(".nothing")).to_be_visible()
    page.goto(f"{shop_bridge.base}/runs?state=lost")
    expect(page.get_by_text("No runs match")).to_be_visible()


def test_nonsense_in_an_address_does_no_harm(shop_bridge: Bridge, open_page: Open) -> None:
    page = open_page(
        pages.lineage(shop_bridge.base, REVENUE, up="x", down=-9, lens="no", asOf="then")
    )
    expect(page.locator(".card[data-focus]")).to_be_visible()
    page.goto(f"{shop_bridge.base}/runs?state=nosuch&kind=%00&limit=9")
    wait_until_still(page)
    page.goto(f"{shop_bridge.base}/datasets/%2e%2e%2fsecret")
    expect(page.get_by_role("alert")).to_be_visible()
    page.goto(f"{shop_bridge.base}/jobs/x?tab=%3Cscript%3E")
    expect(page.get_by_role("alert")).to_be_visible()


@pytest.mark.parametrize(
    ("page_path", "api"),
    [
        ("/", "overview"),
        ("/datasets", "datasets"),
        ("/dags", "jobs"),
        ("/runs", "runs"),
        ("/changes", "changes"),
        ("/deliveries", "health"),
        (f"/lineage?focus={REVENUE}", "graph"),
    ],
)
def test_what_cannot_be_loaded_says_why_and_can_be_tried_again(
    page_path: str, api: str, shop_bridge: Bridge, open_page: Open
) -> None:
    page = open_page("about:blank")
    address = re.compile(rf"/api/v1/{api}(\?|$)")
    page.route(address, lambda route: route.fulfill(status=503, body="<html>a proxy</html>"))
    page.goto(f"{shop_bridge.base}{page_path}")
    alert = page.get_by_role("alert").first
    expect(alert).to_contain_text("The server answered 503", timeout=30_000)
    page.unroute(address)
    alert.get_by_role("button", name="Try again").click()
    expect(alert).to_have_count(0)
    wait_until_still(page)


def test_while_something_loads_the_page_says_so(shop_bridge: Bridge, open_page: Open) -> None:
    page = open_page("about:blank")
    held: list[Any] = []
    page.route(re.compile(r"/api/v1/datasets\?"), lambda route: held.append(route))
    page.goto(f"{shop_bridge.base}/datasets")
    expect(page.get_by_role("status").filter(has_text="Loading")).to_have_count(1)
    assert held, "nothing was asked"
    for route in held:
        route.continue_()
    expect(page.get_by_role("row").filter(has_text="daily_revenue")).to_be_visible()


def test_a_graph_that_is_too_large_counts_what_it_leaves_out(
    own_bridge: Bridge, open_page: Open
) -> None:
    many = [shop.table(f"lake.raw.table_{number}") for number in range(420)]
    tasks = [
        shop.Task(f"read_{part}", many[part * 42 : part * 42 + 42], [shop.FACTS])
        for part in range(10)
    ]
    own_bridge.send(list(shop.dag_run("wide", tasks, shop.now())))
    focus = f"dataset:{shop.WAREHOUSE}:shop.mart.payment_facts"
    graph = pages.graph(own_bridge.base, focus)
    assert len(graph["cards"]) == 300
    assert graph["truncated"] == 431 - 300
    cut = next(card["node"] for card in graph["cards"] if card["more_upstream"])
    page = open_page(pages.lineage(own_bridge.base, focus, sel=cut))
    sign = page.get_by_role("status").filter(has_text="cards")
    expect(sign).to_have_text("300 cards, 131 beyond the limit")
    left_out = page.get_by_role("button", name=re.compile(r"^Show \d+ more upstream of .*read_"))
    expect(left_out.first).to_be_visible()
    left_out.first.click()  # what was counted is brought
    expect(page).to_have_url(re.compile("open=up"))
    expect(sign).not_to_have_text(re.compile("^300 cards"))
    page.get_by_role("button", name="Show 1,000").click()
    expect(sign).to_have_text("431 cards")
    page.reload()
    expect(sign).to_have_text("431 cards")


# --- live ------------------------------------------------------------------------------------


def places(page: Page) -> dict[str, Any]:
    """Where every card is on the screen."""
    script = (
        "all => Object.fromEntries(all.map(e => {const b = e.getBoundingClientRect(); "
        "return [e.dataset.id, [b.x, b.y, b.width, b.height].map(Math.round)]}))"
    )
    found: dict[str, Any] = page.eval_on_selector_all(".react-flow__node", script)
    return found


def test_a_dag_that_finishes_changes_its_states_and_moves_nothing(
    own_bridge: Bridge, open_page: Open
) -> None:
    start = shop.now() - timedelta(minutes=2)
    load = shop.Task("load", [shop.SOURCE], [shop.RAW])
    build = shop.Task("build", [shop.RAW], [shop.FACTS], end=None)
    own_bridge.send(list(shop.dag_run("live", [load, build], start)))
    graph = open_page(pages.lineage(own_bridge.base, f"dataset:{shop.WAREHOUSE}:{FACTS_NAME}"))
    others = {path: open_page(f"{own_bridge.base}{path}") for path in ("/", "/dags", "/runs")}
    card = graph.locator(".react-flow__node").filter(has_text="build")
    expect(card.get_by_text("Running")).to_be_visible()
    for page in others.values():
        expect(page.locator("main .badge").filter(has_text="Running").first).to_be_visible()
        page.evaluate("window.sameDocument = true")
    before, graph_dag = places(graph), graph.locator(".frame")
    graph.evaluate("window.sameDocument = true")
    expect(graph_dag).to_have_attribute("data-tone", "run")

    failed = shop.Task("build", [shop.RAW], [shop.FACTS], end="FAIL", error="no more space")
    own_bridge.send(list(shop.dag_run("live", [load, failed], start)))
    expect(card.get_by_text("Failed")).to_be_visible()
    expect(graph_dag).to_have_attribute("data-tone", "bad")
    expect(graph.get_by_role("region", name="Status of the focus")).to_contain_text("no more space")
    assert places(graph) == before
    for page in others.values():
        expect(page.locator("main .badge").filter(has_text="Failed").first).to_be_visible()
        assert page.evaluate("window.sameDocument") is True
    assert graph.evaluate("window.sameDocument") is True


FACTS_NAME = "shop.mart.payment_facts"


def test_what_happened_while_the_connection_was_lost_is_shown_when_it_heals(
    own_bridge: Bridge, open_page: Open
) -> None:
    start = shop.now() - timedelta(minutes=2)
    own_bridge.send(list(shop.dag_run("live", [shop.Task("load", [], [shop.RAW], None)], start)))
    page = open_page(pages.lineage(own_bridge.base, f"dataset:{shop.WAREHOUSE}:shop.raw.payments"))
    card = page.locator(".react-flow__node").filter(has_text="load")
    expect(card.get_by_text("Running")).to_be_visible()
    page.evaluate("window.sameDocument = true")
    own_bridge.stop()
    sign = page.get_by_role("status").filter(has_text=re.compile("Live|Connection lost"))
    expect(sign).to_contain_text("Connection lost")
    expect(card.get_by_text("Running")).to_be_visible()  # what is known stays
    own_bridge.start()
    own_bridge.send(list(shop.dag_run("live", [shop.Task("load", [], [shop.RAW])], start)))
    expect(sign).to_contain_text("Live", timeout=30_000)
    expect(card.get_by_text("Success")).to_be_visible(timeout=30_000)
    assert page.evaluate("window.sameDocument") is True
