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
    inner = [(s, t) for s, t in dict.fromkeys(pairs) if s in index and t in index]
    back = closing(len(boxes), [(index[s], index[t]) for s, t in inner])
    flipped = [(index[s], index[t]) in back for s, t in inner]
    enter = list(dict.fromkeys(t for s, t in pairs if t in index and s not in index))
    leave = list(dict.fromkeys(s for s, t in pairs if s in index and t not in index))

    sizes = [(box.w, box.h) for box in boxes]
    edges: list[Edge] = []
    for (s, t), turn in zip(inner, flipped, strict=True):
        a, b = (index[t], index[s]) if turn else (index[s], index[t])
        edges.append(Edge(a, b, boxes[a].h / 2, boxes[b].h / 2))
    ports = len(boxes)
    for id in enter:
        edges.append(Edge(len(sizes), index[id], PASSAGE / 2, boxes[index[id]].h / 2))
        sizes.append((0.0, PASSAGE))
    for id in leave:
        edges.append(Edge(index[id], len(sizes), boxes[index[id]].h / 2, PASSAGE / 2))
        sizes.append((0.0, PASSAGE))
    first = range(ports, ports + len(enter))
    last = range(ports + len(enter), len(sizes))
    placed = by_index([box.id for box in boxes], stood)
    flat = layered(sizes, edges, INNER_COLUMN_GAP, INNER_ROW_GAP, first, last, placed)

    width = max(flat.width + 2 * frame.padding, frame.w)
    left = (width - flat.width) / 2
    corners = [(x + left, y + frame.header) for x, y in flat.corners]
    lines = [[(x + left, y + frame.header) for x, y in line] for line in flat.routes]
    routes = {
        pair: line[::-1] if turn else line
        for pair, turn, line in zip(inner, flipped, lines, strict=False)
    }
    ways_in, ways_out = {}, {}
    enters, leaves = {}, {}
    for id, line in zip(enter, lines[len(inner) :], strict=False):
        enters[id] = line[0][1]
        ways_in[id] = [(0.0, line[0][1]), *line]
    for id, line in zip(leave, lines[len(inner) + len(enter) :], strict=True):
        leaves[id] = line[-1][1]
        ways_out[id] = [*line, (width, line[-1][1])]
    height = flat.height + frame.header + frame.padding
    return Inside(width, height, corners[:ports], routes, ways_in, ways_out, enters, leaves)


def by_index(ids: Sequence[str], heights: Mapping[str, float]) -> dict[int, float]:
    return {at: heights[id] for at, id in enumerate(ids) if id in heights} if heights else {}
