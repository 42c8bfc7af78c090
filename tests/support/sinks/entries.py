"""
A day of a small shop, as the catalog would show it: a DAG of four tasks, one of them mapped, with a
success, a retry that fails, a task that is skipped and one that never ran.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fairlead_bridge import ids
from fairlead_bridge.entries import (
    AffectedAsset,
    Column,
    DatasetEntry,
    DatasetRef,
    IncidentEntry,
    JobEntry,
    JobRef,
    Origin,
    Owner,
    RunDataset,
    RunEntry,
    Tag,
    Task,
)
from fairlead_bridge.model import Name

SECOND = 1_000_000
START = 1_795_150_800 * SECOND  # 2026-11-20 05:00:00 UTC
AIRFLOW = "https://airflow.example.com"


def dataset(namespace: str, name: str) -> DatasetRef:
    return DatasetRef(ids.dataset_id(namespace, name), namespace, name)


ORDERS = dataset("postgres://sales:5432", "sales.public.orders")
DAILY = dataset("snowflake://acme-prod", "ANALYTICS.REPORTING.DAILY_ORDERS")
LANDING = dataset("s3://landing", "orders/2026-11-20.csv")

DAG = JobRef(
    ids.job_id("airflow", "orders_sync"),
    "airflow",
    "orders_sync",
    "dag",
    "orders_sync",
    None,
    "AIRFLOW",
)


def task_ref(task_id: str) -> JobRef:
    name = f"orders_sync.{task_id}"
    return JobRef(
        ids.job_id("airflow", name), "airflow", name, "task", "orders_sync", task_id, "AIRFLOW", DAG
    )


EXTRACT, LOAD, SCORE, REPORT = map(task_ref, ("extract", "load", "score", "report"))
TASKS = (EXTRACT, LOAD, SCORE, REPORT)
_NEXT = {"extract": ("load",), "load": ("report", "score"), "score": (), "report": ()}


def dataset_entry(ref: DatasetRef, **more: Any) -> DatasetEntry:
    return DatasetEntry(Name("dataset", ref.id), dataset=ref, names=(ref,), **more)


ORDERS_ENTRY = dataset_entry(ORDERS, columns=(Column("id", "int8"), Column("amount", "numeric")))
DAILY_ENTRY = dataset_entry(
    DAILY, columns=(Column("ORDER_ID", "NUMBER(38,0)"), Column("AMOUNT", "NUMBER(38,2)"))
)

DAG_ENTRY = JobEntry(
    Name("job", DAG.id),
    job=DAG,
    description="Sync orders",
    owners=(Owner("data-eng"), Owner("***")),
    tags=(Tag("orders", "orders"), Tag("tier", "1")),
    schedule="0 5 * * *",
    url=f"{AIRFLOW}/dags/orders_sync",
    facts={"fileloc": "/dags/orders_sync.py", "start_date": "2026-01-01T00:00:00+00:00"},
    tasks=tuple(
        Task(
            job,
            operator="SQLExecuteQueryOperator" if job is LOAD else "PythonOperator",
            downstream=_NEXT[str(job.task_id)],
            sql="insert into daily_orders select id, amount from orders" if job is LOAD else None,
            url=f"{AIRFLOW}/dags/orders_sync/tasks/{job.task_id}",
        )
        for job in TASKS
    ),
)
LOAD_ENTRY = JobEntry(
    Name("job", LOAD.id),
    job=LOAD,
    owners=(Owner("data-eng"),),
    operator="SQLExecuteQueryOperator",
    sql="insert into daily_orders select id, amount from orders",
    url=f"{AIRFLOW}/dags/orders_sync/tasks/load",
    facts={"pool": "default_pool", "retries": 1},
    upstream=(EXTRACT,),
    inputs=(ORDERS,),
    outputs=(DAILY,),
    origins=(
        Origin(ORDERS, "id", DAILY, "ORDER_ID", True, "IDENTITY"),
        Origin(ORDERS, "amount", DAILY, "AMOUNT", True, "AGGREGATION"),
        Origin(ORDERS, "amount", DAILY, "ORDER_ID", False, "FILTER"),
    ),
)
EXTRACT_ENTRY = JobEntry(
    Name("job", EXTRACT.id),
    job=EXTRACT,
    operator="PythonOperator",
    inputs=(LANDING,),
    outputs=(ORDERS,),
)


def of_dag(job: JobRef, dag_id: str, task_id: str | None = None) -> JobRef:
    """The same job under another DAG's name."""
    name = f"{dag_id}.{task_id}" if task_id else dag_id
    return replace(job, name=name, dag_id=dag_id, task_id=task_id)


