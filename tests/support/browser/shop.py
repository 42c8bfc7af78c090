"""A small shop's DAGs as OpenLineage events: what the page is tested with."""

from __future__ import annotations

import json
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

NAMESPACE = "shop-airflow"
WAREHOUSE = "postgres://warehouse:5432"

Json = dict[str, Any]


def post(base: str, events: Sequence[Json]) -> None:
    """Send events, one by one, as the OpenLineage client does."""
    for event in events:
        request = urllib.request.Request(  # noqa: S310  (our own server)
            f"{base}/api/v1/lineage",
            data=json.dumps(event).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            assert answer.status == 201


def facet(**body: Any) -> Json:
    return {"_producer": "https://example.com/p", "_schemaURL": "https://example.com/s", **body}


def table(name: str, namespace: str = WAREHOUSE, **columns: str) -> Json:
    fields = [{"name": column, "type": kind} for column, kind in columns.items()]
    facets = {"schema": facet(fields=fields)} if fields else {}
    return {"namespace": namespace, "name": name, "facets": facets}


def run_id(*parts: object) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "/".join(map(str, parts))))


def _graph(tasks: Sequence[str]) -> Json:
    """The tasks of a DAG, one after the other, as Airflow reports it."""
    following = [[after] for after in tasks[1:]]
    return {
        task: {"downstream_task_ids": str(after)}
        for task, after in zip(tasks, [*following, []], strict=True)
    }


@dataclass(frozen=True)
class Task:
    """One task of a DAG, as one run of it went."""

    name: str
    inputs: Sequence[Json] = ()
    outputs: Sequence[Json] = ()
    end: str | None = "COMPLETE"  # or FAIL; None while it runs
    error: str | None = None
    seconds: float = 30
    sql: str | None = None
    retries: int = 0  # tries that fail before the one that ends so
    queued: float = 0  # seconds in the queue before the first try


def dag_run(
    dag: str,
    tasks: Sequence[Task],
    start: datetime,
    description: str = "",
    owner: str = "data-team",
    error: str | None = None,
) -> Iterator[Json]:
    """Every event of one run of a DAG whose tasks run one after the other."""
    label = f"scheduled__{start.isoformat()}"
    dag_job = {
        "documentation": facet(description=description or f"The {dag} of the shop"),
        "ownership": facet(owners=[{"name": owner}]),
        "jobType": facet(processingType="BATCH", integration="AIRFLOW", jobType="DAG"),
        "airflow": facet(tasks=_graph([task.name for task in tasks])),
    }
    about = facet(
        dag={"dag_id": dag, "timetable_summary": "@hourly", "tags": "['shop']"},
        dagRun={"run_id": label, "run_type": "scheduled", "dag_id": dag},
    )

    def event(
        kind: str, at: datetime, id: str, name: str, run: Json, job: Json, **sets: Any
    ) -> Json:
        return {
            "eventType": kind,
            "eventTime": at.isoformat(),
            "producer": "https://example.com/p",
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
            "run": {"runId": id, "facets": run},
            "job": {"namespace": NAMESPACE, "name": name, "facets": job},
            "inputs": list(sets.get("inputs", ())),
            "outputs": list(sets.get("outputs", ())),
        }

    dag_id = run_id(dag, label)
    yield event("START", start, dag_id, dag, {"airflowDagRun": about}, dag_job)
    parent = facet(run={"runId": dag_id}, job={"namespace": NAMESPACE, "name": dag})
    at = start + timedelta(seconds=1)
    tries = [(task, attempt) for task in tasks for attempt in range(1, task.retries + 2)]
    for task, attempt in tries:
        last = attempt > task.retries
        queued = at
        at += timedelta(seconds=task.queued if attempt == 1 else 0)
        run = {
            "parent": parent,
            "airflow": facet(
                dag={"dag_id": dag},
                dagRun={"run_id": label},
                task={
                    "task_id": task.name,
                    "operator_class": "SQLExecuteQueryOperator",
                    "retries": task.retries,
                },
                taskInstance={
                    "try_number": attempt,
                    "queued_dttm": queued.isoformat(),
                    "log_url": f"https://airflow.example.com/dags/{dag}/runs/1/tasks/1",
                },
            ),
        }
        job = {"jobType": facet(processingType="BATCH", integration="AIRFLOW", jobType="TASK")}
        if task.sql:
            job["sql"] = facet(query=task.sql)
        name, id = (
            f"{dag}.{task.name}",
            run_id(dag, label, task.name, *([attempt] if attempt > 1 else [])),
        )
        sets = {"inputs": task.inputs, "outputs": task.outputs}
        yield event("START", at, id, name, run, job, **sets)
        at += timedelta(seconds=task.seconds)
        if task.end is None and last:
            return
        end = task.end if last else "FAIL"
        if task.error:
            run = {
                **run,
                "errorMessage": facet(
                    message=task.error,
                    programmingLanguage="python",
                    stackTrace=f"Traceback (most recent call last):\n  {task.error}",
                ),
            }
        yield event(end or "FAIL", at, id, name, run, job, **sets)
        if last and end == "FAIL":
            break
    failed = any(task.end == "FAIL" for task in tasks)
    run = {"airflowDagRun": about}
    if error:
        run["errorMessage"] = facet(message=error, programmingLanguage="python")
    yield event("FAIL" if failed else "COMPLETE", at, dag_id, dag, run, dag_job)


RAW = table("shop.raw.payments", id="int", amount="numeric", paid_at="timestamp")
ORDERS = table("shop.raw.orders", id="int", customer="text")
FACTS = table("shop.mart.payment_facts", id="int", amount="numeric")
REVENUE = table("shop.mart.daily_revenue", day="date", revenue="numeric")
SOURCE = table("stripe/charges.json", namespace="s3://lake")
BROKEN = "ProgrammingError 100038\nNumeric value 'N/A' is not recognized"


def story(now: datetime) -> Iterator[Json]:
    """Three DAGs over some hours; at the end ingestion fails, so that revenue rests on old facts."""
    for ago in range(6, 0, -1):
        hour = now - timedelta(hours=ago)
        failing = ago == 1
        load = Task(
            "load_charges",
            [SOURCE],
            [RAW],
            end="FAIL" if failing else "COMPLETE",
            error=BROKEN if failing else None,
            seconds=38 if failing else 190 + ago,
        )
        yield from dag_run(
            "ingest_payments", [Task("check_source", [SOURCE]), load], hour, owner="payments"
        )
        if ago > 3:
            facts = Task("build_facts", [RAW, ORDERS], [FACTS], sql="insert into payment_facts ...")
            yield from dag_run("transform", [facts], hour + timedelta(minutes=10))
            revenue = Task("build_revenue", [FACTS], [REVENUE])
            yield from dag_run("publish", [revenue], hour + timedelta(minutes=20))


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
