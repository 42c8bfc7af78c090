"""The heights in each column: every place near its neighbours, as far as order and gaps allow."""

from __future__ import annotations

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
    y = places.y
    sums: list[float] = []
    weights: list[float] = []
    counts: list[int] = []
    for place, start in zip(column, starts, strict=True):
        near = neighbours[place] or others[place]
        if len(near) == 1:
            other, there, here = near[0]
            wish = y[other] + there - here
        elif near:
            wishes = sorted([y[other] + there - here for other, there, here in near])
            middle = len(wishes) // 2
            wish = (wishes[middle] + wishes[~middle]) / 2
        else:
            wish = y[place]
        weight = 3.0 if place >= places.cards else 1.0
        total, count = (wish - start) * weight, 1
        while sums and sums[-1] * weight > total * weights[-1]:
            total += sums.pop()
            weight += weights.pop()
            count += counts.pop()
        sums.append(total)
        weights.append(weight)
        counts.append(count)
    at = 0
    for total, weight, count in zip(sums, weights, counts, strict=True):
        for _ in range(count):
            y[column[at]] = total / weight + starts[at]
            at += 1
