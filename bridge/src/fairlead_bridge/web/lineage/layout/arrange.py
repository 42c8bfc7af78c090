"""The whole graph: boxes first, then the graph in which each stands as one card. Lengths are pixels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fairlead_bridge.web.lineage.layout.cycles import closing
from fairlead_bridge.web.lineage.layout.frames import Inside, by_index, inside
from fairlead_bridge.web.lineage.layout.layers import Flat, layered
from fairlead_bridge.web.lineage.layout.places import Edge
from fairlead_bridge.web.lineage.layout.shapes import Box, Drawing, Frame, Link, Place, Point

COLUMN_GAP, ROW_GAP = 68.0, 26.0
LABEL_GAP = 148.0  # between columns whose edges carry words
Pair = tuple[str, str]


def arrange(
    boxes: Sequence[Box],
    links: Sequence[Link],
    frames: Iterable[Frame] = (),
    before: Drawing | None = None,
    gap: float = COLUMN_GAP,
) -> Drawing:
    """
    Lay out a graph of `boxes` and `links`, grouped by `frames`, with a `gap` between columns.

    What stood in the drawing `before` this one keeps its order from top to bottom: who unfolds a
    part of a graph finds the rest where it was.

    A card outside every frame that lies between two members of one frame joins it: the table that
    one task of a DAG writes and another reads is drawn inside the DAG. See `Place.group`. Links
    between unknown cards, and from a card to itself, get an empty route.
    """
    graph = _graph(boxes, links, {frame.id: frame for frame in frames})
    stood = _heights(before) if before is not None else {}
    drawn = _left_to_right(graph)
    inner = _insides(graph, drawn, stood)
    crossing = _crossing(graph, drawn, inner)
    sizes = [_size(inner.get(id) or graph.box_of[id]) for id in graph.outer_ids]
    heights = by_index(graph.outer_ids, stood)
    outer = layered(sizes, list(crossing.values()), gap, ROW_GAP, stood=heights)
    cards, placed = _placed(graph, inner, sizes, outer)
    between = dict(zip(crossing, outer.routes, strict=True))
    lines = {pair: _line(graph, inner, placed, between, *turned) for pair, turned in drawn.items()}
    routes = tuple(_route(lines, drawn, (link.source, link.target)) for link in links)
    return Drawing(outer.width, outer.height, cards, placed, routes)


@dataclass(frozen=True, slots=True)
class _Graph:
    """The cards with their groups, and the outer graph: frames and the cards outside of them."""

    box_of: dict[str, Box]
    frame_of: dict[str, Frame]
    group_of: dict[str, str | None]
    pairs: dict[Pair, None]
    members: dict[str, list[Box]]
    outer_ids: list[str]
    outer_index: dict[str, int]

    def outer(self, id: str) -> str:
        """The frame that a card is drawn in, or the card itself."""
        return self.group_of[id] or id


def _graph(boxes: Sequence[Box], links: Sequence[Link], frame_of: dict[str, Frame]) -> _Graph:
    box_of = {box.id: box for box in boxes}
    pairs = {
        (link.source, link.target): None
        for link in links
        if link.source != link.target and link.source in box_of and link.target in box_of
    }
    group_of = _adopt(boxes, pairs, frame_of)
    members: dict[str, list[Box]] = {}
    for box in boxes:
        if group := group_of[box.id]:
            members.setdefault(group, []).append(box)
    outer_ids = list(dict.fromkeys(group_of[box.id] or box.id for box in boxes))
    outer_index = {id: at for at, id in enumerate(outer_ids)}
    return _Graph(box_of, frame_of, group_of, pairs, members, outer_ids, outer_index)


def _heights(before: Drawing) -> dict[str, float]:
    return {id: place.y for id, place in (*before.cards.items(), *before.frames.items())}


def _left_to_right(graph: _Graph) -> dict[Pair, Pair]:
    """Each link as it is drawn: turned around where the outer graph's cycles make it run back."""
    outer = {pair: (graph.outer(pair[0]), graph.outer(pair[1])) for pair in graph.pairs}
    indexes = {
        pair: (graph.outer_index[source], graph.outer_index[target])
        for pair, (source, target) in outer.items()
    }
    between = dict.fromkeys(indexes[pair] for pair, (a, b) in outer.items() if a != b)
    back = closing(len(graph.outer_ids), list(between))
    return {pair: pair[::-1] if indexes[pair] in back else pair for pair in graph.pairs}


