"""Spark applications and dbt projects: one card, one entry on Health, one run in lists."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from tests.bridge.asking import Api
from tests.support.corpus import FOLDER, needs_corpus
from tests.support.small import airflow_dag, airflow_task, dataset, parent, run_event, uuid

COMMAND = "execute_insert_into_hadoop_fs_relation_command"
ORDERS, CLEAN, REVENUE = (dataset(f"/lake/{name}", "file") for name in ("raw", "clean", "revenue"))


def kind(tool: str, word: str) -> dict[str, Any]:
    return {"jobType": {"integration": tool, "jobType": word, "processingType": "BATCH"}}


def spark(
    number: int = 1,
    end: str = "COMPLETE",
    app_end: str = "COMPLETE",
    inside: dict[str, Any] | None = None,
) -> list[bytes]:
    """An application `etl` that cleans and sums; `end` is how its last query ends."""
    app, first, last = (uuid(16 * number + n) for n in range(3))
    run = {"parent": parent(app, "etl", "spark")}
    failed = {"spark.exception": {"message": "no space left"}} if end == "FAIL" else {}
    around = {"parent": inside} if inside else {}
    named = {"namespace": "spark", "facets": kind("SPARK", "SQL_JOB")}
    whole = {"namespace": "spark", "facets": kind("SPARK", "APPLICATION"), "run": around}
    at = f"0{number}:00"
    return [
        run_event("START", f"{at}:00", app, "etl", **whole),
        run_event("COMPLETE", f"{at}:10", first, f"etl.{COMMAND}.lake_clean", run=run,
                  inputs=[ORDERS], outputs=[CLEAN], **named),
        run_event(end, f"{at}:20", last, f"etl.{COMMAND}.lake_revenue", run={**run, **failed},
                  inputs=[CLEAN], outputs=[REVENUE], **named),
        run_event(app_end, f"{at}:30", app, "etl", **whole),
    ]  # fmt: skip


RAW, STAGED, MART = (dataset(f"shop.main.{name}", "duckdb://f") for name in ("raw", "stg", "mart"))


def dbt(end: str = "COMPLETE") -> list[bytes]:
    """A run of a dbt project: two models, each with statements of its own."""
    project, staged, mart = uuid(0x101), uuid(0x102), uuid(0x103)
    inside = {"parent": parent(project, "dbt-run-shop", "dbt")}
    reported: dict[str, Any] = {"namespace": "dbt"}
    failed = {"errorMessage": {"message": "division by zero"}} if end == "FAIL" else {}
    events = [
        run_event("START", "07:00:00", project, "dbt-run-shop", facets=kind("DBT", "JOB"), **reported),
        run_event("COMPLETE", "07:00:10", staged, "shop.main.shop.stg", run=inside,
                  facets=kind("DBT", "MODEL"), inputs=[RAW], outputs=[STAGED], **reported),
        run_event(end, "07:00:20", mart, "shop.main.shop.mart", run={**inside, **failed},
                  facets=kind("DBT", "MODEL"), inputs=[STAGED], outputs=[MART], **reported),
        run_event(end, "07:00:30", project, "dbt-run-shop", facets=kind("DBT", "JOB"), **reported),
    ]  # fmt: skip
    for number in range(1, 4):
        model = {"parent": parent(mart, "shop.main.shop.mart", "dbt")}
        events.append(
            run_event("COMPLETE", f"07:00:1{number}", uuid(0x110 + number),
                      f"shop.main.shop.mart.sql.{number}", run=model,
                      facets=kind("DBT", "SQL"), **reported)
        )  # fmt: skip
    return events


def drawn(api: Api, node: str, **view: Any) -> tuple[list[str], list[str]]:
    """The labels of the jobs' cards and of the boxes around them."""
    graph = api.get("graph", node=node, **view)
    cards = [card["label"] for card in graph["cards"] if card["kind"] == "job"]
    return sorted(cards), sorted(group["label"] for group in graph["groups"])


