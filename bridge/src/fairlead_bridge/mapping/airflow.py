"""
What Airflow's own run facets say: which DAG run and which try of which task instance this is.

OpenLineage's runIds are no identity for Airflow: they change when a DAG run is cleared and say
nothing of tries. A DAG run is known by (namespace, dag_id, run_id), a try by that with task_id,
map_index and try_number.
"""

from __future__ import annotations

from typing import Any

import msgspec

from fairlead_bridge import ids
from fairlead_bridge.documents import Json
from fairlead_bridge.facts import ObservedState
from fairlead_bridge.mapping import decode, partition, salvage
from fairlead_bridge.mapping.airflow_facets import (
    DagRunFacts,
    FairleadFacet,
    InstanceFacts,
    Number,
    StateFacts,
    TaskFacet,
    asset_uris,
    time,
)
from fairlead_bridge.mapping.airflow_properties import (
    dag_body,
    dag_run_properties,
    observed_properties,
    task_body,
    task_properties,
)
from fairlead_bridge.mapping.decode import Facets
from fairlead_bridge.model import STATES

NOT_MAPPED = -1


#: Fields that identify the run: where one is unreadable, it must not be taken for another run.
_IDENTIFYING = frozenset(
    {
        *("dag_id", "run_id", "task_id", "taskInstance", "map_index", "try_number"),
        *("dagId", "dagRunId", "taskId", "mapIndex", "tryNumber"),
    }
)

_task_facet = msgspec.json.Decoder(TaskFacet)
_state_facet = msgspec.json.Decoder(StateFacts)
_fairlead_facet = msgspec.json.Decoder(FairleadFacet)


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
    duration: float | None = None  # seconds
    properties: Json = {}
    dag: Json | None = None  # body of the DAG job's facet `fairlead_dag`
    task: Json | None = None  # body of the task job's facet `fairlead_task`
    inlets: tuple[str, ...] = ()  # URIs of declared assets
    outlets: tuple[str, ...] = ()
    partition_at: int | None = None  # that the DAG runs for


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
    """State and duration in seconds by task_id, as the closing event of a DAG run has them."""
    state = read(_state_facet, facets, "airflowState") if facets else None
    if state is None or not state.tasksState:
        return {}
    durations = state.tasksDuration or {}
    return {
        task_id: (word, durations.get(task_id))
        for task_id, value in state.tasksState.items()
        if (word := state_of(value)) is not None
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


def _dag_place(namespace: str, facet: TaskFacet) -> Place | None:
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
        properties=dag_run_properties(run),
        dag=dag_body(dag),
    )


def _task_place(
    namespace: str, facet: TaskFacet, observed: FairleadFacet | None, at: int
) -> Place | None:
    dag, run, task = facet.dag, facet.dagRun, facet.task
    if dag is None or run is None or task is None:
        return None
    if not dag.dag_id or not run.run_id or not task.task_id:
        return None
    names = (decode.name(dag.dag_id), decode.name(run.run_id), decode.name(task.task_id))
    instance = facet.taskInstance or InstanceFacts()
    return msgspec.structs.replace(
        _try_place(namespace, names, instance),
        observed=_observed_state(observed, at),
        duration=instance.duration,
        properties={
            **task_properties(task, instance),
            **observed_properties(observed),
            **dag_run_properties(run),
        },
        task=task_body(task),
        inlets=asset_uris(task.inlets),
        outlets=asset_uris(task.outlets),
        partition_at=_partition(run),
    )


def _try_place(namespace: str, names: tuple[str, str, str], instance: InstanceFacts) -> Place:
    """The try of a task instance, by the ids of its DAG, its DAG run and its task."""
    dag_id, run_id, task_id = names
    map_index = NOT_MAPPED if instance.map_index is None else instance.map_index
    try_number = 1 if instance.try_number is None else instance.try_number
    dag_run = ids.dag_run_id(namespace, dag_id, run_id)
    whole = ids.instance_id(dag_run, task_id, map_index)
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
    )


def _partition(run: DagRunFacts) -> int | None:
    at = time(run.partition_date)
    return at if at is not None else partition.of_key(run.partition_key)


#: Airflow's states that say no more than one of ours.
_SAME = {
    "scheduled": "queued",
    "restarting": "running",
    "up_for_reschedule": "deferred",
    "shutdown": "failed",
}


def state_of(text: str | None) -> str | None:
    """A task instance's state in our words; None where `text` is none of Airflow's states."""
    word = (text or "").lower()
    word = _SAME.get(word, word)
    return word if word in STATES else None


def _observed_state(observed: FairleadFacet | None, at: int) -> ObservedState | None:
    state = state_of(observed.state) if observed is not None else None
    if observed is None or state is None:
        return None
    return ObservedState(
        at,
        state,
        time(observed.startedAt),
        time(observed.endedAt),
        time(observed.queuedAt),
        observed.duration,
    )
