"""Expectations that people and files state of some datasets and jobs, as of a moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

import msgspec
import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.errors import Wrong
from fairlead_bridge.insight.expectations import SOURCES, Expectation, Source
from fairlead_bridge.insight.statements import Statement, expectation
from fairlead_bridge.queries.snapshot import NOW, Row, Snapshot, among

_e = t.expectation.c
_HOLD = (_e.since_at <= NOW, sa.or_(_e.until_at.is_(None), _e.until_at > NOW))
_ANY = sa.select(_e.node).limit(1)
_PATTERNS = sa.select(t.expectation).where(_e.target.is_(None), *_HOLD)
_BY_NODE = sa.select(t.expectation).where(among(_e.node), *_HOLD)
_BY_TARGET = sa.select(t.expectation).where(among(_e.target), *_HOLD)
_DATASETS = sa.select(
    t.dataset.c.id, t.dataset.c.asset_id, t.dataset.c.namespace, t.dataset.c.name
).where(among(t.dataset.c.asset_id))
_JOBS = sa.select(t.job.c.id, t.job.c.namespace, t.job.c.name).where(among(t.job.c.id))


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the table with what it expects."""

    row: Row
    expectation: Expectation


def of(snapshot: Snapshot, ids: Iterable[int]) -> dict[int, list[Entry]]:
    """What is stated of each of these assets and jobs, the strongest first."""
    asked = set(ids)
    if not asked or snapshot.first(_ANY) is None:
        return {}
    nodes, owner = _names(snapshot, asked)
    found: dict[int, list[tuple[tuple[int, ...], Entry]]] = {}

    def add(id: int, row: Row, closeness: int) -> None:
        entry = _entry(row)
        if entry is not None:
            rank = (SOURCES.index(row.source), -closeness, -row.since_at)
            found.setdefault(id, []).append((rank, entry))

    exact = 1 << 20
    for row in _exact(snapshot, nodes, owner):
        id = nodes.get(row.node) or owner.get(row.target)
        if id is not None:
            add(id, row, exact)
    for row in snapshot.rows(_PATTERNS):
        for id in {id for node, id in nodes.items() if fnmatchcase(node, row.node)}:
            add(id, row, len(row.node))
    return {id: _in_order(each) for id, each in found.items()}


def _in_order(found: list[tuple[tuple[int, ...], Entry]]) -> list[Entry]:
    return [
        entry
        for _, entry in sorted(
            found, key=lambda each: (each[0], each[1].row.node, each[1].row.kind)
        )
    ]


def _exact(snapshot: Snapshot, nodes: Iterable[str], targets: Iterable[int]) -> list[Row]:
    """The rows that name one of these, by its name or by another spelling of it."""
    rows = [*snapshot.each(_BY_NODE, nodes), *snapshot.each(_BY_TARGET, targets)]
    return list({(row.source, row.node, row.kind, row.since_at): row for row in rows}.values())


def _names(snapshot: Snapshot, ids: set[int]) -> tuple[dict[str, int], dict[int, int]]:
    """The asset or job that each node means, and that each id of a name belongs to."""
    nodes: dict[str, int] = {}
    owner: dict[int, int] = {}
    for row in snapshot.each(_DATASETS, ids):
        nodes[f"dataset:{row.namespace}:{row.name}"] = owner[row.id] = row.asset_id
    for row in snapshot.each(_JOBS, ids - set(owner.values())):
        nodes[f"job:{row.namespace}:{row.name}"] = owner[row.id] = row.id
    return nodes, owner


def listed(snapshot: Snapshot) -> list[Entry]:
    """All that is stated, by node, the strongest first."""
    rows = snapshot.rows(sa.select(t.expectation).where(*_HOLD))
    rows.sort(key=lambda row: (row.node, SOURCES.index(row.source), row.kind))
    return [entry for entry in map(_entry, rows) if entry is not None]


def _entry(row: Any) -> Entry | None:
    found = _expectation(row.body, row.source, row.origin)
    return Entry(row, found) if found is not None else None


@lru_cache(maxsize=16_384)
def _expectation(body: bytes, source: Source, origin: str) -> Expectation | None:
    try:
        return expectation(msgspec.json.decode(body, type=Statement), source, origin)
    except (Wrong, msgspec.DecodeError):  # stored by a version that knows more
        return None
