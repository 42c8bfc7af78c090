"""Every page on events of real producers, where FAIRLEAD_CORPUS says they are."""

from __future__ import annotations

import json
import random
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import Open, wait_until_still
from tests.support import corpus
from tests.support.browser import pages
from tests.support.browser.bridge import Bridge
from tests.support.waiting import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

expect: Any = pytest.importorskip("playwright.sync_api").expect

pytestmark = corpus.needs_corpus
SOME = 25  # of each kind of page


@pytest.fixture(scope="module")
def real_bridge(module_bridge: Bridge) -> Bridge:
    """A bridge that was sent everything, odd events and quarantine included."""
    bodies = [*corpus.airflow_events(), *(body for _, body in corpus.every_event())]
    for body in bodies:
        request = urllib.request.Request(  # noqa: S310  (our own server)
            f"{module_bridge.base}/api/v1/lineage",
            data=body,
            headers={"Content-Type": "application/json"},
        )
        with suppress(urllib.error.HTTPError):  # what is not even JSON is refused
            urllib.request.urlopen(request, timeout=10).close()  # noqa: S310
    until(module_bridge.settled, "the bridge has not absorbed the corpus")
    return module_bridge


def some(bridge: Bridge, path: str) -> list[Any]:
    """A sample of a list, always the same, with the longest names in it."""
    found = sorted(pages.items(bridge.base, path), key=lambda item: json.dumps(item)[:300])
    chosen = random.Random(1).sample(found, min(SOME, len(found)))
    if found and "name" in found[0]:
        chosen += sorted(found, key=lambda item: -len(item["name"]))[:3]
    return chosen


def test_pages_of_real_datasets_show_their_names_and_columns(
    real_bridge: Bridge, open_page: Open
) -> None:
    page = open_page(real_bridge.base)
    chosen = some(real_bridge, "datasets?limit=200")
    assert len(chosen) > SOME
    for item in chosen:
        page.goto(f"{real_bridge.base}/datasets/{item['id']}")
        expect(page.get_by_role("heading", level=1)).to_have_text(item["name"])
        wait_until_still(page)
        detail = real_bridge.get(f"datasets/{item['id']}")
        if detail["schema_fields"]:
            first = detail["schema_fields"][0]["name"]
            expect(page.get_by_role("row").filter(has_text=first).first).to_be_visible()


def test_pages_of_real_jobs_show_their_names_and_runs(real_bridge: Bridge, open_page: Open) -> None:
    page = open_page(real_bridge.base)
    for item in some(real_bridge, "jobs?limit=200"):
        page.goto(f"{real_bridge.base}/jobs/{item['id']}")
        shown = item["label"]
        expect(page.get_by_role("heading", level=1)).to_contain_text(shown)
        wait_until_still(page)


def test_pages_of_real_runs_show_their_states(real_bridge: Bridge, open_page: Open) -> None:
    page = open_page(real_bridge.base)
    words = {"upstream_failed": "Blocked", "up_for_retry": "Up for retry"}
    for item in some(real_bridge, "runs?limit=200"):
        page.goto(f"{real_bridge.base}/runs/{item['id']}")
        state = words.get(item["state"], item["state"].capitalize())
        expect(page.locator("main .badge").first).to_have_text(state)
        wait_until_still(page)


def test_a_real_dag_run_shows_its_critical_path_and_what_differs(
    real_bridge: Bridge, open_page: Open
) -> None:
    page = open_page(real_bridge.base)
    compared, timed = 0, 0
    for item in some(real_bridge, "runs?kind=dag&limit=200"):
        detail = real_bridge.get(f"runs/{item['id']}")
        good = real_bridge.get(f"runs/{item['id']}/comparison")["good"]
        page.goto(f"{real_bridge.base}/runs/{item['id']}")
        wait_until_still(page)
        if detail["critical_path"]:
            timed += 1
            expect(page.get_by_text("Critical path:")).to_be_visible()
            first = detail["critical_path"]["steps"][0]["task"]
            expect(page.locator(".gantt-legend")).to_contain_text(first)
        expect(page.get_by_text("Since then:")).to_have_count(1 if good else 0)
        compared += bool(good)
    assert timed > 5
    assert compared > 2


def test_pages_follow_a_real_dag_to_its_end(own_bridge: Bridge, open_page: Open) -> None:
    dag_id = "shop_ingest_orders"
    every = [json.loads(body) for body in corpus.airflow_events()]
    events = [event for event in every if event["job"]["name"].split(".")[0] == dag_id]
    events.sort(key=lambda event: str(event["eventTime"]))
    starts = [at for at, event in enumerate(events) if event["job"]["name"] == dag_id]
    middle = starts[-2] + 10  # of the newest run, which ends with the last event
    own_bridge.send(events[:middle])
    run = own_bridge.get("runs?kind=dag&limit=1")["items"][0]["id"]
    dag = own_bridge.get("jobs?kind=dag&limit=1")["items"][0]["id"]
    shown = {path: open_page(f"{own_bridge.base}{path}") for path in ("/", "/dags", "/runs", f"/runs/{run}", f"/jobs/{dag}")}  # fmt: skip
    for page in shown.values():
        expect(page.locator("main .badge").filter(has_text="Running").first).to_be_visible()
        page.evaluate("window.sameDocument = true")
    own_bridge.send(events[middle:])
    state = own_bridge.get(f"runs/{run}")["state"]
    assert state in ("success", "failed")
    for path, page in shown.items():
        badge = page.locator("main .badge").filter(has_text=state.capitalize()).first
        expect(badge).to_be_visible()
        if path != "/runs":
            expect(page.locator("main .badge").filter(has_text="Running")).to_have_count(0)
        assert page.evaluate("window.sameDocument") is True


def test_real_lineage_is_drawn_as_the_bridge_answers_it(
    real_bridge: Bridge, open_page: Open
) -> None:
    page = open_page(real_bridge.base)
    for item in some(real_bridge, "datasets?limit=200"):
        graph = pages.graph(real_bridge.base, item["node"])
        page.goto(pages.lineage(real_bridge.base, item["node"]))
        sign = page.get_by_role("status").filter(has_text="card")
        expect(sign).to_contain_text(str(len(graph["cards"])))
        expect(page.get_by_role("region", name="Status of the focus")).to_be_visible()
        page.keyboard.press("t")
        table = page.get_by_role("region", name="Graph as a table")
        expect(table.get_by_role("row")).to_have_count(len(graph["cards"]) + 1)
        page.keyboard.press("t")


def test_lists_of_real_things_can_be_paged_to_their_end(
    real_bridge: Bridge, open_page: Open
) -> None:
    wanted = len(pages.items(real_bridge.base, "datasets?limit=200"))
    page = open_page(f"{real_bridge.base}/datasets")
    wait_until_still(page)
    for _ in range(wanted // 50 + 1):
        more = page.get_by_role("button", name="More")
        if not more.count():
            break
        before = page.get_by_role("row").count()
        more.click()
        expect(page.get_by_role("row")).not_to_have_count(before)
    expect(page.get_by_role("row")).to_have_count(wanted + 1)


def test_pages_of_real_things_have_no_serious_barrier(
    scheme: str, real_bridge: Bridge, open_page: Open, serious: Callable[[Page], list[str]]
) -> None:
    page = open_page(real_bridge.base, scheme)
    for name, address in pages.every(real_bridge.base).items():
        page.goto(address)
        wait_until_still(page)
        assert serious(page) == [], name
