"""The critical path of a DAG run: the chain of tasks that decided when it was done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.queries import facets
from fairlead_bridge.queries.snapshot import Row, Snapshot, among

#: Airflow's clocks of two workers may differ by so much (microseconds).
_LEEWAY = 1_000_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """A task instance from the start of its first try to the end of its last."""

    job_id: int
    runs: tuple[int, ...]  # its tries, first to last
    started_at: int
    ended_at: int

    @property
    def seconds(self) -> float:
        return (self.ended_at - self.started_at) / 1_000_000


def stretches(runs: Iterable[Row], now: int) -> list[Stretch]:
    """The task instances that ran, from the rows of their tries; one that runs ends `now`."""
    tries: dict[tuple[int, int | None], list[Row]] = {}
    for row in runs:
        if row.kind == "task" and row.started_at is not None and row.state not in IDLE:
            tries.setdefault((row.job_id, row.map_index), []).append(row)
    found = []
    for (job_id, _), rows in tries.items():
        ordered = sorted(rows, key=lambda row: (row.try_number or 0, row.started_at))
        ends = [row.ended_at if row.ended_at is not None else now for row in ordered]
        start = min(row.started_at for row in ordered)
        found.append(Stretch(job_id, tuple(row.id for row in ordered), start, max(start, *ends)))
    return found


#: States in which a task may have a start without having run.
IDLE = ("skipped", "upstream_failed", "removed")


def path(ran: Sequence[Stretch], upstream: Mapping[int, set[int]]) -> list[Stretch]:
    """
    Back from the task that ended last, each time to the one that it had waited for longest.

    `upstream` has the jobs that each job runs after. Tasks that did not run are passed over: what
    they wait for is waited for through them. Where no dependency is known, there is no path.
    """
    if not upstream:
        return []
    of_job: dict[int, list[Stretch]] = {}
    for each in ran:
        of_job.setdefault(each.job_id, []).append(each)
    found: list[Stretch] = []
    here = max(ran, key=lambda each: (each.ended_at, each.started_at, each.job_id), default=None)
    while here is not None:
        found.append(here)
        before = _waited_for(here.job_id, of_job, upstream)
        begin, passed = here.started_at, {each.job_id for each in found}
        here = max(
            (
                each
                for each in before
                if each.ended_at <= begin + _LEEWAY and each.job_id not in passed
            ),
            key=lambda each: (each.ended_at, each.started_at, each.job_id),
            default=None,
        )
    return found[::-1]


def _waited_for(
    job_id: int, of_job: Mapping[int, list[Stretch]], upstream: Mapping[int, set[int]]
) -> list[Stretch]:
    found: list[Stretch] = []
    seen, level = {job_id}, set(upstream.get(job_id, ()))
    while level:
        seen |= level
        idle = {job for job in level if job not in of_job}
        for job in level - idle:
            found += of_job[job]
        level = {above for job in idle for above in upstream.get(job, ())} - seen
    return found


_RUNS_AFTER = sa.select(t.edge.c.src, t.edge.c.dst).where(
    t.edge.c.kind == "control", among(t.edge.c.dst)
)


def upstream_of(snapshot: Snapshot, tasks: Iterable[Row]) -> dict[int, set[int]]:
    """
    The jobs that each task of a DAG runs after, those included that never sent an event.

    `tasks` are the jobs of its tasks. A DAG that sent no graph has it
    from its tasks, as far as they sent it.
    """
    by_task = {row.task_id: row.id for row in tasks if row.task_id is not None}
    own = set(by_task.values())
    found: dict[int, set[int]] = {}
    for row in snapshot.each(_RUNS_AFTER, own):
        if row.src in own:
            found.setdefault(row.dst, set()).add(row.src)
    if not found:
        for job_id, bodies in facets.of(
            snapshot, {id: id for id in own}, ("fairlead_task",)
        ).items():
            above = facets.texts(bodies, "fairlead_task", "upstream")
            if before := {by_task[task] for task in above if task in by_task}:
                found[job_id] = before
    return found
