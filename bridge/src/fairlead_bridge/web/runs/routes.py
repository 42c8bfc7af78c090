"""Runs: the list, and one run with everything that is known of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, HTTPException, Query

from fairlead_bridge import facts, ids, inbox
from fairlead_bridge.errors import NotFound
from fairlead_bridge.mapping.head import head
from fairlead_bridge.queries import critical
from fairlead_bridge.queries.assets import assets_by_id
from fairlead_bridge.queries.jobs import children_of_job
from fairlead_bridge.queries.names import public_id
from fairlead_bridge.queries.runs import (
    RunFilter,
    children_of_run,
    datasets_of_run,
    find_run,
    page_of_runs,
    runs_by_alias,
    runs_by_id,
    tries_of_run,
)
from fairlead_bridge.queries.snapshot import Row, Snapshot
from fairlead_bridge.web import facets as run_facets
from fairlead_bridge.web import log, nouns, quality, render
from fairlead_bridge.web.base import Page
from fairlead_bridge.web.needs import needs
from fairlead_bridge.web.paging import Cursor, Limit, page, read_cursor
from fairlead_bridge.web.parameters import Since, Text, Until
from fairlead_bridge.web.runs import answers as a
from fairlead_bridge.web.runs import comparison
from fairlead_bridge.web.snapshots import CurrentSnapshot

#: Events that a run's page lists at most.
EVENTS = 200
#: Notes that have a field of their own in the answer.
_SHOWN_APART = {
    "error",
    "integration",
    "nominal",
    "queued_at",
    "data_interval",
    "operator",
    "retries",
    "pool",
    "queue",
    "url",
    "run_type",
    "triggered_by",
}


_facets = msgspec.json.Decoder(dict[str, tuple[int, Any]])


#: Jobs that a list of runs may be asked for by their ids.
MANY = 100
JobIds = Annotated[
    str | None, Query(description=f"The `id`s of at most {MANY} jobs, separated by commas.")
]

Outermost = Annotated[
    bool,
    Query(
        description="Only runs that are part of no other: DAG runs, applications, projects; not "
        "their tasks, queries and models."
    ),
]


router = APIRouter(tags=["runs"], dependencies=[needs("viewer")])


@router.get("/runs")
def list_runs(
    snapshot: CurrentSnapshot,
    namespace: Text | None = None,
    job: Text | None = None,
    dag_id: Text | None = None,
    dag_run_id: Text | None = None,
    task_id: Text | None = None,
    state: Text | None = None,
    kind: Text | None = None,
    jobs: JobIds = None,
    since: Since = None,
    until: Until = None,
    outermost: Outermost = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[nouns.Run]:
    """
    Runs, newest first: DAG runs, tries of tasks, queries, and those of other tools.

    `since` and `until` bound their start; for runs that have not started, their first event.
    """
    some = _job_ids(jobs) if jobs is not None else None
    wanted = RunFilter(namespace, job, dag_id, dag_run_id, task_id, state, kind, some)
    wanted = replace(
        wanted,
        outermost=outermost,
        since=render.micros_or_none(since),
        until=render.micros_or_none(until),
    )
    after = read_cursor(cursor, int, int)
    rows = page_of_runs(snapshot, wanted, limit + 1, after)
    shown, following = page(rows, limit, lambda row: (row.at, row.id))
    return Page(items=[render.run(row) for row in shown], next=following)


@router.get("/runs/{run_id}")
def get_run(snapshot: CurrentSnapshot, run_id: Text) -> a.RunDetail:
    """One run, by its OpenLineage runId (of any attempt) or by its id."""
    return _detail(snapshot, _find(snapshot, run_id))


@router.get("/runs/{run_id}/comparison")
def compare_run(snapshot: CurrentSnapshot, run_id: Text) -> a.Comparison:
    """The run beside the last good one of its job: durations, data, schemas, code, settings."""
    return comparison.answer(snapshot, _find(snapshot, run_id))


@router.get("/runs/{run_id}/facets")
def list_run_facets(
    snapshot: CurrentSnapshot,
    run_id: Text,
    name: Annotated[Text | None, Query(description="Only the facet of this name.")] = None,
) -> list[nouns.FacetBody]:
    """
    Every facet that the run's events gave it, as it was last sent, secrets masked.

    They are read from the events themselves, as long as those are kept.
    """
    events = log.events_of(snapshot, [_find(snapshot, run_id).id], EVENTS)
    found = run_facets.latest_facets([event.body for event in events])
    return [
        nouns.FacetBody(name=facet, at=render.when(at), body=body)
        for facet, (at, body) in sorted(found.items())
        if name in (None, facet)
    ]


def _job_ids(text: str) -> tuple[int, ...]:
    found = [public_id(each) for each in text.split(",")]
    if None in found or len(found) > MANY:
        raise HTTPException(422, f"`jobs` takes the `id`s of at most {MANY} jobs, with commas.")
    return tuple(id for id in found if id is not None)


def _find(snapshot: Snapshot, run_id: str) -> Row:
    row = find_run(snapshot, run_id)
    if row is None:
        raise NotFound(
            f"no run is known as {run_id!r}; give an OpenLineage runId, the `id` of a run, or "
            "dag_run:NAMESPACE:DAG_ID:RUN_ID"
        )
    return row


def _detail(snapshot: Snapshot, row: Row) -> a.RunDetail:
    stored = facts.decode(row.facts)
    properties = {name: value.value for name, value in stored.properties.items()}
    aliases = [ids.run_id(run_id) for run_id in stored.attempts]
    parents = runs_by_id(snapshot, [row.parent_id])
    if row.parent_id not in parents:
        parents = runs_by_alias(snapshot, [row.parent_id])
    children = children_of_run(snapshot, row, aliases)
    return a.RunDetail(
        **render.run_fields(row, stored),
        max_tries=_whole(properties.get("retries")),
        run_type=_text(properties.get("run_type")),
        triggered_by=_text(properties.get("triggered_by")),
        operator=_text(properties.get("operator")),
        pool=_text(properties.get("pool")),
        queue=_text(properties.get("queue")),
        engine=_engine(properties.get("processing_engine")),
        error_text=_error(properties.get("error")),
        parent=render.run_or_none(parents, row.parent_id),
        children=[render.run(child) for child in children],
        critical_path=_critical_path(snapshot, row, children) if row.kind == "dag" else None,
        tries=[render.run(each) for each in tries_of_run(snapshot, row)],
        datasets=_datasets(snapshot, row.id),
        assertions=quality.of_run(snapshot, row.id, stored.properties),
        events=[_event(each) for each in log.events_of(snapshot, [row.id], EVENTS)],
        facts={
            name: value
            for name, value in properties.items()
            if name not in _SHOWN_APART and not name.startswith((facts.LEFT_OUT, facts.CHECKS))
        },
        left_out=sorted(
            name.removeprefix(facts.LEFT_OUT)
            for name in properties
            if name.startswith(facts.LEFT_OUT)
        ),
    )


def _critical_path(
    snapshot: Snapshot, dag_run: Row, children: Sequence[Row]
) -> a.CriticalPath | None:
    ran = critical.stretches(children, snapshot.now)
    tasks = children_of_job(snapshot, dag_run.job_id)
    path = critical.path(ran, critical.upstream_of(snapshot, tasks))
    if not path:
        return None
    name = {child.id: render.run_label(child) for child in children}
    begin = min(path[0].started_at, dag_run.started_at or path[0].started_at)
    whole = (max(path[-1].ended_at, dag_run.ended_at or 0) - begin) / 1_000_000
    worked = sum(each.seconds for each in path)
    return a.CriticalPath(
        steps=[
            a.CriticalStep(
                task=name[each.runs[-1]],
                runs=[ids.public(run) for run in each.runs],
                seconds=each.seconds,
            )
            for each in path
        ],
        seconds=worked,
        share=min(1.0, worked / whole) if whole > 0 else 1.0,
    )


def _datasets(snapshot: Snapshot, run_id: int) -> list[a.RunDataset]:
    rows = datasets_of_run(snapshot, run_id)
    assets = assets_by_id(snapshot, (row.dataset_id for row in rows))
    found = [
        a.RunDataset(
            dataset=render.dataset_ref(assets[row.dataset_id]),
            role=row.role,
            row_count=row.row_count,
            byte_count=row.byte_count,
            file_count=row.file_count,
            facets=_facets_of(row.facets),
        )
        for row in rows
        if row.dataset_id in assets
    ]
    return sorted(found, key=lambda item: (item.role, item.dataset.namespace, item.dataset.name))


def _facets_of(body: bytes | None) -> dict[str, object]:
    """Input and output facets by name; of the schema only a digest is kept with the run."""
    if not body:
        return {}
    return {name: facet for name, (_, facet) in _facets.decode(body).items() if name != "schema"}


def _event(events: inbox.StoredEvent) -> nouns.EventSummary:
    found = head(events.body)
    return nouns.EventSummary(
        id=events.id,
        received_at=render.when(events.received_at),
        event_type=found.event_type,
        event_time=found.event_time,
        size=len(events.body),
    )


def _error(value: object) -> a.ErrorText | None:
    if not isinstance(value, dict):
        return None
    return a.ErrorText(
        message=_text(value.get("message")) or "",
        language=_text(value.get("language")),
        stack_trace=_text(value.get("stack_trace")),
    )


def _engine(value: object) -> str | None:
    if not isinstance(value, dict):
        return None
    return (
        " ".join(text for text in (_text(value.get("name")), _text(value.get("version"))) if text)
        or None
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _whole(value: object) -> int | None:
    return (
        int(value) if isinstance(value, int | str) and re.fullmatch(r"-?\d+", str(value)) else None
    )
