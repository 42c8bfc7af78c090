"""
Which columns come from which: read from the columnLineage of the datasets on the way, when asked.

There is no table of column edges: what a dataset's columns come from is one body for each job that
writes it, decoded when it is read. For a moment in the past it is the body that the job had sent
last by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import msgspec
import sqlalchemy as sa

from fairlead_bridge import ids
from fairlead_bridge.db import tables as t
from fairlead_bridge.errors import NotFound
from fairlead_bridge.letters import column_key
from fairlead_bridge.queries import schema_history
from fairlead_bridge.queries.assets import Asset, assets_by_id, jobs_at
from fairlead_bridge.queries.lineage import Direction, Way
from fairlead_bridge.queries.snapshot import NOW, Row, Snapshot, among

#: In the place of a column: the whole dataset (what filters or joins it affects every column).
WHOLE = "*"

Place = tuple[int, str]  # an asset and one of its columns
T = TypeVar("T")

#: Columns that are named where one is asked for that does not exist.
_NAMED = 20
#: How types begin whose fields a schema need not list.
_NESTED = ("struct", "record", "row", "object", "variant", "json", "super", "map", "array", "list")


@dataclass(frozen=True, slots=True)
class Origin:
    """A column of an asset comes from a column of another dataset."""

    asset_id: int
    column: str
    source_id: int  # a dataset; its asset may have another id
    source_column: str
    transformations: tuple[dict[str, object], ...]
    job_id: int

    @property
    def masked(self) -> bool:
        return any(each.get("masking") is True for each in self.transformations)

    @property
    def indirect(self) -> bool:
        """Whether no value comes through: a filter, a join, a grouping, a condition."""
        kinds = {str(each.get("type", "")).upper() for each in self.transformations}
        return self.column == WHOLE or kinds == {"INDIRECT"}


@dataclass(slots=True)
class ColumnWalk:
    depths: dict[Place, int] = field(default_factory=dict)  # hops, negative upstream
    origins: dict[tuple[Place, Place, int], Origin] = field(default_factory=dict)
    truncated: int = 0  # columns that were found and left out
    _spelled: dict[Place, Place] = field(default_factory=dict)

    def place(self, asset: Asset, column: str) -> Place:
        """A column under the spelling that was met first."""
        key = (asset.id, column_key(asset.namespace, column))
        return self._spelled.setdefault(key, (asset.id, column))


class Columns(Generic[T]):
    """Some columns of an asset: a struct stands for its fields, a field concerns its struct."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._by_key: dict[str, T] = {}
        self._above: dict[str, T] = {}

    def add(self, column: str, value: T) -> None:
        key = column_key(self._namespace, column)
        self._by_key.setdefault(key, value)
        for above in structs_of(key):
            self._above.setdefault(above, value)

    @property
    def any(self) -> T:
        return next(iter(self._by_key.values()))

    def has(self, column: str) -> bool:
        return column_key(self._namespace, column) in self._by_key

    def reached(self, column: str) -> T | None:
        """What was added with a column that this one is, holds or lies in; None without one."""
        key = column_key(self._namespace, column)
        if key == WHOLE:
            return self.any
        for each in (key, WHOLE, *structs_of(key)):
            if each in self._by_key:
                return self._by_key[each]
        return self._above.get(key)


class Input(msgspec.Struct):
    """A column that another one, or a whole dataset, comes from."""

    namespace: str = ""
    name: str = ""
    field: str = ""
    id: int | None = None
    transformations: list[dict[str, object]] | None = None

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

#: Who said what of which dataset's columns.
BODIES = sa.select(
    t.column_lineage.c.dataset_id, t.column_lineage.c.job_id, t.content.c.body
).join_from(t.column_lineage, t.content, t.content.c.digest == t.column_lineage.c.digest)
_BODIES = BODIES.where(among(t.column_lineage.c.dataset_id))
_version = t.column_lineage_version.c
_PAST_BODIES = (
    sa.select(*_version, t.content.c.body)
    .join_from(
        t.column_lineage_version, t.content, t.content.c.digest == _version.digest, isouter=True
    )
    .where(among(_version.dataset_id), _version.first_at <= NOW)
)
_KNOWN = sa.select(t.dataset.c.id).where(among(t.dataset.c.id))
_WRITTEN_BY = (
    sa.select(t.column_lineage.c.dataset_id, t.dataset.c.asset_id)
    .join_from(t.column_lineage, t.dataset, t.dataset.c.id == t.column_lineage.c.dataset_id)
    .where(among(t.column_lineage.c.job_id))
    .distinct()
)


def structs_of(column: str) -> Iterator[str]:
    """The columns that a field lies in, the innermost first.

    >>> list(structs_of("a.b.c"))
    ['a.b', 'a']
    """
    above = column.rpartition(".")[0]
    while above:
        yield above
        above = above.rpartition(".")[0]


def pairs(body: bytes) -> Iterator[tuple[str, Input]]:
    """(column, what it comes from), of a stored column lineage; nothing where it is odd."""
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
    return list(column_origins(snapshot, dict.fromkeys(asset.members, asset.id)))


def named(snapshot: Snapshot, asset: Asset) -> list[str]:
    """The asset's columns that column lineage names, as what is made or what it is made of."""
    members = dict.fromkeys(asset.members, asset.id)
    made = {origin.column for origin in column_origins(snapshot, members)}
    below = column_origins(snapshot, written_from(snapshot, members))
    used = {origin.source_column for origin in below if origin.source_id in members}
    return sorted((made | used) - {WHOLE})


