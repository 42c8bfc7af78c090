"""
What Airflow's own run facets say: which DAG run and which try of which task instance this is.

OpenLineage's runIds are no identity for Airflow: they change when a DAG run is cleared and say
nothing of tries. A DAG run is known by (namespace, dag_id, run_id), a try by that with task_id,
map_index and try_number.
"""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import Annotated, Any

import msgspec

from fairlead_bridge import ids, masking
from fairlead_bridge.errors import Malformed
from fairlead_bridge.facts import ObservedState
from fairlead_bridge.mapping import decode, salvage, times
from fairlead_bridge.mapping.decode import Facets

NOT_MAPPED = -1

#: What columns of the catalog hold; a facet with other numbers is not Airflow's.
Number = Annotated[int, msgspec.Meta(ge=-1, lt=2**31)]
Seconds = Annotated[float, msgspec.Meta(gt=-1e9, lt=1e9)]


class _Dag(msgspec.Struct):
    dag_id: str | None = None
    description: Any = None
    fileloc: Any = None
    owner: Any = None
    schedule_interval: Any = None  # Airflow 2
    start_date: Any = None
    tags: Any = None
    timetable: Any = None
    timetable_summary: Any = None


class _DagRun(msgspec.Struct):
    run_id: str | None = None
    clear_number: Number | None = None
    conf: Any = None
    data_interval_end: Any = None
    data_interval_start: Any = None
    deadlines: Any = None
    duration: Seconds | None = None
    end_date: Any = None
    logical_date: Any = None
    run_after: Any = None
    run_type: Any = None
    start_date: Any = None
    triggered_by: Any = None
    triggering_user_name: Any = None


class _Task(msgspec.Struct):
    task_id: str | None = None
    downstream_task_ids: Any = None
    inlets: Any = None
    mapped: Any = None
    operator_class: Any = None
    operator_class_path: Any = None
    outlets: Any = None
    owner: Any = None
    pool: Any = None
    queue: Any = None
    retries: Any = None
    task_group: Any = None
    trigger_rule: Any = None
    upstream_task_ids: Any = None


class _Instance(msgspec.Struct):
    try_number: Number | None = None
    duration: Seconds | None = None
    log_url: str | None = None
    map_index: Number | None = None
    pool: Any = None
    queue: Any = None
    queued_dttm: Any = None
    rendered_map_index: Any = None


class _TaskFacet(msgspec.Struct):
    dag: _Dag | None = None
    dagRun: _DagRun | None = None  # noqa: N815
    task: _Task | None = None
    taskInstance: _Instance | None = None  # noqa: N815


class _State(msgspec.Struct):
    tasksState: dict[str, str | None] | None = None  # noqa: N815
    tasksDuration: dict[str, Seconds | None] | None = None  # noqa: N815


class _FairleadFacet(msgspec.Struct):
    """The run facet `fairlead`, which our provider adds."""

    dagId: str | None = None  # noqa: N815
    dagRunId: str | None = None  # noqa: N815
    taskId: str | None = None  # noqa: N815
    mapIndex: Number | None = None  # noqa: N815
    tryNumber: Number | None = None  # noqa: N815
    maxTries: Number | None = None  # noqa: N815
    state: str | None = None
    startedAt: Any = None  # noqa: N815
    endedAt: Any = None  # noqa: N815
    queuedAt: Any = None  # noqa: N815
    duration: Seconds | None = None
    operator: Any = None
    pool: Any = None
    queue: Any = None
    trigger: dict[str, Any] | None = None
    url: Any = None


#: Fields that identify the run: where one is unreadable, it must not be taken for another run.
_IDENTIFYING = frozenset(
    {
        *("dag_id", "run_id", "task_id", "taskInstance", "map_index", "try_number"),
        *("dagId", "dagRunId", "taskId", "mapIndex", "tryNumber"),
    }
)

_task_facet = msgspec.json.Decoder(_TaskFacet)
_state_facet = msgspec.json.Decoder(_State)
_fairlead_facet = msgspec.json.Decoder(_FairleadFacet)


