"""The same test on both databases: `db` is an empty, migrated one, first SQLite, then PostgreSQL."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings

from fairlead_bridge.db.engine import open_database
from fairlead_bridge.db.migrate import migrate
from tests.bridge.odd import Look, absorb
from tests.support import postgres

#: How long an example takes is no claim of ours, on however busy a machine.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def db_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database of one's own, with nothing in it, not even tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'fairlead.db'}"
        return
    with new_database(request.getfixturevalue("postgres_server")) as url:
        yield url


@pytest.fixture
def empty_db(db_url: str) -> Iterator[sa.Engine]:
    engine = open_database(db_url)
    yield engine
    engine.dispose()


@pytest.fixture
def db(db_url: str, request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    """An empty, migrated database: a copy of one that was migrated once."""
    url = sa.make_url(db_url)
    if url.get_backend_name() == "sqlite":
        assert url.database is not None
        shutil.copy(request.getfixturevalue("migrated_file"), url.database)
    else:
        server = request.getfixturevalue("postgres_server")
        template = request.getfixturevalue("migrated_name")
        _as_admin(server, f"DROP DATABASE {url.database} WITH (FORCE)", f"CREATE DATABASE {url.database} TEMPLATE {template}")  # fmt: skip
    engine = open_database(db_url)
    yield engine
    engine.dispose()


@pytest.fixture
def look(db: sa.Engine) -> Look:
    """The catalog in words after these events came in, and what was set aside."""
    return lambda *events: absorb(db, *events)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an SQLite database that is migrated and empty."""
    path = tmp_path_factory.mktemp("migrated") / "fairlead.db"
    engine = open_database(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def migrated_name(postgres_server: str) -> Iterator[str]:
    """The name of a PostgreSQL database that is migrated and empty."""
    with new_database(postgres_server) as url:
        engine = open_database(url)
        migrate(engine)
        engine.dispose()
        yield str(sa.make_url(url).database)


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


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """The URL of a database on the server, with nothing in it; it is dropped at the end."""
    name = f"fairlead_test_{os.getpid()}_{next(_count)}"
    _as_admin(server, f"CREATE DATABASE {name}")
    yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    _as_admin(server, f"DROP DATABASE {name} WITH (FORCE)")


def _as_admin(server: str, *statements: str) -> None:
    engine = open_database(server)
    admin = engine.execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()
