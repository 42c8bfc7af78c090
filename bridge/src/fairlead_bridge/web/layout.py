"""
Where every card of a lineage graph stands, and how its edges run between them.

Left to right, in columns: an edge always leaves a card on its right side and enters the next on its
left, and where it has to pass a column it gets a place of its own there, so it never runs through a
card. DAGs are boxes: their members are laid out first, then the box stands in the graph as one
card with ports at its sides. The only exception to the direction are cycles, which are cut: the
edge that closes one runs from right to left.

Everything here is a function of its arguments: the same graph gets the same picture everywhere.
Lengths are CSS pixels; x grows to the right, y downwards.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

Point = tuple[float, float]

COLUMN_GAP, ROW_GAP = 68.0, 26.0
LABEL_GAP = 148.0  # between columns whose edges carry words
INNER_COLUMN_GAP, INNER_ROW_GAP = 44.0, 16.0
PORT_GAP = 22.0  # between the side of a frame and its members
PASSAGE = 8.0  # height kept free for an edge that passes a column
NAME_CHARACTER = 7.6  # width of a character of a card's name
DATASET_WIDTH, DATASET_HEIGHT = 168.0, 86.0
TASK_WIDTH, TASK_HEIGHT = 184.0, 96.0
WIDEST = 260.0
FRAME_HEADER, FRAME_PADDING = 58.0, 14.0
WORTH_SWAPPING = 800  # beyond so many places, exchanging neighbours costs more than it shows


@dataclass(frozen=True, slots=True)
class Box:
    """A card to be placed; `group` is the id of the frame that it belongs to."""

    id: str
    w: float
    h: float
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """An edge from one card to another, by their ids."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Frame:
    """A box around the cards of one group: room for its title above, at least `w` wide."""

    id: str
    w: float = 0.0
    header: float = FRAME_HEADER
    padding: float = FRAME_PADDING


@dataclass(frozen=True, slots=True)
class Place:
    """Where a card or a frame stands: upper left corner and size."""

    x: float
    y: float
    w: float
    h: float
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Drawing:
    """A graph that has been laid out; `routes` holds one line of points for each link, in order."""

    width: float
    height: float
    cards: dict[str, Place]
    frames: dict[str, Place]
    routes: tuple[tuple[Point, ...], ...]


def short_name(name: str) -> str:
    """
    What a card shows of a dataset's name: the file of a path, the table of database.schema.table.

    >>> short_name("/data/in/orders.csv"), short_name("shop.public.orders"), short_name("orders.csv")
    ('orders.csv', 'orders', 'orders.csv')
    """
    last = name.rpartition("/")[2] if "/" in name else name
    if "/" not in name and name.count(".") > 1:
        last = name.rpartition(".")[2]
    return last or name


def dataset_box(id: str, name: str, group: str | None = None) -> Box:
    """The card of a dataset: as wide as its short name wants, within limits."""
    return Box(id, _width(short_name(name), DATASET_WIDTH, 50), DATASET_HEIGHT, group)


def task_box(id: str, name: str, group: str | None = None) -> Box:
    """The card of a task or of another job."""
    return Box(id, _width(name, TASK_WIDTH, 34), TASK_HEIGHT, group)


def dag_frame(id: str, label: str) -> Frame:
    """The frame of a DAG: never narrower than its title."""
    return Frame(id, w=min(60 + NAME_CHARACTER * len(label), 1.5 * WIDEST))


def _width(name: str, least: float, rest: float) -> float:
    return min(max(least, rest + NAME_CHARACTER * len(name)), WIDEST)


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
    one task of a DAG writes and another reads is drawn inside the DAG. `Place.group` tells. Links
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
    back = _closing(len(outer_ids), list(outer_pairs))

    # Links as they are drawn, left to right, and for each frame those that touch it.
    drawn: dict[tuple[str, str], tuple[str, str]] = {}
    touching: dict[str, list[tuple[str, str]]] = {group: [] for group in members}
    for source, target in pairs:
        a, b = group_of[source] or source, group_of[target] or target
        turned = (outer_index[a], outer_index[b]) in back
        drawn[source, target] = pair = (target, source) if turned else (source, target)
        for group in {a, b} & touching.keys():
            touching[group].append(pair)
    inner = {
        group: _inside(frame_of[group], boxes_of, touching[group], stood)
        for group, boxes_of in members.items()
    }

    crossing: dict[tuple[str, str], _Edge] = {}
    for source, target in drawn.values():
        a, b = group_of[source] or source, group_of[target] or target
        if a != b and (source, target) not in crossing:
            leaves = inner[a].leaves[source] if a in inner else box_of[source].h / 2
            enters = inner[b].enters[target] if b in inner else box_of[target].h / 2
            crossing[source, target] = _Edge(outer_index[a], outer_index[b], leaves, enters)
    sizes = [
        (inner[id].w, inner[id].h) if id in inner else (box_of[id].w, box_of[id].h)
        for id in outer_ids
    ]
    outer = _layered(
        sizes, list(crossing.values()), gap, ROW_GAP, stood=_by_index(outer_ids, stood)
    )

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


