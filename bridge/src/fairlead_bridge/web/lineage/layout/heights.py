"""The heights in each column: every place near its neighbours, as far as order and gaps allow."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead_bridge.web.lineage.layout.places import Places

#: Times that all places move; more of them made no edge run flatter.
ROUNDS = 4


def converge(places: Places) -> None:
    """Move every place towards its neighbours, as far as the order and the gaps allow."""
    offsets = [_offsets(places, column) for column in places.columns]
    for column, (starts, height) in zip(places.columns, offsets, strict=True):
        for place, start in zip(column, starts, strict=True):
            places.y[place] = start - height / 2
    downwards = range(1, len(places.columns))
    for turn in range(ROUNDS):
        if turn % 2 == 0:
            for rank in downwards:
                _towards(places, places.columns[rank], offsets[rank][0], places.up, places.down)
        else:
            for rank in reversed(range(len(places.columns) - 1)):
                _towards(places, places.columns[rank], offsets[rank][0], places.down, places.up)


def _offsets(places: Places, column: list[int]) -> tuple[list[float], float]:
    """Where each place of a column starts when all stand as close as they may."""
    starts, height = [], 0.0
    for at, place in enumerate(column):
        if at:
            passages = place >= places.cards or column[at - 1] >= places.cards
            height += places.row_gap / 2 if passages else places.row_gap
        starts.append(height)
        height += places.heights[place]
    return starts, height


def _towards(
    places: Places,
    column: list[int],
    starts: list[float],
    neighbours: list[list[tuple[int, float, float]]],
    others: list[list[tuple[int, float, float]]],
) -> None:
    """
    Isotonic regression: the heights nearest to what each place wishes (the median of its
    neighbours) that keep the order and the gaps. Passages weigh more, so long edges run flat.
    """
    blocks: list[_Block] = []
    for place, start in zip(column, starts, strict=True):
        weight = 3.0 if place >= places.cards else 1.0
        near = neighbours[place] or others[place]
        block = _Block((_wish(places, place, near) - start) * weight, weight)
        while blocks and blocks[-1].sum * block.weight > block.sum * blocks[-1].weight:
            block.merge(blocks.pop())
        blocks.append(block)
    moved = [block.sum / block.weight for block in blocks for _ in range(block.count)]
    for place, start, offset in zip(column, starts, moved, strict=True):
        places.y[place] = offset + start


@dataclass(slots=True)
class _Block:
    """Neighbouring places that move as one: the weighted sum of their wishes, and their weight."""

    sum: float
    weight: float
    count: int = 1

    def merge(self, above: _Block) -> None:
        self.sum += above.sum
        self.weight += above.weight
        self.count += above.count


def _wish(places: Places, place: int, near: list[tuple[int, float, float]]) -> float:
    """The median of the heights at which its edges would run flat; its own where it has none."""
    if not near:
        return places.y[place]
    wishes = sorted([places.y[other] + there - here for other, there, here in near])
    middle = len(wishes) // 2
    return (wishes[middle] + wishes[~middle]) / 2
