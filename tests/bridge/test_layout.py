from __future__ import annotations

import random
import time
from collections.abc import Iterator
from itertools import combinations, pairwise

import pytest

from fairlead_bridge.web.lineage.layout import (
    Box,
    Drawing,
    Frame,
    Link,
    Place,
    arrange,
    dag_frame,
    dataset_box,
    short_name,
    task_box,
)

Graph = tuple[list[Box], list[Link], list[Frame]]


def chain(*ids: str) -> list[Link]:
    return [Link(a, b) for a, b in pairwise(ids)]


def cards(ids: str, group: str | None = None) -> list[Box]:
    return [Box(id, 100, 40, group) for id in ids]


def company(size: int, seed: int = 1) -> Graph:
    """A made-up company's lineage: DAGs on seven levels that read what earlier levels wrote."""
    pick = random.Random(seed)
    boxes: list[Box] = []
    links: list[Link] = []
    frames: list[Frame] = []
    written: list[list[str]] = [[] for _ in range(8)]
    dags = max(1, size // 13)
    for dag in range(dags):
        level = dag * 7 // dags
        frames.append(dag_frame(f"dag{dag}", f"dag_{dag}_with_a_name"))
        for number in range(3 if level == 0 else 0):
            source = f"source{dag}.{number}"
            boxes.append(dataset_box(source, "source." + "x" * pick.randint(0, 30)))
            written[0].append(source)
        tasks: list[str] = []
        for number in range(pick.randint(4, 9)):
            task = f"dag{dag}.task{number}"
            boxes.append(task_box(task, "task_" + "x" * pick.randint(0, 30), f"dag{dag}"))
            if tasks and pick.random() < 0.6:
                links.append(Link(pick.choice(tasks), task))
            tasks.append(task)
            near = written[level][-30:]
            if near and pick.random() < 0.5:
                links += [Link(d, task) for d in pick.sample(near, min(len(near), 2))]
            if pick.random() < 0.1 and written[pick.randint(0, level)]:
                links.append(Link(pick.choice(written[0]), task))
            if pick.random() < 0.8:
                table = f"table{dag}.{number}"
                boxes.append(dataset_box(table, "schema.table_" + "y" * pick.randint(0, 30)))
                written[level + 1].append(table)
                links.append(Link(task, table))
    return boxes, links, frames


def hub(spokes: int) -> Graph:
    """One table that everything reads."""
    boxes = [dataset_box("hub", "hub")]
    for number in range(spokes):
        boxes += [task_box(f"t{number}", "t", f"g{number % 7}"), dataset_box(f"d{number}", "d")]
    links = [Link("hub", f"t{n}") for n in range(spokes)]
    links += [Link(f"t{n}", f"d{n}") for n in range(spokes)]
    return boxes, links, [dag_frame(f"g{n}", f"g{n}") for n in range(7)]


def tangle(size: int) -> Graph:
    """Cycles upon cycles."""
    boxes = [Box(f"n{n}", 100, 40, f"g{n % 4}" if n % 3 else None) for n in range(size)]
    links = [Link(f"n{n}", f"n{(n * 7 + 3) % size}") for n in range(size)]
    links += [Link(f"n{n}", f"n{(n + 1) % size}") for n in range(size)]
    return boxes, links, [Frame(f"g{n}") for n in range(4)]


GRAPHS: dict[str, Graph] = {
    "company of 60": company(60),
    "company of 150": company(150, seed=2),
    "company of 300": company(300, seed=3),
    "company of 500": company(500, seed=4),
    "hub": hub(60),
    "tangle": tangle(30),
}


@pytest.fixture(params=GRAPHS)
def graph(request: pytest.FixtureRequest) -> Graph:
    return GRAPHS[request.param]


def along(points: tuple[tuple[float, float], ...]) -> Iterator[tuple[float, float]]:
    """Points on the line as it is drawn: an S from each corner to the next."""
    for (x0, y0), (x1, y1) in pairwise(points):
        for step in range(1, 24):
            t = step / 24
            x = x0 + (x1 - x0) * (1.5 * t * (1 - t) + t**3)
            yield x, y0 + (y1 - y0) * (3 * t**2 - 2 * t**3)


def inside(point: tuple[float, float], place: Place) -> bool:
    x, y = point
    return place.x + 1 < x < place.x + place.w - 1 and place.y + 1 < y < place.y + place.h - 1


def overlap(a: Place, b: Place) -> bool:
    beside = a.x + a.w <= b.x or b.x + b.w <= a.x
    return not beside and not (a.y + a.h <= b.y or b.y + b.h <= a.y)


def test_consumers_stand_to_the_right_of_their_producers() -> None:
    drawing = arrange(cards("abcd"), [*chain("a", "b", "c"), *chain("a", "d")])
    x = {id: place.x for id, place in drawing.cards.items()}
    assert x["a"] < x["b"] < x["c"]
    assert x["a"] < x["d"]


def test_the_same_graph_gets_the_same_picture(graph: Graph) -> None:
    assert arrange(*graph) == arrange(*graph)


def test_no_two_cards_overlap(graph: Graph) -> None:
    drawing = arrange(*graph)
    for a, b in combinations(drawing.cards.values(), 2):
        assert not overlap(a, b)
    for a, b in combinations(drawing.frames.values(), 2):
        assert not overlap(a, b)


def test_no_edge_runs_through_a_card(graph: Graph) -> None:
    boxes, links, frames = graph
    drawing = arrange(boxes, links, frames)
    for link, points in zip(links, drawing.routes, strict=True):
        own = {drawing.cards[link.source].group, drawing.cards[link.target].group}
        obstacles = [*drawing.cards.values()]
        obstacles += [frame for id, frame in drawing.frames.items() if id not in own]
        near = obstacles_near(points, obstacles)
        for point in along(points):
            assert not any(inside(point, obstacle) for obstacle in near), (link, point)


def obstacles_near(points: tuple[tuple[float, float], ...], obstacles: list[Place]) -> list[Place]:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    reach = Place(min(xs), min(ys) - 1, max(xs) - min(xs), max(ys) - min(ys) + 2)
    return [obstacle for obstacle in obstacles if overlap(reach, obstacle)]


def test_every_edge_runs_from_the_side_of_its_source_to_the_side_of_its_target(
    graph: Graph,
) -> None:
    boxes, links, frames = graph
    drawing = arrange(boxes, links, frames)
    for link, points in zip(links, drawing.routes, strict=True):
        source, target = drawing.cards[link.source], drawing.cards[link.target]
        forward = points[0][0] < points[-1][0]
        leaves = source.x + source.w if forward else source.x
        enters = target.x if forward else target.x + target.w
        assert points[0] == pytest.approx((leaves, source.y + source.h / 2), abs=0.2)
        assert points[-1] == pytest.approx((enters, target.y + target.h / 2), abs=0.2)


def test_members_stand_inside_their_frame_below_its_title(graph: Graph) -> None:
    drawing = arrange(*graph)
    for place in drawing.cards.values():
        if place.group:
            frame = drawing.frames[place.group]
            assert frame.x <= place.x
            assert frame.x + frame.w >= place.x + place.w
            assert frame.y + 50 <= place.y
            assert frame.y + frame.h >= place.y + place.h


def test_nothing_stands_outside_of_the_picture(graph: Graph) -> None:
    drawing = arrange(*graph)
    for place in [*drawing.cards.values(), *drawing.frames.values()]:
        assert place.x >= 0
        assert place.y >= 0
        assert place.x + place.w <= drawing.width + 0.2
        assert place.y + place.h <= drawing.height + 0.2


def test_a_table_between_two_tasks_of_a_dag_is_drawn_inside_the_dag() -> None:
    boxes = [*cards("ab", "dag"), *cards("tu")]
    links = [*chain("a", "t", "b"), *chain("b", "u")]
    drawing = arrange(boxes, links, [Frame("dag")])
    assert drawing.cards["t"].group == "dag"
    assert drawing.cards["u"].group is None
    assert drawing.cards["a"].x < drawing.cards["t"].x < drawing.cards["b"].x


def test_a_cycle_is_cut_at_the_lowest_index_and_only_once() -> None:
    links = chain("a", "b", "c", "a")
    drawing = arrange(cards("abc"), links)
    backwards = [
        link
        for link, points in zip(links, drawing.routes, strict=True)
        if points[0][0] > points[-1][0]
    ]
    assert backwards == [Link("c", "a")]


def test_a_link_to_itself_or_to_an_unknown_card_gets_an_empty_route() -> None:
    links = [Link("a", "a"), Link("a", "nobody"), Link("a", "b")]
    drawing = arrange(cards("ab"), links)
    assert [bool(points) for points in drawing.routes] == [False, False, True]


def test_an_empty_graph_is_an_empty_picture() -> None:
    assert arrange([], []) == Drawing(0, 0, {}, {}, ())


def test_a_frame_is_wide_enough_for_its_title() -> None:
    title = "a_dag_with_quite_a_long_name_indeed"
    drawing = arrange(cards("a", "dag"), [], [dag_frame("dag", title)])
    assert drawing.frames["dag"].w >= 7 * len(title)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("shop.public.orders", "orders"),
        ("/data/in/orders.csv", "orders.csv"),
        ("public.orders", "public.orders"),
        ("/lake/", "/lake/"),
        ("a.b.", "a.b."),
        ("", ""),
    ],
)
def test_a_card_shows_the_last_part_of_a_name(name: str, shown: str) -> None:
    assert short_name(name) == shown


def test_a_straight_chain_is_drawn_straight() -> None:
    drawing = arrange(cards("abcdef"), chain(*"abcdef"))
    assert len({place.y for place in drawing.cards.values()}) == 1
    assert all(len(points) == 2 for points in drawing.routes)


def test_few_edges_cross_where_none_has_to() -> None:
    """A ladder given in the worst order comes out without a crossing."""
    boxes = [*cards("abcdef"), *cards("FEDCBA")]
    drawing = arrange(boxes, [Link(low, low.upper()) for low in "abcdef"])
    left = sorted("abcdef", key=lambda id: drawing.cards[id].y)
    right = sorted("ABCDEF", key=lambda id: drawing.cards[id].y)
    assert [id.upper() for id in left] == right


@pytest.mark.parametrize(("size", "limit"), [(500, 0.25), (5_000, 2.5)])
def test_the_cost_grows_with_the_graph(size: int, limit: float) -> None:
    """Five times what was measured, so that a busy machine does not fail it."""
    graph = company(size)
    before = time.process_time()
    arrange(*graph)
    assert time.process_time() - before < limit
