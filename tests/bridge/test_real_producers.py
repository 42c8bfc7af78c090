"""What Spark, dbt and Flink really send, and what is right: cut down from captured events."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa

from tests.bridge.asking import Api
from tests.support.small import airflow_dag, airflow_task, dataset, parent, run_event, uuid


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
        api.send(FAILED_WRITE[each])
    (run,) = api.get("runs")["items"]
    assert (run["state"], run["ended_at"]) == ("failed", "2026-11-01T08:00:02.408000Z")
    assert run["error"] == "Job aborted due to stage failure"
    (written,) = api.get("datasets")["items"]
    assert written["written_at"] is None
    assert api.get(f"runs/{run['run_id']}")["error_text"]["stack_trace"] == "at W"


def test_a_run_that_starts_anew_after_it_failed_is_as_its_new_start_ends(db: sa.Engine) -> None:
    api = Api(db)
    api.send(
        *FAILED_WRITE[:2],
        spark("START", "08:05:00", 1, "app.write"),
        spark("COMPLETE", "08:06:00", 1, "app.write", outputs=[LAKE]),
    )
    assert api.get("runs")["items"][0]["state"] == "success"
    assert api.get("datasets")["items"][0]["written_at"] == "2026-11-01T08:06:00Z"


def test_an_aborted_query_that_completes_was_aborted(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*(spark(kind, f"08:00:0{n}", 1, "q") for n, kind in enumerate(("ABORT", "COMPLETE"))))
    assert api.get("runs")["items"][0]["state"] == "aborted"


def test_a_failed_dag_run_that_a_person_marks_as_successful_is_successful(db: sa.Engine) -> None:
    """Airflow ends it again under the same runId."""
    api = Api(db)
    run = {"airflowDagRun": airflow_dag()}
    api.send(
        *(run_event(kind, f"08:0{n}:00", uuid(1), "d", run=run)
          for n, kind in enumerate(("START", "FAIL", "COMPLETE")))
    )  # fmt: skip
    assert api.get("runs")["items"][0]["state"] == "success"


# --- what runs inside an application ------------------------------------------------------------

APP = {"jobType": {"integration": "SPARK", "jobType": "APPLICATION", "processingType": "NONE"}}
RDD = {"jobType": {"integration": "SPARK", "jobType": "RDD_JOB", "processingType": "BATCH"}}
STREAM = {"jobType": {"integration": "SPARK", "jobType": "SQL_JOB", "processingType": "STREAMING"}}
INSIDE = {"parent": parent(uuid(1), "app", "spark")}


def _states(api: Api) -> dict[str, str]:
    return {run["job"]["name"]: run["state"] for run in api.get("runs")["items"]}


def _application(end: str) -> list[bytes]:
    """An application with a job on RDDs that has no end of its own, and one inside that."""
    deeper = {"parent": parent(uuid(2), "app.rdd", "spark")}
    return [
        spark("START", "08:00:00", 1, "app", facets=APP),
        spark("START", "08:00:10", 2, "app.rdd", facets=RDD, run=INSIDE, outputs=[LAKE]),
        spark("START", "08:00:20", 3, "app.rdd.part", facets=RDD, run=deeper),
        spark(end, "08:01:00", 1, "app", facets=APP),
    ]


@pytest.mark.parametrize("order", [*permutations(range(4))])
def test_what_an_application_left_open_ends_with_it_in_any_order(
    db: sa.Engine, order: tuple[int, ...]
) -> None:
    api = Api(db)
    for each in order:
        api.send(_application("COMPLETE")[each])
    assert _states(api) == {"app": "success", "app.rdd": "success", "app.rdd.part": "success"}
    (rdd,) = api.get("runs", job="app.rdd")["items"]
    assert (rdd["ended_at"], rdd["duration"]) == ("2026-11-01T08:01:00Z", 50.0)
    (lake,) = api.get("datasets")["items"]
    assert lake["written_at"] is None, "that its application succeeded does not say it wrote"


def test_what_a_failed_application_left_open_was_aborted(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*_application("FAIL"))
    assert _states(api) == {"app": "failed", "app.rdd": "aborted", "app.rdd.part": "aborted"}


def test_a_job_that_speaks_after_its_application_ended_is_still_running(db: sa.Engine) -> None:
    api = Api(db)
    api.send(
        *_application("COMPLETE"),
        spark("RUNNING", "08:02:00", 2, "app.rdd", facets=RDD, run=INSIDE),
    )
    assert _states(api) == {"app": "success", "app.rdd": "running", "app.rdd.part": "running"}


def test_an_application_may_go_on_when_the_task_that_submitted_it_is_over(db: sa.Engine) -> None:
    api = Api(db)
    task = {"airflow": airflow_task("submit")}
    api.send(
        run_event("START", "08:00:00", uuid(9), "d.submit", run=task),
        spark("START", "08:00:10", 1, "app", facets=APP, run={"parent": parent(uuid(9), "d.submit")}),
        run_event("COMPLETE", "08:00:20", uuid(9), "d.submit", run=task),
    )  # fmt: skip
    assert _states(api) == {"app": "running", "d.submit": "success"}


def test_a_killed_application_is_lost_once_nothing_inside_it_speaks(db: sa.Engine) -> None:
    api = Api(db, now=datetime(2026, 11, 1, 9, tzinfo=UTC), lost_after=3600.0)
    api.send(
        spark("START", "07:00:00", 1, "app", facets=APP),
        spark("START", "08:30:00", 2, "app.q", facets=STREAM, run=INSIDE),
        spark("COMPLETE", "08:30:10", 2, "app.q", facets=STREAM, run=INSIDE),
    )
    assert _states(api)["app"] == "running"
    api.now = datetime(2026, 11, 1, 10, tzinfo=UTC)
    assert _states(api) == {"app": "lost", "app.q": "success"}


def test_an_application_is_not_lost_while_a_stream_inside_it_sends_nothing(db: sa.Engine) -> None:
    api = Api(db, lost_after=1.0)
    api.send(
        spark("START", "07:00:00", 1, "app", facets=APP),
        spark("START", "07:30:00", 2, "app.q", facets=STREAM, run=INSIDE),
    )
    assert _states(api) == {"app": "running", "app.q": "running"}


def test_a_run_is_lost_by_its_own_kind_not_by_that_of_its_jobs_newest_run(db: sa.Engine) -> None:
    api = Api(db, lost_after=1.0)
    batch = {"jobType": {**RDD["jobType"], "integration": "FLINK"}}
    stream = {"jobType": {**STREAM["jobType"], "integration": "FLINK"}}
    api.send(
        spark("START", "07:00:00", 1, "clicks", facets=batch),
        spark("START", "08:00:00", 2, "clicks", facets=stream),
    )
    states = {run["run_id"]: run["state"] for run in api.get("runs")["items"]}
    assert states == {uuid(1): "lost", uuid(2): "running"}
