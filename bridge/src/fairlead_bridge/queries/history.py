"""How things went before: a job's newest runs and their durations, a dataset's schemas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.letters import folds_columns
from fairlead_bridge.queries import standing
from fairlead_bridge.queries.assets import Asset
from fairlead_bridge.queries.outermost import around
from fairlead_bridge.queries.runs import RUNS
from fairlead_bridge.queries.snapshot import NOW, Row, Snapshot, among, shown_state
from fairlead_bridge.queries.standing import Round

#: Newest runs of a job that its figures in lists and graphs are made from.
WINDOW = 15

# --- runs of jobs -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recent:
    """A job's newest runs."""

    newest: int  # the run that its state is taken from
    states: tuple[str, ...]  # of its rounds, oldest first, at most WINDOW
    p50: float | None  # seconds, over the successful ones of these
    p95: float | None

    @property
    def state(self) -> str:
        return self.states[-1]


_OF_RUN = tuple(
    t.run.c[name]
    for name in [
        "id",
        "job_id",
        "at",
        "ended_at",
        "duration",
        "dag_run",
        "instance",
        "map_index",
        "try_number",
    ]
)


def _newest_runs(count: int, *, past: bool) -> sa.Select[Any]:
    """The newest `count` runs of some jobs (a few more where several began in one instant)."""
    older = t.run.alias("older")
    bound = sa.select(older.c.at).where(older.c.job_id == t.job.c.id)
    since = t.run.c.job_id == t.job.c.id
    if past:
        bound = bound.where(older.c.at <= NOW)
        since = sa.and_(since, t.run.c.at <= NOW)
    last = bound.order_by(older.c.at.desc()).limit(1).offset(count - 1).scalar_subquery()
    return (
        sa.select(*_OF_RUN, shown_state(past=past))
        .join_from(t.job, t.run, sa.and_(since, t.run.c.at >= sa.func.coalesce(last, 0)))
        .where(among(t.job.c.id))
    )


_NEWEST = {
    (count, past): _newest_runs(count, past=past) for count in (1, WINDOW) for past in (False, True)
}


_PARENTS = sa.select(t.job.c.parent_id).where(among(t.job.c.id))


def _instances(*, past: bool) -> sa.Select[Any]:
    """The mapped instances of tasks in some DAG runs."""
    statement = (
        sa.select(*_OF_RUN, shown_state(past=past))
        .join_from(t.run, t.job, t.job.c.id == t.run.c.job_id)
        .where(among(t.run.c.dag_run), t.run.c.map_index >= 0)
    )
    return statement.where(t.run.c.at <= NOW) if past else statement


_INSTANCES = {past: _instances(past=past) for past in (False, True)}


def _newest(snapshot: Snapshot, job_ids: Iterable[int], count: int) -> dict[int, list[Row]]:
    """The newest `count` runs of each job; of mapped tasks, all instances of as many DAG runs."""
    found: dict[int, dict[int, Row]] = {}
    mapped: dict[int, set[int]] = {}
    for row in snapshot.each(_NEWEST[count, snapshot.past], job_ids):
        found.setdefault(row.job_id, {})[row.id] = row
        if (row.map_index or 0) >= 0 and row.map_index is not None and row.dag_run is not None:
            mapped.setdefault(row.job_id, set()).add(row.dag_run)
    if mapped:
        dag_runs = set().union(*mapped.values())
        if count > 1:
            dags = {row.parent_id for row in snapshot.each(_PARENTS, mapped)} - {None}
            dag_runs |= {row.id for row in snapshot.each(_NEWEST[count, snapshot.past], dags)}
        for row in snapshot.each(_INSTANCES[snapshot.past], dag_runs):
            if row.job_id in mapped:
                found[row.job_id][row.id] = row
    return {job_id: list(rows.values()) for job_id, rows in found.items()}


def rounds(snapshot: Snapshot, job_ids: Iterable[int]) -> dict[int, list[Round]]:
    """The newest rounds of each job that ever ran, oldest first, at most WINDOW of them."""
    newest = _newest(snapshot, job_ids, WINDOW)
    return {job_id: standing.rounds(rows)[-WINDOW:] for job_id, rows in newest.items()}


