"""How things went before: a job's newest runs and their durations, a dataset's schemas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from fairlead_bridge.catalog import standing
from fairlead_bridge.catalog.outermost import around
from fairlead_bridge.catalog.read import RUNS, Asset, Row
from fairlead_bridge.catalog.snapshot import NOW, Snapshot, among, shown_state
from fairlead_bridge.catalog.standing import Round
from fairlead_bridge.db import tables as t

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
    told = {run: frozenset(datasets) for run, datasets in outputs.items()}
    return {
        job_id: standing.spare(whole, told) if whole in mixed else whole
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


_fields = msgspec.json.Decoder(list[Field])
_raw_fields = msgspec.json.Decoder(list[msgspec.Raw])


def versions(snapshot: Snapshot, members: Mapping[int, int]) -> dict[int, list[Version]]:
    """
    The schemas of assets, oldest first, each with what it changed.

    `members` says for each dataset's id whose name it is. What writers and owners say counts;
    what readers saw (maybe a part of it) only where nobody else told.
    """
    ordered = _versions(snapshot, members)
    bodies = _bodies(snapshot, (row.digest for rows in ordered.values() for row in rows))
    answer: dict[int, list[Version]] = {}
    for asset_id, rows in ordered.items():
        before: tuple[Field, ...] | None = None
        for number, row in enumerate(rows, start=1):
            fields = tuple(flat(read_fields(bodies.get(row.digest, b"[]"))))
            changes = diff(before, fields) if before is not None else ()
            answer.setdefault(asset_id, []).append(
                Version(
                    asset_id,
                    number,
                    row.digest,
                    row.first_at,
                    row.last_at,
                    row.first_run,
                    fields,
                    changes,
                )
            )
            before = fields
    return answer


def columns(snapshot: Snapshot, members: Mapping[int, int]) -> dict[int, int]:
    """How many columns (nested ones not counted) each asset's newest schema has."""
    newest = {
        asset_id: max(rows, key=snapshot.held).digest
        for asset_id, rows in _versions(snapshot, members).items()
    }
    bodies = _bodies(snapshot, newest.values())
    return {
        asset_id: _count(bodies[digest]) for asset_id, digest in newest.items() if digest in bodies
    }


def fields_of(snapshot: Snapshot, asset: Asset) -> tuple[Field, ...]:
    """The columns of an asset's newest schema, nested ones by their path."""
    rows = _versions(snapshot, dict.fromkeys(asset.members, asset.id)).get(asset.id, [])
    newest = max(rows, key=snapshot.held, default=None)
    return fields(snapshot, [newest.digest]).get(newest.digest, ()) if newest is not None else ()


def changes(
    snapshot: Snapshot, limit: int, after: tuple[int, int] | None = None
) -> list[tuple[int, int, Version]]:
    """
    Schema changes, newest first, as (first_at, dataset id, version).

    `after` is (first_at, dataset id) of the last one seen.
    """
    mine, other = t.schema_version, t.schema_version.alias("other")
    # The first schema of a dataset is no change: one must have come before it.
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
    rows = snapshot.rows(
        statement.order_by(mine.c.first_at.desc(), mine.c.dataset_id.desc()).limit(limit)
    )
    asset_of = _asset_of(snapshot, {row.dataset_id for row in rows})
    known = {
        (version.asset_id, version.digest): version
        for listed in versions(snapshot, asset_of).values()
        for version in listed
    }
    found = ((row, known.get((asset_of[row.dataset_id], row.digest))) for row in rows)
    return [
        (row.first_at, row.dataset_id, version) for row, version in found if version is not None
    ]


_name = t.dataset.alias("name")
_ASSET_OF = (
    sa.select(t.dataset.c.id, t.dataset.c.asset_id)
    .join(_name, _name.c.asset_id == t.dataset.c.asset_id)
    .where(among(_name.c.id))
)
_VERSIONS = sa.select(t.schema_version).where(among(t.schema_version.c.dataset_id))
_BODIES = sa.select(t.content).where(among(t.content.c.digest))


def _asset_of(snapshot: Snapshot, dataset_ids: Iterable[int]) -> dict[int, int]:
    """The assets of some datasets, with all of their names: {dataset id: asset id}."""
    return {row.id: row.asset_id for row in snapshot.each(_ASSET_OF, dataset_ids)}


def _versions(snapshot: Snapshot, members: Mapping[int, int]) -> dict[int, list[Row]]:
    """The schema rows of each asset that count, oldest first; one for each content."""
    statement = _VERSIONS
    if snapshot.past:
        statement = statement.where(t.schema_version.c.first_at <= NOW)
    told: dict[int, dict[bytes, Row]] = {}
    for row in snapshot.each(statement, members):
        rows = told.setdefault(members[row.dataset_id], {})
        known = rows.get(row.digest)
        if known is None or (-row.written, row.first_at) < (-known.written, known.first_at):
            rows[row.digest] = row
    answer = {}
    for asset_id, rows in told.items():
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


def _count(body: bytes) -> int:
    try:
        return len(_raw_fields.decode(body))
    except msgspec.DecodeError:
        return 0


def flat(fields: Iterable[Field], prefix: str = "") -> list[Field]:
    """All columns, nested ones by their path: "address.street"."""
    found = []
    for item in fields:
        path = f"{prefix}{item.name}"
        found.append(Field(path, item.type, item.description))
        found.extend(flat(item.fields, f"{path}."))
    return found


def diff(before: Iterable[Field], after: Iterable[Field]) -> tuple[FieldChange, ...]:
    """What makes `after` of `before`, in the columns' order; removed ones last."""
    old = {item.name: item.type for item in before}
    new = {item.name: item.type for item in after}
    found: list[FieldChange] = []
    for name, kind in new.items():
        if name not in old:
            found.append(FieldChange("added", name, None, kind))
        elif old[name] != kind:
            found.append(FieldChange("type", name, old[name], kind))
    found.extend(
        FieldChange("removed", name, kind, None) for name, kind in old.items() if name not in new
    )
    return tuple(found)
