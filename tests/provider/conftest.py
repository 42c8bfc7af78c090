"""
Tests that import Airflow get a home of their own, one each process; set before the first import.
And what tests of several files use: a bridge that knows a shop, and a warehouse in SQLite.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.support import shop
from tests.support.bridging import Bridge, running

if "AIRFLOW_HOME" not in os.environ or "PYTEST_XDIST_WORKER" in os.environ:
    home = tempfile.mkdtemp(prefix="airflow-home-")
    os.environ["AIRFLOW_HOME"] = home
    os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    atexit.register(shutil.rmtree, home, ignore_errors=True)


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """Knows three days of the DAG `shop`; orders were written last on 2026-11-03 at 06:01:13."""
    with running(tmp_path_factory.mktemp("bridge")) as started:
        started.take(shop.events())
        yield started


@pytest.fixture
def connection(bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_FAIRLEAD_DEFAULT", "fairlead://" + bridge.url[7:])


@pytest.fixture
def no_bridge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_FAIRLEAD_DEFAULT", "fairlead://127.0.0.1:9")


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A shop's warehouse, behind the connection `shop`."""
    path = str(tmp_path / "warehouse.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("""
            CREATE TABLE raw (id INTEGER, amount REAL, customer TEXT);
            CREATE TABLE Sales (order_id INTEGER, eur REAL);
            INSERT INTO raw VALUES (1, 10.0, 'ann'), (2, 20.0, 'bob');
        """)
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", f"sqlite://{path}")
    return path


@pytest.fixture
def collector() -> Iterator[None]:
    """As at the start of a task: nothing collected yet."""
    from tests.provider.versions import forget_hook_lineage

    forget_hook_lineage()
    yield
    forget_hook_lineage()
