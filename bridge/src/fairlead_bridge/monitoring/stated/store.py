"""Stated expectations in the database."""

from __future__ import annotations

from collections.abc import Callable, Collection
from fnmatch import fnmatchcase
from typing import Any

import msgspec
import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.db.bulk import Row, chunks, upsert
from fairlead_bridge.documents import Json
from fairlead_bridge.insight.expectations import Kind, Source
from fairlead_bridge.monitoring import queue
from fairlead_bridge.monitoring.stated.entry import Stated
from fairlead_bridge.queries.jobs import jobs_named
from fairlead_bridge.queries.names import readings

_e = t.expectation.c

#: Sources that one file, with the files that it names, replaces as a whole.
OF_FILES: tuple[Source, ...] = ("file", "contract", "dbt")

Identify = Callable[[str, str], int | None]


def put(tx: sa.Connection, stated: Stated, identify: Identify, now: int) -> None:
    """State an expectation from `now` on; one of the same source, node and kind ends."""
    end(tx, stated.source, stated.node, stated.statement.kind, now)
    row = _row(stated, identify, now)
    upsert(tx, t.expectation, [row])
    queue.touch(tx, _concerned(tx, [row]), now)


def end(tx: sa.Connection, source: Source, node: str, kind: Kind | None, now: int) -> int:
    """End what the source states of the node, of one kind or of all; returns how many ended."""
    holds = [_e.source == source, _e.node == node, _e.until_at.is_(None)]
    if kind is not None:
        holds.append(_e.kind == kind)
    rows = [dict(row) for row in tx.execute(sa.select(t.expectation).where(*holds)).mappings()]
    queue.touch(tx, _concerned(tx, rows), now)
    tx.execute(sa.delete(t.expectation).where(*holds, _e.since_at >= now))
    tx.execute(sa.update(t.expectation).where(*holds).values(until_at=now))
    return len(rows)


def replace(tx: sa.Connection, stated: Collection[Stated], identify: Identify, now: int) -> None:
    """
    The files' expectations are these, and no others.

    They are configuration, which counts for every moment that is asked about.
    """
    rows = {_key(row): row for row in (_row(each, identify, each.since_at) for each in stated)}
    of_files = sa.select(t.expectation).where(_e.source.in_(OF_FILES))
    there = {_key(row): dict(row) for row in tx.execute(of_files).mappings()}
    changed = [
        row for key, row in (*there.items(), *rows.items()) if there.get(key) != rows.get(key)
    ]
    if changed:
        tx.execute(sa.delete(t.expectation).where(_e.source.in_(OF_FILES)))
        upsert(tx, t.expectation, list(rows.values()))
        queue.touch(tx, _concerned(tx, changed), now)


def _concerned(tx: sa.Connection, rows: Collection[Row]) -> set[int]:
    """The assets and jobs that these rows speak of, as far as they are known."""
    found: set[int] = set()
    for part in chunks([row["target"] for row in rows if row["target"] is not None]):
        found.update(tx.scalars(sa.select(t.dataset.c.asset_id).where(t.dataset.c.id.in_(part))))
        found.update(tx.scalars(sa.select(t.job.c.id).where(t.job.c.id.in_(part))))
    patterns = {row["node"] for row in rows if row["target"] is None}
    for kind, table, id in (
        ("dataset", t.dataset, t.dataset.c.asset_id),
        ("job", t.job, t.job.c.id),
    ):
        of_kind = [node for node in patterns if node.startswith(kind)]
        for row in tx.execute(sa.select(id, table.c.namespace, table.c.name)) if of_kind else ():
            node = f"{kind}:{row[1]}:{row[2]}"
            if any(fnmatchcase(node, pattern) for pattern in of_kind):
                found.add(row[0])
    return found


def _key(row: Any) -> tuple[Any, ...]:
    return row["source"], row["node"], row["kind"], row["since_at"]


def _row(stated: Stated, identify: Identify, since_at: int) -> Json:
    return {
        "source": stated.source,
        "node": stated.node,
        "kind": stated.statement.kind,
        "since_at": since_at,
        "until_at": None,
        "target": None if stated.is_pattern else _target(stated.node, identify),
        "body": msgspec.json.encode(stated.statement),
        "origin": stated.origin,
    }


def _target(node: str, identify: Identify) -> int | None:
    """The id of the dataset or job that the node means, however it is spelled."""
    kind, _, rest = node.partition(":")
    if kind == "job":
        return next(iter(jobs_named(rest)), None)
    return next((id for each in readings(rest) if (id := identify(*each)) is not None), None)
