"""More and less of the graph: datasets alone, DAGs as cards, cards opened and shut, personal data."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.conftest import Open, wait_until_still
from tests.support.browser import pages, shop
from tests.support.browser.bridge import Bridge
from tests.support.browser.columns import computed, origin

if TYPE_CHECKING:
    from playwright.sync_api import Page

expect: Any = pytest.importorskip("playwright.sync_api").expect

PEOPLE = shop.table("crm.public.people", id="int", email="text")
PEOPLE["facets"]["tags"] = shop.facet(tags=[{"key": "pii", "value": "true", "field": "email"}])
RAW, CLEAN, SALES = "dw.raw.people", "dw.core.people", "dw.mart.sales"
REPORTS = [f"dw.report.r{number}" for number in range(3)]


def node(table: str) -> str:
    return f"dataset:{shop.WAREHOUSE}:{table}"


def story() -> Iterator[shop.Json]:
    """
    people -> load -> raw -> [core: clean -> core.people -> join] -> sales -> three reports.

    Two runs, three hours and one hour ago: the second loading fails, and cleaning takes `contact`
    from another column. `ingest` has a task that moves no data.
    """
    for ago, source in ((3, "id"), (1, "mail")):
        raw = computed(
            shop.table(RAW, id="int", mail="text"),
            {"mail": [origin(PEOPLE["name"], "email", "IDENTITY")]},
        )
        clean = computed(
            shop.table(CLEAN, contact="text", hash="text"),
            {
                "contact": [origin(RAW, source, "IDENTITY")],
                "hash": [origin(RAW, "mail", "TRANSFORMATION", masking=True)],
            },
        )
        sales, clean_read = shop.table(SALES, total="int"), shop.table(CLEAN)
        begin = shop.now() - timedelta(hours=ago)
        broken = ago == 1
        load = shop.Task(
            "load_people",
            [PEOPLE],
            [raw],
            end="FAIL" if broken else "COMPLETE",
            error=shop.BROKEN if broken else None,
        )
        yield from shop.dag_run("ingest", [shop.Task("check"), load], begin, owner="crm")
        core = [
            shop.Task("clean", [shop.table(RAW)], [clean]),
            shop.Task("join", [clean_read], [sales]),
        ]
        yield from shop.dag_run("core", core, begin + timedelta(minutes=10))
        reports = [
            shop.Task(f"report_{number}", [shop.table(SALES)], [shop.table(name)])
            for number, name in enumerate(REPORTS)
        ]
        yield from shop.dag_run("reports", reports, begin + timedelta(minutes=20))
    # Airflow goes on sending: its silence is no cause here.
    yield from shop.dag_run("watch", [shop.Task("look")], shop.now() - timedelta(minutes=1))


@pytest.fixture(scope="module")
def people(module_bridge: Bridge) -> Bridge:
    module_bridge.send(list(story()))
    return module_bridge


def address(bridge: Bridge, focus: str = SALES, **search: object) -> str:
    return pages.lineage(bridge.base, node(focus), **search)


def card(page: Page, name: str) -> Any:
    return page.locator(".card").filter(has=page.locator(f".nm[title$='{name}']"))


def search_of(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def has_cards(page: Page, *names: str) -> None:
    """These cards and no others are drawn, once all of the graph is in view."""
    counted = page.get_by_role("status").filter(has_text=re.compile(f"^{len(names)} cards"))
    expect(counted).to_be_visible()
    page.keyboard.press("f")
    for name in names:
        expect(card(page, name)).to_be_visible()
    expect(page.locator(".card")).to_have_count(len(names))


# --- datasets alone ------------------------------------------------------------------------------


def test_consumers_see_datasets_with_the_jobs_on_the_edges(people: Bridge, open_page: Open) -> None:
    page = open_page(address(people))
    page.get_by_role("button", name="Datasets", exact=True).click()
    has_cards(page, PEOPLE["name"], RAW, CLEAN, SALES, *REPORTS)
    expect(page.locator("[data-edge]")).to_have_count(6)
    for job in ("load_people", "clean", "join", "report_0"):
        expect(page.locator("svg.edges text").filter(has_text=job)).to_have_count(1)
    expect(
        page.get_by_role("status").filter(has_text="7 cards, 6 jobs on the edges")
    ).to_be_visible()
    expect(page.get_by_role("region", name="Status of the focus")).to_contain_text(
        re.compile("load_people failed, 5 hops upstream of sales|ingest has not started")
    )
    assert search_of(page)["view"] == ["data"]
    page.reload()
    has_cards(page, PEOPLE["name"], RAW, CLEAN, SALES, *REPORTS)
    page.go_back()
    expect(card(page, "load_people")).to_be_visible()


# --- DAGs as cards -------------------------------------------------------------------------------


def test_a_dag_is_one_card_that_counts_its_tasks_and_expands_again(
    people: Bridge, open_page: Open
) -> None:
    page = open_page(address(people))
    page.get_by_role("button", name="Group by DAG").click()
    has_cards(page, "ingest", "core", "reports", PEOPLE["name"], RAW, SALES, *REPORTS)
    expect(card(page, "core")).to_contain_text("2 tasks")
    page.get_by_role("button", name="Show the 2 tasks of core").click()
    for name in ("clean", "join", CLEAN):
        expect(card(page, name)).to_be_visible()
    page.reload()
    expect(card(page, "join")).to_be_visible()
    expect(card(page, "ingest")).to_be_visible()
    page.get_by_role("button", name="Show core as one card").click()
    expect(card(page, "join")).to_have_count(0)
    assert "open" not in search_of(page)
    page.keyboard.press("g")
    expect(page.locator(".frame")).to_have_count(3)


def test_hidden_tasks_are_counted_and_shown(people: Bridge, open_page: Open) -> None:
    page = open_page(address(people))
    expect(card(page, "check")).to_have_count(0)
    page.get_by_role("button", name="Show 1 more task of ingest").click()
    expect(card(page, "check")).to_be_visible()
    page.get_by_role("button", name="Show fewer tasks of ingest").click()
    expect(card(page, "check")).to_have_count(0)


# --- cards opened and shut -----------------------------------------------------------------------


def place(page: Page, name: str) -> tuple[int, int]:
    box = card(page, name).bounding_box()
    assert box
    return round(box["x"]), round(box["y"])


def test_a_card_brings_its_neighbours_where_it_stands_and_hides_them_again(
    people: Bridge, open_page: Open
) -> None:
    page = open_page(address(people, CLEAN, up=1, down=1))
    has_cards(page, "clean", CLEAN, "join")
    before = place(page, "join")
    page.get_by_role("button", name="Show 1 more downstream of core.join").click()
    expect(card(page, SALES)).to_be_visible()
    assert place(page, "join") == before
    page.get_by_role("button", name="Show 3 more downstream of dw.mart.sales").click()
    has_cards(page, "clean", CLEAN, "join", SALES, "report_0", "report_1", "report_2")
    page.reload()
    has_cards(page, "clean", CLEAN, "join", SALES, "report_0", "report_1", "report_2")
    page.get_by_role("button", name="Hide added downstream of dw.mart.sales").click()
    has_cards(page, "clean", CLEAN, "join", SALES)
    page.get_by_role("button", name="Hide added downstream of core.join").click()
    expect(page).not_to_have_url(re.compile("open="))
    has_cards(page, "clean", CLEAN, "join")


def test_cards_are_expanded_collapsed_and_focused_with_keys(
    people: Bridge, open_page: Open
) -> None:
    page = open_page(address(people, CLEAN, up=1, down=1))
    wait_until_still(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("e")
    has_cards(page, "clean", CLEAN, "join", SALES)
    page.keyboard.press("c")
    has_cards(page, "clean", CLEAN, "join")
    page.keyboard.press("u")
    page.keyboard.press("u")
    has_cards(page, "clean", CLEAN, "join", RAW, "load_people")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("complementary").get_by_role("heading").first).to_have_text("clean")
    page.keyboard.press("c")  # nothing was brought: what lies beyond it is hidden
    has_cards(page, "clean", CLEAN, "join")
    assert search_of(page)["shut"][0].startswith("up:")
    page.get_by_role("button", name="Show 1 more upstream of core.clean").click()
    has_cards(page, "clean", CLEAN, "join", RAW, "load_people")
    page.keyboard.press("v")
    expect(page).to_have_url(re.compile("view=data"))
    page.keyboard.press("v")
    page.keyboard.press("o")
    expect(page).to_have_url(re.compile("focus=job.*core.clean"))


# --- personal data -------------------------------------------------------------------------------


def test_the_lens_of_personal_data_shows_where_it_is_and_where_it_comes_to(
    people: Bridge, open_page: Open
) -> None:
    page = open_page(address(people))
    wait_until_still(page)
    expect(
        card(page, PEOPLE["name"]).get_by_role("img", name="Personal data: email")
    ).to_be_visible()
    page.keyboard.press("4")
    panel = page.get_by_role("region", name="Personal data")
    expect(panel).to_contain_text("Personal data reaches 2 columns of 2 datasets without a tag")
    expect(panel).to_contain_text("from 1 tagged dataset; masked in 1 dataset")
    reached = card(page, CLEAN).get_by_role("img", name=re.compile("not tagged: contact"))
    expect(reached).to_have_attribute("aria-label", re.compile("masked: hash"))
    expect(page.locator(".legend")).to_contain_text("reached, not tagged")
    carrying = pages.graph(people.base, node(SALES), flows="personal")["edges"]
    assert sum(edge["personal"] for edge in carrying) == 4
    panel.get_by_role("button", name="people").first.click()
    expect(page.get_by_role("complementary")).to_be_visible()
    page.reload()
    expect(panel).to_be_visible()
    expect(page.get_by_role("button", name="PII")).to_have_attribute("aria-pressed", "true")


def test_columns_show_which_of_them_are_personal_and_how(people: Bridge, open_page: Open) -> None:
    page = open_page(address(people, CLEAN, view="columns"))
    for column, how in (
        ("email of people", "personal data"),
        ("contact of", "personal data by lineage, not tagged"),
        ("hash of", "made from personal data, masked"),
    ):
        shown = page.get_by_role("button", name=re.compile(f"^{column}"))
        expect(shown.get_by_role("img", name=how, exact=True)).to_be_visible()


# --- the past ------------------------------------------------------------------------------------


def test_the_details_of_a_card_are_those_of_the_moment(people: Bridge, open_page: Open) -> None:
    job = f"job:{shop.NAMESPACE}:ingest.load_people"
    then = (shop.now() - timedelta(hours=2)).isoformat()
    page = open_page(address(people, sel=job))
    details = page.get_by_role("complementary")
    expect(details.get_by_role("region", name="Error")).to_be_visible()
    expect(details).to_contain_text("last 2 runs")
    page.goto(address(people, sel=job, asOf=then))
    expect(details).to_contain_text("last 1 run")
    expect(details.get_by_role("region", name="Error")).to_have_count(0)
    expect(card(page, "load_people")).to_contain_text("Success")


def test_what_is_downstream_is_that_of_the_moment(people: Bridge, open_page: Open) -> None:
    before_it_was_read = (shop.now() - timedelta(hours=2, minutes=55)).isoformat()
    page = open_page(address(people, RAW, sel=node(RAW)))
    details = page.get_by_role("complementary")
    expect(details.get_by_role("heading", name="Downstream")).to_be_visible()
    page.goto(address(people, RAW, sel=node(RAW), asOf=before_it_was_read))
    expect(card(page, RAW)).to_be_visible()
    page.wait_for_load_state("networkidle")
    expect(details.get_by_role("heading", name="Downstream")).to_have_count(0)


def test_columns_come_from_what_they_came_from_then(people: Bridge, open_page: Open) -> None:
    then = (shop.now() - timedelta(hours=2)).isoformat()
    page = open_page(address(people, CLEAN, view="columns", column="contact", asOf=then))
    expect(page.get_by_role("button", name=re.compile("^id of people"))).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^mail of people"))).to_have_count(0)
    page.get_by_role("button", name="Now", exact=True).click()
    expect(page.get_by_role("button", name=re.compile("^mail of people"))).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^id of people"))).to_have_count(0)
    expect(page).to_have_url(re.compile("view=columns"))


# --- the picture ---------------------------------------------------------------------------------

#: Runs in the page: how many of some points of a PNG, with what is around them, have a colour.
COLOURED = """
async ([data, points, [r, g, b]]) => {
  const image = new Image()
  image.src = 'data:image/png;base64,' + data
  await image.decode()
  const canvas = document.createElement('canvas')
  canvas.width = image.width; canvas.height = image.height
  const paper = canvas.getContext('2d', { willReadFrequently: true })
  paper.drawImage(image, 0, 0)
  return points.map(([x, y]) => {
    const { data: near } = paper.getImageData(Math.round(x) - 3, Math.round(y) - 3, 7, 7)
    for (let at = 0; at < near.length; at += 4)
      if (Math.abs(near[at] - r) + Math.abs(near[at + 1] - g) + Math.abs(near[at + 2] - b) < 60) return true
    return false
  })
}
"""


def save(page: Page, choice: str, file: Path) -> None:
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name=choice).click()
    download.value.save_as(file)


@pytest.mark.parametrize("view", [{}, {"view": "data"}, {"group": "dag"}], ids=str)
def test_a_png_has_every_edge_of_the_view(
    view: dict[str, str], people: Bridge, open_page: Open, tmp_path: Path
) -> None:
    page = open_page(address(people, **view))
    wait_until_still(page)
    save(page, "Image (PNG)", tmp_path / "lineage.png")
    save(page, "Image (SVG)", tmp_path / "lineage.svg")
    save(page, "Edges (CSV)", tmp_path / "lineage.csv")
    edges = pages.graph(people.base, node(SALES), **view)["edges"]
    drawn = (tmp_path / "lineage.svg").read_text(encoding="utf-8")
    assert drawn.count('class="edge"') == len(edges)
    assert (
        len((tmp_path / "lineage.csv").read_text(encoding="utf-8-sig").splitlines())
        == len(edges) + 1
    )
    # Two pixels for each of the drawing's, which begins 24 to the left of and above its first card.
    # Edges begin and end level: a little way from their source is ink of theirs.
    points = [[2 * (edge["points"][0][0] + 26), 2 * (edge["points"][0][1] + 24)] for edge in edges]
    content = base64.b64encode((tmp_path / "lineage.png").read_bytes()).decode()
    assert page.evaluate(COLOURED, [content, points, [0xB9, 0xC0, 0xCC]]) == [True] * len(edges)


def test_a_picture_that_no_png_can_hold_is_refused_with_a_sentence(
    people: Bridge, open_page: Open
) -> None:
    page = open_page(address(people))
    wait_until_still(page)
    giant = '<svg xmlns="http://www.w3.org/2000/svg" width="90000" height="70000"/>'
    page.route(re.compile(r"graph\.svg"), lambda route: route.fulfill(body=giant))
    page.get_by_role("button", name="Export").click()
    page.get_by_role("menuitem", name="Image (PNG)").click()
    expect(page.get_by_role("alert")).to_contain_text("too large for a PNG that can be read")
    page.get_by_role("alert").get_by_role("button", name="Close").click()
    expect(page.get_by_role("alert")).to_have_count(0)


# --- barriers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "search",
    [
        {"view": "data"},
        {"group": "dag"},
        {"lens": "pii"},
        {"up": 1, "down": 1},
        {"view": "columns"},
    ],
    ids=lambda search: "-".join(map(str, search.values())),
)
def test_no_way_to_see_the_graph_has_a_serious_barrier(
    search: dict[str, Any],
    people: Bridge,
    scheme: str,
    open_page: Open,
    serious: Callable[[Page], list[str]],
) -> None:
    page = open_page(address(people, CLEAN, time="true", **search), scheme)
    wait_until_still(page)
    expect(page.locator(".card").first).to_be_visible()
    assert serious(page) == []
