"""Reads the schemas that datasets had, and how they changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import msgspec
import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.letters import column_key
from fairlead_bridge.queries.assets import Asset
from fairlead_bridge.queries.snapshot import NOW, Row, Select, Snapshot, among
from fairlead_bridge.queries.standing import BROKEN


class Field(msgspec.Struct, frozen=True):
    """A column of a schema; nested ones have columns of their own."""

    name: str
    type: str | None = None
    description: str | None = None
    fields: list[Field] = []


@dataclass(frozen=True, slots=True)
class FieldChange:
    change: Literal["added", "removed", "type"]
    column: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Version:
    """One of the schemas that an asset has had."""

    asset_id: int
    number: int  # 1 is the oldest
    digest: bytes
    first_at: int
    last_at: int
    first_run: int | None  # alias
    fields: tuple[Field, ...] = ()  # nested ones by their path, "a.b.c"
    changes: tuple[FieldChange, ...] = field(default=())
    is_change: bool = False  # against what the same side sent before, beyond types it left out


class _Sent(NamedTuple):
    """A schema as the table has it; `written`: by a run that did not fail."""

    dataset_id: int
    digest: bytes
    first_at: int
    first_run: int | None
    last_at: int
    written: int


_SENT = _Sent._fields
_fields = msgspec.json.Decoder(list[Field])


def versions(snapshot: Snapshot, members: Mapping[int, int]) -> dict[int, list[Version]]:
    """
    The schemas of assets, oldest first, each with what it changed.

    `members` says for each dataset's id whose name it is. What writers and owners say counts;
    what readers saw only where no writer sent any. A reader may have read a part: what one saw is
    compared with what its own job saw before, not with what others did.
    """
    ordered = _versions(snapshot, members)
    bodies = _bodies(snapshot, (row.digest for rows in ordered.values() for row in rows))
    readers = _readers(snapshot, (row for rows in ordered.values() for row in rows))
    places = namespaces(snapshot, (asset for asset, rows in ordered.items() if rows[1:]))
    answer: dict[int, list[Version]] = {}
    for asset_id, rows in ordered.items():
        last_fields: dict[int | None, tuple[Field, ...]] = {}
        place = places.get(asset_id, "")
        for number, row in enumerate(_tables(rows, bodies), start=1):
            side = readers.get(row.first_run)
            before = last_fields.get(side)
            fields = tuple(flat(read_fields(bodies.get(row.digest, b"[]"))))
            if before is not None:  # a type that one of both left out did not change
                fields = _with_types(fields, before)
                before = _with_types(before, fields)
            answer.setdefault(asset_id, []).append(
                Version(
                    asset_id,
                    number,
                    row.digest,
                    row.first_at,
                    row.last_at,
                    row.first_run,
                    fields,
                    diff(before, fields, place) if before is not None else (),
                    is_change=before is not None
                    and _compared(before, place) != _compared(fields, place),
                )
            )
            last_fields[side] = fields
    return answer


_JOBS_OF_ALIASES = (
    sa.select(t.run_alias.c.alias, t.run.c.job_id)
    .join_from(t.run_alias, t.run, t.run.c.id == t.run_alias.c.id)
    .where(among(t.run_alias.c.alias))
)


def _readers(snapshot: Snapshot, rows: Iterable[_Sent]) -> dict[int | None, int]:
    """The job of the run that brought each schema that only readers sent, by the run's alias."""
    aliases = {row.first_run for row in rows if not row.written and row.first_run is not None}
    return {row.alias: row.job_id for row in snapshot.each(_JOBS_OF_ALIASES, aliases)}


def _tables(rows: Sequence[_Sent], bodies: Mapping[bytes, bytes]) -> list[_Sent]:
    """The schemas without that of any text, as Spark reads a file to learn its header."""
    tables = [row for row in rows if row.written or not _is_text(bodies.get(row.digest, b"[]"))]
    return tables or list(rows)


def _is_text(body: bytes) -> bool:
    return [item.name for item in read_fields(body)] == ["value"]


def _with_types(fields: tuple[Field, ...], before: Iterable[Field]) -> tuple[Field, ...]:
    """The columns with the types that they had before, where none is sent now."""
    known = {item.name: item.type for item in before}
    return tuple(
        msgspec.structs.replace(item, type=known.get(item.name)) if item.type is None else item
        for item in fields
    )


def current(
    snapshot: Snapshot, versions: Iterable[_Sent], widths: Mapping[bytes, int]
) -> _Sent | None:
    """
    The schema that an asset has: what its writers sent last. Where only readers sent one, the widest of
    what each of their jobs saw last, for a reader may have read a part.
    """
    rows = list(versions)
    if not any(row.written for row in rows):
        readers = _readers(snapshot, rows)
        last: dict[int | None, _Sent] = {}
        for row in sorted(rows, key=snapshot.held):
            last[readers.get(row.first_run)] = row
        return max(
            last.values(),
            key=lambda row: (widths.get(row.digest, 0), snapshot.held(row)),
            default=None,
        )
    return max(rows, key=snapshot.held, default=None)