def runs_since_success(snapshot: Snapshot, job_ids: Iterable[int]) -> dict[int, list[Row]]:
    """All tries of each job since one last succeeded, oldest first, of its newest WINDOW runs."""
    found = {}
    for job_id, rows in _newest(snapshot, job_ids, WINDOW).items():
        ordered = sorted(rows, key=lambda row: (row.at, row.id))
        good = max((at for at, row in enumerate(ordered) if row.state == "success"), default=-1)
        found[job_id] = ordered[good + 1 :]
    return found


def recent(snapshot: Snapshot, job_ids: Iterable[int]) -> dict[int, Recent]:
    """The newest runs of each job that ever ran, from the index: older runs are not read."""
    answer = {}
    for job_id, rows in _newest(snapshot, job_ids, WINDOW).items():
        last = standing.rounds(rows)[-WINDOW:]
        counted = frozenset().union(*(each.succeeded for each in last))
        seconds = sorted(row.duration for row in rows if row.id in counted and row.duration)
        answer[job_id] = Recent(
            newest=last[-1].run,
            states=tuple(each.state for each in last),
            p50=percentile(seconds, 0.50),
            p95=percentile(seconds, 0.95),
        )
    return answer


_other = t.run.alias("other")
#: A run that was no failure, nor a part of a round that was one.
_GOOD = sa.and_(
    t.run.c.state.not_in(standing.BROKEN),
    ~sa.exists().where(
        _other.c.job_id == t.run.c.job_id,
        _other.c.dag_run == t.run.c.dag_run,
        _other.c.instance != t.run.c.instance,
        _other.c.state.in_(standing.BROKEN),
    ),
)
_JOB = sa.bindparam("job", type_=t.run.c.job_id.type)
_LAST_GOOD = (
    sa.select(t.run.c.at)
    .where(t.run.c.job_id == _JOB, t.run.c.at <= NOW, _GOOD)
    .order_by(t.run.c.at.desc())
    .limit(1)
)
_ROUND = sa.case((t.run.c.instance.is_not(None), sa.func.coalesce(t.run.c.dag_run, t.run.c.id)), else_=t.run.c.id)  # fmt: skip
_ROUNDS_SINCE = sa.select(sa.func.count(sa.distinct(_ROUND))).where(
    t.run.c.job_id == _JOB, t.run.c.at <= NOW, t.run.c.at > sa.bindparam("since")
)


def failures(snapshot: Snapshot, job_id: int, recent: Recent) -> int:
    """How many of a job's rounds failed in a row, the newest included; tries of one run are one."""
    number = 0
    for state in reversed(recent.states):
        if state not in standing.BROKEN:
            return number
        number += 1
    good = snapshot.first(_LAST_GOOD, job=job_id)
    since = good.at if good is not None else -(2**63)
    return max(number, int(snapshot.rows(_ROUNDS_SINCE, job=job_id, since=since)[0][0]))


_OUTPUTS = sa.select(t.run_dataset.c.run_id, t.run_dataset.c.dataset_id).where(
    among(t.run_dataset.c.run_id), t.run_dataset.c.role == "output"
)


def states(snapshot: Snapshot, job_ids: Iterable[int]) -> dict[int, Round]:
    """The newest round of each job that ever ran."""
    found = {
        job_id: standing.rounds(rows)[-1] for job_id, rows in _newest(snapshot, job_ids, 1).items()
    }
    mixed = [whole for whole in found.values() if whole.broken and whole.succeeded]
    outputs: dict[int, set[int]] = {}
    for row in snapshot.each(_OUTPUTS, {run for w in mixed for run in w.broken | w.succeeded}):
        outputs.setdefault(row.run_id, set()).add(row.dataset_id)
    outputs_by_run = {run: frozenset(datasets) for run, datasets in outputs.items()}
    return {
        job_id: standing.without_unaffected(whole, outputs_by_run) if whole in mixed else whole
        for job_id, whole in found.items()
    }