def run_id(number: int) -> str:
    return f"00000000-0000-7000-8000-{number:012d}"


def dag_run(
    day: int = 0, state: str = "success", tasks: tuple[RunEntry, ...] = (), **more: Any
) -> RunEntry:
    start = START + day * 86_400 * SECOND
    logical = f"scheduled__2026-11-{20 + day:02d}T05:00:00+00:00"
    done = state not in ("running", "queued")
    values: dict[str, Any] = {
        "job": DAG,
        "run_id": run_id(1000 + day),
        "state": state,
        "first_at": start,
        "last_at": start + 180 * SECOND if done else start,
        "dag_run_id": logical,
        "started_at": start,
        "ended_at": start + 180 * SECOND if done else None,
        "duration": 180.0 if done else None,
        "nominal_start_at": start,
        "run_type": "scheduled",
        "tasks": tasks,
    }
    name = Name("run", ids.dag_run_id("airflow", "orders_sync", logical))
    return RunEntry(name, **(values | more))


def task_run(
    job: JobRef,
    state: str = "success",
    *,
    day: int = 0,
    try_number: int = 1,
    map_index: int = -1,
    after: int = 50,
    takes: float = 125.0,
    **more: Any,
) -> RunEntry:
    above = dag_run(day)
    start = START + (day * 86_400 + after) * SECOND
    ran = state not in ("upstream_failed", "removed", "queued")
    done = state not in ("running", "queued")
    end = start + round(takes * SECOND)
    instance = ids.instance_id(above.name.id, str(job.task_id), map_index)
    values: dict[str, Any] = {
        "job": job,
        "run_id": run_id(instance % 10**12 + try_number),
        "state": state,
        "first_at": start,
        "last_at": end if done else start,
        "dag_run_id": above.dag_run_id,
        "map_index": map_index,
        "try_number": try_number,
        "started_at": start if ran else None,
        "ended_at": end if ran and done else None,
        "duration": takes if ran and done else None,
        "run_type": "scheduled",
        "url": f"{AIRFLOW}/dags/orders_sync/runs/{above.dag_run_id}/tasks/{job.task_id}",
        "dag_run": above.name,
        "dag_run_openlineage_id": above.run_id,
    }
    return RunEntry(Name("run", ids.try_id(instance, try_number)), **(values | more))


LOAD_WROTE = task_run(
    LOAD,
    datasets=(
        RunDataset(ORDERS, "input"),
        RunDataset(DAILY, "output", written_at=START + 175 * SECOND, row_count=1200),
    ),
)
LOAD_FAILED = task_run(
    LOAD,
    "failed",
    error="deadlock detected",
    datasets=(RunDataset(ORDERS, "input"), RunDataset(DAILY, "output")),
)


def incident(state: str = "open", **more: Any) -> IncidentEntry:
    """A task of the DAG failed, and the table that it writes is late."""
    values: dict[str, Any] = {
        "state": state,
        "severity": "critical",
        "kind": "failed_run",
        "node": f"job:{LOAD.namespace}:{LOAD.name}",
        "label": LOAD.name,
        "text": f"{LOAD.name} failed: deadlock detected",
        "at": START,
        "opened_at": START,
        "detected_at": START,
        "changed_at": START,
        "resolved_at": START + SECOND if state == "resolved" else None,
        "affected": (
            AffectedAsset(
                f"dataset:{DAILY.namespace}:{DAILY.name}", DAILY.name, "late", dataset=DAILY
            ),
        ),
        "job": LOAD,
    }
    return IncidentEntry(Name("incident", 7), **(values | more))
