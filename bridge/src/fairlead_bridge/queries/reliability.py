"""
What reliability is counted from: the writes, runs and incidents of some datasets or DAGs in a period.

A fixed number of queries, however many are asked for; the cost is that of what happened to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.insight.reliability import Record, promises, together
from fairlead_bridge.queries import expectations, origins, standing
from fairlead_bridge.queries.assets import Asset, assets_by_id, jobs_at
from fairlead_bridge.queries.snapshot import NOW, Row, Snapshot, among

_SINCE = sa.bindparam("since", type_=sa.BigInteger)
_written = t.run_dataset.c.written_at
_before = t.run_dataset.alias("before")
#: The last write before the period: what it promised may come due within.
_LAST_BEFORE = (
    sa.select(sa.func.max(_before.c.written_at))
    .where(_before.c.dataset_id == t.dataset.c.id, _before.c.written_at < _SINCE)
    .scalar_subquery()
)
_WRITES = (
    sa.select(t.dataset.c.asset_id, _written, *origins.COLUMNS)
    .join_from(
        t.dataset,
        t.run_dataset,
        sa.and_(
            t.run_dataset.c.dataset_id == t.dataset.c.id,
            _written >= sa.func.coalesce(_LAST_BEFORE, _SINCE),
            _written <= NOW,
        ),
    )
    .join(t.run, t.run.c.id == t.run_dataset.c.run_id)
    .where(among(t.dataset.c.asset_id), t.run_dataset.c.role == "output")
)
_ended_well = sa.func.max(sa.case((t.run.c.state == "success", 1), else_=0))
_ended_badly = sa.func.max(sa.case((t.run.c.state.in_(standing.BROKEN), 1), else_=0))
#: One row for all tries of an instance: whether one succeeded, and whether one is broken for good.
_RUNS = (
    sa.select(t.run.c.job_id, _ended_well.label("well"), _ended_badly.label("badly"))
    .where(among(t.run.c.job_id), t.run.c.at >= _SINCE, t.run.c.ended_at <= NOW)
    .group_by(t.run.c.job_id, sa.func.coalesce(t.run.c.instance, t.run.c.id))
)
_TIMES = t.incident.c["id", "opened_at", "detected_at", "resolved_at"]
_IN_PERIOD = sa.and_(t.incident.c.detected_at >= _SINCE, t.incident.c.detected_at <= NOW)
_AFFECTING = (
    sa.select(t.incident_affected.c.node_id, *_TIMES)
    .distinct()
    .join_from(
        t.incident_affected, t.incident, t.incident.c.id == t.incident_affected.c.incident_id
    )
    .where(_IN_PERIOD, among(t.incident_affected.c.node_id))
)
_FROM = sa.select(t.incident.c.node_id, *_TIMES).where(_IN_PERIOD, among(t.incident.c.node_id))
_TASKS = sa.select(t.job.c.id, t.job.c.parent_id).where(among(t.job.c.parent_id))
_WRITTEN = sa.select(t.edge.c.src, t.edge.c.dst).where(t.edge.c.kind == "data", among(t.edge.c.src))


def of_datasets(snapshot: Snapshot, assets: Iterable[Asset], since: int) -> dict[int, Record]:
    """Each dataset: its promises, the runs of the jobs that write it, and what affected it."""
    every = {asset.id: asset for asset in assets}
    made = _promises(snapshot, every, since)
    writers = _writers(snapshot, every.values())
    ran = _ran(snapshot, {job for each in writers.values() for job in each}, since)
    spans = _spans(
        snapshot, snapshot.each(_AFFECTING, every, since=since), {id: id for id in every}
    )
    return {
        id: _record(made.get(id), (ran.get(job, (0, 0)) for job in writers[id]), spans.get(id))
        for id in every
    }


def of_dags(snapshot: Snapshot, dags: Iterable[Row], since: int) -> dict[int, tuple[Record, int]]:
    """
    Each DAG: the promises of what it writes, its runs, and the incidents that began in it; and how
    many datasets it writes.
    """
    dag_of = {row.id: row.id for row in dags}
    dag_ids = set(dag_of)
    dag_of |= {row.id: row.parent_id for row in snapshot.each(_TASKS, dag_ids)}
    edges = [(row.dst, dag_of[row.src]) for row in snapshot.each(_WRITTEN, dag_of)]
    assets = assets_by_id(snapshot, (dataset for dataset, _ in edges))
    of_dag: dict[int, set[int]] = {}
    for dataset, dag in edges:
        if dataset in assets:
            of_dag.setdefault(dag, set()).add(assets[dataset].id)
    made = _promises(snapshot, {asset.id: asset for asset in assets.values()}, since)
    ran = _ran(snapshot, dag_ids, since)
    spans = _spans(snapshot, snapshot.each(_FROM, dag_of, since=since), dag_of)
    return {
        dag: (
            together(
                [
                    _record(None, [ran.get(dag, (0, 0))], spans.get(dag)),
                    *(_record(made.get(asset), (), None) for asset in of_dag.get(dag, ())),
                ]
            ),
            len(of_dag.get(dag, ())),
        )
        for dag in dag_ids
    }


def of_groups(
    snapshot: Snapshot, groups: Mapping[str, Sequence[Asset]], since: int
) -> dict[str, Record]:
    """The datasets of each group together, each run and each incident counted once."""
    every = {asset.id: asset for group in groups.values() for asset in group}
    made = _promises(snapshot, every, since)
    writers = _writers(snapshot, every.values())
    ran = _ran(snapshot, {job for each in writers.values() for job in each}, since)
    rows = snapshot.each(_AFFECTING, every, since=since)
    spans = _spans(snapshot, rows, {id: id for id in every})
    found = {}
    for name, group in groups.items():
        ids = [asset.id for asset in group]
        jobs = {job for id in ids for job in writers[id]}
        affecting = {number: times for id in ids for number, times in spans.get(id, {}).items()}
        promised = (_record(made[id], (), None) for id in ids if id in made)
        runs = (ran[job] for job in jobs if job in ran)
        found[name] = together([_record(None, runs, affecting), *promised])
    return found


_Spans = dict[int, tuple[int, int | None]]  # by incident: until it was detected, and resolved


def _record(
    made: tuple[int, int] | None, ran: Iterable[tuple[int, int]], spans: _Spans | None
) -> Record:
    counted = list(ran)
    times = (spans or {}).values()
    return Record(
        *(made or (0, 0)),
        sum(runs for runs, _ in counted),
        sum(succeeded for _, succeeded in counted),
        tuple(detected for detected, _ in times),
        tuple(resolved for _, resolved in times if resolved is not None),
    )


def _promises(
    snapshot: Snapshot, assets: Mapping[int, Asset], since: int
) -> dict[int, tuple[int, int]]:
    """How many promises came due for each asset of which something is expected; and those kept."""
    expected = expectations.of(snapshot, assets)
    rows: list[Any] = list(snapshot.each(_WRITES, expected, since=since))
    origin = origins.of(snapshot, rows)
    last: dict[int, dict[int, int]] = {}
    for asset_id, written_at, run, _, _ in rows:
        of_asset = last.setdefault(asset_id, {})
        whole = origin[run].run
        of_asset[whole] = max(of_asset.get(whole, written_at), written_at)
    return {
        id: promises(sorted(last[id].values()), each, since, snapshot.now)
        for id, each in expected.items()
        if id in last
    }


def _writers(snapshot: Snapshot, assets: Iterable[Asset]) -> dict[int, set[int]]:
    every = list(assets)
    at = jobs_at(snapshot, (member for each in every for member in each.members), writing=True)
    return {each.id: {job for id in each.members for job in at.get(id, ())} for each in every}


def _ran(snapshot: Snapshot, jobs: Iterable[int], since: int) -> dict[int, tuple[int, int]]:
    """How many runs of each job ended in the period well or badly, and how many well."""
    counted: dict[int, tuple[int, int]] = {}
    for row in snapshot.each(_RUNS, jobs, since=since):
        runs, succeeded = counted.get(row.job_id, (0, 0))
        counted[row.job_id] = (runs + (row.well or row.badly), succeeded + row.well)
    return counted


def _spans(snapshot: Snapshot, rows: Iterable[Row], whose: Mapping[int, int]) -> dict[int, _Spans]:
    """How long each incident took to be detected and to be resolved, once for each it concerns."""
    found: dict[int, _Spans] = {}
    for row in rows:
        over = row.resolved_at is not None and row.resolved_at <= snapshot.now
        resolved = row.resolved_at - row.opened_at if over else None
        times = (row.detected_at - row.opened_at, resolved)
        found.setdefault(whose[row.node_id], {})[row.id] = times
    return found
