"""Jobs as entries: DAGs with their tasks, tasks, and what others run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairlead_bridge.db import tables as t
from fairlead_bridge.documents import Json
from fairlead_bridge.entries import DatasetRef, Elsewhere, JobEntry, JobRef, Origin, Task, Unseen
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
    read = _read(snapshot, rows)
    for key in rows:
        yield _entry(read, key)


@dataclass(frozen=True, slots=True)
class _Read:
    """What is known of the jobs and of their tasks, each by the job's id."""

    refs: Mapping[int, JobRef]
    facets: Mapping[int, facets.Facets]
    children: Mapping[int, Sequence[Row]]
    urls: Mapping[int, str]
    upstream: Mapping[int, Sequence[int]]
    data: Mapping[int, tuple[tuple[DatasetRef, ...], tuple[DatasetRef, ...]]]  # inputs, outputs
    origins: Mapping[int, tuple[Origin, ...]]
    unseen: Mapping[int, tuple[Unseen, ...]]
    elsewhere: Mapping[int, tuple[Elsewhere, ...]]
    gone: Collection[int]


def _read(snapshot: Snapshot, rows: Mapping[int, Row]) -> _Read:
    children = _children(snapshot, rows.values())
    own = {*rows, *(row.id for found in children.values() for row in found)}
    upstream = _upstream(snapshot, rows)
    refs = job_refs(snapshot, own.union(*upstream.values()))
    gone = stale.gone(snapshot, [refs[key] for key in rows])
    inputs, outputs = stale.data(snapshot, rows)
    ends = {end for side in (inputs, outputs) for found in side.values() for end in found}
    datasets = dataset_refs(snapshot, ends)
    unseen = stale.unseen(snapshot, inputs, outputs, datasets, rows)
    data = {key: (_refs(inputs[key], datasets), _refs(outputs[key], datasets)) for key in rows}
    old = {key: _old(*data[key], unseen.get(key, ()), gone=key in gone) for key in rows}
    urls = pages.of_jobs(snapshot, own)
    pages.add_dags(children, urls)
    return _Read(
        refs=refs,
        facets=facets.of(snapshot, {key: key for key in own}),
        children=children,
        urls=urls,
        upstream=upstream,
        data=data,
        origins=_origins(snapshot, rows),
        unseen=unseen,
        elsewhere=stale.elsewhere(snapshot, old),
        gone=gone,
    )


def _entry(read: _Read, key: int) -> JobEntry:
    own = read.facets.get(key, {})
    inputs, outputs = read.data[key]
    return JobEntry(
        name=Name("job", key),
        job=read.refs[key],
        description=facets.description(own),
        owners=owners(own),
        tags=tags(own),
        schedule=facets.text(own, "fairlead_dag", "schedule"),
        operator=facets.operator(own),
        sql=facets.text(own, "sql", "query"),
        url=read.urls.get(key),
        source_url=facets.text(own, "sourceCodeLocation", "url"),
        facts=_facts(own),
        tasks=tuple(_tasks(read, own, read.children.get(key, ()))),
        upstream=_refs(read.upstream.get(key, ()), read.refs),
        inputs=inputs,
        outputs=outputs,
        origins=read.origins.get(key, ()),
        unseen=read.unseen.get(key, ()),
        elsewhere=read.elsewhere.get(key, ()),
        gone=key in read.gone,
    )


def _children(snapshot: Snapshot, rows: Iterable[Row]) -> dict[int, list[Row]]:
    """The tasks of each DAG among these jobs."""
    dags = [row.id for row in rows if row.kind == "dag"]
    children: dict[int, list[Row]] = defaultdict(list)
    for row in snapshot.where(t.job.c.parent_id, dags):
        if row.kind == "task":
            children[row.parent_id].append(row)
    return children


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


def _facts(own: facets.Facets) -> Json:
    """What Airflow says of the DAG or task besides."""
    names = ("fileloc", "start_date", "pool", "queue", "trigger_rule", "retries", "group", "mapped")
    merged = {**own.get("fairlead_dag", {}), **own.get("fairlead_task", {})}
    return {name: merged[name] for name in names if merged.get(name) not in (None, "")}


def _tasks(read: _Read, own: facets.Facets, children: Iterable[Row]) -> Iterator[Task]:
    """The DAG's tasks; where its own event listed them, only those that it lists."""
    listed = own.get("fairlead_tasks", {}).get("tasks")
    for row in sorted(children, key=lambda row: row.task_id or row.name):
        if not listed or row.task_id in listed:
            yield _task(read, row, listed.get(row.task_id, {}) if listed else {})


def _task(read: _Read, row: Row, listing: Mapping[str, Any]) -> Task:
    facets_of_task = read.facets.get(row.id, {})
    own = facets_of_task.get("fairlead_task", {})
    return Task(
        job=read.refs[row.id],
        operator=facets.operator(facets_of_task) or _class(listing.get("operator")),
        downstream=tuple(listing.get("downstream") or own.get("downstream") or ()),
        group=own.get("group") or listing.get("group"),
        sql=facets.text(facets_of_task, "sql", "query"),
        url=read.urls.get(row.id),
        owners=owners(facets_of_task),
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


def _lineage(body: bytes) -> Iterator[Json]:
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
