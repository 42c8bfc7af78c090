"""Events captured from a real Airflow give what Airflow's own database says."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import reading
from tests.bridge import absorbing
from tests.support import corpus

pytestmark = corpus.needs_corpus

#: Task instances whose state the events do not show, each with its reason.
UNKNOWABLE = {
    ("shop_dynamic_mapping", "score", 2): (
        "a mapped instance that skipped itself ends with COMPLETE, and the closing event has one "
        "state for all instances; our provider's facet tells, these events come without it"
    ),
}


@pytest.fixture(params=["in the order they came", "shuffled and doubled"])
def runs(request: pytest.FixtureRequest, db: sa.Engine) -> list[Any]:
    bodies = corpus.airflow_events()
    if request.param != "in the order they came":
        bodies = bodies * 2
        random.Random(7).shuffle(bodies)
    absorbing.absorb(db, absorbing.understand(bodies), batch=50)
    with reading(db) as tx:
        return list(tx.execute(sa.select(t.run)))


def _newest_tries(runs: list[Any]) -> dict[tuple[str, str, str, int], Any]:
    newest: dict[tuple[str, str, str, int], Any] = {}
    for run in sorted(runs, key=lambda run: run.try_number or 0):
        if run.task_id is not None:
            newest[run.dag_id, run.dag_run_id, run.task_id, run.map_index] = run
    return newest


def _micros(text: str | None) -> int | None:
    if text is None:
        return None
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)


def _true_states() -> dict[tuple[str, str, str, int], str]:
    return {
        (dag["dag_run"]["dag_id"], dag["dag_run"]["run_id"], ti["task_id"], ti["map_index"]): ti[
            "state"
        ]
        for dag in corpus.airflow_database()["dag_runs"]
        for ti in dag["task_instances"]
    }


def test_every_task_instance_has_the_state_that_airflow_says(runs: list[Any]) -> None:
    """204 of 206; `docs/reference/openlineage.md` says so too."""
    shown = {key: run.state for key, run in _newest_tries(runs).items()}
    observed = _true_states()
    wrong = {key: shown.get(key) for key, state in observed.items() if shown.get(key) != state}
    assert {(dag_id, *place) for dag_id, _, *place in wrong} == set(UNKNOWABLE), wrong
    assert (len(observed), len(observed) - len(wrong)) == (206, 204)


def test_the_last_event_alone_would_show_far_less() -> None:
    """What a consumer shows that believes each task's last event, and knows of no other."""
    believed = {"COMPLETE": "success", "FAIL": "failed"}
    shown = {}
    for event in sorted(map(json.loads, corpus.airflow_events()), key=lambda e: e["eventTime"]):
        place = event["run"]["facets"].get("airflow")
        if place is not None and "task" in place:
            instance = place["taskInstance"].get("map_index", -1)
            task = (place["dagRun"]["run_id"], place["task"]["task_id"], instance)
            shown[place["dag"]["dag_id"], *task] = believed.get(event["eventType"], "running")
    observed = _true_states()
    assert sum(shown.get(key) == state for key, state in observed.items()) == 153
    assert len(observed.keys() - shown.keys()) == 42


def test_every_dag_run_has_the_state_and_the_times_that_airflow_says(runs: list[Any]) -> None:
    found = {(run.dag_id, run.dag_run_id): run for run in runs if run.kind == "dag"}
    for dag in corpus.airflow_database()["dag_runs"]:
        observed = dag["dag_run"]
        run = found[observed["dag_id"], observed["run_id"]]
        assert (run.state, run.started_at, run.ended_at) == (
            observed["state"],
            _micros(observed["start_date"]),
            _micros(observed["end_date"]),
        ), observed["run_id"]


def test_every_try_that_was_followed_by_another_is_as_airflow_remembers_it(runs: list[Any]) -> None:
    """
    Tries after which no other one sent an event are left out: clearing a task that then does not
    run raises its try number in Airflow's database and nowhere else.
    """
    newest = {key[1:]: run.try_number for key, run in _newest_tries(runs).items()}
    tries = {
        (run.dag_run_id, run.task_id, run.map_index, run.try_number): run.state for run in runs
    }
    wrong = []
    for dag in corpus.airflow_database()["dag_runs"]:
        for observed in dag["task_instance_history"]:
            key = (dag["dag_run"]["run_id"], observed["task_id"], observed["map_index"])
            if key in newest and observed["try_number"] < newest[key]:
                state = tries[*key, observed["try_number"]]
                if state != observed["state"]:
                    wrong.append((*key, "is", observed["state"], "shown as", state))
    assert wrong == []


def test_the_duration_of_a_task_is_what_airflow_measured(runs: list[Any]) -> None:
    """
    The closing event has it to the millisecond, for every task that is not mapped and was not
    run again; start and end are only as exact as the times of the events.
    """
    newest = _newest_tries(runs)
    wrong = []
    for dag in corpus.airflow_database()["dag_runs"]:
        for observed in dag["task_instances"]:
            key = (
                dag["dag_run"]["dag_id"],
                dag["dag_run"]["run_id"],
                observed["task_id"],
                observed["map_index"],
            )
            run = newest.get(key)
            if run is None or observed["map_index"] >= 0 or not observed["duration"]:
                continue
            if (
                run.try_number == observed["try_number"]
                and abs(run.duration - observed["duration"]) > 0.001
            ):
                wrong.append((*key, observed["duration"], run.duration))
    assert wrong == []
