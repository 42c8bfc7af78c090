"""The same test on both databases: `db` is an empty, migrated one, first SQLite, then PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from fairlead_bridge.db.engine import open_database
from fairlead_bridge.db.migrate import migrate
from tests import postgres


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def db_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database of one's own, with nothing in it, not even tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'fairlead.db'}"
        return
    yield from _new_database(request.getfixturevalue("postgres_server"))


@pytest.fixture
def empty_db(db_url: str) -> Iterator[sa.Engine]:
    engine = open_database(db_url)
    yield engine
    engine.dispose()


@pytest.fixture
def db(empty_db: sa.Engine) -> sa.Engine:
    migrate(empty_db)
    return empty_db


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server: FAIRLEAD_TEST_POSTGRES, or one started for these tests."""
    given = os.environ.get("FAIRLEAD_TEST_POSTGRES")
    if given:
        yield given
        return
    lacking = postgres.missing()
    if lacking:
        pytest.skip(lacking)
    with postgres.running() as url:
        yield url


_count = iter(range(1_000_000))


def _new_database(server: str) -> Iterator[str]:
    name = f"fairlead_test_{os.getpid()}_{next(_count)}"
    engine = open_database(server)
    admin = engine.execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()
