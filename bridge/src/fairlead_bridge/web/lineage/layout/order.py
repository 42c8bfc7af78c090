"""The order in each column: few edges cross, and what stood somewhere keeps its order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort

from fairlead_bridge.web.lineage.layout.places import WORTH_SWAPPING, Places


def untangle(places: Places) -> None:
    """Order the columns so that few edges cross; keep the best order that was seen."""
    small = len(places.heights) <= WORTH_SWAPPING
    best, best_columns = _crossings(places), [column[:] for column in places.columns]
    worse = 0
    for sweep in range(6):
        if not best or worse == 2:
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
            best, best_columns, worse = crossings, [column[:] for column in places.columns], 0
    places.columns = best_columns
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
    places.restore_order(column)
    places.number(column)


def _swap_neighbours(places: Places) -> None:
    """Exchange two neighbours wherever that removes crossings."""
    stood = places.stood
    for _ in range(4):
        swapped = False
        for column in places.columns:
            # What stands in other columns stays while this one is looked through.
            ends = [
                (_ends(places, places.up[place]), _ends(places, places.down[place]))
                for place in column
            ]
            moved = False
            for at in range(len(column) - 1):
                (up, down), (next_up, next_down) = ends[at], ends[at + 1]
                if _gain(up, next_up) + _gain(down, next_down) <= 0:
                    continue
                if column[at] in stood and column[at + 1] in stood:
                    continue
                column[at], column[at + 1] = column[at + 1], column[at]
                ends[at], ends[at + 1] = ends[at + 1], ends[at]
                moved = True
            if moved:
                places.number(column)
                swapped = True
        if not swapped:
            return


def _ends(places: Places, neighbours: list[tuple[int, float, float]]) -> list[float]:
    """Where the edges of a place end in the next column, from top to bottom."""
    at, heights = places.at, places.heights
    if len(neighbours) == 1:
        other, height, _ = neighbours[0]
        return [at[other] + height / heights[other]]
    return sorted([at[other] + height / heights[other] for other, height, _ in neighbours])


def _gain(above: list[float], below: list[float]) -> int:
    """How many crossings go when two places are exchanged, by where their edges end."""
    if not above or not below:
        return 0
    if len(above) == 1 == len(below):
        return (above[0] > below[0]) - (above[0] < below[0])
    gain, size = 0, len(below)
    for end in above:
        gain += bisect_left(below, end) + bisect_right(below, end) - size
    return gain


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
