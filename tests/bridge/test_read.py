"""Lists of runs, jobs and datasets: filters, pages, and what counts as lost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from tests.bridge.asking import Api, names, wrote
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
        api.tell(
            run_event("START", f"{at}1:00:00Z", dag, "d", run=dag_facets),
            run_event("START", f"{at}1:01:00Z", task, "d.load", run=task_facets),
            run_event(end, f"{at}1:02:00Z", task, "d.load", run=task_facets),
            run_event(end, f"{at}1:03:00Z", dag, "d", run=dag_facets),
        )
    api.tell(*wrote("spark", "s.x", at="2026-11-03T01:00:00Z", namespace="lake"))
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


def test_a_run_tells_what_the_contract_promises(airflow: Api) -> None:
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
        api.tell(
            run_event("START", f"0{number}:00:00", uuid(number), "d", run=facets),
            run_event("COMPLETE", f"0{number}:01:00", uuid(number), "d", run=facets),
        )
    assert api.get(f"runs/{uuid(1)}") == api.get(f"runs/{uuid(2)}")
    assert len(api.get("runs")["items"]) == 1


def test_a_dag_run_is_found_by_what_airflow_calls_it(airflow: Api) -> None:
    run_id = "scheduled__2026-11-04T05:00:00+00:00"
    airflow.tell(
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
    for nobody in ("prod:d:manual_9", "prod:d", "d", ""):
        assert airflow.http.get(f"/api/v1/runs/dag_run:{nobody}").status_code == 404


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
        api.tell(
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
    api.tell(
        run_event("START", "01:00:00", uuid(1), "app"),
        run_event("COMPLETE", "01:10:00", uuid(2), "app.command", run=inside),
    )
    assert [each["run_id"] for each in api.get(f"runs/{uuid(1)}")["children"]] == [uuid(2)]
    assert api.get(f"runs/{uuid(2)}")["parent"]["run_id"] == uuid(1)


def test_a_run_shows_what_it_read_and_wrote_and_its_error(db: sa.Engine) -> None:
    api = Api(db)
    out = dataset("s.out") | {"outputFacets": {"outputStatistics": {"rowCount": 7, "size": 99}}}
    error = {"message": "no space\nleft", "programmingLanguage": "PYTHON", "stackTrace": "at x"}
    api.tell(
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


def test_a_run_outside_airflow_that_fell_silent_counts_as_lost(db: sa.Engine) -> None:
    api = Api(db, now=datetime(2026, 11, 1, 12, tzinfo=UTC), lost_after=3600.0)
    api.tell(run_event("START", "11:30:00", uuid(1), "spark"))
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
    api.tell(run_event("START", "11:30:00", uuid(1), "spark"))
    api.tell(run_event("RUNNING", "12:45:00", uuid(1), "spark"))
    assert api.get(f"runs/{uuid(1)}")["state"] == "running"


def test_a_mapped_task_that_was_open_when_its_dag_run_ended_counts_as_lost(db: sa.Engine) -> None:
    api = Api(db)
    mapped = {"airflow": airflow_task("t", map_index=3)}
    closed = {"airflowState": {"dagRunState": "failed", "tasksState": {"t": "failed"}}}
    api.tell(
        run_event("START", "01:00:00", uuid(1), "d.t", run=mapped),
        run_event("FAIL", "02:00:00", uuid(2), "d", run={"airflowDagRun": airflow_dag()} | closed),
    )
    assert [each["run_id"] for each in api.get("runs", state="lost")["items"]] == [uuid(1)]
    counts = api.get("overview")["counts"]
    assert (counts["runs"], counts["lost"], counts["running"]) == (2, 1, 0)


def test_streams_and_airflows_runs_may_be_silent_for_long(db: sa.Engine) -> None:
    api = Api(db, lost_after=1.0)
    stream = {"jobType": {"integration": "FLINK", "jobType": "JOB", "processingType": "STREAMING"}}
    api.tell(
        run_event("START", "01:00:00", uuid(1), "flink", facets=stream),
        run_event("START", "01:00:00", uuid(2), "d", run={"airflowDagRun": airflow_dag()}),
        run_event("START", "01:00:00", uuid(3), "d.t", run={"airflow": airflow_task("t")}),
    )
    assert {run["state"] for run in api.get("runs")["items"]} == {"running"}


# --- pages ----------------------------------------------------------------------------------------


def test_every_run_is_on_exactly_one_page(db: sa.Engine) -> None:
    api = Api(db)
    same = "2026-11-01T10:00:00Z"  # many at one instant, of one job and of others
    api.tell(
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
    api.tell(*(event for n in range(205) for event in wrote(f"job_{n}", namespace="wide")))
    api.tell(*wrote("other", at="23:00:00"))
    runs = api.pages("runs", limit=100, namespace="wide")
    assert len({run["job"]["name"] for run in runs}) == len(runs) == 205


def test_what_comes_in_meanwhile_moves_no_page(db: sa.Engine) -> None:
    api = Api(db)
    api.tell(*(event for n in range(10) for event in wrote(f"job_{n}", at=f"0{n}:00:00")))
    first = api.get("runs", limit=4)
    api.tell(*(event for n in range(10) for event in wrote(f"late_{n}", at=f"1{n}:00:00")))
    second = api.get("runs", limit=4, cursor=first["next"])
    shown = [run["job"]["name"] for page in (first, second) for run in page["items"]]
    assert shown == [f"job_{n}" for n in range(9, 1, -1)]


@pytest.mark.parametrize("path", ["jobs", "datasets"])
def test_every_asset_is_on_exactly_one_page(db: sa.Engine, path: str) -> None:
    api = Api(db)
    api.tell(*(event for n in range(17) for event in wrote(f"job_{n}", f"s.t_{n}")))
    first = api.get(path, limit=6)
    api.tell(*wrote("job_0a", "s.t_0a"))  # sorts before what was shown
    rest = api.pages(path, limit=6, cursor=first["next"])
    shown = [each["id"] for each in (*first["items"], *rest)]
    assert len(shown) == len(set(shown)) >= 17


def test_a_limit_is_taken_for_the_nearest_that_is_allowed(db: sa.Engine) -> None:
    api = Api(db)
    api.tell(*(event for n in range(3) for event in wrote(f"job_{n}")))
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


@pytest.fixture
def shop(db: sa.Engine) -> Api:
    api = Api(db)
    api.tell(
        *wrote("Load_Orders", "shop.orders", reads=("shop.raw_orders",)),
        *wrote("load_rates", {"namespace": "s3://lake", "name": "rates.csv"}, namespace="lake"),
        *wrote("100%", "shop.per_cent"),
    )
    return api


def test_jobs_are_found_by_name(shop: Api) -> None:
    expected: list[tuple[dict[str, str], list[str]]] = [
        ({}, ["load_rates", "100%", "Load_Orders"]),
        ({"namespace": "lake"}, ["load_rates"]),
        ({"name": "load_rates"}, ["load_rates"]),
        ({"namespace": "prod", "name": "load_rates"}, []),
        ({"q": "LOAD"}, ["load_rates", "Load_Orders"]),
        ({"q": "load ord"}, ["Load_Orders"]),
        ({"q": "lake"}, ["load_rates"]),
        ({"q": "%"}, ["100%"]),
        ({"q": "d_r"}, ["load_rates"]),
        ({"q": "' OR '1'='1"}, []),
        ({"kind": "dag"}, []),
        ({"kind": "job", "q": "rates"}, ["load_rates"]),
    ]
    for asked, names_of_them in expected:
        found = names(shop.get("jobs", **asked)["items"])
        assert sorted(found) == sorted(names_of_them), asked


def test_datasets_are_found_by_name(shop: Api) -> None:
    expected: list[tuple[dict[str, str], list[str]]] = [
        ({"namespace": DB}, ["shop.orders", "shop.per_cent", "shop.raw_orders"]),
        ({"name": "rates.csv"}, ["rates.csv"]),
        ({"q": "ORDERS"}, ["shop.orders", "shop.raw_orders"]),
        ({"q": "_"}, ["shop.per_cent", "shop.raw_orders"]),
        ({"q": "lake rates"}, ["rates.csv"]),
        ({"platform": "s3"}, ["rates.csv"]),
        ({"platform": "postgres", "q": "raw"}, ["shop.raw_orders"]),
        ({"platform": "nothing"}, []),
        ({"q": "\x00"}, []),
    ]
    for asked, names_of_them in expected:
        found = names(shop.get("datasets", **asked)["items"])
        assert sorted(found) == sorted(names_of_them), asked


def test_datasets_are_found_by_owner_and_tag(db: sa.Engine) -> None:
    def owned(name: str, *owners: str, tags: tuple[dict[str, str], ...] = ()) -> dict[str, Any]:
        return dataset(
            name,
            ownership={"owners": [{"name": owner} for owner in owners]},
            tags={"tags": list(tags)},
        )

    api = Api(db)
    gold = {"key": "gold", "value": "true"}
    api.tell(
        *wrote("a", owned("s.a", "ann", "bob", tags=(gold,))),
        *wrote("b", owned("s.b", "bob", tags=(gold, {"key": "pii", "field": "mail"}))),
        *wrote("c", owned("s.c", "bob")),
        *wrote("d", "s.d"),
    )
    for asked, found in (
        ({"owner": "bob"}, ["s.a", "s.b", "s.c"]),
        ({"owner": "ann"}, ["s.a"]),
        ({"owner": "bob", "tag": "gold"}, ["s.a", "s.b"]),
        ({"tag": "gold", "q": "b"}, ["s.b"]),
        ({"tag": "pii"}, ["s.b"]),  # of one of its columns
        ({"owner": "nobody"}, []),
    ):
        assert sorted(names(api.get("datasets", **asked)["items"])) == found, asked
    assert api.get("labels") == {
        "owners": [{"name": "bob", "datasets": 3}, {"name": "ann", "datasets": 1}],
        "tags": [{"name": "gold", "datasets": 2}, {"name": "pii", "datasets": 1}],
    }


def test_a_dataset_tells_when_and_by_whom_it_was_written(shop: Api) -> None:
    (item,) = shop.get("datasets", name="shop.orders")["items"]
    assert item["written_at"] == "2026-11-01T10:01:00Z"
    assert item["written_by"]["name"] == "Load_Orders"
    assert item["state"] == "success"
    assert item["platform"] == "postgres"
    (raw,) = shop.get("datasets", name="shop.raw_orders")["items"]
    assert (raw["written_at"], raw["written_by"], raw["state"]) == (None, None, None)


def test_a_failed_run_changes_the_state_and_not_the_freshness(shop: Api) -> None:
    shop.tell(*wrote("Load_Orders", at="11:00:00", state="FAIL"))
    (item,) = shop.get("datasets", name="shop.orders")["items"]
    assert item["written_at"] == "2026-11-01T10:01:00Z"
    assert item["state"] == "failed"


def test_two_names_of_one_asset_are_one_item_with_the_facts_of_both(db: sa.Engine) -> None:
    api = Api(db)
    link = {"identifiers": [{"namespace": "hive://m:9083", "name": "w.t", "type": "TABLE"}]}
    path = {"namespace": "s3://lake", "name": "w/t"}
    told = {"documentation": {"description": "what it is"}, "symlinks": link}
    owner = {"ownership": {"owners": [{"name": "team-a", "type": "OWNER"}]}}
    api.tell(
        *wrote("one", {**path, "facets": told}, at="01:00:00"),
        *wrote(
            "two", {"namespace": "hive://m:9083", "name": "w.t", "facets": owner}, at="02:00:00"
        ),
    )
    (item,) = api.get("datasets")["items"]
    assert item["description"] == "what it is"
    assert item["owners"] == [{"name": "team-a", "type": "OWNER"}]
    assert item["written_at"] == "2026-11-01T02:01:00Z"
    detail = api.get(f"datasets/{item['id']}")
    assert sorted(names(detail["writers"])) == ["one", "two"]
    assert [run["job"]["name"] for run in detail["written_by_runs"]] == ["two", "one"]
    for name in ("s3://lake:w/t", "hive://m:9083:w.t"):
        assert api.get(f"datasets/{name}") == detail


def test_a_dropped_dataset_says_when(db: sa.Engine) -> None:
    api = Api(db)
    gone = dataset("s.t", lifecycleStateChange={"lifecycleStateChange": "DROP"})
    api.tell(*wrote("make", "s.t", at="01:00:00"), *wrote("drop", gone, at="02:00:00"))
    assert api.get("datasets", name="s.t")["items"][0]["dropped_at"] is not None
    api.tell(*wrote("make", "s.t", at="03:00:00"))
    assert api.get("datasets", name="s.t")["items"][0]["dropped_at"] is None


def test_a_job_has_what_its_facets_say(db: sa.Engine) -> None:
    api = Api(db)
    facets = {
        "documentation": {"description": "makes the day"},
        "ownership": {"owners": [{"name": "ann"}, {"name": "bob", "type": "DEV"}]},
        "tags": {"tags": [{"key": "tier", "value": "1", "source": "USER"}]},
        "sql": {"query": "SELECT 1"},
        "sourceCodeLocation": {"type": "git", "url": "https://git.example/x.py"},
    }
    api.tell(*wrote("j", "s.out", reads=("s.in",), facets=facets))
    (item,) = api.get("jobs")["items"]
    detail = api.get(f"jobs/{item['id']}")
    assert item["description"] == detail["description"] == "makes the day"
    assert [owner["name"] for owner in detail["owners"]] == ["ann", "bob"]
    assert detail["tags"] == [{"key": "tier", "value": "1", "source": "USER", "field": None}]
    assert detail["sql"] == "SELECT 1"
    assert detail["source_url"] == "https://git.example/x.py"
    assert names(detail["inputs"]) == ["s.in"]
    assert names(detail["outputs"]) == ["s.out"]
    assert api.get("jobs/prod:j") == detail
    told = api.get("facets", node="job:prod:j", name="sql")
    assert [(each["name"], each["body"]) for each in told] == [("sql", {"query": "SELECT 1"})]
    assert {"documentation", "ownership", "sql"} <= {
        each["name"] for each in api.get("facets", node=item["id"])
    }


def test_a_facet_that_is_not_what_it_should_be_breaks_no_list(db: sa.Engine) -> None:
    api = Api(db)
    odd: dict[str, Any] = {
        "documentation": {"description": ["a", "list"]},
        "ownership": {"owners": "ann"},
        "tags": {"tags": [1, None, {"key": 7}]},
    }
    api.tell(*wrote("j", dataset("s.t", **odd), facets=odd))
    for path in ("jobs", "datasets"):
        (item,) = api.get(path)["items"]
        assert (item["description"], item["owners"], item["tags"]) == (None, [], [])
        api.get(f"{path}/{item['id']}")


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


def test_an_unknown_asset_is_not_found(shop: Api) -> None:
    for path in ("jobs", "datasets", "jobs/x/durations"):
        target = path if path.endswith("durations") else f"{path}/prod:nothing"
        assert "NAMESPACE:NAME" in shop.problem(404, target)