def columns(snapshot: Snapshot, members: Mapping[int, int]) -> dict[int, int]:
    """How many columns (nested ones not counted) each asset's newest schema has."""
    return {
        asset_id: len(read_fields(body))
        for asset_id, (_, body) in newest(snapshot, members).items()
    }


@dataclass(frozen=True, slots=True)
class Present:
    """The schema that an asset has; it is not `is_whole` where only readers sent it."""

    fields: tuple[Field, ...]
    is_whole: bool
    first_at: int
    first_run: int | None  # alias


def present(snapshot: Snapshot, members: Mapping[int, int]) -> dict[int, Present]:
    """The schemas that assets have, nested columns left in their places."""
    rows = _newest(snapshot, members)
    bodies = _bodies(snapshot, {row.digest for row in rows.values()})
    return {
        id: Present(
            tuple(read_fields(bodies[row.digest])), bool(row.written), row.first_at, row.first_run
        )
        for id, row in rows.items()
        if row.digest in bodies
    }


def newest(snapshot: Snapshot, members: Mapping[int, int]) -> dict[int, tuple[bytes, bytes]]:
    """(digest, body) of the schema that each asset has."""
    rows = _newest(snapshot, members)
    bodies = _bodies(snapshot, {row.digest for row in rows.values()})
    return {
        id: (row.digest, bodies[row.digest]) for id, row in rows.items() if row.digest in bodies
    }


def _newest(snapshot: Snapshot, members: Mapping[int, int]) -> dict[int, _Sent]:
    ordered = _versions(snapshot, members)
    digests = {row.digest for rows in ordered.values() for row in rows if not row.written}
    bodies = _bodies(snapshot, digests)
    widths = {digest: len(read_fields(body)) for digest, body in bodies.items()}
    found = {id: current(snapshot, _tables(rows, bodies), widths) for id, rows in ordered.items()}
    return {id: row for id, row in found.items() if row is not None}


def fields_of(snapshot: Snapshot, asset: Asset) -> tuple[Field, ...]:
    """The columns of an asset's newest schema, nested ones by their path."""
    found = newest(snapshot, dict.fromkeys(asset.members, asset.id)).get(asset.id)
    return tuple(flat(read_fields(found[1]))) if found is not None else ()


def changes(
    snapshot: Snapshot, limit: int, after: tuple[int, int] | None = None
) -> list[tuple[int, int, Version]]:
    """
    Schema changes, newest first, as (first_at, dataset id, version).

    `after` is (first_at, dataset id) of the last one seen. What only spells columns or types in
    other letters is no change.
    """
    found: list[tuple[int, int, Version]] = []
    while len(found) < limit:
        rows = snapshot.rows(_maybe_changes(after).limit(limit))
        asset_of = _asset_of(snapshot, {row.dataset_id for row in rows})
        known = {
            (version.asset_id, version.digest): version
            for listed in versions(snapshot, asset_of).values()
            for version in listed
        }
        for row in rows:
            version = known.get((asset_of[row.dataset_id], row.digest))
            if version is not None and version.is_change:
                found.append((row.first_at, row.dataset_id, version))
        if len(rows) < limit:
            break
        after = (rows[-1].first_at, rows[-1].dataset_id)
    return found[:limit]


def _maybe_changes(after: tuple[int, int] | None) -> Select:
    """Schemas of datasets that had another before: the first one is no change."""
    mine, other = t.schema_version, t.schema_version.alias("other")
    earlier = sa.exists().where(
        other.c.dataset_id == mine.c.dataset_id,
        other.c.written == mine.c.written,
        sa.tuple_(other.c.first_at, other.c.digest) < sa.tuple_(mine.c.first_at, mine.c.digest),
    )
    statement = sa.select(mine.c.dataset_id, mine.c.first_at, mine.c.digest).where(earlier)
    if after is not None:
        statement = statement.where(
            sa.tuple_(mine.c.first_at, mine.c.dataset_id) < sa.tuple_(*after)
        )
    return statement.order_by(mine.c.first_at.desc(), mine.c.dataset_id.desc())


_name = t.dataset.alias("name")
_ASSET_OF = (
    sa.select(t.dataset.c.id, t.dataset.c.asset_id)
    .join(_name, _name.c.asset_id == t.dataset.c.asset_id)
    .where(among(_name.c.id))
)
_FAILED = (
    sa.select(t.run_alias.c.alias)
    .join_from(t.run_alias, t.run, t.run.c.id == t.run_alias.c.id)
    .where(among(t.run_alias.c.alias), t.run.c.state.in_(sorted(BROKEN)))
)
_MADE = (
    sa.select(t.run_dataset.c.dataset_id, t.run_dataset.c.schema_digest)
    .where(among(t.run_dataset.c.dataset_id), t.run_dataset.c.role == "output")
    .where(t.run_dataset.c.written_at.is_not(None))
    .distinct()
)
_VERSIONS = sa.select(*t.schema_version.c[_SENT]).where(among(t.schema_version.c.dataset_id))
_BODIES = sa.select(t.content).where(among(t.content.c.digest))


