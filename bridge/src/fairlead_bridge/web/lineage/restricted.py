"""
What stands where lineage goes on in namespaces that the caller does not see: a node of its own,
next to the last one that is seen. It has no name, and nothing shows how much it stands for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from fairlead_bridge import ids
from fairlead_bridge.access.visible import RESTRICTED
from fairlead_bridge.queries import border
from fairlead_bridge.queries.assets import assets_by_id
from fairlead_bridge.queries.border import Beyond
from fairlead_bridge.queries.lineage import Walk
from fairlead_bridge.queries.snapshot import Snapshot
from fairlead_bridge.web import render
from fairlead_bridge.web.datasets import routes as datasets

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
    answer: dict[str, Any],
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


def node(name: str, depth: int) -> dict[str, Any]:
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
