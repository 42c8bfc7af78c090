"""Jobs: lists by page, and rows by their ids; in a fixed number of queries each."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from fairlead_bridge import ids
from fairlead_bridge.db import tables as t
from fairlead_bridge.queries.filters import AssetFilter, contains, named, page
from fairlead_bridge.queries.names import public_id, readings, words
from fairlead_bridge.queries.snapshot import NOW, RELATIVES, Row, Snapshot, among

_JOBS_BY_ID = sa.select(t.job).where(among(t.job.c.id))
_TASKS = (
    sa.select(t.job.c.parent_id, sa.func.count().label("tasks"))
    .where(t.job.c.kind == "task", among(t.job.c.parent_id))
    .group_by(t.job.c.parent_id)
)
_PARTS = (
    sa.select(t.job.c.parent_id, sa.func.count().label("parts"))
    .where(t.job.c.kind != "query", among(t.job.c.parent_id))
    .group_by(t.job.c.parent_id)
)


def page_of_jobs(
    snapshot: Snapshot,
    wanted: AssetFilter,
    limit: int,
    after: tuple[str, str] | None = None,
    only: sa.ColumnElement[bool] | None = None,
) -> list[Row]:
    """Jobs by namespace and name; `after` is (namespace, name) of the last one seen, `only` a further
    condition on the table."""
    statement = sa.select(t.job)
    if snapshot.past:
        statement = statement.where(t.job.c.first_at <= NOW)
    if only is not None:
        statement = statement.where(only)
    if wanted.kind is not None:
        statement = statement.where(t.job.c.kind == wanted.kind)
    if wanted.name is not None:
        statement = statement.where(named(snapshot, t.job, wanted))
    elif wanted.namespace is not None:
        statement = statement.where(t.job.c.namespace == wanted.namespace)
    for word in words(wanted.q):
        statement = statement.where(contains(t.job, word))
    return snapshot.rows(page(t.job, statement, limit, after))


def jobs_by_id(snapshot: Snapshot, job_ids: Iterable[int | None]) -> dict[int, Row]:
    """The rows of the jobs that are there, by id."""
    wanted = {job for job in job_ids if job is not None}
    return {row.id: row for row in snapshot.each(_JOBS_BY_ID, wanted)}


def children_of_job(snapshot: Snapshot, job_id: int, limit: int = RELATIVES) -> list[Row]:
    """A DAG's tasks, a task's queries, an application's jobs."""
    statement = sa.select(t.job).where(t.job.c.parent_id == job_id)
    return snapshot.rows(statement.order_by(t.job.c.name).limit(limit))


def parts_of_jobs(snapshot: Snapshot, job_ids: Iterable[int]) -> dict[int, int]:
    """How many tasks, queries or models each DAG, application or project has."""
    return {row.parent_id: row.parts for row in snapshot.each(_PARTS, job_ids)}


def tasks_of_jobs(snapshot: Snapshot, job_ids: Iterable[int]) -> dict[int, int]:
    """How many tasks each DAG has; jobs without tasks are not in the answer."""
    return {row.parent_id: row.tasks for row in snapshot.each(_TASKS, job_ids)}


def find_job(snapshot: Snapshot, text: str) -> Row | None:
    """A job by its public id or by NAMESPACE:NAME."""
    number = public_id(text)
    found = jobs_by_id(snapshot, [number]).get(number) if number is not None else None
    if found is None:
        candidates = jobs_named(text)
        rows = jobs_by_id(snapshot, candidates)
        return next((rows[id] for id in candidates if id in rows), None)
    return found


def jobs_named(text: str) -> list[int]:
    """The ids that a job called NAMESPACE:NAME may have, whether or not it is known."""
    return [
        ids.job_id(ids.stored_namespace(namespace), ids.stored_name(name))
        for namespace, name in readings(text)
    ]


def newest_run() -> sa.ScalarSelect[int]:
    """The id of the newest run of `job`, for a statement that reads from that table."""
    run = t.run.alias("newest")
    return (
        sa.select(run.c.id)
        .where(run.c.job_id == t.job.c.id)
        .order_by(run.c.at.desc(), run.c.id.desc())
        .limit(1)
        .correlate(t.job)
        .scalar_subquery()
    )
