"""
Finding things by a part of their name: datasets, jobs and columns.

Words are looked for in namespace and name, all of them, in any case. The best come first: the
exact name, then names that begin with what was asked, then the shortest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.queries import labels, schema_history
from fairlead_bridge.queries.assets import assets_by_id, page_of_datasets
from fairlead_bridge.queries.filters import AssetFilter
from fairlead_bridge.queries.jobs import page_of_jobs
from fairlead_bridge.queries.names import words
from fairlead_bridge.queries.snapshot import Snapshot

#: Candidates of each kind that are ranked, for each hit wanted.
CANDIDATES = 10


@dataclass(frozen=True, slots=True)
class Match:
    kind: Literal["dataset", "job", "column"]
    id: int
    namespace: str
    name: str
    detail: str | None  # the column, or the job's kind


def search(snapshot: Snapshot, q: str, limit: int) -> list[Match]:
    """
    The best `limit` matches. What matches by name comes before what has such a column, and that
    before what has such a tag.
    """
    asked = " ".join(words(q))
    if not asked:
        return []
    named = [*_datasets(snapshot, asked, limit), *_jobs(snapshot, asked, limit)]
    named.sort(key=lambda match: _rank(match, asked.lower()))
    if len(named) < limit:
        named += _columns(snapshot, asked, limit - len(named))
    if len(named) < limit:
        named += [match for match in _tagged(snapshot, asked, limit) if match not in named]
    return named[:limit]


def _datasets(snapshot: Snapshot, asked: str, limit: int) -> list[Match]:
    exact = page_of_datasets(snapshot, AssetFilter(name=asked), limit)
    part = page_of_datasets(snapshot, AssetFilter(q=asked), CANDIDATES * limit)
    found = {asset.id: asset for asset in (*exact, *part)}
    return [
        Match("dataset", asset.id, asset.namespace, asset.name, asset.kind)
        for asset in found.values()
    ]


def _jobs(snapshot: Snapshot, asked: str, limit: int) -> list[Match]:
    exact = page_of_jobs(snapshot, AssetFilter(name=asked), limit)
    part = page_of_jobs(snapshot, AssetFilter(q=asked), CANDIDATES * limit)
    found = {row.id: row for row in (*exact, *part)}
    return [Match("job", row.id, row.namespace, row.name, row.kind) for row in found.values()]


def _columns(snapshot: Snapshot, asked: str, limit: int) -> list[Match]:
    """Columns whose name holds the one word asked for."""
    if " " in asked:
        return []
    statement = (
        sa.select(t.schema_version.c.dataset_id, t.content.c.body)
        .join(t.content, t.content.c.digest == t.schema_version.c.digest)
        # a rough sieve in the database; what passes is decoded
        .where(sa.cast(t.content.c.body, sa.Text).icontains(asked, autoescape=True))
        .limit(CANDIDATES * limit)
    )
    if snapshot.tx.dialect.name == "postgresql":
        statement = (
            sa.select(t.schema_version.c.dataset_id, t.content.c.body)
            .join(t.content, t.content.c.digest == t.schema_version.c.digest)
            .where(sa.func.convert_from(t.content.c.body, "UTF8").icontains(asked, autoescape=True))
            .limit(CANDIDATES * limit)
        )
    rows = snapshot.rows(statement)
    assets = assets_by_id(snapshot, (row.dataset_id for row in rows))
    found: dict[tuple[int, str], Match] = {}
    for row in rows:
        asset = assets[row.dataset_id]
        for column in _matching(
            schema_history.flat(schema_history.read_fields(row.body)), asked.lower()
        ):
            match = Match("column", asset.id, asset.namespace, asset.name, column)
            found.setdefault((asset.id, column), match)
    return sorted(found.values(), key=lambda match: _rank(match, asked.lower()))[:limit]


def _tagged(snapshot: Snapshot, asked: str, limit: int) -> list[Match]:
    """Datasets and columns with a tag that says it."""
    places = labels.tagged(snapshot, asked.lower(), limit)
    assets = assets_by_id(snapshot, (dataset for dataset, _ in places))
    found = [(assets[dataset], column) for dataset, column in places if dataset in assets]
    return [
        Match(
            "column" if column else "dataset",
            asset.id,
            asset.namespace,
            asset.name,
            column or asset.kind,
        )
        for asset, column in found
    ]


def _matching(fields: Iterable[schema_history.Field], asked: str) -> list[str]:
    return [item.name for item in fields if asked in item.name.lower()]


def _rank(match: Match, asked: str) -> tuple[int, int, str, str, str]:
    shown = (match.detail if match.kind == "column" else match.name) or ""
    name = shown.lower()
    last = name.replace("/", ".").rpartition(".")[2]
    if asked in (name, last):
        place = 0
    elif name.startswith(asked) or last.startswith(asked):
        place = 1
    else:
        place = 2 if asked in name else 3
    return place, len(shown), match.namespace, match.name, match.kind