class Place(msgspec.Struct, frozen=True):
    """Where in Airflow an event came from, and what it says of the run."""

    id: int
    dag_run: int
    dag_id: str
    dag_run_id: str
    generation: int
    task_id: str | None = None
    map_index: Number | None = None
    try_number: Number | None = None
    instance: int | None = None
    observed: ObservedState | None = None
    dag_start_at: int | None = None
    dag_end_at: int | None = None
    duration: float | None = None
    properties: dict[str, Any] = {}
    dag: dict[str, Any] | None = None  # body of the DAG job's facet `fairlead_dag`
    task: dict[str, Any] | None = None  # body of the task job's facet `fairlead_task`
    inlets: tuple[str, ...] = ()  # URIs of declared assets
    outlets: tuple[str, ...] = ()


def place(
    namespace: str, facets: Facets | None, at: int, left_out: list[str] | None = None
) -> Place | None:
    """
    The place in Airflow that the run facets name; None where they name none, as events of other
    producers and of runs that a user marked by hand. What could not be read is added to
    `left_out`.
    """
    if not facets:
        return None
    task = read(_task_facet, facets, "airflow", left_out)
    if task is not None and task.task is not None:
        return _task_place(namespace, task, read(_fairlead_facet, facets, "fairlead", left_out), at)
    dag = read(_task_facet, facets, "airflowDagRun", left_out)
    if dag is not None:
        return _dag_place(namespace, dag)
    return None


def closing(facets: Facets | None) -> dict[str, tuple[str, float | None]]:
    """State and duration by task_id, as the closing event of a DAG run has them."""
    state = read(_state_facet, facets, "airflowState") if facets else None
    if state is None or not state.tasksState:
        return {}
    durations = state.tasksDuration or {}
    return {
        task_id: (value, durations.get(task_id))
        for task_id, value in state.tasksState.items()
        if value
    }


def read(
    decoder: msgspec.json.Decoder[Any],
    facets: Facets,
    name: str,
    left_out: list[str] | None = None,
) -> Any:
    """One run facet; of an odd one what can be read, with the rest added to `left_out`."""
    raw = facets.get(name)
    if raw is None or bytes(raw) == b"null":
        return None
    try:
        return decoder.decode(raw)
    except msgspec.DecodeError:
        found, odd = salvage.struct(decoder.type, raw, _IDENTIFYING)
        if left_out is not None:
            left_out.extend(f"run facet {name}: {field} is of another type" for field in odd)
        return found


def _dag_place(namespace: str, facet: _TaskFacet) -> Place | None:
    dag, run = facet.dag, facet.dagRun
    if dag is None or run is None or not dag.dag_id or not run.run_id:
        return None
    dag_id, run_id = decode.name(dag.dag_id), decode.name(run.run_id)
    identity = ids.dag_run_id(namespace, dag_id, run_id)
    return Place(
        id=identity,
        dag_run=identity,
        dag_id=dag_id,
        dag_run_id=run_id,
        generation=run.clear_number or 0,
        dag_start_at=time(run.start_date),
        dag_end_at=time(run.end_date),
        duration=run.duration,
        properties=_dag_run_properties(run),
        dag=_dag_body(dag),
    )


def _task_place(
    namespace: str, facet: _TaskFacet, observed: _FairleadFacet | None, at: int
) -> Place | None:
    dag, run, task = facet.dag, facet.dagRun, facet.task
    if dag is None or run is None or task is None:
        return None
    if not dag.dag_id or not run.run_id or not task.task_id:
        return None
    instance = facet.taskInstance or _Instance()
    map_index = NOT_MAPPED if instance.map_index is None else instance.map_index
    dag_id, run_id, task_id = map(decode.name, (dag.dag_id, run.run_id, task.task_id))
    dag_run = ids.dag_run_id(namespace, dag_id, run_id)
    whole = ids.instance_id(dag_run, task_id, map_index)
    try_number = instance.try_number if instance.try_number is not None else 1
    return Place(
        id=ids.try_id(whole, try_number),
        dag_run=dag_run,
        dag_id=dag_id,
        dag_run_id=run_id,
        generation=0,
        task_id=task_id,
        map_index=map_index,
        try_number=try_number,
        instance=whole,
        observed=_observed_state(observed, at),
        duration=instance.duration,
        properties={
            **_task_properties(task, instance),
            **_observed_properties(observed),
            **_dag_run_properties(run),
        },
        task=_task_body(task),
        inlets=_asset_uris(task.inlets),
        outlets=_asset_uris(task.outlets),
    )


#: Airflow's states that say no more than one of ours.
_SAME = {
    "scheduled": "queued",
    "restarting": "running",
    "up_for_reschedule": "deferred",
    "shutdown": "failed",
}


