"""Lists of runs, jobs and datasets: filters, pages, and what counts as lost."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from tests.bridge.asking import Api, wrote
from tests.support.small import airflow_dag, airflow_task, dataset, parent, run_event, uuid

DB = "postgres://h:5432"


# --- runs -----------------------------------------------------------------------------------------


@pytest.fixture
def airflow(db: sa.Engine) -> Api:
    """Two runs of DAG d with one task each, the second failed; and a Spark job."""
    api = Api(db)
    for number, (day, end) in enumerate((("01", "COMPLETE"), ("02", "FAIL")), start=1):
        dag, task = uuid(10 + number), uuid(20 + number)
        run = f"manual_{number}"
        dag_facets = {"airflowDagRun": airflow_dag(run)}
        task_facets = {
            "airflow": airflow_task("load", run, try_number=2),
            "parent": parent(dag, "d"),
        }
        at = f"2026-11-{day}T0"
        api.send(
            run_event("START", f"{at}1:00:00Z", dag, "d", run=dag_facets),
            run_event("START", f"{at}1:01:00Z", task, "d.load", run=task_facets),
            run_event(end, f"{at}1:02:00Z", task, "d.load", run=task_facets),
            run_event(end, f"{at}1:03:00Z", dag, "d", run=dag_facets),
        )
    api.send(*wrote("spark", "s.x", at="2026-11-03T01:00:00Z", namespace="lake"))
    return api


def test_runs_of_some_jobs_are_asked_for_by_their_ids(airflow: Api) -> None:
    """A screen with some DAGs asks once for the runs of all of them, however many others there are."""
    ids = {job["name"]: job["id"] for job in airflow.get("jobs")["items"]}
    found = airflow.get("runs", jobs=f"{ids['d']},{ids['spark']}")["items"]
    assert [run["job"]["name"] for run in found] == ["spark", "d", "d"]
    page = airflow.get("runs", jobs=f"{ids['d']},{ids['spark']}", limit=2)
    rest = airflow.get("runs", jobs=f"{ids['d']},{ids['spark']}", limit=2, cursor=page["next"])
    assert [*page["items"], *rest["items"]] == found
    for nonsense in ("", "d", f"{ids['d']},", ",".join([ids["d"]] * 101)):
        assert "jobs" in airflow.problem(422, "runs", jobs=nonsense)


def test_runs_are_found_by_what_they_have_in_common(airflow: Api) -> None:
    expected: list[tuple[dict[str, str], list[str]]] = [
        ({}, ["spark", "d.load", "d", "d.load", "d"]),
        ({"namespace": "prod"}, ["d.load", "d", "d.load", "d"]),
        ({"namespace": "lake"}, ["spark"]),
        ({"job": "d.load"}, ["d.load", "d.load"]),
        ({"namespace": "prod", "job": "d.load"}, ["d.load", "d.load"]),
        ({"namespace": "lake", "job": "d.load"}, []),
        ({"dag_id": "d", "kind": "dag"}, ["d", "d"]),
        ({"dag_run_id": "manual_1"}, ["d.load", "d"]),
        ({"dag_id": "d", "dag_run_id": "manual_2", "task_id": "load"}, ["d.load"]),
        ({"state": "failed"}, ["d.load", "d"]),
        ({"state": "success", "dag_id": "d"}, ["d.load", "d"]),
        ({"dag_id": "' OR 1=1 --"}, []),
        ({"state": "%"}, []),
    ]
    for asked, names_of_them in expected:
        found = airflow.get("runs", **asked)["items"]
        assert [run["job"]["name"] for run in found] == names_of_them, asked


def test_a_run_says_what_the_contract_promises(airflow: Api) -> None:
    (run,) = airflow.get("runs", dag_run_id="manual_2", task_id="load")["items"]
    expected = {
        "run_id": uuid(22),
        "kind": "task",
        "job": {"namespace": "prod", "name": "d.load"},
        "dag_id": "d",
        "dag_run_id": "manual_2",
        "task_id": "load",
        "map_index": -1,
        "try_number": 2,
        "state": "failed",
        "started_at": "2026-11-02T01:01:00Z",
        "ended_at": "2026-11-02T01:02:00Z",
        "duration": 60.0,
    }
    assert run | expected == run


def test_a_run_is_found_by_each_of_its_names(airflow: Api) -> None:
    (run,) = airflow.get("runs", dag_run_id="manual_1", task_id="load")["items"]
    for name in (run["run_id"], run["run_id"].upper(), run["id"]):
        assert airflow.get(f"runs/{name}")["id"] == run["id"]


def test_a_cleared_run_is_found_by_the_run_ids_of_all_its_attempts(db: sa.Engine) -> None:
    api = Api(db)
    for number in (1, 2):
        facets = {"airflowDagRun": airflow_dag(clear_number=number - 1)}
        api.send(
            run_event("START", f"0{number}:00:00", uuid(number), "d", run=facets),
            run_event("COMPLETE", f"0{number}:01:00", uuid(number), "d", run=facets),
        )
    assert api.get(f"runs/{uuid(1)}") == api.get(f"runs/{uuid(2)}")
    assert len(api.get("runs")["items"]) == 1


def test_a_dag_run_is_found_by_what_airflow_calls_it(airflow: Api) -> None:
    run_id = "scheduled__2026-11-04T05:00:00+00:00"
    airflow.send(
        run_event(
            "START",
            "2026-11-04T05:00:00Z",
            uuid(30),
            "d",
            run={"airflowDagRun": airflow_dag(run_id)},
        )
    )
    for asked in ("manual_2", run_id):
        assert airflow.get(f"runs/dag_run:prod:d:{quote(asked)}")["dag_run_id"] == asked
    for unknown in ("prod:d:manual_9", "prod:d", "d", ""):
        assert airflow.http.get(f"/api/v1/runs/dag_run:{unknown}").status_code == 404


def test_a_dag_run_shows_its_tasks_and_a_task_its_dag_run(airflow: Api) -> None:
    dag = airflow.get(f"runs/{uuid(11)}")
    assert [child["task_id"] for child in dag["children"]] == ["load"]
    task = airflow.get(f"runs/{uuid(21)}")
    assert task["parent"]["id"] == dag["id"]
    assert [each["try_number"] for each in task["tries"]] == [2]


def test_all_tries_of_a_task_are_shown(db: sa.Engine) -> None:
    api = Api(db)
    for number, end in ((1, "FAIL"), (2, "COMPLETE")):
        facets = {"airflow": airflow_task("load", try_number=number)}
        api.send(
            run_event("START", f"0{number}:00:00", uuid(number), "d.load", run=facets),
            run_event(end, f"0{number}:01:00", uuid(number), "d.load", run=facets),
        )
    for number in (1, 2):
        tries = api.get(f"runs/{uuid(number)}")["tries"]
        assert [(each["try_number"], each["run_id"]) for each in tries] == [
            (1, uuid(1)),
            (2, uuid(2)),
        ]


def test_what_ran_inside_a_run_is_shown_with_it(db: sa.Engine) -> None:
    api = Api(db)
    inside = {"parent": parent(uuid(1), "app")}
    api.send(
        run_event("START", "01:00:00", uuid(1), "app"),
        run_event("COMPLETE", "01:10:00", uuid(2), "app.command", run=inside),
    )
    assert [each["run_id"] for each in api.get(f"runs/{uuid(1)}")["children"]] == [uuid(2)]
    assert api.get(f"runs/{uuid(2)}")["parent"]["run_id"] == uuid(1)


def test_a_run_shows_what_it_read_and_wrote_and_its_error(db: sa.Engine) -> None:
    api = Api(db)
    out = dataset("s.out") | {"outputFacets": {"outputStatistics": {"rowCount": 7, "size": 99}}}
    error = {"message": "no space\nleft", "programmingLanguage": "PYTHON", "stackTrace": "at x"}
    api.send(
        *wrote("j", out, reads=("s.in",), run_id=uuid(1)),
        *wrote("k", run_id=uuid(2), state="FAIL", run={"errorMessage": error}),
    )
    good, bad = api.get(f"runs/{uuid(1)}"), api.get(f"runs/{uuid(2)}")
    assert [(each["role"], each["dataset"]["name"]) for each in good["datasets"]] == [
        ("input", "s.in"),
        ("output", "s.out"),
    ]
    assert good["datasets"][1]["row_count"] == 7
    assert good["datasets"][1]["byte_count"] == 99
    assert good["error_text"] is None
    assert bad["error_text"] == {
        "message": "no space\nleft",
        "language": "PYTHON",
        "stack_trace": "at x",
    }
    assert bad["error"].startswith("no space")


def test_no_run_is_no_secret(airflow: Api) -> None:
    for name in (uuid(999), "0123456789abcdef", "x' OR '1'='1", "ffffffffffffffff", "💥"):
        assert "no run" in airflow.problem(404, f"runs/{name}").lower()


# --- lost -----------------------------------------------------------------------------------------


def test_a_run_outside_airflow_that_stopped_sending_counts_as_lost(db: sa.Engine) -> None:
    api = Api(db, now=datetime(2026, 11, 1, 12, tzinfo=UTC), lost_after=3600.0)
    api.send(run_event("START", "11:30:00", uuid(1), "spark"))
    assert api.get(f"runs/{uuid(1)}")["state"] == "running"
    assert [each["run_id"] for each in api.get("runs", state="running")["items"]] == [uuid(1)]
    assert api.get("runs", state="lost")["items"] == []

    api.now = datetime(2026, 11, 1, 13, tzinfo=UTC)
    assert api.get(f"runs/{uuid(1)}")["state"] == "lost"
    assert api.get("runs", state="running")["items"] == []
    assert [each["run_id"] for each in api.get("runs", state="lost")["items"]] == [uuid(1)]
    assert api.get("jobs", name="spark")["items"][0]["recent"] == ["lost"]
    assert api.get("overview")["counts"]["lost"] == 1
    assert api.get("overview")["running"] == []


def test_a_lost_run_that_speaks_again_is_running(db: sa.Engine) -> None:
    api = Api(db, now=datetime(2026, 11, 1, 13, tzinfo=UTC), lost_after=3600.0)
    api.send(run_event("START", "11:30:00", uuid(1), "spark"))
    api.send(run_event("RUNNING", "12:45:00", uuid(1), "spark"))
    assert api.get(f"runs/{uuid(1)}")["state"] == "running"


def test_a_mapped_task_that_was_open_when_its_dag_run_ended_counts_as_lost(db: sa.Engine) -> None:
    api = Api(db)
    mapped = {"airflow": airflow_task("t", map_index=3)}
    closed = {"airflowState": {"dagRunState": "failed", "tasksState": {"t": "failed"}}}
    api.send(
        run_event("START", "01:00:00", uuid(1), "d.t", run=mapped),
        run_event("FAIL", "02:00:00", uuid(2), "d", run={"airflowDagRun": airflow_dag()} | closed),
    )
    assert [each["run_id"] for each in api.get("runs", state="lost")["items"]] == [uuid(1)]
    counts = api.get("overview")["counts"]
    assert (counts["runs"], counts["lost"], counts["running"]) == (2, 1, 0)


def test_streams_and_airflows_runs_may_send_nothing_for_long(db: sa.Engine) -> None:
    api = Api(db, lost_after=1.0)
    stream = {"jobType": {"integration": "FLINK", "jobType": "JOB", "processingType": "STREAMING"}}
    api.send(
        run_event("START", "01:00:00", uuid(1), "flink", facets=stream),
        run_event("START", "01:00:00", uuid(2), "d", run={"airflowDagRun": airflow_dag()}),
        run_event("START", "01:00:00", uuid(3), "d.t", run={"airflow": airflow_task("t")}),
    )
    assert {run["state"] for run in api.get("runs")["items"]} == {"running"}


# --- pages ----------------------------------------------------------------------------------------


def test_every_run_is_on_exactly_one_page(db: sa.Engine) -> None:
    api = Api(db)
    same = "2026-11-01T10:00:00Z"  # many at one instant, of one job and of others
    api.send(
        *(event for n in range(11) for event in wrote(f"job_{n}", at=same)),
        *(event for n in range(12) for event in wrote("job", at=same)),
        *(event for n in range(7) for event in wrote("job", at=f"0{n}:00:00")),
    )
    for asked, expected in (
        ({}, 30),
        ({"namespace": "prod"}, 30),
        ({"namespace": "prod", "job": "job"}, 19),
        ({"kind": "job"}, 30),
        ({"state": "success"}, 30),
    ):
        runs = api.pages("runs", limit=5, **asked)
        assert len(runs) == len({run["id"] for run in runs}) == expected, asked


def test_runs_of_many_jobs_are_found_by_namespace(db: sa.Engine) -> None:
    """With more jobs than are asked one by one, the list is the same."""
    api = Api(db)
    api.send(*(event for n in range(205) for event in wrote(f"job_{n}", namespace="wide")))
    api.send(*wrote("other", at="23:00:00"))
    runs = api.pages("runs", limit=100, namespace="wide")
    assert len({run["job"]["name"] for run in runs}) == len(runs) == 205


def test_what_comes_in_meanwhile_moves_no_page(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*(event for n in range(10) for event in wrote(f"job_{n}", at=f"0{n}:00:00")))
    first = api.get("runs", limit=4)
    api.send(*(event for n in range(10) for event in wrote(f"late_{n}", at=f"1{n}:00:00")))
    second = api.get("runs", limit=4, cursor=first["next"])
    shown = [run["job"]["name"] for page in (first, second) for run in page["items"]]
    assert shown == [f"job_{n}" for n in range(9, 1, -1)]


def test_a_limit_is_taken_for_the_nearest_that_is_allowed(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*(event for n in range(3) for event in wrote(f"job_{n}")))
    assert len(api.get("runs", limit=0)["items"]) == 1
    assert len(api.get("runs", limit=-5)["items"]) == 1
    assert len(api.get("runs", limit=10**40)["items"]) == 3


def test_a_cursor_that_is_not_ours_is_refused(db: sa.Engine) -> None:
    api = Api(db)
    too_great = "WzFlOTksIDE4NDQ2NzQ0MDczNzA5NTUxNjE2XQ"  # [1e99, 18446744073709551616]
    for path in ("runs", "jobs", "datasets", "changes", "quarantine", "deliveries"):
        for cursor in ("odd", "", "W10", "WyIiXQ", "eyJ9", "WzEsMl0x", "💥", "a" * 5000, too_great):
            assert "cursor" in api.problem(400, path, cursor=cursor)


# --- jobs and datasets ----------------------------------------------------------------------------


def test_a_dag_counts_its_tasks_and_has_its_schedule(airflow: Api) -> None:
    (dag,) = airflow.get("jobs", kind="dag")["items"]
    assert dag["schedule"] == "@daily"
    assert [tag["key"] for tag in dag["tags"]] == ["a", "b"]
    assert dag["recent"] == ["success", "failed"]
    assert dag["last_run"]["dag_run_id"] == "manual_2"
    detail = airflow.get(f"jobs/{dag['id']}")
    assert [(child["task_id"], child["kind"]) for child in detail["children"]] == [("load", "task")]
    assert detail["tasks"] == 1
    task = airflow.get("jobs/prod:d.load")
    assert task["operator"] == "BashOperator"
    assert task["parent"]["id"] == dag["id"]
