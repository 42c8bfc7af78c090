"""
The freshness of assets: when they were written, and when that is usual.

What is expected is learned from regular writes (`insight.rhythm`); one that was started by hand or
by a backfill, or that such a run led to, makes an asset fresh and teaches nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.insight import rhythm
from fairlead_bridge.insight.rhythm import Rhythm
from fairlead_bridge.queries import maintenance, origins, partitions, zones
from fairlead_bridge.queries.assets import Asset, jobs_at
from fairlead_bridge.queries.origins import Origin
from fairlead_bridge.queries.runs import RUNS
from fairlead_bridge.queries.snapshot import NOW, Row, Select, Snapshot, among

#: Rows of writes that are read for one write that counts: tasks of one DAG run write one by one.
ROWS_PER_WRITE = 4
#: The newest writes, which show whether a rhythm changed.
NEWEST = 5
#: How far back updates that no run here made are read, in microseconds.
HALF_A_YEAR = 183 * 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class Write:
    """A successful run that wrote an asset; of one outermost run only its last."""

    at: int
    run: Row
    row_count: int | None


def writes(snapshot: Snapshot, asset: Asset, since: int, limit: int) -> list[Write]:
    """
    The newest `limit` writes of an asset from `since` on, and the last one before, oldest first.

    Read from the end of an index: what lies before `since` is not.
    """
    statement = _wrote(snapshot.past)
    rows: list[Row] = []
    for member in asset.members:  # nearly always one
        newest = statement.where(t.run_dataset.c.dataset_id == member).order_by(
            t.run_dataset.c.written_at.desc()
        )
        of_it = snapshot.rows(
            newest.where(t.run_dataset.c.written_at >= since).limit(limit * ROWS_PER_WRITE)
        )
        rows += of_it
        if len(of_it) < limit * ROWS_PER_WRITE:
            rows += snapshot.rows(newest.where(t.run_dataset.c.written_at < since).limit(1))
    return _one_each(rows, origins.of(snapshot, rows))[-limit:]


def _wrote(past: bool) -> sa.Select[tuple[object, ...]]:
    statement = (
        RUNS[past]
        .add_columns(t.run_dataset.c.written_at, t.run_dataset.c.row_count)
        .join(t.run_dataset, t.run_dataset.c.run_id == t.run.c.id)
        .where(t.run_dataset.c.role == "output", t.run_dataset.c.written_at.is_not(None))
    )
    return statement.where(t.run_dataset.c.written_at <= NOW) if past else statement


def _one_each(rows: Iterable[Row], origin: Mapping[int, Origin]) -> list[Write]:
    """One write for each outermost run, its last; oldest first."""
    last: dict[int, Write] = {}
    for row in rows:
        whole = origin[row.id].run
        if whole not in last or last[whole].at < row.written_at:
            last[whole] = Write(row.written_at, row, row.row_count)
    return sorted(last.values(), key=lambda write: (write.at, write.run.id))


# --- of many at once ----------------------------------------------------------------------------

_newest, _run_of = t.run_dataset.alias("newest"), t.run.alias("run_of")


def _newest_writes(*, past: bool, forwards: bool = False, by: str = "written_at") -> Select:
    """
    The newest writes of some assets, as many of each as a rhythm is learned from; `forwards`: without
    those of backfills; `by` "partition_at": those of the newest partitions.
    """
    order, wanted = _newest.c[by], t.run_dataset.c[by]
    known = [_newest.c.dataset_id == t.dataset.c.id, _newest.c.written_at.is_not(None)]
    known.append(order.is_not(None))
    wrote = [t.run_dataset.c.dataset_id == t.dataset.c.id]
    wrote.append(t.run_dataset.c.written_at.is_not(None))
    if forwards:
        of_run = sa.select(_run_of.c.dag_run_id).where(_run_of.c.id == _newest.c.run_id)
        known.append(_is_forwards(of_run.scalar_subquery()))
        wrote.append(_is_forwards(t.run.c.dag_run_id))
    if past:
        known.append(_newest.c.written_at <= NOW)
        wrote.append(t.run_dataset.c.written_at <= NOW)
    nth = (
        sa.select(order)
        .where(*known)
        .order_by(order.desc())
        .limit(1)
        .offset(rhythm.WINDOW - 1)
        .scalar_subquery()
    )
    wrote.append(wanted >= sa.func.coalesce(nth, -(2**62)))
    return (
        sa.select(
            t.dataset.c.asset_id,
            t.run_dataset.c.written_at,
            t.run.c.job_id,
            *origins.COLUMNS,
            t.run_dataset.c.partition_at,
        )
        .join_from(t.dataset, t.run_dataset, t.run_dataset.c.dataset_id == t.dataset.c.id)
        .join(t.run, t.run.c.id == t.run_dataset.c.run_id)
        .where(among(t.dataset.c.asset_id), t.run_dataset.c.role == "output", *wrote)
    )


def _is_forwards(dag_run_id: sa.ColumnElement[object]) -> sa.ColumnElement[bool]:
    return sa.or_(dag_run_id.is_(None), sa.not_(dag_run_id.startswith(partitions.BACKFILL)))


_WRITES = {past: _newest_writes(past=past) for past in (False, True)}
_FORWARDS = {past: _newest_writes(past=past, forwards=True) for past in (False, True)}
_PARTITIONS = {past: _newest_writes(past=past, by="partition_at") for past in (False, True)}


_UPDATES = (
    sa.select(t.dataset.c.asset_id, t.observation.c.at)
    .join_from(t.dataset, t.observation, t.observation.c.owner_id == t.dataset.c.id)
    .where(
        among(t.dataset.c.asset_id),
        t.observation.c.kind == "updated",
        t.observation.c.at <= NOW,
        t.observation.c.at >= NOW - HALF_A_YEAR,
    )
)


@dataclass(frozen=True, slots=True)
class Regular:
    """A write that a schedule or an event started: the last one of its outermost run."""

    at: int
    job_id: int  # of an update that no run here made: a job that reads it; 0: none
    run: int  # the outermost run
    dag_run_id: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """The newest writes of an asset, oldest first."""

    regular: tuple[Regular, ...]
    #: Writes of backfills of the past and of older partitions, each with the last other write before.
    stale: Mapping[int, int]
    #: The regular ones with those that came late for a known reason, which teach nothing.
    every: tuple[Regular, ...] = ()


def newest_writes(snapshot: Snapshot, asset_ids: Iterable[int]) -> dict[int, Known]:
    """The newest writes of each of these assets that has a regular one."""
    asked = set(asset_ids)
    rows: list[Any] = list(snapshot.each(_WRITES[snapshot.past], asked))
    cut = _cut(rows)
    rows += snapshot.each(_FORWARDS[snapshot.past], (id for id, each in cut.items() if each[0]))
    rows += snapshot.each(_PARTITIONS[snapshot.past], (id for id, each in cut.items() if each[1]))
    origin = origins.of(snapshot, rows)
    last: dict[int, dict[int, Regular]] = {}
    stale = partitions.stale_writes(rows)
    for asset_id, written_at, job_id, run, _, dag_run_id, partition_at in rows:
        whole = origin[run]
        of_the_past = written_at in stale.get(asset_id, ()) and partition_at is not None
        if whole.is_regular and not of_the_past:
            ends = last.setdefault(asset_id, {})
            write = Regular(written_at, job_id, whole.run, dag_run_id)
            before = ends.get(whole.run)
            if before is None or (before.at, before.job_id) < (write.at, write.job_id):
                ends[whole.run] = write
    unwritten = [asset_id for asset_id in asked if asset_id not in last]
    readers = jobs_at(snapshot, unwritten, writing=False)
    for row in snapshot.each(_UPDATES, unwritten):  # no job writes it: its store says when
        reader = next(iter(readers.get(row.asset_id, ())), 0)
        last.setdefault(row.asset_id, {})[row.at] = Regular(row.at, reader, row.at)
    late = late_spans(snapshot, last)
    newest = {id: max(ends.values(), key=_order) for id, ends in last.items()}
    kept = maintenance.spans(snapshot, {id: each.job_id for id, each in newest.items()})
    found = {}
    for asset_id, ends in last.items():
        ordered = sorted(ends.values(), key=_order)
        outside = _outside(ordered, kept.get(asset_id, ()))
        regular = without(outside, late.get(asset_id, ()))
        found[asset_id] = Known(tuple(regular), stale.get(asset_id, {}), tuple(ordered))
    return found


def _order(write: Regular) -> tuple[int, int, int]:
    return write.at, write.job_id, write.run


def _cut(rows: Iterable[Any]) -> dict[int, tuple[bool, bool]]:
    """
    The assets of which more was written than was read, and whether backfills wrote, and partitions:
    those may be all that was read, and the writes that count lie before.
    """
    counts: dict[int, list[int]] = {}
    for row in rows:
        count = counts.setdefault(row.asset_id, [0, 0, 0])
        count[0] += 1
        count[1] += partitions.is_backfill(row.dag_run_id)
        count[2] += row.partition_at is not None
    return {
        id: (back > 0, parts > 0)
        for id, (every, back, parts) in counts.items()
        if every >= rhythm.WINDOW and (back or parts)
    }


_affected = t.incident_affected.c
_LATE = sa.select(_affected.node_id, _affected.since_at, _affected.until_at).where(
    among(_affected.node_id), _affected.since_at <= NOW
)


def late_spans(snapshot: Snapshot, asset_ids: Iterable[int]) -> dict[int, list[tuple[int, int]]]:
    """When incidents affected these assets, as far as was known then: from when, until when."""
    found: dict[int, list[tuple[int, int]]] = {}
    for row in snapshot.each(_LATE, asset_ids):
        until = min(row.until_at, snapshot.now) if row.until_at is not None else snapshot.now
        found.setdefault(row.node_id, []).append((row.since_at, until))
    return found


def _outside(writes: Sequence[Regular], spans: Sequence[tuple[int, int]]) -> Sequence[Regular]:
    return [each for each in writes if not any(begin <= each.at <= end for begin, end in spans)]


def without(writes: Sequence[Regular], spans: Sequence[tuple[int, int]]) -> Sequence[Regular]:
    """
    The writes outside of these spans, in which they came late for a known reason.

    Where most of the newest were late, it is the rhythm that changed: then all count.
    """
    if not spans:
        return writes
    kept = _outside(writes, spans)
    newest = writes[-NEWEST:]
    left_out = sum(each not in kept for each in newest)
    return kept if 2 * left_out < len(newest) else writes


def rhythms(snapshot: Snapshot, writes: Mapping[int, Sequence[Regular]]) -> dict[int, Rhythm]:
    """The rhythm of each asset that has one, from its regular writes."""
    enough = {id: of_it for id, of_it in writes.items() if len(of_it) >= rhythm.FEWEST}
    zone = zones.of_jobs(snapshot, {of_it[-1].job_id for of_it in enough.values()})
    learned = {
        asset_id: rhythm.learn(tuple(each.at for each in of_it), zone.get(of_it[-1].job_id, UTC))
        for asset_id, of_it in enough.items()
    }
    return {asset_id: each for asset_id, each in learned.items() if each is not None}