def state_of(text: str | None) -> str:
    """A task instance's state in our words."""
    word = decode.word((text or "").lower()) or ""
    return _SAME.get(word, word)


def _observed_state(observed: _FairleadFacet | None, at: int) -> ObservedState | None:
    if observed is None or not observed.state:
        return None
    return ObservedState(
        at,
        state_of(observed.state),
        time(observed.startedAt),
        time(observed.endedAt),
        time(observed.queuedAt),
        observed.duration,
    )


def _dag_run_properties(run: _DagRun) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    if run.run_type:
        properties["run_type"] = run.run_type
    if run.triggered_by or run.triggering_user_name:
        properties["triggered_by"] = run.triggering_user_name or run.triggered_by
    start, end = time(run.data_interval_start), time(run.data_interval_end)
    if start is not None:
        properties["data_interval"] = [start, end]
    if deadlines := _deadlines(run.deadlines):
        properties["deadlines"] = deadlines
    if run.conf:
        properties["conf"] = masking.strictly(run.conf)
    return properties


def _deadlines(listed: Any) -> list[list[Any]]:
    """Airflow's deadlines of a DAG run, the first to pass first: each its time and its name."""
    alerts = listed.get("alerts") if isinstance(listed, dict) else None
    found = []
    for alert in as_list(alerts):
        at = time(alert.get("deadline_time")) if isinstance(alert, dict) else None
        if at is not None:
            name = alert.get("name")
            found.append([at, name if isinstance(name, str) else ""])
    return sorted(found)


def _task_properties(task: _Task, instance: _Instance) -> dict[str, Any]:
    values = {
        "operator": task.operator_class,
        "retries": task.retries,
        "pool": instance.pool or task.pool,
        "queue": instance.queue or task.queue,
        "url": instance.log_url,
        "rendered_map_index": instance.rendered_map_index,
        "trigger_rule": task.trigger_rule,
        "queued_at": time(instance.queued_dttm),
    }
    return {name: value for name, value in values.items() if value is not None}


def _observed_properties(observed: _FairleadFacet | None) -> dict[str, Any]:
    if observed is None:
        return {}
    values = {
        "retries": observed.maxTries,
        "pool": observed.pool,
        "queue": observed.queue,
        "url": observed.url,
    }
    return {name: value for name, value in values.items() if value is not None}


def _dag_body(dag: _Dag) -> dict[str, Any]:
    schedule = dag.timetable_summary if dag.timetable_summary is not None else dag.schedule_interval
    return {
        "schedule": None if schedule in (None, "None", "null") else str(schedule),
        "timetable": dag.timetable or {},
        "owner": dag.owner,
        "tags": sorted(str(tag) for tag in as_list(dag.tags)),
        "fileloc": dag.fileloc,
        "start_date": dag.start_date,
        "description": dag.description,
    }


def _task_body(task: _Task) -> dict[str, Any]:
    group = task.task_group.get("group_id") if isinstance(task.task_group, dict) else None
    return {
        "operator": task.operator_class_path or task.operator_class,
        "operator_class": task.operator_class,
        "trigger_rule": task.trigger_rule,
        "retries": task.retries,
        "pool": task.pool,
        "queue": task.queue,
        "group": group,
        "owner": task.owner,
        "upstream": sorted(map(str, as_list(task.upstream_task_ids))),
        "downstream": sorted(map(str, as_list(task.downstream_task_ids))),
        "mapped": bool(task.mapped),
    }


def as_list(value: Any) -> list[Any]:
    """A list that Airflow sends as JSON or as the repr of a Python list."""
    if isinstance(value, str):
        return list(_literal(value))
    return list(value) if isinstance(value, list | tuple) else []


@lru_cache(maxsize=4096)
def _literal(text: str) -> tuple[Any, ...]:
    if text == "[]":
        return ()
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ()
    return tuple(value) if isinstance(value, list | tuple | set) else ()


def _asset_uris(value: Any) -> tuple[str, ...]:
    if value in (None, "[]", []):
        return ()
    found = (item.get("uri") for item in as_list(value) if isinstance(item, dict))
    return tuple(sorted({uri for uri in found if isinstance(uri, str) and uri}))


def time(value: Any) -> int | None:
    if value is None or value == "":
        return None
    try:
        return times.parse(value)
    except Malformed:
        return None
