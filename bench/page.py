"""
What the page costs: bytes until it shows, the graph API, the layout, and a map of 5,000 cards.

    python -m bench.page [--cards 5000] [--asked 60] [--without-browser]

The sizes are of the page as it is installed. The graph API is asked over HTTP, one request after
the other, by a bridge of its own. The map is measured in headless Chromium with software rendering,
from the navigation until it is drawn and a key press has been answered, the bridge's answer
included: the first time, and when the bridge has drawn this graph before.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.support import lineage_graphs as graphs
from tests.support.browser import chromium, pages, shop
from tests.support.browser.bridge import Bridge

from fairlead_bridge import inbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db.engine import open_database, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from fairlead_bridge.web.lineage.layout import Drawing, arrange
from fairlead_bridge.web.page import STATIC

ROUNDS = 5
WARM_UP = 5  # requests that are not counted
DAGS, TASKS, RUNS = 60, 8, 5
MIDDLE = DAGS // 2
HUB = "dw.raw.in"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cards", type=int, default=5_000, help="of the map")
    parser.add_argument("--asked", type=int, default=60, help="graphs asked of the API")
    parser.add_argument("--without-browser", action="store_true", help="leave the map out")
    given = parser.parse_args()
    sizes()
    layouts(given.cards)
    api(given.asked)
    if not given.without_browser:
        the_map(given.cards)


# --- bytes ------------------------------------------------------------------------------------


def sizes() -> None:
    """What the browser fetches before the first page shows: the entry and all it imports."""
    document = (STATIC / "index.html").read_text()
    first = set(re.findall(r'(?:src|href)="\.?/?(assets/[^"]+\.(?:js|css))"', document))
    entry = next(name for name in first if re.search(r"/index-[^/]+\.js$", name))
    page = re.search(r"LineagePage-[\w-]+\.js", (STATIC / entry).read_text())
    assert page, "the entry does not load the lineage page"
    lineage = first | _imported(STATIC / "assets" / page[0])
    for title, names in (("first page's shell", first), ("with the lineage page", lineage)):
        scripts = sum(_packed(name) for name in names if name.endswith(".js"))
        styles = sum(_packed(name) for name in names if name.endswith(".css"))
        print(f"{title:24}{scripts:8.1f} kB of JS, {styles:6.1f} kB of CSS, gzip")


def _imported(file: Path) -> set[str]:
    """A script and all that it imports statically."""
    found, waiting = set[str](), [file]
    while waiting:
        script = waiting.pop()
        name = f"assets/{script.name}"
        if name in found:
            continue
        found.add(name)
        imports = re.findall(r'(?:from|import)\s*["`]\./([^"`]+\.js)["`]', script.read_text())
        waiting += [script.parent / each for each in imports]
    return found


def _packed(name: str) -> float:
    return len(gzip.compress((STATIC / name).read_bytes(), 9)) / 1000


# --- layout -----------------------------------------------------------------------------------


def layouts(largest: int) -> None:
    print(f"\n{'layout':24}{'cards':>7}{'edges':>8}{'ms':>9}   edges through cards")
    for name, (boxes, links, frames) in {
        **graphs.GRAPHS,
        "a company of 300": graphs.company(300),
        "a company of 500": graphs.company(500),
        f"a company of {largest}": graphs.company(largest),
    }.items():
        times = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            drawing = arrange(boxes, links, frames)
            times.append(time.perf_counter() - start)
        through = (
            sum(_runs_through(drawing, at) for at in range(len(links)))
            if len(boxes) < 3_000
            else _through_some(drawing, links)
        )
        print(
            f"{name:24}{len(boxes):7}{len(links):8}{1e3 * statistics.median(times):9.1f}   {through}"
        )


def _runs_through(drawing: Drawing, at: int) -> bool:
    """Whether an edge, as it is drawn, runs through any card."""
    points = drawing.routes[at]
    if not points:
        return False
    near = graphs.obstacles_near(points, [*drawing.cards.values()])
    return any(graphs.inside(point, card) for point in graphs.along(points) for card in near)


def _through_some(drawing: Drawing, links: list[Any], many: int = 400) -> str:
    some = random.Random(5).sample(range(len(links)), min(many, len(links)))
    return f"{sum(_runs_through(drawing, at) for at in some)} of {len(some)} looked at"


# --- the API ----------------------------------------------------------------------------------


def company_events() -> Iterator[shop.Json]:
    """DAGs of eight tasks; each task reads tables of the DAGs before and writes one."""
    chance = random.Random(3)
    begin = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=RUNS)
    tables = [[f"dw.dag_{dag}.table_{task}" for task in range(TASKS)] for dag in range(DAGS)]
    reads = {
        name: [
            chance.choice(tables[chance.randrange(max(0, dag - 5), dag)]) if dag else HUB,
            tables[dag][task - 1] if task else HUB,
        ]
        for dag in range(DAGS)
        for task, name in enumerate(tables[dag])
    }
    for run in range(RUNS):
        for dag in range(DAGS):
            tasks = [
                shop.Task(
                    f"build_{name.rpartition('.')[2]}",
                    [shop.table(read) for read in dict.fromkeys(reads[name])],
                    [shop.table(name, id="int", amount="numeric")],
                )
                for name in tables[dag]
            ]
            yield from shop.dag_run(f"dag_{dag}", tasks, begin + timedelta(hours=run, seconds=dag))


def api(asked: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bridge = Bridge(Path(folder))
        _fill(f"sqlite:///{Path(folder) / 'bridge.db'}", company_events())
        bridge.start()
        try:
            print(f"\n{'graph API over HTTP':24}{'cards':>7}{'kB':>8}{'p50 ms':>9}{'p95 ms':>9}")
            for limit in (100, 300, 500):
                _ask(bridge.base, limit, asked)
        finally:
            bridge.stop()


def _fill(url: str, events: Iterable[shop.Json]) -> None:
    engine = open_database(url)
    migrate(engine)
    bodies = [json.dumps(event).encode() for event in events]
    now = time.time_ns() // 1000
    with writing(engine) as tx:
        inbox.put(tx, bodies, "bench", now)
    translate = Translator(Normaliser())
    while absorb_waiting(engine, translate, {}, now, 500):
        pass
    engine.dispose()


def _ask(base: str, limit: int, asked: int) -> None:
    chance = random.Random(limit)
    times, cards, size = [], [], 0
    for _ in range(WARM_UP + asked):
        dag, task = chance.randrange(MIDDLE - 10, MIDDLE + 10), chance.randrange(TASKS)
        node = f"dataset:{shop.WAREHOUSE}:dw.dag_{dag}.table_{task}"
        address = f"{base}/api/v1/graph?node={quote(node, safe='')}&up=50&down=50&limit={limit}"
        start = time.perf_counter()
        with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310
            body = answer.read()
        times.append(time.perf_counter() - start)
        cards.append(len(json.loads(body)["cards"]))
        size = max(size, len(body))
    times = sorted(times[WARM_UP:])
    p50, p95 = times[len(times) // 2], times[int(len(times) * 0.95)]
    print(
        f"{'':24}{statistics.median(cards):7.0f}{size / 1000:8.0f}{1e3 * p50:9.1f}{1e3 * p95:9.1f}"
    )


# --- the map ----------------------------------------------------------------------------------

#: Runs in the page: milliseconds from the navigation until the graph is drawn and a key answered.
INTERACTIVE = """
() => new Promise(done => {
  const frame = () => new Promise(requestAnimationFrame)
  const look = async () => {
    if (!document.querySelector('.react-flow canvas, .react-flow .card')) return setTimeout(look, 5)
    await frame(); await frame()
    const drawn = performance.now()
    window.dispatchEvent(new KeyboardEvent('keydown', { key: 'f', bubbles: true }))
    await frame(); await frame()
    done([drawn, performance.now()])
  }
  look()
})
"""

#: Frames a second while the whole graph is moved for a second.
MOVING = """
() => new Promise(done => {
  const pane = document.querySelector('.react-flow__pane')
  let frames = 0
  const begin = performance.now()
  const step = now => {
    frames += 1
    const event = { deltaX: 0, deltaY: frames % 40 < 20 ? -30 : 30, clientX: 700, clientY: 450 }
    pane.dispatchEvent(new WheelEvent('wheel', { ...event, bubbles: true, cancelable: true }))
    if (now - begin < 1000) requestAnimationFrame(step)
    else done(frames * 1000 / (now - begin))
  }
  requestAnimationFrame(step)
})
"""


def wide_events(cards: int) -> Iterator[shop.Json]:
    """DAGs of eight tasks, one after the other, that all begin with one table."""
    begin = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    for dag in range(cards // (2 * TASKS)):
        tables = [HUB, *(f"dw.dag_{dag}.table_{task}" for task in range(TASKS))]
        tasks = [
            shop.Task(
                f"build_{task}",
                [shop.table(tables[task])],
                [shop.table(tables[task + 1], id="int", amount="numeric")],
            )
            for task in range(TASKS)
        ]
        yield from shop.dag_run(f"dag_{dag}", tasks, begin + timedelta(seconds=dag))


def the_map(size: int) -> None:
    try:
        chromium.program()
    except chromium.Missing as missing:
        print(f"\nno map: {missing}")
        return
    with tempfile.TemporaryDirectory() as folder, chromium.running() as browser:
        bridge = Bridge(Path(folder))
        _fill(f"sqlite:///{Path(folder) / 'bridge.db'}", wide_events(size))
        bridge.start()
        try:
            title = "map in Chromium, bridge included"
            print(f"\n{title:34}{'cards':>7}{'drawn ms':>11}{'answered ms':>13}{'fps':>6}")
            for limit in (300, size):
                for title, rounds in (("the first time", 1), ("again", ROUNDS)):
                    drawn, answered, fps = _seen(browser, bridge.base, limit, rounds)
                    print(
                        f"  {title:32}{limit:7}{drawn:11.0f}{answered:13.0f}{fps:6.0f}", flush=True
                    )
        finally:
            bridge.stop()


def _seen(browser: Any, base: str, limit: int, rounds: int) -> Iterator[float]:
    """Medians: milliseconds until drawn and until answered, and frames a second."""
    focus = f"dataset:{shop.WAREHOUSE}:{HUB}"
    seen = []
    for _ in range(rounds):
        context = browser.new_context(viewport={"width": 1456, "height": 819})
        page = context.new_page()
        page.goto(pages.lineage(base, focus, down=2 * TASKS, limit=limit), wait_until="commit")
        drawn, answered = page.evaluate(INTERACTIVE)
        page.wait_for_timeout(300)
        seen.append((drawn, answered, page.evaluate(MOVING)))
        context.close()
    return (statistics.median(each[part] for each in seen) for part in range(3))


if __name__ == "__main__":
    main()
