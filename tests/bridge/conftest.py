"""The same test on both databases: `db` is an empty, migrated one, first SQLite, then PostgreSQL."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from fairlead_bridge.db.engine import open_database
from fairlead_bridge.db.migrate import migrate

_PROGRAMS = "/usr/lib/postgresql"
_LANGUAGE = ("--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US")
_MISSING = (
    "PostgreSQL's programs are not here: `apt-get install postgresql` (no service is needed), "
    "or name a server in FAIRLEAD_TEST_POSTGRES"
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def db_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database of one's own, with nothing in it, not even tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'fairlead.db'}"
        return
    yield from _new_database(request.getfixturevalue("postgres_server"))


@pytest.fixture
def db(db_url: str) -> Iterator[sa.Engine]:
    engine = open_database(db_url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """
    The URL of a PostgreSQL server, started for this run of the tests.

    Its language is English, not C: text must not come out in another order than on SQLite.
    """
    given = os.environ.get("FAIRLEAD_TEST_POSTGRES")
    if given:
        yield given
        return
    found = sorted(Path(_PROGRAMS).glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        pytest.skip(_MISSING)
    folder = Path(tempfile.mkdtemp(prefix="fairlead-pg-"))
    user = _unprivileged_user(folder)
    data = folder / "data"
    try:
        subprocess.run(  # noqa: S603
            [found[-1], "-D", data, "-U", "fairlead", "--no-sync", *_LANGUAGE],
            check=True,
            capture_output=True,
            user=user,
            cwd=folder,
        )
        yield from _serve(found[-1].with_name("postgres"), data, folder, user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged_user(folder: Path) -> int | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
        os.chown(folder, user, -1)
        return user
    pytest.skip("PostgreSQL does not run as root, and there is no user postgres or nobody")


def _serve(program: Path, data: Path, folder: Path, user: int | None) -> Iterator[str]:
    settings = ["listen_addresses=", "fsync=off", "max_connections=200", "shared_buffers=64MB"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(  # noqa: S603
            [program, "-D", data, "-k", folder, *(f"-c{setting}" for setting in settings)],
            stdout=log,
            stderr=subprocess.STDOUT,
            user=user,
            cwd=folder,
        )
    url = f"postgresql://fairlead@/postgres?host={folder}"
    try:
        _wait_for(url, server, folder / "log")
        yield url
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait(30)


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    engine = open_database(url)
    for _ in range(200):
        try:
            engine.connect().close()
        except sa.exc.OperationalError:
            if server.poll() is not None:
                break
            time.sleep(0.05)
        else:
            engine.dispose()
            return
    pytest.fail(f"PostgreSQL did not start:\n{log.read_text()}")


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
