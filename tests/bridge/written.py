"""Runs of DAGs that write a dataset."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.support.small import dataset, parent, run_event, uuid


def of_dag(
    name: str,
    run_id: str,
    kind: str,
    start: datetime,
    number: int,
    writes: str,
    *,
    reads: str | None = None,
    dag: dict[str, Any] | None = None,
    dag_run: dict[str, Any] | None = None,
) -> list[bytes]:
    """A DAG run with one task that writes, for a minute."""
    reported = {"run_id": run_id, "run_type": kind}
    whole = {"airflowDagRun": {"dag": {"dag_id": name, **(dag or {})}, "dagRun": reported}, **(dag_run or {})}  # fmt: skip
    task = {
        "airflow": {
            "dag": {"dag_id": name}, "dagRun": reported, "task": {"task_id": "write"},
            "taskInstance": {"try_number": 1},
        },
        "parent": parent(uuid(number), name),
    }  # fmt: skip
    end = start + timedelta(minutes=1)
    data = {"inputs": [dataset(reads)] if reads else [], "outputs": [dataset(writes)]}
    of_task = f"{name}.write"
    return [
        run_event("START", start.isoformat(), uuid(number), name, run=whole),
        run_event("START", start.isoformat(), uuid(number + 1), of_task, run=task, **data),
        run_event("COMPLETE", end.isoformat(), uuid(number + 1), of_task, run=task, **data),
        run_event("COMPLETE", end.isoformat(), uuid(number), name, run=whole),
    ]
