"""What the scheduler asks its database for when a DAG run ends, and what happens if that fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from fairlead_airflow import compat, deployment

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.postgres,
    pytest.mark.skipif(sa.__version__ < "2", reason="Airflow 2 has another PostgreSQL driver"),
]

AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def engine() -> Iterator[sa.Engine]:
    """Airflow's tables in PostgreSQL."""
    from airflow.models import import_all_models
    from airflow.models.base import Base
    from tests.support import postgres  # it imports the bridge, which Airflow 2 keeps out

    if lacking := postgres.missing():
        pytest.skip(lacking)
    import_all_models()
    with postgres.running() as url:
        engine = sa.create_engine(url)
        Base.metadata.create_all(engine)
        yield engine
        engine.dispose()


@pytest.fixture
def dag_run(engine: sa.Engine) -> Iterator[Any]:
    """A DAG run of three mapped instances, the first of which was tried twice."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.taskinstancehistory import TaskInstanceHistory

    run = {"dag_id": "shop", "run_id": "manual__1"}
    of_all = {**run, "task_id": "t", "pool": "default_pool", "pool_slots": 1, "start_date": AT}
    with engine.connect() as connection, connection.begin() as transaction:
        connection.execute(sa.text("SET session_replication_role = replica"))  # no foreign keys
        put = connection.execute
        put(sa.insert(DagRun).values(**run, run_type="manual", run_after=AT, clear_number=0))
        for n in range(3):
            values = {**of_all, "map_index": n, "try_number": 2 if n == 0 else 1}
            put(sa.insert(TaskInstance).values(**values, id=UUID(int=n), state="success"))
        earlier = {**of_all, "map_index": 0, "try_number": 1, "state": "failed"}
        put(sa.insert(TaskInstanceHistory).values(**earlier, task_instance_id=UUID(int=9)))
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session.scalar(sa.select(DagRun))
        transaction.rollback()


def test_every_try_is_found(dag_run: Any) -> None:
    rows, left_out = compat.database.instance_rows(dag_run, 100)
    assert left_out == 0
    assert sorted((r["map_index"], r["try_number"], r["state"]) for r in rows) == [
        (0, 1, "failed"),
        (0, 2, "success"),
        (1, 1, "success"),
        (2, 1, "success"),
    ]


@pytest.mark.parametrize(("most", "reported", "left_out"), [(4, 4, 0), (3, 3, 1), (2, 2, 2)])
def test_no_more_are_asked_for_than_are_reported(
    dag_run: Any, most: int, reported: int, left_out: int
) -> None:
    rows, others = compat.database.instance_rows(dag_run, most)
    assert (len(rows), others) == (reported, left_out)


def test_a_query_that_fails_leaves_the_transaction_of_the_scheduler_whole(dag_run: Any) -> None:
    session = Session.object_session(dag_run)
    assert session is not None
    dag_run.conf = {"changed": "by the scheduler, and not written yet"}
    session.execute(sa.text("ALTER TABLE task_instance_history DROP COLUMN pool"))
    with pytest.raises(sa.exc.DBAPIError):
        compat.database.instance_rows(dag_run, 100)
    session.commit()
    assert session.scalar(sa.text("SELECT conf FROM dag_run")) == dag_run.conf


def test_nothing_of_the_scheduler_is_written_before_its_time(dag_run: Any) -> None:
    session = Session.object_session(dag_run)
    assert session is not None
    dag_run.conf = {"changed": "by the scheduler, and not written yet"}
    compat.database.instance_rows(dag_run, 100)
    assert dag_run in session.dirty


def test_an_airflow_is_named_by_its_server_and_a_refused_question_harms_nothing(
    dag_run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployment, "_NAMES", {})
    name = deployment.name_of(dag_run)
    assert name is not None
    assert re.fullmatch(r"database \w+ of PostgreSQL server \d+", name)
    assert deployment.name_of(dag_run) == name
    monkeypatch.setattr(deployment, "_NAMES", {})
    monkeypatch.setattr(deployment, "_SERVER", {"postgresql": ("PostgreSQL", "SELECT nothing()")})
    fallback = deployment.name_of(dag_run)  # none of a server behind a socket
    assert fallback is None or " of PostgreSQL at " in fallback
    session = Session.object_session(dag_run)
    assert session is not None
    assert session.scalar(sa.text("SELECT 1")) == 1
