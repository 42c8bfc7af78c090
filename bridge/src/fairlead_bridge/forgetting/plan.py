"""What goes when datasets, jobs or namespaces are forgotten, and what stays."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from fairlead_bridge.catalog.forget import Node
from fairlead_bridge.db import tables as t
from fairlead_bridge.errors import NotFound
from fairlead_bridge.queries.assets import find_asset
from fairlead_bridge.queries.jobs import find_job
from fairlead_bridge.queries.snapshot import Row, Snapshot, among

NAMESPACE = "namespace:"
#: Jobs inside jobs that are looked through, at most.
_LEVELS = 12


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for, everything that goes with it, and sentences on what stays."""

    asked: tuple[Node, ...]  # what is stored as forgotten: namespaces as such
    jobs: tuple[str, ...]  # nodes
    datasets: tuple[str, ...]  # nodes; every name of an asset is one
    runs: int
    edges: int
    stays: tuple[str, ...]


def plan(snapshot: Snapshot, nodes: Iterable[str]) -> Plan:
    """
    What goes with these: `dataset:NAMESPACE:NAME`, `job:NAMESPACE:NAME` or `namespace:NAMESPACE`.

    A dataset goes under all of its names, a job with the jobs inside it. Raises NotFound for what
    the one who asks does not see.
    """
    jobs: dict[int, Row] = {}
    datasets: dict[int, Row] = {}
    asked: list[Node] = []
    for node in dict.fromkeys(nodes):
        if node.startswith(NAMESPACE):
            asked.append(_namespace(snapshot, node.removeprefix(NAMESPACE), jobs, datasets))
            continue
        of_jobs, of_datasets = _one(snapshot, node)
        asked += [Node("job", row.namespace, row.name, row.id) for row in of_jobs]
        asked += [Node("dataset", row.namespace, row.name, row.id) for row in of_datasets]
        jobs |= {row.id: row for row in of_jobs}
        datasets |= {row.id: row for row in of_datasets}
    gone = {*jobs, *datasets}
    return Plan(
        tuple(asked),
        tuple(sorted(f"job:{row.namespace}:{row.name}" for row in jobs.values())),
        tuple(sorted(f"dataset:{row.namespace}:{row.name}" for row in datasets.values())),
        sum(row.number for row in snapshot.each(_RUNS, jobs)),
        len({(row.src, row.dst, row.kind) for each in _EDGES for row in snapshot.each(each, gone)}),
        tuple(_stays(snapshot, gone)),
    )


def _one(snapshot: Snapshot, node: str) -> tuple[list[Row], list[Row]]:
    kind, _, name = node.partition(":")
    if kind == "job" and (job := find_job(snapshot, name)) is not None:
        return _with_inner(snapshot, [job]), []
    if kind == "dataset" and (asset := find_asset(snapshot, name)) is not None:
        return [], list(snapshot.where(t.dataset.c.id, asset.members))
    raise NotFound(
        f"nothing is known as {node!r}; name it dataset:NAMESPACE:NAME, job:NAMESPACE:NAME or "
        "namespace:NAMESPACE"
    )


def _namespace(
    snapshot: Snapshot, namespace: str, jobs: dict[int, Row], datasets: dict[int, Row]
) -> Node:
    """The namespace; adds what is in it."""
    own_jobs = snapshot.rows(sa.select(t.job).where(t.job.c.namespace == namespace))
    own_datasets = snapshot.rows(sa.select(t.dataset).where(t.dataset.c.namespace == namespace))
    if not own_jobs and not own_datasets:
        raise NotFound(f"nothing is known as {NAMESPACE + namespace!r}")
    jobs |= {row.id: row for row in own_jobs}
    datasets |= {row.id: row for row in own_datasets}
    return Node("namespace", namespace)


def _with_inner(snapshot: Snapshot, jobs: list[Row]) -> list[Row]:
    """The jobs, and those inside them: the tasks of a DAG, the queries of a task."""
    found = {row.id: row for row in jobs}
    level = set(found)
    for _ in range(_LEVELS):
        inside = {row.id: row for row in snapshot.where(t.job.c.parent_id, level)}
        level = inside.keys() - found.keys()
        found |= inside
        if not level:
            break
    return list(found.values())


_RUNS = (
    sa.select(t.run.c.job_id, sa.func.count().label("number"))
    .where(among(t.run.c.job_id))
    .group_by(t.run.c.job_id)
)
_EDGES = tuple(
    sa.select(t.edge.c.src, t.edge.c.dst, t.edge.c.kind).where(among(end))
    for end in (t.edge.c.src, t.edge.c.dst)
)
_DELIVERED = (
    sa.select(t.delivery.c.sink, sa.func.count().label("number"))
    .where(among(t.delivery.c.key), t.delivery.c.kind.in_(("dataset", "job")))
    .where(t.delivery.c.sent.is_not(None))
    .group_by(t.delivery.c.sink)
)
_STATED = (
    sa.select(sa.func.count().label("number"))
    .where(among(t.expectation.c.target), t.expectation.c.until_at.is_(None))
    .where(t.expectation.c.source != "person")
)


def _stays(snapshot: Snapshot, gone: Collection[int]) -> Iterable[str]:
    yield "the events in the log, until retention deletes them: a replay brings nothing back"
    delivered: dict[str, int] = {}
    for row in snapshot.each(_DELIVERED, gone):
        delivered[row.sink] = delivered.get(row.sink, 0) + row.number
    for sink, count in sorted(delivered.items()):
        yield f"{_counted(count, 'entry', 'entries')} in {sink}: delete it there if it is to go"
    stated = sum(row.number for row in snapshot.each(_STATED, gone))
    if stated:
        found = _counted(stated, "expectation", "expectations")
        yield f"{found} of files and contracts: remove what names it there"
    yield "the incidents there were, and the audit log"


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
