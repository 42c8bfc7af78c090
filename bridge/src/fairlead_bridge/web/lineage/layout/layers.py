"""Cards and edges by index, in columns from left to right. Lengths are pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from fairlead_bridge.web.lineage.layout.cycles import closing
from fairlead_bridge.web.lineage.layout.heights import converge
from fairlead_bridge.web.lineage.layout.order import untangle
from fairlead_bridge.web.lineage.layout.places import PASSAGE, Edge, Places
from fairlead_bridge.web.lineage.layout.shapes import Point

PORT_GAP = 22.0  # between the side of a frame and its members


@dataclass(frozen=True, slots=True)
class Flat:
    width: float
    height: float
    corners: list[Point]
    routes: list[list[Point]]


def layered(
    sizes: list[tuple[float, float]],
    edges: list[Edge],
    column_gap: float,
    row_gap: float,
    first: range = range(0),
    last: range = range(0),
    stood: Mapping[int, float] = MappingProxyType({}),
) -> Flat:
    """
    Layered layout of cards by index; `first` and `last` must stand in the outermost columns, those
    that `stood` somewhere (their heights) keep their order.
    """
    size = len(sizes)
    back = closing(size, [(e.source, e.target) for e in edges])
    forward = [
        Edge(e.target, e.source, e.enters, e.leaves) if (e.source, e.target) in back else e
        for e in edges
    ]
    ranks, order = _ranks(size, forward, first, last)
    places = Places(sizes, forward, ranks, order, row_gap, stood)
    untangle(places)
    converge(places)
    gaps = [column_gap] * (len(places.columns) - 1)
    if gaps and first:
        gaps[0] = PORT_GAP
    if gaps and last:
        gaps[-1] = PORT_GAP
    return _flat(places, edges, back, gaps)


def _ranks(size: int, edges: list[Edge], first: range, last: range) -> tuple[list[int], list[int]]:
    """The column of each card by the longest path to it, and the cards in topological order."""
    after: list[list[int]] = [[] for _ in range(size)]
    waiting = [0] * size
    for edge in edges:
        after[edge.source].append(edge.target)
        waiting[edge.target] += 1
    entering = waiting[:]
    ranks = [0] * size
    order: list[int] = []
    ready = [node for node in range(size - 1, -1, -1) if not waiting[node]]
    if first:
        ranks = [0 if node in first else 1 for node in range(size)]
    while ready:
        node = ready.pop()
        order.append(node)
        for follower in after[node]:
            ranks[follower] = max(ranks[follower], ranks[node] + 1)
            waiting[follower] -= 1
            if not waiting[follower]:
                ready.append(follower)
    # A producer stands next to what it feeds, unless that would lengthen more edges than it saves.
    for node in reversed(order):
        if after[node] and len(after[node]) >= entering[node] and node not in first:
            ranks[node] = max(ranks[node], min(ranks[follower] for follower in after[node]) - 1)
    if last:
        inner = [ranks[node] for node in range(size) if node not in last]
        for node in last:
            ranks[node] = max(inner) + 1
    return ranks, order


def _flat(places: Places, edges: list[Edge], back: set[tuple[int, int]], gaps: list[float]) -> Flat:
    """
    Corners of the cards and points of the edges, from the upper left corner on; `gaps` are
    those between the columns.
    """
    top = min(places.y, default=0.0)
    lefts, widths, right = [], [], 0.0
    for column, gap in zip(places.columns, [0.0, *gaps], strict=bool(places.columns)):
        width = max((places.sizes[p][0] for p in column if p < places.cards), default=0.0)
        lefts.append(right + gap)
        widths.append(width)
        right += gap + width
    y = [round(value - top, 1) for value in places.y]
    corners = [
        (
            round(lefts[places.ranks[p]] + (widths[places.ranks[p]] - places.sizes[p][0]) / 2, 1),
            y[p],
        )
        for p in range(places.cards)
    ]
    bottom = max((y[p] + places.heights[p] for p in range(len(y))), default=0.0)

    def route(edge: Edge, chain: list[int]) -> list[Point]:
        a, b = edge.source, edge.target
        leave, enter = y[a] + edge.leaves, y[b] + edge.enters
        edge_of_column = lefts[places.ranks[a]] + widths[places.ranks[a]]
        points = [(corners[a][0] + places.sizes[a][0], leave), (edge_of_column, leave)]
        for passage in chain:
            left = lefts[places.ranks[passage]]
            height = y[passage] + PASSAGE / 2
            points += [(left, height), (left + widths[places.ranks[passage]], height)]
        return [*points, (lefts[places.ranks[b]], enter), (corners[b][0], enter)]

    routes = []
    for edge, chain in zip(edges, places.chains, strict=True):
        if (edge.source, edge.target) in back:
            turned = Edge(edge.target, edge.source, edge.enters, edge.leaves)
            routes.append(route(turned, chain)[::-1])
        else:
            routes.append(route(edge, chain))
    return Flat(right, bottom, corners, routes)
