"""Names of any shape open, link and come back; text from events is shown and never executed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit
from xml.etree import ElementTree as Xml

import pytest

from tests.browser.conftest import Open, wait_until_still
from tests.support.browser import pages, shop
from tests.support.browser.bridge import Bridge

if TYPE_CHECKING:
    from playwright.sync_api import Page

expect: Any = pytest.importorskip("playwright.sync_api").expect

ODD = [
    "a/b/c.parquet",
    "with space.and%20percent%",
    "quote\"s and 'more'",
    "colons::everywhere:",
    "émoji 🛶 和 ελληνικά",
    "?query=1&x=y#hash",
    "..",
    "a\\b",
    "12345",
    "true",
    "[1,2]",
    "long_" + "x" * 295,
]


@pytest.fixture(scope="module")
def odd_bridge(module_bridge: Bridge) -> Bridge:
    """Every odd name is a DAG, a task, a dataset and a column."""
    for at, name in enumerate(ODD):
        start = shop.now() - timedelta(minutes=5 * (len(ODD) - at))
        source = shop.table("plain_source", namespace=f"file {name}", c="int")
        made = shop.table(name, namespace="odd", **{name: "int"})
        task = shop.Task(name, [source], [made], seconds=5)
        module_bridge.send(list(shop.dag_run(name, [task], start, owner=name)))
    return module_bridge


def known(bridge: Bridge, path: str) -> dict[str, shop.Json]:
    return {item["name"]: item for item in pages.items(bridge.base, path)}


def texts(page: Page, selector: str) -> str:
    return "\n".join(page.locator(selector).all_text_contents())


@pytest.mark.parametrize("name", ODD)
def test_a_dataset_of_any_name_opens_links_and_comes_back(
    name: str, odd_bridge: Bridge, open_page: Open
) -> None:
    item = known(odd_bridge, "datasets?limit=100")[name]
    page = open_page(f"{odd_bridge.base}/datasets?q={quote(name, safe='')}")
    page.locator(f"main a[href$='/datasets/{item['id']}']").first.click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(name)
    expect(page.get_by_role("row").filter(has_text=name).first).to_be_visible()  # the column
    page.get_by_role("link", name="Lineage", exact=True).last.click()
    expect(page.locator(".card[data-focus]")).to_have_count(1)
    assert parse_qs(urlsplit(page.url).query)["focus"] == [item["node"]]
    page.reload()
    expect(page.locator(".card[data-focus]")).to_have_count(1)
    page.keyboard.press("ArrowLeft")
    details = page.get_by_role("complementary")
    expect(details.get_by_role("heading", level=2)).to_have_text(name)  # the task
    address = page.url
    page.goto(f"{odd_bridge.base}/")
    page.goto(address)
    expect(details.get_by_role("heading", level=2)).to_have_text(name)
    details.get_by_role("link", name="Open page").click()
    expect(heading).to_have_text(name)
    page.locator(f"main a[href$='/datasets/{item['id']}']").first.click()
    expect(heading).to_have_text(name)
    page.go_back()
    page.go_back()
    assert page.url == address


@pytest.mark.parametrize("name", ODD)
def test_a_dag_of_any_name_opens_links_and_comes_back(
    name: str, odd_bridge: Bridge, open_page: Open
) -> None:
    dag = known(odd_bridge, "jobs?kind=dag&limit=100")[name]
    page = open_page(f"{odd_bridge.base}/dags?q={quote(name, safe='')}")
    page.locator(f"main a[href$='/jobs/{dag['id']}']").first.click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(name)
    page.locator(".title").get_by_role("link", name="Lineage", exact=True).click()
    wait_until_still(page)
    expect(page.locator(".frame")).to_have_count(1)
    assert parse_qs(urlsplit(page.url).query)["focus"] == [dag["node"]]
    page.goto(f"{odd_bridge.base}/runs?kind=dag")
    page.get_by_label("DAG ID").fill(name)
    expect(page).to_have_url(re.compile("dag_id="))
    page.reload()
    expect(page.get_by_label("DAG ID")).to_have_value(name)
    expect(page.get_by_role("row")).to_have_count(2)  # the head and one run
    page.locator("main tbody a").first.click()
    expect(page.locator("main")).to_contain_text(name)


@pytest.mark.parametrize("name", ODD)
def test_any_name_can_be_searched_and_filtered(
    name: str, odd_bridge: Bridge, open_page: Open
) -> None:
    page = open_page(f"{odd_bridge.base}/datasets")
    page.get_by_label("Filter by name").fill(name)
    expect(page).to_have_url(re.compile(r"\?q="))
    expect(page.get_by_role("row").filter(has_text=name[-20:]).first).to_be_visible()
    page.reload()
    expect(page.get_by_label("Filter by name")).to_have_value(name)
    expect(page.get_by_role("row").filter(has_text=name[-20:]).first).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.insert_text(name)
    option = page.get_by_role("option")
    expect(option.filter(has_not_text="Searching").first).to_contain_text(name[-20:])


# --- hostile text -----------------------------------------------------------------------------

ATTACKS = [
    "<script>window.hit=1</script>",
    '"><img src=x onerror=window.hit=1>',
    "<svg onload=window.hit=1>",
    "javascript:window.hit=1",
    "{{constructor.constructor('window.hit=1')()}}",
    "]]></title><script>window.hit=1</script>",
    "=1+1;\u202eevil\u0007",
    (
        "[a](javascript:window.hit=1) ![b](https://evil.example/x.png) [c](data:text/html,x) "
        "<javascript:window.hit=1> [d]: javascript:window.hit=1"
    ),
]

LINKS = "all => all.map(a => new URL(a.getAttribute('href'), document.baseURI).href)"


def hostile_events(attack: str) -> Iterator[shop.Json]:
    """Two runs of a DAG whose every text is an attack, in every facet that the page shows."""
    for ago, column in ((9, "before"), (5, "after")):
        made = shop.table(f"t {attack}", namespace=f"file {attack}")
        made["facets"] = {
            "schema": shop.facet(
                fields=[
                    {"name": f"{column} {attack}", "type": f"int {attack}", "description": attack},
                    {"name": f"same {attack}", "type": f"{column} {attack}"},
                ]
            ),
            "documentation": shop.facet(description=attack),
            "ownership": shop.facet(owners=[{"name": attack, "type": attack}]),
            "tags": shop.facet(
                tags=[{"key": attack, "value": attack, "source": attack, "field": attack}]
            ),
            "columnLineage": shop.facet(
                fields={
                    f"same {attack}": {
                        "inputFields": [
                            {
                                "namespace": shop.WAREHOUSE,
                                "name": "shop.raw.payments",
                                "field": attack,
                                "transformations": [
                                    {"type": attack, "subtype": attack, "description": attack}
                                ],
                            }
                        ]
                    }
                }
            ),
            "custom": shop.facet(text=attack, **{attack: attack}),
        }
        # The first succeeds, so that the second is compared with it.
        end, error = ("COMPLETE", None) if ago == 9 else ("FAIL", attack)
        sql = f"{column}\n{attack}"
        task = shop.Task(f"t{attack}", [shop.RAW], [made], end=end, error=error, sql=sql)
        start = shop.now() - timedelta(minutes=ago)
        for event in shop.dag_run(f"d{attack}", [task], start, attack, owner=attack, error=error):
            facets = event["run"]["facets"]
            event["job"]["facets"].update(
                sourceCodeLocation=shop.facet(type="git", url=attack),
                sourceCode=shop.facet(language=attack, sourceCode=attack),
                documentation=shop.facet(description=attack),
                tags=shop.facet(tags=[{"key": attack, "value": attack, "source": attack}]),
            )
            if event["eventType"] == "FAIL":
                facets["errorMessage"] = shop.facet(
                    message=attack, programmingLanguage=attack, stackTrace=attack
                )
            facets["processing_engine"] = shop.facet(name=attack, version=attack)
            facets["custom"] = shop.facet(text=attack)
            if "airflow" in facets:
                facets["airflow"]["taskInstance"].update(log_url=attack, pool=attack, queue=attack)
                facets["airflow"]["task"]["operator_class"] = attack
            if "airflowDagRun" in facets:
                facets["airflowDagRun"]["dag"].update(
                    timetable_summary=attack, tags=f"['{attack}']"
                )
                facets["airflowDagRun"]["dagRun"].update(
                    run_type=attack, triggered_by=attack, dag_version_number=column + attack
                )
            yield event
    kind = shop.facet(processingType="BATCH", integration="AIRFLOW", jobType="DAG_FILE")
    yield {
        "eventType": "FAIL",
        "eventTime": shop.now().isoformat(),
        "producer": "https://example.com/p",
        "run": {
            "runId": shop.run_id("file", attack),
            "facets": {"errorMessage": shop.facet(message=attack, stackTrace=attack)},
        },
        "job": {"namespace": attack, "name": f"{attack}.py", "facets": {"jobType": kind}},
        "inputs": [],
        "outputs": [],
    }


@pytest.mark.parametrize("attack", ATTACKS)
def test_text_from_events_is_never_executed(
    attack: str, own_bridge: Bridge, open_page: Open
) -> None:
    base = own_bridge.base
    own_bridge.send(list(hostile_events(attack)))
    shop.post(base, [{"eventType": attack, attack: attack}])  # for the quarantine
    datasets = pages.items(base, "datasets")
    jobs = pages.items(base, "jobs")
    visits = [*pages.every(base).values()]
    visits += [f"{base}/datasets/{item['id']}" for item in datasets]
    visits += [f"{base}/jobs/{item['id']}" for item in jobs]
    visits += [f"{base}/runs/{item['id']}" for item in pages.items(base, "runs")]
    visits += [pages.lineage(base, item["node"], sel=item["node"]) for item in (*jobs, *datasets)]
    visits += [
        f"{base}/{page}?q={quote(attack, safe='')}&namespace={quote(attack, safe='')}"
        for page in ("datasets", "dags")
    ]
    page = open_page(base)
    for visit in dict.fromkeys(visits):
        page.goto(visit)
        wait_until_still(page)
        expect(page.locator("main [aria-busy=true]")).to_have_count(0)
        show = page.get_by_role("button", name="Show", exact=True)
        if show.count():
            show.first.click()
            expect(page.get_by_role("region", name="Event")).to_be_visible()
        links = page.eval_on_selector_all("a", LINKS)
        assert not [link for link in links if not link.startswith(("http://", "https://"))]
        assert page.locator("img, iframe, object, embed").count() == 0
        assert page.locator("script:not([src])").count() == 0
        assert page.evaluate("window.hit") is None
    page.goto(f"{base}/deliveries")
    page.locator("main summary").first.click()
    expect(page.locator("main")).to_contain_text(re.compile("eventType"))
    page.keyboard.press("/")
    page.keyboard.insert_text(attack)
    expect(page.get_by_role("option").first).to_contain_text(attack[-12:])
    assert page.evaluate("window.hit") is None
    # `open_page` fails on any dialog, error or refusal of the policy.


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_picture_of_hostile_names_is_still_only_a_picture(
    attack: str, own_bridge: Bridge, open_page: Open
) -> None:
    own_bridge.send(list(hostile_events(attack)))
    node = quote(pages.items(own_bridge.base, "datasets")[0]["node"], safe="")
    page = open_page(own_bridge.base)
    answer = page.request.get(f"{own_bridge.base}/api/v1/graph.svg?node={node}")
    policy = answer.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "sandbox"} <= set(policy)
    assert answer.headers["content-disposition"].startswith("attachment")
    tags = {element.tag.rpartition("}")[2] for element in Xml.fromstring(answer.text()).iter()}  # noqa: S314  (our own)
    assert tags <= {"svg", "title", "defs", "marker", "path", "rect", "g", "text"}


# --- links and times ----------------------------------------------------------------------------


def test_every_link_of_every_page_leads_somewhere(odd_bridge: Bridge, open_page: Open) -> None:
    """From page to page, as far as there are links, with names of every shape."""
    page = open_page(odd_bridge.base)
    waiting, seen = [f"{odd_bridge.base}/", f"{odd_bridge.base}/runs"], set[str]()
    while waiting and len(seen) < 70:
        address = waiting.pop().partition("#")[0]
        if address in seen:
            continue
        seen.add(address)
        page.goto(address)
        wait_until_still(page)
        assert page.get_by_role("alert").count() == 0, (address, page.get_by_role("alert").all())
        expect(page.get_by_text("Page not found")).to_have_count(0)
        links = page.eval_on_selector_all("main a, header a", LINKS)
        waiting += [each for each in links if each.startswith(odd_bridge.base) and "/lineage?" not in each]  # fmt: skip
    names = [f"/{folder}/" for folder in ("datasets", "jobs", "runs")]
    assert all(sum(name in each for each in seen) > 3 for name in names), sorted(seen)


BARE_TIMES = """() => [...document.querySelectorAll('time')]
    .filter(e => !/^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d(\\.\\d+)? UTC$/.test(e.title))
    .map(e => e.outerHTML)"""


def test_every_time_has_utc_on_hover_and_none_is_bare(shop_bridge: Bridge, open_page: Open) -> None:
    page = open_page(shop_bridge.base)
    found = 0
    for address in pages.every(shop_bridge.base).values():
        page.goto(address)
        wait_until_still(page)
        assert page.evaluate(BARE_TIMES) == [], address
        found += page.locator("time").count()
        words = page.evaluate(
            "() => { const c = document.querySelector('main').cloneNode(true); "
            "c.querySelectorAll('.mono, pre, code, svg title').forEach(e => e.remove()); "
            "return c.textContent }"
        )
        # Airflow's own names of runs have times in them.
        words = re.sub(r"\b[a-z]+__\S+", "", words)
        assert not re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d", words), address
    assert found > 50
