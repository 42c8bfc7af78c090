"""Jobs as entries: DAGs with their tasks, tasks, and what others run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from fairlead_bridge.db import tables as t
from fairlead_bridge.entries import DatasetRef, JobEntry, JobRef, Origin, Task, Unseen
from fairlead_bridge.model import Name
from fairlead_bridge.queries import columns, facets
from fairlead_bridge.queries.entry import pages, stale
from fairlead_bridge.queries.entry.refs import (
    Row,
    contents,
    dataset_refs,
    job_refs,
    owners,
    tags,
)
from fairlead_bridge.queries.snapshot import Snapshot


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
    bodies_of = facets.of(snapshot, {key: key for key in (*rows, *tasks)})
    inputs, outputs = stale.data(snapshot, rows)
    upstream = _upstream(snapshot, rows)
    ends = {end for side in (inputs, outputs) for found in side.values() for end in found}
    datasets = dataset_refs(snapshot, ends)
    refs = job_refs(
        snapshot, {*rows, *tasks, *(job for found in upstream.values() for job in found)}
    )
    gone = stale.gone(snapshot, [refs[key] for key in rows])
    unseen = stale.unseen(snapshot, inputs, outputs, datasets, rows)
    of_data = {key: (_refs(inputs[key], datasets), _refs(outputs[key], datasets)) for key in rows}
    elsewhere = stale.elsewhere(
        snapshot,
        {key: _old(*of_data[key], unseen.get(key, ()), gone=key in gone) for key in rows},
    )
    origins = _origins(snapshot, rows)
    urls = pages.of_jobs(snapshot, [*rows, *tasks])
    pages.add_dags(children, urls)
    for key in rows:
        own = bodies_of.get(key, {})
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
            tasks=tuple(_tasks(own, children[key], refs, bodies_of, urls)),
            upstream=_refs(upstream[key], refs),
            inputs=of_data[key][0],
            outputs=of_data[key][1],
            origins=origins.get(key, ()),
            unseen=unseen.get(key, ()),
            elsewhere=elsewhere.get(key, ()),
            gone=key in gone,
        )


def _upstream(snapshot: Snapshot, jobs: Collection[int]) -> dict[int, list[int]]:
    """The jobs before each job."""
    found: dict[int, list[int]] = defaultdict(list)
    for row in snapshot.where(t.edge.c.dst, jobs):
        if row.kind != "data":
            found[row.dst].append(row.src)
    return found


def _old(
    inputs: Sequence[DatasetRef],
    outputs: Sequence[DatasetRef],
    unseen: Sequence[Unseen],
    *,
    gone: bool,
) -> set[stale.Pair]:
    """Between what data the job moves nothing any more, or may not for long."""
    old = {(item.role, item.dataset) for item in unseen}
    return {
        (source, target)
        for source in inputs
        for target in outputs
        if gone or ("input", source) in old or ("output", target) in old
    }


def _origins(snapshot: Snapshot, jobs: Collection[int]) -> dict[int, tuple[Origin, ...]]:
    rows = list(snapshot.where(t.column_lineage.c.job_id, jobs))
    bodies = contents(snapshot, (row.digest for row in rows))
    pairs = [(row, item) for row in rows for item in _lineage(bodies.get(row.digest, b""))]
    refs = dataset_refs(
        snapshot, {row.dataset_id for row in rows} | {item["source"] for _, item in pairs}
    )
    found: dict[int, set[Origin]] = defaultdict(set)
    for row, item in pairs:
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


def _facts(own: facets.Facets) -> dict[str, Any]:
    """What Airflow says of the DAG or task besides."""
    names = ("fileloc", "start_date", "pool", "queue", "trigger_rule", "retries", "group", "mapped")
    merged = {**own.get("fairlead_dag", {}), **own.get("fairlead_task", {})}
    return {name: merged[name] for name in names if merged.get(name) not in (None, "")}


def _tasks(
    own: facets.Facets,
    children: Iterable[Row],
    refs: Mapping[int, JobRef],
    bodies_of: Mapping[int, facets.Facets],
    urls: Mapping[int, str],
) -> Iterator[Task]:
    """The DAG's tasks; where its own event listed them, only those that it lists."""
    listed = own.get("fairlead_tasks", {}).get("tasks")
    for row in sorted(children, key=lambda row: row.task_id or row.name):
        if listed and row.task_id not in listed:
            continue
        of_task = bodies_of.get(row.id, {})
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
