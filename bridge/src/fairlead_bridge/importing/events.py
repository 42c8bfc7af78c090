"""
From what Airflow's REST API says of a DAG run to events, of the shape that our provider sends. Pure.

The same answers make the same bytes, so that what is imported twice is stored once.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from typing import Any

import msgspec

from fairlead_bridge.documents import Json

Row = Mapping[str, Any]

_PRODUCER = "https://github.com/apache/airflow/history"
_SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_INSTANCES_SCHEMA = "urn:fairlead:facets:1-0-0:FairleadInstancesRunFacet"
_STATE_SCHEMA = "urn:fairlead:facets:1-0-0:FairleadDagStateJobFacet"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_JOB_TYPE = {"integration": "AIRFLOW", "jobType": "DAG", "processingType": "BATCH"}
_PER_EVENT = 1000


def begin(namespace: str, run: Row, dag: Row, tasks: Iterable[Row]) -> bytes | None:
    """The START, with what is known of the DAG; None for a run that never started."""
    if not run.get("start_date"):
        return None
    facets = {"airflowDagRun": _facet({"dag": _dag(dag), "dagRun": _dag_run(run)})}
    graph = {}
    if _is_of_newest_version(run, dag):  # an older version of the DAG may have had other tasks
        graph = {"airflow": _facet({"tasks": {t["task_id"]: _task(t) for t in tasks}})}
    return _event(namespace, run, "START", run["start_date"], facets, graph)


def end(namespace: str, run: Row) -> bytes:
    """The COMPLETE or FAIL; made of the run's own row alone, so that it shows what was imported."""
    kind = "COMPLETE" if run["state"] == "success" else "FAIL"
    return _event(namespace, run, kind, run["end_date"], _instances(run, []))


def instances(namespace: str, run: Row, tries: Iterable[Row]) -> Iterator[bytes]:
    """Every try of every task instance, a thousand in an event."""
    rows = [_try(row) for row in tries if row.get("state")]
    rows.sort(key=lambda row: (row["taskId"], row.get("mapIndex", -1), row["tryNumber"]))
    for first in range(0, len(rows), _PER_EVENT):
        some = _instances(run, rows[first : first + _PER_EVENT])
        yield _event(namespace, run, "OTHER", run["end_date"], some)


def is_gone(dag: Row) -> bool:
    """
    Whether Airflow has only runs of the DAG: it knows none of this name, or its file no longer has it.
    Those of a file that cannot be read at this moment are stale as well, and not gone.
    """
    if not dag.keys() - {"dag_id"}:
        return True
    is_stale = dag.get("is_stale") is True or dag.get("is_active") is False
    return is_stale and not dag.get("has_import_errors")


def gone(namespace: str, dag_id: str, at: int) -> bytes:
    """The JobEvent that says that Airflow no longer has the DAG; `at` is in microseconds."""
    moment = (_EPOCH + timedelta(microseconds=at)).isoformat()
    state = {
        **_facet({"isPaused": False, "isGone": True, "at": moment}),
        "_schemaURL": _STATE_SCHEMA,
    }
    facets = {"jobType": _facet(_JOB_TYPE), "fairlead_dag_state": state}
    event = {
        "eventTime": moment,
        "producer": _PRODUCER,
        "schemaURL": _SCHEMA.replace("RunEvent", "JobEvent"),
        "job": {"namespace": namespace, "name": dag_id, "facets": facets},
        "inputs": [],
        "outputs": [],
    }
    return msgspec.json.encode(event)


def run_id(namespace: str, run: Row) -> str:
    """The runId that OpenLineage's provider gave the DAG run before it was cleared, if it ever was."""
    instant = datetime.fromisoformat(run["logical_date"] or run["run_after"]).astimezone(UTC)
    data = f"{namespace}.{run['dag_id']}.0"
    digest = sha1(f"{instant.isoformat()}{data}".encode(), usedforsecurity=False).digest()
    value = (int(instant.timestamp() * 1000) & (1 << 48) - 1) << 80 | int.from_bytes(digest) >> 84
    value = value & ~(0xF << 76) | 7 << 76
    return str(uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62))


def _event(
    namespace: str, run: Row, kind: str, at: str, facets: Row, of_job: Row | None = None
) -> bytes:
    event = {
        "eventType": kind,
        "eventTime": at,
        "producer": _PRODUCER,
        "schemaURL": _SCHEMA,
        "run": {"runId": run_id(namespace, run), "facets": facets},
        "job": {
            "namespace": namespace,
            "name": run["dag_id"],
            "facets": {"jobType": _facet(_JOB_TYPE), **(of_job or {})},
        },
        "inputs": [],
        "outputs": [],
    }
    return msgspec.json.encode(event)


def _facet(body: Row) -> dict[str, object]:
    return {"_producer": _PRODUCER, "_schemaURL": _SCHEMA, **body}


def _dag(dag: Row) -> Json:
    start = dag.get("start_date")
    return {
        "dag_id": dag["dag_id"],
        "description": dag.get("description"),
        "fileloc": dag.get("fileloc"),
        "owner": ", ".join(sorted(dag.get("owners") or [])) or None,
        "tags": sorted(tag["name"] for tag in dag.get("tags") or []),
        "timetable_summary": _schedule(dag),
        "start_date": start,
    }


def _schedule(dag: Row) -> str | None:
    """Version 1 of the API says it in another place, and cannot for every timetable."""
    older = (dag.get("schedule_interval") or {}).get("value")
    return dag.get("timetable_summary") or older or dag.get("timetable_description")


_RUN = (
    "logical_date",
    "data_interval_start",
    "data_interval_end",
    "run_after",
    "run_type",
    "start_date",
    "end_date",
    "duration",
    "triggered_by",
    "triggering_user_name",
    "conf",
)


def _dag_run(run: Row) -> dict[str, object]:
    fields = {name: run.get(name) for name in _RUN}
    return {"run_id": run["dag_run_id"], "clear_number": 0, **fields}


def _task(task: Row) -> Json:
    operator = task.get("class_ref") or {}
    path = ".".join(filter(None, (operator.get("module_path"), operator.get("class_name"))))
    return {
        "operator": path or task.get("operator_name"),
        "downstream_task_ids": sorted(task.get("downstream_task_ids") or []),
        "task_group": task["task_id"].rpartition(".")[0] or None,
        "ui_label": task.get("task_display_name"),
    }


def _is_of_newest_version(run: Row, dag: Row) -> bool:
    newest = (dag.get("latest_dag_version") or {}).get("id")
    versions = [version.get("id") for version in run.get("dag_versions") or []]
    return newest is None or not versions or versions[-1] == newest


def _instances(run: Row, rows: list[Json]) -> Json:
    facet = {
        "dagId": run["dag_id"],
        "dagRunId": run["dag_run_id"],
        "state": run["state"],
        "instances": rows,
    }
    return {"fairlead_instances": {**_facet(facet), "_schemaURL": _INSTANCES_SCHEMA}}


_TRY = {
    "task_id": "taskId",
    "map_index": "mapIndex",
    "try_number": "tryNumber",
    "max_tries": "maxTries",
    "state": "state",
    "start_date": "startedAt",
    "end_date": "endedAt",
    "duration": "duration",
    "queued_when": "queuedAt",
    "operator": "operator",
    "pool": "pool",
    "queue": "queue",
    "rendered_map_index": "renderedMapIndex",
}


def _try(row: Row) -> dict[str, object]:
    fields = {key: row.get(name) for name, key in _TRY.items()}
    if fields["mapIndex"] == -1:
        del fields["mapIndex"]
    return {key: value for key, value in fields.items() if value is not None}
