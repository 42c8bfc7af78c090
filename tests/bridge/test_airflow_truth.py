"""Events captured from a real Airflow give what Airflow's own database says."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import reading
from tests.bridge import absorbing, corpus

pytestmark = corpus.needs_corpus

#: Task instances whose state the events do not tell, each with its reason.
UNKNOWABLE: dict[tuple[str, str, int], str] = {}


@pytest.fixture(params=["in the order they came", "shuffled and doubled"])
def runs(request: pytest.FixtureRequest, db: sa.Engine) -> list[Any]:
    bodies = corpus.airflow_events()
    if request.param != "in the order they came":
        bodies = bodies * 2
        random.Random(7).shuffle(bodies)
    absorbing.absorb(db, absorbing.understand(bodies), batch=50)
    with reading(db) as tx:
        return list(tx.execute(sa.select(t.run)))


def _micros(text: str | None) -> int | None:
    if text is None:
        return None
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)


def test_every_task_instance_has_the_state_that_airflow_says(runs: list[Any]) -> None:
    latest: dict[tuple[str, str, str, int], Any] = {}
    for run in runs:
        if run.task_id is not None:
            key = (run.dag_id, run.dag_run_id, run.task_id, run.map_index)
            if key not in latest or run.try_number > latest[key].try_number:
                latest[key] = run
    wrong = []
    for dag in corpus.truth()["dag_runs"]:
        for told in dag["task_instances"]:
            dag_id, dag_run_id = dag["dag_run"]["dag_id"], dag["dag_run"]["run_id"]
            key = (dag_id, dag_run_id, told["task_id"], told["map_index"])
            run = latest.get(key)
            state = run.state if run is not None else None
            if state != told["state"] and key[0::2] + key[3:] not in UNKNOWABLE:
                wrong.append((*key, "is", told["state"], "shown as", state))
    assert wrong == []
