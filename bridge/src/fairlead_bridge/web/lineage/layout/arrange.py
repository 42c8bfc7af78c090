"""The whole graph: boxes first, then the graph in which each stands as one card. Lengths are pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fairlead_bridge.web.lineage.layout.cycles import closing
from fairlead_bridge.web.lineage.layout.frames import by_index, inside
from fairlead_bridge.web.lineage.layout.layers import layered
from fairlead_bridge.web.lineage.layout.places import Edge
from fairlead_bridge.web.lineage.layout.shapes import Box, Drawing, Frame, Link, Place, Point

COLUMN_GAP, ROW_GAP = 68.0, 26.0
LABEL_GAP = 148.0  # between columns whose edges carry words


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
    stood = (
        {id: place.y for id, place in (*before.cards.items(), *before.frames.items())}
        if before is not None
        else {}
    )
    frame_of = {frame.id: frame for frame in frames}
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

    # The outer graph: frames and the cards outside of them. Its cycles say which links run back.
    outer_ids = list(dict.fromkeys(group_of[box.id] or box.id for box in boxes))
    outer_index = {id: at for at, id in enumerate(outer_ids)}
    outer_pairs = {
        (outer_index[group_of[s] or s], outer_index[group_of[t] or t]): None
        for s, t in pairs
        if (group_of[s] or s) != (group_of[t] or t)
    }
    back = closing(len(outer_ids), list(outer_pairs))

    # Links as they are drawn, left to right, and for each frame those that end at it.
    drawn: dict[tuple[str, str], tuple[str, str]] = {}
    at_frame: dict[str, list[tuple[str, str]]] = {group: [] for group in members}
    for source, target in pairs:
        a, b = group_of[source] or source, group_of[target] or target
        turned = (outer_index[a], outer_index[b]) in back
        drawn[source, target] = pair = (target, source) if turned else (source, target)
        for group in {a, b} & at_frame.keys():
            at_frame[group].append(pair)
    inner = {
        group: inside(frame_of[group], boxes_of, at_frame[group], stood)
        for group, boxes_of in members.items()
    }

    crossing: dict[tuple[str, str], Edge] = {}
    for source, target in drawn.values():
        a, b = group_of[source] or source, group_of[target] or target
        if a != b and (source, target) not in crossing:
            leaves = inner[a].leaves[source] if a in inner else box_of[source].h / 2
            enters = inner[b].enters[target] if b in inner else box_of[target].h / 2
            crossing[source, target] = Edge(outer_index[a], outer_index[b], leaves, enters)
    sizes = [
        (inner[id].w, inner[id].h) if id in inner else (box_of[id].w, box_of[id].h)
        for id in outer_ids
    ]
    outer = layered(sizes, list(crossing.values()), gap, ROW_GAP, stood=by_index(outer_ids, stood))

    cards: dict[str, Place] = {}
    placed_frames: dict[str, Place] = {}
    for id, (w, h), (x, y) in zip(outer_ids, sizes, outer.corners, strict=True):
        if id not in inner:
            cards[id] = Place(x, y, w, h)
            continue
        placed_frames[id] = Place(x, y, w, h)
        for box, (inner_x, inner_y) in zip(members[id], inner[id].corners, strict=True):
            cards[box.id] = Place(x + inner_x, y + inner_y, box.w, box.h, id)

    outer_routes = dict(zip(crossing, outer.routes, strict=True))
    lines: dict[tuple[str, str], tuple[Point, ...]] = {}
    for pair, (source, target) in drawn.items():
        a, b = group_of[source] or source, group_of[target] or target
        points: list[Point] = []
        if a == b:
            points += _moved(inner[a].routes[source, target], placed_frames[a])
        else:
            if a in inner:
                points += _moved(inner[a].ways_out[source], placed_frames[a])
            points += outer_routes[source, target]
            if b in inner:
                points += _moved(inner[b].ways_in[target], placed_frames[b])
        lines[pair] = tuple(_plain(points if (source, target) == pair else points[::-1]))
    routes = tuple(lines.get((link.source, link.target), ()) for link in links)
    return Drawing(outer.width, outer.height, cards, placed_frames, routes)


def _adopt(
    boxes: Sequence[Box], pairs: Iterable[tuple[str, str]], frames: dict[str, Frame]
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
