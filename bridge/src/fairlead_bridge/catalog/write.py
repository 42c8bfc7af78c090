"""
Merges changes into the catalog.

Everything a batch of events says is folded first, then merged into the rows that are there, and
only what changed is written. The caller holds the transaction and the absorbers' turn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import sqlalchemy as sa
from msgspec import to_builtins

from fairlead_bridge.catalog import declarations, forgotten, identity, merge, renames, rows, runs
from fairlead_bridge.catalog.identity import Grouping
from fairlead_bridge.catalog.merge import Row
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.bulk import insert_new, upsert
from fairlead_bridge.facts import (
    CODE,
    AssertionFacts,
    Change,
    ColumnLineageFacts,
    DatasetFacts,
    EdgeFacts,
    FacetFacts,
    JobFacts,
    SchemaFacts,
)
from fairlead_bridge.model import Name

Keyed = tuple[rows.Key, Row]


def apply(tx: sa.Connection, changes: Sequence[Change], group: Grouping) -> set[Name]:
    """
    Merge the changes, in any order and however often they came before.

    Return the names of the entries that changed.
    """
    changed: set[Name] = set()
    named = changes
    changes = forgotten.surviving(tx, changes)
    of_runs = runs.apply(tx, changes, named)
    changed.update(Name("run", run_id) for run_id in of_runs.changed)
    changed.update(Name("job", job_id) for job_id in _jobs(tx, changes))
    written = datasets(tx, changes, of_runs.written)
    changed.update(Name("dataset", dataset) for dataset in written)
    facets, schemas = _facets(tx, changes)
    changed.update(facets)
    joined = identity.apply(tx, changes, schemas, written, group)
    changed.update(Name("dataset", dataset) for dataset in joined)
    changed.update(_edges(tx, changes, joined))
    changed.update(declarations.apply(tx, changes))
    _deployments(tx, changes)
    _observations(tx, changes)
    changed.update(Name("dataset", dataset) for dataset in _assertions(tx, changes))
    return changed


def _deployments(tx: sa.Connection, changes: Sequence[Change]) -> None:
    """Merge when each Airflow was last seen; this changes no entry of the catalog."""
    facts = [item for change in changes for item in change.deployments]
    came = rows.gather(
        (
            (
                (item.namespace, item.name),
                {
                    "namespace": item.namespace,
                    "name": item.name,
                    "first_at": item.at,
                    "last_at": item.at,
                },
            )
            for item in facts
        ),
        merge.seen,
    )
    rows.fold(tx, t.deployment, came, merge.seen)


def _observations(tx: sa.Connection, changes: Sequence[Change]) -> None:
    """What was seen outside of runs; where two say otherwise of one moment, the greater counts."""
    facts = [item for change in changes for item in change.observations]
    came = rows.gather(
        (((item.owner_id, item.kind, item.at), to_builtins(item)) for item in facts),
        merge.observation,
    )
    rows.fold(tx, t.observation, came, merge.observation)


def _jobs(tx: sa.Connection, changes: Sequence[Change]) -> list[int]:
    """Jobs; returns the ids of those that changed by more than when they were last heard of."""
    came = rows.gather(
        ((job.id, _job_row(job)) for change in changes for job in change.jobs), merge.job
    )
    there = rows.load(tx, t.job, came)
    after: dict[int, Row] = {}
    for job_id, row in came.items():
        before = there.get(job_id)
        merged = row if before is None else merge.job(before, row)
        if merged != before:
            after[job_id] = merged
    # `job` is the kind of a job of which nothing more is known.
    upsert(tx, t.job, [row | {"kind": row["kind"] or "job"} for row in after.values()])
    return [
        key for key, row in after.items() if _differs(there.get(key), row, "first_at", "last_at")
    ]


def _job_row(job: JobFacts) -> Row:
    return {
        "id": job.id,
        "namespace": job.namespace,
        "name": job.name,
        "kind": job.kind,
        "integration": job.integration,
        "processing": job.processing,
        "dag_id": job.dag_id,
        "task_id": job.task_id,
        "parent_id": job.parent_id,
        "first_at": job.at,
        "last_at": job.at,
    }


def datasets(
    tx: sa.Connection,
    changes: Sequence[Change],
    written: Mapping[int, tuple[int | None, int | None]],
) -> list[int]:
    """
    Merge datasets and their names; `written` has the new freshness of those whose runs changed.

    Returns the ids of those that changed by more than when they were last heard of.
    """
    facts = [item for change in changes for item in change.datasets]
    came = rows.gather(((item.id, _dataset_row(item)) for item in facts), merge.dataset)
    there = rows.load(tx, t.dataset, came.keys() | written.keys())
    after: dict[int, Row] = {}
    for dataset in came.keys() | written.keys():
        before = there.get(dataset)
        row = came.get(dataset)
        merged = before if row is None else row if before is None else merge.dataset(before, row)
        if merged is None:
            continue  # its own event has yet to come; then its runs are read again
        if dataset in written:
            merged = merged | dict(zip(("written_at", "written_by"), written[dataset], strict=True))
        merged = _freshest(merged)
        if merged != before:
            after[dataset] = merged
    upsert(tx, t.dataset, list(after.values()))
    names = {name: item.id for item in facts for name in item.names}
    names |= _other_spellings(facts, there, after)
    insert_new(
        tx,
        t.dataset_name,
        [
            {"namespace": namespace, "name": name, "dataset_id": dataset}
            for (namespace, name), dataset in names.items()
        ],
    )
    return [
        key for key, row in after.items() if _differs(there.get(key), row, "first_at", "last_at")
    ]


def _other_spellings(
    facts: Iterable[DatasetFacts], before: Mapping[int, Row], after: Mapping[int, Row]
) -> dict[tuple[str, str], int]:
    """Names that differ from the one that is shown by spellings that their engine treats as equal."""
    shown = {id: row["name"] for id, row in (*before.items(), *after.items())}
    known = {(item.namespace, item.name): item.id for item in facts}
    for id, row in before.items():
        known[row["namespace"], row["name"]] = id
    return {name: id for name, id in known.items() if name[1] != shown[id]}


def _dataset_row(item: DatasetFacts) -> Row:
    return {
        "id": item.id,
        "namespace": item.namespace,
        "name": item.name,
        "asset_id": item.id,
        "kind": item.kind,
        "first_at": item.at,
        "last_at": item.at,
        "written_at": None,
        "written_by": None,
        "dropped_at": item.dropped_at,
        "updated_at": item.updated_at,
    }


def _freshest(row: Row) -> Row:
    """The store's own time counts where no run is known that wrote later."""
    if row["updated_at"] is None or row["updated_at"] <= (row["written_at"] or 0):
        return row
    return row | {"written_at": row["updated_at"], "written_by": None}


