"""What is stale by its age, and which DAGs and tasks are gone from Airflow."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.importing import events
from tests.bridge.asking import Api, wrote
from tests.bridge.test_declare import BI, declare
from tests.support.small import airflow_dag, airflow_task, run_event, uuid


@pytest.fixture
def api(db: sa.Engine) -> Api:
    return Api(db)


def marked(api: Api, path: str, mark: str) -> set[str]:
    return {item["name"] for item in api.get(path)["items"] if item[mark]}


def dag_start(number: int, at: str, *tasks: str) -> bytes:
    graph = {"tasks": {task: {"downstream_task_ids": []} for task in tasks}}
    return run_event(
        "START", at, uuid(number), "d", run={"airflowDagRun": airflow_dag(f"manual_{number}")},
        facets={"airflow": graph, "jobType": {"integration": "AIRFLOW", "jobType": "DAG"}},
    )  # fmt: skip


def task_end(number: int, at: str, task: str) -> bytes:
    run = {"airflow": airflow_task(task, f"manual_{number}")}
    return run_event("COMPLETE", at, uuid(number + 50), f"d.{task}", run=run)


def test_what_no_event_names_for_as_long_as_the_setting_says_is_stale(api: Api) -> None:
    api.send(*wrote("load", "shop.orders"))
    assert (marked(api, "datasets", "stale"), marked(api, "jobs", "stale")) == (set(), set())
    api.now += timedelta(days=90)
    assert marked(api, "datasets", "stale") == {"shop.orders"}
    assert marked(api, "jobs", "stale") == {"load"}
    (job,) = api.get("jobs")["items"]
    assert api.get(f"jobs/{job['id']}")["stale"]
    api.send(*wrote("load", "shop.orders", at=(api.now - timedelta(days=1)).isoformat()))
    assert marked(api, "datasets", "stale") == set()


def test_what_a_file_declares_is_never_stale(api: Api) -> None:
    declare(api, BI)
    api.now += timedelta(days=900)
    assert marked(api, "datasets", "stale") == {"shop.orders", "crm/orders"}


def test_a_task_that_the_newest_start_of_its_dag_does_not_list_is_gone(api: Api) -> None:
    api.send(dag_start(1, "08:00:00", "load", "old"), task_end(1, "08:01:00", "old"))
    assert marked(api, "jobs", "gone") == set()
    api.send(dag_start(2, "09:00:00", "load"))
    assert marked(api, "jobs", "gone") == {"d.old"}


def test_a_dag_is_gone_with_its_tasks_when_airflow_says_so_until_it_runs_again(api: Api) -> None:
    api.send(dag_start(1, "08:00:00", "load"))
    api.send(events.gone("prod", "d", api.micros))
    assert marked(api, "jobs", "gone") == {"d", "d.load"}
    api.send(dag_start(2, (api.now + timedelta(hours=1)).isoformat(), "load"))
    api.now += timedelta(hours=2)
    assert marked(api, "jobs", "gone") == set()


@pytest.mark.parametrize(
    ("dag", "is_gone"),
    [
        ({"dag_id": "d"}, True),
        ({"dag_id": "d", "is_stale": True}, True),
        ({"dag_id": "d", "is_active": False}, True),
        ({"dag_id": "d", "is_stale": False, "is_paused": True}, False),
    ],
)
def test_the_api_of_airflow_says_that_a_dag_is_gone(dag: dict[str, Any], is_gone: bool) -> None:
    assert events.is_gone(dag) == is_gone
