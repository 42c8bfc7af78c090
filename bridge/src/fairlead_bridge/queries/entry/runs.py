"""Runs as entries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

import sqlalchemy as sa

from fairlead_bridge import facts
from fairlead_bridge.db import tables as t
from fairlead_bridge.entries import RunDataset, RunEntry
from fairlead_bridge.model import Name
from fairlead_bridge.queries.entry import pages, stale
from fairlead_bridge.queries.entry.refs import Row, dataset_refs, job_refs
from fairlead_bridge.queries.snapshot import Snapshot, among


def runs(snapshot: Snapshot, wanted: Collection[int], *, whole: bool = True) -> Iterator[RunEntry]:
    """Runs; unless `whole`, without their datasets and tasks."""
    if not wanted:
        return
    rows = {row.id: row for row in snapshot.where(t.run.c.id, wanted)}
    inside: dict[int, list[Row]] = defaultdict(list)
    datasets: dict[int, list[RunDataset]] = {}
    if whole:
        dags = [key for key, row in rows.items() if row.kind == "dag"]
        light = [column for column in t.run.c if column.name != "facts"]
        for row in snapshot.each(sa.select(*light).where(among(t.run.c.dag_run)), dags):
            if row.id != row.dag_run:
                inside[row.dag_run].append(row)
        datasets = _datasets(snapshot, rows)
    urls = pages.of_dag_runs(snapshot, rows, inside)
    everybody = [*rows.values(), *(row for found in inside.values() for row in found)]
    jobs = job_refs(snapshot, {row.job_id for row in everybody})
    gone = stale.gone(snapshot, jobs.values()) if whole else set()
    last_tries = _last_tries(snapshot, (row.instance for row in everybody if row.instance))
    newest = _newest(snapshot, {row.job_id for row in everybody})
    above = {row.dag_run for row in rows.values() if row.dag_run} - rows.keys()
    dag_run_ids = {
        row.id: row.run_id
        for row in snapshot.each(
            sa.select(t.run.c.id, t.run.c.run_id).where(among(t.run.c.id)), above
        )
    } | {row.id: row.run_id for row in rows.values()}

    def entry(
        row: Row, tasks: tuple[RunEntry, ...], properties: Mapping[str, facts.LatestValue]
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
            max_tries=_number(properties.get("retries")),
            started_at=row.started_at,
            ended_at=row.ended_at,
            duration=row.duration,
            nominal_start_at=row.nominal_start_at,
            nominal_end_at=row.nominal_end_at,
            run_type=_text(properties.get("run_type")),
            error=row.error,
            url=_text(properties.get("url")) or urls.get(row.id),
            dag_run=Name("run", row.dag_run) if row.dag_run and row.dag_run != row.id else None,
            dag_run_openlineage_id=dag_run_ids.get(row.dag_run),
            last_try=(row.try_number or 0) >= last_tries.get(row.instance, 0),
            latest=row.at >= newest.get(row.job_id, row.at),
            gone=row.job_id in gone,
            datasets=tuple(datasets.get(row.id, ())),
            tasks=tasks,
        )

    for key, row in rows.items():
        if row.job_id not in jobs:
            continue
        below = sorted(inside[key], key=lambda item: (item.task_id or "", item.map_index or 0))
        tasks = (entry(item, (), {}) for item in below if item.job_id in jobs)
        last = tuple(task for task in tasks if task.last_try)
        yield entry(row, last, facts.decode(row.facts).properties)


def _datasets(snapshot: Snapshot, runs: Collection[int]) -> dict[int, list[RunDataset]]:
    rows = list(snapshot.where(t.run_dataset.c.run_id, runs))
    refs = dataset_refs(snapshot, {row.dataset_id for row in rows})
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


def _last_tries(snapshot: Snapshot, instances: Iterable[int]) -> dict[int, int]:
    statement = sa.select(t.run.c.instance, t.run.c.try_number)
    found: dict[int, int] = {}
    for row in snapshot.each(statement.where(among(t.run.c.instance)), instances):
        found[row.instance] = max(found.get(row.instance, 0), row.try_number or 0)
    return found


def _newest(snapshot: Snapshot, jobs: Collection[int]) -> dict[int, int]:
    newest = sa.select(sa.func.max(t.run.c.at)).where(t.run.c.job_id == t.job.c.id)
    statement = sa.select(t.job.c.id, newest.scalar_subquery().label("at"))
    return {row.id: row.at for row in snapshot.each(statement.where(among(t.job.c.id)), jobs)}


def _number(property: facts.LatestValue | None) -> int | None:
    return property.value if property is not None and isinstance(property.value, int) else None


def _text(property: facts.LatestValue | None) -> str | None:
    return property.value if property is not None and isinstance(property.value, str) else None
