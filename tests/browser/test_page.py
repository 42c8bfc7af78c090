"""The page in a real browser, over a real bridge."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.browser.conftest import Bridge, Open
from tests.support.browser import shop

if TYPE_CHECKING:
    from playwright.sync_api import Page

expect: Any = pytest.importorskip("playwright.sync_api").expect

REVENUE = f"dataset:{shop.WAREHOUSE}:shop.mart.daily_revenue"


def lineage(bridge: Bridge, focus: str, **search: object) -> str:
    more = "".join(f"&{name}={quote(str(value), safe='')}" for name, value in search.items())
    return f"{bridge.base}/lineage?focus={quote(focus, safe='')}{more}"


def addresses(bridge: Bridge) -> dict[str, str]:
    """One of every page."""
    dataset = bridge.get("datasets?q=daily_revenue")["items"][0]["id"]
    dag = bridge.get("jobs?kind=dag&q=ingest_payments")["items"][0]["id"]
    task = bridge.get("jobs?kind=task&q=load_charges")["items"][0]["id"]
    failed = bridge.get("runs?state=failed&kind=task")["items"][0]["id"]
    dag_run = bridge.get("runs?kind=dag&limit=1")["items"][0]["id"]
    return {
        "health": f"{bridge.base}/",
        "datasets": f"{bridge.base}/datasets",
        "dataset": f"{bridge.base}/datasets/{dataset}",
        "DAGs": f"{bridge.base}/dags",
        "DAG": f"{bridge.base}/jobs/{dag}",
        "task": f"{bridge.base}/jobs/{task}",
        "runs": f"{bridge.base}/runs",
        "failed run": f"{bridge.base}/runs/{failed}",
        "DAG run": f"{bridge.base}/runs/{dag_run}",
        "where to begin": f"{bridge.base}/lineage",
        "lineage": lineage(bridge, REVENUE, sel=REVENUE),
        "lineage of a DAG": lineage(bridge, f"job:{shop.NAMESPACE}:ingest_payments"),
        "changes": f"{bridge.base}/changes",
        "deliveries": f"{bridge.base}/deliveries",
        "time travel": lineage(bridge, REVENUE, time="true"),
        "nowhere": f"{bridge.base}/no/such/page",
        "unknown": f"{bridge.base}/runs/0000000000000000",
    }


PAGES = [
    "health",
    "datasets",
    "dataset",
    "DAGs",
    "DAG",
    "task",
    "runs",
    "failed run",
    "DAG run",
    "where to begin",
    "lineage",
    "lineage of a DAG",
    "changes",
    "deliveries",
    "time travel",
    "nowhere",
    "unknown",
]


def wait_until_still(page: Page) -> None:
    """Wait until nothing on the page is loading."""
    page.wait_for_load_state("load")
    expect(page.locator("main")).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    expect(page.get_by_text("Loading the graph…")).to_have_count(0)


@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_a_serious_barrier(
    name: str,
    scheme: str,
    shop_bridge: Bridge,
    open_page: Open,
    serious: Callable[[Page], list[str]],
) -> None:
    page = open_page(addresses(shop_bridge)[name], scheme)
    wait_until_still(page)
    assert serious(page) == []


def test_the_first_page_says_what_is_broken(shop_bridge: Bridge, open_page: Open) -> None:
    page = open_page(shop_bridge.base)
    expect(page.get_by_text("ingest_payments failed in its last run")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="payments").first
    expect(row.get_by_text("Failed")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()


def test_lists_show_state_age_and_duration(shop_bridge: Bridge, open_page: Open) -> None:
    page = open_page(f"{shop_bridge.base}/dags")
    row = page.get_by_role("row").filter(has_text="ingest_payments")
    expect(row.get_by_text("Failed", exact=True)).to_be_visible()
    expect(row.get_by_text(re.compile(r"\d+m ago|1h \d\dm ago"))).to_be_visible()
    expect(row.get_by_role("img", name=re.compile("Last 6 runs"))).to_be_visible()
    page.goto(f"{shop_bridge.base}/datasets")
    row = page.get_by_role("row").filter(has_text="daily_revenue")
    expect(row.get_by_text(re.compile(r"3h \d\dm ago|4h \d\dm ago"))).to_be_visible()
    page.get_by_label("Filter by name").fill("raw.")
    expect(page.get_by_role("row").filter(has_text="daily_revenue")).to_have_count(0)
    expect(page.get_by_role("row").filter(has_text="payments")).to_have_count(1)
    assert parse_qs(urlsplit(page.url).query)["q"] == ["raw."]


def test_the_graph_shows_every_card_and_edge_that_the_bridge_answers(
    shop_bridge: Bridge, open_page: Open
) -> None:
    page = open_page(lineage(shop_bridge, REVENUE))
    wait_until_still(page)
    graph = shop_bridge.get(f"graph?node={quote(REVENUE, safe='')}&up=6&down=4")
    page.keyboard.press("f")
    expect(page.locator(".card")).to_have_count(len(graph["cards"]))
    expect(page.locator(".frame")).to_have_count(len(graph["groups"]))
    expect(page.locator("[data-edge]")).to_have_count(len(graph["edges"]))
    names = {card["task_id"] or card["name"].split(".")[-1] for card in graph["cards"]}
    assert {"load_charges", "build_facts", "build_revenue", "daily_revenue"} <= names
    failed = page.locator(".react-flow__node").filter(has_text="load_charges")
    expect(failed.get_by_text("Failed")).to_be_visible()


def test_the_sentence_above_the_graph_names_the_failure_upstream(
    shop_bridge: Bridge, open_page: Open
) -> None:
    page = open_page(lineage(shop_bridge, REVENUE))
    assessment = page.get_by_role("region", name="Status of the focus")
    expect(assessment).to_contain_text("load_charges failed, 5 hops upstream of daily_revenue")
    expect(assessment).to_contain_text("ProgrammingError 100038")
    page.keyboard.press("b")
    inspector = page.get_by_role("complementary")
    expect(inspector.get_by_role("heading", name="load_charges")).to_be_visible()
    expect(inspector.get_by_role("link", name="Open in Airflow")).to_have_attribute(
        "href", re.compile("https://airflow.example.com/")
    )


def test_the_whole_view_is_in_the_address(shop_bridge: Bridge, open_page: Open) -> None:
    page = open_page(lineage(shop_bridge, REVENUE))
    wait_until_still(page)
    page.get_by_role("button", name="More upstream levels").click()
    page.get_by_role("button", name="Freshness").click()
    page.locator(".react-flow__node").filter(has_text="build_revenue").click()
    heading = page.get_by_role("complementary").get_by_role("heading", name="build_revenue")
    expect(heading).to_be_visible()
    search = parse_qs(urlsplit(page.url).query)
    assert search["up"] == ["7"]
    assert search["lens"] == ["freshness"]
    assert search["sel"] == [f"job:{shop.NAMESPACE}:publish.build_revenue"]
    page.reload()
    expect(heading).to_be_visible()
    expect(page.get_by_role("button", name="Freshness")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("group", name="Upstream levels")).to_contain_text("7")


def test_everything_can_be_done_with_the_keyboard(shop_bridge: Bridge, open_page: Open) -> None:
    page = open_page(f"{shop_bridge.base}/")
    wait_until_still(page)
    page.keyboard.press("/")
    page.keyboard.type("daily_rev", delay=5)
    expect(page.get_by_role("option").first).to_contain_text("daily_revenue")
    page.keyboard.press("Shift+Enter")
    expect(page).to_have_url(re.compile("/lineage.*daily_revenue"))
    expect(page.locator(".card[data-focus]")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    heading = page.get_by_role("complementary").get_by_role("heading").first
    expect(heading).to_have_text("build_revenue")
    page.keyboard.press("ArrowLeft")
    expect(heading).to_have_text("payment_facts")
    page.keyboard.press("o")
    expect(page).to_have_url(re.compile("focus=.*payment_facts"))
    for key, there in {"u": "up=7", "d": "down=5", "3": "lens=duration"}.items():
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(there))
    page.keyboard.press("t")
    expect(page.get_by_role("region", name="Graph as a table")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_have_count(0)


def _step_back(page: Page) -> None:
    """One event back in time; the key does nothing while the moments are being fetched."""
    before = page.url
    for _ in range(40):
        page.keyboard.press("[")
        page.wait_for_timeout(250)
        if page.url != before:
            return
    raise AssertionError("the moment did not change")


def test_time_travel_shows_the_states_of_that_moment(shop_bridge: Bridge, open_page: Open) -> None:
    page = open_page(lineage(shop_bridge, REVENUE))
    card = page.locator(".react-flow__node").filter(has_text="load_charges")
    expect(card.get_by_text("Failed")).to_be_visible()
    page.keyboard.press("h")
    travel = page.get_by_role("region", name="Time travel")
    expect(travel.get_by_text("now", exact=True)).to_be_visible()
    _step_back(page)  # the end of the failed run
    expect(card.get_by_text("Failed")).to_be_visible()
    _step_back(page)  # the start of its task
    expect(card.get_by_text("Running")).to_be_visible()
    _step_back(page)  # its own start, when the task had not begun
    expect(card.get_by_text("Success")).to_be_visible()
    assert "asOf" in parse_qs(urlsplit(page.url).query)
    page.reload()
    expect(card.get_by_text("Success")).to_be_visible()
    travel.get_by_role("button", name="Now").click()
    expect(card.get_by_text("Failed")).to_be_visible()
    assert "asOf" not in parse_qs(urlsplit(page.url).query)


def test_changed_columns_are_shown_with_what_they_can_break(
    own_bridge: Bridge, open_page: Open
) -> None:
    for ago, columns in ((2, {"id": "int", "amount": "int"}), (1, {"id": "int", "total": "text"})):
        task = shop.Task("load", [], [shop.table("shop.raw.bills", **columns)])
        start = shop.now() - timedelta(hours=ago)
        own_bridge.send(list(shop.dag_run("bills", [task], start)))
    page = open_page(f"{own_bridge.base}/changes")
    expect(page.get_by_text("breaking")).to_be_visible()
    expect(page.locator("[data-change=removed]")).to_contain_text("amount")
    expect(page.locator("[data-change=added]")).to_contain_text("total")
    page.get_by_role("link", name="bills", exact=True).click()
    expect(page.get_by_text("Schema versions")).to_be_visible()


def test_what_is_not_understood_is_shown_and_read_again_on_demand(
    own_bridge: Bridge, open_page: Open
) -> None:
    shop.post(own_bridge.base, [{"this": "is no event <b>at all</b>"}])
    page = open_page(f"{own_bridge.base}/deliveries")
    item = page.get_by_role("group", name="Event 1")
    item.locator("summary").click()
    expect(item.get_by_role("region")).to_contain_text("is no event <b>at all</b>")
    page.get_by_role("button", name="Replay all").click()
    expect(page.get_by_role("status").filter(has_text="1 event replaying")).to_be_visible()
    expect(item).to_be_visible(timeout=20_000)


def test_a_run_shows_its_error_its_datasets_and_its_events(
    shop_bridge: Bridge, open_page: Open
) -> None:
    page = open_page(addresses(shop_bridge)["failed run"])
    expect(page.get_by_role("region", name="Error and stack trace")).to_contain_text("Traceback")
    expect(page.get_by_role("row").filter(has_text="charges.json")).to_contain_text("read")
    row = page.get_by_role("row").filter(has_text="START")
    row.get_by_role("button", name="Show").click()
    expect(page.get_by_role("region", name="Event")).to_contain_text('"runId"')


def test_a_dag_shows_its_runs_its_durations_and_when_its_tasks_ran(
    shop_bridge: Bridge, open_page: Open
) -> None:
    page = open_page(addresses(shop_bridge)["DAG"])
    expect(
        page.get_by_role("group", name=re.compile("Durations of the last 6 runs"))
    ).to_be_visible()
    expect(page.get_by_role("button", name=re.compile(r"^Failed, scheduled__"))).to_have_count(1)
    expect(
        page.get_by_role("link", name=re.compile("^load_charges: Failed, scheduled"))
    ).to_be_visible()
    expect(page.get_by_role("group", name=re.compile("Timeline of the 2 tasks"))).to_be_visible()
    page.get_by_role("button", name=re.compile(r"^Success, scheduled__")).first.click()
    expect(page).to_have_url(re.compile("run="))
    expect(page.get_by_role("link", name=re.compile(r"^load_charges: Success, 3m"))).to_be_visible()


def test_times_are_the_readers_with_utc_on_hover(own_bridge: Bridge, open_page: Open) -> None:
    start = shop.now().replace(hour=20, minute=30) - timedelta(days=3)
    own_bridge.send(list(shop.dag_run("nightly", [shop.Task("t")], start)))
    run = own_bridge.get("runs?kind=dag")["items"][0]["id"]
    page = open_page(f"{own_bridge.base}/runs/{run}", zone="Asia/Tokyo")
    shown = page.get_by_text("started", exact=False).locator("time").first
    expect(shown).to_have_text(re.compile(r"05:30$"))
    expect(shown).to_have_attribute("title", re.compile(r" 20:30:\d\d UTC$"))


def test_the_page_follows_a_run_without_a_reload_and_without_moving(
    own_bridge: Bridge, open_page: Open
) -> None:
    start = shop.now() - timedelta(minutes=2)
    tasks = [shop.Task("load", [shop.SOURCE], [shop.RAW], end=None)]
    own_bridge.send(list(shop.dag_run("live", tasks, start)))
    page = open_page(lineage(own_bridge, f"job:{shop.NAMESPACE}:live.load"))
    card = page.locator(".react-flow__node").filter(has_text="load")
    expect(card.get_by_text("Running")).to_be_visible()
    page.evaluate("window.sameDocument = true")
    before = card.bounding_box()
    tasks = [shop.Task("load", [shop.SOURCE], [shop.RAW])]
    own_bridge.send(list(shop.dag_run("live", tasks, start)))
    expect(card.get_by_text("Success")).to_be_visible()
    assert card.bounding_box() == before
    assert page.evaluate("window.sameDocument") is True


def test_a_lost_connection_is_shown_and_heals(own_bridge: Bridge, open_page: Open) -> None:
    page = open_page(own_bridge.base)
    sign = page.get_by_role("status").filter(has_text=re.compile("Live|Connection lost"))
    expect(sign).to_contain_text("Live")
    own_bridge.stop()
    expect(sign).to_contain_text("Connection lost")
    own_bridge.start()
    expect(sign).to_contain_text("Live", timeout=20_000)


def test_what_is_unknown_is_shown_as_unknown(shop_bridge: Bridge, open_page: Open) -> None:
    page = open_page(addresses(shop_bridge)["unknown"])
    expect(page.get_by_role("alert")).to_contain_text("Not found")
    page.goto(lineage(shop_bridge, "dataset:postgres://nowhere:nothing"))
    expect(page.get_by_role("alert")).to_contain_text("Not found")
    page.goto(addresses(shop_bridge)["nowhere"])
    expect(page.get_by_text("Page not found")).to_be_visible()


def test_what_is_saved_has_every_edge(shop_bridge: Bridge, open_page: Open, tmp_path: Path) -> None:
    page = open_page(lineage(shop_bridge, REVENUE))
    wait_until_still(page)
    file, drawn = tmp_path / "edges.csv", tmp_path / "lineage.svg"
    for choice, target in (("Edges", file), ("Image (SVG)", drawn)):
        page.get_by_role("button", name="Export").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name=choice).click()
        download.value.save_as(target)
    graph = shop_bridge.get(f"graph?node={quote(REVENUE, safe='')}&up=6&down=4")
    with file.open(encoding="utf-8-sig", newline="") as lines:
        saved = {(row["source"], row["target"]) for row in csv.DictReader(lines)}
    assert saved == {(edge["source"], edge["target"]) for edge in graph["edges"]}
    assert drawn.read_text(encoding="utf-8").count('class="edge"') == len(graph["edges"])
