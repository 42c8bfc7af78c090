"""Runs as entries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from fairlead_bridge import facts
from fairlead_bridge.db import tables as t
from fairlead_bridge.entries import JobRef, RunDataset, RunEntry
from fairlead_bridge.model import Name
from fairlead_bridge.queries.entry import pages, stale
from fairlead_bridge.queries.entry.refs import Row, dataset_refs, job_refs
from fairlead_bridge.queries.snapshot import Snapshot, among


def runs(snapshot: Snapshot, wanted: Collection[int], *, whole: bool = True) -> Iterator[RunEntry]:
    """Runs; unless `whole`, without their datasets and tasks."""
    if not wanted:
        return
    rows = {row.id: row for row in snapshot.where(t.run.c.id, wanted)}
    inside = _inside(snapshot, rows.values()) if whole else {}
    read = _read(snapshot, rows, inside, whole=whole)
    for key, row in rows.items():
        if row.job_id not in read.jobs:
            continue
        below = sorted(
            inside.get(key, ()), key=lambda item: (item.task_id or "", item.map_index or 0)
        )
        tasks = (_entry(read, item, (), {}) for item in below if item.job_id in read.jobs)
        last = tuple(task for task in tasks if task.last_try)
        yield _entry(read, row, last, facts.decode(row.facts).properties)


@dataclass(frozen=True, slots=True)
class _Read:
    """What rows of other tables say of the runs, each by its own key."""

    jobs: Mapping[int, JobRef]
    gone: Collection[int]  # jobs
    datasets: Mapping[int, Sequence[RunDataset]]
    urls: Mapping[int, str]
    dag_run_ids: Mapping[int, str]
    last_tries: Mapping[int, int]  # by instance
    newest: Mapping[int, int]  # when the job's last run was, by job


def _read(
    snapshot: Snapshot, rows: Mapping[int, Row], inside: Mapping[int, list[Row]], *, whole: bool
) -> _Read:
    every = [*rows.values(), *(row for found in inside.values() for row in found)]
    job_ids = {row.job_id for row in every}
    jobs = job_refs(snapshot, job_ids)
    return _Read(
        jobs=jobs,
        gone=stale.gone(snapshot, jobs.values()) if whole else set(),
        datasets=_datasets(snapshot, rows) if whole else {},
        urls=pages.of_dag_runs(snapshot, rows, inside),
        dag_run_ids=_dag_run_ids(snapshot, rows),
        last_tries=_last_tries(snapshot, (row.instance for row in every if row.instance)),
        newest=_newest(snapshot, job_ids),
    )


def _entry(
    read: _Read, row: Row, tasks: tuple[RunEntry, ...], properties: Mapping[str, facts.LatestValue]
) -> RunEntry:
    return RunEntry(
        name=Name("run", row.id),
        job=read.jobs[row.job_id],
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
        url=_text(properties.get("url")) or read.urls.get(row.id),
        dag_run=Name("run", row.dag_run) if row.dag_run and row.dag_run != row.id else None,
        dag_run_openlineage_id=read.dag_run_ids.get(row.dag_run),
        last_try=(row.try_number or 0) >= read.last_tries.get(row.instance, 0),
        latest=row.at >= read.newest.get(row.job_id, row.at),
        gone=row.job_id in read.gone,
        datasets=tuple(read.datasets.get(row.id, ())),
        tasks=tasks,
    )


def _inside(snapshot: Snapshot, rows: Iterable[Row]) -> dict[int, list[Row]]:
    """The task runs of each DAG run among these runs."""
    dags = [row.id for row in rows if row.kind == "dag"]
    light = [column for column in t.run.c if column.name != "facts"]
    inside: dict[int, list[Row]] = defaultdict(list)
    for row in snapshot.each(sa.select(*light).where(among(t.run.c.dag_run)), dags):
        if row.id != row.dag_run:
            inside[row.dag_run].append(row)
    return inside


def _dag_run_ids(snapshot: Snapshot, rows: Mapping[int, Row]) -> dict[int, str]:
    """The OpenLineage runId of each DAG run that these runs are in."""
    above = {row.dag_run for row in rows.values() if row.dag_run} - rows.keys()
    statement = sa.select(t.run.c.id, t.run.c.run_id).where(among(t.run.c.id))
    found = {row.id: row.run_id for row in snapshot.each(statement, above)}
    return found | {row.id: row.run_id for row in rows.values()}


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
