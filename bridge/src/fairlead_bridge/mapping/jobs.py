"""What an event says of jobs: the one it is about, and those that a DAG is made of."""

from __future__ import annotations

from typing import Literal

from fairlead_bridge import ids
from fairlead_bridge.documents import Json
from fairlead_bridge.errors import Malformed
from fairlead_bridge.facts import EdgeFacts, JobFacts, ObservationFacts
from fairlead_bridge.mapping import airflow_facets, decode
from fairlead_bridge.mapping.airflow import Place
from fairlead_bridge.mapping.decode import RawJob
from fairlead_bridge.mapping.parts import Parts

#: The facet of a DAG's START with its tasks; it is read into the facet `fairlead_tasks`.
_DAG_FACET = "airflow"
#: What is observed of a DAG, and the fields of its facet that say so.
_STATES: dict[Literal["paused", "gone"], str] = {"paused": "isPaused", "gone": "isGone"}


def of_event(raw: RawJob | None, at: int, place: Place | None, inside: int | None) -> JobFacts:
    """
    The job that the event is about; `inside` is the job that its run's parent is a run of.

    Raises Malformed where the job has no name.
    """
    if raw is None or not raw.name:
        raise Malformed("job.name is missing: a run needs the job it is a run of")
    namespace, name = decode.namespace(raw.namespace), decode.name(raw.name)
    integration, kind, processing = job_type(decode.facet(raw.facets, "jobType"))
    if place is not None:
        kind = "task" if place.task_id is not None else "dag"
    own = ids.job_id(namespace, name)
    return JobFacts(
        id=own,
        namespace=namespace,
        name=name,
        at=at,
        kind=kind,
        integration=integration,
        processing=processing,
        dag_id=place.dag_id if place else None,
        task_id=place.task_id if place else None,
        parent_id=None if inside == own else inside,
    )


def job_type(facet: dict[str, object] | None) -> tuple[str | None, str | None, str | None]:
    """(integration, kind, processing) of the facet `jobType`, in the catalog's spelling."""
    if facet is None:
        return None, None, None
    integration, kind, processing = (
        decode.word(facet.get(name)) for name in ("integration", "jobType", "processingType")
    )
    return (
        integration.upper() if integration else None,
        kind.lower() if kind else "job",
        processing.upper() if processing else None,
    )


def facets(parts: Parts, raw: RawJob | None, job: JobFacts, place: Place | None) -> None:
    """Add the job's facets, and what Airflow's run facets say of DAG and task themselves."""
    parts.check(raw.facets if raw else None, "job facet")
    for name, body in ((raw.facets if raw else None) or {}).items():
        if name != _DAG_FACET:
            parts.facet(job.id, name, body)
    _state(parts, raw, job)
    if place is None:
        return
    if place.dag is not None:
        parts.made_facet(job.id, "fairlead_dag", place.dag)
    if place.task is not None:
        parts.made_facet(job.id, "fairlead_task", place.task)
    if place.task_id is None and raw is not None:
        _dag_graph(parts, decode.facet(raw.facets, _DAG_FACET), job, place.dag_id)


def _state(parts: Parts, raw: RawJob | None, job: JobFacts) -> None:
    """Add that a DAG was paused or is gone, or is so no longer: the facet `fairlead_dag_state`."""
    state = decode.facet(raw.facets if raw else None, "fairlead_dag_state")
    if state is None:
        return
    seen_at = airflow_facets.time(state.get("at"))
    at = parts.at if seen_at is None else seen_at
    for kind in _STATES:
        value = state.get(_STATES[kind])
        if isinstance(value, bool):
            parts.observations.append(ObservationFacts(job.id, kind, at, int(value)))


def _dag_graph(parts: Parts, facet: dict[str, object] | None, dag: JobFacts, dag_id: str) -> None:
    """The tasks of a DAG and what follows what, those included that never send an event."""
    tasks = facet.get("tasks") if facet else None
    if facet is None or not isinstance(tasks, dict):
        return
    graph: Json = {}
    for task_id, task in tasks.items():
        if not isinstance(task, dict):
            continue
        following = sorted(map(str, airflow_facets.as_list(task.get("downstream_task_ids"))))
        graph[task_id] = {
            "operator": task.get("operator"),
            "downstream": following,
            "group": task.get("task_group"),
            "label": task.get("ui_label"),
            "emits": task.get("emits_ol_events"),
        }
        own = task_of(dag, dag_id, task_id, parts.at)
        parts.jobs.append(own)
        for after in following:
            target = task_of(dag, dag_id, after, parts.at)
            parts.jobs.append(target)
            parts.edges.append(EdgeFacts(own.id, target.id, "control", parts.at, None))
    groups = facet.get("taskGroups")
    parts.made_facet(dag.id, "fairlead_tasks", {"tasks": graph, "groups": _groups(groups)})


def task_of(dag: JobFacts, dag_id: str, task_id: str, at: int) -> JobFacts:
    """The job of a task, as its DAG knows it."""
    name = decode.name(f"{dag_id}.{task_id}")
    return JobFacts(
        id=ids.job_id(dag.namespace, name),
        namespace=dag.namespace,
        name=name,
        at=at,
        kind="task",
        integration=dag.integration,
        processing=dag.processing,
        dag_id=dag_id,
        task_id=decode.name(task_id),
        parent_id=dag.id,
    )


def _groups(groups: object) -> dict[str, object]:
    if not isinstance(groups, dict):
        return {}
    return {
        name: {"label": group.get("ui_label"), "parent": group.get("parent_group")}
        for name, group in groups.items()
        if isinstance(group, dict)
    }
