"""What Spark, dbt and Flink really send, and what is right: cut down from captured events."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa

from tests.bridge.asking import Api
from tests.bridge.small import airflow_dag, dataset, run_event, uuid


def spark(kind: str, at: str, number: int, job: str, **more: Any) -> bytes:
    """An event of a Spark job; `number` makes its runId."""
    return run_event(kind, at, uuid(number), job, namespace="spark", **more)


LAKE = dataset("/lake/never", "file")
BROKEN = {"spark.exception": {"message": "Job aborted due to stage failure", "stackTrace": "at W"}}
FAILED_WRITE = [
    spark("START", "08:00:00", 1, "app.write", outputs=[LAKE]),
    spark("FAIL", "08:00:02.408", 1, "app.write", outputs=[LAKE], run=BROKEN),
    spark("COMPLETE", "08:00:02.420", 1, "app.write", outputs=[LAKE]),
]


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_a_spark_query_that_failed_and_then_completes_has_failed_and_wrote_nothing(
    db: sa.Engine, order: tuple[int, ...]
) -> None:
    api = Api(db)
    for each in order:
        api.tell(FAILED_WRITE[each])
    (run,) = api.get("runs")["items"]
    assert (run["state"], run["ended_at"]) == ("failed", "2026-11-01T08:00:02.408000Z")
    assert run["error"] == "Job aborted due to stage failure"
    (written,) = api.get("datasets")["items"]
    assert written["written_at"] is None
    assert api.get(f"runs/{run['run_id']}")["error_text"]["stack_trace"] == "at W"


def test_a_run_that_starts_anew_after_it_failed_is_as_its_new_start_ends(db: sa.Engine) -> None:
    api = Api(db)
    api.tell(
        *FAILED_WRITE[:2],
        spark("START", "08:05:00", 1, "app.write"),
        spark("COMPLETE", "08:06:00", 1, "app.write", outputs=[LAKE]),
    )
    assert api.get("runs")["items"][0]["state"] == "success"
    assert api.get("datasets")["items"][0]["written_at"] == "2026-11-01T08:06:00Z"


def test_an_aborted_query_that_completes_was_aborted(db: sa.Engine) -> None:
    api = Api(db)
    api.tell(*(spark(kind, f"08:00:0{n}", 1, "q") for n, kind in enumerate(("ABORT", "COMPLETE"))))
    assert api.get("runs")["items"][0]["state"] == "aborted"


def test_a_failed_dag_run_that_a_person_marks_as_successful_is_successful(db: sa.Engine) -> None:
    """Airflow ends it again under the same runId."""
    api = Api(db)
    run = {"airflowDagRun": airflow_dag()}
    api.tell(
        *(run_event(kind, f"08:0{n}:00", uuid(1), "d", run=run)
          for n, kind in enumerate(("START", "FAIL", "COMPLETE")))
    )  # fmt: skip
    assert api.get("runs")["items"][0]["state"] == "success"
