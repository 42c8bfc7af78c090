"""Events of DAG runs and tasks as Airflow's OpenLineage provider and ours send them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.company.model import SECOND, Cron, Dag, Table, Task, iso

Event = dict[str, Any]

AIRFLOW = "https://github.com/apache/airflow/tree/providers-openlineage/2.20.3"
SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs"

_OPERATORS = {
    "python": "airflow.providers.standard.operators.python.PythonOperator",
    "sql": "airflow.providers.common.sql.operators.sql.SQLExecuteQueryOperator",
    "check": "airflow.providers.common.sql.operators.sql.SQLCheckOperator",
    "spark": "airflow.providers.apache.spark.operators.spark_submit.SparkSubmitOperator",
    "dbt": "airflow.providers.standard.operators.bash.BashOperator",
    "sensor": "airflow.providers.standard.sensors.python.PythonSensor",
    "empty": "airflow.providers.standard.operators.empty.EmptyOperator",
}


@dataclass(eq=False)
class DagRun:
    """A DAG run as far as its events need it."""

    dag: Dag
    run_id: str  # Airflow's
    run_type: str
    uuid: str  # OpenLineage's, of this generation
    started_at: int
    logical_at: int
    clear_number: int = 0
    dependencies: list[dict[str, Any]] = field(default_factory=list)


@dataclass(eq=False)
class Try:
    """One try of one task instance."""

    run: DagRun
    task: Task
    uuid: str
    number: int
    map_index: int
    queued_at: int
    started_at: int
    ended_at: int | None = None
    state: str = "running"

    @property
    def seconds(self) -> float | None:
        return (self.ended_at - self.started_at) / SECOND if self.ended_at is not None else None


def facet(body: Mapping[str, Any], name: str = "", producer: str = AIRFLOW) -> dict[str, Any]:
    return {"_producer": producer, "_schemaURL": name or f"{SPEC}/RunFacet", **body}


def event(
    kind: str,
    at: int,
    uuid: str,
    run_facets: Mapping[str, Any],
    namespace: str,
    name: str,
    job_facets: Mapping[str, Any],
    reads: Iterable[dict[str, Any]] = (),
    writes: Iterable[dict[str, Any]] = (),
    producer: str = AIRFLOW,
) -> Event:
    return {
        "eventType": kind,
        "eventTime": iso(at),
        "producer": producer,
        "schemaURL": f"{SPEC}/RunEvent",
        "run": {"runId": uuid, "facets": dict(run_facets)},
        "job": {"namespace": namespace, "name": name, "facets": dict(job_facets)},
        "inputs": list(reads),
        "outputs": list(writes),
    }


def job_type(integration: str, kind: str) -> dict[str, Any]:
    return facet({"processingType": "BATCH", "integration": integration, "jobType": kind})


# --- DAG runs ---------------------------------------------------------------------------------------


def dag_began(run: DagRun, at: int) -> Event:
    tasks = {
        task.task_id: {
            "operator": _OPERATORS[task.work],
            "downstream_task_ids": _downstream(run.dag, task),
            "ui_label": task.task_id,
            "emits_ol_events": task.work != "empty",
        }
        for task in run.dag.tasks.values()
    }
    more = {"airflow": facet({"tasks": tasks, "taskGroups": {}})}
    return _dag_event("START", run, at, _dag_facets(run, None), more)


def dag_ended(
    run: DagRun, at: int, state: str, states: Mapping[str, str], seconds: Mapping[str, float]
) -> Event:
    facets = _dag_facets(run, at)
    content = {"dagRunState": state, "tasksState": dict(states), "tasksDuration": dict(seconds)}
    facets["airflowState"] = facet(content)
    if state == "failed":
        error = {"message": "task_failure", "programmingLanguage": "python"}
        facets["errorMessage"] = facet(error)
    return _dag_event("FAIL" if state == "failed" else "COMPLETE", run, at, facets, {})


def instances(run: DagRun, at: int, state: str, rows: list[dict[str, Any]]) -> Event:
    """What our provider's scheduler part sends: at the end, and while tasks wait for long."""
    dag = {"dagId": run.dag.dag_id, "dagRunId": run.run_id, "state": state, "instances": rows}
    schema = "urn:fairlead:facets:1-0-0:FairleadInstancesRunFacet"
    facets = {"fairlead_instances": facet(dag, schema)}
    closing = _dag_event("OTHER", run, at, facets, {})
    closing["job"]["facets"] = {}
    return closing


def instance(each: Try) -> dict[str, Any]:
    row = {
        "taskId": each.task.task_id,
        "tryNumber": each.number,
        "maxTries": each.task.retries,
        "state": each.state,
        "startedAt": iso(each.started_at),
        "queuedAt": iso(each.queued_at),
        "operator": _OPERATORS[each.task.work].rpartition(".")[2],
        "pool": each.task.pool,
    }
    if each.ended_at is not None:
        row |= {"endedAt": iso(each.ended_at), "duration": each.seconds}
    return row | ({"mapIndex": each.map_index} if each.map_index >= 0 else {})


def _dag_event(
    kind: str, run: DagRun, at: int, facets: Mapping[str, Any], more: Mapping[str, Any]
) -> Event:
    dag = run.dag
    job = {"jobType": job_type("AIRFLOW", "DAG"), **more}
    return event(kind, at, run.uuid, facets, dag.airflow.namespace, dag.dag_id, job)


def _dag_facets(run: DagRun, ended_at: int | None) -> dict[str, Any]:
    facets = {
        "airflowDagRun": facet({"dag": _dag(run.dag), "dagRun": _dag_run(run, ended_at)}),
        "processing_engine": engine("Airflow", "3.3.2", AIRFLOW),
        "nominalTime": facet({"nominalStartTime": iso(run.logical_at)}),
    }
    if run.dependencies:
        content = {"upstream": run.dependencies, "downstream": []}
        facets["jobDependencies"] = facet(content)
    return facets


