"""What all tests share: which of them run in one process, and the option that rewrites stories."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-stories",
        action="store_true",
        help="write what the bridge makes of each story beside it, instead of comparing",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of one file share fixtures; system tests would slow each other down."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        group = "system" if item.get_closest_marker("system") else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
