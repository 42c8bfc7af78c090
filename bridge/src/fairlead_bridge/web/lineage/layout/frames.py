"""The inside of a DAG's box, with ways to its border. Lengths are pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fairlead_bridge.web.lineage.layout.cycles import closing
from fairlead_bridge.web.lineage.layout.layers import layered
from fairlead_bridge.web.lineage.layout.places import PASSAGE, Edge
from fairlead_bridge.web.lineage.layout.shapes import Box, Frame, Point

INNER_COLUMN_GAP, INNER_ROW_GAP = 44.0, 16.0


@dataclass(frozen=True, slots=True)
class Inside:
    """A frame with its members, relative to its own corner."""

    w: float
    h: float
    corners: list[Point]
    routes: dict[tuple[str, str], list[Point]]
    ways_in: dict[str, list[Point]]  # from the left border to the member
    ways_out: dict[str, list[Point]]  # from the member to the right border
    enters: dict[str, float] = field(default_factory=dict)
    leaves: dict[str, float] = field(default_factory=dict)


def inside(
    frame: Frame, boxes: list[Box], pairs: list[tuple[str, str]], stood: Mapping[str, float]
) -> Inside:
    """Lay out the members of a frame, with a way to its border for each that has links outside."""
    index = {box.id: at for at, box in enumerate(boxes)}
    between = [(s, t) for s, t in dict.fromkeys(pairs) if s in index and t in index]
    back = closing(len(boxes), [(index[s], index[t]) for s, t in between])
    turned = [(index[s], index[t]) in back for s, t in between]
    enter = list(dict.fromkeys(t for s, t in pairs if t in index and s not in index))
    leave = list(dict.fromkeys(s for s, t in pairs if s in index and t not in index))

    middles = {box.id: box.h / 2 for box in boxes}
    edges = [
        _edge(index, middles, (t, s) if turn else (s, t))
        for (s, t), turn in zip(between, turned, strict=True)
    ]
    first = range(len(boxes), len(boxes) + len(enter))
    last = range(first.stop, first.stop + len(leave))
    edges += [
        Edge(p, index[id], PASSAGE / 2, middles[id]) for p, id in zip(first, enter, strict=True)
    ]
    edges += [
        Edge(index[id], p, middles[id], PASSAGE / 2) for p, id in zip(last, leave, strict=True)
    ]
    sizes = [(box.w, box.h) for box in boxes] + [(0.0, PASSAGE)] * (len(first) + len(last))
    placed = by_index([box.id for box in boxes], stood)
    flat = layered(sizes, edges, INNER_COLUMN_GAP, INNER_ROW_GAP, first, last, placed)

    width = max(flat.width + 2 * frame.padding, frame.w)
    left = (width - flat.width) / 2
    lines = [_moved(line, left, frame.header) for line in flat.routes]
    into = dict(zip(enter, lines[len(between) :], strict=False))
    out = dict(zip(leave, lines[len(between) + len(enter) :], strict=True))
    return Inside(
        width,
        flat.height + frame.header + frame.padding,
        _moved(flat.corners, left, frame.header)[: len(boxes)],
        {
            pair: line[::-1] if turn else line
            for pair, turn, line in zip(between, turned, lines, strict=False)
        },
        {id: [(0.0, line[0][1]), *line] for id, line in into.items()},
        {id: [*line, (width, line[-1][1])] for id, line in out.items()},
        {id: line[0][1] for id, line in into.items()},
        {id: line[-1][1] for id, line in out.items()},
    )


def _edge(index: Mapping[str, int], middles: Mapping[str, float], pair: tuple[str, str]) -> Edge:
    """An edge from the middle of one card's side to the other's."""
    source, target = pair
    return Edge(index[source], index[target], middles[source], middles[target])


def _moved(points: list[Point], right: float, down: float) -> list[Point]:
    return [(x + right, y + down) for x, y in points]


def by_index(ids: Sequence[str], heights: Mapping[str, float]) -> dict[int, float]:
    """The heights that are known, by the position of their id."""
    return {at: heights[id] for at, id in enumerate(ids) if id in heights} if heights else {}
