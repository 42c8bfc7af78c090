"""Where headless Chromium is, and how it is started: Debian's, not one that is downloaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Missing(Exception):
    """There is no Chromium here."""


def program() -> str:
    found = os.environ.get("FAIRLEAD_CHROMIUM") or shutil.which("chromium")
    if not found:
        raise Missing("no Chromium: `apt-get install chromium`, or name it in FAIRLEAD_CHROMIUM")
    return found


@contextmanager
def running() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=program(), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()
