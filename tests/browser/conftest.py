"""Headless Chromium, and a bridge of its own that it looks at."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fairlead_bridge.web.page import STATIC
from tests.browser import shop
from tests.browser.chromium import Missing, running

playwright = pytest.importorskip("playwright.sync_api")

AXE = Path(__file__).parents[2] / "bridge" / "ui" / "node_modules" / "axe-core" / "axe.min.js"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass
class Bridge:
    """`fairlead-bridge serve` as its own process, over a database of its own."""

    folder: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    base: str = field(default="")

    def start(self) -> None:
        command = [sys.executable, "-m", "fairlead_bridge", "serve", "--port", str(self.port)]
        database = f"sqlite:///{self.folder / 'bridge.db'}"
        log = self.folder / "bridge.log"
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, "--database-url", database],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
            )

        def started() -> re.Match[str] | None:
            assert self.process is not None
            assert self.process.poll() is None, log.read_text()
            return re.search(r"url=(http://\S+:(\d+))", log.read_text())

        until(started, "the bridge has not started")
        found = started()
        assert found
        self.base, self.port = found[1], int(found[2])
        until(self.settled, "the bridge does not answer")

    def stop(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(15)
            self.process = None

    def get(self, path: str) -> shop.Json:
        with urllib.request.urlopen(f"{self.base}/api/v1/{path}", timeout=10) as answer:  # noqa: S310
            found: shop.Json = json.load(answer)
        return found

    def settled(self) -> bool:
        try:
            return bool(self.get("health")["inbox"]["waiting"] == 0)
        except OSError:
            return False

    def tell(self, events: list[shop.Json]) -> None:
        """Send events and wait until the catalog knows them."""
        shop.post(self.base, events)
        until(self.settled, "the bridge has not absorbed the events")
        assert self.get("health")["inbox"]["quarantined"] == 0, self.get("quarantine?limit=1")


def until(true: Callable[[], object], otherwise: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise AssertionError(otherwise)
        time.sleep(0.05)


@pytest.fixture(scope="session")
def chromium() -> Iterator[playwright.Browser]:
    if not (STATIC / "index.html").is_file():
        pytest.fail("the page is not built: install the bridge without FAIRLEAD_SKIP_UI")
    try:
        with running() as browser:
            yield browser
    except Missing as missing:
        pytest.fail(str(missing))


@pytest.fixture(scope="session")
def shop_bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """A bridge that knows the shop's story; tests only read it."""
    bridge = Bridge(tmp_path_factory.mktemp("shop"))
    bridge.start()
    bridge.tell(list(shop.story(shop.now())))
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
        pytest.fail("axe-core is not here: run `npm ci` in bridge/ui")
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
