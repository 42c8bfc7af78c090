"""The DAGs of tasks, what was said of them as of a moment, and the deadlines of their newest runs."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from fairlead_bridge import facts
from fairlead_bridge.db import tables as t
from fairlead_bridge.queries import facets
from fairlead_bridge.queries.facets import Facet
from fairlead_bridge.queries.jobs import jobs_by_id
from fairlead_bridge.queries.snapshot import NOW, Row, Select, Snapshot, among

_version = t.dag_version.c
_VERSIONS = (
    sa.select(*_version, t.content.c.body)
    .join_from(t.dag_version, t.content, t.content.c.digest == _version.digest)
    .where(among(_version.job_id), _version.first_at <= NOW)
)


def of_jobs(snapshot: Snapshot, job_ids: Iterable[int]) -> dict[int, int]:
    """The DAG of each of these jobs that is one, or a task of one."""
    rows = jobs_by_id(snapshot, job_ids)
    return {
        id: id if row.kind == "dag" else row.parent_id
        for id, row in rows.items()
        if row.kind == "dag" or row.parent_id is not None
    }


def facets_of(snapshot: Snapshot, dag_ids: Iterable[int]) -> dict[int, Facet]:
    """The facet `fairlead_dag` of each of these DAGs, as it was said last by then."""
    newest: dict[int, Row] = {}
    for row in snapshot.each(_VERSIONS, dag_ids):
        if row.job_id not in newest or snapshot.held(row) > snapshot.held(newest[row.job_id]):
            newest[row.job_id] = row
    decoded = {id: facets.decode(row.body) for id, row in newest.items()}
    return {id: body for id, body in decoded.items() if body is not None}


def _newest_runs(*, past: bool) -> Select:
    run = t.run.alias("newest")
    newest = (
        sa.select(run.c.id)
        .where(run.c.job_id == t.job.c.id)
        .order_by(run.c.at.desc(), run.c.id.desc())
        .limit(1)
        .correlate(t.job)
    )
    if past:
        newest = newest.where(run.c.at <= NOW)
    columns = (t.job.c.id.label("dag"), t.run.c.dag_run_id, t.run.c.started_at, t.run.c.facts)
    joined = sa.select(*columns).join_from(t.job, t.run, t.run.c.id == newest.scalar_subquery())
    return joined.where(among(t.job.c.id))


_NEWEST_RUNS = {past: _newest_runs(past=past) for past in (False, True)}


def deadlines(snapshot: Snapshot, dag_ids: Iterable[int]) -> dict[int, tuple[Row, int, str]]:
    """The first deadline of the newest run of each DAG that has one: the run, its time, its name."""
    found = {}
    for row in snapshot.each(_NEWEST_RUNS[snapshot.past], dag_ids):
        note = facts.decode(row.facts).properties.get("deadlines")
        value = note.value if note is not None else None
        if isinstance(value, list) and value:
            at, name = value[0]
            found[row.dag] = (row, at, name)
    return found
