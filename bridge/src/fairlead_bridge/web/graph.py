"""The drawn graph: everything the page needs for one picture, in one answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response
from pydantic import AfterValidator

from fairlead_bridge import ids
from fairlead_bridge.catalog import facets as f
from fairlead_bridge.catalog import history, lineage, read
from fairlead_bridge.catalog.lineage import Hop, Surroundings
from fairlead_bridge.catalog.read import Asset, Row
from fairlead_bridge.catalog.snapshot import Snapshot
from fairlead_bridge.web import answers as a
from fairlead_bridge.web import datasets, layout, picture, render
from fairlead_bridge.web.lineage import AsOf, Depth, NodeName
from fairlead_bridge.web.parameters import Catalog

#: Cards at most.
LARGEST = 2000
SVG = "image/svg+xml"

CardLimit = Annotated[
    int,
    Query(description=f"Cards at most: 1 to {LARGEST}; `truncated` counts those left out."),
    AfterValidator(lambda limit: min(max(limit, 1), LARGEST)),
]
Fields = dict[str, Any]


def routes(catalog: Catalog) -> APIRouter:
    router = APIRouter(tags=["lineage"])

    @router.get("/graph", response_model=a.Graph)
    def get_graph(
        node: NodeName,
        up: Depth = 3,
        down: Depth = 3,
        limit: CardLimit = 300,
        as_of: AsOf = None,
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Response:
        """
        The lineage of a dataset or a job, drawn: positions, states and figures of every card.

        Tasks stand in the box of their DAG. `up` and `down` are hops from the focus.
        """
        moment = render.micros(as_of) if as_of is not None else None
        with catalog.open(moment) as snapshot:
            graph = draw(snapshot, lineage.find(snapshot, node), up, down, limit)
        body = graph.model_dump_json().encode()
        tag = f'"{ids.digest(body).hex()}"'
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if if_none_match is not None and tag in if_none_match:
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/json", headers=headers)

    @router.get("/graph.svg", response_class=Response, responses={200: {"content": {SVG: {}}}})
    def get_picture(
        node: NodeName,
        up: Depth = 3,
        down: Depth = 3,
        limit: CardLimit = 300,
        as_of: AsOf = None,
        theme: Literal["light", "dark"] = "light",
    ) -> Response:
        """The same graph as an SVG picture, with every card and every edge in it."""
        moment = render.micros(as_of) if as_of is not None else None
        with catalog.open(moment) as snapshot:
            graph = draw(snapshot, lineage.find(snapshot, node), up, down, limit)
        drawn = picture.svg(graph, picture.DARK if theme == "dark" else picture.LIGHT)
        headers = {
            "Content-Disposition": 'attachment; filename="lineage.svg"',
            "Content-Security-Policy": "default-src 'none'",
        }
        return Response(drawn, media_type=SVG, headers=headers)

    return router


def draw(snapshot: Snapshot, focus: Asset | Row, up: int, down: int, limit: int) -> a.Graph:
    """The picture around `focus`, at most `limit` cards."""
    start = lineage.start_of(snapshot, focus, limit)
    walk = lineage.walk(snapshot, start, up, down, limit)
    part = _Part.read(snapshot, walk)
    around = lineage.surroundings(snapshot, part.node_of())
    hops = {key: hop for key, hop in {**walk.hops, **around.hops}.items() if part.draws(*key[:2])}
    drawing = layout.arrange(
        part.boxes(),
        [layout.Link(part.name(source), part.name(target)) for source, target, _ in hops],
        part.frames(),
    )
    focus_node = part.name(focus.id) if focus.id in part.cards or focus.id in part.dags else ""
    return a.Graph(
        focus=focus_node,
        width=drawing.width,
        height=drawing.height,
        cards=part.answer_cards(drawing, walk.depths, around),
        groups=part.answer_groups(drawing),
        edges=_routes(snapshot, part, hops, drawing),
        truncated=walk.truncated,
        as_of=render.when(snapshot.now) if snapshot.past else None,
    )


@dataclass(slots=True)
class _Part:
    """What is known of the nodes of one picture, read in a fixed number of queries."""

    cards: list[int]  # nodes, in the order they were reached
    assets: dict[int, Asset]
    jobs: dict[int, Row]
    dags: dict[int, Row]  # those whose tasks are drawn: they are boxes, not cards
    facets: dict[int, f.Facets]
    columns: dict[int, int]
    writers: dict[int, list[int]]
    last_writers: dict[int, Row]
    newest: dict[int, tuple[int, str]]
    recent: dict[int, history.Recent]
    runs: dict[int, Row]
    tasks: dict[int, int]  # of each DAG

    @classmethod
    def read(cls, snapshot: Snapshot, walk: lineage.Walk) -> _Part:
        assets = read.assets(snapshot, walk.datasets)
        jobs = read.jobs_by_id(snapshot, walk.jobs)
        parents = read.jobs_by_id(snapshot, (job.parent_id for job in jobs.values()))
        dags = {id: row for id, row in parents.items() if row.kind == "dag"}
        writers = lineage.writers_of(snapshot, assets.values())
        last = datasets.last_writers(snapshot, assets.values(), writers)
        last_rows = read.jobs_by_id(snapshot, last.values())
        recent = history.recent(snapshot, {*jobs, *dags})
        others = {job for jobs_of in writers.values() for job in jobs_of} - jobs.keys()
        newest = history.states(snapshot, {*jobs, *others})
        members = datasets.members_of(assets.values())
        owners = {**members, **{id: id for id in (*jobs, *dags)}}
        return cls(
            cards=[
                node
                for node in walk.depths
                if node in assets or (node in jobs and node not in dags)
            ],
            assets=assets,
            jobs=jobs,
            dags=dags,
            facets=f.of(snapshot, owners, f.LISTED),
            columns=history.columns(snapshot, members),
            writers=writers,
            last_writers={id: last_rows[job] for id, job in last.items() if job in last_rows},
            newest=newest,
            recent=recent,
            runs=read.runs_by_id(snapshot, (each.newest for each in recent.values())),
            tasks=read.tasks_of_jobs(snapshot, dags),
        )

    def node_of(self) -> dict[int, int]:
        """The node of every id that a card goes by."""
        return {
            **datasets.members_of(self.assets.values()),
            **{id: id for id in self.cards if id in self.jobs},
        }

    def draws(self, *nodes: int) -> bool:
        return all(
            node in self.assets or (node in self.jobs and node not in self.dags) for node in nodes
        )

    def name(self, node: int) -> str:
        if node in self.assets:
            return render.dataset_node(self.assets[node].namespace, self.assets[node].name)
        row = self.jobs[node] if node in self.jobs else self.dags[node]
        return render.job_node(row.namespace, row.name)

    def dag_of(self, job: int) -> int | None:
        parent = self.jobs[job].parent_id
        return parent if parent in self.dags else None

    # --- for the layout ---

    def boxes(self) -> list[layout.Box]:
        found = []
        for node in self.cards:
            if node in self.assets:
                found.append(layout.dataset_box(self.name(node), self.assets[node].name))
            else:
                row, dag = self.jobs[node], self.dag_of(node)
                group = self.name(dag) if dag is not None else None
                found.append(layout.task_box(self.name(node), row.task_id or row.name, group))
        return found

    def frames(self) -> list[layout.Frame]:
        return [
            layout.dag_frame(self.name(dag), row.dag_id or row.name)
            for dag, row in self.dags.items()
        ]

    # --- answers ---

    def answer_cards(
        self, drawing: layout.Drawing, depths: dict[int, int], around: Surroundings
    ) -> list[a.Card]:
        cards = []
        for node in self.cards:
            place = drawing.cards[self.name(node)]
            own = self._asset(node) if node in self.assets else self._job(node)
            cards.append(
                a.Card(
                    **own,
                    depth=depths[node],
                    x=place.x,
                    y=place.y,
                    w=place.w,
                    h=place.h,
                    group=place.group,
                    more_upstream=around.more_up.get(node, 0),
                    more_downstream=around.more_down.get(node, 0),
                )
            )
        return cards

    def _asset(self, node: int) -> Fields:
        asset = self.assets[node]
        writer = self.last_writers.get(node)
        return {
            **render.dataset_ref_fields(asset),
            "kind": "dataset",
            "state": lineage.state_of(self.writers.get(node, ()), self.newest),
            "owner": self._owner(node),
            "platform": read.platform(asset.namespace),
            "columns": self.columns.get(node),
            "written_by": render.job_node(writer.namespace, writer.name) if writer else None,
        }

    def _job(self, node: int) -> Fields:
        row, recent = self.jobs[node], self.recent.get(node)
        return {
            **render.job_ref_fields(row),
            "kind": "job",
            "job_kind": row.kind,
            "state": recent.state if recent else None,
            "last_run": render.run_or_none(self.runs, recent.newest) if recent else None,
            "recent": list(recent.states) if recent else [],
            "p50": recent.p50 if recent else None,
            "operator": f.operator(self.facets.get(node, {})),
            "owner": self._owner(node),
        }

    def _owner(self, node: int) -> str | None:
        owners = f.owners(self.facets.get(node, {}))
        return owners[0][0] if owners else None

    def answer_groups(self, drawing: layout.Drawing) -> list[a.Group]:
        drawn: dict[int, int] = {}
        for node in self.cards:
            if node in self.jobs and (dag := self.dag_of(node)) is not None:
                drawn[dag] = drawn.get(dag, 0) + 1
        groups = []
        for dag, row in self.dags.items():
            place = drawing.frames[self.name(dag)]
            recent = self.recent.get(dag)
            groups.append(
                a.Group(
                    id=self.name(dag),
                    label=row.dag_id or row.name,
                    namespace=row.namespace,
                    x=place.x,
                    y=place.y,
                    w=place.w,
                    h=place.h,
                    schedule=f.text(self.facets.get(dag, {}), "fairlead_dag", "schedule"),
                    state=recent.state if recent else None,
                    recent=list(recent.states) if recent else [],
                    hidden=max(0, self.tasks.get(dag, 0) - drawn.get(dag, 0)),
                )
            )
        return groups


def _routes(
    snapshot: Snapshot,
    part: _Part,
    hops: dict[tuple[int, int, str], Hop],
    drawing: layout.Drawing,
) -> list[a.Route]:
    run_of = lineage.run_ids(snapshot, hops.values())
    return [
        a.Route(
            source=part.name(source),
            target=part.name(target),
            kind=kind,
            first_at=render.when(hop.first_at),
            last_at=render.when(hop.last_at),
            run_id=run_of.get(hop.last_run) if hop.last_run is not None else None,
            points=list(line),
        )
        for ((source, target, kind), hop), line in zip(hops.items(), drawing.routes, strict=True)
    ]
