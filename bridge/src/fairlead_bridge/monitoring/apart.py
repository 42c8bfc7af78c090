"""
What is notified apart from lateness and failures: contracts that are broken, and personal data where
it must not be.

Such an incident has a dataset of its own, changes nothing about how that stands, and has no other
root cause. It has the key of what is wrong with it, so that something else that is wrong is notified again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from fairlead_bridge.insight.contracts import ASPECTS
from fairlead_bridge.insight.incidents import Apart, Assessment, Cause
from fairlead_bridge.insight.maintenance import Window, quiet_until
from fairlead_bridge.monitoring import leaks
from fairlead_bridge.monitoring.nodes import name_of, owners_of, subjects_of
from fairlead_bridge.queries import contracts
from fairlead_bridge.queries.assets import Asset
from fairlead_bridge.queries.contracts import Table
from fairlead_bridge.queries.snapshot import Snapshot

Assessments = dict[Apart, list[Assessment]]


def evaluate(
    snapshot: Snapshot, assets: Mapping[int, Asset], windows: Sequence[Window]
) -> Assessments:
    """By kind of incident: an assessment of each of these assets."""
    tables = contracts.of(snapshot, assets.values())
    broken = {id: why for id, each in tables.items() if (why := _broken(each)) is not None}
    found: Assessments = {
        "broken_contract": _assessments(snapshot, assets, broken, windows, "broken_contract")
    }
    if snapshot.personal.policy is not None:
        every = {**assets, **leaks.below(snapshot, assets.values())}
        where = leaks.found(snapshot, every.values(), snapshot.personal.policy)
        found["personal_data"] = _assessments(snapshot, every, where, windows, "personal_data")
    return found


def _assessments(
    snapshot: Snapshot,
    assets: Mapping[int, Asset],
    causes: Mapping[int, Cause],
    windows: Sequence[Window],
    kind: Apart,
) -> list[Assessment]:
    concerned = [assets[id] for id in causes]
    owners = owners_of(snapshot, concerned)
    quiet = _quiet(snapshot, concerned, windows) if windows else set()
    found = []
    for id, asset in assets.items():
        each = Assessment(id, name_of(asset), asset.name)
        cause = causes.get(id)
        if cause is not None:
            each = replace(
                each,
                standing=kind,
                cause=cause,
                since=cause.at,
                owners=owners.get(id, ()),
                evidence_at=snapshot.now,  # it is so now, since whenever
                is_quiet=id in quiet,
            )
        found.append(each)
    return found


def _quiet(snapshot: Snapshot, assets: Collection[Asset], windows: Sequence[Window]) -> set[int]:
    """Those of the assets that a maintenance window covers."""
    subjects = subjects_of(snapshot, assets)
    return {
        id
        for id, each in subjects.items()
        if quiet_until(windows, [each], snapshot.now) is not None
    }


def _broken(table: Table) -> Cause | None:
    broken = {
        aspect: table.verdicts[aspect]
        for aspect in ASPECTS
        if table.verdicts[aspect].verdict == "broken"
    }
    if not broken:
        return None
    asset, contract = table.asset, table.contract
    what = "; ".join(f"{aspect}: {each.reason}" for aspect, each in broken.items())
    times = [each.since for each in broken.values() if each.since is not None]
    return Cause(
        key=f"contract:{asset.id}:{'+'.join(broken)}",
        kind="broken_contract",
        node_id=asset.id,
        node=name_of(asset),
        run_id=None,
        at=max(times, default=asset.first_at),
        text=f"{asset.name} breaks the data contract {contract.label}: {what}",
        path=(name_of(asset),),
    )
