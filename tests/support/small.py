"""A small history in which everything happens that makes order matter."""

from __future__ import annotations

import json
from typing import Any

_DAY = "2026-11-01T"
_FACET = {"_producer": "https://example.com/p", "_schemaURL": "https://example.com/s"}


def run_event(
    kind: str | None,
    time: str,
    run_id: str,
    job: str,
    *,
    namespace: str = "prod",
    run: dict[str, Any] | None = None,
    facets: dict[str, Any] | None = None,
    inputs: list[dict[str, Any]] | None = None,
    outputs: list[dict[str, Any]] | None = None,
) -> bytes:
    """A RunEvent; `time` is the hour of one day unless it has a date."""
    event = {
        "eventTime": time if "T" in time else f"{_DAY}{time}Z",
        "producer": _FACET["_producer"],
        "run": {"runId": run_id, "facets": _facets(run)},
        "job": {"namespace": namespace, "name": job, "facets": _facets(facets)},
        "inputs": inputs or [],
        "outputs": outputs or [],
    }
    if kind is not None:
        event["eventType"] = kind
    return json.dumps(event).encode()


def dataset(name: str, namespace: str = "postgres://h:5432", **facets: Any) -> dict[str, Any]:
    return {"namespace": namespace, "name": name, "facets": _facets(facets)}


def schema(*columns: str) -> dict[str, Any]:
    return {"fields": [{"name": column, "type": "text"} for column in columns]}


def airflow_task(
    task_id: str, run_id: str = "manual_1", try_number: int = 1, map_index: int | None = None
) -> dict[str, Any]:
    """The run facet `airflow` of a task of DAG `d`."""
    instance: dict[str, Any] = {"try_number": try_number}
    if map_index is not None:
        instance["map_index"] = map_index
    return {
        "dag": {"dag_id": "d"},
        "dagRun": {"run_id": run_id},
        "task": {"task_id": task_id, "retries": 1, "operator_class": "BashOperator"},
        "taskInstance": instance,
    }


def airflow_dag(run_id: str = "manual_1", clear_number: int = 0, **more: Any) -> dict[str, Any]:
    """The run facet `airflowDagRun` of DAG `d`."""
    return {
        "dag": {"dag_id": "d", "timetable_summary": "@daily", "tags": "['a', 'b']"},
        "dagRun": {"run_id": run_id, "clear_number": clear_number, **more},
    }


def parent(run_id: str, job: str, namespace: str = "prod") -> dict[str, Any]:
    return {"run": {"runId": run_id}, "job": {"namespace": namespace, "name": job}}


def uuid(number: int) -> str:
    return f"0199f000-0000-7000-8000-{number:012x}"


def _facets(facets: dict[str, Any] | None) -> dict[str, Any]:
    return {
        name: {**_FACET, **body} if isinstance(body, dict) else body
        for name, body in (facets or {}).items()
    }


def _instance(
    task_id: str, state: str, try_number: int, start: str | None, end: str | None
) -> dict[str, Any]:
    reported = {"taskId": task_id, "state": state, "tryNumber": try_number, "operator": "X"}
    times = {"startedAt": start, "endedAt": end}
    return reported | {name: f"{_DAY}{hour}Z" for name, hour in times.items() if hour}


def _spark(processing: str) -> dict[str, Any]:
    return {"jobType": {"integration": "SPARK", "processingType": processing}}


