from __future__ import annotations

import time
from itertools import combinations

import pytest

from fairlead_bridge.web.lineage.layout import (
    Drawing,
    Frame,
    Link,
    arrange,
    dag_frame,
    short_name,
)
from tests.support.lineage_graphs import (
    GRAPHS,
    Graph,
    along,
    cards,
    chain,
    company,
    inside,
    obstacles_near,
    overlap,
)


@pytest.fixture(params=GRAPHS)
def graph(request: pytest.FixtureRequest) -> Graph:
    return GRAPHS[request.param]


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
