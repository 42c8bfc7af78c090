"""The time zone that jobs are scheduled in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import tzinfo

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.insight.schedules import zone_of
from fairlead_bridge.queries.dags import facets_of
from fairlead_bridge.queries.snapshot import Row, Snapshot, among

#: Jobs around a job that are looked through, and DAGs of an Airflow whose zones are counted.
LEVELS, DAGS = 6, 50

_JOBS = sa.select(*t.job.c["id", "kind", "parent_id", "namespace"]).where(among(t.job.c.id))
_BESIDE = (
    sa.select(t.job.c.id)
    .where(t.job.c.kind == "dag", t.job.c.namespace == sa.bindparam("namespace"))
    .order_by(t.job.c.name)
    .limit(DAGS)
)


def of_jobs(snapshot: Snapshot, job_ids: Iterable[int]) -> dict[int, tzinfo]:
    """
    The zone of the schedule of each job's DAG; of a DAG without one, that of most DAGs beside it.

    Jobs outside of any DAG are not in the answer.
    """
    wanted = set(job_ids)
    dag_of, space_of = _dags_around(snapshot, wanted)
    named = _named(snapshot, space_of)
    found: dict[int, tzinfo] = {}
    for job, dag in dag_of.items():
        name = named.get(dag)
        zone = zone_of(name) if name is not None else usual(snapshot, space_of[dag])
        if zone is not None:
            found[job] = zone
    return found


def usual(snapshot: Snapshot, namespace: str) -> tzinfo | None:
    """The zone of most schedules of an Airflow; None where they name none."""
    key = f"zone of {namespace}"
    if key not in snapshot.memo:
        snapshot.memo[key] = _usual(snapshot, namespace)
    name = snapshot.memo[key]
    return zone_of(name) if name is not None else None


def _dags_around(snapshot: Snapshot, jobs: set[int]) -> tuple[dict[int, int], dict[int, str]]:
    """The DAG that each job is part of, and the namespace of each of these DAGs."""
    known: dict[int, Row] = {}
    level = jobs
    for _ in range(LEVELS):
        known |= {row.id: row for row in snapshot.each(_JOBS, level)}
        level = {known[id].parent_id for id in level & known.keys()} - {None, *known}
        if not level:
            break
    dag_of: dict[int, int] = {}
    for job in jobs:
        here: int | None = job
        for _ in range(LEVELS):
            row = known.get(here) if here is not None else None
            if row is not None and row.kind == "dag":
                dag_of[job] = row.id
            here = row.parent_id if row is not None else None
    return dag_of, {dag: known[dag].namespace for dag in dag_of.values()}


def _usual(snapshot: Snapshot, namespace: str) -> str | None:
    beside = [row.id for row in snapshot.rows(_BESIDE, namespace=namespace)]
    names = Counter(_named(snapshot, beside).values())
    return min(names, key=lambda name: (-names[name], name)) if names else None


def _named(snapshot: Snapshot, dags: Iterable[int]) -> dict[int, str]:
    """The name of the time zone of each DAG's schedule, where it has one."""
    found = {}
    for dag, body in facets_of(snapshot, dags).items():
        name = _zone(body.get("timetable"))
        if name is not None:
            found[dag] = name
    return found


def _zone(timetable: object) -> str | None:
    name = timetable.get("timezone") if isinstance(timetable, dict) else None
    return name if isinstance(name, str) else None
