"""
What stands where lineage goes on in namespaces that the caller does not see: a node of its own,
next to the last one that is seen. It has no name, and nothing shows how much it stands for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from fairlead_bridge import ids
from fairlead_bridge.access.visible import RESTRICTED
from fairlead_bridge.documents import Json
from fairlead_bridge.queries import border, column_border
from fairlead_bridge.queries.assets import assets_by_id
from fairlead_bridge.queries.border import Beyond
from fairlead_bridge.queries.columns import WHOLE, ColumnWalk
from fairlead_bridge.queries.lineage import Walk
from fairlead_bridge.queries.snapshot import Snapshot
from fairlead_bridge.web import render
from fairlead_bridge.web.datasets import routes as datasets
from fairlead_bridge.web.lineage import answers as a

#: What answers call it.
LABEL = "Restricted"


def beyond(
    snapshot: Snapshot, walk: Walk, up: int, down: int, kinds: Collection[str] = ("data",)
) -> Iterator[tuple[Beyond, int]]:
    """Where the walk would have gone on, and at how many hops; negative upstream."""
    if snapshot.scope.sees_all:
        return
    assets = assets_by_id(snapshot, walk.datasets)
    node_of = {**datasets.members_of(assets.values()), **{id: id for id in walk.jobs}}
    for each in border.beyond(snapshot, node_of, kinds):
        depth = walk.depths[each.node]
        if each.way == "up" and depth <= 0 and -depth != up:
            yield each, depth - 1
        elif each.way == "down" and depth >= 0 and depth != down:
            yield each, depth + 1


def add(
    snapshot: Snapshot,
    walk: Walk,
    answer: Json,
    up: int,
    down: int,
    kinds: Collection[str],
) -> None:
    """Add the restricted nodes, and their edges, to an `answers.Lineage` in plain values."""
    name_of = {node["id"]: node["node"] for node in answer["nodes"]}
    for each, depth in beyond(snapshot, walk, up, down, kinds):
        near = name_of.get(ids.public(each.node))
        if near is None:
            continue
        answer["nodes"].append(node(each.name, depth))
        source, target = (each.name, near) if each.way == "up" else (near, each.name)
        answer["edges"].append(
            {
                "source": source,
                "target": target,
                "kind": each.kind,
                "first_at": render.when(each.first_at),
                "last_at": render.when(each.last_at),
                "run_id": None,
                "known": "observed",
            }
        )


def columns(
    snapshot: Snapshot, walk: ColumnWalk, up: int, down: int, node_of: Mapping[int, str]
) -> tuple[list[a.ColumnNode], list[a.ColumnEdge]]:
    """The restricted nodes next to the columns of a walk, and their edges; `node_of` names its assets."""
    nodes: dict[str, a.ColumnNode] = {}
    edges = []
    for (asset, column), way, depth in column_border.beyond(snapshot, walk, up, down):
        name = border.called(asset, way)
        nodes.setdefault(name, _column_node(name, depth))
        near, far = (node_of[asset], column), (name, WHOLE)
        source, target = (far, near) if way == "up" else (near, far)
        edges.append(_column_edge(source, target))
    return list(nodes.values()), edges


def _column_node(name: str, depth: int) -> a.ColumnNode:
    return a.ColumnNode(
        kind="restricted",
        node=name,
        id=name,
        namespace="",
        name=RESTRICTED,
        column=WHOLE,
        depth=depth,
    )


def _column_edge(source: tuple[str, str], target: tuple[str, str]) -> a.ColumnEdge:
    return a.ColumnEdge(
        source=source[0],
        source_column=source[1],
        target=target[0],
        target_column=target[1],
        transformations=[],
        masked=False,
        indirect=False,
        job=None,
    )


def node(name: str, depth: int) -> Json:
    """The fields of a restricted node."""
    nothing = ("job_kind", "dag_id", "task_id", "written_at", "state")
    return {
        "node": name,
        "id": name,
        "kind": RESTRICTED,
        "namespace": "",
        "name": RESTRICTED,
        "depth": depth,
        "label": LABEL,
        **dict.fromkeys(nothing),
    }
