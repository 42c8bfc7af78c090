"""The order in each column: few edges cross, and what stood somewhere keeps its order."""

from __future__ import annotations

from bisect import bisect_right, insort

from fairlead_bridge.web.layout.places import WORTH_SWAPPING, Places


def untangle(places: Places) -> None:
    """Order the columns so that few edges cross; keep the best order that was seen."""
    small = len(places.heights) <= WORTH_SWAPPING
    best, kept = _crossings(places), [column[:] for column in places.columns]
    worse = 0
    for sweep in range(10 if small else 6):
        if not best or worse == 3:
            break
        if sweep % 2 == 0:
            for column in places.columns[1:]:
                _by_barycentre(places, column, places.up)
        else:
            for column in places.columns[-2::-1]:
                _by_barycentre(places, column, places.down)
        if small:
            _swap_neighbours(places)
        crossings = _crossings(places)
        worse += 1
        if crossings < best:
            best, kept, worse = crossings, [column[:] for column in places.columns], 0
    places.columns = kept
    for column in places.columns:
        places.number(column)


def _by_barycentre(
    places: Places, column: list[int], neighbours: list[list[tuple[int, float, float]]]
) -> None:
    at, heights = places.at, places.heights
    wanted = {}
    for place in column:
        near = neighbours[place]
        if len(near) == 1:
            other, height, _ = near[0]
            wanted[place] = at[other] + height / heights[other]
        elif near:
            total = sum([at[other] + height / heights[other] for other, height, _ in near])
            wanted[place] = total / len(near)
        else:
            wanted[place] = at[place] + 0.5
    column.sort(key=wanted.__getitem__)
    places.keep(column)
    places.number(column)


def _swap_neighbours(places: Places) -> None:
    """Exchange two neighbours wherever that removes crossings."""
    for _ in range(4):
        swapped = False
        for column in places.columns:
            for at in range(len(column) - 1):
                a, b = column[at], column[at + 1]
                if a in places.stood and b in places.stood:
                    continue
                if _tangle(places, a, b) > _tangle(places, b, a):
                    column[at], column[at + 1] = b, a
                    places.at[a], places.at[b] = at + 1, at
                    swapped = True
        if not swapped:
            return


def _tangle(places: Places, a: int, b: int) -> int:
    """Crossings between the edges of a and those of b when a stands above b."""
    at, heights = places.at, places.heights
    crossings = 0
    for neighbours in (places.up, places.down):
        first, second = neighbours[a], neighbours[b]
        if not first or not second or len(first) * len(second) > 400:
            continue
        below = sorted([at[other] + height / heights[other] for other, height, _ in second])
        for other, height, _ in first:
            position = at[other] + height / heights[other]
            for lower in below:
                if lower >= position:
                    break
                crossings += 1
    return crossings


def _crossings(places: Places) -> int:
    at, heights = places.at, places.heights
    crossings = 0
    for column in places.columns[:-1]:
        seen: list[float] = []
        for place in column:
            near = places.down[place]
            if not near:
                continue
            if len(near) > 1:
                near = sorted(near, key=lambda n: (n[2], at[n[0]]))
            ends = [at[other] + height / heights[other] for other, height, _ in near]
            for end in ends:
                crossings += len(seen) - bisect_right(seen, end)
                insort(seen, end)
    return crossings
