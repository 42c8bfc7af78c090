"""Pictures of pages."""

from __future__ import annotations

import os
from typing import Any


def picture(page: Any, name: str) -> None:
    """For people who look at the pages: FAIRLEAD_TEST_PICTURES names a folder."""
    if folder := os.environ.get("FAIRLEAD_TEST_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png")
