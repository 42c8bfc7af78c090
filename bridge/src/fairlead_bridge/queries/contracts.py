"""Whether data contracts are kept, as of a moment: one answer for REST, page, command and notification."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial

from fairlead_bridge.facts import DECLARATION
from fairlead_bridge.insight import contracts as judged
from fairlead_bridge.insight.contracts import Contract, Findings, Outcome, Shown
from fairlead_bridge.letters import column_key
from fairlead_bridge.queries import expectations, promised, quality, schema_history
from fairlead_bridge.queries import facets as f
from fairlead_bridge.queries.assets import Asset, assets_by_id
from fairlead_bridge.queries.names import platform
from fairlead_bridge.queries.promised import Promised
from fairlead_bridge.queries.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a contract, and whether each aspect is kept."""

    asset: Asset
    contract: Contract
    verdicts: Findings

    @property
    def verdict(self) -> Outcome:
        return judged.overall(self.verdicts.values())


def of(snapshot: Snapshot, assets: Collection[Asset]) -> dict[int, Table]:
    """The contract of each of these assets that has one, and what is kept of it."""
    return _judged(snapshot, assets, promised.of(snapshot, (each.id for each in assets)))


def every(snapshot: Snapshot, ids: Collection[str] | None = None) -> list[Table]:
    """
    Every table that a contract is about, by the contract's id and the table's name.

    With `ids`, those of these contracts alone.
    """
    known = {
        id: each
        for id, each in promised.every(snapshot).items()
        if ids is None or each.contract.id in ids
    }
    assets = {each.id: each for each in assets_by_id(snapshot, known).values()}
    found = _judged(snapshot, assets.values(), known)
    return sorted(
        found.values(),
        key=lambda each: (each.contract.id, each.asset.namespace, each.asset.name),
    )


def _judged(
    snapshot: Snapshot, assets: Collection[Asset], known: Mapping[int, Promised]
) -> dict[int, Table]:
    concerned = {each.id: each for each in assets if each.id in known}
    if not concerned:
        return {}
    members = {member: each.id for each in concerned.values() for member in each.members}
    bodies = f.with_times(snapshot, members, ("ownership", DECLARATION))
    shown = _shown(snapshot, members, bodies)
    expected = expectations.all_of(snapshot, concerned)
    checks = quality.current(snapshot, concerned.values())
    counts = quality.unusual_rows(snapshot, concerned.values())
    counted = quality.counted(snapshot, concerned)
    found = {}
    for id, asset in concerned.items():
        contract, facets = known[id].contract, bodies.get(id, {})
        stated = [each for each in expected.get(id, ()) if each.source == "contract"]
        owners = f.owners({name: body for name, (_, body) in facets.items()})
        at = facets["ownership"][0] if "ownership" in facets else None
        key = partial(column_key, asset.namespace)
        found[id] = Table(
            asset,
            contract,
            {
                "schema": judged.schema(contract, shown.get(id), platform(asset.namespace), key),
                "freshness": judged.freshness(contract, stated, asset.written_at, snapshot.now),
                "quality": judged.quality(
                    contract, checks.get(id, ()), counts.get(id), id in counted
                ),
                "owner": judged.owner(contract, [name for name, _ in owners], at),
            },
        )
    return found


def _shown(
    snapshot: Snapshot, members: Mapping[int, int], bodies: Mapping[int, f.Timed]
) -> dict[int, Shown]:
    """The columns that events showed; those that a declaration brought are a promise themselves."""
    found = {}
    for id, present in schema_history.present(snapshot, members).items():
        declaration = bodies.get(id, {}).get(DECLARATION)
        if present.first_run is None and declaration and _declares_schema(declaration[1]):
            continue
        columns = {item.name: item.type for item in schema_history.flat(present.fields)}
        found[id] = Shown(columns, present.first_at, present.is_whole)
    return found


def _declares_schema(body: f.Facet) -> bool:
    named = body.get("facets")
    return isinstance(named, list) and "schema" in named
