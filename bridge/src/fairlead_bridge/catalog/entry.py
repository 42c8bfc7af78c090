"""One entry of the catalog, whole, as sinks are told of it. A fixed number of queries a batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Literal
from urllib.parse import quote

import msgspec
import sqlalchemy as sa
import zstandard

from fairlead_bridge import facts, ids
from fairlead_bridge.catalog import columns, facets
from fairlead_bridge.catalog.snapshot import Snapshot, among
from fairlead_bridge.db import tables as t
from fairlead_bridge.entries import (
    AnyEntry,
    Column,
    DatasetEntry,
    DatasetRef,
    EventEntry,
    JobEntry,
    JobRef,
    Origin,
    Owner,
    RunDataset,
    RunEntry,
    Tag,
    Task,
    Unseen,
)
from fairlead_bridge.model import Name

Row = sa.Row[Any]


def read(tx: sa.Connection, names: Iterable[Name]) -> dict[Name, AnyEntry]:
    """The entries that these names name; without those that are not there any more."""
    by_kind: dict[str, set[int]] = defaultdict(set)
    for name in names:
        by_kind[name.kind].add(name.id)
    reader = _Reader(Snapshot(tx, now=0, lost_after=0))
    entries: tuple[AnyEntry, ...] = (
        *reader.datasets(by_kind["dataset"]),
        *reader.jobs(by_kind["job"]),
        *reader.runs(by_kind["run"]),
        *reader.events(by_kind["event"]),
    )
    return {entry.name: entry for entry in entries}


def shown_in(tx: sa.Connection, names: Iterable[Name]) -> set[Name]:
    """The DAGs whose entries show these tasks: when a task changes, so does its DAG's entry."""
    jobs = {name.id for name in names if name.kind == "job"}
    snapshot = Snapshot(tx, now=0, lost_after=0)
    return {Name("job", row.parent_id) for row in snapshot.each(_DAG_OF, jobs)}


def may_retire(tx: sa.Connection) -> set[Name]:
    """Tasks, which their DAG may have lost, and jobs whose data may have come of age."""
    ends = sa.union(sa.select(t.edge.c.src), sa.select(t.edge.c.dst)).subquery()
    jobs = sa.select(t.job.c.id).where(
        sa.or_(t.job.c.kind == "task", t.job.c.id.in_(sa.select(ends.c.src)))
    )
    return {Name("job", key) for key in tx.scalars(jobs)}


def datasets(tx: sa.Connection) -> Iterator[DatasetRef]:
    """Every asset there is, in the order of names."""
    for row in tx.execute(_ASSETS):
        yield _dataset_ref(row)


_RUN_FACTS = sa.select(t.run.c.id, t.run.c.facts).where(among(t.run.c.id))
_DAG_OF = sa.select(t.job.c.parent_id).where(
    t.job.c.kind == "task", t.job.c.parent_id.is_not(None), among(t.job.c.id)
)
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
_ASSETS = (
    sa.select(t.dataset)
    .where(t.dataset.c.id == t.dataset.c.asset_id)
    .order_by(t.dataset.c.namespace, t.dataset.c.name)
)


