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
    entering = [0] * size
    for edge in edges:
        after[edge.source].append(edge.target)
        entering[edge.target] += 1
    ranks = [0 if node in first else 1 for node in range(size)] if first else [0] * size
    order = _rank_by_longest_path(ranks, after, entering)
    # A producer stands next to what it feeds, unless that would lengthen more edges than it saves.
    for node in reversed(order):
        if after[node] and len(after[node]) >= entering[node] and node not in first:
            ranks[node] = max(ranks[node], min(ranks[follower] for follower in after[node]) - 1)
    if last:
        beyond = max(ranks[node] for node in range(size) if node not in last) + 1
        for node in last:
            ranks[node] = beyond
    return ranks, order


def _rank_by_longest_path(
    ranks: list[int], after: list[list[int]], entering: list[int]
) -> list[int]:
    """Raise each card's rank above those before it; returns the cards in topological order."""
    waiting = entering[:]
    order: list[int] = []
    ready = [node for node in range(len(ranks) - 1, -1, -1) if not waiting[node]]
    while ready:
        node = ready.pop()
        order.append(node)
        for follower in after[node]:
            ranks[follower] = max(ranks[follower], ranks[node] + 1)
            waiting[follower] -= 1
            if not waiting[follower]:
                ready.append(follower)
    return order


def _flat(places: Places, edges: list[Edge], back: set[tuple[int, int]], gaps: list[float]) -> Flat:
    """
    Corners of the cards and points of the edges, from the upper left corner on; `gaps` are
    those between the columns.
    """
    columns = _columns(places, gaps)
    top = min(places.y, default=0.0)
    y = [round(value - top, 1) for value in places.y]
    corners = [
        (_centred(columns[places.ranks[p]], places.sizes[p][0]), y[p]) for p in range(places.cards)
    ]
    bottom = max((y[p] + places.heights[p] for p in range(len(y))), default=0.0)
    flat = Flat(columns[-1].right if columns else 0.0, bottom, corners, [])
    for edge, chain in zip(edges, places.chains, strict=True):
        if (edge.source, edge.target) in back:
            turned = Edge(edge.target, edge.source, edge.enters, edge.leaves)
            flat.routes.append(_route(places, columns, flat, y, turned, chain)[::-1])
        else:
            flat.routes.append(_route(places, columns, flat, y, edge, chain))
    return flat


@dataclass(frozen=True, slots=True)
class _Column:
    left: float
    width: float

    @property
    def right(self) -> float:
        return self.left + self.width


def _columns(places: Places, gaps: list[float]) -> list[_Column]:
    """Each column as wide as its widest card, one after the other with these gaps."""
    columns: list[_Column] = []
    right = 0.0
    for column, gap in zip(places.columns, [0.0, *gaps], strict=bool(places.columns)):
        width = max((places.sizes[p][0] for p in column if p < places.cards), default=0.0)
        columns.append(_Column(right + gap, width))
        right += gap + width
    return columns


def _centred(column: _Column, width: float) -> float:
    return round(column.left + (column.width - width) / 2, 1)


def _route(
    places: Places, columns: list[_Column], flat: Flat, y: list[float], edge: Edge, chain: list[int]
) -> list[Point]:
    """From one card to the other, through the passages between them."""
    a, b = edge.source, edge.target
    leave, enter = y[a] + edge.leaves, y[b] + edge.enters
    points = [
        (flat.corners[a][0] + places.sizes[a][0], leave),
        (columns[places.ranks[a]].right, leave),
    ]
    for passage in chain:
        column, height = columns[places.ranks[passage]], y[passage] + PASSAGE / 2
        points += [(column.left, height), (column.right, height)]
    return [*points, (columns[places.ranks[b]].left, enter), (flat.corners[b][0], enter)]
