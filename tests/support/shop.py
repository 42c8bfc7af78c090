"""The history that the examples of docs/reference/rest-api.md ask about: three days of a DAG."""

from __future__ import annotations

from typing import Any

from tests.support.small import airflow_dag, airflow_task, dataset, parent, run_event, uuid

WAREHOUSE = "postgres://warehouse:5432"
_TASK = {"jobType": {"integration": "AIRFLOW", "jobType": "TASK", "processingType": "BATCH"}}
_DAG = {
    "airflow": {
        "tasks": {
            "load_orders": {"downstream_task_ids": "['daily_revenue']"},
            "daily_revenue": {"downstream_task_ids": "[]"},
        }
    }
}


def events() -> list[bytes]:
    """`shop` loads orders and sums them up; the third day fails, after a new column came."""
    found = [event for day in (1, 2, 3) for event in _day(day)]
    return [*found, b'{"eventTime": "2026-11-03T06:00:00Z"}']


def _day(day: int) -> list[bytes]:
    dag, load, total = (uuid(0x100 * day + n) for n in range(3))
    good = day < 3
    end = "COMPLETE" if good else "FAIL"
    error = {"message": 'column "currency" is ambiguous', "programmingLanguage": "SQL"}
    failed: dict[str, Any] = {} if good else {"errorMessage": error}
    read_orders = [dataset("shop.public.orders", WAREHOUSE)]

    def at(minute: str) -> str:
        return f"2026-11-0{day}T06:{minute}Z"

    return [
        run_event("START", at("00:00"), dag, "shop", run=_of_dag(day), facets=_DAG),
        *(
            run_event(
                state, time, load, "shop.load_orders", run=_of_task(day, "load_orders", dag),
                facets=_TASK, inputs=inputs, outputs=outputs,
            )
            for state, time, inputs, outputs in (
                ("START", at("00:10"), [], []),
                ("COMPLETE", at(f"01:1{day}"), [dataset("orders/2026.csv", "s3://feeds")], [_orders(day)]),
            )
        ),
        run_event(
            "START", at("01:20"), total, "shop.daily_revenue",
            run=_of_task(day, "daily_revenue", dag), facets=_TASK,
        ),
        run_event(
            end, at("02:00"), total, "shop.daily_revenue",
            run=_of_task(day, "daily_revenue", dag) | failed, facets=_TASK,
            inputs=read_orders if good else [], outputs=[_revenue()] if good else [],
        ),
        run_event(end, at("02:05"), dag, "shop", run=_of_dag(day)),
    ]  # fmt: skip


def _run(day: int) -> str:
    return f"scheduled__2026-11-0{day}T06:00:00+00:00"


def _of_dag(day: int) -> dict[str, Any]:
    reported = airflow_dag(_run(day), run_type="scheduled")
    reported["dag"] |= {"dag_id": "shop", "owner": "sales"}
    return {"airflowDagRun": reported}


def _of_task(day: int, task_id: str, dag: str) -> dict[str, Any]:
    reported = airflow_task(task_id, _run(day))
    reported["dag"] = {"dag_id": "shop"}
    reported["task"] |= {
        "operator_class": "SQLExecuteQueryOperator",
        "owner": "sales",
        "retries": 0,
    }
    return {"airflow": reported, "parent": parent(dag, "shop")}


def _orders(day: int) -> dict[str, Any]:
    columns = {"order_id": "bigint", "amount": "numeric", "placed_at": "timestamp"}
    if day > 1:
        columns["currency"] = "text"
    fields = [{"name": name, "type": kind} for name, kind in columns.items()]
    reported = dataset("shop.public.orders", WAREHOUSE, schema={"fields": fields})
    return reported | {
        "outputFacets": {"outputStatistics": {"rowCount": 1200 + day, "size": 88_000}}
    }


def _revenue() -> dict[str, Any]:
    origin = {
        "namespace": WAREHOUSE,
        "name": "shop.public.orders",
        "field": "amount",
        "transformations": [{"type": "DIRECT", "subtype": "AGGREGATION"}],
    }
    return dataset(
        "shop.public.daily_revenue",
        WAREHOUSE,
        schema={
            "fields": [{"name": "day", "type": "date"}, {"name": "revenue", "type": "numeric"}]
        },
        columnLineage={"fields": {"revenue": {"inputFields": [origin]}}},
        documentation={"description": "Revenue of each day, in euros."},
    )
