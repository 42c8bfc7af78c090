"""
Which columns come from which: read from the columnLineage of the datasets on the way, when asked.

There is no table of column edges: what a dataset's columns come from is one body for each job that
writes it, decoded when somebody looks. For a moment in the past it is the body that the job had told
last by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import sqlalchemy as sa

from fairlead_bridge import ids
from fairlead_bridge.catalog import read
from fairlead_bridge.catalog.lineage import Direction, Way
from fairlead_bridge.catalog.read import Asset, Row
from fairlead_bridge.catalog.snapshot import NOW, Snapshot, among
from fairlead_bridge.db import tables as t

#: In the place of a column: the whole dataset (what filters or joins it touches every column).
WHOLE = "*"

Place = tuple[int, str]  # an asset and one of its columns


@dataclass(frozen=True, slots=True)
class Origin:
    """A column of an asset comes from a column of another dataset."""

    asset_id: int
    column: str
    source_id: int  # a dataset; its asset may have another id
    source_column: str
    transformations: tuple[dict[str, Any], ...]
    job_id: int

    @property
    def masked(self) -> bool:
        return any(each.get("masking") is True for each in self.transformations)


@dataclass(slots=True)
class ColumnWalk:
    depths: dict[Place, int] = field(default_factory=dict)  # hops, negative upstream
    origins: dict[tuple[Place, Place, int], Origin] = field(default_factory=dict)
    truncated: int = 0  # columns that were found and left out


class Input(msgspec.Struct):
    """A column that another one, or a whole dataset, comes from."""

    namespace: str = ""
    name: str = ""
    field: str = ""
    id: int | None = None
    transformations: list[dict[str, Any]] | None = None

    @property
    def dataset(self) -> int:
        """The id of the dataset it is a column of."""
        return ids.dataset_id(self.namespace, self.name) if self.id is None else self.id


class _Output(msgspec.Struct):
    inputFields: list[Input] = []  # noqa: N815  (OpenLineage's name)


class _Body(msgspec.Struct):
    fields: dict[str, _Output] = {}
    dataset: list[Input] = []


_body = msgspec.json.Decoder(_Body)

_BODIES = (
    sa.select(t.column_lineage.c.dataset_id, t.column_lineage.c.job_id, t.content.c.body)
    .join_from(t.column_lineage, t.content, t.content.c.digest == t.column_lineage.c.digest)
    .where(among(t.column_lineage.c.dataset_id))
)
_version = t.column_lineage_version.c
_PAST_BODIES = (
    sa.select(*_version, t.content.c.body)
    .join_from(
        t.column_lineage_version, t.content, t.content.c.digest == _version.digest, isouter=True
    )
    .where(among(_version.dataset_id), _version.first_at <= NOW)
)
_WRITTEN_BY = (
    sa.select(t.column_lineage.c.dataset_id, t.dataset.c.asset_id)
    .join_from(t.column_lineage, t.dataset, t.dataset.c.id == t.column_lineage.c.dataset_id)
    .where(among(t.column_lineage.c.job_id))
    .distinct()
)


def pairs(body: bytes) -> Iterator[tuple[str, Input]]:
    """(column, what it comes from), as a stored column lineage tells; nothing where it is odd."""
    try:
        lineage = _body.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    for column, output in lineage.fields.items():
        for each in output.inputFields:
            yield column, each
    for each in lineage.dataset:
        yield WHOLE, each


def origins(snapshot: Snapshot, asset: Asset) -> list[Origin]:
    """What the asset's columns come from, one hop up."""
    return list(told(snapshot, dict.fromkeys(asset.members, asset.id)))


def walk(
    snapshot: Snapshot, asset: Asset, column: str, direction: Direction, depth: int, limit: int
) -> ColumnWalk:
    """Every column within `depth` hops of one, nearest first, at most `limit` of them."""
    found = ColumnWalk({(asset.id, column): 0})
    ways: tuple[Way, ...] = ("up", "down") if direction == "both" else (direction,)
    for way in ways:
        front, seen = {(asset.id, column)}, {(asset.id, column)}
        for level in range(1, depth + 1):
            front = _step(snapshot, found, way, front, level, limit) - seen
            seen |= front
            if not front:
                break
    return found


def _step(
    snapshot: Snapshot, found: ColumnWalk, way: Way, front: set[Place], level: int, limit: int
) -> set[Place]:
    near = read.assets(snapshot, {asset_id for asset_id, _ in front})
    members = {member: asset.id for asset in near.values() for member in asset.members}
    if way == "up":
        steps = list(told(snapshot, members))
    else:
        steps = list(told(snapshot, _written_from(snapshot, members)))
    assets = read.assets(snapshot, {origin.source_id for origin in steps})
    reached: set[Place] = set()
    for origin in steps:
        if origin.source_id not in assets:
            continue
        target = (origin.asset_id, origin.column)
        source = (assets[origin.source_id].id, origin.source_column)
        here, there = (target, source) if way == "up" else (source, target)
        if here not in front and (here[0], WHOLE) not in front:
            continue
        # A walk from a whole dataset begins at each of its columns.
        found.depths.setdefault(here, level - 1 if way == "down" else 1 - level)
        if there not in found.depths:
            if len(found.depths) >= limit:
                found.truncated += 1
                continue
            found.depths[there] = level if way == "down" else -level
        found.origins[source, target, origin.job_id] = origin
        reached.add(there)
    return reached


def _written_from(snapshot: Snapshot, members: Iterable[int]) -> dict[int, int]:
    """Datasets written by the jobs that read these: {dataset id: asset id}."""
    readers = {
        job for jobs in read.jobs_at(snapshot, members, writing=False).values() for job in jobs
    }
    return {row.dataset_id: row.asset_id for row in snapshot.each(_WRITTEN_BY, readers)}


def told(snapshot: Snapshot, members: dict[int, int]) -> Iterator[Origin]:
    """What the columns of these datasets come from; `members` says whose name each is."""
    found = snapshot.each(_BODIES, members) if not snapshot.past else _then(snapshot, members)
    for row in sorted(found, key=lambda row: (row.dataset_id, row.job_id)):
        for column, each in pairs(row.body):
            yield Origin(
                asset_id=members[row.dataset_id],
                column=column,
                source_id=each.dataset,
                source_column=each.field,
                transformations=tuple(each.transformations or ()),
                job_id=row.job_id,
            )


def _then(snapshot: Snapshot, members: Iterable[int]) -> Iterable[Row]:
    """What each job had told of each dataset when it was told last before the moment."""
    newest: dict[tuple[int, int], Row] = {}
    for row in snapshot.each(_PAST_BODIES, members):
        key = (row.dataset_id, row.job_id)
        if key not in newest or snapshot.held(row) > snapshot.held(newest[key]):
            newest[key] = row
    return [row for row in newest.values() if row.body is not None]  # None: it was taken back
