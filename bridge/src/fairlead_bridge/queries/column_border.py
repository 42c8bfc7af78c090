"""Where the columns of a walk go on in what a caller does not see: that they do, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from fairlead_bridge.queries import border, columns
from fairlead_bridge.queries.assets import Asset, assets_by_id, jobs_at
from fairlead_bridge.queries.columns import Columns, ColumnWalk, Place
from fairlead_bridge.queries.lineage import Way
from fairlead_bridge.queries.snapshot import Snapshot


def beyond(
    snapshot: Snapshot, walk: ColumnWalk, up: int, down: int
) -> Iterator[tuple[Place, Way, int]]:
    """
    Columns of a walk of so many hops, the side on which something that is not seen is, and its depth.

    What a column comes from is known by the column. What a job does that is not seen is not: where
    one writes or reads a dataset, each of its columns may be concerned.
    """
    if snapshot.scope.sees_all:
        return
    assets = assets_by_id(snapshot, {asset for asset, _ in walk.depths})
    named = _named(snapshot, assets)
    whole = _of_datasets(snapshot, assets)
    for place, depth in walk.depths.items():
        asset, column = place
        comes_from = asset in named and named[asset].reached(column)
        if (comes_from or (asset, "up") in whole) and depth <= 0 and -depth != up:
            yield place, "up", depth - 1
        if (asset, "down") in whole and depth >= 0 and depth != down:
            yield place, "down", depth + 1


def _named(snapshot: Snapshot, assets: Mapping[int, Asset]) -> dict[int, Columns[bool]]:
    """The columns of each asset of which a job says that they come from something that is not seen."""
    members = {member: asset.id for asset in assets.values() for member in asset.members}
    sources = [
        (members[row.dataset_id], column, each.dataset)
        for row in columns.bodies(snapshot, members)
        for column, each in columns.pairs(row.body)
    ]
    seen = columns.seen(snapshot, (source for _, _, source in sources)) or set()
    found: dict[int, Columns[bool]] = {}
    for asset, column, source in sources:
        if source not in seen:
            of_asset = found.setdefault(asset, Columns(assets[asset].namespace))
            of_asset.add(column, value=True)
    return found


def _of_datasets(snapshot: Snapshot, assets: Mapping[int, Asset]) -> set[tuple[int, Way]]:
    """The assets that a job which is not seen writes or reads, or whose readers write what is not seen."""
    members = {member: asset.id for asset in assets.values() for member in asset.members}
    found = {(each.node, each.way) for each in border.beyond(snapshot, members)}
    readers = jobs_at(snapshot, members, writing=False)
    of_job = {job: job for jobs in readers.values() for job in jobs}
    writing = {each.node for each in border.beyond(snapshot, of_job) if each.way == "down"}
    return found | set(_read_by(writing, readers, members))


def _read_by(
    jobs: Iterable[int], readers: Mapping[int, Iterable[int]], members: Mapping[int, int]
) -> Iterator[tuple[int, Way]]:
    wanted = set(jobs)
    for member, reading in readers.items():
        if not wanted.isdisjoint(reading):
            yield members[member], "down"
