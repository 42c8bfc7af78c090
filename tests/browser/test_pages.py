"""What the pages beside the lineage screen answer: what differs, how fresh, who is affected, what is broken."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.conftest import Open, wait_until_still
from tests.support.browser import pages, shop
from tests.support.browser.bridge import Bridge
from tests.support.browser.shop import Task, dag_run, facet, table
from tests.support.waiting import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

expect: Any = pytest.importorskip("playwright.sync_api").expect

DOC = """### Where the parcels are

Loads **all of them**; see [the runbook](https://wiki.example.com/parcels).

- every hour
- <b>never</b> at night
"""
PARCELS = f"dataset:{shop.WAREHOUSE}:shop.raw.parcels"


def parcels(hours_ago: int, *, fails: bool = False) -> list[shop.Json]:
    """fetch -> check -> report; what fails has other columns, fewer rows, other SQL, two retries."""
    columns = {"id": "int", "carrier": "text"} if fails else {"id": "int", "price": "int"}
    raw = table("shop.raw.parcels", **columns)
    raw["facets"] |= {
        "documentation": facet(description="Every parcel that **left** the house."),
        "ownership": facet(owners=[{"name": "Logistics"}]),
    }
    raw["outputFacets"] = {"outputStatistics": facet(rowCount=12 if fails else 1200, size=88_000)}
    report = table("shop.mart.parcel_report", day="date", parcels="int")
    origin = {"namespace": shop.WAREHOUSE, "name": "shop.raw.parcels", "field": "id"}
    report["facets"] |= {
        "ownership": facet(owners=[{"name": "Anna Weiss"}]),
        "columnLineage": facet(fields={"parcels": {"inputFields": [origin]}}),
    }
    sql = "select count(*)\nfrom parcels" + ("\nwhere carrier = 'x'" if fails else "")
    tasks = [
        Task(
            "fetch",
            [table("parcels.json", namespace="s3://lake")],
            [raw],
            seconds=150 if fails else 60,
            retries=2 if fails else 0,
            queued=20,
            error="ConnectionError: the carrier said 502" if fails else None,
        ),
        Task("check", [raw], seconds=12),
        Task(
            "report",
            [raw],
            [report],
            end="FAIL" if fails else "COMPLETE",
            error="no column price" if fails else None,
            sql=sql,
        ),
    ]
    start = shop.now() - timedelta(hours=hours_ago)
    return list(dag_run("parcels", tasks, start, description=DOC, owner="Logistics"))


def broken_file(at: timedelta, end: str = "FAIL") -> shop.Json:
    """As our provider reports that Airflow cannot import a DAG file, and that it can again."""
    errors = {"errorMessage": facet(message="No module named 'pandsa'")} if end == "FAIL" else {}
    kind = facet(processingType="BATCH", integration="AIRFLOW", jobType="DAG_FILE")
    return {
        "eventType": end,
        "eventTime": (shop.now() - at).isoformat(),
        "producer": "https://example.com/p",
        "run": {"runId": shop.run_id("file", end), "facets": errors},
        "job": {
            "namespace": shop.NAMESPACE,
            "name": "sales/weekly.py",
            "facets": {"jobType": kind},
        },
        "inputs": [],
        "outputs": [],
    }


@pytest.fixture(scope="module")
def parcel_bridge(module_bridge: Bridge) -> Bridge:
    """Hourly, but for two hours that were missed; the newest run failed."""
    for ago in (9, 8, 7, 4, 3, 2):
        module_bridge.send(parcels(ago))
    module_bridge.send([*parcels(1, fails=True), broken_file(timedelta(minutes=4))])
    module_bridge.send(list(dag_run("mailing", [Task("send", [table("shop.mart.parcel_report")])], shop.now() - timedelta(hours=2))))  # fmt: skip
    return module_bridge


def newest(bridge: Bridge, **where: str) -> str:
    search = "&".join(f"{name}={value}" for name, value in where.items())
    return str(bridge.get(f"runs?dag_id=parcels&{search}&limit=1")["items"][0]["id"])


def dataset_page(bridge: Bridge, name: str) -> str:
    return f"{bridge.base}/datasets/{bridge.get(f'datasets?q={name}')['items'][0]['id']}"


# --- a run ------------------------------------------------------------------------------------


def test_a_run_says_what_differs_from_the_last_good_one(
    parcel_bridge: Bridge, open_page: Open
) -> None:
    page = open_page(f"{parcel_bridge.base}/runs/{newest(parcel_bridge, kind='dag')}")
    panel = page.locator("section").filter(has=page.get_by_role("heading", name="Compared with"))
    expect(panel).to_contain_text("report failed; the columns of parcels changed")
    expect(panel).to_contain_text("far fewer rows; the SQL changed")
    failed = page.locator("section").filter(has=page.get_by_role("heading", name="Failed tasks"))
    expect(failed.get_by_role("row").last).to_have_text(re.compile("^report.*no column price"))
    fetch = panel.get_by_role("row").filter(has_text=re.compile("^fetch"))
    expect(fetch).to_contain_text("+1m 30s (+150%)")
    expect(panel.locator("[data-change=removed]").filter(has_text="price").first).to_be_visible()
    rows = panel.get_by_role("row").filter(has_text="written").filter(has_text="parcels")
    expect(rows.first).to_contain_text("1,200")
    patch = panel.get_by_role("region", name="Changes in the SQL of parcels.report")
    expect(patch).to_contain_text("+where carrier = 'x'")
    panel.get_by_role("link", name=re.compile("^of ")).click()
    expect(page.locator("main .badge").first).to_have_text("Success")
    page.go_back()
    page.goto(f"{parcel_bridge.base}/runs/{newest(parcel_bridge, kind='task', task_id='report')}")
    expect(panel).to_contain_text("it failed; the columns of parcels changed; the SQL changed")


def test_the_first_run_has_none_to_be_compared_with(own_bridge: Bridge, open_page: Open) -> None:
    own_bridge.send(parcels(1))
    page = open_page(f"{own_bridge.base}/runs/{newest(own_bridge, kind='dag')}")
    expect(page.get_by_text("No earlier run succeeded.")).to_be_visible()


def test_when_tasks_ran_shows_each_try_the_queue_and_the_critical_path(
    parcel_bridge: Bridge, open_page: Open
) -> None:
    page = open_page(f"{parcel_bridge.base}/runs/{newest(parcel_bridge, kind='dag')}")
    for number, state in ((1, "Up for retry|Failed"), (2, "Up for retry|Failed"), (3, "Success")):
        bar = page.get_by_role("link", name=re.compile(rf"^fetch, try {number}: ({state}), 2m 30s"))
        expect(bar).to_have_count(1)
    expect(page.get_by_role("link", name=re.compile("^fetch.*queued 20s"))).to_have_count(1)
    expect(page.get_by_role("link", name=re.compile("on the critical path$"))).to_have_count(5)
    expect(page.get_by_text(re.compile(r"fetch → check → report took 8m \d\ds, 9\d% of the run"))).to_be_visible()  # fmt: skip
    page.get_by_role("link", name=re.compile("^fetch, try 2")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("fetch")


# --- a dataset --------------------------------------------------------------------------------


def test_a_dataset_shows_its_age_over_time_against_what_is_usual(
    parcel_bridge: Bridge, open_page: Open
) -> None:
    page = open_page(dataset_page(parcel_bridge, "parcel_report"))
    panel = page.locator("section").filter(has=page.get_by_role("heading", name="Freshness"))
    expect(panel).to_contain_text(re.compile("Written 1h .* ago"))
    chart = panel.get_by_role("group", name=re.compile("Age since .*: 6 writes"))
    expect(chart).to_be_visible()
    expect(chart.get_by_role("link", name=re.compile("^Written .* by parcels"))).to_have_count(6)
    panel.get_by_label("Last 30 days").select_option("1")
    expect(page).to_have_url(re.compile(r"\?days=%221%22|\?days=1"))
    page.reload()
    expect(panel.get_by_label("Last 30 days")).to_have_value("1")
    chart.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile("/runs/"))
    page.goto(dataset_page(parcel_bridge, "parcels.json"))
    expect(page.get_by_text("No writes in this period.")).to_be_visible()


def test_a_dataset_says_who_is_affected_by_level_with_owners(
    parcel_bridge: Bridge, open_page: Open, tmp_path: Path
) -> None:
    page = open_page(dataset_page(parcel_bridge, "raw.parcels"))
    panel = page.locator("#impact")
    expect(panel).to_contain_text("1 dataset and 3 tasks in 2 DAGs.")
    for name, level in (("check", "1"), ("parcel_report", "1"), ("send", "2")):
        row = panel.get_by_role("row").filter(has_text=name)
        expect(row.get_by_role("cell").first).to_have_text(level)
    expect(panel).to_contain_text("Anna Weiss")
    expect(panel.get_by_role("link", name="mailing")).to_be_visible()
    with page.expect_download() as download:
        panel.get_by_role("button", name="CSV").click()
    download.value.save_as(tmp_path / "impact.csv")
    with (tmp_path / "impact.csv").open(encoding="utf-8-sig", newline="") as lines:
        names = {(row["level"], row["name"]) for row in csv.DictReader(lines)}
    assert names == {
        ("1", "shop.mart.parcel_report"),
        ("1", "parcels.check"),
        ("1", "parcels.report"),
        ("2", "mailing.send"),
    }
    panel.get_by_label("Change").select_option("id")
    expect(panel).to_contain_text("Of these, 2 tasks may be affected")
    expect(panel.get_by_role("row").filter(has_text="parcel_report")).to_contain_text("parcels")
    for name, certain in (("check", False), ("report", True), ("send", False)):
        row = panel.get_by_role("row", name=re.compile(rf"^\d {name} "))
        expect(row.get_by_text("unknown")).to_have_count(0 if certain else 1)
    assert parse_qs(urlsplit(page.url).query)["column"] == ["id"]
    page.reload()
    expect(panel).to_contain_text("Of these, 2 tasks may be affected")


def test_datasets_are_chosen_by_owner(parcel_bridge: Bridge, open_page: Open) -> None:
    page = open_page(f"{parcel_bridge.base}/datasets")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(3)
    page.get_by_label("Any owner").select_option("Anna Weiss")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("parcel_report")
    assert parse_qs(urlsplit(page.url).query)["owner"] == ["Anna Weiss"]


def test_descriptions_are_read_as_markdown(parcel_bridge: Bridge, open_page: Open) -> None:
    dag = parcel_bridge.get("jobs?kind=dag&q=parcels")["items"][0]["id"]
    page = open_page(f"{parcel_bridge.base}/jobs/{dag}")
    prose = page.locator(".prose")
    expect(prose.locator("b").first).to_have_text("Where the parcels are")
    expect(prose.locator("strong")).to_have_text("all of them")
    expect(prose.locator("li")).to_have_count(2)
    expect(prose.locator("li").last).to_contain_text("<b>never</b> at night")  # as text
    link = prose.get_by_role("link", name="the runbook")
    expect(link).to_have_attribute("href", "https://wiki.example.com/parcels")
    page.goto(dataset_page(parcel_bridge, "raw.parcels"))
    expect(prose.locator("strong")).to_have_text("left")


# --- the first page ---------------------------------------------------------------------------


def test_the_first_page_lists_what_is_in_trouble_with_its_cause(
    parcel_bridge: Bridge, open_page: Open
) -> None:
    page = open_page(parcel_bridge.base)
    incidents = page.get_by_role("region", name="Open incidents").get_by_role("article")
    # The shop's events have ended, so that later a run that its schedule expects is missing, too.
    incident = incidents.filter(has_text="Critical")
    expect(incident).to_have_count(1)  # one cause, however much it affects
    expect(incidents.first).to_contain_text("Critical")
    expect(incident).to_contain_text("shop.raw.parcels changed: price removed, carrier added")
    expect(incident).to_contain_text("report failed: no column price")
    expect(incident).to_contain_text("1 dataset and 2 jobs")
    expect(incident).to_contain_text("Anna Weiss")
    failing = page.locator("section").filter(has=page.get_by_role("heading", name="Failing jobs"))
    expect(failing).to_contain_text("report: no column price")
    incident.get_by_role("link", name="Lineage").click()
    expect(page).to_have_url(re.compile("/lineage.*parcel_report"))


def test_a_dag_file_that_cannot_be_imported_is_shown_until_it_can(
    own_bridge: Bridge, open_page: Open
) -> None:
    own_bridge.send([broken_file(timedelta(minutes=4))])
    page = open_page(own_bridge.base)
    heading = page.get_by_role("heading", name="DAG import errors")
    expect(heading).to_be_visible()
    row = page.get_by_role("row").filter(has_text="sales/weekly.py")
    expect(row).to_contain_text("No module named 'pandsa'")
    own_bridge.send([broken_file(timedelta(minutes=1), "COMPLETE")])
    expect(heading).to_have_count(0)


# --- the quarantine, and live -----------------------------------------------------------------


def test_one_event_that_was_not_understood_can_be_read_again_alone(
    own_bridge: Bridge, open_page: Open
) -> None:
    shop.post(own_bridge.base, [{"this": "is no event"}, {"nor": "is this " + "x" * 3000}])
    until(lambda: own_bridge.get("health")["inbox"]["quarantined"] == 2, "they were understood")
    page = open_page(f"{own_bridge.base}/deliveries")
    item = page.get_by_role("group", name="Event 2")
    item.locator("summary").click()
    item.get_by_role("button", name="Show the whole event").click()
    expect(item.get_by_role("region", name="Event")).to_contain_text("x" * 2900)
    with page.expect_response(re.compile("/quarantine/2/replay")) as answer:
        item.get_by_role("button", name="Replay").click()
    assert answer.value.json() == {"waiting": 1}
    expect(page.get_by_role("group", name=re.compile(r"^Event \d"))).to_have_count(2)


def test_a_replay_that_ends_between_two_looks_is_noticed_by_every_page(
    own_bridge: Bridge, open_page: Open
) -> None:
    shop.post(own_bridge.base, [{"this": "is no event"}])
    until(lambda: own_bridge.get("health")["inbox"]["quarantined"] == 1, "it was understood")
    page = open_page(f"{own_bridge.base}/deliveries")
    wait_until_still(page)
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
    page.wait_for_timeout(1500)
    # Far sooner than the page's own timer, which asks again after 15 seconds.
    with page.expect_request(re.compile(r"/api/v1/quarantine\?"), timeout=6000):
        page.request.post(f"{own_bridge.base}/api/v1/quarantine/replay")


def test_pages_with_all_of_it_have_no_serious_barrier(
    scheme: str,
    parcel_bridge: Bridge,
    open_page: Open,
    serious: Callable[[Page], list[str]],
) -> None:
    page = open_page(parcel_bridge.base, scheme)
    addresses = pages.every(parcel_bridge.base, PARCELS)
    for name in ("health", "dag", "dag-run", "failed-run", "dataset"):
        page.goto(addresses[name])
        wait_until_still(page)
        assert serious(page) == [], name


# --- any window -------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [390, 1456])
def test_no_page_is_wider_than_the_window(
    width: int, parcel_bridge: Bridge, open_page: Open
) -> None:
    page: Page = open_page(parcel_bridge.base)
    page.set_viewport_size({"width": width, "height": 819})
    for name, address in pages.every(parcel_bridge.base).items():
        if "/lineage" in address:
            continue  # it moves and scales what it shows
        page.goto(address)
        wait_until_still(page)
        found = page.evaluate(
            "() => { const m = document.querySelector('main'); "
            "return [m.scrollWidth - m.clientWidth, document.body.scrollWidth - innerWidth] }"
        )
        assert max(found) <= 0, (name, found)
