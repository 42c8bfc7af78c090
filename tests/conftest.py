"""What all tests share: the order in which processes take them, and the option that rewrites stories."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

#: Tests here start whole systems: Airflow, bridge and page. Two at once would wait for each other.
_SYSTEMS = "tests/system/"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-stories",
        action="store_true",
        help="write what the bridge makes of each story beside it, instead of comparing",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    Whole systems come first, since they take longest; then the files with the fewest tests, since
    those take longest each: at the end all processes are busy.
    """
    tests = Counter(_file(item.nodeid) for item in items)
    items.sort(key=lambda item: (_file(item.nodeid) != _SYSTEMS, tests[_file(item.nodeid)]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Files are spread over the processes; all that starts whole systems stays with one of them."""
    from xdist.scheduler import LoadScopeScheduling

    class Files(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _file(nodeid)

    config.option.loadscopereorder = False  # the order above is kept
    return Files(config, log)


def _file(nodeid: str) -> str:
    return _SYSTEMS if nodeid.startswith(_SYSTEMS) else nodeid.partition("::")[0]
