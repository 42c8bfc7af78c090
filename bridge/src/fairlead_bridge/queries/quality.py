"""Checks of datasets, as each went when it was made last, and what is wrong with their data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec
import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.insight import quality
from fairlead_bridge.insight.quality import Breach, Check
from fairlead_bridge.insight.rules import RowCount
from fairlead_bridge.queries import expectations, origins
from fairlead_bridge.queries.assets import Asset, assets_by_id
from fairlead_bridge.queries.runs import runs_by_alias, runs_by_id
from fairlead_bridge.queries.snapshot import NOW, Row, Select, Snapshot, among

_body = msgspec.json.Decoder(dict[str, str])

_MADE = sa.select(t.assertion).where(among(t.assertion.c.dataset_id))
_OF_DATASETS = {False: _MADE, True: _MADE.where(t.assertion.c.at <= NOW)}
_FAILED = (
    sa.select(t.assertion)
    .join(t.dataset, t.dataset.c.id == t.assertion.c.dataset_id)
    .where(
        t.assertion.c.success == 0,
        sa.or_(t.dataset.c.dropped_at.is_(None), t.dataset.c.dropped_at < t.assertion.c.at),
    )
)


def of_datasets(snapshot: Snapshot, members: Iterable[int]) -> list[Row]:
    """The checks of some datasets, failed ones first, then by name."""
    found = snapshot.each(_OF_DATASETS[snapshot.past], members)
    return sorted(
        found, key=lambda row: (row.success, row.severity or "", row.name, row.column_name)
    )


def failed(snapshot: Snapshot) -> list[Row]:
    """
    Every check that failed when it was made last: errors before warnings, the newest first.

    One that was made before the newest write of its dataset began says nothing about the data that
    is there now, and is left out.
    """
    rows = snapshot.rows(_FAILED)
    owner = assets_by_id(snapshot, (row.dataset_id for row in rows))
    began = _writes_began(snapshot, owner.values())
    rows = [row for row in rows if row.at >= _began(began, owner.get(row.dataset_id), row.at)]
    return sorted(rows, key=lambda row: (row.severity == "warn", -row.at, row.name))


# --- what is wrong ------------------------------------------------------------------------------

_FAILED_OF = {
    past: statement.where(t.assertion.c.success == 0) for past, statement in _OF_DATASETS.items()
}


@dataclass(frozen=True, slots=True)
class Quality:
    """The data of one asset: what is wrong with it, and its score."""

    checks: Breach | None
    rows: Breach | None
    score: quality.Score


def failures(snapshot: Snapshot, assets: Iterable[Asset]) -> dict[int, Breach]:
    """
    The failed checks of each of these assets, warnings aside.

    One that was made before the newest write began says nothing about the data that is there now.
    """
    owner = {member: asset for asset in assets for member in asset.members}
    checks = _of_present_data(
        snapshot, owner, list(snapshot.each(_FAILED_OF[snapshot.past], owner))
    )
    found = {id: quality.of_checks(each) for id, each in checks.items()}
    return {id: breach for id, breach in found.items() if breach is not None}


def current(snapshot: Snapshot, assets: Iterable[Asset]) -> dict[int, list[Check]]:
    """The checks of each of these assets that say something about the data that is there now."""
    owner = {member: asset for asset in assets for member in asset.members}
    return _of_present_data(
        snapshot, owner, list(snapshot.each(_OF_DATASETS[snapshot.past], owner))
    )


def _of_present_data(
    snapshot: Snapshot, owner: Mapping[int, Asset], rows: list[Row]
) -> dict[int, list[Check]]:
    """Checks by asset, without those that were made before its newest write began."""
    began = _writes_began(snapshot, {owner[row.dataset_id] for row in rows})
    found: dict[int, list[Check]] = {}
    for row in with_runs(snapshot, rows):
        asset = owner[row[0].dataset_id]
        if row[0].at >= _began(began, asset, row[0].at):
            found.setdefault(asset.id, []).append(_check(*row))
    return found


def unusual_rows(snapshot: Snapshot, assets: Iterable[Asset]) -> dict[int, Breach]:
    """Those of these assets whose newest write has a row count that is not as stated, or usual."""
    known = [asset.id for asset in assets if asset.written_at is not None]
    counts = _row_counts(snapshot, known)
    stated = expectations.rows(snapshot, counts)
    found = {}
    for id, writes in counts.items():
        rule = cast(RowCount | None, stated[id].rule if id in stated else None)
        at, run, _ = writes[-1]
        breach = quality.of_rows([rows for *_, rows in writes], at, run, rule)
        if breach is not None:
            found[id] = breach
    return found


def counted(snapshot: Snapshot, asset_ids: Iterable[int]) -> set[int]:
    """Those of these assets whose newest write says how many rows it has."""
    return set(_row_counts(snapshot, asset_ids))


def of_asset(snapshot: Snapshot, asset: Asset) -> Quality:
    """The quality of one asset's data: of its checks those count that were made of it."""
    rows = of_datasets(snapshot, asset.members)
    began = _writes_began(snapshot, [asset]).get(asset.id)
    checks = [_check(*row) for row in with_runs(snapshot, rows)]
    current = [check for check in checks if began is None or check.at >= began]
    counts = unusual_rows(snapshot, [asset]).get(asset.id)
    return Quality(quality.of_checks(current), counts, quality.score(current, counts))


