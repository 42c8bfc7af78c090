"""A run beside the last good one of its job, and the path that decided when a DAG run was done."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge import inbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db.engine import writing
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from fairlead_bridge.queries.critical import Stretch, path
from tests.bridge.asking import Api, wrote
from tests.bridge.pipeline import dag_run, label
from tests.support.small import uuid


def receive(api: Api, *events: bytes) -> None:
    """As the bridge does it: the events stay in the log."""
    with writing(api.db) as tx:
        inbox.put(tx, events, "test", api.micros)
    while absorb_waiting(api.db, Translator(Normaliser()), {}, api.micros):
        pass


def run_of(api: Api, hour: int, task: str | None = None) -> Any:
    kind = "task" if task else "dag"
    where = {"dag_run_id": label(hour), "kind": kind, **({"task_id": task} if task else {})}
    return api.get("runs", **where)["items"][0]


def compared(api: Api, hour: int, task: str | None = None) -> Any:
    return api.get(f"runs/{run_of(api, hour, task)['id']}/comparison")


def test_a_dag_run_is_compared_with_the_last_that_succeeded(db: sa.Engine) -> None:
    api = Api(db)
    receive(
        api,
        *dag_run(0),
        *dag_run(1),
        *dag_run(2, fails="load"),
        *dag_run(3, fails="sum", seconds={"load": 90}),
    )
    found = compared(api, 3)
    assert found["good"]["dag_run_id"] == label(1)
    tasks = {task["name"]: task for task in found["tasks"]}
    assert list(tasks) == ["load", "check", "sum", "publish"]  # as they began
    assert tasks["load"]["slower"] == 30.0
    assert tasks["check"]["slower"] == 0.0
    assert tasks["sum"]["run"]["state"] == "failed"
    assert tasks["publish"]["run"] is None  # it never came so far
    assert tasks["publish"]["good"]["state"] == "success"


def test_a_blocked_task_is_neither_slower_nor_faster(db: sa.Engine) -> None:
    api = Api(db)
    blocked = {
        "tasksState": {"load": "failed", "sum": "upstream_failed"},
        "tasksDuration": {"sum": 0},
    }
    *events, end = dag_run(1, fails="load")
    closing = json.loads(end)
    closing["run"]["facets"]["airflowState"] = blocked
    closing["run"]["facets"]["errorMessage"] = {"message": "task_failure"}
    receive(api, *dag_run(0), *events, json.dumps(closing).encode())
    tasks = {task["name"]: task for task in compared(api, 1)["tasks"]}
    assert tasks["sum"]["run"]["state"] == "upstream_failed"
    assert tasks["sum"]["slower"] is None
    (failing,) = api.get("overview")["failing"]
    assert failing["last_run"]["error"] == "load: load broke"


def test_what_was_read_and_written_is_compared_with_rows_and_columns(db: sa.Engine) -> None:
    api = Api(db)
    receive(api, *dag_run(0), *dag_run(1, rows=40, columns=("id", "price"), fails="publish"))
    sets = {(each["dataset"]["name"], each["role"]): each for each in compared(api, 1)["datasets"]}
    orders = sets["shop.orders", "output"]
    assert (orders["row_count"], orders["good_row_count"], orders["seen"]) == (40, 100, "both")
    assert {(each["change"], each["column"]) for each in orders["changes"]} == {
        ("added", "price"),
        ("removed", "day"),
    }
    alone = compared(api, 1, "load")["datasets"]
    assert {each["dataset"]["name"] for each in alone} == {"shop.raw", "shop.orders"}


def test_a_dataset_that_only_one_of_both_touched_is_shown_apart(db: sa.Engine) -> None:
    api = Api(db)
    receive(
        api,
        *wrote("j", "s.a", reads=("s.in",), at="01:00:00", run_id=uuid(1)),
        *wrote("j", "s.b", reads=("s.in",), at="02:00:00", run_id=uuid(2)),
    )
    found = api.get(f"runs/{uuid(2)}/comparison")["datasets"]
    assert [(each["dataset"]["name"], each["seen"]) for each in found] == [
        ("s.in", "both"),
        ("s.a", "only_before"),
        ("s.b", "only_now"),
    ]


def test_what_ran_is_compared_line_by_line_and_version_by_version(db: sa.Engine) -> None:
    api = Api(db)
    receive(
        api, *dag_run(0, sql="select a\nfrom t"), *dag_run(1, sql="select a, b\nfrom t", version=2)
    )
    for found in (compared(api, 1), compared(api, 1, "sum")):
        (code,) = found["code"]
        assert (code["job"]["name"], code["what"]) == ("shop.sum", "SQL")
        assert code["lines"] == ["@@ -1,2 +1,2 @@", "-select a", "+select a, b", " from t"]
        version = next(each for each in found["settings"] if each["name"] == "DAG version")
        assert (version["before"], version["after"]) == ("1", "2")


def test_without_a_good_run_before_there_is_nothing_to_compare_with(db: sa.Engine) -> None:
    api = Api(db)
    receive(api, *dag_run(0, fails="load"), *dag_run(1))
    assert compared(api, 1)["good"] is None
    assert "no run is known" in api.problem(404, "runs/nothing/comparison").lower()


def test_a_mapped_task_is_compared_with_its_own_index(db: sa.Engine) -> None:
    from tests.support.small import airflow_task, run_event

    api = Api(db)
    for hour, dag in ((1, "scheduled__1"), (2, "scheduled__2")):
        for index in (0, 1):
            run = {"airflow": airflow_task("each", dag, map_index=index)}
            id = uuid(0x100 * hour + index)
            seconds = 10 * (index + 1) * hour
            api.send(
                run_event("START", f"0{hour}:00:00", id, "d.each", run=run),
                run_event("COMPLETE", f"0{hour}:00:{seconds}", id, "d.each", run=run),
            )
    found = api.get(f"runs/{uuid(0x201)}/comparison")
    assert found["good"]["run_id"] == uuid(0x101)
    assert found["slower"] == 20.0


# --- the critical path --------------------------------------------------------------------------


def test_the_critical_path_is_what_the_last_task_waited_for(db: sa.Engine) -> None:
    api = Api(db)
    receive(api, *dag_run(0))
    critical = api.get(f"runs/{run_of(api, 0)['id']}")["critical_path"]
    assert [step["task"] for step in critical["steps"]] == ["load", "sum", "publish"]
    assert critical["seconds"] == 100.0
    assert critical["share"] == pytest.approx(100 / 103)


def test_retries_are_part_of_the_path(db: sa.Engine) -> None:
    api = Api(db)
    receive(api, *dag_run(0, retries={"check": 3}, seconds={"check": 20}))
    critical = api.get(f"runs/{run_of(api, 0)['id']}")["critical_path"]
    assert [step["task"] for step in critical["steps"]] == ["load", "check", "publish"]
    check = critical["steps"][1]
    assert len(check["runs"]) == 4
    assert check["seconds"] == 83.0


def test_the_path_of_a_run_that_failed_ends_where_it_failed(db: sa.Engine) -> None:
    api = Api(db)
    receive(api, *dag_run(0, fails="sum"))
    critical = api.get(f"runs/{run_of(api, 0)['id']}")["critical_path"]
    assert [step["task"] for step in critical["steps"]] == ["load", "sum"]
    assert api.get(f"runs/{run_of(api, 0, 'sum')['id']}")["critical_path"] is None


def test_tasks_that_did_not_run_are_passed_over_and_circles_end() -> None:
    def ran(job: int, start: int, end: int) -> Stretch:
        return Stretch(job, (job,), start * 1_000_000, end * 1_000_000)

    first, last = ran(1, 0, 10), ran(3, 12, 20)
    assert path([first, last], {3: {2}, 2: {1}}) == [first, last]  # 2 was skipped
    assert path([first, last], {3: {1}, 1: {3}}) == [first, last]
    assert path([first, last], {}) == []
    assert path([], {3: {1}}) == []


def test_a_task_was_waited_for_although_its_clock_is_up_to_a_second_ahead() -> None:
    def path_with(end: float) -> list[int]:
        early = Stretch(1, (1,), 0, 5_000_000)
        ahead = Stretch(2, (2,), 0, int(end * 1_000_000))
        last = Stretch(3, (3,), 10_000_000, 20_000_000)
        return [each.job_id for each in path([early, ahead, last], {3: {1, 2}})]

    assert path_with(10.0) == [2, 3]
    assert path_with(11.0) == [2, 3]
    assert path_with(11.000001) == [1, 3]
