"""
What was forgotten, and until when: facts of events up to then are left out before anything merges.

So it makes no difference whether an event is absorbed before its job or dataset is forgotten (then
`forget` removes what it said), after, or again in a replay.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec
import sqlalchemy as sa

from fairlead_bridge import ids
from fairlead_bridge.catalog import rows
from fairlead_bridge.db import tables as t
from fairlead_bridge.facts import Change

#: Until when each job, dataset or namespace is forgotten, by its id (microseconds).
Until = Mapping[int, int]


def surviving(tx: sa.Connection, changes: Sequence[Change]) -> Sequence[Change]:
    """The changes without what they say of things that were forgotten at or after their time."""
    if tx.scalar(sa.select(t.forgotten.c.node_id).limit(1)) is None:
        return changes
    until = _until(tx, {id for change in changes for id in _named(change)})
    return [_surviving(change, until) for change in changes] if until else changes


def _named(change: Change) -> set[int]:
    """The ids of the jobs, datasets and namespaces that a change names."""
    nodes = _nodes(change)
    places = {place for _, place in nodes} | {each.namespace for each in change.deployments}
    return {id for id, _ in nodes} | {ids.namespace_id(place) for place in places}


def _nodes(change: Change) -> list[tuple[int, str]]:
    """The ids and namespaces of the jobs and datasets that a change names: it names all that it is about."""
    jobs = [(each.id, each.namespace) for each in change.jobs]
    return jobs + [(each.id, each.namespace) for each in change.datasets]


def _until(tx: sa.Connection, wanted: Collection[int]) -> dict[int, int]:
    return {row["node_id"]: row["at"] for row in rows.where_in(tx, t.forgotten.c.node_id, wanted)}


def _surviving(change: Change, until: Until) -> Change:
    def is_gone(id: int, namespace: str) -> bool:
        keys = (id, ids.namespace_id(namespace))
        return any(change.at <= until[key] for key in keys if key in until)

    gone = {id for id, place in _nodes(change) if is_gone(id, place)}
    places = {each.namespace for each in change.deployments if is_gone(0, each.namespace)}
    if not gone and not places:
        return change
    runs = _runs_of(change, gone)
    return msgspec.structs.replace(
        change,
        jobs=tuple(each for each in change.jobs if each.id not in gone),
        datasets=tuple(each for each in change.datasets if each.id not in gone),
        symlinks=tuple(
            each for each in change.symlinks if not {each.dataset_id, each.other_id} & gone
        ),
        facets=tuple(each for each in change.facets if each.owner_id not in gone),
        schemas=tuple(each for each in change.schemas if each.dataset_id not in gone),
        column_lineage=tuple(
            each for each in change.column_lineage if not {each.dataset_id, each.job_id} & gone
        ),
        assertions=tuple(each for each in change.assertions if each.dataset_id not in gone),
        edges=tuple(each for each in change.edges if not {each.src, each.dst} & gone),
        runs=tuple(each for each in change.runs if each.job_id not in gone),
        run_datasets=tuple(
            each
            for each in change.run_datasets
            if each.dataset_id not in gone and each.run_id not in runs
        ),
        task_states=tuple(
            each
            for each in change.task_states
            if each.job_id not in gone and each.dag_run not in runs
        ),
        deployments=tuple(each for each in change.deployments if each.namespace not in places),
        observations=tuple(each for each in change.observations if each.owner_id not in gone),
    )


def _runs_of(change: Change, jobs: Collection[int]) -> set[int]:
    """The runs of these jobs that a change names, those included that its own run is inside of."""
    parents = {job.id: job.parent_id for job in change.jobs}
    found = {run.id for run in change.runs if run.job_id in jobs}
    outer = (run.parent_id for run in change.runs if parents.get(run.job_id) in jobs)
    return found | {id for id in outer if id is not None}
