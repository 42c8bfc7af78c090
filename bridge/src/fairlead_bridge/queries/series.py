"""Figures of jobs, datasets and incidents for time series: how each stands now, not its history."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.queries import expectations
from fairlead_bridge.queries.assets import Asset, assets_by_id
from fairlead_bridge.queries.jobs import newest_run
from fairlead_bridge.queries.runs import runs_by_id
from fairlead_bridge.queries.snapshot import Row, Select, Snapshot, among

#: Whether a node with this name (`dataset:NAMESPACE:NAME`, `job:NAMESPACE:NAME`) is wanted.
IsWanted = Callable[[str], bool]

#: DAGs, and jobs that run inside no other.
_JOBS = (
    sa.select(t.job.c.id, t.job.c.namespace, t.job.c.name)
    .where(sa.or_(t.job.c.parent_id.is_(None), t.job.c.kind == "dag"), t.job.c.kind != "dag_file")
    .order_by(t.job.c.namespace, t.job.c.name)
)
_DATASETS = (
    sa.select(t.dataset.c.id, t.dataset.c.namespace, t.dataset.c.name)
    .where(t.dataset.c.id == t.dataset.c.asset_id)
    .order_by(t.dataset.c.namespace, t.dataset.c.name)
)
_NEWEST_RUN = sa.select(newest_run().label("run")).select_from(t.job).where(among(t.job.c.id))
_STANDING = sa.select(t.watch.c.node_id, t.watch.c.standing).where(among(t.watch.c.node_id))
_INCIDENTS = sa.select(t.incident).where(t.incident.c.state != "resolved")
_OWNERS = sa.select(t.incident_affected.c.incident_id, t.incident_affected.c.owners).where(
    t.incident_affected.c.until_at.is_(None), among(t.incident_affected.c.incident_id)
)


@dataclass(frozen=True, slots=True)
class DatasetFigures:
    """A dataset; times in microseconds."""

    asset: Asset
    expected_by: int | None
    standing: str | None  # as monitoring evaluated it last


@dataclass(frozen=True, slots=True)
class Chosen:
    """Ids of at most `limit` wanted nodes, and how many more are wanted."""

    ids: tuple[int, ...]
    left_out: int


def jobs(snapshot: Snapshot, is_wanted: IsWanted, limit: int) -> tuple[list[Row], int]:
    """The newest run of each wanted job that ever ran, and how many jobs the limit left out."""
    chosen = _choose(snapshot, _JOBS, "job", is_wanted, limit)
    newest = (row.run for row in snapshot.each(_NEWEST_RUN, chosen.ids))
    rows = runs_by_id(snapshot, newest).values()
    return sorted(rows, key=lambda run: (run.job_namespace, run.job_name)), chosen.left_out


def datasets(
    snapshot: Snapshot, is_wanted: IsWanted, limit: int
) -> tuple[list[DatasetFigures], int]:
    """The wanted datasets that were written and not dropped, and how many the limit left out."""
    chosen = _choose(snapshot, _DATASETS, "dataset", is_wanted, limit)
    assets = assets_by_id(snapshot, chosen.ids)
    written = {
        id: assets[id]
        for id in chosen.ids
        if id in assets and assets[id].written_at is not None and assets[id].dropped_at is None
    }
    expected = expectations.of(snapshot, written)
    standing = {row.node_id: row.standing for row in snapshot.each(_STANDING, written)}
    found = [
        DatasetFigures(
            asset,
            expected[id].due(asset.written_at) if id in expected and asset.written_at else None,
            standing.get(id),
        )
        for id, asset in written.items()
    ]
    return found, chosen.left_out


def open_incidents(snapshot: Snapshot) -> Counter[tuple[str, str, str, str]]:
    """How many incidents are not resolved, by (namespace of the cause, owner, state, severity).

    One counts for each owner of what it affects; for the empty owner where there is none.
    """
    rows = snapshot.rows(_INCIDENTS)
    owners: dict[int, set[str]] = {}
    for row in snapshot.each(_OWNERS, (each.id for each in rows)):
        owners.setdefault(row.incident_id, set()).update(json.loads(row.owners))
    namespaces = _namespaces(snapshot, {row.node_id for row in rows})
    return Counter(
        (namespaces.get(row.node_id, ""), owner, row.state, row.severity)
        for row in rows
        for owner in owners.get(row.id) or {row.assigned_to or ""}
    )


def _choose(
    snapshot: Snapshot, statement: Select, kind: str, is_wanted: IsWanted, limit: int
) -> Chosen:
    wanted = [
        row.id
        for row in snapshot.rows(statement)
        if is_wanted(f"{kind}:{row.namespace}:{row.name}")
    ]
    return Chosen(tuple(wanted[:limit]), len(wanted[limit:]))


def _namespaces(snapshot: Snapshot, nodes: set[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for table in (t.job, t.dataset):
        columns = sa.select(table.c.id, table.c.namespace).where(among(table.c.id))
        found |= {row.id: row.namespace for row in snapshot.each(columns, nodes)}
    return found