def tables(api: Api, node: str, **view: Any) -> list[str]:
    cards = api.get("graph", node=node, **view)["cards"]
    return sorted(card["name"].rpartition("/")[2] for card in cards if card["kind"] == "dataset")


def id_of(api: Api, namespace: str, name: str) -> str:
    return str(api.get(f"jobs/{namespace}:{name}")["id"])


# --- cards --------------------------------------------------------------------------------------


def test_a_spark_application_is_one_card_with_its_inputs_and_results(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*spark())
    for node in ("dataset:file:/lake/revenue", "dataset:file:/lake/raw", "job:spark:etl"):
        assert drawn(api, node) == (["etl"], [])
        assert tables(api, node) == ["raw", "revenue"]
    (card,) = (
        card for card in api.get("graph", node="job:spark:etl")["cards"] if card["kind"] == "job"
    )
    assert (card["folded"], card["tasks"], card["job_kind"]) == (True, 2, "application")
    assert (card["state"], card["last_run"]["state"]) == ("success", "success")


def test_what_is_inside_an_application_opens_and_is_called_by_its_tables(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*spark())
    opened = {"open": f"dag:{id_of(api, 'spark', 'etl')}"}
    assert drawn(api, "job:spark:etl", **opened) == (["lake_clean", "lake_revenue"], ["etl"])
    assert tables(api, "job:spark:etl", **opened) == ["clean", "raw", "revenue"]


def test_an_application_is_open_where_one_card_would_hide_what_the_focus_leads_to(
    db: sa.Engine,
) -> None:
    api = Api(db)
    api.send(*spark())
    between = "dataset:file:/lake/clean"
    assert drawn(api, between) == (["lake_clean", "lake_revenue"], ["etl"])
    assert drawn(api, f"job:spark:etl.{COMMAND}.lake_clean")[1] == ["etl"]
    assert drawn(api, between, shut=f"dag:{id_of(api, 'spark', 'etl')}") == (["etl"], [])


def test_a_dbt_project_is_one_card_whatever_ran_inside_its_models(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*dbt())
    assert drawn(api, "dataset:duckdb://f:shop.main.mart") == (["dbt-run-shop"], [])
    opened = {"open": f"dag:{id_of(api, 'dbt', 'dbt-run-shop')}"}
    found = drawn(api, "dataset:duckdb://f:shop.main.mart", **opened)
    assert found == (["mart", "stg"], ["dbt-run-shop"])


def _submitted(end: str = "COMPLETE", app_end: str = "COMPLETE") -> list[bytes]:
    """The application as a task of DAG `d` starts it."""
    task = {"airflow": airflow_task("submit"), "parent": parent(uuid(0x201), "d")}
    dag = {"airflowDagRun": airflow_dag()}
    airflow = {"facets": {"jobType": {"integration": "AIRFLOW", "jobType": "TASK"}}}
    return [
        run_event("START", "01:00:00", uuid(0x201), "d", run=dag),
        run_event("START", "01:00:00", uuid(0x202), "d.submit", run=task, **airflow),
        *spark(end=end, app_end=app_end, inside=parent(uuid(0x202), "d.submit")),
        run_event(app_end, "01:00:40", uuid(0x202), "d.submit", run=task, **airflow),
        run_event(app_end, "01:00:50", uuid(0x201), "d", run=dag),
    ]


def test_an_application_that_a_task_started_stands_in_its_dag_and_folds_into_it(
    db: sa.Engine,
) -> None:
    api = Api(db)
    api.send(*_submitted())
    node = "dataset:file:/lake/revenue"
    assert drawn(api, node) == (["etl"], ["d"])
    assert drawn(api, node, group="dag") == (["d"], [])
    assert tables(api, node, group="dag") == ["raw", "revenue"]


def test_the_datasets_alone_stay_as_they_are(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*spark())
    graph = api.get("graph", node="dataset:file:/lake/revenue", view="data")
    assert sorted(card["name"] for card in graph["cards"]) == [
        "/lake/clean", "/lake/raw", "/lake/revenue"
    ]  # fmt: skip
    assert {job["label"] for edge in graph["edges"] for job in edge["jobs"]} == {
        "lake_clean", "lake_revenue"
    }  # fmt: skip