_NAMESPACES = sa.select(t.dataset.c.id, t.dataset.c.namespace).where(among(t.dataset.c.id))


def namespaces(snapshot: Snapshot, assets: Iterable[int]) -> dict[int, str]:
    """Where each asset is, which says how the letters of its columns compare."""
    return {row.id: row.namespace for row in snapshot.each(_NAMESPACES, assets)}


def _asset_of(snapshot: Snapshot, dataset_ids: Iterable[int]) -> dict[int, int]:
    """The assets of some datasets, with all of their names: {dataset id: asset id}."""
    return {row.id: row.asset_id for row in snapshot.each(_ASSET_OF, dataset_ids)}


def _versions(snapshot: Snapshot, members: Mapping[int, int]) -> dict[int, list[_Sent]]:
    """The schema rows of each asset that count, oldest first; one for each content."""
    statement = _VERSIONS
    if snapshot.past:
        statement = statement.where(t.schema_version.c.first_at <= NOW)
    versions: dict[int, dict[bytes, _Sent]] = {}
    for row in _without_failures(snapshot, list(snapshot.each(statement, members))):
        rows = versions.setdefault(members[row.dataset_id], {})
        known = rows.get(row.digest)
        if known is None or (-row.written, row.first_at) < (-known.written, known.first_at):
            rows[row.digest] = row
    answer = {}
    for asset_id, rows in versions.items():
        counting = [row for row in rows.values() if row.written] or list(rows.values())
        answer[asset_id] = sorted(counting, key=lambda row: (row.first_at, row.digest))
    return answer


def _without_failures(snapshot: Snapshot, rows: Sequence[Row]) -> Iterable[_Sent]:
    """
    The schemas, those that only failed runs wrote as if a reader had sent them.

    Spark sends a failed query's schema with its COMPLETE as well, so that events do not show it.
    """
    began = {row.first_run for row in rows if row.written and row.first_run is not None}
    failed = {row.alias for row in snapshot.each(_FAILED, began)}
    doubtful = {row.dataset_id for row in rows if row.first_run in failed}
    made = {(row.dataset_id, row.schema_digest) for row in snapshot.each(_MADE, doubtful)}
    for row in rows:
        wrote = row.first_run not in failed or (row.dataset_id, row.digest) in made
        written = row.written if wrote else 0
        yield _Sent(row.dataset_id, row.digest, row.first_at, row.first_run, row.last_at, written)


def _bodies(snapshot: Snapshot, digests: Iterable[bytes]) -> dict[bytes, bytes]:
    return {row.digest: row.body for row in snapshot.each(_BODIES, digests)}


def fields(snapshot: Snapshot, digests: Iterable[bytes]) -> dict[bytes, tuple[Field, ...]]:
    """The columns of schemas by their digests, nested ones by their path."""
    bodies = _bodies(snapshot, digests)
    return {digest: tuple(flat(read_fields(body))) for digest, body in bodies.items()}


def read_fields(body: bytes) -> list[Field]:
    try:
        return _fields.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []


def flat(fields: Iterable[Field], prefix: str = "") -> list[Field]:
    """All columns, nested ones by their path: "address.street"."""
    found = []
    for item in fields:
        path = f"{prefix}{item.name}"
        found.append(Field(path, item.type, item.description))
        found.extend(flat(item.fields, f"{path}."))
    return found


def diff(
    before: Iterable[Field], after: Iterable[Field], namespace: str = ""
) -> tuple[FieldChange, ...]:
    """
    What makes `after` of `before`, in the columns' order; removed ones last.

    Names are compared as the platform at `namespace` does. The letters of types never make a
    difference.
    """
    old = {_folded(item, namespace).name: item for item in before}
    new = {_folded(item, namespace).name: item for item in after}
    found: list[FieldChange] = []
    for key, item in new.items():
        if key not in old:
            found.append(FieldChange("added", item.name, None, item.type))
        elif _folded(old[key], namespace).type != _folded(item, namespace).type:
            found.append(FieldChange("type", item.name, old[key].type, item.type))
    found.extend(
        FieldChange("removed", item.name, item.type, None)
        for key, item in old.items()
        if key not in new
    )
    return tuple(found)


def _folded(item: Field, namespace: str) -> Field:
    """The column as it is compared."""
    name = column_key(namespace, item.name)
    kind = item.type.lower() if item.type is not None else None
    return msgspec.structs.replace(item, name=name, type=kind)


def _compared(fields: Iterable[Field], namespace: str) -> list[Field]:
    return [_folded(item, namespace) for item in fields]
