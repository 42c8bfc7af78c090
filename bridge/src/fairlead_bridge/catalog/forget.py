"""
Forgetting jobs, datasets and namespaces: everything that events up to a moment said of them goes.

What rested on it is computed anew: when other datasets were written last, which names are one asset,
how runs inside of others ended. The catalog is then as if those events had never said it, as they will
not when they are absorbed again (`forgotten`). Rows merge what was said before and after the moment;
where there is something after it, the events must be absorbed again (`Outcome.is_partial`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from fairlead_bridge import ids
from fairlead_bridge.catalog import forget_runs, identity, renames, rows, write
from fairlead_bridge.catalog.identity import Grouping
from fairlead_bridge.catalog.merge import Row
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.bulk import chunks, upsert
from fairlead_bridge.model import Name

Kind = Literal["job", "dataset", "namespace"]


@dataclass(frozen=True, slots=True)
class Node:
    """A job, a dataset (one of its names) or a namespace."""

    kind: Kind
    namespace: str
    name: str = ""  # empty of a namespace
    id: int = 0  # of a job or a dataset

    @property
    def node_id(self) -> int:
        return ids.namespace_id(self.namespace) if self.kind == "namespace" else self.id


@dataclass(frozen=True, slots=True)
class Outcome:
    """Entries that are gone, entries beside them that changed, and whether events must be read again."""

    gone: frozenset[Name]
    beside: frozenset[Name]
    is_partial: bool


#: The columns that name a dataset or a job in what belongs to it.
_OF_DATASET = (
    t.dataset_name.c.dataset_id,
    t.symlink.c.dataset_id,
    t.symlink.c.other_id,
    t.schema_version.c.dataset_id,
    t.assertion.c.dataset_id,
    t.run_dataset.c.dataset_id,
)
_OF_JOB = (
    t.column_lineage.c.job_id,
    t.column_lineage_version.c.job_id,
    t.code_version.c.job_id,
    t.dag_version.c.job_id,
)
_OF_BOTH = (
    t.facet.c.owner_id,
    t.observation.c.owner_id,
    t.edge.c.src,
    t.edge.c.dst,
    t.column_lineage.c.dataset_id,
    t.column_lineage_version.c.dataset_id,
)
#: Where the digests of bodies stand.
_DIGESTS = (
    t.facet.c.digest,
    t.schema_version.c.digest,
    t.column_lineage.c.digest,
    t.column_lineage_version.c.digest,
    t.code_version.c.digest,
    t.dag_version.c.digest,
)


def apply(
    tx: sa.Connection, nodes: Iterable[Node], at: int, group: Grouping, *, log_is_whole: bool
) -> Outcome:
    """
    Forget these until `at` (microseconds); what was forgotten until later already stays so.

    `log_is_whole` says whether what events said of others can be read again where it cannot be taken
    apart from what goes: the writers of a table that one of these was renamed to.
    """
    wanted = _remember(tx, nodes, at)
    places = [node.namespace for node in wanted if node.kind == "namespace"]
    jobs = {node.id for node in wanted if node.kind == "job"} | _ids(tx, t.job, places)
    datasets = {node.id for node in wanted if node.kind == "dataset"} | _ids(tx, t.dataset, places)
    gone = jobs | datasets
    is_partial = _is_known_after(tx, jobs, datasets, places, at)
    ends = _ends(tx, gone)
    linked, renamed = _linked(tx, datasets)
    bodies = _bodies(tx, gone)
    written = forget_runs.apply(tx, jobs)
    _delete(tx, jobs, datasets, places)
    if renamed and log_is_whole:
        _delete_edges_to(tx, renamed)
        is_partial = True
    _drop_bodies(tx, bodies)
    beside = {Name("dataset", id) for id in _regroup(tx, linked, group)}
    beside |= renames.apply(tx, renamed, set())
    beside |= {Name("run", id) for id in written.changed}
    of_writes = {id: fresh for id, fresh in written.written.items() if id not in datasets}
    beside |= {Name("dataset", id) for id in write.datasets(tx, (), of_writes)}
    other_jobs = set(rows.load(tx, t.job, ends))
    beside |= {Name("job" if id in other_jobs else "dataset", id) for id in ends}
    return Outcome(
        frozenset({Name("job", id) for id in jobs} | {Name("dataset", id) for id in datasets}),
        frozenset(beside),
        is_partial,
    )


def _remember(tx: sa.Connection, nodes: Iterable[Node], at: int) -> list[Node]:
    """Store until when these are forgotten; returns those that were not until then."""
    by_id = {node.node_id: node for node in nodes}
    known = rows.load(tx, t.forgotten, by_id)
    new = [node for id, node in by_id.items() if id not in known or known[id]["at"] < at]
    upsert(
        tx,
        t.forgotten,
        [
            {
                "node_id": node.node_id,
                "kind": node.kind,
                "namespace": node.namespace,
                "name": node.name,
                "at": at,
            }
            for node in new
        ],
    )
    return new


def _ids(tx: sa.Connection, table: sa.Table, namespaces: Sequence[str]) -> set[int]:
    return {row["id"] for row in rows.where_in(tx, table.c.namespace, namespaces)}


def _is_known_after(
    tx: sa.Connection,
    jobs: Collection[int],
    datasets: Collection[int],
    namespaces: Sequence[str],
    at: int,
) -> bool:
    """Whether an event after the moment named one of these."""
    found: list[Row] = [*rows.load(tx, t.job, jobs).values()]
    found += rows.load(tx, t.dataset, datasets).values()
    found += rows.where_in(tx, t.deployment.c.namespace, namespaces)
    return any(row["last_at"] > at for row in found)


def _ends(tx: sa.Connection, gone: Collection[int]) -> set[int]:
    """What has an edge to or from one of these."""
    around = [*rows.where_in(tx, t.edge.c.src, gone), *rows.where_in(tx, t.edge.c.dst, gone)]
    return {end for row in around for end in (row["src"], row["dst"])} - set(gone)


def _linked(tx: sa.Connection, datasets: Collection[int]) -> tuple[set[int], set[int]]:
    """Other names of the same assets, and the datasets that these became by a rename or were."""
    links = [
        *rows.where_in(tx, t.symlink.c.dataset_id, datasets),
        *rows.where_in(tx, t.symlink.c.other_id, datasets),
    ]
    assets = {row["asset_id"] for row in rows.load(tx, t.dataset, datasets).values()}
    same = {row["id"] for row in rows.where_in(tx, t.dataset.c.asset_id, assets)}
    linked = {end for row in links for end in (row["dataset_id"], row["other_id"])}
    renamed = {
        end
        for row in links
        if row["kind"] == renames.RENAME
        for end in (row["dataset_id"], row["other_id"])
    }
    gone = set(datasets)
    return (same | linked) - gone, renamed - gone


def _delete(
    tx: sa.Connection,
    jobs: Collection[int],
    datasets: Collection[int],
    namespaces: Sequence[str],
) -> None:
    for column in _OF_JOB:
        rows.delete(tx, column, jobs)
    for column in _OF_DATASET:
        rows.delete(tx, column, datasets)
    for column in _OF_BOTH:
        rows.delete(tx, column, {*jobs, *datasets})
    rows.delete(tx, t.job.c.id, jobs)
    rows.delete(tx, t.dataset.c.id, datasets)
    rows.delete(tx, t.deployment.c.namespace, namespaces)


def _delete_edges_to(tx: sa.Connection, datasets: Collection[int]) -> None:
    """Delete the edges that events showed to these, and what renames made of them."""
    kinds = ("data", renames.SET_ASIDE)
    for some in chunks(sorted(datasets)):
        here = t.edge.c.dst.in_(some), t.edge.c.kind.in_(kinds), t.edge.c.is_derived == 0
        tx.execute(sa.delete(t.edge).where(*here))


def _regroup(tx: sa.Connection, datasets: Collection[int], group: Grouping) -> set[int]:
    """Compute anew which of these are one asset; returns those that are another's now."""
    before = rows.load(tx, t.dataset, datasets)
    upsert(tx, t.dataset, [row | {"asset_id": row["id"]} for row in before.values()])
    identity.apply(tx, (), datasets, (), group)
    after = rows.load(tx, t.dataset, datasets)
    return {id for id, row in after.items() if row["asset_id"] != before[id]["asset_id"]}


def _bodies(tx: sa.Connection, gone: Collection[int]) -> set[bytes]:
    """The digests of the bodies of what goes."""
    return {
        row["digest"]
        for column in (*_OF_DATASET, *_OF_JOB, *_OF_BOTH)
        if "digest" in column.table.c
        for row in rows.where_in(tx, column, gone)
    }


def _drop_bodies(tx: sa.Connection, digests: Collection[bytes]) -> None:
    """Delete those of these bodies that nothing else has."""
    for some in chunks(sorted(digests)):
        rows.delete(tx, t.content.c.digest, set(some) - set(_in_use(tx, some)))


def _in_use(tx: sa.Connection, digests: Sequence[bytes]) -> Iterator[bytes]:
    for column in _DIGESTS:
        yield from tx.scalars(sa.select(column).where(column.in_(digests)).distinct())
