"""Whether datasets and jobs are still there: stale ones, and DAGs and tasks that Airflow no longer has."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.facts import DECLARATION
from fairlead_bridge.queries import facets as f
from fairlead_bridge.queries.snapshot import Row, Snapshot, among
from fairlead_bridge.queries.starts import seen_last

_DAY = 86_400 * 1_000_000

_GONE = seen_last("gone")
_BEGAN = (
    sa.select(t.run.c.job_id, sa.func.max(t.run.c.at).label("at"))
    .where(among(t.run.c.job_id))
    .group_by(t.run.c.job_id)
)


def is_stale(snapshot: Snapshot, last_at: int, facets: f.Facets) -> bool:
    """
    Whether no event has named a dataset or a job for as long as the setting says.

    What a file declares is named once, and not stale while it does.
    """
    if f.text(facets, DECLARATION, "digest"):
        return False
    return 0 < snapshot.stale_days * _DAY < snapshot.now - last_at


def gone(snapshot: Snapshot, jobs: Iterable[Row]) -> set[int]:
    """
    The DAGs that Airflow was seen without since their newest run, and the tasks that the newest START
    of their DAG does not list, or whose DAG is gone.
    """
    listed = list(jobs)
    dags = {row.id for row in listed if row.kind == "dag"}
    tasks = [row for row in listed if row.kind == "task" and row.parent_id is not None]
    found = _gone_dags(snapshot, dags | {row.parent_id for row in tasks})
    graphs = f.with_times(
        snapshot, {row.parent_id: row.parent_id for row in tasks}, ("fairlead_tasks",)
    )
    for row in tasks:
        at, graph = graphs.get(row.parent_id, {}).get("fairlead_tasks", (0, {}))
        names = graph.get("tasks")
        if row.parent_id in found or (at <= snapshot.now and names and row.task_id not in names):
            found.add(row.id)
    return found


def _gone_dags(snapshot: Snapshot, dags: Iterable[int]) -> set[int]:
    seen = {row.owner_id: row.at for row in snapshot.each(_GONE, dags) if row.value}
    began = {row.job_id: row.at for row in snapshot.each(_BEGAN, seen)}
    return {dag for dag, at in seen.items() if began.get(dag, at) <= at}
