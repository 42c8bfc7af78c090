"""
Pictures of every page of a running bridge, in light and dark.

    python -m tests.browser.screenshots URL [--out FOLDER] [--only NAME ...] [--focus NODE] [--keys b]

Chromium is looked for on the PATH; FAIRLEAD_CHROMIUM names another.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.browser import chromium, pages

if TYPE_CHECKING:
    from playwright.sync_api import Page

SCHEMES = ("light", "dark")


def settled(page: Page) -> None:
    """Wait until the page shows what it has to show, fonts included, and nothing moves."""
    page.wait_for_load_state("load")
    page.locator("main").wait_for()
    page.wait_for_function(
        "() => !document.querySelector('[aria-busy=true]') && "
        "!document.body.innerText.includes('Loading the graph…')"
    )
    page.evaluate("() => document.fonts.ready")
    page.get_by_role("status").filter(has_text="Live").wait_for()
    page.wait_for_timeout(400)


@dataclass(frozen=True)
class How:
    """How pictures are taken: `size` of the window in CSS pixels, `scale` pixels for each of them."""

    size: tuple[int, int] = (1456, 819)
    scale: float = 2.0
    keys: Sequence[str] = ()  # pressed one after the other before the picture is taken


def take(base: str, out: Path, names: Sequence[str], focus: str, how: How) -> list[Path]:
    """One PNG a page and scheme in `out`; returns their paths."""
    out.mkdir(parents=True, exist_ok=True)
    every = pages.every(base, focus)
    if unknown := set(names) - every.keys():
        raise SystemExit(
            f"No page {', '.join(sorted(unknown))} here; there are {', '.join(every)}."
        )
    taken = []
    with chromium.running() as browser:
        for scheme in SCHEMES:
            context = browser.new_context(
                viewport={"width": how.size[0], "height": how.size[1]},
                device_scale_factor=how.scale,
                color_scheme=scheme,
                reduced_motion="reduce",
            )
            page = context.new_page()
            for name in names or every:
                page.goto(every[name])
                settled(page)
                for key in how.keys:
                    page.keyboard.press(key)
                    settled(page)
                file = out / (f"{name}.png" if scheme == "light" else f"{name}-{scheme}.png")
                page.screenshot(path=file)
                taken.append(file)
            context.close()
    return taken


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.browser.screenshots",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("url", help="of the bridge, such as http://127.0.0.1:7070")
    parser.add_argument("--out", type=Path, default=Path("screenshots"), help="folder to write to")
    parser.add_argument("--focus", default="", help="dataset:NAMESPACE:NAME of the lineage page")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="only these pages")
    parser.add_argument("--keys", nargs="+", default=[], metavar="KEY", help="pressed before")
    parser.add_argument("--size", type=_size, default=How.size, help="of the window: 1456x819")
    parser.add_argument("--scale", type=float, default=How.scale, help="pixels for each CSS pixel")
    given = parser.parse_args()
    how = How(given.size, given.scale, given.keys)
    for file in take(given.url.rstrip("/"), given.out, given.only, given.focus, how):
        sys.stdout.write(f"{file}  {file.stat().st_size // 1000} kB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