def runs_of_job(snapshot: Snapshot, job_id: int, limit: int) -> list[Row]:
    """The newest runs of a job, oldest first."""
    statement = RUNS[snapshot.past].where(t.run.c.job_id == job_id)
    if snapshot.past:
        statement = statement.where(t.run.c.at <= NOW)
    newest = snapshot.rows(statement.order_by(t.run.c.at.desc(), t.run.c.id.desc()).limit(limit))
    return newest[::-1]


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """
    The value below which `share` of the values lie, between the two nearest.

    >>> percentile([1.0, 2.0, 3.0], 0.5)
    2.0
    """
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def runs_that_wrote(snapshot: Snapshot, members: Sequence[int], limit: int) -> list[Row]:
    """
    The newest successful runs that wrote an asset, newest first, each write once.

    A run that is part of another that wrote the asset is left out, and so is Spark's inner query of
    a CREATE TABLE AS SELECT, which runs beside it in the same application.
    """
    statement = (
        RUNS[snapshot.past]
        .add_columns(t.run_dataset.c.written_at)
        .join(t.run_dataset, t.run_dataset.c.run_id == t.run.c.id)
        .where(t.run_dataset.c.role == "output", t.run_dataset.c.written_at.is_not(None))
    )
    if snapshot.past:
        statement = statement.where(t.run_dataset.c.written_at <= NOW)
    found: dict[int, Row] = {}
    for member in members:  # nearly always one; each is a walk of the index from its end
        newest = statement.where(t.run_dataset.c.dataset_id == member).order_by(
            t.run_dataset.c.written_at.desc()
        )
        for row in snapshot.rows(newest.limit(2 * limit)):
            found.setdefault(row.id, row)
    containing = around(snapshot, found)
    whole = [
        row
        for row in found.values()
        if found.keys().isdisjoint(containing[row.id])
        and not any(_is_within(row, other) for other in found.values())
    ]
    return sorted(whole, key=lambda row: (row.written_at, row.id), reverse=True)[:limit]


def _is_within(run: Row, other: Row) -> bool:
    """Whether the run is a step of the other one beside it in the same application."""
    if run.parent_id is None or run.parent_id != other.parent_id or run.dag_id is not None:
        return False
    times = (run.started_at, run.ended_at, other.started_at, other.ended_at)
    if run.id == other.id or None in times or times[:2] == times[2:]:
        return False
    return bool(other.started_at <= run.started_at and run.ended_at <= other.ended_at)


# --- schemas of datasets ------------------------------------------------------------------------


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
    folding = _folding(snapshot, (asset for asset, rows in ordered.items() if rows[1:]))
    answer: dict[int, list[Version]] = {}
    for asset_id, rows in ordered.items():
        last_fields: dict[int | None, tuple[Field, ...]] = {}
        folds = asset_id in folding
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
                    diff(before, fields, folds) if before is not None else (),
                    is_change=before is not None
                    and _compared(before, folds) != _compared(fields, folds),
                )
            )
            last_fields[side] = fields
    return answer


_JOBS_OF_ALIASES = (
    sa.select(t.run_alias.c.alias, t.run.c.job_id)
    .join_from(t.run_alias, t.run, t.run.c.id == t.run_alias.c.id)
    .where(among(t.run_alias.c.alias))
)


def _readers(snapshot: Snapshot, rows: Iterable[Row]) -> dict[int | None, int]:
    """The job of the run that brought each schema that only readers sent, by the run's alias."""
    aliases = {row.first_run for row in rows if not row.written and row.first_run is not None}
    return {row.alias: row.job_id for row in snapshot.each(_JOBS_OF_ALIASES, aliases)}


def _tables(rows: Sequence[Row], bodies: Mapping[bytes, bytes]) -> list[Row]:
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


