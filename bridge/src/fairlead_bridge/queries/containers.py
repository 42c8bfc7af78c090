"""
What a job is part of: a task of its DAG, a query of its Spark application, a model of its dbt
project, an application of the DAG whose task submits it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from fairlead_bridge.queries.jobs import jobs_by_id
from fairlead_bridge.queries.snapshot import Row, Snapshot

#: Jobs inside jobs that are looked through, at most: one query a level.
LEVELS = 8

#: Kinds of jobs that only ever run inside an application or a project.
_PARTS = frozenset({"sql_job", "rdd_job", "model", "snapshot", "seed", "test", "sql"})
_AIRFLOWS = frozenset({"dag", "task", "query", "dag_file"})


def ancestors(snapshot: Snapshot, jobs: Iterable[Row]) -> dict[int, Row]:
    """All jobs that these are directly or indirectly part of, by id."""
    found: dict[int, Row] = {}
    level = list(jobs)
    for _ in range(LEVELS):
        wanted = {row.parent_id for row in level} - found.keys()
        fetched = jobs_by_id(snapshot, wanted)
        if not fetched:
            break
        found |= fetched
        level = list(fetched.values())
    return found


def application(job: Row, above: Mapping[int, Row]) -> int | None:
    """
    The Spark application, dbt project or the like that the job is part of, the outermost one.

    A tool's own only: what Airflow started is no part of the task, nor is what another tool did.
    """
    found = None
    here = job
    for parent in _upwards(job, above):
        if parent.kind in _AIRFLOWS or not _is_part(here, parent):
            break
        found, here = parent.id, parent
    return found


def dag(job: Row, above: Mapping[int, Row]) -> int | None:
    """The DAG that the job is a task of, or an application that one of its tasks started."""
    return next((parent.id for parent in _upwards(job, above) if parent.kind == "dag"), None)


def _is_part(job: Row, parent: Row) -> bool:
    if job.integration in (None, "AIRFLOW") or job.kind == "application":
        return False
    if parent.integration is None:  # only its parts name it
        return job.kind in _PARTS
    return bool(parent.integration == job.integration)


def _upwards(job: Row, above: Mapping[int, Row]) -> Iterator[Row]:
    seen = {job.id}
    parent = above.get(job.parent_id) if job.parent_id is not None else None
    while parent is not None and parent.id not in seen:
        yield parent
        seen.add(parent.id)
        parent = above.get(parent.parent_id) if parent.parent_id is not None else None
