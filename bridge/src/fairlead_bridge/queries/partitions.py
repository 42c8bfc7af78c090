"""Writes that make a dataset no fresher: those of backfills, and of partitions older than its newest."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

#: How the names of DAG runs begin that run for dates in the past.
BACKFILL = "backfill"
#: How far a partition may begin after it was written (microseconds): the day is another one to the
#: east. What is written farther ahead, as forecasts are, says nothing of freshness.
SLACK = 86_400 * 1_000_000


class _Write(NamedTuple):
    at: int
    is_backfill: bool
    partition_at: int | None


def stale_writes(rows: Iterable[Any]) -> dict[int, dict[int, int]]:
    """
    The writes of each asset that make it no fresher, each with the last one before that did.

    `rows` have asset_id, written_at, dag_run_id and partition_at.
    """
    writes: dict[int, list[_Write]] = {}
    for row in rows:
        at, part = row.written_at, row.partition_at
        timely = part if part is not None and part <= at + SLACK else None
        writes.setdefault(row.asset_id, []).append(_Write(at, is_backfill(row.dag_run_id), timely))
    return {id: _stale(of_it) for id, of_it in writes.items()}


def is_backfill(dag_run_id: str | None) -> bool:
    """A backfill runs for dates in the past: what it writes is not the newest partition."""
    return dag_run_id is not None and dag_run_id.startswith(BACKFILL)


def _stale(writes: Iterable[_Write]) -> dict[int, int]:
    found: dict[int, int] = {}
    fresh_at: int | None = None
    front: int | None = None  # the newest partition that was written
    for at, group in groupby(sorted(writes, key=itemgetter(0)), key=itemgetter(0)):
        same = list(group)
        parts = [each.partition_at for each in same if each.partition_at is not None]
        is_older = len(parts) == len(same) and front is not None and max(parts) < front
        if is_older or all(each.is_backfill for each in same):
            if fresh_at is not None:
                found[at] = fresh_at
            continue
        fresh_at, front = at, max(parts if front is None else [*parts, front], default=None)
    return found
