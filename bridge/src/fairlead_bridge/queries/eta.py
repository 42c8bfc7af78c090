"""When datasets, DAGs and tasks will be done, as of a moment."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead_bridge.insight.eta import Eta, Unknown, estimate, explore
from fairlead_bridge.insight.root_cause import Explanation
from fairlead_bridge.queries import upstream
from fairlead_bridge.queries.assets import Asset, assets_by_id
from fairlead_bridge.queries.jobs import jobs_by_id
from fairlead_bridge.queries.snapshot import Row, Snapshot
from fairlead_bridge.queries.work import Loader

#: DAGs that wait for each other, one after the other, that are followed: some queries for each.
LEVELS = 12
#: Causes after which a person must act before anything comes.
_BARRED = frozenset({"failed_run", "import_error"})


def etas(snapshot: Snapshot, nodes: Iterable[int]) -> dict[int, Eta | None]:
    """When each of these assets, DAGs and jobs will be written or done; None where it is not known."""
    wanted = list(dict.fromkeys(nodes))
    assets = {id: asset for id, asset in assets_by_id(snapshot, wanted).items() if asset.id == id}
    jobs = jobs_by_id(snapshot, set(wanted) - assets.keys())
    known: list[Asset | Row] = [*assets.values(), *jobs.values()]
    explained = zip(known, upstream.explanations(snapshot, known), strict=True)
    found = foreseen(snapshot, explained)
    return {id: each if isinstance(each := found.get(id), Eta) else None for id in wanted}


def foreseen(
    snapshot: Snapshot, explained: Iterable[tuple[Asset | Row, Explanation]]
) -> dict[int, Eta | Unknown]:
    """As `etas`, of nodes that are explained already; with the reason where it is not known."""
    found: dict[int, Eta | Unknown] = {}
    asked: list[int] = []
    for each, why in explained:
        bar = _barrier(each, why)
        if bar is None:
            asked.append(each.id)
        else:
            found[each.id] = bar
    return found | estimates(snapshot, asked)


def _barrier(node: Asset | Row, explanation: Explanation) -> Unknown | None:
    """
    Why an asset will not be fresh before a person acts; None where that is not so.

    An asset that was written after the failure does not wait for it.
    """
    if not isinstance(node, Asset) or not explanation.causes:
        return None
    cause = explanation.causes[0]
    waits = node.written_at is None or cause.at >= node.written_at
    if cause.kind not in _BARRED or not waits:
        return None
    return Unknown(f"{cause.text.rstrip('.')}; it was not cleared")


def estimates(snapshot: Snapshot, nodes: Iterable[int]) -> dict[int, Eta | Unknown]:
    """When each would be done by its own runs and those it waits for, whatever else has failed."""
    wanted = list(dict.fromkeys(nodes))
    loader = Loader(snapshot)
    missing = set(wanted)
    for _ in range(LEVELS):
        if not missing:
            break
        loader.load(missing)
        missing = explore(loader.facts, wanted) - loader.tried
    return {node: estimate(loader.facts, node) for node in wanted}
