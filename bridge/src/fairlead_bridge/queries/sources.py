"""
Sources of events, such as an Airflow: when each was last heard of, and whether it fell silent.

A source is silent when it sent nothing although its runs begin by a rhythm, or although one of its
runs should have ended long ago.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.insight import silence
from fairlead_bridge.insight.symptoms import Silence
from fairlead_bridge.queries import history, starts
from fairlead_bridge.queries.jobs import jobs_by_id
from fairlead_bridge.queries.snapshot import NOW, Row, Select, Snapshot, among

#: Sources that are asked whether they fell silent: those with the most jobs.
ASKED = 50
#: Jobs of a source that are asked: those heard of last; and runs of each.
JOBS, RUNS = 100, history.WINDOW
#: Newest runs of each that say when it was heard last.
LAST = 3
#: DAGs of a source whose schedules are read: those heard of last.
DAGS = 300


@dataclass(frozen=True, slots=True)
class Source:
    """Who sends events: the jobs of one namespace."""

    namespace: str
    integration: str | None
    last_event_at: int
    jobs: int
    silent_since: int | None = None  # its last event, where another should have come since


def all_sources(snapshot: Snapshot) -> list[Source]:
    """Who sends events, those last heard of first."""
    statement = sa.select(
        t.job.c.namespace,
        sa.func.max(t.job.c.integration).label("integration"),
        sa.func.max(t.job.c.last_at).label("last_event_at"),
        sa.func.count().label("jobs"),
    ).group_by(t.job.c.namespace)
    rows = snapshot.rows(statement)
    largest = sorted(rows, key=lambda row: (-row.jobs, row.namespace))[:ASKED]
    quiet = stopped_sending(snapshot, (row.namespace for row in largest))
    found = [Source(**row._mapping, silent_since=quiet.get(row.namespace)) for row in rows]
    return sorted(found, key=lambda source: (-source.last_event_at, source.namespace))


_JOBS = sa.select(t.job.c.id).where(
    t.job.c.namespace == sa.bindparam("namespace"), t.job.c.kind.not_in(("query", "dag_file"))
)
_JOBS = _JOBS.order_by(t.job.c.last_at.desc(), t.job.c.id).limit(JOBS)


_NEWEST = sa.select(sa.func.max(t.job.c.last_at).label("last_at")).where(
    t.job.c.namespace == sa.bindparam("namespace")
)
_DAGS = (
    sa.select(t.job.c.id)
    .where(t.job.c.kind == "dag", t.job.c.namespace == sa.bindparam("namespace"))
    .order_by(t.job.c.last_at.desc(), t.job.c.id)
    .limit(DAGS)
)


def _runs(count: int, *, past: bool) -> Select:
    older = t.run.alias("older")
    bound = sa.select(older.c.at).where(older.c.job_id == t.job.c.id)
    if past:
        bound = bound.where(older.c.at <= NOW)
    last = bound.order_by(older.c.at.desc()).limit(1).offset(count - 1).scalar_subquery()
    columns = t.run.c["job_id", "kind", "dag_run_id", "parent_id", "processing", "state"]
    times = t.run.c["at", "started_at", "ended_at", "last_at", "duration"]
    statement = (
        sa.select(*columns, *times)
        .join_from(t.job, t.run, t.run.c.job_id == t.job.c.id)
        .where(among(t.job.c.id), t.run.c.at >= sa.func.coalesce(last, -(2**62)))
    )
    return statement.where(t.run.c.at <= NOW) if past else statement


_RUNS = {(count, past): _runs(count, past=past) for count in (LAST, RUNS) for past in (False, True)}


def stopped_sending(snapshot: Snapshot, namespaces: Iterable[str]) -> dict[str, int]:
    """The last event of each of these sources that fell silent."""
    return {name: each.since for name, each in silences(snapshot, namespaces).items()}


def silences(snapshot: Snapshot, namespaces: Iterable[str]) -> dict[str, Silence]:
    """The silence of each of these sources that fell silent."""
    found = {}
    for namespace in sorted(set(namespaces)):
        stopped_sending = (
            None if _is_receiving(snapshot, namespace) else _silence(snapshot, namespace)
        )
        if stopped_sending is not None:
            found[namespace] = stopped_sending
    return found


def _is_receiving(snapshot: Snapshot, namespace: str) -> bool:
    """Whether an event came just now; not asked of the past, of which that is not kept."""
    if snapshot.past:
        return False
    newest = snapshot.first(_NEWEST, namespace=namespace)
    return newest is not None and snapshot.now - newest.last_at < silence.LEAST


def _silence(snapshot: Snapshot, namespace: str) -> Silence | None:
    jobs = [row.id for row in snapshot.rows(_JOBS, namespace=namespace)]
    dags = [row.id for row in snapshot.rows(_DAGS, namespace=namespace)]
    starting = starts.of(snapshot, dags)
    kept = set(starts.paused(snapshot, starting))
    kept |= set(starts.broken_files(snapshot, jobs_by_id(snapshot, starting)))
    dues = [
        each.due
        for dag, each in starting.items()
        if each.due is not None and dag not in kept and not each.is_active
    ]
    # Where schedules are known, rhythms are not asked.
    rows = snapshot.each(_RUNS[LAST if dues else RUNS, snapshot.past], {*jobs, *dags})
    runs = [_run(row, snapshot) for row in rows]
    return silence.of(namespace, runs, dues, snapshot.now)


def _run(row: Row, snapshot: Snapshot) -> silence.Run:
    ended = row.ended_at if row.ended_at is not None and row.ended_at <= snapshot.now else None
    received = row.last_at if row.last_at <= snapshot.now else (ended or row.at)
    by_hand = (row.dag_run_id or "").startswith(("manual__", "backfill__"))
    going_on = (row.state == "running" or ended != row.ended_at) and row.processing is None
    return silence.Run(
        job=row.job_id,
        began_at=row.started_at if row.started_at is not None else row.at,
        received_at=max(received, row.at),
        seconds=row.duration if ended is not None and row.state == "success" else None,
        is_going_on=going_on,
        is_regular=not by_hand and (row.kind == "dag" or row.parent_id is None),
    )
