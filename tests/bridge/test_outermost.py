"""What several runs inside one another wrote is one write: that of the outermost."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.db.engine import reading
from fairlead_bridge.ids import dag_run_id, run_id
from fairlead_bridge.queries.outermost import around, outermost
from fairlead_bridge.queries.snapshot import Snapshot
from tests.bridge.asking import NOW, Api
from tests.support.small import airflow_dag, airflow_task, dataset, parent, run_event, uuid

LAKE = dataset("/lake/orders", "file")
SPARK = {"jobType": {"integration": "SPARK", "jobType": "SQL_JOB", "processingType": "BATCH"}}


def nested(day: int = 1, *, rooted: bool = True) -> list[bytes]:
    """A DAG run, its task, the Spark application that it submits, and that one's query, at 08:00."""
    first, run = 16 * day, f"scheduled__{day}"
    dag, task, app, query = (uuid(first + n) for n in range(4))
    root = {"root": parent(dag, "d")} if rooted else {}
    inside_task = {"parent": {**parent(task, "d.submit"), **root}}
    inside_app = {"parent": {**parent(app, "etl", "spark"), **root}}
    dag_facet = {"airflowDagRun": airflow_dag(run)}
    task_facet = {"airflow": airflow_task("submit", run), "parent": parent(dag, "d")}
    at = f"2026-11-{day:02}T08:0"
    return [
        run_event("START", f"{at}0:00Z", dag, "d", run=dag_facet),
        run_event("START", f"{at}1:00Z", task, "d.submit", run=task_facet),
        run_event("START", f"{at}2:00Z", app, "etl", namespace="spark", run=inside_task),
        run_event("START", f"{at}3:00Z", query, "etl.write.lake_orders", namespace="spark",
                  run=inside_app, facets=SPARK, outputs=[LAKE]),
        run_event("COMPLETE", f"{at}3:30Z", query, "etl.write.lake_orders", namespace="spark",
                  run=inside_app, facets=SPARK, outputs=[LAKE]),
        run_event("COMPLETE", f"{at}4:00Z", app, "etl", namespace="spark", run=inside_task),
        run_event("COMPLETE", f"{at}5:00Z", task, "d.submit", run=task_facet, outputs=[LAKE]),
        run_event("COMPLETE", f"{at}6:00Z", dag, "d", run=dag_facet),
    ]  # fmt: skip


def _snapshot(tx: sa.Connection) -> Snapshot:
    return Snapshot(tx, round(NOW.timestamp() * 1_000_000), 86_400.0)


@pytest.mark.parametrize("rooted", [True, False])
def test_a_query_in_an_application_in_a_task_is_part_of_the_dag_run(
    db: sa.Engine, rooted: bool
) -> None:
    Api(db).send(*nested(rooted=rooted))
    query, app = run_id(uuid(16 + 3)), run_id(uuid(16 + 2))
    whole = dag_run_id("prod", "d", "scheduled__1")
    with reading(db) as tx:
        assert outermost(_snapshot(tx), [query, app, whole]) == dict.fromkeys(
            [query, app, whole], whole
        )
        chain = around(_snapshot(tx), [query])[query]
    assert (len(chain), chain[0], chain[-1]) == (3, app, whole)


def test_runs_inside_one_that_never_sent_an_event_are_parts_of_one(db: sa.Engine) -> None:
    """A dbt invocation whose own events got lost."""
    inside = {"parent": parent(uuid(1), "dbt-run-shop")}
    Api(db).send(*(run_event("COMPLETE", "08:00:00", uuid(n), f"m{n}", run=inside) for n in (2, 3)))
    with reading(db) as tx:
        found = outermost(_snapshot(tx), [run_id(uuid(2)), run_id(uuid(3))])
    assert set(found.values()) == {run_id(uuid(1))}


def test_runs_that_call_each_other_their_parent_end_the_search(db: sa.Engine) -> None:
    Api(db).send(
        run_event("START", "08:00:00", uuid(1), "a", run={"parent": parent(uuid(2), "b")}),
        run_event("START", "08:00:00", uuid(2), "b", run={"parent": parent(uuid(1), "a")}),
    )
    with reading(db) as tx:
        assert len(around(_snapshot(tx), [run_id(uuid(1))])[run_id(uuid(1))]) == 1


def test_a_spark_run_inside_a_task_is_no_second_write(db: sa.Engine) -> None:
    """Else the gap between the query's end and the task's would be learned as a rhythm."""
    api = Api(db, now=NOW + timedelta(days=4, hours=-12))
    api.send(*(event for day in range(1, 6) for event in nested(day)))
    found = api.get("datasets/file:/lake/orders/freshness")
    assert len(found["writes"]) == 5
    assert found["rhythm"]["usual"] == 86_400
    assert {write["run"]["job"]["name"] for write in found["writes"]} == {"d.submit"}
    detail = api.get("datasets/file:/lake/orders")
    assert [run["job"]["name"] for run in detail["written_by_runs"]] == ["d.submit"] * 5
    assert api.get("at-risk")["items"] == []


# --- CREATE TABLE AS SELECT and saveAsTable ------------------------------------------------------

APP = {"parent": parent(uuid(1), "etl", "spark")}


def _query(kind: str, at: str, number: int, name: str, **more: Any) -> bytes:
    return run_event(kind, at, uuid(number), name, namespace="spark", run=APP, facets=SPARK, **more)


CTAS = [
    _query("START", "08:00:00", 2, "etl.create_as_select.default_orders", outputs=[LAKE]),
    _query("START", "08:00:01", 3, "etl.adaptive_spark_plan.lake_orders", outputs=[LAKE]),
    _query("COMPLETE", "08:00:09", 3, "etl.adaptive_spark_plan.lake_orders", outputs=[LAKE]),
    _query("COMPLETE", "08:00:10", 2, "etl.create_as_select.default_orders", outputs=[LAKE]),
]


@pytest.mark.parametrize("order", [*permutations(range(4))][::5])
def test_a_create_table_as_select_that_spark_reports_as_two_jobs_is_one_write(
    db: sa.Engine, order: tuple[int, ...]
) -> None:
    api = Api(db)
    for each in order:
        api.send(CTAS[each])
    (run,) = api.get("datasets/file:/lake/orders")["written_by_runs"]
    assert run["job"]["name"] == "etl.create_as_select.default_orders"
    assert len(api.get("datasets/file:/lake/orders/freshness")["writes"]) == 1


def test_two_queries_of_an_application_that_write_one_after_the_other_are_both_listed(
    db: sa.Engine,
) -> None:
    api = Api(db)
    api.send(*CTAS, _query("START", "08:01:00", 4, "etl.append.orders", outputs=[LAKE]),
             _query("COMPLETE", "08:01:05", 4, "etl.append.orders", outputs=[LAKE]))  # fmt: skip
    assert len(api.get("datasets/file:/lake/orders")["written_by_runs"]) == 2
