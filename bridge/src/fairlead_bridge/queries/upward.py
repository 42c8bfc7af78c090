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


def _edges(*, past: bool) -> sa.Select[Any]:
    columns = (t.edge.c.src, t.edge.c.dst, t.edge.c.kind)
    statement = sa.select(*columns).where(among(t.edge.c.dst))
    return statement.where(t.edge.c.first_at <= NOW) if past else statement


_EDGES = {past: _edges(past=past) for past in (False, True)}
_name, _member = t.dataset.alias("name"), t.dataset.alias("member")
_MEMBERS = (
    sa.select(_member.c.id, _member.c.asset_id)
    .join_from(_name, _member, _member.c.asset_id == _name.c.asset_id)
    .where(among(_name.c.id))
)
_dag = t.job.alias("dag")
_DAGS = (
    sa.select(t.job.c.id, t.job.c.parent_id)
    .join_from(t.job, _dag, sa.and_(_dag.c.id == t.job.c.parent_id, _dag.c.kind == "dag"))
    .where(among(t.job.c.id), t.job.c.kind == "task")
)
_waiting, _whole, _part = t.job.alias("waiting"), t.job.alias("whole"), t.job.alias("part")


def _other_dags(*, past: bool) -> sa.Select[Any]:
    """The tasks of the whole DAGs that a task of another DAG waits for, as a sensor does."""
    of_it = sa.and_(
        _whole.c.id == t.edge.c.src, _whole.c.kind == "dag", _whole.c.id != _waiting.c.parent_id
    )
    statement = (
        sa.select(t.edge.c.dst, _part.c.id.label("src"))
        .join_from(t.edge, _waiting, _waiting.c.id == t.edge.c.dst)
        .join(_whole, of_it)
        .join(_part, sa.and_(_part.c.parent_id == _whole.c.id, _part.c.kind == "task"))
        .where(among(t.edge.c.dst), t.edge.c.kind == "control", _waiting.c.kind == "task")
    )
    return statement.where(t.edge.c.first_at <= NOW) if past else statement


_OTHER_DAGS = {past: _other_dags(past=past) for past in (False, True)}
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
        controlled = {row for row, _, side in edges if side is self.after}
        edges += [
            (row.dst, row.src, self.after)
            for row in self._snapshot.each(_OTHER_DAGS[self._snapshot.past], controlled)
        ]
        # What a DAG waits for, its tasks wait for.
        edges += [
            (row.id, row.parent_id, self.after)
            for row in self._snapshot.each(_DAGS, self.jobs.intersection(front))
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
        around = self._tasks_around(jobs)
        around |= self._inside(id for id, task in around.items() if id == task)
        for id, task in around.items():
            self.node_of[id] = task
            new[id] = None
            if task not in self.node_of:
                self.node_of[task] = task
                new[task] = None
            self.jobs.add(task)
        return list(new)

    def _tasks_around(self, jobs: Sequence[int]) -> dict[int, int]:
        """The Airflow task that each job runs inside; itself where there is none."""
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
        return {id: _task(id, known) for id in jobs}

    def _inside(self, jobs: Iterable[int]) -> dict[int, int]:
        """The jobs inside of these that are tasks, each with its task."""
        found: dict[int, int] = {}
        level = {
            row.id: row.id for row in self._snapshot.each(_PARENTS, jobs) if row.kind == "task"
        }
        for _ in range(DEPTH):
            rows = list(self._snapshot.each(_CHILDREN, level))
            level = {row.id: level[row.parent_id] for row in rows if row.id not in found}
            if not level:
                break
            found |= level
        return found


def _task(job: int, known: dict[int, Any]) -> int:
    here, seen = job, set()
    while here in known and here not in seen:
        seen.add(here)
        if known[here].kind == "task":
            return here
        here = known[here].parent_id
    return job