def _by_index(ids: Sequence[str], heights: Mapping[str, float]) -> dict[int, float]:
    return {at: heights[id] for at, id in enumerate(ids) if id in heights} if heights else {}


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


def _closing(size: int, pairs: list[tuple[int, int]]) -> set[tuple[int, int]]:
    """The pairs that close a cycle, found depth first from the sources, then from the lowest."""
    after: list[list[int]] = [[] for _ in range(size)]
    entered = [0] * size
    for a, b in pairs:
        after[a].append(b)
        entered[b] += 1
    closing: set[tuple[int, int]] = set()
    state = bytearray(size)  # 1: on the way down to the present node, 2: done
    for start in [*(n for n in range(size) if not entered[n]), *range(size)]:
        if state[start]:
            continue
        state[start] = 1
        path = [(start, iter(after[start]))]
        while path:
            node, rest = path[-1]
            for follower in rest:
                if state[follower] == 1:
                    closing.add((node, follower))
                elif not state[follower]:
                    state[follower] = 1
                    path.append((follower, iter(after[follower])))
                    break
            else:
                state[node] = 2
                path.pop()
    return closing


@dataclass(frozen=True, slots=True)
class _Edge:
    """An edge by index; `leaves` and `enters` are heights below the upper edge of its cards."""

    source: int
    target: int
    leaves: float
    enters: float


@dataclass(frozen=True, slots=True)
class _Flat:
    width: float
    height: float
    corners: list[Point]
    routes: list[list[Point]]


@dataclass(frozen=True, slots=True)
class _Inside:
    """A frame with its members, relative to its own corner."""

    w: float
    h: float
    corners: list[Point]
    routes: dict[tuple[str, str], list[Point]]
    ways_in: dict[str, list[Point]]  # from the left border to the member
    ways_out: dict[str, list[Point]]  # from the member to the right border
    enters: dict[str, float] = field(default_factory=dict)
    leaves: dict[str, float] = field(default_factory=dict)


def _inside(
    frame: Frame, boxes: list[Box], pairs: list[tuple[str, str]], stood: Mapping[str, float]
) -> _Inside:
    """Lay out the members of a frame, with a way to its border for each that has links outside."""
    index = {box.id: at for at, box in enumerate(boxes)}
    inner = [(s, t) for s, t in dict.fromkeys(pairs) if s in index and t in index]
    back = _closing(len(boxes), [(index[s], index[t]) for s, t in inner])
    flipped = [(index[s], index[t]) in back for s, t in inner]
    enter = list(dict.fromkeys(t for s, t in pairs if t in index and s not in index))
    leave = list(dict.fromkeys(s for s, t in pairs if s in index and t not in index))

    sizes = [(box.w, box.h) for box in boxes]
    edges: list[_Edge] = []
    for (s, t), turn in zip(inner, flipped, strict=True):
        a, b = (index[t], index[s]) if turn else (index[s], index[t])
        edges.append(_Edge(a, b, boxes[a].h / 2, boxes[b].h / 2))
    ports = len(boxes)
    for id in enter:
        edges.append(_Edge(len(sizes), index[id], PASSAGE / 2, boxes[index[id]].h / 2))
        sizes.append((0.0, PASSAGE))
    for id in leave:
        edges.append(_Edge(index[id], len(sizes), boxes[index[id]].h / 2, PASSAGE / 2))
        sizes.append((0.0, PASSAGE))
    first = range(ports, ports + len(enter))
    last = range(ports + len(enter), len(sizes))
    kept = _by_index([box.id for box in boxes], stood)
    flat = _layered(sizes, edges, INNER_COLUMN_GAP, INNER_ROW_GAP, first, last, kept)

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
    return _Inside(width, height, corners[:ports], routes, ways_in, ways_out, enters, leaves)