def current(snapshot: Snapshot, versions: Iterable[Row], widths: Mapping[bytes, int]) -> Row | None:
    """
    The schema that an asset has: what its writers sent last. Where only readers sent one, the widest of
    what each of their jobs saw last, for a reader may have read a part.
    """
    rows = list(versions)
    if not any(row.written for row in rows):
        readers = _readers(snapshot, rows)
        last: dict[int | None, Row] = {}
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


def newest(snapshot: Snapshot, members: Mapping[int, int]) -> dict[int, tuple[bytes, bytes]]:
    """(digest, body) of the schema that each asset has."""
    ordered = _versions(snapshot, members)
    digests = {row.digest for rows in ordered.values() for row in rows if not row.written}
    bodies = _bodies(snapshot, digests)
    widths = {digest: len(read_fields(body)) for digest, body in bodies.items()}
    found = {id: current(snapshot, _tables(rows, bodies), widths) for id, rows in ordered.items()}
    bodies |= _bodies(snapshot, {row.digest for row in found.values() if row} - bodies.keys())
    return {
        id: (row.digest, bodies[row.digest])
        for id, row in found.items()
        if row is not None and row.digest in bodies
    }


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


def _maybe_changes(after: tuple[int, int] | None) -> sa.Select[Any]:
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
_VERSIONS = sa.select(t.schema_version).where(among(t.schema_version.c.dataset_id))
_BODIES = sa.select(t.content).where(among(t.content.c.digest))


def _folding(snapshot: Snapshot, assets: Iterable[int]) -> set[int]:
    """Those of the assets whose engine treats the letters of columns as equal."""
    statement = sa.select(t.dataset.c.id, t.dataset.c.namespace).where(among(t.dataset.c.id))
    return {row.id for row in snapshot.each(statement, assets) if folds_columns(row.namespace)}


def _asset_of(snapshot: Snapshot, dataset_ids: Iterable[int]) -> dict[int, int]:
    """The assets of some datasets, with all of their names: {dataset id: asset id}."""
    return {row.id: row.asset_id for row in snapshot.each(_ASSET_OF, dataset_ids)}


def _versions(snapshot: Snapshot, members: Mapping[int, int]) -> dict[int, list[Row]]:
    """The schema rows of each asset that count, oldest first; one for each content."""
    statement = _VERSIONS
    if snapshot.past:
        statement = statement.where(t.schema_version.c.first_at <= NOW)
    versions: dict[int, dict[bytes, Row]] = {}
    for row in snapshot.each(statement, members):
        rows = versions.setdefault(members[row.dataset_id], {})
        known = rows.get(row.digest)
        if known is None or (-row.written, row.first_at) < (-known.written, known.first_at):
            rows[row.digest] = row
    answer = {}
    for asset_id, rows in versions.items():
        counting = [row for row in rows.values() if row.written] or list(rows.values())
        answer[asset_id] = sorted(counting, key=lambda row: (row.first_at, row.digest))
    return answer


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
    before: Iterable[Field], after: Iterable[Field], folds: bool = False
) -> tuple[FieldChange, ...]:
    """
    What makes `after` of `before`, in the columns' order; removed ones last.

    `folds` says that the engine treats the letters of columns as equal. Those of types never
    make a difference.
    """
    old = {_folded(item, folds).name: item for item in before}
    new = {_folded(item, folds).name: item for item in after}
    found: list[FieldChange] = []
    for key, item in new.items():
        if key not in old:
            found.append(FieldChange("added", item.name, None, item.type))
        elif _folded(old[key], folds).type != _folded(item, folds).type:
            found.append(FieldChange("type", item.name, old[key].type, item.type))
    found.extend(
        FieldChange("removed", item.name, item.type, None)
        for key, item in old.items()
        if key not in new
    )
    return tuple(found)


def _folded(item: Field, folds: bool) -> Field:
    """The column as it is compared."""
    name = item.name.lower() if folds else item.name
    kind = item.type.lower() if item.type is not None else None
    return msgspec.structs.replace(item, name=name, type=kind)


def _compared(fields: Iterable[Field], folds: bool) -> list[Field]:
    return [_folded(item, folds) for item in fields]
