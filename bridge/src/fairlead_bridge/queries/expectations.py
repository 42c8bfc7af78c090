"""What is expected of assets, as of a moment: of all that is stated of one, the strongest source wins."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead_bridge.insight.expectations import Expectation, learned
from fairlead_bridge.queries import freshness
from fairlead_bridge.queries.snapshot import Snapshot


def of(snapshot: Snapshot, asset_ids: Iterable[int]) -> dict[int, Expectation]:
    """The expectation of each of these assets that has one."""
    rhythms = freshness.rhythms(snapshot, asset_ids)
    return {asset_id: learned(rhythm) for asset_id, rhythm in rhythms.items()}
