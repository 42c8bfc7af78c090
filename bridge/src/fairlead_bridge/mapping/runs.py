"""What an event says of the run it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import msgspec

from fairlead_bridge import ids, masking
from fairlead_bridge.documents import Json
from fairlead_bridge.errors import Malformed
from fairlead_bridge.facts import (
    LEFT_OUT,
    Attempt,
    EdgeFacts,
    JobFacts,
    LatestValue,
    RunFacts,
    TaskStateAtRunEnd,
)
from fairlead_bridge.mapping import airflow, decode, jobs, parent, times
from fairlead_bridge.mapping.airflow import Place
from fairlead_bridge.mapping.decode import Facets, RawEvent
from fairlead_bridge.mapping.facets import RUN_PROPERTIES
from fairlead_bridge.mapping.parent import Parent
from fairlead_bridge.mapping.parts import Parts

ENDS = ("COMPLETE", "ABORT", "FAIL")
#: Kinds of processing whose runs have no end to wait for.
ENDLESS = ("STREAMING", "SERVICE")
#: Most unreadable parts of an event that its run stores, and the length of each in characters.
_MOST_LEFT_OUT, _LONGEST_LEFT_OUT = 20, 200


def kind_of(event: RawEvent) -> str:
    """The event's type in capitals; one that the specification does not know is as OTHER."""
    kind = (event.eventType or "").strip().upper()
    return kind if kind in ("START", "RUNNING", *ENDS) else "OTHER"


def processing(job: JobFacts, facets: Facets | None) -> str | None:
    """BATCH, STREAMING or SERVICE. Flink says it once; its checkpoints say it each time."""
    if job.processing is None and facets and "checkpoints" in facets:
        return "STREAMING"
    return job.processing


def of_event(
    event: RawEvent, run_id: str, job: JobFacts, place: Place | None, inside: Parent | None, at: int
) -> RunFacts:
    """The run that the event is about."""
    facets = event.run.facets if event.run else None
    attempts = {run_id: _attempt(event, place, inside, job, at)}
    root = inside.root.run if inside and inside.root else None
    alias = ids.run_id(run_id)
    parent_run = inside.run if inside else None
    if place is None:
        return RunFacts(
            id=alias,
            job_id=job.id,
            kind=job.kind,
            parent_id=None if parent_run == alias else parent_run,
            root_id=root,
            attempts=attempts,
            properties=_properties(facets, _integration(job), job, at),
        )
    return RunFacts(
        id=place.id,
        job_id=job.id,
        kind=job.kind,
        dag_id=place.dag_id,
        dag_run_id=place.dag_run_id,
        task_id=place.task_id,
        map_index=place.map_index,
        try_number=place.try_number,
        dag_run=place.dag_run,
        instance=place.instance,
        parent_id=place.dag_run if place.task_id is not None else parent_run,
        root_id=root,
        attempts=attempts,
        properties=_properties(facets, place.properties, job, at),
    )


def _attempt(
    event: RawEvent, place: Place | None, inside: Parent | None, job: JobFacts, at: int
) -> Attempt:
    kind = kind_of(event)
    overridden = kind in ENDS and place is None and _is_manual_override(event, inside, job)
    end = kind if kind in ENDS and not overridden else None
    duration = place.duration if place and end else None
    return Attempt(
        generation=place.generation if place else 0,
        first_at=at,
        last_at=at,
        start_at=at if kind == "START" else None,
        running_at=at if kind == "RUNNING" else None,
        alive_at=at if kind == "RUNNING" else None,
        fail_at=at if end == "FAIL" else None,
        abort_at=at if end == "ABORT" else None,
        restart_at=at if kind == "START" else None,
        end_at=at if end else None,
        end=end,
        override_at=at if overridden else None,
        override=kind if overridden else None,
        observed=place.observed if place else None,
        dag_start_at=place.dag_start_at if place else None,
        dag_end_at=place.dag_end_at if place else None,
        duration=duration,
        duration_at=at if duration is not None else None,
    )


def _is_manual_override(event: RawEvent, inside: Parent | None, job: JobFacts) -> bool:
    """Whether Airflow's API server reports a task that a user marked: it sends no task facets."""
    engine = decode.facet(event.run.facets if event.run else None, "processing_engine")
    by_airflow = bool(engine and str(engine.get("name", "")).lower() == "airflow")
    return by_airflow and inside is not None and job.kind in ("task", None)


