"""What the first page shows: how much there is, what fails, what runs, what has become stale."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.model import State
from fairlead_bridge.queries.assets import Asset, assets_by_id
from fairlead_bridge.queries.jobs import newest_run
from fairlead_bridge.queries.outermost import around
from fairlead_bridge.queries.runs import RUNS, RunFilter, page_of_runs
from fairlead_bridge.queries.snapshot import Row, Select, Snapshot, among, in_state, is_lost

#: Named one by one, so that the index on (state, at) serves.
_STATES = get_args(State)
#: How far back runs are counted.
DAY = 24 * 3600 * 1_000_000


def counts(snapshot: Snapshot) -> dict[str, int]:
    """Datasets and jobs by kind, all of them; runs of the last day by how they stand."""
    jobs = {
        row.kind: row.number
        for row in snapshot.rows(
            sa.select(t.job.c.kind, sa.func.count().label("number")).group_by(t.job.c.kind)
        )
    }
    own = sa.select(sa.func.count()).where(t.dataset.c.id == t.dataset.c.asset_id)
    by_state = {
        row.state: row.number
        for row in snapshot.rows(
            sa.select(t.run.c.state, sa.func.count().label("number"))
            .where(t.run.c.state.in_(_STATES), t.run.c.at >= snapshot.now - DAY)
            .group_by(t.run.c.state)
        )
    }
    lost = snapshot.rows(
        sa.select(sa.func.count())
        .join_from(t.run, t.job, t.job.c.id == t.run.c.job_id)
        .where(is_lost(), t.run.c.at >= snapshot.now - DAY)
    )[0][0]
    return {
        "datasets": snapshot.rows(own)[0][0],
        "jobs": sum(jobs.values()),
        "dags": jobs.get("dag", 0),
        "tasks": jobs.get("task", 0),
        "runs": sum(by_state.values()),
        "success": by_state.get("success", 0),
        "failed": by_state.get("failed", 0),
        "running": by_state.get("running", 0) - lost,
        "lost": by_state.get("lost", 0) + lost,
    }


#: Kinds of jobs whose failure another job reports: its tasks' DAG, its queries' task.
_REPORTED_BY_OTHERS = ("task", "query", "dag_file")


def failing(snapshot: Snapshot) -> list[Row]:
    """
    DAGs, applications, projects and other jobs whose newest run failed, newest failure first.

    What failed inside a run that is listed is not listed itself.
    """
    statement = _newest_failed(t.job.c.kind.not_in(_REPORTED_BY_OTHERS))
    rows = snapshot.rows(statement)
    listed = {row.newest_run for row in rows}
    containing = around(snapshot, listed)
    return [row for row in rows if listed.isdisjoint(containing[row.newest_run])]


def failing_dag_files(snapshot: Snapshot, limit: int) -> list[Row]:
    """DAG files that cannot be imported, newest failure first."""
    return snapshot.rows(_newest_failed(t.job.c.kind == "dag_file").limit(limit))


def _newest_failed(which: sa.ColumnElement[bool]) -> Select:
    """Jobs whose newest run failed, each with that run's id."""
    return (
        sa.select(t.job, t.run.c.id.label("newest_run"))
        .join_from(t.job, t.run, t.run.c.id == newest_run())
        .where(which, t.run.c.state == "failed")
        .order_by(t.run.c.at.desc(), t.job.c.id)
    )


_later = t.run.alias("later")
_ERRORS = (
    sa.select(t.run.c.dag_run, t.run.c.at, t.run.c.task_id, t.run.c.error)
    .where(among(t.run.c.dag_run), t.run.c.kind == "task", t.run.c.state == "failed")
    .where(t.run.c.error.is_not(None))
    .where(~sa.exists().where(_later.c.instance == t.run.c.instance, _later.c.at > t.run.c.at))
    .order_by(t.run.c.at)
)


_INSIDE = {
    past: statement.where(among(t.run.c.parent_id), t.run.c.state == "failed").order_by(
        t.run.c.error.is_(None), t.run.c.at
    )
    for past, statement in RUNS.items()
}


def errors(snapshot: Snapshot, dag_runs: Iterable[int]) -> dict[int, tuple[str, str]]:
    """(task, error) of the first task that failed in each of these DAG runs, for good."""
    found: dict[int, tuple[str, str]] = {}
    for row in snapshot.each(_ERRORS, dag_runs):
        found.setdefault(row.dag_run, (row.task_id or "", row.error))
    return found


def failed_inside(snapshot: Snapshot, runs: Iterable[int]) -> dict[int, Row]:
    """The first run that failed inside each of these, preferably one with an error."""
    found: dict[int, Row] = {}
    for row in snapshot.each(_INSIDE[snapshot.past], runs):
        found.setdefault(row.parent_id, row)
    return found


def running(snapshot: Snapshot, limit: int) -> list[Row]:
    """Runs that are going on, newest first; lost ones left out."""
    statement = RUNS[snapshot.past].where(in_state("running"))
    return snapshot.rows(statement.order_by(t.run.c.at.desc(), t.run.c.id.desc()).limit(limit))


def newest_runs(snapshot: Snapshot, limit: int) -> list[Row]:
    """The newest runs that are part of no other: of DAGs, applications, projects and other jobs."""
    return page_of_runs(snapshot, RunFilter(outermost=True), limit)


def stale(snapshot: Snapshot, limit: int) -> list[Asset]:
    """Assets that were written, and not dropped, written longest ago first."""
    other = t.dataset.alias("other")
    newer = sa.exists().where(
        other.c.asset_id == t.dataset.c.asset_id, other.c.written_at > t.dataset.c.written_at
    )
    gone = sa.and_(
        t.dataset.c.dropped_at.is_not(None), t.dataset.c.dropped_at >= t.dataset.c.written_at
    )
    statement = (
        sa.select(t.dataset.c.asset_id)
        .where(t.dataset.c.written_at.is_not(None), sa.not_(newer), sa.not_(gone))
        .order_by(t.dataset.c.written_at, t.dataset.c.id)
        .limit(limit)
    )
    order = list(dict.fromkeys(row.asset_id for row in snapshot.rows(statement)))
    found = assets_by_id(snapshot, order)
    return [found[asset_id] for asset_id in order]


def namespaces(snapshot: Snapshot) -> list[tuple[str, int, int]]:
    """(namespace, datasets, jobs) by name."""
    own = t.dataset.c.id == t.dataset.c.asset_id
    found: dict[str, list[int]] = {}
    for place, table, where in ((0, t.dataset, own), (1, t.job, sa.true())):
        statement = sa.select(table.c.namespace, sa.func.count().label("number")).where(where)
        for row in snapshot.rows(statement.group_by(table.c.namespace)):
            found.setdefault(row.namespace, [0, 0])[place] = row.number
    return sorted((namespace, *numbers) for namespace, numbers in found.items())  # type: ignore[misc]
