"""
Lineage as data: nodes and edges, of datasets and jobs or of columns.

An answer may have thousands of nodes, so the plain graph is encoded straight from the rows; a test
holds it to `answers.Lineage`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator

from fairlead_bridge import ids
from fairlead_bridge.documents import Json
from fairlead_bridge.errors import NotFound
from fairlead_bridge.queries import columns, history, lineage, paths, personal, showing, standing
from fairlead_bridge.queries import facets as f
from fairlead_bridge.queries.assets import Asset, assets_by_id, find_asset
from fairlead_bridge.queries.jobs import jobs_by_id
from fairlead_bridge.queries.snapshot import Row, Snapshot
from fairlead_bridge.web import render
from fairlead_bridge.web.datasets import routes as datasets
from fairlead_bridge.web.lineage import answers as a
from fairlead_bridge.web.lineage import restricted
from fairlead_bridge.web.needs import needs
from fairlead_bridge.web.parameters import Text
from fairlead_bridge.web.snapshots import CurrentSnapshot, SnapshotAsOf

#: Hops and nodes at most; more is taken for these.
DEEPEST, LARGEST = 50, 10_000
MOST_PATHS = 1000

Depth = Annotated[
    int,
    Query(description=f"Hops from the start: 0 to {DEEPEST}; more is taken for {DEEPEST}."),
    AfterValidator(lambda depth: min(max(depth, 0), DEEPEST)),
]
NodeLimit = Annotated[
    int,
    Query(description=f"Nodes at most: 1 to {LARGEST}; `truncated` counts those left out."),
    AfterValidator(lambda limit: min(max(limit, 1), LARGEST)),
]
NodeName = Annotated[
    Text, Query(description="`dataset:NAMESPACE:NAME`, `job:NAMESPACE:NAME`, or an `id`.")
]
EdgeKind = Annotated[
    Literal["data", "control", "all"],
    Query(description="data: what is read and written; control: what runs after what."),
]
KINDS = {"data": ("data",), "control": ("control",), "all": ("data", "control")}

_encode = msgspec.json.Encoder().encode


router = APIRouter(tags=["lineage"], dependencies=[needs("viewer")])


@router.get("/lineage", response_model=a.Lineage)
def get_lineage(
    snapshot: SnapshotAsOf,
    node: NodeName,
    direction: lineage.Direction = "both",
    depth: Depth = 3,
    limit: NodeLimit = 1000,
    kind: EdgeKind = "data",
) -> Response:
    """
    What a dataset or a job comes from ("up") and what comes from it ("down").

    Breadth first, nearest first. A job starts with everything that runs inside it: a DAG with
    its tasks. A dataset may be named by any of its names.
    """
    start = lineage.start_of(snapshot, lineage.find_with_data(snapshot, node), limit)
    up = depth if direction != "down" else 0
    down = depth if direction != "up" else 0
    walk = lineage.walk(snapshot, start, up, down, limit, KINDS[kind])
    answer = plain(snapshot, walk)
    restricted.add(snapshot, walk, answer, up, down, KINDS[kind])
    return Response(_encode(answer), media_type="application/json")


@router.get("/lineage/paths")
def get_paths(
    snapshot: CurrentSnapshot,
    source: NodeName,
    target: NodeName,
    depth: Depth = 20,
    limit: Annotated[
        int,
        Query(description=f"Paths listed at most: 1 to {MOST_PATHS}."),
        AfterValidator(lambda limit: min(max(limit, 1), MOST_PATHS)),
    ] = 20,
) -> a.Paths:
    """
    The ways that data takes from one dataset or job to another, the shortest first.

    `nodes` and `edges` are those of all ways together, also of those beyond `limit`.
    """
    sources, targets = (
        lineage.start_of(snapshot, lineage.find_with_data(snapshot, name), LARGEST)
        for name in (source, target)
    )
    ways = paths.between(snapshot, sources, targets, depth, limit)
    graph = plain(snapshot, ways.walk)
    name_of = {ids.parse_public(node["id"]): node["node"] for node in graph["nodes"]}
    return a.Paths(
        paths=[[name_of[node] for node in path] for path in ways.paths],
        nodes=graph["nodes"],
        edges=graph["edges"],
        complete=ways.complete,
    )


@router.get("/lineage/columns")
def get_column_lineage(
    snapshot: SnapshotAsOf,
    dataset: Annotated[Text, Query(description="A dataset's `id`, or NAMESPACE:NAME.")],
    column: Text,
    direction: lineage.Direction = "both",
    depth: Depth = 3,
    limit: NodeLimit = 1000,
) -> a.ColumnLineage:
    """
    What a column comes from and what comes from it.

    What rows are filtered, joined, grouped or sorted by is in both, as `indirect`; its
    `target_column` is "*", as it affects every column. A struct stands for its fields, and a
    field concerns its struct. Where columns go on in namespaces that the caller does not see, a
    node of the kind "restricted" stands for that.
    """
    asset = find_asset(snapshot, dataset.removeprefix("dataset:"))
    if asset is None:
        raise NotFound(
            f"no dataset is known as {dataset!r}; give the `id` of a dataset, or NAMESPACE:NAME"
        )
    asked = columns.find(snapshot, asset, column)
    walk = columns.walk(snapshot, asset, asked, direction, depth, limit)
    up, down = (0 if direction == other else depth for other in ("down", "up"))
    return _column_lineage(snapshot, walk, up, down)


def plain(snapshot: Snapshot, walk: lineage.Walk) -> Json:
    """The walk as `answers.Lineage`, in plain values."""
    assets = assets_by_id(snapshot, walk.datasets)
    jobs = jobs_by_id(snapshot, walk.jobs)
    writers = lineage.writers_of(snapshot, assets.values())
    newest = history.states(
        snapshot, {*jobs, *(job for writing in writers.values() for job in writing)}
    )
    nodes: list[Json] = []
    name_of: dict[int, str] = {}
    for id, depth in walk.depths.items():
        if id in assets:
            node = _asset_node(assets[id], depth)
            node["state"] = standing.state_of(assets[id], writers.get(id, ()), newest)
        elif id in jobs:
            node = _job_node(jobs[id], depth)
            node["state"] = newest[id].state if id in newest else None
        else:
            continue  # an edge of a job without facts of its own
        name_of[id] = node["node"]
        nodes.append(node)
    showing.leave_out_failures(snapshot, walk.hops, datasets.members_of(assets.values()))
    run_of = lineage.run_ids(snapshot, walk.hops.values())
    edges = [
        {
            "source": name_of[source],
            "target": name_of[target],
            "kind": kind,
            "first_at": render.when(hop.first_at),
            "last_at": render.when(hop.last_at),
            "run_id": run_of.get(hop.last_run) if hop.last_run is not None else None,
            "known": hop.known,
        }
        for (source, target, kind), hop in walk.hops.items()
        if source in name_of and target in name_of
    ]
    return {"nodes": nodes, "edges": edges, "truncated": walk.truncated}


def _asset_node(asset: Asset, depth: int) -> Json:
    return {
        "node": render.dataset_node(asset.namespace, asset.name),
        "id": ids.public(asset.id),
        "kind": "dataset",
        "namespace": asset.namespace,
        "name": asset.name,
        "depth": depth,
        "label": None,
        "job_kind": None,
        "dag_id": None,
        "task_id": None,
        "written_at": render.when(asset.written_at),
    }


def _job_node(row: Row, depth: int) -> Json:
    return {
        "node": render.job_node(row.namespace, row.name),
        "id": ids.public(row.id),
        "kind": "job",
        "namespace": row.namespace,
        "name": row.name,
        "depth": depth,
        "label": render.job_label(row),
        "job_kind": row.kind,
        "dag_id": row.dag_id,
        "task_id": row.task_id,
        "written_at": None,
    }


def _column_lineage(
    snapshot: Snapshot, walk: columns.ColumnWalk, up: int, down: int
) -> a.ColumnLineage:
    assets = assets_by_id(snapshot, {asset_id for asset_id, _ in walk.depths})
    jobs = jobs_by_id(snapshot, {job for _, _, job in walk.origins})
    node_of = {id: render.dataset_node(asset.namespace, asset.name) for id, asset in assets.items()}
    elsewhere, edges = restricted.columns(snapshot, walk, up, down, node_of)
    return a.ColumnLineage(
        nodes=[*_column_nodes(snapshot, walk, assets), *elsewhere],
        edges=[
            a.ColumnEdge(
                source=node_of[source],
                source_column=source_column,
                target=node_of[target],
                target_column=target_column,
                transformations=list(origin.transformations),
                masked=origin.masked,
                indirect=origin.indirect,
                job=render.job_ref(jobs[job]) if job in jobs else None,
            )
            for (
                (source, source_column),
                (target, target_column),
                job,
            ), origin in walk.origins.items()
        ]
        + edges,
        truncated=walk.truncated,
        as_of=render.when(snapshot.now) if snapshot.past else None,
    )


def _column_nodes(
    snapshot: Snapshot, walk: columns.ColumnWalk, assets: Mapping[int, Asset]
) -> Iterator[a.ColumnNode]:
    facets = f.of(snapshot, datasets.members_of(assets.values()), ("tags",))
    spread = personal.of(snapshot, assets.values())
    for (asset_id, column), depth in walk.depths.items():
        asset, kind = assets[asset_id], spread.of(asset_id).kind(column)
        yield a.ColumnNode(
            node=render.dataset_node(asset.namespace, asset.name),
            id=ids.public(asset_id),
            namespace=asset.namespace,
            name=asset.name,
            column=column,
            depth=depth,
            tags=render.column_tags(facets.get(asset.id, {}), asset, column),
            personal=kind == "tagged",
            personal_kind=kind,
        )
