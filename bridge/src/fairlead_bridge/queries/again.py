"""Jobs that run again after they failed, and tasks that may yet run because their DAG run does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fairlead_bridge.queries import history
from fairlead_bridge.queries.runs import runs_by_id
from fairlead_bridge.queries.snapshot import Row, Snapshot

_GOES_ON = ("queued", "running", "deferred", "up_for_retry")


def running(snapshot: Snapshot, since: Mapping[int, int]) -> set[int]:
    """
    Those of the jobs whose newest run goes on, or whose DAG run does.

    `since` has for each job when it failed: the DAG run must have begun after that, anew or cleared.
    """
    newest = history.states(snapshot, since)
    rows = runs_by_id(snapshot, (each.run for each in newest.values()))
    rows |= runs_by_id(snapshot, (row.dag_run for row in rows.values()))
    found = set()
    for job, each in newest.items():
        row = rows.get(each.run)
        whole = rows.get(row.dag_run) if row is not None else None
        if _goes_on(row) or (_goes_on(whole) and whole is not None and whole.at > since[job]):
            found.add(job)
    return found


def _goes_on(row: Row | None) -> bool:
    return row is not None and row.state in _GOES_ON and not row.processing


def of_incidents(snapshot: Snapshot, causes: Iterable[tuple[int, int]]) -> set[int]:
    """The jobs that run again, of causes as (job, when it failed); the last failure counts."""
    since: dict[int, int] = {}
    for job, at in causes:
        since[job] = max(at, since.get(job, at))
    return running(snapshot, since)
