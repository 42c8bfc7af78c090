"""The columns of a layered drawing: cards, and passages for the edges that go by. Lengths are pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PASSAGE = 8.0  # height kept free for an edge that passes a column

#: Beyond so many places, exchanging neighbours costs more than it shows.
WORTH_SWAPPING = 800


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge by index; `leaves` and `enters` are heights below the upper edge of its cards."""

    source: int
    target: int
    leaves: float
    enters: float


class Places:
    """
    The places in each column: cards, and passages for the edges that go by.

    `up[p]` and `down[p]` hold the neighbours of place p in the columns before and after, each with
    the height at which the edge meets it and the height at which it leaves p.
    """

    def __init__(
        self,
        sizes: list[tuple[float, float]],
        edges: list[Edge],
        ranks: list[int],
        order: list[int],
        row_gap: float,
        stood: Mapping[int, float],
    ) -> None:
        self.cards = len(sizes)
        self.stood = stood
        self.sizes = sizes
        self.row_gap = row_gap
        self.heights = [h for _, h in sizes]
        self.ranks = ranks
        self.up: list[list[tuple[int, float, float]]] = [[] for _ in sizes]
        self.down: list[list[tuple[int, float, float]]] = [[] for _ in sizes]
        self.chains: list[list[int]] = []
        self.columns: list[list[int]] = [[] for _ in range(max(ranks, default=-1) + 1)]
        for node in order:
            self.columns[ranks[node]].append(node)
        for edge in edges:
            self.chains.append(self._chain(edge))
        self.at = [0] * len(self.heights)
        for column in self.columns:
            self.restore_order(column)
            self.number(column)
        self.y = [0.0] * len(self.heights)

    def _chain(self, edge: Edge) -> list[int]:
        """Join the ends of an edge through a passage in each column between them."""
        chain: list[int] = []
        previous, leaves = edge.source, edge.leaves
        for rank in range(self.ranks[edge.source] + 1, self.ranks[edge.target]):
            passage = len(self.heights)
            self.ranks.append(rank)
            self.heights.append(PASSAGE)
            self.up.append([(previous, leaves, PASSAGE / 2)])
            self.down.append([])
            self.down[previous].append((passage, PASSAGE / 2, leaves))
            self.columns[rank].append(passage)
            chain.append(passage)
            previous, leaves = passage, PASSAGE / 2
        self.down[previous].append((edge.target, edge.enters, leaves))
        self.up[edge.target].append((previous, leaves, edge.enters))
        return chain

    def number(self, column: list[int]) -> None:
        """Note where in its column each place is now."""
        for at, place in enumerate(column):
            self.at[place] = at

    def restore_order(self, column: list[int]) -> None:
        """Put those that stood somewhere back into their order, on the places they have together."""
        if not self.stood:
            return
        ats = [at for at, place in enumerate(column) if place in self.stood]
        restored = sorted((column[at] for at in ats), key=lambda place: (self.stood[place], place))
        for at, place in zip(ats, restored, strict=True):
            column[at] = place
