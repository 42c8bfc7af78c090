"""What all tests share: the option that rewrites the expected side of stories."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-stories",
        action="store_true",
        help="write what the bridge makes of each story beside it, instead of comparing",
    )
