"""A run beside the last good one of its job: who took longer, what was read and written, and how."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from fairlead_bridge import facts, ids
from fairlead_bridge.db import tables as t
from fairlead_bridge.queries import schema_history
from fairlead_bridge.queries.assets import Asset, assets_by_id
from fairlead_bridge.queries.critical import IDLE
from fairlead_bridge.queries.runs import RUNS, children_of_run
from fairlead_bridge.queries.schema_history import FieldChange
from fairlead_bridge.queries.snapshot import Row, Snapshot, among


@dataclass(frozen=True, slots=True)
class Part:
    """A task instance of two DAG runs, or a query of two task runs; one side may lack it."""

    run: Row | None
    good: Row | None

    @property
    def slower(self) -> float | None:
        """Seconds that it took longer; None where one of the two has not run."""
        if self.run is None or self.good is None:
            return None
        if self.run.duration is None or self.good.duration is None:
            return None
        if self.run.state in IDLE or self.good.state in IDLE:
            return None  # a duration of 0 that says nothing
        return float(self.run.duration - self.good.duration)


@dataclass(slots=True)
class Access:
    """What a run read or wrote of one asset, over all that ran inside it."""

    at: int
    row_count: int | None
    byte_count: int | None
    schema: bytes | None  # digest


@dataclass(frozen=True, slots=True)
class Data:
    """An asset that both runs read or wrote, or only one of them."""

    asset: Asset
    role: str
    run: Access | None
    good: Access | None
    changes: tuple[FieldChange, ...]


def last_good(snapshot: Snapshot, run: Row) -> Row | None:
    """The newest successful run of the same job (and mapped index) that began before this one."""
    statement = RUNS[snapshot.past].where(
        t.run.c.job_id == run.job_id, t.run.c.state == "success", t.run.c.at < run.at
    )
    if run.map_index is not None:
        statement = statement.where(t.run.c.map_index == run.map_index)
    if run.instance is not None:
        statement = statement.where(t.run.c.instance != run.instance)
    return snapshot.first(statement.order_by(t.run.c.at.desc(), t.run.c.id.desc()))


def inside(snapshot: Snapshot, run: Row) -> list[Row]:
    """What ran inside a run, of each task instance only the last try."""
    aliases = [ids.run_id(alias) for alias in facts.decode(run.facts).attempts]
    found = children_of_run(snapshot, run, aliases)
    tasks = [row for row in found if row.kind == "task"]
    last: dict[tuple[int, int | None], Row] = {}
    for row in tasks if run.kind == "dag" and tasks else found:
        key = (row.job_id, row.map_index)
        if key not in last or _order(last[key]) < _order(row):
            last[key] = row
    return list(last.values())


def _order(row: Row) -> tuple[int, int]:
    return (row.try_number or 0, row.at)


def parts(mine: Iterable[Row], good: Iterable[Row]) -> list[Part]:
    """The same task of both sides beside each other, in the order in which they began."""
    before = {(row.job_id, row.map_index): row for row in good}
    now = {(row.job_id, row.map_index): row for row in mine}
    pairs = [Part(now.get(key), before.get(key)) for key in dict.fromkeys([*now, *before])]
    return sorted(pairs, key=lambda part: (part.run is None, (part.run or part.good).at))  # type: ignore[union-attr]


def data(snapshot: Snapshot, mine: Sequence[Row], good: Sequence[Row]) -> list[Data]:
    """What both sides read and wrote, by role and name, with what changed in the schemas."""
    of_both = [_accesses(snapshot, side) for side in (mine, good)]
    keys = {key for side in of_both for key in side}
    assets = assets_by_id(snapshot, (dataset for dataset, _ in keys))
    folded = [_fold(side, assets) for side in of_both]
    digests = {each.schema for side in folded for each in side.values() if each.schema}
    fields = schema_history.fields(snapshot, digests)
    by_id = {asset.id: asset for asset in assets.values()}
    found = []
    for id, role in {key for side in folded for key in side}:
        now, before = (side.get((id, role)) for side in folded)
        schemas = [each.schema if each else None for each in (before, now)]
        old, new = (fields.get(digest) if digest else None for digest in schemas)
        changes: tuple[schema_history.FieldChange, ...] = ()
        if old is not None and new is not None:
            changes = schema_history.diff(old, new, by_id[id].namespace)
        found.append(Data(by_id[id], role, now, before, changes))
    return sorted(found, key=lambda each: (each.role, each.asset.namespace, each.asset.name))


_ACCESSES = sa.select(t.run_dataset).where(among(t.run_dataset.c.run_id))


def _accesses(snapshot: Snapshot, runs: Sequence[Row]) -> dict[tuple[int, str], Access]:
    """By dataset and role."""
    found: dict[tuple[int, str], Access] = {}
    for row in snapshot.each(_ACCESSES, (run.id for run in runs)):
        access = Access(row.at, row.row_count, row.byte_count, row.schema_digest)
        key = (row.dataset_id, row.role)
        found[key] = _together(found[key], access) if key in found else access
    return found


def _fold(
    side: dict[tuple[int, str], Access], assets: dict[int, Asset]
) -> dict[tuple[int, str], Access]:
    """By asset and role: an asset may be read or written under two of its names."""
    found: dict[tuple[int, str], Access] = {}
    for (dataset, role), access in side.items():
        if dataset in assets:
            key = (assets[dataset].id, role)
            found[key] = _together(found[key], access) if key in found else access
    return found


def _together(one: Access, other: Access) -> Access:
    newest = max(
        one, other, key=lambda each: (each.schema is not None, each.at, each.schema or b"")
    )
    return Access(
        max(one.at, other.at),
        _sum(one.row_count, other.row_count),
        _sum(one.byte_count, other.byte_count),
        newest.schema,
    )


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else one + other
