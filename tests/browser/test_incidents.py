"""Incidents, standing, expectations and reliability on the page, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import Open, wait_until_still
from tests.support.browser import shop
from tests.support.browser.bridge import Bridge
from tests.support.browser.shop import Task, dag_run, table
from tests.support.waiting import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

expect: Any = pytest.importorskip("playwright.sync_api").expect

RAW, MART = table("shop.raw.bills"), table("shop.mart.bill_report")


def bills(hours_ago: float, fails: bool = False) -> list[shop.Json]:
    """A run of a DAG with two tasks, of which the first fails."""
    end, error = ("FAIL", "TimeoutError: the bank did not answer") if fails else ("COMPLETE", None)
    tasks = [
        Task("fetch", [], [RAW], end=end, error=error),
        Task("report", [RAW], [] if fails else [MART], end="COMPLETE"),
    ]
    start = shop.now() - timedelta(hours=hours_ago)
    return list(dag_run("bills", tasks[:1] if fails else tasks, start, owner="Finance"))


@pytest.fixture(scope="module")
def bill_bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """Three good runs, then one whose first task failed: one incident."""
    bridge = Bridge(tmp_path_factory.mktemp("bills"))
    bridge.start()
    for ago in (4, 3, 2):
        bridge.send(bills(ago))
    bridge.send(bills(1, fails=True))
    until(lambda: bool(incidents(bridge)), "no incident has opened")
    yield bridge
    bridge.stop()


def incidents(bridge: Bridge) -> list[shop.Json]:
    found: list[shop.Json] = bridge.get("incidents")["items"]
    return found


def report(bridge: Bridge) -> str:
    return f"{bridge.base}/datasets/{bridge.get('datasets?q=bill_report')['items'][0]['id']}"


def test_health_shows_one_incident_for_one_cause_and_what_it_affects(
    bill_bridge: Bridge, open_page: Open
) -> None:
    page = open_page(bill_bridge.base)
    incident = page.get_by_role("region", name="Open incidents").get_by_role("article")
    expect(incident).to_have_count(1)
    expect(incident).to_contain_text("fetch failed")
    expect(incident).to_contain_text("Critical")
    expect(incident).to_contain_text("Finance")
    expect(incident).to_contain_text(re.compile(r"\d dataset"))
    expect(page.get_by_text(re.compile("^1 open incident affects"))).to_be_visible()


def test_an_incident_is_acknowledged_noted_and_assigned_in_place_in_the_readers_name(
    bill_bridge: Bridge, open_page: Open
) -> None:
    page = open_page(bill_bridge.base)
    incident = page.get_by_role("article").first
    incident.get_by_role("button", name=re.compile("^Acknowledge")).click()
    incident.get_by_label("Your name").fill("Nora")
    incident.get_by_role("button", name="Acknowledge", exact=True).click()
    expect(incident).to_contain_text(re.compile(r"Acknowledged by\s*Nora"))
    expect(incident.get_by_role("button", name=re.compile("^Acknowledge"))).to_have_count(0)
    incident.get_by_role("button", name=re.compile("^Assign")).click()
    incident.get_by_label(re.compile("^Assign to")).fill("Omar")
    incident.get_by_role("button", name="Assign", exact=True).click()  # the name is known by now
    expect(incident).to_contain_text(re.compile(r"Assigned to\s*Omar"))
    incident.get_by_role("link", name=re.compile("fetch failed")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("fetch failed")
    page.get_by_role("button", name=re.compile("^Note")).click()
    page.get_by_label("Note", exact=True).fill("The bank is down until noon.")
    page.get_by_role("button", name="Note", exact=True).click()
    timeline = page.locator(".incident-timeline")
    expect(timeline).to_contain_text(re.compile(r"Acknowledged\s*by Nora"))
    expect(timeline).to_contain_text("The bank is down until noon.")
    (failed,) = (each for each in incidents(bill_bridge) if "fetch failed" in each["text"])
    found = bill_bridge.get(f"incidents/{failed['id']}")
    assert (found["state"], found["acknowledged_by"]) == ("acknowledged", "Nora")
    assert found["assigned_to"] == "Omar"
    assert [entry["by"] for entry in found["timeline"] if entry["what"] == "note"] == ["Nora"]


def test_a_dataset_shows_its_standing_the_root_cause_with_its_path_and_the_open_incident(
    bill_bridge: Bridge, open_page: Open
) -> None:
    page = open_page(report(bill_bridge))
    outlook = page.get_by_role("region", name="Outlook")
    expect(outlook).to_contain_text(re.compile("At risk|Failed|Late"))
    expect(outlook).to_contain_text("fetch failed")
    steps = outlook.get_by_role("list", name="Path from the root cause").get_by_role("link")
    expect(steps.first).to_have_text("fetch")
    expect(steps.last).to_have_text("bill_report")
    outlook.get_by_role("link", name=re.compile(r"^#\d+")).click()
    expect(page).to_have_url(re.compile(r"/incidents/\d+$"))


def test_what_nothing_is_known_of_has_no_green_check(own_bridge: Bridge, open_page: Open) -> None:
    read_only = Task("look", [table("shop.raw.never_written")], [])
    own_bridge.send(list(dag_run("looking", [read_only], shop.now() - timedelta(hours=1))))
    dataset = own_bridge.get("datasets?q=never_written")["items"][0]
    page = open_page(f"{own_bridge.base}/datasets/{dataset['id']}")
    outlook = page.get_by_role("region", name="Outlook")
    expect(outlook.locator(".badge").first).to_have_text("Unknown")
    expect(outlook.locator("[data-tone=ok]")).to_have_count(0)
    page.goto(f"{own_bridge.base}/lineage?focus={dataset['node']}&lens=freshness")
    wait_until_still(page)
    status = page.get_by_role("region", name="Status of the focus")
    expect(status.locator(".sign")).to_have_attribute("data-tone", "non")
    expect(status).to_contain_text("no expectation")
    foot = page.locator(".card[data-focus] .foot")
    expect(foot).to_have_attribute("style", re.compile(r"var\(--non\)"))


def test_a_muted_incident_leaves_the_list_and_can_be_found(
    own_bridge: Bridge, open_page: Open, tmp_path: Path
) -> None:
    own_bridge.send(bills(1, fails=True))
    until(lambda: bool(incidents(own_bridge)), "no incident has opened")
    page = open_page(own_bridge.base)
    incident = page.get_by_role("article")
    incident.get_by_role("button", name=re.compile("^Mute")).click()
    incident.get_by_label("Your name").fill("Nora")
    incident.get_by_role("button", name="Mute", exact=True).click()
    expect(incident).to_have_count(0)
    expect(page.get_by_role("region", name="Open incidents")).to_contain_text("No open incidents")
    page.get_by_role("link", name="1 muted").click()
    expect(page).to_have_url(re.compile("state=muted"))
    expect(page.get_by_role("article")).to_contain_text("Muted")


def test_reliability_counts_by_dag_and_dataset_over_the_chosen_days(
    bill_bridge: Bridge, open_page: Open
) -> None:
    page = open_page(bill_bridge.base)
    panel = page.get_by_role("region", name="Reliability")
    row = panel.get_by_role("row").filter(has_text="bills")
    expect(row).to_contain_text("75%")
    expect(row).to_contain_text("3 of 4")
    panel.get_by_role("button", name="Datasets").click()
    expect(panel.get_by_role("row").filter(has_text="bill_report")).to_have_count(1)
    panel.get_by_role("button", name="90 days").click()
    expect(panel.get_by_role("button", name="90 days")).to_have_attribute("aria-pressed", "true")
    expect(panel.get_by_role("row").filter(has_text="bill_report")).to_have_count(1)


@pytest.mark.parametrize("where", ["", "incidents", "incidents/1", "dataset"])
def test_what_shows_incidents_has_no_serious_barrier(
    where: str,
    scheme: str,
    bill_bridge: Bridge,
    open_page: Open,
    serious: Callable[[Page], list[str]],
) -> None:
    address = report(bill_bridge) if where == "dataset" else f"{bill_bridge.base}/{where}"
    page = open_page(address, scheme)
    wait_until_still(page)
    assert serious(page) == []


@pytest.mark.parametrize("where", ["", "incidents", "incidents/1", "dataset"])
def test_what_shows_incidents_fits_a_phone(
    where: str, bill_bridge: Bridge, open_page: Open
) -> None:
    address = report(bill_bridge) if where == "dataset" else f"{bill_bridge.base}/{where}"
    page = open_page(address)
    page.set_viewport_size({"width": 390, "height": 844})
    wait_until_still(page)
    main = page.locator("main")
    assert main.evaluate("main => main.scrollWidth - main.clientWidth") <= 0
