"""Checks of datasets: how each went when it was made last."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.queries.snapshot import NOW, Row, Snapshot, among

_MADE = sa.select(t.assertion).where(among(t.assertion.c.dataset_id))
_OF_DATASETS = {False: _MADE, True: _MADE.where(t.assertion.c.at <= NOW)}
_FAILED = (
    sa.select(t.assertion)
    .join(t.dataset, t.dataset.c.id == t.assertion.c.dataset_id)
    .where(
        t.assertion.c.success == 0,
        sa.or_(t.dataset.c.dropped_at.is_(None), t.dataset.c.dropped_at < t.assertion.c.at),
    )
)


def of_datasets(snapshot: Snapshot, members: Iterable[int]) -> list[Row]:
    """The checks of some datasets, failed ones first, then by name."""
    found = snapshot.each(_OF_DATASETS[snapshot.past], members)
    return sorted(
        found, key=lambda row: (row.success, row.severity or "", row.name, row.column_name)
    )


def failed(snapshot: Snapshot) -> list[Row]:
    """Every check that failed when it was made last: errors before warnings, the newest first."""
    rows = snapshot.rows(_FAILED)
    return sorted(rows, key=lambda row: (row.severity == "warn", -row.at, row.name))