class _Reader:
    def __init__(self, snapshot: Snapshot) -> None:
        self._all = snapshot

    # --- datasets -------------------------------------------------------------------------------

    def datasets(self, wanted: Collection[int]) -> Iterator[DatasetEntry]:
        if not wanted:
            return
        asked = {row.id: row.asset_id for row in self._rows(t.dataset, t.dataset.c.id, wanted)}
        members = list(self._rows(t.dataset, t.dataset.c.asset_id, asked.values()))
        of_asset: dict[int, list[Row]] = defaultdict(list)
        for row in members:
            of_asset[row.asset_id].append(row)
        owner = {row.id: row.asset_id for row in members}
        told = facets.of(self._all, owner)
        other_names = self._other_names(owner)
        schemas = self._schemas(owner)
        written_by = {row.written_by for row in members if row.written_by is not None}
        writers = {entry.name.id: entry for entry in self.runs(written_by, whole=False)}
        for dataset, asset in asked.items():
            rows = of_asset[asset]
            main = next((row for row in rows if row.id == asset), rows[0])
            newest = max(rows, key=lambda row: (row.written_at or -1, row.id))
            own = told.get(asset, {})
            ref = _dataset_ref(main)
            yield DatasetEntry(
                name=Name("dataset", dataset),
                dataset=ref,
                names=tuple(
                    sorted(
                        {ref, *map(_dataset_ref, rows), *other_names.get(asset, ())},
                        key=lambda item: (item.namespace, item.name),
                    )
                ),
                description=facets.description(own),
                owners=_owners(own),
                tags=_tags(own),
                columns=schemas.get(asset, ()),
                written_at=newest.written_at,
                written_by=writers.get(newest.written_by),
                dropped_at=max((row.dropped_at or 0 for row in rows), default=0) or None,
            )

    def _other_names(self, owner: Mapping[int, int]) -> dict[int, list[DatasetRef]]:
        found: dict[int, list[DatasetRef]] = defaultdict(list)
        for row in self._rows(t.dataset_name, t.dataset_name.c.dataset_id, owner):
            ref = DatasetRef(ids.dataset_id(row.namespace, row.name), row.namespace, row.name)
            found[owner[row.dataset_id]].append(ref)
        return found

    def _schemas(self, owner: Mapping[int, int]) -> dict[int, tuple[Column, ...]]:
        """The columns of each asset, as its newest schema has them; a writer's before a reader's."""
        newest: dict[int, Row] = {}
        for row in self._rows(t.schema_version, t.schema_version.c.dataset_id, owner):
            asset = owner[row.dataset_id]
            if asset not in newest or _rank(row) > _rank(newest[asset]):
                newest[asset] = row
        bodies = self._contents(row.digest for row in newest.values())
        return {
            asset: tuple(_columns(msgspec.json.decode(bodies[row.digest])))
            for asset, row in newest.items()
            if row.digest in bodies
        }

    def _contents(self, digests: Iterable[bytes]) -> dict[bytes, bytes]:
        rows = self._rows(t.content, t.content.c.digest, set(digests))
        return {row.digest: row.body for row in rows}

    def _dataset_refs(self, wanted: Collection[int]) -> dict[int, DatasetRef]:
        """Each dataset's asset."""
        rows = {row.id: row for row in self._rows(t.dataset, t.dataset.c.id, wanted)}
        others = {row.asset_id for row in rows.values()} - rows.keys()
        rows |= {row.id: row for row in self._rows(t.dataset, t.dataset.c.id, others)}
        return {
            key: _dataset_ref(rows.get(rows[key].asset_id, rows[key]))
            for key in wanted
            if key in rows
        }

    # --- jobs -----------------------------------------------------------------------------------

    def jobs(self, wanted: Collection[int]) -> Iterator[JobEntry]:
        if not wanted:
            return
        rows = {row.id: row for row in self._rows(t.job, t.job.c.id, wanted)}
        dags = [row.id for row in rows.values() if row.kind == "dag"]
        children: dict[int, list[Row]] = defaultdict(list)
        for row in self._rows(t.job, t.job.c.parent_id, dags):
            if row.kind == "task":
                children[row.parent_id].append(row)
        tasks = [row.id for found in children.values() for row in found]
        told = facets.of(self._all, {key: key for key in (*rows, *tasks)})
        inputs, outputs, upstream = self._edges(rows)
        above = {row.parent_id for row in rows.values() if row.kind == "task" and row.parent_id}
        graphs = facets.of(self._all, {key: key for key in above}, ("fairlead_tasks",))
        newest = {row.id: row.at for row in self._all.each(_NEWEST_TOLD, rows) if row.at}
        ends = {end for side in (inputs, outputs) for found in side.values() for end in found}
        datasets = self._dataset_refs(ends)
        refs = self._job_refs(
            {*rows, *tasks, *(job for found in upstream.values() for job in found)}
        )
        origins = self._origins(rows)
        urls = self._urls([*rows, *tasks])
        _of_dags(children, urls)
        for key in rows:
            own = told.get(key, {})
            yield JobEntry(
                name=Name("job", key),
                job=refs[key],
                description=facets.description(own),
                owners=_owners(own),
                tags=_tags(own),
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
        self, jobs: Collection[int]
    ) -> tuple[dict[int, dict[int, Row]], dict[int, dict[int, Row]], dict[int, dict[int, Row]]]:
        """What each job reads and writes and the jobs before it: the edges by their other end."""
        inputs, outputs, upstream = (defaultdict[int, dict[int, Row]](dict) for _ in range(3))
        for row in self._rows(t.edge, t.edge.c.src, jobs):
            if row.kind == "data":
                outputs[row.src][row.dst] = row
        for row in self._rows(t.edge, t.edge.c.dst, jobs):
            (inputs if row.kind == "data" else upstream)[row.dst][row.src] = row
        return inputs, outputs, upstream

    def _job_refs(self, wanted: Collection[int]) -> dict[int, JobRef]:
        rows = {row.id: row for row in self._rows(t.job, t.job.c.id, wanted)}
        parents = {row.parent_id for row in rows.values() if row.parent_id} - rows.keys()
        rows |= {row.id: row for row in self._rows(t.job, t.job.c.id, parents)}
        return {
            key: _job_ref(rows[key], rows.get(rows[key].parent_id)) for key in wanted if key in rows
        }

    def _origins(self, jobs: Collection[int]) -> dict[int, tuple[Origin, ...]]:
        rows = list(self._rows(t.column_lineage, t.column_lineage.c.job_id, jobs))
        bodies = self._contents(row.digest for row in rows)
        told = [(row, item) for row in rows for item in _lineage(bodies.get(row.digest, b""))]
        refs = self._dataset_refs(
            {row.dataset_id for row in rows} | {item["source"] for _, item in told}
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

    def _urls(self, jobs: Collection[int]) -> dict[int, str]:
        """Each Airflow job's page, as the address of its newest run's log tells."""
        other = t.run.alias()
        newest = sa.select(sa.func.max(other.c.at)).where(other.c.job_id == t.job.c.id)
        statement = sa.select(t.job.c.id, t.job.c.dag_id, t.job.c.task_id, t.run.c.facts).join_from(
            t.job,
            t.run,
            sa.and_(t.run.c.job_id == t.job.c.id, t.run.c.at == newest.scalar_subquery()),
        )
        found: dict[int, str] = {}
        for row in self._all.each(statement.where(among(t.job.c.id)), jobs):
            note = facts.decode(row.facts).notes.get("url")
            base = airflow_base(note.value) if note else None
            if base and row.dag_id:
                task = f"/tasks/{row.task_id}" if row.task_id else ""
                found[row.id] = f"{base}/dags/{row.dag_id}{task}"
        return found

    # --- runs -----------------------------------------------------------------------------------

    def runs(self, wanted: Collection[int], *, whole: bool = True) -> Iterator[RunEntry]:
        """Runs; unless `whole`, without their datasets and tasks."""
        if not wanted:
            return
        rows = {row.id: row for row in self._rows(t.run, t.run.c.id, wanted)}
        inside: dict[int, list[Row]] = defaultdict(list)
        datasets: dict[int, list[RunDataset]] = {}
        if whole:
            dags = [key for key, row in rows.items() if row.kind == "dag"]
            light = [column for column in t.run.c if column.name != "facts"]
            for row in self._all.each(sa.select(*light).where(among(t.run.c.dag_run)), dags):
                if row.id != row.dag_run:
                    inside[row.dag_run].append(row)
            datasets = self._run_datasets(rows)
        urls = self._dag_run_urls(rows, inside)
        everybody = [*rows.values(), *(row for found in inside.values() for row in found)]
        jobs = self._job_refs({row.job_id for row in everybody})
        last_tries = self._last_tries(row.instance for row in everybody if row.instance)
        newest = self._newest({row.job_id for row in everybody})
        above = {row.dag_run for row in rows.values() if row.dag_run} - rows.keys()
        dag_run_ids = {
            row.id: row.run_id
            for row in self._all.each(
                sa.select(t.run.c.id, t.run.c.run_id).where(among(t.run.c.id)), above
            )
        } | {row.id: row.run_id for row in rows.values()}

        def entry(
            row: Row, tasks: tuple[RunEntry, ...], notes: Mapping[str, facts.Note]
        ) -> RunEntry:
            return RunEntry(
                name=Name("run", row.id),
                job=jobs[row.job_id],
                run_id=row.run_id,
                state=row.state,
                first_at=row.first_at,
                last_at=row.last_at,
                dag_run_id=row.dag_run_id,
                map_index=row.map_index,
                try_number=row.try_number,
                max_tries=_number(notes.get("retries")),
                started_at=row.started_at,
                ended_at=row.ended_at,
                duration=row.duration,
                nominal_start_at=row.nominal_start_at,
                nominal_end_at=row.nominal_end_at,
                run_type=_text(notes.get("run_type")),
                error=row.error,
                url=_text(notes.get("url")) or urls.get(row.id),
                dag_run=Name("run", row.dag_run) if row.dag_run and row.dag_run != row.id else None,
                dag_run_openlineage_id=dag_run_ids.get(row.dag_run),
                last_try=(row.try_number or 0) >= last_tries.get(row.instance, 0),
                latest=row.at >= newest.get(row.job_id, row.at),
                datasets=tuple(datasets.get(row.id, ())),
                tasks=tasks,
            )

        for key, row in rows.items():
            if row.job_id not in jobs:
                continue
            below = sorted(inside[key], key=lambda item: (item.task_id or "", item.map_index or 0))
            tasks = (entry(item, (), {}) for item in below if item.job_id in jobs)
            last = tuple(task for task in tasks if task.last_try)
            yield entry(row, last, facts.decode(row.facts).notes)

    def _dag_run_urls(
        self, runs: Mapping[int, Row], inside: Mapping[int, list[Row]]
    ) -> dict[int, str]:
        """Pages of DAG runs, as the log of one of their tasks tells."""
        one_of = {
            min(tasks, key=lambda row: (row.started_at is None, row.id)).id: key
            for key, tasks in inside.items()
            if tasks
        }
        found: dict[int, str] = {}
        for row in self._all.each(_RUN_FACTS, one_of):
            run = runs[one_of[row.id]]
            note = facts.decode(row.facts).notes.get("url")
            base = airflow_base(note.value) if note else None
            if base and run.dag_id and run.dag_run_id:
                found[run.id] = f"{base}/dags/{run.dag_id}/runs/{quote(run.dag_run_id, safe='')}"
        return found

    def _run_datasets(self, runs: Collection[int]) -> dict[int, list[RunDataset]]:
        rows = list(self._rows(t.run_dataset, t.run_dataset.c.run_id, runs))
        refs = self._dataset_refs({row.dataset_id for row in rows})
        found: dict[int, list[RunDataset]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: (row.role, row.dataset_id)):
            if row.dataset_id in refs:
                found[row.run_id].append(
                    RunDataset(
                        refs[row.dataset_id],
                        row.role,
                        row.written_at,
                        row.row_count,
                        row.byte_count,
                    )
                )
        return found

    def _last_tries(self, instances: Iterable[int]) -> dict[int, int]:
        statement = sa.select(t.run.c.instance, t.run.c.try_number)
        found: dict[int, int] = {}
        for row in self._all.each(statement.where(among(t.run.c.instance)), instances):
            found[row.instance] = max(found.get(row.instance, 0), row.try_number or 0)
        return found

    def _newest(self, jobs: Collection[int]) -> dict[int, int]:
        newest = sa.select(sa.func.max(t.run.c.at)).where(t.run.c.job_id == t.job.c.id)
        statement = sa.select(t.job.c.id, newest.scalar_subquery().label("at"))
        return {row.id: row.at for row in self._all.each(statement.where(among(t.job.c.id)), jobs)}

    # --- events ---------------------------------------------------------------------------------

    def events(self, wanted: Collection[int]) -> Iterator[EventEntry]:
        if not wanted:
            return
        unpack = zstandard.ZstdDecompressor().decompress
        told = t.run_event.c.event_id
        runs = {row.event_id: row.run_id for row in self._rows(t.run_event, told, wanted)}
        for row in self._rows(t.event, t.event.c.id, wanted):
            yield EventEntry(Name("event", row.id), unpack(row.body), runs.get(row.id))

    def _rows(self, table: sa.Table, column: sa.Column[Any], keys: Iterable[Any]) -> Iterator[Row]:
        return self._all.each(sa.select(table).where(among(column)), keys)


def airflow_base(url: object) -> str | None:
    """`https://HOST[/PREFIX]` of an address within Airflow's page; None where it is none."""
    if not isinstance(url, str) or "/dags/" not in url:
        return None
    return url.partition("/dags/")[0]


def _of_dags(children: Mapping[int, Iterable[Row]], urls: dict[int, str]) -> None:
    """A DAG's runs have no log of their own; its tasks' pages tell where its page is."""
    for dag, tasks in children.items():
        for row in tasks:
            base = airflow_base(urls.get(row.id))
            if base is not None and row.dag_id:
                urls.setdefault(dag, f"{base}/dags/{row.dag_id}")


def _dataset_ref(row: Row) -> DatasetRef:
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


def _rank(row: Row) -> tuple[int, int, bytes]:
    return row.written, row.last_at, row.digest


def _owners(own: facets.Facets) -> tuple[Owner, ...]:
    return tuple(Owner(name, kind) for name, kind in facets.owners(own))


def _tags(own: facets.Facets) -> tuple[Tag, ...]:
    return tuple(
        Tag(str(tag["key"]), tag["value"], tag["field"]) for tag in facets.tags(own) if tag["key"]
    )


def _facts(own: facets.Facets) -> dict[str, Any]:
    """What Airflow says of the DAG or task besides."""
    kept = ("fileloc", "start_date", "pool", "queue", "trigger_rule", "retries", "group", "mapped")
    told = {**own.get("fairlead_dag", {}), **own.get("fairlead_task", {})}
    return {name: told[name] for name in kept if told.get(name) not in (None, "")}


def _columns(fields: Any, prefix: str = "") -> Iterator[Column]:
    for item in fields if isinstance(fields, list) else ():
        name = f"{prefix}{item.get('name')}"
        yield Column(name, item.get("type"), item.get("description"))
        yield from _columns(item.get("fields"), f"{name}.")


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
            owners=_owners(of_task),
        )


def _class(path: object) -> str | None:
    return path.rpartition(".")[2] if isinstance(path, str) and path else None


def _number(note: facts.Note | None) -> int | None:
    return note.value if note is not None and isinstance(note.value, int) else None


def _text(note: facts.Note | None) -> str | None:
    return note.value if note is not None and isinstance(note.value, str) else None


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
