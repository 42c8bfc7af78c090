"""A DAG `shop` that runs every hour: load -> (check, sum) -> publish; any run may go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.small import dataset, parent, run_event, uuid

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
GRAPH = {"load": ["check", "sum"], "check": ["publish"], "sum": ["publish"], "publish": []}
SECONDS = {"load": 60, "check": 5, "sum": 30, "publish": 10}
RAW, ORDERS, TOTALS, REPORT = (f"shop.{name}" for name in ("raw", "orders", "totals", "report"))
SETS = {"load": (RAW, ORDERS), "check": (ORDERS, None), "sum": (ORDERS, TOTALS), "publish": (TOTALS, REPORT)}  # fmt: skip


def label(hour: int, kind: str = "scheduled") -> str:
    return f"{kind}__{(BEGIN + timedelta(hours=hour)).isoformat()}"


def dag_run(
    hour: int,
    *,
    fails: str | None = None,
    seconds: Mapping[str, float] | None = None,
    rows: int = 100,
    columns: tuple[str, ...] = ("id", "day"),
    sql: str = "select 1",
    version: int = 1,
    retries: Mapping[str, int] | None = None,
    kind: str = "scheduled",
) -> list[bytes]:
    """All events of one run; what comes after the task that fails never runs."""
    start = BEGIN + timedelta(hours=hour)
    number = 0x1000 * (hour + 1)
    dag = uuid(number)
    reported = {"run_id": label(hour, kind), "run_type": kind, "dag_version_number": version}
    of_dag = {"airflowDagRun": {"dag": {"dag_id": "shop", "owner": "sales"}, "dagRun": reported}}
    graph = {"tasks": {task: {"downstream_task_ids": str(after)} for task, after in GRAPH.items()}}
    found = [
        run_event("START", start.isoformat(), dag, "shop", run=of_dag, facets={"airflow": graph})
    ]
    ends: dict[str, datetime] = {"": start}
    for task in GRAPH:
        above = [other for other, after in GRAPH.items() if task in after]
        if any(other not in ends for other in above):
            continue
        at = max((ends[other] for other in above), default=start) + timedelta(seconds=1)
        for attempt in range(1, (retries or {}).get(task, 0) + 2):
            last = attempt == (retries or {}).get(task, 0) + 1
            number += 1
            until = at + timedelta(seconds={**SECONDS, **(seconds or {})}[task])
            end = "COMPLETE" if last and task != fails else "FAIL"
            found += _try(
                task, attempt, reported, dag, uuid(number), (at, until), end, rows, columns, sql
            )
            at = until + timedelta(seconds=1)
            if last and task != fails:
                ends[task] = until
            elif last:
                ends[""] = until
    end = "FAIL" if fails else "COMPLETE"
    return [*found, run_event(end, max(ends.values()).isoformat(), dag, "shop", run=of_dag)]


def _try(
    task: str,
    attempt: int,
    dag_run: dict[str, Any],
    dag: str,
    run_id: str,
    times: tuple[datetime, datetime],
    end: str,
    rows: int,
    columns: tuple[str, ...],
    sql: str,
) -> list[bytes]:
    airflow = {
        "dag": {"dag_id": "shop"},
        "dagRun": dag_run,
        "task": {"task_id": task, "operator_class": "SQLExecuteQueryOperator", "owner": task},
        "taskInstance": {"try_number": attempt},
    }
    run: dict[str, Any] = {"airflow": airflow, "parent": parent(dag, "shop")}
    if end == "FAIL":
        run["errorMessage"] = {"message": f"{task} broke", "programmingLanguage": "SQL"}
    fields = {"fields": [{"name": name, "type": "text"} for name in columns]}
    reads, writes = SETS[task]
    inputs = [dataset(reads)]
    outputs = [
        dataset(writes, schema=fields) | {"outputFacets": {"outputStatistics": {"rowCount": rows}}}
    ] if writes else []  # fmt: skip
    facets = {"sql": {"query": sql}} if task == "sum" else {}
    return [
        run_event(
            kind, at.isoformat(), run_id, f"shop.{task}", run=run, facets=facets,
            inputs=inputs, outputs=outputs,
        )
        for kind, at in (("START", times[0]), (end, times[1]))
    ]  # fmt: skip