def find(snapshot: Snapshot, asset: Asset, column: str) -> str:
    """
    A column that was asked for, as the schema spells it, or column lineage where no schema has it.

    Where no column of the asset is known at all, it is what was asked for. Raises NotFound.
    """
    if column == WHOLE:
        return column
    schema = schema_history.fields_of(snapshot, asset)
    known = [each.name for each in schema]
    if (spelled := _spelled(asset.namespace, column, known)) is not None:
        return spelled
    above = set(structs_of(column_key(asset.namespace, column)))
    if any(
        column_key(asset.namespace, each.name) in above and _may_have_fields(each, schema)
        for each in schema
    ):
        return column
    by_lineage = named(snapshot, asset)
    if (spelled := _spelled(asset.namespace, column, by_lineage)) is not None:
        return spelled
    known = known or by_lineage
    if not known:
        return column
    more = f" and {len(known) - _NAMED} more" if len(known) > _NAMED else ""
    raise NotFound(
        f"there is no column {column!r} in {asset.name}: it has {', '.join(known[:_NAMED])}{more}"
    )


def _spelled(namespace: str, column: str, known: Sequence[str]) -> str | None:
    """The column itself, or in another case, or as the struct that known fields lie in."""
    if column in known:
        return column
    key = column_key(namespace, column)
    by_key = {column_key(namespace, each): each for each in known}
    if key in by_key:
        return by_key[key]
    return column if any(each.startswith(f"{key}.") for each in by_key) else None


def _may_have_fields(struct: schema_history.Field, schema: Iterable[schema_history.Field]) -> bool:
    if any(each.name.startswith(f"{struct.name}.") for each in schema):
        return False  # they are listed
    return struct.type is None or struct.type.lower().startswith(_NESTED)


def walk(
    snapshot: Snapshot, asset: Asset, column: str, direction: Direction, depth: int, limit: int
) -> ColumnWalk:
    """Every column within `depth` hops of one, nearest first, at most `limit` of them."""
    found = ColumnWalk()
    start = found.place(asset, column)
    found.depths[start] = 0
    ways: tuple[Way, ...] = ("up", "down") if direction == "both" else (direction,)
    for way in ways:
        front, seen = {start}, {start}
        for level in range(1, depth + 1):
            front = _step(snapshot, found, way, front, level, limit) - seen
            seen |= front
            if not front:
                break
    return found


def _step(
    snapshot: Snapshot, found: ColumnWalk, way: Way, front: set[Place], level: int, limit: int
) -> set[Place]:
    known = assets_by_id(snapshot, {asset_id for asset_id, _ in front})
    near: dict[int, Columns[str]] = {}
    for asset_id, column in sorted(front):
        near.setdefault(asset_id, Columns(known[asset_id].namespace)).add(column, column)
    members = {member: asset.id for asset in known.values() for member in asset.members}
    if way == "up":
        steps = list(column_origins(snapshot, members))
    else:
        steps = list(column_origins(snapshot, written_from(snapshot, members)))
    ends = ((origin.source_id, origin.asset_id) for origin in steps)
    assets = assets_by_id(snapshot, {id for pair in ends for id in pair})
    reached: set[Place] = set()
    for origin in steps:
        if origin.source_id not in assets:
            continue
        target = found.place(assets[origin.asset_id], origin.column)
        source = found.place(assets[origin.source_id], origin.source_column)
        here, there = (target, source) if way == "up" else (source, target)
        # What affects the rows affects every column; a struct begins at each of its fields.
        if here[0] not in near or near[here[0]].reached(here[1]) is None:
            continue
        found.depths.setdefault(here, level - 1 if way == "down" else 1 - level)
        if there not in found.depths:
            if len(found.depths) >= limit:
                found.truncated += 1
                continue
            found.depths[there] = level if way == "down" else -level
        found.origins[source, target, origin.job_id] = origin
        reached.add(there)
    return reached


def written_from(snapshot: Snapshot, members: Iterable[int]) -> dict[int, int]:
    """Datasets written by the jobs that read these: {dataset id: asset id}."""
    readers = {job for jobs in jobs_at(snapshot, members, writing=False).values() for job in jobs}
    return {row.dataset_id: row.asset_id for row in snapshot.each(_WRITTEN_BY, readers)}


def column_origins(snapshot: Snapshot, members: dict[int, int]) -> Iterator[Origin]:
    """What the columns of these datasets come from; `members` says whose name each is."""
    rows = sorted(bodies(snapshot, members), key=lambda row: (row.dataset_id, row.job_id))
    named = [(row, *pair) for row in rows for pair in pairs(row.body)]
    known = seen(snapshot, (each.dataset for _, _, each in named))
    for row, column, each in named:
        if known is None or each.dataset in known:
            yield Origin(
                asset_id=members[row.dataset_id],
                column=column,
                source_id=each.dataset,
                source_column=each.field,
                transformations=tuple(each.transformations or ()),
                job_id=row.job_id,
            )


def seen(snapshot: Snapshot, dataset_ids: Iterable[int]) -> set[int] | None:
    """Those of the datasets that are seen; None where all are."""
    if snapshot.scope.sees_all:
        return None
    return {row.id for row in snapshot.each(_KNOWN, dataset_ids)}


def bodies(snapshot: Snapshot, members: Iterable[int]) -> Iterable[Row]:
    """The column lineage that each job had sent last of each of these datasets."""
    if not snapshot.past:
        return snapshot.each(_BODIES, members)
    newest: dict[tuple[int, int], Row] = {}
    for row in snapshot.each(_PAST_BODIES, members):
        key = (row.dataset_id, row.job_id)
        if key not in newest or snapshot.held(row) > snapshot.held(newest[key]):
            newest[key] = row
    return [row for row in newest.values() if row.body is not None]  # None: it was deleted
