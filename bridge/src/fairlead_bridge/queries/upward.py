"""
The walk from some nodes to all that they come from and run after, level by level.

A Spark application or a dbt invocation that runs inside an Airflow task counts as that task: what it
reads and writes, the task does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.queries.snapshot import NOW, Snapshot, among

#: Nodes that are looked at, at most; and how many jobs deep a job may be inside of a task.
NODES, DEPTH = 5_000, 6


_name, _member = t.dataset.alias("name"), t.dataset.alias("member")
_MEMBERS = (
    sa.select(_member.c.id, _member.c.asset_id)
    .join_from(_name, _member, _member.c.asset_id == _name.c.asset_id)
    .where(among(_name.c.id))
)
_dag, _waiting = t.job.alias("dag"), t.job.alias("waiting")
_whole, _part = t.job.alias("whole"), t.job.alias("part")

_CONTROL: sa.ColumnClause[str] = sa.literal_column("'control'")


def _edges(*, past: bool) -> sa.CompoundSelect[Any]:
    """
    (src, dst, kind) of what lies right upstream of some datasets and jobs.

    What a DAG waits for, its tasks wait for; and a task that waits for the whole of another DAG, as
    a sensor does, waits for the tasks of that.
    """
    known = [t.edge.c.first_at <= NOW] if past else []
    stored = sa.select(t.edge.c.src, t.edge.c.dst, t.edge.c.kind).where(among(t.edge.c.dst), *known)
    of_dag = (
        sa.select(t.job.c.parent_id, t.job.c.id, _CONTROL)
        .join_from(t.job, _dag, sa.and_(_dag.c.id == t.job.c.parent_id, _dag.c.kind == "dag"))
        .where(among(t.job.c.id), t.job.c.kind == "task")
    )
    other = sa.and_(
        _whole.c.id == t.edge.c.src, _whole.c.kind == "dag", _whole.c.id != _waiting.c.parent_id
    )
    of_others = (
        sa.select(_part.c.id, t.edge.c.dst, _CONTROL)
        .join_from(t.edge, _waiting, _waiting.c.id == t.edge.c.dst)
        .join(_whole, other)
        .join(_part, sa.and_(_part.c.parent_id == _whole.c.id, _part.c.kind == "task"))
        .where(among(t.edge.c.dst), t.edge.c.kind == "control", _waiting.c.kind == "task", *known)
    )
    return sa.union_all(stored, of_others, of_dag)


_EDGES = {past: _edges(past=past) for past in (False, True)}
_PARENTS = sa.select(t.job.c.id, t.job.c.kind, t.job.c.parent_id).where(among(t.job.c.id))
_CHILDREN = sa.select(t.job.c.id, t.job.c.parent_id).where(
    among(t.job.c.parent_id), t.job.c.kind.not_in(("dag", "task", "query"))
)


class Upward:
    """What was reached; nodes are assets, and jobs that are no part of a task."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.node_of: dict[int, int] = {}  # of each dataset and job that was met
        self.assets: set[int] = set()
        self.jobs: set[int] = set()
        self.before: dict[int, list[int]] = {}  # by data
        self.after: dict[int, list[int]] = {}  # by control

    def climb(self, ids: Iterable[int]) -> None:
        front = self._resolve(ids)
        while front and len(self.assets) + len(self.jobs) < NODES:
            front = self._level(front)

    def _level(self, front: Sequence[int]) -> list[int]:
        """The datasets and jobs right upstream of these that are new."""
        edges = [
            (row.dst, row.src, self.before if row.kind == "data" else self.after)
            for row in self._snapshot.each(_EDGES[self._snapshot.past], front)
        ]
        new = self._resolve(above for _, above, _ in edges)
        for below, above, side in edges:
            of_it = side.setdefault(self.node_of[below], [])
            if self.node_of[above] not in (self.node_of[below], *of_it):
                of_it.append(self.node_of[above])
        return new

    def _resolve(self, ids: Iterable[int]) -> list[int]:
        """Learn which nodes these ids belong to; return the datasets and jobs to go on from."""
        unknown = list(dict.fromkeys(id for id in ids if id not in self.node_of))
        new: dict[int, None] = {}
        for row in self._snapshot.each(_MEMBERS, unknown):
            if row.id not in self.node_of:
                self.node_of[row.id] = row.asset_id
                self.assets.add(row.asset_id)
                new[row.id] = None
        jobs = [id for id in unknown if id not in self.node_of]
        known = self._around(jobs)
        around = {id: _task(id, known) for id in jobs}
        tasks = [id for id in around.values() if id in known and known[id].kind == "task"]
        around |= self._inside(task for task in tasks if task in around)
        for id, task in around.items():
            self.node_of[id] = task
            new[id] = None
            if task not in self.node_of:
                self.node_of[task] = task
                new[task] = None
            self.jobs.add(task)
        return list(new)

    def _around(self, jobs: Sequence[int]) -> dict[int, Any]:
        """The rows of these jobs and of those that they run inside of."""
        known: dict[int, Any] = {}
        level = set(jobs)
        for _ in range(DEPTH):
            known |= {row.id: row for row in self._snapshot.each(_PARENTS, level)}
            level = {
                known[id].parent_id
                for id in level & known.keys()
                if known[id].kind not in ("dag", "task", "dag_file")
            } - {None, *known}
            if not level:
                break
        return known

    def _inside(self, tasks: Iterable[int]) -> dict[int, int]:
        """The jobs inside of these tasks, each with its task."""
        found: dict[int, int] = {}
        level = {task: task for task in tasks}
        for _ in range(DEPTH):
            rows = list(self._snapshot.each(_CHILDREN, level))
            level = {row.id: level[row.parent_id] for row in rows if row.id not in found}
            if not level:
                break
            found |= level
        return found


def _task(job: int, known: dict[int, Any]) -> int:
    """The Airflow task that a job runs inside; itself where there is none."""
    here, seen = job, set()
    while here in known and here not in seen:
        seen.add(here)
        if known[here].kind == "task":
            return here
        here = known[here].parent_id
    return job