_newest = t.run_dataset.alias("newest")


def _newest_counts(*, past: bool) -> Select:
    """The newest writes of some assets, as many of each as say what is usual."""
    known = [_newest.c.dataset_id == t.dataset.c.id, _newest.c.written_at.is_not(None)]
    wrote = [t.run_dataset.c.dataset_id == t.dataset.c.id, t.run_dataset.c.role == "output"]
    if past:
        known.append(_newest.c.written_at <= NOW)
        wrote.append(t.run_dataset.c.written_at <= NOW)
    first = (
        sa.select(_newest.c.written_at)
        .where(*known)
        .order_by(_newest.c.written_at.desc())
        .limit(1)
        .offset(quality.NEWEST)
        .scalar_subquery()
    )
    wrote.append(t.run_dataset.c.written_at >= sa.func.coalesce(first, -(2**62)))
    columns = (t.dataset.c.asset_id, t.run_dataset.c.written_at, t.run_dataset.c.row_count)
    return (
        sa.select(*columns, *origins.COLUMNS)
        .join_from(t.dataset, t.run_dataset, sa.and_(*wrote))
        .join(t.run, t.run.c.id == t.run_dataset.c.run_id)
        .where(among(t.dataset.c.asset_id))
    )


_COUNTS = {past: _newest_counts(past=past) for past in (False, True)}


def _row_counts(
    snapshot: Snapshot, asset_ids: Iterable[int]
) -> dict[int, list[tuple[int, int, int]]]:
    """
    (when, the run's id, rows) of the newest writes of each asset, oldest first.

    What one outermost run wrote is one write. Assets whose newest write says nothing of its rows are
    left out.
    """
    rows: list[Any] = list(snapshot.each(_COUNTS[snapshot.past], asset_ids))
    counted = {row.asset_id for row in rows if row.row_count is not None}
    rows = [row for row in rows if row.asset_id in counted]
    origin = origins.of(snapshot, rows)
    writes: dict[int, dict[int, tuple[int, int, int | None]]] = {}
    for row in rows:
        of_it = writes.setdefault(row.asset_id, {})
        whole = origin[row.id].run
        at, run, count = of_it.get(whole, (row.written_at, row.id, None))
        if row.row_count is not None and (count is None or row.row_count > count):
            run, count = row.id, row.row_count
        of_it[whole] = (max(at, row.written_at), run, count)
    found = {}
    for asset_id, each in writes.items():
        ordered = sorted(each.values(), key=lambda write: write[:2])
        if ordered[-1][2] is not None:
            found[asset_id] = [(at, run, rows) for at, run, rows in ordered if rows is not None]
    return found


def _writes_began(snapshot: Snapshot, assets: Iterable[Asset]) -> dict[int, int]:
    """When the run began that wrote each of these assets last."""
    writers = {asset.id: asset.written_by for asset in assets if asset.written_by is not None}
    runs = runs_by_id(snapshot, writers.values())
    return {
        id: runs[run].started_at or runs[run].first_at for id, run in writers.items() if run in runs
    }


def _began(began: Mapping[int, int], asset: Asset | None, otherwise: int) -> int:
    return began.get(asset.id, otherwise) if asset is not None else otherwise


def with_runs(snapshot: Snapshot, rows: Iterable[Row]) -> list[tuple[Row, Row | None]]:
    """Each check with the run that made it."""
    known = list(rows)
    runs: Mapping[int, Row] = runs_by_alias(snapshot, (row.run for row in known))
    return [(row, runs.get(row.run)) for row in known]


def body(row: Row) -> dict[str, str]:
    """What else a check said of itself."""
    return _body.decode(row.body)


def _check(row: Row, run: Row | None) -> Check:
    return Check(
        row.name,
        row.column_name,
        row.at,
        bool(row.success),
        is_warning=(row.severity or "").lower() == "warn",
        run=run.id if run is not None else None,
        actual=body(row).get("actual"),
    )
