"""Headless Chromium, and a bridge of its own that it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fairlead_bridge.web.page import STATIC
from tests.support.browser import shop
from tests.support.browser.bridge import Bridge
from tests.support.browser.chromium import Missing, running

playwright = pytest.importorskip("playwright.sync_api")

AXE = Path(__file__).parents[2] / "bridge" / "ui" / "node_modules" / "axe-core" / "axe.min.js"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")  # Playwright holds an event loop while it runs
def chromium() -> Iterator[playwright.Browser]:
    if not (STATIC / "index.html").is_file():
        pytest.fail("the page is not built: install the bridge without FAIRLEAD_SKIP_UI")
    try:
        with running() as browser:
            yield browser
    except Missing as missing:
        pytest.fail(str(missing))


@pytest.fixture(scope="package")  # Playwright holds an event loop while it runs
def shop_bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """A bridge that knows the shop's story; tests only read it."""
    bridge = Bridge(tmp_path_factory.mktemp("shop"))
    bridge.start()
    bridge.send(list(shop.story(shop.now())))
    yield bridge
    bridge.stop()


@pytest.fixture(scope="module")
def module_bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """An empty bridge that the tests of one file share."""
    bridge = Bridge(tmp_path_factory.mktemp("bridge"))
    bridge.start()
    yield bridge
    bridge.stop()


@pytest.fixture
def own_bridge(tmp_path: Path) -> Iterator[Bridge]:
    """An empty bridge for one test."""
    bridge = Bridge(tmp_path)
    bridge.start()
    yield bridge
    bridge.stop()


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


Open = Callable[..., "playwright.Page"]

expect = playwright.expect
expect.set_options(timeout=15_000)  # a busy machine is slow, not wrong


def wait_until_still(page: playwright.Page) -> None:
    """Wait until nothing on the page is loading."""
    page.wait_for_load_state("load")
    expect(page.locator("main")).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    expect(page.get_by_text("Loading the graph…")).to_have_count(0)


@pytest.fixture
def open_page(chromium: playwright.Browser) -> Iterator[Open]:
    """Open an address; at the end, nothing may have gone wrong in the browser."""
    contexts = []
    troubles: list[str] = []

    def open_it(address: str, scheme: str = "light", zone: str = "Asia/Tokyo") -> playwright.Page:
        context = chromium.new_context(
            viewport={"width": 1456, "height": 819},
            color_scheme=scheme,
            timezone_id=zone,
            accept_downloads=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("dialog", lambda dialog: (troubles.append(dialog.message), dialog.dismiss()))
        page.on(
            "console",
            lambda message: (
                troubles.append(message.text)
                if message.type == "error" and "Failed to load resource" not in message.text
                else None
            ),
        )
        page.goto(address)
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def serious() -> Callable[[playwright.Page], list[str]]:
    """What axe-core finds on a page that is serious or critical."""
    if not AXE.is_file():
        pytest.fail(f"{AXE} is not there: installing the bridge builds its page with `npm ci`")
    source = AXE.read_text(encoding="utf-8")

    def find(page: playwright.Page) -> list[str]:
        page.evaluate(source)
        found = page.evaluate("() => axe.run()")
        assert found["passes"], "axe-core has looked at nothing"
        return [
            f"{rule['id']} ({rule['impact']}): {[node['html'][:160] for node in rule['nodes'][:4]]}"
            for rule in found["violations"]
            if rule["impact"] in {"serious", "critical"}
        ]

    return find
