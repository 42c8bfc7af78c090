"""
What Airflow's database says of every try of a DAG run's tasks: the run facet `fairlead_instances`.

Our provider's scheduler part sends it when a DAG run ends. It is the surest voice there is: it knows
when the supervisor had a task started, what never ran, and which mapped instance was skipped.
"""

from __future__ import annotations

from typing import Any

import msgspec

from fairlead_bridge import ids
from fairlead_bridge.facts import JobFacts, LatestValue, ObservedState, RunFacts
from fairlead_bridge.mapping import airflow, airflow_facets, decode, jobs
from fairlead_bridge.mapping.airflow import NOT_MAPPED, Place
from fairlead_bridge.mapping.airflow_facets import Number, Seconds
from fairlead_bridge.mapping.decode import Facets
from fairlead_bridge.mapping.parts import Parts

FACET = "fairlead_instances"


class _Instance(msgspec.Struct):
    taskId: str  # noqa: N815
    state: str | None = None
    mapIndex: Number = NOT_MAPPED  # noqa: N815
    tryNumber: Number = 0  # noqa: N815
    maxTries: Number | None = None  # noqa: N815
    startedAt: object = None  # noqa: N815
    endedAt: object = None  # noqa: N815
    queuedAt: object = None  # noqa: N815
    duration: Seconds | None = None
    operator: Any = None
    pool: object = None
    queue: object = None
    renderedMapIndex: object = None  # noqa: N815
    waitsFor: object = None  # noqa: N815


class _Facet(msgspec.Struct):
    dagId: str  # noqa: N815
    dagRunId: str  # noqa: N815
    instances: list[_Instance] = []


_decoder = msgspec.json.Decoder(_Facet)


def place(namespace: str, facets: Facets, left_out: list[str] | None = None) -> Place | None:
    """The DAG run that the facet is about; None where there is none, or it cannot be read."""
    facet = airflow.read(_decoder, facets, FACET, left_out)
    if facet is None:
        return None
    dag_id, dag_run_id = decode.name(facet.dagId), decode.name(facet.dagRunId)
    identity = ids.dag_run_id(namespace, dag_id, dag_run_id)
    return Place(id=identity, dag_run=identity, dag_id=dag_id, dag_run_id=dag_run_id, generation=0)


def add_tries(parts: Parts, facets: Facets | None, dag: JobFacts, place: Place) -> None:
    """Add a run for each try in Airflow's database; tries that never ran have the number 0."""
    facet = airflow.read(_decoder, facets, FACET) if facets else None
    for row in facet.instances if facet is not None else ():
        state = airflow.state_of(row.state)
        if state is not None:
            parts.jobs.append(jobs.task_of(dag, place.dag_id, row.taskId, parts.at))
            parts.runs.append(_run(row, state, dag, place, parts.at))


def _run(row: _Instance, state: str, dag: JobFacts, place: Place, at: int) -> RunFacts:
    task_id = decode.name(row.taskId)
    instance = ids.instance_id(place.dag_run, task_id, row.mapIndex)
    return RunFacts(
        id=ids.try_id(instance, row.tryNumber),
        job_id=ids.job_id(dag.namespace, decode.name(f"{place.dag_id}.{task_id}")),
        kind="task",
        dag_id=place.dag_id,
        dag_run_id=place.dag_run_id,
        task_id=task_id,
        map_index=row.mapIndex,
        try_number=row.tryNumber,
        dag_run=place.dag_run,
        instance=instance,
        parent_id=place.dag_run,
        observed=ObservedState(
            at,
            state,
            airflow_facets.time(row.startedAt),
            airflow_facets.time(row.endedAt),
            airflow_facets.time(row.queuedAt),
            row.duration,
        ),
        properties=_properties(row, at),
    )


def _properties(row: _Instance, at: int) -> dict[str, LatestValue]:
    values = {
        "operator": row.operator,
        "retries": row.maxTries,
        "pool": row.pool,
        "queue": row.queue,
        "rendered_map_index": row.renderedMapIndex,
        "waits_for": row.waitsFor,
    }
    return {
        name: LatestValue(at, decode.bounded(value))
        for name, value in values.items()
        if value is not None
    }