class _Contents:
    """Rows that name bodies, as the changes give them, and the bodies by digest."""

    def __init__(self, jobs: Collection[int]) -> None:
        self._jobs = jobs
        self.bodies: dict[bytes, bytes] = {}
        self.facets: list[Keyed] = []
        self.schemas: list[Keyed] = []
        self.columns: list[Keyed] = []
        self.column_versions: list[Keyed] = []
        self.dag_versions: list[Keyed] = []
        self.code_versions: list[Keyed] = []

    def add(self, change: Change) -> None:
        for facet in change.facets:
            self._add_facet(facet)
        for schema in change.schemas:
            self._add_schema(schema)
        for lineage in change.column_lineage:
            self._add_column_lineage(lineage)

    def _add_facet(self, facet: FacetFacts) -> None:
        self.bodies[facet.digest] = facet.body
        key = (facet.owner_id, facet.name)
        row = {"owner_id": facet.owner_id, "name": facet.name, "at": facet.at}
        self.facets.append((key, row | {"digest": facet.digest}))
        if facet.name == "fairlead_dag":
            place = {"job_id": facet.owner_id, "digest": facet.digest}
            self.dag_versions.append(_version(place, facet.at))
        if facet.name in CODE and facet.digest and facet.owner_id in self._jobs:
            place = {"job_id": facet.owner_id, "name": facet.name, "digest": facet.digest}
            self.code_versions.append(_version(place, facet.at))

    def _add_schema(self, schema: SchemaFacts) -> None:
        self.bodies[schema.digest] = schema.body
        place = {"dataset_id": schema.dataset_id, "digest": schema.digest}
        key, row = _version(place, schema.at)
        row |= {"first_run": schema.run_alias, "written": int(schema.written)}
        self.schemas.append((key, row))

    def _add_column_lineage(self, item: ColumnLineageFacts) -> None:
        self.bodies[item.digest] = item.body
        place = {"dataset_id": item.dataset_id, "job_id": item.job_id, "digest": item.digest}
        self.columns.append(((item.dataset_id, item.job_id), place | {"at": item.at}))
        self.column_versions.append(_version(place, item.at))


