"""When datasets, DAGs and tasks will be done, as of a moment."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead_bridge.insight.eta import Eta, Unknown, estimate, explore
from fairlead_bridge.queries.snapshot import Snapshot
from fairlead_bridge.queries.work import Loader

#: DAGs that wait for each other, one after the other, that are followed: some queries for each.
LEVELS = 12


def etas(snapshot: Snapshot, nodes: Iterable[int]) -> dict[int, Eta | None]:
    """When each of these assets, DAGs and jobs will be written or done; None where it is not known."""
    found = estimates(snapshot, nodes)
    return {node: each if isinstance(each, Eta) else None for node, each in found.items()}


def estimates(snapshot: Snapshot, nodes: Iterable[int]) -> dict[int, Eta | Unknown]:
    """As `etas`, with the reason where it is not known."""
    wanted = list(dict.fromkeys(nodes))
    loader = Loader(snapshot)
    missing = set(wanted)
    for _ in range(LEVELS):
        if not missing:
            break
        loader.load(missing)
        missing = explore(loader.facts, wanted) - loader.tried
    return {node: estimate(loader.facts, node) for node in wanted}
