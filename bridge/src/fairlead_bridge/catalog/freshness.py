"""
How fresh assets were kept: when they were written, how often that is usual, and when it was late.

What is expected is learned from the writes themselves, so that it needs no setting: nine of ten
gaps were shorter, and a fifth is added. Writes that somebody asked for, by hand or by a backfill,
make an asset fresh, but tell nothing of how often to expect one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import sqlalchemy as sa

from fairlead_bridge.catalog.history import percentile
from fairlead_bridge.catalog.outermost import outermost
from fairlead_bridge.catalog.read import RUNS, Asset, Row
from fairlead_bridge.catalog.snapshot import NOW, Snapshot, among
from fairlead_bridge.db import tables as t

#: Gaps that are needed before anything is expected.
FEWEST = 3
#: The share of gaps that are shorter, and what is added to that.
SHARE, SLACK = 0.9, 1.2
#: Microseconds: less than this is no lateness, however often it is written.
LEAST = 60 * 1_000_000
#: Rows of writes that are read for one write that counts: tasks of one DAG run write one by one.
ROWS_PER_WRITE = 4


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often an asset is written, in microseconds."""

    usual: int
    expected: int  # older than this it is late
    gaps: int  # from which this was learned


@dataclass(frozen=True, slots=True)
class Write:
    """A successful run that wrote an asset; of one outermost run only its last."""

    at: int
    run: Row
    row_count: int | None

    @property
    def is_regular(self) -> bool:
        """Whether a schedule, an asset or an event started it, rather than somebody."""
        return not (self.run.dag_run_id or "").startswith(("manual__", "backfill__"))


def rhythm(times: Sequence[int]) -> Rhythm | None:
    """
    How often somebody writes who wrote at these times (microseconds, oldest first).

    >>> rhythm([0, 3_600_000_000, 7_200_000_000, 10_800_000_000])
    Rhythm(usual=3600000000, expected=4320000000, gaps=3)
    >>> rhythm([0, 3_600_000_000, 7_200_000_000]) is None
    True
    """
    gaps = sorted(after - before for before, after in pairwise(times))
    gaps = [gap for gap in gaps if gap > 0]
    if len(gaps) < FEWEST:
        return None
    usual, most = percentile(gaps, 0.5), percentile(gaps, SHARE)
    assert usual is not None and most is not None  # noqa: S101, PT018  (there are gaps)
    return Rhythm(int(usual), max(LEAST, int(most * SLACK)), len(gaps))


def breaches(times: Sequence[int], expected: int, now: int) -> list[tuple[int, int | None]]:
    """When it was older than expected: from when, and until when; None until now."""
    ends: list[int | None] = [*times[1:], None]
    return [
        (at + expected, end)
        for at, end in zip(times, ends, strict=False)
        if (now if end is None else end) > at + expected
    ]


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
    return _one_a_run(snapshot, rows)[-limit:]


def _wrote(past: bool) -> sa.Select[tuple[object, ...]]:
    statement = (
        RUNS[past]
        .add_columns(t.run_dataset.c.written_at, t.run_dataset.c.row_count)
        .join(t.run_dataset, t.run_dataset.c.run_id == t.run.c.id)
        .where(t.run_dataset.c.role == "output", t.run_dataset.c.written_at.is_not(None))
    )
    return statement.where(t.run_dataset.c.written_at <= NOW) if past else statement


def _one_a_run(snapshot: Snapshot, rows: Sequence[Row]) -> list[Write]:
    """One write for each outermost run (a DAG run, an application), its last; oldest first."""
    whole = outermost(snapshot, (row.id for row in rows))
    last: dict[int, Write] = {}
    for row in rows:
        key = whole[row.id]
        if key not in last or last[key].at < row.written_at:
            last[key] = Write(row.written_at, row, row.row_count)
    return sorted(last.values(), key=lambda write: (write.at, write.run.id))


# --- of many at once ----------------------------------------------------------------------------

#: Writes of each asset that its rhythm is learned from, at most.
FEW = 24

_newest = t.run_dataset.alias("newest")
_nth = (
    sa.select(_newest.c.written_at)
    .where(_newest.c.dataset_id == t.dataset.c.id, _newest.c.written_at.is_not(None))
    .order_by(_newest.c.written_at.desc())
    .limit(1)
    .offset(FEW - 1)
    .scalar_subquery()
)
_FEW_WRITES = (
    sa.select(
        t.dataset.c.asset_id,
        t.run_dataset.c.written_at,
        t.run.c.dag_run_id,
        t.run.c.id,
    )
    .join_from(
        t.dataset,
        t.run_dataset,
        sa.and_(
            t.run_dataset.c.dataset_id == t.dataset.c.id,
            t.run_dataset.c.written_at >= sa.func.coalesce(_nth, 0),
        ),
    )
    .join(t.run, t.run.c.id == t.run_dataset.c.run_id)
    .where(among(t.dataset.c.asset_id), t.run_dataset.c.role == "output")
)


def rhythms(snapshot: Snapshot, asset_ids: Iterable[int]) -> dict[int, Rhythm]:
    """How often each of these assets is written, from its newest writes; where that can be told."""
    last: dict[int, dict[int, int]] = {}
    rows = list(snapshot.each(_FEW_WRITES, asset_ids))
    whole = outermost(snapshot, (row.id for row in rows))
    for row in rows:
        if (row.dag_run_id or "").startswith(("manual__", "backfill__")):
            continue
        ends = last.setdefault(row.asset_id, {})
        ends[whole[row.id]] = max(ends.get(whole[row.id], 0), row.written_at)
    found = {asset_id: rhythm(sorted(ends.values())) for asset_id, ends in last.items()}
    return {asset_id: told for asset_id, told in found.items() if told is not None}
