"""Jobs as entries: DAGs with their tasks, tasks, and what others run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Literal

import sqlalchemy as sa

from fairlead_bridge.catalog import columns, facets
from fairlead_bridge.catalog.entry import pages
from fairlead_bridge.catalog.entry.refs import (
    Row,
    contents,
    dataset_refs,
    job_refs,
    owners,
    tags,
)
from fairlead_bridge.catalog.snapshot import Snapshot, among
from fairlead_bridge.db import tables as t
from fairlead_bridge.entries import DatasetRef, JobEntry, JobRef, Origin, Task, Unseen
from fairlead_bridge.model import Name

#: When each job's newest successful run began that told of data.
_NEWEST_TOLD = sa.select(
    t.job.c.id,
    sa.select(t.run.c.at)
    .where(
        t.run.c.job_id == t.job.c.id,
        t.run.c.state == "success",
        sa.exists().where(t.run_dataset.c.run_id == t.run.c.id),
    )
    .order_by(t.run.c.at.desc())
    .limit(1)
    .scalar_subquery()
    .label("at"),
).where(among(t.job.c.id))


def jobs(snapshot: Snapshot, wanted: Collection[int]) -> Iterator[JobEntry]:
    if not wanted:
        return
    rows = {row.id: row for row in snapshot.where(t.job.c.id, wanted)}
    dags = [row.id for row in rows.values() if row.kind == "dag"]
    children: dict[int, list[Row]] = defaultdict(list)
    for row in snapshot.where(t.job.c.parent_id, dags):
        if row.kind == "task":
            children[row.parent_id].append(row)
    tasks = [row.id for found in children.values() for row in found]
    told = facets.of(snapshot, {key: key for key in (*rows, *tasks)})
    inputs, outputs, upstream = _edges(snapshot, rows)
    above = {row.parent_id for row in rows.values() if row.kind == "task" and row.parent_id}
    graphs = facets.of(snapshot, {key: key for key in above}, ("fairlead_tasks",))
    newest = {row.id: row.at for row in snapshot.each(_NEWEST_TOLD, rows) if row.at}
    ends = {end for side in (inputs, outputs) for found in side.values() for end in found}
    datasets = dataset_refs(snapshot, ends)
    refs = job_refs(
        snapshot, {*rows, *tasks, *(job for found in upstream.values() for job in found)}
    )
    origins = _origins(snapshot, rows)
    urls = pages.of_jobs(snapshot, [*rows, *tasks])
    pages.add_dags(children, urls)
    for key in rows:
        own = told.get(key, {})
        yield JobEntry(
            name=Name("job", key),
            job=refs[key],
            description=facets.description(own),
            owners=owners(own),
            tags=tags(own),
            schedule=facets.text(own, "fairlead_dag", "schedule"),
            operator=facets.operator(own),
            sql=facets.text(own, "sql", "query"),
            url=urls.get(key),
            source_url=facets.text(own, "sourceCodeLocation", "url"),
            facts=_facts(own),
            tasks=tuple(_tasks(own, children[key], refs, told, urls)),
            upstream=_refs(upstream[key], refs),
            inputs=_refs(inputs[key], datasets),
            outputs=_refs(outputs[key], datasets),
            origins=origins.get(key, ()),
            gone=_gone(rows[key], graphs),
            unseen=tuple(
                _unseen("input", inputs[key], newest.get(key), datasets)
                + _unseen("output", outputs[key], newest.get(key), datasets)
            ),
        )


def _edges(
    snapshot: Snapshot, jobs: Collection[int]
) -> tuple[dict[int, dict[int, Row]], dict[int, dict[int, Row]], dict[int, dict[int, Row]]]:
    """What each job reads and writes and the jobs before it: the edges by their other end."""
    inputs, outputs, upstream = (defaultdict[int, dict[int, Row]](dict) for _ in range(3))
    for row in snapshot.where(t.edge.c.src, jobs):
        if row.kind == "data":
            outputs[row.src][row.dst] = row
    for row in snapshot.where(t.edge.c.dst, jobs):
        (inputs if row.kind == "data" else upstream)[row.dst][row.src] = row
    return inputs, outputs, upstream


def _origins(snapshot: Snapshot, jobs: Collection[int]) -> dict[int, tuple[Origin, ...]]:
    rows = list(snapshot.where(t.column_lineage.c.job_id, jobs))
    bodies = contents(snapshot, (row.digest for row in rows))
    told = [(row, item) for row in rows for item in _lineage(bodies.get(row.digest, b""))]
    refs = dataset_refs(
        snapshot, {row.dataset_id for row in rows} | {item["source"] for _, item in told}
    )
    found: dict[int, set[Origin]] = defaultdict(set)
    for row, item in told:
        if item["source"] in refs and row.dataset_id in refs:
            origin = Origin(
                refs[item["source"]],
                item["source_column"],
                refs[row.dataset_id],
                item["target_column"],
                item["direct"],
                item["transformation"],
            )
            found[row.job_id].add(origin)
    return {key: tuple(sorted(items, key=_by_columns)) for key, items in found.items()}


def _refs(keys: Iterable[int], refs: Mapping[int, Any]) -> tuple[Any, ...]:
    found = {refs[key] for key in keys if key in refs}
    return tuple(sorted(found, key=lambda ref: (ref.namespace, ref.name)))


def _gone(row: Row, graphs: Mapping[int, facets.Facets]) -> bool:
    listed = graphs.get(row.parent_id, {}).get("fairlead_tasks", {}).get("tasks") or ()
    return bool(listed) and row.kind == "task" and row.task_id not in listed


def _unseen(
    role: Literal["input", "output"],
    edges: Mapping[int, Row],
    newest: int | None,
    refs: Mapping[int, DatasetRef],
) -> list[Unseen]:
    """
    The edges that runs showed, but none since before the `newest` that told of data. One that was
    declared stays, and so does that of an asset which is seen under another of its names.
    """
    if newest is None:
        return []
    seen: dict[DatasetRef, int] = {}
    for key, row in edges.items():
        if key in refs:
            at = newest if row.last_run is None else row.last_at
            seen[refs[key]] = max(at, seen.get(refs[key], at))
    return [
        Unseen(ref, role, newest - at)
        for ref, at in sorted(seen.items(), key=lambda item: item[0].id)
        if at < newest
    ]


def _facts(own: facets.Facets) -> dict[str, Any]:
    """What Airflow says of the DAG or task besides."""
    kept = ("fileloc", "start_date", "pool", "queue", "trigger_rule", "retries", "group", "mapped")
    told = {**own.get("fairlead_dag", {}), **own.get("fairlead_task", {})}
    return {name: told[name] for name in kept if told.get(name) not in (None, "")}


def _tasks(
    own: facets.Facets,
    children: Iterable[Row],
    refs: Mapping[int, JobRef],
    told: Mapping[int, facets.Facets],
    urls: Mapping[int, str],
) -> Iterator[Task]:
    """The DAG's tasks; where its own event listed them, only those that it lists."""
    listed = own.get("fairlead_tasks", {}).get("tasks")
    for row in sorted(children, key=lambda row: row.task_id or row.name):
        if listed and row.task_id not in listed:
            continue
        of_task = told.get(row.id, {})
        listing = listed.get(row.task_id, {}) if listed else {}
        own_task = of_task.get("fairlead_task", {})
        yield Task(
            job=refs[row.id],
            operator=facets.operator(of_task) or _class(listing.get("operator")),
            downstream=tuple(listing.get("downstream") or own_task.get("downstream") or ()),
            group=own_task.get("group") or listing.get("group"),
            sql=facets.text(of_task, "sql", "query"),
            url=urls.get(row.id),
            owners=owners(of_task),
        )


def _class(path: object) -> str | None:
    return path.rpartition(".")[2] if isinstance(path, str) and path else None


def _by_columns(origin: Origin) -> tuple[str, ...]:
    return (
        origin.target.namespace,
        origin.target.name,
        origin.target_column,
        origin.source.namespace,
        origin.source.name,
        origin.source_column,
        origin.transformation or "",
    )


def _lineage(body: bytes) -> Iterator[dict[str, Any]]:
    """Which columns a stored column lineage names, one pair after the other."""
    for column, each in columns.pairs(body):
        if column == columns.WHOLE:
            continue
        ways = each.transformations or [{}]
        direct = [way for way in ways if way.get("type") != "INDIRECT"]
        way = (direct or ways)[0]
        yield {
            "source": each.dataset,
            "source_column": each.field,
            "target_column": column,
            "direct": bool(direct),
            "transformation": way.get("subtype") or way.get("type") or None,
        }
