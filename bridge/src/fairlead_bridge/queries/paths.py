"""The ways that data takes from one node to another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from fairlead_bridge.queries import lineage
from fairlead_bridge.queries.lineage import Walk
from fairlead_bridge.queries.snapshot import Snapshot

#: Nodes that are looked at from either end at most.
MOST = 10_000
#: Ways begun at most, for each that is wanted: a way may end where the rest would cross itself.
_BEGUN = 200


@dataclass(slots=True)
class Ways:
    walk: Walk  # all that any way passes, and the edges between
    paths: list[list[int]]  # the shortest first
    complete: bool  # whether all paths are among them


def between(
    snapshot: Snapshot,
    sources: Collection[int],
    targets: Collection[int],
    depth: int,
    limit: int,
) -> Ways:
    """All ways of at most `depth` edges from any source to any target; `limit` of them in full."""
    down = lineage.walk(snapshot, sources, 0, depth, MOST)
    up = lineage.walk(snapshot, targets, depth, 0, MOST)
    passed = {
        node: far
        for node, far in down.depths.items()
        if node in up.depths and far - up.depths[node] <= depth
    }
    hops = {
        key: hop
        for key, hop in {**down.hops, **up.hops}.items()
        if key[0] in passed and key[1] in passed
    }
    after: dict[int, list[int]] = {}
    for source, target, _ in sorted(hops):
        after.setdefault(source, []).append(target)
    left = {node: -up.depths[node] for node in passed}
    starts = sorted(passed.keys() & set(sources))
    search = _Search(set(targets), after, left, depth)
    paths = list(search.paths(starts, limit + 1))
    whole = not (down.truncated or up.truncated or search.given_up) and len(paths) <= limit
    return Ways(Walk(passed, down.datasets & passed.keys(), hops), paths[:limit], whole)


@dataclass(slots=True)
class _Search:
    targets: Collection[int]
    after: Mapping[int, list[int]]
    left: Mapping[int, int]  # edges from each node to the nearest target
    depth: int
    given_up: bool = False

    def paths(self, sources: Iterable[int], limit: int) -> Iterator[list[int]]:
        """Paths without a node twice, the shortest first."""
        # By the length that each may end with, and of those the one that is nearest to its end.
        waiting = [(self.left[source], 0, [source]) for source in sources]
        heapify(waiting)
        found = begun = 0
        while waiting and found < limit:
            begun += 1
            if begun > _BEGUN * limit:
                self.given_up = True
                return
            _, _, path = heappop(waiting)
            if path[-1] in self.targets:
                found += 1
                yield path
                continue
            for node in self.after.get(path[-1], ()):
                length = len(path) + self.left[node]
                if length <= self.depth and node not in path:
                    heappush(waiting, (length, -len(path), [*path, node]))
