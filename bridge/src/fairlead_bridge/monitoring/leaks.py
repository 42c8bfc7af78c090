"""Personal data where the policy does not allow it: columns without a tag or a mask, other systems."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from fairlead_bridge import ids
from fairlead_bridge.insight.incidents import Cause
from fairlead_bridge.insight.personal import Policy, Rules
from fairlead_bridge.monitoring import queue
from fairlead_bridge.monitoring.nodes import name_of
from fairlead_bridge.queries import personal
from fairlead_bridge.queries.assets import Asset, assets_by_id
from fairlead_bridge.queries.jobs import jobs_by_id
from fairlead_bridge.queries.personal import Spread
from fairlead_bridge.queries.snapshot import Row, Snapshot

#: Columns that one sentence names.
_NAMED = 5


def touch(tx: sa.Connection, rules: Rules, now: int) -> None:
    """Make everything due that holds personal data by these rules; `now` is in microseconds."""
    queue.touch(tx, personal.everywhere(Snapshot(tx, now, 0, personal=rules)).assets, now)


def below(snapshot: Snapshot, assets: Iterable[Asset]) -> dict[int, Asset]:
    """The assets that personal data of these comes to: what is tagged now may have come there long ago."""
    reached = personal.reached_from(snapshot, assets)
    return {each.id: each for each in assets_by_id(snapshot, reached).values()}


def found(snapshot: Snapshot, assets: Iterable[Asset], policy: Policy) -> dict[int, Cause]:
    """What breaks the policy, by the asset where it does."""
    known = {each.id: each for each in assets}
    spread = personal.of(snapshot, known.values())
    broken = {
        id: columns for id, each in known.items() if (columns := _columns(spread, each, policy))
    }
    ways = {id: _way(spread, id, columns[0]) for id, columns in broken.items()}
    nodes = {node for way in ways.values() for node in way}
    ends = {each.id: each for each in assets_by_id(snapshot, nodes).values()}
    jobs = jobs_by_id(snapshot, nodes - ends.keys())
    named: dict[int, Asset | Row] = {**jobs, **ends}
    found = {}
    for id, columns in broken.items():
        path = [named[node] for node in ways[id] if node in named]
        found[id] = _cause(known[id], columns, path, policy)
    return found


def _columns(spread: Spread, asset: Asset, policy: Policy) -> list[str]:
    """The columns of an asset that break the policy, those that are reached first."""
    held = spread.of(asset.id)
    outside = not policy.allows(name_of(asset))
    columns = list(held.reached) if outside or policy.unmasked else []
    return [*columns, *(held.tagged if outside else ())]


def _way(spread: Spread, asset_id: int, column: str) -> list[int]:
    """Assets and jobs from the tagged column to this one, by id."""
    way: list[int] = []
    for (node, _), job in spread.flow.way((asset_id, column)):
        way += [job, node] if job else [node]
    return list(dict.fromkeys(way))


def _cause(asset: Asset, columns: list[str], path: list[Asset | Row], policy: Policy) -> Cause:
    shown = ", ".join(sorted(columns)[:_NAMED])
    more = f" and {len(columns) - _NAMED} more" if len(columns) > _NAMED else ""
    source = path[0] if path and path[0].id != asset.id else None
    where = "a system that it must not be in" if not policy.allows(name_of(asset)) else "unmasked"
    came = f" of {source.name}" if source is not None else ""
    text = f"personal data{came} is in {asset.name}, {where}: {shown}{more}"
    key = ids.digest(" ".join(sorted(columns)).encode()).hex()[:16]
    return Cause(
        key=f"personal:{asset.id}:{key}",
        kind="personal_data",
        node_id=asset.id,
        node=name_of(asset),
        run_id=None,
        at=asset.first_at,
        text=text,
        path=tuple(name_of(each) for each in path) or (name_of(asset),),
    )