def _integration(job: JobFacts) -> dict[str, object]:
    return {} if job.integration is None else {"integration": job.integration}


def _properties(
    facets: Facets | None, more: Json, job: JobFacts, at: int
) -> dict[str, LatestValue]:
    properties = {
        name: LatestValue(at, masking.value(decode.bounded(value))) for name, value in more.items()
    }
    if job.processing in ENDLESS:
        properties["processing"] = LatestValue(at, job.processing)
    for name in facets or {}:
        read = _READERS.get(name)
        if read is None:
            continue
        body = decode.facet(facets, name)
        if body is not None:
            properties[RUN_PROPERTIES[name]] = LatestValue(at, masking.value(read(body)))
    return properties


def _whole(body: dict[str, object]) -> dict[str, object]:
    return {
        key: value if type(value) is str else decode.bounded(value)
        for key, value in body.items()
        if key not in ("_producer", "_schemaURL")
    }


def _redacted(body: Json) -> Json:
    return dict(masking.strictly(_whole(body)))


def _error(facet: Json, language: str | None = None) -> dict[str, str | None]:
    return {
        "message": _text(facet, "message") or "",
        "language": _text(facet, "programmingLanguage") or language,
        "stack_trace": _text(facet, "stackTrace"),
    }


def _nominal(facet: dict[str, object]) -> list[int | None]:
    return [_time(facet, "nominalStartTime"), _time(facet, "nominalEndTime")]


def _operators(facet: dict[str, object]) -> dict[str, list[str]]:
    """The operators without an extractor; their attributes may hold anything, and are left out."""
    named = [_text(item, "name") for item in decode.dicts(facet.get("unknownItems"))]
    return {"operators": [name[:200] for name in named[:10] if name]}


#: How the facets that are stored with a run are read; the others stay in the log, with the event.
_READERS: dict[str, Callable[[dict[str, object]], object]] = {
    **dict.fromkeys(RUN_PROPERTIES, _whole),
    "errorMessage": _error,
    "spark.exception": partial(_error, language="JAVA"),
    "nominalTime": _nominal,
    "executionParameters": _redacted,
    "unknownSourceAttribute": _operators,
}


def _text(facet: Json, key: str) -> str | None:
    value = facet.get(key)
    return value if isinstance(value, str) else None


def _time(facet: dict[str, object], key: str) -> int | None:
    value = facet.get(key)
    try:
        return times.parse(value) if value else None
    except Malformed:
        return None


def add_left_out(parts: Parts) -> None:
    """Add a property to the event's run for each part that was left out."""
    parts_left_out = dict.fromkeys(what[:_LONGEST_LEFT_OUT] for what in parts.left_out)
    if len(parts_left_out) > _MOST_LEFT_OUT:
        more = len(parts_left_out) - _MOST_LEFT_OUT
        parts_left_out = dict.fromkeys(
            [*list(parts_left_out)[:_MOST_LEFT_OUT], f"{more} more of the same event"]
        )
    properties = {f"{LEFT_OUT}{what}": LatestValue(parts.at, True) for what in parts_left_out}
    run = parts.runs[0]
    parts.runs[0] = msgspec.structs.replace(run, properties=run.properties | properties)


def dependencies(parts: Parts, facets: Facets | None, job: JobFacts, alias: int) -> None:
    """Control edges from and to the jobs that the facet `jobDependencies` names."""
    facet = decode.facet(facets, "jobDependencies")
    if facet is None:
        return
    for key in ("upstream", "downstream"):
        for other in _named(facet.get(key)):
            if other.job == job.id:
                continue
            parts.jobs.append(parent.mentioned(other, parts.at))
            src, dst = (other.job, job.id) if key == "upstream" else (job.id, other.job)
            parts.edges.append(EdgeFacts(src, dst, "control", parts.at, alias))


def _named(value: object) -> Iterator[parent.Named]:
    for item in decode.dicts(value):
        found = parent.named(item)
        if found is not None:
            yield found


def task_states(parts: Parts, facets: Facets | None, dag: JobFacts, place: Place) -> None:
    """Add the states of tasks that the closing event of a DAG run gives."""
    for task_id, (state, duration) in airflow.closing(facets).items():
        job = jobs.task_of(dag, place.dag_id, task_id, parts.at)
        parts.jobs.append(job)
        parts.task_states.append(
            TaskStateAtRunEnd(
                place.dag_run, decode.name(task_id), job.id, parts.at, state, duration
            )
        )
