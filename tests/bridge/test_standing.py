"""How jobs and datasets stand where several runs speak at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import pytest
import sqlalchemy as sa

from fairlead_bridge.queries.assets import Asset
from fairlead_bridge.queries.standing import Round, rounds, state_of, without_unaffected
from tests.bridge.asking import Api, wrote
from tests.support.small import airflow_dag, airflow_task, dataset, parent, run_event, uuid


@dataclass
class Run:
    id: int
    state: str
    at: int = 0
    ended_at: int | None = None
    dag_run: int | None = None
    instance: int | None = None
    try_number: int | None = 1


def asset(written_at: int | None = None, written_by: int | None = None, id: int = 7) -> Asset:
    return Asset(id, "n", "t", None, 0, 0, written_at, written_by, None, (id,))


def one(run: Run) -> Round:
    return rounds([run])[0]


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_a_mapped_task_is_as_its_worst_instance_whichever_began_last(
    order: tuple[int, ...],
) -> None:
    states = ("success", "failed", "running")
    runs = [
        Run(n, state, at=order[n], dag_run=1, instance=n) for n, state in enumerate(states)
    ]  # fmt: skip
    (whole,) = rounds(runs)
    assert (whole.state, whole.run, whole.at) == ("failed", 1, 2)


def test_of_several_tries_only_the_last_counts() -> None:
    tries = [
        Run(1, "failed", at=1, dag_run=1, instance=5, try_number=1),
        Run(2, "success", at=2, dag_run=1, instance=5, try_number=2),
    ]
    assert [each.state for each in rounds(tries)] == ["success"]


def test_skipped_instances_leave_the_task_successful() -> None:
    runs = [
        Run(1, "skipped", 2, dag_run=1, instance=1),
        Run(2, "success", 1, dag_run=1, instance=2),
    ]
    assert rounds(runs)[0].state == "success"


def test_runs_outside_airflow_stand_alone() -> None:
    assert [each.state for each in rounds([Run(1, "failed", 1), Run(2, "success", 2)])] == [
        "failed",
        "success",
    ]


def test_of_overlapping_writers_the_failure_counts_that_nothing_has_made_good() -> None:
    long = one(Run(1, "failed", at=0, ended_at=30))
    short = one(Run(2, "success", at=10, ended_at=20))
    newest = {100: long, 200: short}
    assert state_of(asset(20, 2), [100, 200], newest) == "failed"
    assert state_of(asset(40, 3), [100, 200], newest) == "success"


def test_a_failure_is_made_good_by_a_writer_that_began_before_it_and_ended_after_it() -> None:
    newest = {100: one(Run(1, "success", at=0, ended_at=30)), 200: one(Run(2, "failed", 10, 15))}
    assert state_of(asset(30, 1), [100, 200], newest) == "success"


def test_what_other_instances_wrote_does_not_make_a_failed_one_good() -> None:
    runs = [
        Run(1, "failed", 1, 5, dag_run=1, instance=1),
        Run(2, "success", 2, 9, dag_run=1, instance=2),
    ]
    (whole,) = rounds(runs)
    assert state_of(asset(9, 2), [100], {100: whole}) == "failed"
    assert state_of(asset(12, 3), [100], {100: whole}) == "success"


def test_a_part_that_only_a_successful_instance_wrote_is_preserved() -> None:
    runs = [
        Run(1, "failed", 1, 5, dag_run=1, instance=1),
        Run(2, "success", 2, 9, dag_run=1, instance=2),
    ]
    (whole,) = rounds(runs)
    part, other = frozenset({7}), frozenset({8})
    assert (
        state_of(asset(9, 2), [100], {100: without_unaffected(whole, {1: other, 2: part})})
        == "success"
    )
    assert state_of(asset(9, 2), [100], {100: without_unaffected(whole, {2: part})}) == "failed"


def test_a_dataset_without_runs_has_no_state() -> None:
    assert state_of(asset(), [100], {}) is None


# --- over the API -------------------------------------------------------------------------------


def _instance(index: int, at: str, end: str, kind: str, *outputs: str) -> list[bytes]:
    run = {"airflow": airflow_task("load", map_index=index), "parent": parent(uuid(1), "d")}
    written = [dataset(name) for name in outputs]
    return [
        run_event("START", at, uuid(10 + index), "d.load", run=run),
        run_event(kind, end, uuid(10 + index), "d.load", run=run, outputs=written),
    ]


def _mapped(*, shared: bool) -> list[bytes]:
    """Four mapped instances, of which number 2 fails."""
    table = ["all"] * 4 if shared else [f"part{n}" for n in range(4)]
    dag = run_event("START", "10:00:00", uuid(1), "d", run={"airflowDagRun": airflow_dag()})
    ends = ["COMPLETE", "COMPLETE", "FAIL", "COMPLETE"]
    reported = [
        _instance(n, f"10:00:0{n + 1}", f"10:00:1{n}", ends[n], table[n]) for n in range(4)
    ]  # fmt: skip
    closing_facets = {
        "airflowDagRun": airflow_dag(),
        "airflowState": {"tasksState": {"load": "failed"}},
    }
    closing = run_event("FAIL", "10:01:00", uuid(1), "d", run=closing_facets)
    return [dag, *(body for pair in reported for body in pair), closing]


def _states(api: Api) -> dict[str, str]:
    return {item["name"]: item["state"] for item in api.get("datasets")["items"]}


def _failed(api: Api) -> set[str]:
    items = api.get("at-risk")["items"]
    return {item["dataset"]["name"] for item in items if item["standing"] == "failed"}


def test_one_failed_instance_of_four_is_the_state_of_the_task_and_of_its_table(
    db: sa.Engine,
) -> None:
    api = Api(db)
    api.send(*_mapped(shared=False))
    assert _states(api) == {
        "part0": "success", "part1": "success", "part2": "failed", "part3": "success"
    }  # fmt: skip
    assert _failed(api) == {"part2"}
    (task,) = api.get("jobs", name="d.load")["items"]
    assert (task["recent"], task["last_run"]["map_index"]) == (["failed"], 2)
    lineage = api.get("lineage", node="dataset:postgres://h:5432:part0")
    states = {node["name"]: node["state"] for node in lineage["nodes"]}
    assert (states["d.load"], states["part0"]) == ("failed", "success")


def test_a_table_that_all_instances_write_has_failed_with_one_of_them(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*_mapped(shared=True))
    assert _states(api) == {"all": "failed"}
    assert _failed(api) == {"all"}


def test_at_risk_and_the_dataset_agree_on_overlapping_writers(db: sa.Engine) -> None:
    api = Api(db)
    api.send(
        *wrote("short", "t", at="10:00:10"),
        run_event("START", "10:00:00", uuid(2), "long"),
        run_event("FAIL", "10:30:00", uuid(2), "long", outputs=[dataset("t")]),
    )
    assert _states(api) == {"t": "failed"}
    assert _failed(api) == {"t"}
    api.send(*wrote("short", "t", at="10:40:00"))
    assert _states(api) == {"t": "success"}
    assert _failed(api) == set()


def test_a_dataset_whose_only_writer_was_aborted_is_at_risk_too(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*wrote("w", "t", state="ABORT"))
    assert _states(api) == {"t": "aborted"}
    assert _failed(api) == {"t"}


def test_a_hundred_instances_do_not_hide_the_failed_one_among_them(db: sa.Engine) -> None:
    api = Api(db)
    api.send(
        *_instance(0, "10:00:00", "10:00:01", "FAIL"),
        *(body for n in range(1, 101)
          for body in _instance(n, f"10:{n // 60 + 1:02}:{n % 60:02}", "11:00:00", "COMPLETE")),
    )  # fmt: skip
    (task,) = api.get("jobs", name="d.load")["items"]
    assert task["recent"][-1] in ("failed", "up_for_retry")
    assert task["last_run"]["map_index"] == 0