def _layered(
    sizes: list[tuple[float, float]],
    edges: list[_Edge],
    column_gap: float,
    row_gap: float,
    first: range = range(0),
    last: range = range(0),
    stood: Mapping[int, float] = MappingProxyType({}),
) -> _Flat:
    """
    Layered layout of cards by index; `first` and `last` must stand in the outermost columns, those
    that `stood` somewhere (their heights) keep their order.
    """
    size = len(sizes)
    back = _closing(size, [(e.source, e.target) for e in edges])
    forward = [
        _Edge(e.target, e.source, e.enters, e.leaves) if (e.source, e.target) in back else e
        for e in edges
    ]
    ranks, order = _ranks(size, forward, first, last)
    places = _Places(sizes, forward, ranks, order, row_gap, stood)
    places.untangle()
    places.settle()
    gaps = [column_gap] * (len(places.columns) - 1)
    if gaps and first:
        gaps[0] = PORT_GAP
    if gaps and last:
        gaps[-1] = PORT_GAP
    return places.flat(edges, back, gaps)


def _ranks(size: int, edges: list[_Edge], first: range, last: range) -> tuple[list[int], list[int]]:
    """The column of each card by the longest path to it, and the cards in topological order."""
    after: list[list[int]] = [[] for _ in range(size)]
    waiting = [0] * size
    for edge in edges:
        after[edge.source].append(edge.target)
        waiting[edge.target] += 1
    entering = waiting[:]
    ranks = [0] * size
    order: list[int] = []
    ready = [node for node in range(size - 1, -1, -1) if not waiting[node]]
    if first:
        ranks = [0 if node in first else 1 for node in range(size)]
    while ready:
        node = ready.pop()
        order.append(node)
        for follower in after[node]:
            ranks[follower] = max(ranks[follower], ranks[node] + 1)
            waiting[follower] -= 1
            if not waiting[follower]:
                ready.append(follower)
    # A producer stands next to what it feeds, unless that would lengthen more edges than it saves.
    for node in reversed(order):
        if after[node] and len(after[node]) >= entering[node] and node not in first:
            ranks[node] = max(ranks[node], min(ranks[follower] for follower in after[node]) - 1)
    if last:
        inner = [ranks[node] for node in range(size) if node not in last]
        for node in last:
            ranks[node] = max(inner) + 1
    return ranks, order


