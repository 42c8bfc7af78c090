"""What keeps runs from starting is reported when it begins: DAGs that are paused, tasks that wait."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from fairlead_airflow import compat
from fairlead_airflow.scheduling import Scheduling

AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
Row = dict[str, Any]


def row(task_id: str = "load", **more: Any) -> Row:
    run = {"dag_id": "shop", "run_id": "scheduled__1", "logical_date": AT, "run_after": AT}
    task = {"task_id": task_id, "map_index": -1, "try_number": 1, "state": "scheduled"}
    pool = {"pool": "loads", "queue": "default", "pool_total": 8, "pool_open": 0}
    return {**run, "clear_number": 0, **task, **pool, "queued_dttm": AT, **more}


class Airflow:
    """What Airflow's database says at each look, and what was reported."""

    def __init__(self) -> None:
        self.paused: set[str] = set()
        self.gone: dict[str, datetime | None] = {}
        self.waiting: list[Row] = []
        self.events: list[Any] = []
        self.asked: list[datetime] = []
        self._watched = Scheduling(
            self.events.append, lambda: set(self.paused), self._tasks, lambda: dict(self.gone)
        )

    def _tasks(self, before: datetime, most: int) -> list[Row]:
        self.asked.append(before)
        return self.waiting[:most]

    def look(self, minute: int = 0) -> list[Any]:
        self.events.clear()
        self._watched.look(AT + timedelta(minutes=minute))
        return list(self.events)


def test_a_dag_that_is_gone_or_comes_back_is_reported_once_and_one_of_long_ago_never() -> None:
    airflow = Airflow()
    airflow.gone = {
        "lately": AT - timedelta(hours=1),
        "old": AT - timedelta(days=9),
        "unread": None,
    }
    assert [event["job"]["name"] for event in airflow.look()] == ["lately"]
    assert airflow.look(1) == []
    airflow.gone = {"old": AT - timedelta(days=9), "unread": None, "shop": AT}
    states = {
        event["job"]["name"]: event["job"]["facets"]["fairlead_dag_state"]["isGone"]
        for event in airflow.look(2)
    }
    assert states == {"lately": False, "shop": True}


def test_a_dag_that_is_paused_or_goes_on_is_reported_once() -> None:
    airflow = Airflow()
    assert airflow.look() == []
    airflow.paused = {"shop", "old"}
    reported = airflow.look(1)
    assert [event["job"]["name"] for event in reported] == ["old", "shop"]
    state = reported[0]["job"]["facets"]["fairlead_dag_state"]
    assert (state["isPaused"], state["at"]) == (True, "2026-11-21T08:01:00+00:00")
    assert airflow.look(2) == []
    airflow.paused = {"old"}
    (reported,) = airflow.look(3)
    assert reported["job"]["facets"]["fairlead_dag_state"]["isPaused"] is False


def test_a_task_that_has_waited_for_five_minutes_is_reported_once_with_the_reason() -> None:
    airflow = Airflow()
    airflow.waiting = [row(), row("other", pool="free", pool_open=3)]
    (event,) = airflow.look(10)
    assert airflow.asked == [AT + timedelta(minutes=5)]
    facet = event["run"]["facets"]["fairlead_instances"]
    assert (event["eventType"], facet["state"]) == ("OTHER", "running")
    assert [(each["taskId"], each.get("waitsFor")) for each in facet["instances"]] == [
        ("load", "pool loads: all 8 slots are taken"),
        ("other", None),
    ]
    assert facet["instances"][0]["queuedAt"] == AT.isoformat()
    assert airflow.look(11) == []
    airflow.waiting = [row(state="queued")]
    (event,) = airflow.look(12)
    (reported,) = event["run"]["facets"]["fairlead_instances"]["instances"]
    assert reported["waitsFor"] == "a worker: it has been in the queue default"


@pytest.fixture
def database() -> Iterator[sa.Connection]:
    """Airflow's own tables, in the database of this test's Airflow."""
    from airflow import settings
    from airflow.models import import_all_models
    from airflow.models.base import Base

    settings.initialize()
    import_all_models()
    Base.metadata.create_all(settings.engine)
    with settings.engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")
        yield connection
    Base.metadata.drop_all(settings.engine)


@pytest.mark.airflow
@pytest.mark.skipif(sa.__version__ < "2", reason="Airflow 2 has no dag-processor with the database")
def test_airflows_tables_say_what_is_paused_and_what_waits(database: sa.Connection) -> None:
    from airflow.models.dag import DagModel
    from airflow.models.dagrun import DagRun
    from airflow.models.errors import ParseImportError
    from airflow.models.pool import Pool
    from airflow.models.taskinstance import TaskInstance

    put = database.execute
    limits = {"max_consecutive_failed_dag_runs": 0, "has_task_concurrency_limits": False}
    dags = (("shop", True, False), ("b", False, False), ("gone", True, True), ("typo", False, True))
    for dag_id, paused, stale in dags:
        flags = {"is_paused": paused, "is_stale": stale, "max_active_tasks": 1}
        place = {"bundle_name": "d", "relative_fileloc": f"{dag_id}.py"}
        put(sa.insert(DagModel).values(dag_id=dag_id, **place, **flags, **limits))
    put(sa.insert(ParseImportError).values(filename="typo.py", bundle_name="d", stacktrace="x"))
    run = {"dag_id": "shop", "run_id": "manual__1"}
    put(sa.insert(DagRun).values(**run, run_type="manual", run_after=AT, clear_number=0))
    put(sa.insert(Pool).values(pool="loads", slots=1, include_deferred=False))
    of_all = {**run, "pool": "loads", "pool_slots": 1, "map_index": -1, "try_number": 1}
    for number, (state, minutes) in enumerate((("running", 60), ("scheduled", 30), ("queued", 2))):
        values = {**of_all, "task_id": state, "state": state, "id": UUID(int=number)}
        put(
            sa.insert(TaskInstance).values(**values, scheduled_dttm=AT - timedelta(minutes=minutes))
        )
    database.commit()
    assert compat.database.paused_dags() == {"shop"}
    assert set(compat.database.gone_dags()) == {"gone"}
    (waiting,) = compat.database.waiting_tasks(AT - timedelta(minutes=5), 10)
    assert (waiting["task_id"], waiting["state"]) == ("scheduled", "scheduled")
    assert (waiting["pool_total"], waiting["pool_open"]) == (1, -1)
    assert waiting["queued_dttm"] == AT - timedelta(minutes=30)
    assert [each["task_id"] for each in compat.database.waiting_tasks(AT, 10)] == [
        "scheduled",
        "queued",
    ]
