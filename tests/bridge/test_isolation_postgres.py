"""The isolation suite (`test_isolation.py`) on PostgreSQL: every address, in the same catalogs of two teams."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from fairlead_bridge.db.engine import open_database
from tests.bridge import test_isolation as suite
from tests.bridge.conftest import new_database

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def two(postgres_server: str) -> Iterator[suite.Two]:
    with ExitStack() as stack:
        urls = [stack.enter_context(new_database(postgres_server)) for _ in range(2)]
        engines = [open_database(url) for url in urls]
        yield suite.Two(*engines)
        for engine in engines:
            engine.dispose()


test_a_team_is_answered_as_if_it_were_alone = suite.test_a_team_is_answered_as_if_it_were_alone
test_what_another_team_has_is_answered_as_what_none_has = (
    suite.test_what_another_team_has_is_answered_as_what_none_has
)
