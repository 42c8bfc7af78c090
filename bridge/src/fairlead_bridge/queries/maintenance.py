"""Maintenance windows in which datasets were written: what came then was not as usual."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.insight.maintenance import Subject, Window, matches
from fairlead_bridge.queries.snapshot import NOW, Snapshot, among

_m = t.maintenance.c
_BEGUN = sa.select(_m.starts_at, _m.ends_at, _m.namespace, _m.dag, _m.dataset).where(
    _m.starts_at <= NOW
)
_NAMES = sa.select(*t.dataset.c["id", "namespace", "name"]).where(among(t.dataset.c.id))
_DAGS = sa.select(*t.job.c["id", "dag_id"]).where(among(t.job.c.id), t.job.c.dag_id.is_not(None))


def spans(snapshot: Snapshot, writer_of: Mapping[int, int]) -> dict[int, list[tuple[int, int]]]:
    """
    From when until when windows were open for each of these assets, as far as they have begun.

    `writer_of` has the job that wrote each asset last.
    """
    rows: list[Any] = list(snapshot.rows(_BEGUN))
    windows = [*snapshot.windows, *(Window(*row) for row in rows)]
    windows = [window for window in windows if window.starts_at <= snapshot.now]
    if not windows:
        return {}
    dags = {row.id: row.dag_id for row in snapshot.each(_DAGS, writer_of.values())}
    found: dict[int, list[tuple[int, int]]] = {}
    for row in snapshot.each(_NAMES, writer_of):
        own = (str(dag) for dag in (dags.get(writer_of[row.id]),) if dag is not None)
        subject = Subject(row.namespace, frozenset(own), row.name)
        open_then = [(each.starts_at, each.ends_at) for each in windows if matches(each, [subject])]
        if open_then:
            found[row.id] = open_then
    return found
