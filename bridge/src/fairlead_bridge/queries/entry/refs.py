"""What entries have in common: stored texts, and how they name datasets, jobs, owners and tags."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.entries import DatasetRef, JobRef, Owner, Tag
from fairlead_bridge.queries import facets
from fairlead_bridge.queries.snapshot import Snapshot

Row = sa.Row[Any]


def contents(snapshot: Snapshot, digests: Iterable[bytes]) -> dict[bytes, bytes]:
    """The bodies that are stored, by digest."""
    return {row.digest: row.body for row in snapshot.where(t.content.c.digest, digests)}


def dataset_refs(snapshot: Snapshot, wanted: Collection[int]) -> dict[int, DatasetRef]:
    """Each dataset's asset."""
    rows = {row.id: row for row in snapshot.where(t.dataset.c.id, wanted)}
    others = {row.asset_id for row in rows.values()} - rows.keys()
    rows |= {row.id: row for row in snapshot.where(t.dataset.c.id, others)}
    return {
        key: dataset_ref(rows.get(rows[key].asset_id, rows[key])) for key in wanted if key in rows
    }


def job_refs(snapshot: Snapshot, wanted: Collection[int]) -> dict[int, JobRef]:
    """The jobs that are there, by id."""
    rows = {row.id: row for row in snapshot.where(t.job.c.id, wanted)}
    parents = {row.parent_id for row in rows.values() if row.parent_id} - rows.keys()
    rows |= {row.id: row for row in snapshot.where(t.job.c.id, parents)}
    return {
        key: _job_ref(rows[key], rows.get(rows[key].parent_id)) for key in wanted if key in rows
    }


def dataset_ref(row: Row) -> DatasetRef:
    return DatasetRef(row.id, row.namespace, row.name, row.kind)


def _job_ref(row: Row, parent: Row | None = None) -> JobRef:
    above = _job_ref(parent) if parent is not None and parent.id != row.id else None
    return JobRef(
        id=row.id,
        namespace=row.namespace,
        name=row.name,
        kind=row.kind,
        dag_id=row.dag_id,
        task_id=row.task_id,
        integration=row.integration,
        parent=above,
    )


def owners(own: facets.Facets) -> tuple[Owner, ...]:
    return tuple(Owner(name, kind) for name, kind in facets.owners(own))


def tags(own: facets.Facets) -> tuple[Tag, ...]:
    return tuple(
        Tag(str(tag["key"]), tag["value"], tag["field"]) for tag in facets.tags(own) if tag["key"]
    )
