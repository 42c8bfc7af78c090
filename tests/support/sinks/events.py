"""Airflow's events for any number of DAG runs: what tasks read and write, tries, skips, failures."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

NAMESPACE, WAREHOUSE = "airflow", "postgres://warehouse.example:5432"
_FACET = {
    "_producer": "https://github.com/apache/airflow/tree/providers-openlineage/2.20.3",
    "_schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunFacet",
}
_BEGIN = datetime(2026, 11, 1, 5, tzinfo=UTC)
COLUMNS = ("id", "amount", "country", "ordered_at")


def table(dag: int, task: int) -> str:
    """The table that a task writes; it reads that of the task before it."""
    return f"shop.core.table_{dag:03}_{task:02}"


def dag_runs(runs: int, dags: int = 10, tasks: int = 10) -> Iterator[bytes]:
    """
    Every event of `runs` runs of each DAG, run by run: a START and an end for each DAG run and each
    task run. Of every seventh DAG run a task fails and is tried again; its last task is skipped.
    """
    for number in range(runs):
        for dag in range(dags):
            yield from _DagRun(dag, number, tasks).events()


#: What each task reads and writes.
Moves = Mapping[str, tuple[Sequence[str], Sequence[str]]]


def day(
    number: int, moves: Moves, *, dag: int = 0, failed: Collection[str] = (), columns: bool = True
) -> Iterator[bytes]:
    """
    A run of a DAG on that day, whose START lists the tasks of `moves`; each reads and writes what
    `moves` says, its outputs' columns coming from every input's, and those of `failed` fail.
    """
    run = _DagRun(dag, 24 * number, len(moves))
    graph = {task: {"operator": "a.Copy", "downstream_task_ids": []} for task in moves}
    listed = {"airflow": {**_FACET, "tasks": graph, "taskGroups": {}}}
    yield run.event("START", run.start, run.own(), run.dag_facets(), run.dag_id, of_job=listed)
    now = run.start
    for task, (reads, writes) in moves.items():
        now += timedelta(seconds=3)
        sources = list(reads) if columns else []
        data = ([_table(name) for name in reads], [_table(name, sources) for name in writes])
        yield from run.attempt(task, 1, now, "FAIL" if task in failed else "COMPLETE", data)
    facets = run.dag_facets(end=now)
    yield run.event("COMPLETE", now + timedelta(seconds=9), run.own(), facets, run.dag_id)


Data = tuple[list[dict[str, Any]], list[dict[str, Any]]]


class _DagRun:
    def __init__(self, dag: int, number: int, tasks: int) -> None:
        self.dag, self.tasks = dag, tasks
        self.dag_id = f"dag_{dag:03}"
        self.start = _BEGIN + timedelta(hours=number, seconds=dag)
        self.run_id = f"scheduled__{self.start.isoformat()}"
        self.odd = (number + dag) % 7 == 3

    def events(self) -> Iterator[bytes]:
        yield self.event("START", self.start, self.own(), self.dag_facets(), self.dag_id)
        now, states = self.start, {}
        for task in range(self.tasks):
            now += timedelta(seconds=1)
            states[f"task_{task:02}"] = "success"
            if self.odd and task == self.tasks - 1:
                states[f"task_{task:02}"] = "skipped"
                continue
            if self.odd and task == 1:
                yield from self._try(task, 1, now, "FAIL")
                yield from self._try(task, 2, now + timedelta(seconds=4), "COMPLETE")
            else:
                yield from self._try(task, 1, now, "COMPLETE")
        facets = {**self.dag_facets(end=now), "airflowState": {**_FACET, "tasksState": states}}
        yield self.event("COMPLETE", now + timedelta(seconds=9), self.own(), facets, self.dag_id)

    def own(self) -> str:
        return _uuid(self.dag_id, self.run_id)

    def dag_facets(self, end: datetime | None = None) -> dict[str, Any]:
        run = self._run()
        if end is not None:
            run |= {"end_date": (end + timedelta(seconds=9)).isoformat()}
        return {"airflowDagRun": {**_FACET, "dag": self._dag(), "dagRun": run}}

    def _dag(self) -> dict[str, Any]:
        return {
            "dag_id": self.dag_id,
            "owner": "data-eng",
            "tags": "['core', 'tier-1']",
            "timetable_summary": "@hourly",
            "fileloc": f"/dags/{self.dag_id}.py",
            "start_date": "2026-01-01T00:00:00+00:00",
        }

    def _run(self) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "run_type": "scheduled",
            "start_date": self.start.isoformat(),
            "data_interval_start": self.start.isoformat(),
            "data_interval_end": (self.start + timedelta(hours=1)).isoformat(),
        }

    def _try(self, task: int, number: int, start: datetime, end: str) -> Iterator[bytes]:
        reads = _table(table(self.dag, task))
        writes = _table(table(self.dag, task + 1), [table(self.dag, task)])
        before = [f"task_{task - 1:02}"] if task else []
        following = [f"task_{task + 1:02}"] if task + 1 < self.tasks else []
        data = ([reads], [writes])
        yield from self.attempt(f"task_{task:02}", number, start, end, data, before, following)

    def attempt(
        self,
        task_id: str,
        number: int,
        start: datetime,
        end: str,
        data: Data,
        before: Sequence[str] = (),
        following: Sequence[str] = (),
    ) -> Iterator[bytes]:
        """START and the end of a try of a task."""
        log = f"https://airflow.example.com/dags/{self.dag_id}/runs/{self.run_id}/tasks/{task_id}"
        airflow = {
            **_FACET,
            "dag": self._dag(),
            "dagRun": self._run(),
            "task": {
                "task_id": task_id,
                "operator_class": "SQLExecuteQueryOperator",
                "retries": 1,
                "upstream_task_ids": str(list(before)),
                "downstream_task_ids": str(list(following)),
            },
            "taskInstance": {"try_number": number, "log_url": log},
        }
        parent = {
            **_FACET,
            "job": {"namespace": NAMESPACE, "name": self.dag_id},
            "run": {"runId": self.own()},
        }
        facets = {"airflow": airflow, "parent": parent}
        run = _uuid(self.dag_id, self.run_id, task_id, str(number))
        job = f"{self.dag_id}.{task_id}"
        yield self.event("START", start, run, facets, job)
        if end == "FAIL":
            error: dict[str, Any] = {**_FACET, "message": "deadlock detected"}
            facets = {**facets, "errorMessage": {**error, "programmingLanguage": "python"}}
        yield self.event(end, start + timedelta(seconds=2), run, facets, job, data)

    def event(
        self,
        kind: str,
        when: datetime,
        run: str,
        facets: dict[str, Any],
        job: str,
        data: Data = ([], []),
        of_job: dict[str, Any] | None = None,
    ) -> bytes:
        is_dag = job == self.dag_id
        job_type = {
            **_FACET,
            "integration": "AIRFLOW",
            "jobType": "DAG" if is_dag else "TASK",
            "processingType": "BATCH",
        }
        job_facets: dict[str, Any] = {"jobType": job_type, **(of_job or {})}
        if not is_dag:
            job_facets["sql"] = {**_FACET, "query": f"call load('{job}')"}
        event = {
            "eventTime": when.isoformat(),
            "eventType": kind,
            "producer": _FACET["_producer"],
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
            "run": {"runId": run, "facets": facets},
            "job": {"namespace": NAMESPACE, "name": job, "facets": job_facets},
            "inputs": data[0],
            "outputs": data[1],
        }
        return json.dumps(event, separators=(",", ":")).encode()


def _table(name: str, sources: Sequence[str] = ()) -> dict[str, Any]:
    fields = [{"name": column, "type": "text"} for column in COLUMNS]
    facets: dict[str, Any] = {"schema": {**_FACET, "fields": fields}}
    if sources:
        how = [{"type": "DIRECT", "subtype": "IDENTITY"}]
        origins = {
            column: {
                "inputFields": [
                    {
                        "namespace": WAREHOUSE,
                        "name": source,
                        "field": column,
                        "transformations": how,
                    }
                    for source in sources
                ]
            }
            for column in COLUMNS
        }
        facets["columnLineage"] = {**_FACET, "fields": origins}
    return {"namespace": WAREHOUSE, "name": name, "facets": facets}


def _uuid(*parts: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts)))