def _version(place: Row, at: int) -> Keyed:
    return tuple(place.values()), place | {"first_at": at, "last_at": at}


def _facets(tx: sa.Connection, changes: Sequence[Change]) -> tuple[set[Name], set[int]]:
    """
    Facets, schemas and column lineage: rows that name bodies, and bodies stored once.

    Returns the entries that changed, and the datasets that have a new schema.
    """
    jobs = {job.id for change in changes for job in change.jobs}
    came = _Contents(jobs)
    for change in changes:
        came.add(change)
    facets = _folded(tx, t.facet, came.facets, merge.newest_body)
    schemas = _folded(tx, t.schema_version, came.schemas, merge.schema_version)
    columns = _folded(tx, t.column_lineage, came.columns, merge.newest_body)
    versions = (
        *_folded(tx, t.column_lineage_version, came.column_versions, merge.seen).values(),
        *_folded(tx, t.dag_version, came.dag_versions, merge.seen).values(),
        *_folded(tx, t.code_version, came.code_versions, merge.seen).values(),
    )
    fresh = {after["digest"] for before, after in versions if before is None}
    changed: set[Name] = set()
    for found in (facets, schemas, columns):
        for key, (before, after) in found.items():
            if before is None or before["digest"] != after["digest"]:
                fresh.add(after["digest"])
                changed.add(Name("job" if key[0] in jobs else "dataset", key[0]))
    contents = [{"digest": each, "body": came.bodies[each]} for each in fresh if each]
    insert_new(tx, t.content, contents)
    return changed, {key[0] for key, (before, _) in schemas.items() if before is None}


def _folded(
    tx: sa.Connection, table: sa.Table, came: Sequence[Keyed], merged: rows.Merge
) -> dict[rows.Key, tuple[Row | None, Row]]:
    return rows.fold(tx, table, rows.gather(came, merged), merged)


def _edges(tx: sa.Connection, changes: Sequence[Change], joined: Collection[int]) -> Iterable[Name]:
    """Edges; returns the entries at both ends of the new ones. `joined`: of other assets now."""
    came = rows.gather(
        (
            ((edge.src, edge.dst, edge.kind), _edge_row(edge))
            for change in changes
            for edge in change.edges
        ),
        merge.edge,
    )
    jobs = {job.id for change in changes for job in change.jobs}
    renamed = renames.former_names(tx, {dst for _, dst, _ in came})
    restored = renames.restore(tx, renamed)
    again = {dst for _, dst, _ in restored} | renames.concerned(tx, changes, joined)
    for (src, dst, _), (before, after) in rows.fold(tx, t.edge, came, merge.edge).items():
        if before is None:
            yield Name("job" if src in jobs else "dataset", src)
            yield Name("job" if dst in jobs else "dataset", dst)
        if dst in renamed and renames.says_more(before, after, renamed[dst]):
            again.add(dst)
    yield from renames.apply(tx, again, restored)


def _assertions(tx: sa.Connection, changes: Sequence[Change]) -> set[int]:
    """Checks of datasets, each as it went last; returns the datasets that were checked."""
    made = (item for change in changes for item in change.assertions)
    pairs = (((item.dataset_id, item.name, item.column), _assertion_row(item)) for item in made)
    came = rows.gather(pairs, merge.assertion)
    return {key[0] for key in rows.fold(tx, t.assertion, came, merge.assertion)}


def _assertion_row(item: AssertionFacts) -> Row:
    return {
        "dataset_id": item.dataset_id,
        "name": item.name,
        "column_name": item.column,
        "at": item.at,
        "success": int(item.success),
        "severity": item.severity,
        "body": item.body,
        "run": item.run_alias,
    }


def _edge_row(edge: EdgeFacts) -> Row:
    return {
        "src": edge.src,
        "dst": edge.dst,
        "kind": edge.kind,
        "first_at": edge.at,
        "last_at": edge.at,
        "last_run": edge.run_alias,
        "is_derived": 0,
    }


def _differs(before: Row | None, after: Row, *but: str) -> bool:
    if before is None:
        return True
    return any(before[name] != value for name, value in after.items() if name not in but)