def _insides(
    graph: _Graph, drawn: Mapping[Pair, Pair], stood: Mapping[str, float]
) -> dict[str, Inside]:
    """The inside of each frame, with the links that end at it or in it."""
    at_frame: dict[str, list[Pair]] = {group: [] for group in graph.members}
    for pair, turned in drawn.items():
        for group in {graph.outer(pair[0]), graph.outer(pair[1])} & at_frame.keys():
            at_frame[group].append(turned)
    return {
        group: inside(graph.frame_of[group], boxes, at_frame[group], stood)
        for group, boxes in graph.members.items()
    }


def _crossing(
    graph: _Graph, drawn: Mapping[Pair, Pair], inner: Mapping[str, Inside]
) -> dict[Pair, Edge]:
    """The edges of the outer graph, by the pair of cards that each is drawn for."""
    edges: dict[Pair, Edge] = {}
    for source, target in drawn.values():
        a, b = graph.outer(source), graph.outer(target)
        if a != b and (source, target) not in edges:
            leaves = inner[a].leaves[source] if a in inner else graph.box_of[source].h / 2
            enters = inner[b].enters[target] if b in inner else graph.box_of[target].h / 2
            edges[source, target] = Edge(graph.outer_index[a], graph.outer_index[b], leaves, enters)
    return edges


def _size(shape: Inside | Box) -> tuple[float, float]:
    return shape.w, shape.h


def _placed(
    graph: _Graph, inner: Mapping[str, Inside], sizes: list[tuple[float, float]], outer: Flat
) -> tuple[dict[str, Place], dict[str, Place]]:
    """Where each card and each frame stands."""
    cards: dict[str, Place] = {}
    frames: dict[str, Place] = {}
    for id, (w, h), (x, y) in zip(graph.outer_ids, sizes, outer.corners, strict=True):
        if id not in inner:
            cards[id] = Place(x, y, w, h)
            continue
        frames[id] = Place(x, y, w, h)
        for box, (inner_x, inner_y) in zip(graph.members[id], inner[id].corners, strict=True):
            cards[box.id] = Place(x + inner_x, y + inner_y, box.w, box.h, id)
    return cards, frames


def _line(
    graph: _Graph,
    inner: Mapping[str, Inside],
    frames: Mapping[str, Place],
    between: Mapping[Pair, list[Point]],
    source: str,
    target: str,
) -> list[Point]:
    """The points of a link from left to right: out of its frame, between frames, into the other."""
    a, b = graph.outer(source), graph.outer(target)
    if a == b:
        return _moved(inner[a].routes[source, target], frames[a])
    out = _moved(inner[a].ways_out[source], frames[a]) if a in inner else []
    into = _moved(inner[b].ways_in[target], frames[b]) if b in inner else []
    return [*out, *between[source, target], *into]


def _route(
    lines: Mapping[Pair, list[Point]], drawn: Mapping[Pair, Pair], pair: Pair
) -> tuple[Point, ...]:
    """The points of a link from its source to its target; none for a link that is not drawn."""
    if pair not in lines:
        return ()
    points = lines[pair]
    return tuple(_plain(points if drawn[pair] == pair else points[::-1]))


def _adopt(
    boxes: Sequence[Box], pairs: Iterable[Pair], frames: dict[str, Frame]
) -> dict[str, str | None]:
    """The group of each card, where a card between two members of one group joins it."""
    group_of = {box.id: box.group if box.group in frames else None for box in boxes}
    before: dict[str, dict[str, None]] = {}
    after: dict[str, dict[str, None]] = {}
    for source, target in pairs:
        if (group := group_of[source]) and not group_of[target]:
            before.setdefault(target, {})[group] = None
        if (group := group_of[target]) and not group_of[source]:
            after.setdefault(source, {})[group] = None
    for id, groups in before.items():
        if shared := [group for group in groups if group in after.get(id, {})]:
            group_of[id] = shared[0]
    return group_of


def _moved(points: list[Point], place: Place) -> list[Point]:
    return [(x + place.x, y + place.y) for x, y in points]


def _plain(points: list[Point]) -> list[Point]:
    """The same line without the points that lie on the straight between their neighbours."""
    line: list[Point] = []
    for x, y in points:
        point = (round(x, 1), round(y, 1))
        if line and line[-1] == point:
            continue
        if len(line) > 1 and line[-2][1] == line[-1][1] == point[1]:
            line[-1] = point
        else:
            line.append(point)
    return line