def _dag(dag: Dag) -> dict[str, Any]:
    return {
        "dag_id": dag.dag_id,
        "fileloc": f"/opt/airflow/dags/{dag.file}",
        "owner": dag.owner,
        "start_date": "2025-01-01T00:00:00+00:00",
        "tags": repr(list(dag.tags)),
        **_timetable(dag.cron, dag.triggers),
    }


def _timetable(cron: Cron | None, triggers: tuple[Table, ...]) -> dict[str, Any]:
    if cron is not None:
        content = {
            "expression": cron.expression,
            "interval": 0.0,
            "run_immediately": False,
            "timezone": str(cron.zone),
        }
        return {"timetable": content, "timetable_summary": cron.expression}
    assets = [
        {"__type": "asset", "extra": {}, "group": "asset", "name": each.name, "uri": each.uri}
        for each in triggers
    ]
    condition = {"asset_condition": {"__type": "asset_all", "objects": assets}}
    return {"timetable": condition, "timetable_summary": "Asset"}


def _dag_run(run: DagRun, ended_at: int | None) -> dict[str, Any]:
    content = {
        "clear_number": run.clear_number,
        "dag_id": run.dag.dag_id,
        "logical_date": iso(run.logical_at),
        "run_after": iso(run.logical_at),
        "run_id": run.run_id,
        "run_type": run.run_type,
        "start_date": iso(run.started_at),
    }
    return content if ended_at is None else content | {"end_date": iso(ended_at)}


def _downstream(dag: Dag, task: Task) -> list[str]:
    return [other.task_id for other in dag.tasks.values() if task.task_id in other.after]


def engine(name: str, version: str, producer: str) -> dict[str, Any]:
    return facet(
        {"name": name, "version": version, "openlineageAdapterVersion": "1.54.0"}, "", producer
    )


# --- tasks ------------------------------------------------------------------------------------------


def task_began(each: Try) -> Event:
    return _task_event("START", each, each.started_at, {}, (), ())


def task_ended(each: Try, at: int, error: str | None, reads: list[Any], writes: list[Any]) -> Event:
    facets = {}
    if error is not None:
        content = {
            "message": error,
            "programmingLanguage": "PYTHON",
            "stackTrace": f"Traceback: {error}",
        }
        facets["errorMessage"] = facet(content)
    return _task_event("COMPLETE" if error is None else "FAIL", each, at, facets, reads, writes)


def _task_event(
    kind: str, each: Try, at: int, more: Mapping[str, Any], reads: Iterable[Any], writes: Iterable[Any]
) -> Event:  # fmt: skip
    run, dag = each.run, each.run.dag
    name = f"{dag.dag_id}.{each.task.task_id}"
    facets = {
        "airflow": facet(_task_facet(each)),
        "parent": parent(run.uuid, dag.airflow.namespace, dag.dag_id, run),
        "processing_engine": engine("Airflow", "3.3.2", AIRFLOW),
        "fairlead": facet(_ours(each), "urn:fairlead:facets:1-0-0:FairleadRunFacet"),
        **more,
    }
    owner = {"owners": [{"name": dag.owner, "type": "OWNER"}]}
    job = {"jobType": job_type("AIRFLOW", "TASK"), "ownership": facet(owner)}
    return event(kind, at, each.uuid, facets, dag.airflow.namespace, name, job, reads, writes)


def _task_facet(each: Try) -> dict[str, Any]:
    task, dag = each.task, each.run.dag
    instance = {
        "try_number": each.number,
        "log_url": f"https://{dag.airflow.namespace}.example/dags/{dag.dag_id}/runs/{each.run.run_id}",
        **({"map_index": each.map_index} if each.map_index >= 0 else {}),
        **({"duration": each.seconds} if each.seconds is not None else {}),
    }
    outlets = [{"uri": table.uri, "extra": {}} for table in task.writes]
    return {
        "dag": _dag(dag),
        "dagRun": _dag_run(each.run, None),
        "task": {
            "task_id": task.task_id,
            "operator_class": _OPERATORS[task.work].rpartition(".")[2],
            "operator_class_path": _OPERATORS[task.work],
            "retries": task.retries,
            "trigger_rule": "all_success",
            "mapped": bool(task.mapped),
            "pool": task.pool,
            "queue": "default",
            "owner": dag.owner,
            "upstream_task_ids": repr(task.after),
            "downstream_task_ids": repr(_downstream(dag, task)),
            "inlets": "[]",
            "outlets": repr(outlets) if task.work == "dbt" else "[]",
        },
        "taskInstance": instance,
    }


def _ours(each: Try) -> dict[str, Any]:
    row = instance(each)
    return {"dagId": each.run.dag.dag_id, "dagRunId": each.run.run_id, **row}


def parent(uuid: str, namespace: str, name: str, run: DagRun) -> dict[str, Any]:
    root = {
        "run": {"runId": run.uuid},
        "job": {"namespace": run.dag.airflow.namespace, "name": run.dag.dag_id},
    }
    content = {"run": {"runId": uuid}, "job": {"namespace": namespace, "name": name}, "root": root}
    return facet(content)


def dataset(table: Table, rows: int | None = None, *, schema: bool = True) -> dict[str, Any]:
    named: dict[str, Any] = {"namespace": table.namespace, "name": table.name, "facets": {}}
    if schema:
        fields = [{"name": name, "type": kind} for name, kind in table.columns]
        named["facets"] = {"schema": facet({"fields": fields})}
    if rows is not None:
        named["outputFacets"] = {"outputStatistics": facet({"rowCount": rows, "size": rows * 80})}
    return named
