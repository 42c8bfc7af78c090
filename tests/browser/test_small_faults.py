"""Small faults of the page that readers met, each held by one test."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.browser.conftest import Open, wait_until_still
from tests.support.browser import pages, shop
from tests.support.browser.bridge import Bridge
from tests.support.browser.shop import Task, dag_run, table

if TYPE_CHECKING:
    from playwright.sync_api import Page

expect: Any = pytest.importorskip("playwright.sync_api").expect

TASKS = 401
SOURCE = f"dataset:{shop.WAREHOUSE}:shop.raw.wide_source"


@pytest.fixture(scope="module")
def bridge(module_bridge: Bridge) -> Bridge:
    """A DAG of 401 tasks, a failed one, what reads it, and a topic in its first version."""
    source = table("shop.raw.wide_source", **{f"column_{n}": "int" for n in range(60)})
    tasks = [Task(f"part_{n:03}", [source], seconds=1) for n in range(TASKS - 1)]
    tasks += [Task("last", [source], [table("shop.orders.v1", namespace="kafka://broker:9092")])]
    start = shop.now() - timedelta(hours=2)
    module_bridge.send(
        list(dag_run("wide", tasks, start, description="Reads stg__orders of wh__raw."))
    )
    module_bridge.send(list(dag_run("maker", [Task("make", [], [source])], start)))
    module_bridge.send(list(dag_run("quiet", [Task("says_nothing")], start)))
    result = table("shop.mart.daily")
    for hours in range(24, 0, -1):
        broken = Task("break", [source], end="FAIL", error="out of memory")
        steps = [broken if hours == 1 else Task("look", [source], seconds=hours)]
        steps.append(Task("then", [source], [result]))
        at = shop.now() - timedelta(hours=hours)
        module_bridge.send(list(dag_run("hourly", steps, at)))
    return module_bridge


def id_of(bridge: Bridge, path: str) -> str:
    return str(bridge.get(path)["items"][0]["id"])


def test_the_address_of_the_impact_leads_to_it(bridge: Bridge, open_page: Open) -> None:
    dataset = id_of(bridge, "datasets?q=wide_source")
    page = open_page(f"{bridge.base}/datasets/{dataset}#impact")
    wait_until_still(page)
    expect(page.locator("#impact")).to_be_in_viewport()


def test_the_page_of_a_large_dag_does_not_grow_with_its_tasks(
    bridge: Bridge, open_page: Open
) -> None:
    page = open_page(f"{bridge.base}/jobs/{id_of(bridge, 'jobs?kind=dag&name=wide')}")
    wait_until_still(page)
    expect(page.get_by_text(f"{TASKS} tasks")).to_be_visible()
    assert page.evaluate("document.querySelector('main').scrollHeight") < 4_000


def test_the_cells_of_the_run_grid_are_large_enough_to_be_hit(
    bridge: Bridge, open_page: Open, serious: Callable[[Page], list[str]]
) -> None:
    page = open_page(f"{bridge.base}/jobs/{id_of(bridge, 'jobs?kind=dag&name=maker')}")
    wait_until_still(page)
    cells = page.locator(".grid-runs .cell")
    for at in range(cells.count()):
        box = cells.nth(at).bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24
    assert [one for one in serious(page) if "target-size" in one] == []


#: Runs in the page: pairs of texts of one chart that cover each other.
COVERED = """
() => [...document.querySelectorAll('svg')].flatMap((svg) => {
  const texts = [...svg.querySelectorAll('text')].filter((one) => one.textContent.trim())
  const boxes = texts.map((one) => one.getBoundingClientRect())
  const pairs = []
  for (let i = 0; i < boxes.length; i++)
    for (let j = 0; j < i; j++) {
      const [a, b] = [boxes[i], boxes[j]]
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left)
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
      if (wide > 1 && high > 3) pairs.push(`${texts[i].textContent} | ${texts[j].textContent}`)
    }
  return pairs
})
"""


def test_no_label_of_a_chart_covers_another(bridge: Bridge, open_page: Open) -> None:
    dag, dataset = id_of(bridge, "jobs?kind=dag&name=hourly"), id_of(bridge, "datasets?q=daily")
    run = id_of(bridge, "runs?job=wide&limit=1")
    for address in (f"jobs/{dag}", f"datasets/{dataset}", f"runs/{run}"):
        page = open_page(f"{bridge.base}/{address}")
        wait_until_still(page)
        expect(page.locator("svg text").first).to_be_visible()
        assert page.evaluate(COVERED) == [], address


def test_what_never_began_has_no_dash_for_a_time(bridge: Bridge, open_page: Open) -> None:
    page = open_page(bridge.base)
    wait_until_still(page)
    expect(page.locator("main").get_by_text("hourly").first).to_be_visible()
    words = page.locator("main").inner_text()
    assert not re.search(r"(blocked|failed|since|written|by) [-\u2013\u2014](\s|,|$)", words), words


def test_tasks_without_lineage_are_listed_with_why(bridge: Bridge, open_page: Open) -> None:
    page = open_page(f"{bridge.base}/dags?lineage=none")
    listed = page.locator("tr").filter(has_text="says_nothing")
    expect(listed).to_contain_text("reported neither inputs nor outputs.")
    expect(page.locator("tr").filter(has_text="maker")).to_have_count(0)


def test_a_topic_is_called_by_more_than_its_version(bridge: Bridge, open_page: Open) -> None:
    page = open_page(f"{bridge.base}/datasets/{id_of(bridge, 'datasets?q=orders.v1')}")
    expect(page).to_have_title(re.compile("^orders.v1 "))


def test_underscores_of_names_stay_in_descriptions(bridge: Bridge, open_page: Open) -> None:
    page = open_page(f"{bridge.base}/dags?q=wide")
    expect(page.get_by_text("Reads stg__orders of wh__raw.")).to_be_visible()


def test_a_choice_outside_of_the_graph_dims_nothing(bridge: Bridge, open_page: Open) -> None:
    focus = f"dataset:{shop.WAREHOUSE}:shop.raw.wide_source"
    page = open_page(pages.lineage(bridge.base, focus, sel="dataset:x:y.z", group="dag"))
    wait_until_still(page)
    expect(page.locator(".card").first).to_be_visible()
    expect(page.locator(".card[data-dim]")).to_have_count(0)


def test_lineage_is_found_by_node_as_the_api_calls_it(bridge: Bridge, open_page: Open) -> None:
    page = open_page(f"{bridge.base}/lineage?node={quote(SOURCE, safe='')}")
    expect(page).to_have_title(re.compile("^wide_source "))
    expect(page.locator(".card[data-focus]")).to_be_visible()


def test_copying_the_address_says_so(bridge: Bridge, open_page: Open) -> None:
    page = open_page(pages.lineage(bridge.base, SOURCE, group="dag"))
    wait_until_still(page)
    page.keyboard.press("y")
    expect(page.get_by_text(re.compile("Link copied|blocked copying"))).to_be_visible()


def test_the_tools_of_lineage_stay_on_one_line_beside_the_details(
    bridge: Bridge, open_page: Open
) -> None:
    page = open_page(pages.lineage(bridge.base, SOURCE, group="dag"))
    wait_until_still(page)
    before = page.locator(".bar").bounding_box()
    page.locator(".card[data-focus]").click()
    expect(page.locator(".inspector")).to_be_visible()
    assert page.locator(".bar").bounding_box() == before
    assert before is not None
    assert before["height"] < 60


def test_the_side_bar_says_what_its_signs_mean(bridge: Bridge, open_page: Open) -> None:
    page = open_page(bridge.base)
    for name in ("Health", "Lineage", "Datasets", "DAGs", "Runs", "Changes", "Deliveries"):
        expect(page.locator(".rail").get_by_text(name, exact=True)).to_be_visible()


def test_a_bridge_that_knows_nothing_shows_no_green_sign(
    own_bridge: Bridge, open_page: Open
) -> None:
    page = open_page(own_bridge.base)
    expect(page.get_by_text("No runs yet")).to_be_visible()
    expect(page.locator("svg.lucide-circle-dashed").first).to_be_visible()
    expect(page.locator("svg.lucide-circle-check, svg.lucide-check-circle")).to_have_count(0)
