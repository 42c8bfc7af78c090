"""Events of Spark and dbt inside tasks, and of what our provider sees besides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.support.company.messages import (
    AIRFLOW,
    SPEC,
    Event,
    Try,
    engine,
    event,
    facet,
    job_type,
    parent,
)
from tests.support.company.model import Airflow, Dag, Table, iso

SPARK = "https://github.com/OpenLineage/OpenLineage/tree/1.54.0/integration/spark"
DBT = "https://github.com/OpenLineage/OpenLineage/tree/1.54.0/integration/dbt"

# --- what runs inside tasks -------------------------------------------------------------------------


@dataclass(frozen=True)
class Inside:
    """A Spark application or a dbt invocation of a task, and the one job inside it."""

    outer: str  # uuids
    inner: str


def inside_began(each: Try, uuids: Inside, at: int) -> list[Event]:
    outer, inner = _inside(each, uuids)
    return [_inside_event("START", at, *outer), _inside_event("START", at, *inner)]


def inside_ended(
    each: Try, uuids: Inside, at: int, error: str | None, reads: list[Any], writes: list[Any]
) -> list[Event]:
    kind = "COMPLETE" if error is None else "FAIL"
    outer, inner = _inside(each, uuids)
    events = [
        _inside_event(kind, at, *inner, reads, writes),
        _inside_event(kind, at, *outer),
    ]
    for each_event in events if error is not None else ():
        each_event["run"]["facets"]["errorMessage"] = facet(
            {"message": error, "programmingLanguage": "JVM" if each.task.work == "spark" else "SQL"}
        )
    return events


_InsideJob = tuple[str, dict[str, Any], str, str, str, str]


def _inside(each: Try, uuids: Inside) -> tuple[_InsideJob, _InsideJob]:
    """(uuid, parent, namespace, name, integration, type) of the outer and of the inner job."""
    dag, task = each.run.dag, each.task
    airflow = dag.airflow
    above = parent(each.uuid, airflow.namespace, f"{dag.dag_id}.{task.task_id}", each.run)
    if task.work == "spark":
        space, name, tool, kinds = (
            f"spark-{airflow.region}",
            dag.dag_id,
            "SPARK",
            ("APPLICATION", "SQL_JOB"),
        )
        inner = f"{name}.execute_insert_into_facts"
    else:
        space, name, tool, kinds = (
            f"dbt-{airflow.region}",
            f"dbt-run-{dag.dag_id}",
            "DBT",
            ("JOB", "MODEL"),
        )
        inner = f"acme.{dag.dag_id}.{task.writes[0].name.rpartition('.')[2]}"
    outer_parent = parent(uuids.outer, space, name, each.run)
    return (
        (uuids.outer, above, space, name, tool, kinds[0]),
        (uuids.inner, outer_parent, space, inner, tool, kinds[1]),
    )


def _inside_event(
    kind: str, at: int, uuid: str, parent: Any, namespace: str, name: str, tool: str, type_: str,
    reads: Iterable[Any] = (), writes: Iterable[Any] = (),
) -> Event:  # fmt: skip
    producer = SPARK if tool == "SPARK" else DBT
    tool_engine = engine("spark" if tool == "SPARK" else "dbt", "3.5.3", producer)
    facets = {"parent": parent, "processing_engine": tool_engine}
    job = {"jobType": job_type(tool, type_)}
    return event(kind, at, uuid, facets, namespace, name, job, reads, writes, producer)


# --- what our provider sends besides ------------------------------------------------------------------


def delivered(table: Table, at: int) -> Event:
    """An asset event that came by Airflow's API: nothing in Airflow caused it."""
    content = {"name": table.name, "uri": table.uri, "group": "asset"}
    metrics = {"lastUpdated": iso(at)}
    return {
        "eventTime": iso(at),
        "producer": AIRFLOW,
        "schemaURL": f"{SPEC}/DatasetEvent",
        "dataset": {
            "namespace": table.namespace,
            "name": table.name,
            "facets": {
                "fairlead_asset": facet(content, "urn:fairlead:facets:1-0-0:FairleadAssetDatasetFacet"),
                "dataQualityMetrics": facet(metrics),
            },
        },
    }  # fmt: skip


def file_read(airflow: Airflow, file: str, uuid: str, at: int, error: str | None) -> Event:
    """A DAG file that cannot be imported, or can be again."""
    facets = {}
    if error is not None:
        content = {"file": f"/opt/airflow/dags/{file}", "message": error}
        facets = {
            "errorMessage": facet({"message": error, "programmingLanguage": "PYTHON"}),
            "fairlead_import_error": facet(content),
        }
    job = {"jobType": job_type("AIRFLOW", "DAG_FILE")}
    kind = "COMPLETE" if error is None else "FAIL"
    return event(kind, at, uuid, facets, airflow.namespace, file, job)


def dag_state(dag: Dag, at: int, *, is_paused: bool) -> Event:
    """A DAG was paused, or goes on."""
    content = {"isPaused": is_paused, "at": iso(at)}
    facets = {
        "jobType": job_type("AIRFLOW", "DAG"),
        "fairlead_dag_state": facet(content, "urn:fairlead:facets:1-0-0:FairleadDagStateJobFacet"),
    }
    return {
        "eventTime": iso(at),
        "producer": AIRFLOW,
        "schemaURL": f"{SPEC}/JobEvent",
        "job": {"namespace": dag.airflow.namespace, "name": dag.dag_id, "facets": facets},
        "inputs": [],
        "outputs": [],
    }
