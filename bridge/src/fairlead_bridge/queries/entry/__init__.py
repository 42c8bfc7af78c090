"""Entries of the catalog, whole, as sinks receive them. A fixed number of queries a batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import sqlalchemy as sa

from fairlead_bridge.access.scope import EVERYTHING, Scope
from fairlead_bridge.db import tables as t
from fairlead_bridge.entries import AnyEntry, DatasetRef
from fairlead_bridge.model import Name
from fairlead_bridge.queries.entry import datasets as assets
from fairlead_bridge.queries.entry import events, incidents, jobs, runs
from fairlead_bridge.queries.entry.refs import dataset_ref
from fairlead_bridge.queries.snapshot import Snapshot, among

_DAG_OF = sa.select(t.job.c.parent_id).where(
    t.job.c.kind == "task", t.job.c.parent_id.is_not(None), among(t.job.c.id)
)
_ASSETS = (
    sa.select(t.dataset)
    .where(t.dataset.c.id == t.dataset.c.asset_id)
    .order_by(t.dataset.c.namespace, t.dataset.c.name)
)


#: Seconds without an event after which a run of an incident's job counts as lost.
_LOST_AFTER = 86_400.0


def read(
    tx: sa.Connection, names: Iterable[Name], now: int = 0, scope: Scope = EVERYTHING
) -> dict[Name, AnyEntry]:
    """
    The entries that these names name; without those that are not there any more.

    `now`, in microseconds, counts for incidents alone: when what they affect will be fresh. `scope`
    is what `tx` was opened with (`access.scope.seeing`).
    """
    by_kind: dict[str, set[int]] = defaultdict(set)
    for name in names:
        by_kind[name.kind].add(name.id)
    snapshot = Snapshot(tx, now=0, lost_after=0, scope=scope)
    entries: tuple[AnyEntry, ...] = (
        *assets.datasets(snapshot, by_kind["dataset"]),
        *jobs.jobs(snapshot, by_kind["job"]),
        *runs.runs(snapshot, by_kind["run"]),
        *events.events(snapshot, by_kind["event"]),
        *incidents.incidents(Snapshot(tx, now, _LOST_AFTER, scope=scope), by_kind["incident"]),
    )
    return {entry.name: entry for entry in entries}


def shown_in(tx: sa.Connection, names: Iterable[Name]) -> set[Name]:
    """The DAGs whose entries show these tasks: when a task changes, so does its DAG's entry."""
    jobs = {name.id for name in names if name.kind == "job"}
    snapshot = Snapshot(tx, now=0, lost_after=0)
    return {Name("job", row.parent_id) for row in snapshot.each(_DAG_OF, jobs)}


def may_be_stale(tx: sa.Connection) -> set[Name]:
    """Tasks, which their DAG may have lost, and jobs whose data may have become stale."""
    ends = sa.union(sa.select(t.edge.c.src), sa.select(t.edge.c.dst)).subquery()
    jobs = sa.select(t.job.c.id).where(
        sa.or_(t.job.c.kind == "task", t.job.c.id.in_(sa.select(ends.c.src)))
    )
    return {Name("job", key) for key in tx.scalars(jobs)}


def datasets(tx: sa.Connection) -> Iterator[DatasetRef]:
    """Every asset there is, in the order of names."""
    for row in tx.execute(_ASSETS):
        yield dataset_ref(row)
