"""The drawn graph: everything the page needs for one picture, in one answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Header, Response

from fairlead_bridge import ids
from fairlead_bridge.queries import lineage, showing, surroundings
from fairlead_bridge.queries.assets import Asset
from fairlead_bridge.queries.jobs import jobs_by_id
from fairlead_bridge.queries.lineage import Hop, Opened, Way
from fairlead_bridge.queries.snapshot import Row, Snapshot
from fairlead_bridge.queries.surroundings import Surroundings
from fairlead_bridge.web import render
from fairlead_bridge.web.datasets import routes as datasets
from fairlead_bridge.web.dependencies import CurrentCatalog
from fairlead_bridge.web.lineage import answers as a
from fairlead_bridge.web.lineage import folding, layout, picture, restricted
from fairlead_bridge.web.lineage.cards import Known, Line
from fairlead_bridge.web.lineage.folding import Part
from fairlead_bridge.web.lineage.routes import DEEPEST, NodeName
from fairlead_bridge.web.lineage.turns import Turns
from fairlead_bridge.web.lineage.view import LARGEST, Asked, Change, View
from fairlead_bridge.web.needs import CallerScope, needs
from fairlead_bridge.web.parameters import AsOf

#: Edges at most: what a picture costs grows with them as well.
MOST_EDGES = 10_000
#: Cards beyond which a picture takes so long that only few are drawn at once.
LARGE = 500
#: Neighbours that an opened side of a card brings, where it does not say how many.
A_FEW = 50
#: Newest drawings that are cached: a graph whose states changed is not laid out again.
DRAWINGS = 16
SVG = "image/svg+xml"

encode = msgspec.json.Encoder().encode


router = APIRouter(tags=["lineage"], dependencies=[needs("viewer")])
#: Large graphs that this process draws at once.
_TURNS = Turns()


@router.get("/graph", response_model=a.Graph)
def get_graph(
    node: NodeName,
    view: Asked,
    catalog: CurrentCatalog,
    scope: CallerScope,
    as_of: AsOf = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """
    The lineage of a dataset or a job, drawn: positions, states and figures of every card.

    Tasks stand in the box of their DAG; a Spark application or a dbt project is one card,
    unless the focus is inside it. `up` and `down` are hops from the focus; in the view of
    datasets alone, from dataset to dataset.
    """
    with _turn(_TURNS, view):
        with catalog.open(scope, as_of) as snapshot:
            graph = draw(snapshot, lineage.find(snapshot, node), view)
        body = encode(graph)
    tag = f'"{ids.digest(body).hex()}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if if_none_match is not None and tag in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


@router.get("/graph.svg", response_class=Response, responses={200: {"content": {SVG: {}}}})
def get_picture(
    node: NodeName,
    view: Asked,
    catalog: CurrentCatalog,
    scope: CallerScope,
    as_of: AsOf = None,
    theme: Literal["light", "dark"] = "light",
) -> Response:
    """The same graph as an SVG picture, with every card and every edge in it."""
    colours = picture.DARK if theme == "dark" else picture.LIGHT
    with _turn(_TURNS, view):
        with catalog.open(scope, as_of) as snapshot:
            graph = draw(snapshot, lineage.find(snapshot, node), view)
        drawn = picture.svg(a.Graph.model_validate(graph), colours)
    headers = {"Content-Disposition": 'attachment; filename="lineage.svg"'}
    return Response(drawn, media_type=SVG, headers=headers)


def _turn(turns: Turns, view: View) -> AbstractContextManager[None]:
    return turns.take() if view.limit > LARGE else nullcontext()


def draw(snapshot: Snapshot, focus: Asset | Row, view: View) -> dict[str, object]:
    """The picture around `focus`, as `answers.Graph` in plain values."""
    walk = _walk_to_folds(snapshot, focus, view)
    plain = _walk_to_folds(snapshot, focus, view.plain) if view.open or view.shut else walk
    known = Known.read(snapshot, {**walk.depths, **plain.depths}, walk.datasets | plain.datasets)
    for each in {id(each): each for each in (walk, plain)}.values():
        _add_restricted(snapshot, known, each, focus, view)
    around = surroundings.surroundings(snapshot, known.node_of())
    drawn = {**plain.hops, **walk.hops, **around.hops}
    showing.leave_out_failures(snapshot, drawn, datasets.members_of(known.assets.values()))
    part = _part(walk, around, known, focus, view)
    shape = _shape(known, part)
    before = (
        _shape(known, _part(plain, around, known, focus, view.plain)) if plain is not walk else None
    )
    drawing = _drawing(shape, before)
    known.expect(snapshot, part)
    return {
        "focus": known.name(focus.id) if _is_shown(known, part, focus.id) else "",
        "width": drawing.width,
        "height": drawing.height,
        "cards": known.cards(part, drawing),
        "groups": known.groups(part, drawing),
        "edges": known.routes(snapshot, part, _lines(shape, drawing)),
        "truncated": walk.truncated + part.left_out,
        "folded": len({job for jobs in part.via.values() for job in jobs}),
        "as_of": render.when(snapshot.now) if snapshot.past else None,
    }


def _is_shown(known: Known, part: Part, node: int) -> bool:
    return node in part.depths or any(known.frame_of(each) == node for each in part.depths)


#: How much deeper is walked where applications are one card: what is inside them is no hop.
INSIDE = 4


def _walk_to_folds(snapshot: Snapshot, focus: Asset | Row, view: View) -> lineage.Walk:
    """The nodes of the view, with hops counted from card to card: an application is one."""
    walk = _walk(snapshot, focus, view)
    jobs = {} if view.datasets_only else jobs_by_id(snapshot, walk.jobs)
    if all(row.integration in (None, "AIRFLOW") for row in jobs.values()):
        return walk
    up, down = (min(INSIDE * hops, DEEPEST) for hops in (view.up, view.down))
    deep = _walk(snapshot, focus, replace(view, up=up, down=down))
    known = Known.of_jobs(snapshot, deep.depths, deep.datasets)
    part = folding.part_of(deep.depths, deep.hops, {}, {})
    stands = _folded(known, part, focus, view)
    near = folding.within(
        folding.fold(part, stands, unfolded=[focus.id]),
        stands.get(focus.id, focus.id),
        view.up,
        view.down,
    )
    for node in deep.depths.keys() - walk.depths.keys():
        if stands.get(node, node) in near:
            walk.depths[node] = deep.depths[node]
    walk.datasets |= deep.datasets & walk.depths.keys()
    walk.hops |= {
        key: hop
        for key, hop in deep.hops.items()
        if key[0] in walk.depths and key[1] in walk.depths
    }
    return walk


def _walk(snapshot: Snapshot, focus: Asset | Row, view: View) -> lineage.Walk:
    """The nodes of the view; more than it shows where some of them are folded into others."""
    up, down = _hops(focus, view)
    folds = view.datasets_only or view.by_dag
    limit = min(3 * view.limit, 2 * LARGEST) if folds else view.limit
    shut = _shut(snapshot, view)
    start = lineage.start_of(snapshot, focus, limit)
    return lineage.walk(
        snapshot,
        start,
        up,
        down,
        limit,
        opened=[opened for each in view.open if (opened := _opened(snapshot, each, view))],
        shut=shut,
    )


def _hops(focus: Asset | Row, view: View) -> tuple[int, int]:
    """How far is walked up and down: from a dataset to the next are two hops, over a job."""
    hops: Callable[[int], int] = lambda levels: levels  # noqa: E731
    if view.datasets_only:
        hops = (lambda n: 2 * n) if isinstance(focus, Asset) else (lambda n: max(0, 2 * n - 1))
    return hops(view.up), hops(view.down)


def _shut(snapshot: Snapshot, view: View) -> dict[Way, set[int]]:
    """The nodes from which no way leads on, by side."""
    shut: dict[Way, set[int]] = {"up": set(), "down": set()}
    for each in view.shut:
        if each.way is not None:
            shut[each.way].update(_stands_for(snapshot, each.node))
    return shut


def _add_restricted(
    snapshot: Snapshot, known: Known, walk: lineage.Walk, focus: Asset | Row, view: View
) -> None:
    """Adds what stands for what the caller does not see, where the walk would have gone on."""
    if snapshot.scope.sees_all:
        return
    shut = _shut(snapshot, view)
    for each, depth in list(restricted.beyond(snapshot, walk, *_hops(focus, view))):
        if each.node in shut[each.way]:
            continue
        node = known.stand_in(each.node, each.way)
        walk.depths.setdefault(node, depth)
        ends = (node, each.node) if each.way == "up" else (each.node, node)
        walk.hops[(*ends, each.kind)] = each.hop


def _opened(snapshot: Snapshot, change: Change, view: View) -> Opened | None:
    if change.side == "dag":
        return None
    nodes = _stands_for(snapshot, change.node)
    most = LARGEST if change.way is None else min(change.most or A_FEW, LARGEST)
    return Opened(nodes, change.way, most, 2 if view.datasets_only else 1)


def _stands_for(snapshot: Snapshot, node: int) -> tuple[int, ...]:
    """A node and what is inside it: the tasks of a DAG, the jobs of an application."""
    return tuple(lineage.inside(snapshot, node, LARGEST))


def _part(
    walk: lineage.Walk, around: Surroundings, known: Known, focus: Asset | Row, view: View
) -> Part:
    hops: dict[folding.Key, Hop] = {**walk.hops, **around.hops}
    shown = {
        node: depth
        for node, depth in walk.depths.items()
        if node in known.assets or node in known.jobs or node in known.restricted
    }
    part = folding.part_of(shown, hops, around.more_up, around.more_down)
    part = folding.fold(part, _folded(known, part, focus, view), unfolded=[focus.id])
    boxes = {whole for node in part.depths if (whole := known.frame_of(node)) is not None}
    part = folding.without(part, boxes - part.inside.keys())
    if view.datasets_only:
        part = folding.contract(
            part,
            [
                node
                for node in part.depths
                if node not in known.assets and node != focus.id and node not in known.restricted
            ],
        )
    if view.datasets_only or view.by_dag:
        part = folding.cut(part, view.limit)
    while len(part.hops) > MOST_EDGES:
        part = folding.cut(part, len(part.depths) * MOST_EDGES // (len(part.hops) + 1))
    return part


def _folded(known: Known, part: Part, focus: Asset | Row, view: View) -> dict[int, int]:
    """The DAG, application or project of each job that is folded into its card."""
    opened = {change.node for change in view.open if change.side == "dag"}
    shut = {change.node for change in view.shut if change.side == "dag"}
    around_focus = _around(known, part, focus.id)
    found = {}
    for node in part.depths:
        dag, application = known.dag_of(node), known.application_of(node)
        if view.datasets_only:
            whole = next((each for each in (dag, application) if each == focus.id), None)
        elif dag is not None and (dag not in opened if view.by_dag else dag in shut):
            whole = dag
        elif application is not None and (
            application in shut or (application not in opened and application not in around_focus)
        ):
            whole = application
        else:
            whole = None
        if whole is not None and whole != node:
            found[node] = whole
    return found


def _around(known: Known, part: Part, focus: int) -> set[int]:
    """
    The applications and projects that the focus is inside: one of their jobs, or a table that
    passes from job to job. As one card they would hide what it comes from.
    """
    if focus not in known.assets:
        own = known.application_of(focus)
        return set() if own is None else {own}
    writing = {known.application_of(source) for source, target, _ in part.hops if target == focus}
    reading = {known.application_of(target) for source, target, _ in part.hops if source == focus}
    return {each for each in writing & reading if each is not None}


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a drawing is a function of, in an order of its own: positions do not show what changed."""

    boxes: tuple[layout.Box, ...]
    links: tuple[layout.Link, ...]
    frames: tuple[layout.Frame, ...]
    gap: float


def _shape(known: Known, part: Part) -> _Shape:
    ends = {(known.name(source), known.name(target)) for source, target, _ in part.hops}
    return _Shape(
        tuple(sorted(known.boxes(part), key=lambda box: box.id)),
        tuple(layout.Link(source, target) for source, target in sorted(ends)),
        tuple(sorted(known.frames(part), key=lambda frame: frame.id)),
        layout.LABEL_GAP if part.via else layout.COLUMN_GAP,
    )


@lru_cache(maxsize=DRAWINGS)
def _drawing(shape: _Shape, before: _Shape | None = None) -> layout.Drawing:
    """Where everything stands; `before` is the shape that some cards were opened or shut in."""
    stood = _drawing(before) if before is not None else None
    return layout.arrange(shape.boxes, shape.links, shape.frames, stood, shape.gap)


def _lines(shape: _Shape, drawing: layout.Drawing) -> Mapping[tuple[str, str], Line]:
    return {
        (link.source, link.target): line
        for link, line in zip(shape.links, drawing.routes, strict=True)
    }