class _Places:
    """
    The places in each column: cards, and passages for the edges that go by.

    `up[p]` and `down[p]` hold the neighbours of place p in the columns before and after, each with
    the height at which the edge meets it and the height at which it leaves p.
    """

    def __init__(
        self,
        sizes: list[tuple[float, float]],
        edges: list[_Edge],
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
            self._keep(column)
            self._number(column)
        self.y = [0.0] * len(self.heights)

    def _chain(self, edge: _Edge) -> list[int]:
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

    def _number(self, column: list[int]) -> None:
        for at, place in enumerate(column):
            self.at[place] = at

    def _keep(self, column: list[int]) -> None:
        """Put those that stood somewhere back into their order, on the places they have together."""
        if not self.stood:
            return
        ats = [at for at, place in enumerate(column) if place in self.stood]
        kept = sorted((column[at] for at in ats), key=lambda place: (self.stood[place], place))
        for at, place in zip(ats, kept, strict=True):
            column[at] = place

    # --- the order in each column -----------------------------------------------------------

    def untangle(self) -> None:
        """Order the columns so that few edges cross; keep the best order that was seen."""
        small = len(self.heights) <= WORTH_SWAPPING
        best, kept = self._crossings(), [column[:] for column in self.columns]
        worse = 0
        for sweep in range(10 if small else 6):
            if not best or worse == 3:
                break
            if sweep % 2 == 0:
                for column in self.columns[1:]:
                    self._by_barycentre(column, self.up)
            else:
                for column in self.columns[-2::-1]:
                    self._by_barycentre(column, self.down)
            if small:
                self._swap_neighbours()
            crossings = self._crossings()
            worse += 1
            if crossings < best:
                best, kept, worse = crossings, [column[:] for column in self.columns], 0
        self.columns = kept
        for column in self.columns:
            self._number(column)

    def _by_barycentre(
        self, column: list[int], neighbours: list[list[tuple[int, float, float]]]
    ) -> None:
        at, heights = self.at, self.heights
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
        self._keep(column)
        self._number(column)

    def _swap_neighbours(self) -> None:
        """Exchange two neighbours wherever that removes crossings."""
        for _ in range(4):
            swapped = False
            for column in self.columns:
                for at in range(len(column) - 1):
                    a, b = column[at], column[at + 1]
                    if a in self.stood and b in self.stood:
                        continue
                    if self._tangle(a, b) > self._tangle(b, a):
                        column[at], column[at + 1] = b, a
                        self.at[a], self.at[b] = at + 1, at
                        swapped = True
            if not swapped:
                return

    def _tangle(self, a: int, b: int) -> int:
        """Crossings between the edges of a and those of b when a stands above b."""
        at, heights = self.at, self.heights
        crossings = 0
        for neighbours in (self.up, self.down):
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

    def _crossings(self) -> int:
        at, heights = self.at, self.heights
        crossings = 0
        for column in self.columns[:-1]:
            seen: list[float] = []
            for place in column:
                near = self.down[place]
                if not near:
                    continue
                if len(near) > 1:
                    near = sorted(near, key=lambda n: (n[2], at[n[0]]))
                ends = [at[other] + height / heights[other] for other, height, _ in near]
                for end in ends:
                    crossings += len(seen) - bisect_right(seen, end)
                    insort(seen, end)
        return crossings

    # --- the heights in each column ---------------------------------------------------------

    def settle(self) -> None:
        """Move every place towards its neighbours, as far as the order and the gaps allow."""
        offsets = [self._offsets(column) for column in self.columns]
        for column, (starts, height) in zip(self.columns, offsets, strict=True):
            for place, start in zip(column, starts, strict=True):
                self.y[place] = start - height / 2
        rounds = 8 if len(self.heights) <= 4 * WORTH_SWAPPING else 4
        downwards = range(1, len(self.columns))
        for turn in range(rounds):
            if turn % 2 == 0:
                for rank in downwards:
                    self._towards(self.columns[rank], offsets[rank][0], self.up, self.down)
            else:
                for rank in reversed(range(len(self.columns) - 1)):
                    self._towards(self.columns[rank], offsets[rank][0], self.down, self.up)

    def _offsets(self, column: list[int]) -> tuple[list[float], float]:
        """Where each place of a column starts when all stand as close as they may."""
        starts, height = [], 0.0
        for at, place in enumerate(column):
            if at:
                passages = place >= self.cards or column[at - 1] >= self.cards
                height += self.row_gap / 2 if passages else self.row_gap
            starts.append(height)
            height += self.heights[place]
        return starts, height

    def _towards(
        self,
        column: list[int],
        starts: list[float],
        neighbours: list[list[tuple[int, float, float]]],
        others: list[list[tuple[int, float, float]]],
    ) -> None:
        """
        Isotonic regression: the heights nearest to what each place wishes (the median of its
        neighbours) that keep the order and the gaps. Passages weigh more, so long edges run flat.
        """
        y = self.y
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
            weight = 3.0 if place >= self.cards else 1.0
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

    # --- the picture ------------------------------------------------------------------------

    def flat(self, edges: list[_Edge], back: set[tuple[int, int]], gaps: list[float]) -> _Flat:
        """
        Corners of the cards and points of the edges, from the upper left corner on; `gaps` are
        those between the columns.
        """
        top = min(self.y, default=0.0)
        lefts, widths, right = [], [], 0.0
        for column, gap in zip(self.columns, [0.0, *gaps], strict=bool(self.columns)):
            width = max((self.sizes[p][0] for p in column if p < self.cards), default=0.0)
            lefts.append(right + gap)
            widths.append(width)
            right += gap + width
        y = [round(value - top, 1) for value in self.y]
        corners = [
            (round(lefts[self.ranks[p]] + (widths[self.ranks[p]] - self.sizes[p][0]) / 2, 1), y[p])
            for p in range(self.cards)
        ]
        bottom = max((y[p] + self.heights[p] for p in range(len(y))), default=0.0)

        def route(edge: _Edge, chain: list[int]) -> list[Point]:
            a, b = edge.source, edge.target
            leave, enter = y[a] + edge.leaves, y[b] + edge.enters
            edge_of_column = lefts[self.ranks[a]] + widths[self.ranks[a]]
            points = [(corners[a][0] + self.sizes[a][0], leave), (edge_of_column, leave)]
            for passage in chain:
                left = lefts[self.ranks[passage]]
                height = y[passage] + PASSAGE / 2
                points += [(left, height), (left + widths[self.ranks[passage]], height)]
            return [*points, (lefts[self.ranks[b]], enter), (corners[b][0], enter)]

        routes = []
        for edge, chain in zip(edges, self.chains, strict=True):
            if (edge.source, edge.target) in back:
                turned = _Edge(edge.target, edge.source, edge.enters, edge.leaves)
                routes.append(route(turned, chain)[::-1])
            else:
                routes.append(route(edge, chain))
        return _Flat(right, bottom, corners, routes)


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