def small_events() -> list[bytes]:
    """A DAG with a retry, a skip, mapped instances, a mark, a clear; Spark; symlinks; a rename."""
    orders, report = dataset("shop.orders", schema=schema("id", "day")), dataset("shop.report")
    wider = dataset("shop.orders", schema=schema("id", "day", "price"))
    dag, task = {"jobType": {"integration": "AIRFLOW", "jobType": "DAG"}}, "d.load"
    airflow = {"processing_engine": {"name": "Airflow", "version": "3.3.2"}}
    closed = {"tasksState": {"load": "success", "skipped": "skipped", "each": "success"}}
    return [
        run_event(
            "START", "08:00:00", uuid(1), "d", run={"airflowDagRun": airflow_dag()}, facets=dag
        ),
        run_event("START", "08:00:01", uuid(2), task, run={"airflow": airflow_task("load")}),
        run_event("FAIL", "08:00:05", uuid(2), task, run={"airflow": airflow_task("load")}),
        run_event(
            "START", "08:01:00", uuid(3), task, run={"airflow": airflow_task("load", try_number=2)}
        ),
        run_event(
            "COMPLETE",
            "08:01:30",
            uuid(3),
            task,
            run={"airflow": airflow_task("load", try_number=2), "parent": parent(uuid(1), "d")},
            inputs=[orders],
            outputs=[report],
        ),
        run_event(
            "COMPLETE",
            "08:01:20",
            uuid(4),
            "d.load.query.1",
            run={"parent": parent(uuid(3), task)},
            facets={"jobType": {"integration": "AIRFLOW", "jobType": "QUERY"}},
            outputs=[wider],
        ),
        run_event(
            "START",
            "08:02:00",
            uuid(5),
            "d.each",
            run={"airflow": airflow_task("each", map_index=0)},
        ),
        run_event(
            "COMPLETE",
            "08:02:09",
            uuid(6),
            "d.each",
            run={"airflow": airflow_task("each", map_index=1)},
            outputs=[dataset("shop.parts")],
        ),
        run_event(
            "FAIL",
            "08:03:00",
            uuid(1),
            "d",
            run={"airflowDagRun": airflow_dag(duration=180.0), "airflowState": closed},
        ),
        # A user marks the failed try; the event brings nothing but the runId.
        run_event(
            "COMPLETE",
            "08:30:00",
            uuid(2),
            task,
            run={**airflow, "parent": parent(uuid(1), "d")},
        ),
        # The DAG run is cleared and goes on under another runId.
        run_event(
            "START", "09:00:00", uuid(7), "d", run={"airflowDagRun": airflow_dag(clear_number=1)}
        ),
        run_event(
            "COMPLETE",
            "09:10:00",
            uuid(7),
            "d",
            run={
                "airflowDagRun": airflow_dag(clear_number=1),
                "airflowState": {"tasksState": {"load": "success", "late": "upstream_failed"}},
            },
        ),
        # What Airflow's database said of every try when the first generation ended.
        run_event(
            "OTHER",
            "08:03:00",
            uuid(1),
            "d",
            run={
                "fairlead_instances": {
                    "dagId": "d",
                    "dagRunId": "manual_1",
                    "instances": [
                        _instance("load", "failed", 1, "08:00:01", "08:00:05"),
                        _instance("load", "success", 2, "08:01:00", "08:01:29"),
                        _instance("skipped", "skipped", 0, None, None),
                        _instance("empty", "success", 1, "08:02:30", "08:02:30"),
                        {**_instance("each", "skipped", 1, "08:02:00", "08:02:08"), "mapIndex": 0},
                    ],
                }
            },
        ),
        # Spark in another namespace, inside the task; ends twice, starts late, says RUNNING after.
        run_event(
            "RUNNING",
            "08:01:10",
            uuid(8),
            "app",
            namespace="spark",
            run={"parent": parent(uuid(3), task)},
        ),
        run_event("COMPLETE", "08:01:15", uuid(8), "app", namespace="spark", outputs=[report]),
        run_event("FAIL", "08:01:15", uuid(8), "app", namespace="spark"),
        run_event("OTHER", "08:00:59", uuid(8), "app", namespace="spark", inputs=[orders]),
        # A query of Spark's that fails and yet ends with COMPLETE; one that starts anew after it.
        run_event("START", "08:01:11", uuid(10), "app.write", namespace="spark"),
        run_event(
            "FAIL",
            "08:01:12",
            uuid(10),
            "app.write",
            namespace="spark",
            run={"spark.exception": {"message": "disk full", "stackTrace": "at Write"}},
            outputs=[dataset("shop.broken")],
        ),
        run_event(
            "COMPLETE",
            "08:01:13",
            uuid(10),
            "app.write",
            namespace="spark",
            outputs=[dataset("shop.broken")],
        ),
        run_event("ABORT", "08:01:12", uuid(11), "app.again", namespace="spark"),
        run_event("START", "08:01:13", uuid(11), "app.again", namespace="spark"),
        run_event("COMPLETE", "08:01:14", uuid(11), "app.again", namespace="spark"),
        # An application that ends while jobs inside it, one in the other, have reported no end.
        run_event("START", "08:01:00", uuid(12), "app2", namespace="spark", facets=_spark("NONE")),
        run_event(
            "START",
            "08:01:01",
            uuid(13),
            "app2.rdd",
            namespace="spark",
            facets=_spark("BATCH"),
            run={"parent": parent(uuid(12), "app2", "spark")},
            outputs=[dataset("shop.rdd")],
        ),
        run_event(
            "START",
            "08:01:02",
            uuid(14),
            "app2.rdd.stream",
            namespace="spark",
            facets=_spark("STREAMING"),
            run={"parent": parent(uuid(13), "app2.rdd", "spark")},
        ),
        run_event("ABORT", "08:01:09", uuid(12), "app2", namespace="spark", facets=_spark("NONE")),
        # Two names of one table, reported late; and a rename.
        run_event(
            "COMPLETE",
            "10:00:00",
            uuid(9),
            "iceberg",
            outputs=[
                dataset(
                    "warehouse/orders",
                    "s3://lake",
                    symlinks={
                        "identifiers": [
                            {"namespace": "hive://h:9083", "name": "shop.orders", "type": "TABLE"}
                        ]
                    },
                )
            ],
        ),
        json.dumps(
            {
                "eventTime": f"{_DAY}11:00:00Z",
                "dataset": dataset(
                    "shop.orders_2",
                    lifecycleStateChange={
                        "lifecycleStateChange": "RENAME",
                        "previousIdentifier": {
                            "namespace": "postgres://h:5432",
                            "name": "shop.orders",
                        },
                    },
                    documentation={"description": "renamed"},
                ),
            }
        ).encode(),
        json.dumps(
            {
                "eventTime": f"{_DAY}07:00:00Z",
                "job": {
                    "namespace": "prod",
                    "name": "declared",
                    "facets": {"documentation": {**_FACET, "_deleted": True}},
                },
                "inputs": [orders],
            }
        ).encode(),
        # The DAG is paused, and a feed from outside is updated, each seen twice.
        *(_paused(time, is_paused=True) for time in ("06:00:00", "06:30:00")),
        _paused("07:30:00", is_paused=False),
        *(_updated(time) for time in ("05:00:00", "05:30:00")),
    ]


def _paused(time: str, *, is_paused: bool) -> bytes:
    state = {"isPaused": is_paused, "at": f"{_DAY}{time}Z"}
    event = {
        "eventTime": f"{_DAY}{time}Z",
        "job": {"namespace": "prod", "name": "d", "facets": _facets({"fairlead_dag_state": state})},
    }
    return json.dumps(event).encode()


def _updated(time: str) -> bytes:
    reported = dataset("shop.feed", dataQualityMetrics={"lastUpdated": f"{_DAY}{time}Z"})
    return json.dumps({"eventTime": f"{_DAY}{time}Z", "dataset": reported}).encode()