# --- Health -------------------------------------------------------------------------------------


def failing(api: Api) -> list[tuple[str, str | None]]:
    overview = api.get("overview")
    assert overview["counts"]["failing"] == len(overview["failing"])
    return [(item["label"], item["last_run"]["error"]) for item in overview["failing"]]


def test_a_failed_application_is_on_health_once_with_the_error_of_its_query(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*spark(end="FAIL", app_end="FAIL"), *dbt(end="FAIL"))
    assert failing(api) == [
        ("dbt-run-shop", "mart: division by zero"),
        ("etl", "lake_revenue: no space left"),
    ]


def test_what_failed_inside_is_named_even_if_it_says_no_error(db: sa.Engine) -> None:
    """A failed test of dbt has no text."""
    api = Api(db)
    inside = {"parent": parent(uuid(1), "dbt-run-shop", "dbt")}
    reported: dict[str, Any] = {"namespace": "dbt"}
    api.send(
        run_event("FAIL", "08:00:01", uuid(2), "test.shop.few_rows", run=inside,
                  facets=kind("DBT", "TEST"), **reported),
        run_event("FAIL", "08:00:02", uuid(1), "dbt-run-shop", facets=kind("DBT", "JOB"), **reported),
    )  # fmt: skip
    assert failing(api) == [("dbt-run-shop", "few_rows test failed")]


def test_a_query_that_failed_in_an_application_that_went_on_is_on_health(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*spark(end="FAIL"))
    assert failing(api) == [("lake_revenue", "no space left")]


def test_a_failed_application_inside_a_failed_dag_is_reported_with_the_dag(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*_submitted(end="FAIL", app_end="FAIL"))
    assert [name for name, _ in failing(api)] == ["d"]


def test_what_succeeds_again_is_no_longer_failing(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*spark(1, end="FAIL", app_end="FAIL"), *spark(2))
    assert failing(api) == []


# --- lists of runs ------------------------------------------------------------------------------


def test_the_list_of_outermost_runs_leaves_out_what_runs_inside_others(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*dbt(), *_submitted())
    assert len(api.get("runs")["items"]) == 11
    labels = [run["label"] for run in api.get("runs", outermost=True)["items"]]
    assert labels == ["dbt-run-shop", "d"]
    assert [run["label"] for run in api.get("overview")["recent_runs"]] == labels


def test_a_run_whose_parent_never_sent_an_event_is_an_outermost_run(db: sa.Engine) -> None:
    api = Api(db)
    api.send(spark()[1])
    assert [run["label"] for run in api.get("runs", outermost=True)["items"]] == ["lake_clean"]


# --- what real producers send -------------------------------------------------------------------


@needs_corpus
@pytest.mark.parametrize(
    ("file", "node", "card"),
    [
        ("spark1", "job:spark-shop:nightly_orders", "nightly_orders"),
        ("spark_iceberg", "job:spark-ice:iceberg_etl", "iceberg_etl"),
        ("spark_delta", "job:spark-delta:delta_etl", "delta_etl"),
        ("spark_stream", "job:spark-stream:clicks_stream", "clicks_stream"),
        ("dbt_pg", "job:dbt-pg:dbt-run-shop", "dbt-run-shop"),
    ],
)
def test_a_real_application_or_project_is_one_card_and_its_jobs_have_names_of_their_own(
    db: sa.Engine, file: str, node: str, card: str
) -> None:
    assert FOLDER is not None
    api = Api(db)
    lines = (FOLDER / "real-producers-2026" / f"{file}.jsonl").read_bytes().splitlines()
    api.send(*lines)
    assert drawn(api, node) == ([card], [])
    _, namespace, name = node.split(":")
    opened, _ = drawn(api, node, open=f"dag:{id_of(api, namespace, name)}")
    assert len(opened) > 1
    assert not [label for label in opened if label.startswith(name) or len(label) > 60]
