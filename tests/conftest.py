"""What all tests share: system tests run one at a time, and the option that rewrites stories."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-stories",
        action="store_true",
        help="write what the bridge makes of each story beside it, instead of comparing",
    )


class _Turn:
    """One system test at a time, in however many processes tests run: they start whole systems."""

    def __init__(self) -> None:
        self._file: int | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        if _is_system(item) and self._file is None:
            path = Path(tempfile.gettempdir()) / f"fairlead-system-tests-{os.getuid()}"
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
        result = yield
        if self._file is not None and (nextitem is None or not _is_system(nextitem)):
            os.close(self._file)  # fixtures of the module have ended with its last test
            self._file = None
        return result


def _is_system(item: pytest.Item) -> bool:
    return item.get_closest_marker("system") is not None


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Turn())
