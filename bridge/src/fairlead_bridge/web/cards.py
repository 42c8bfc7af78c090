"""
What is known of the nodes of a picture, and what their cards, boxes and edges say of it.

There may be thousands: what they say are plain values, and a test holds them to `answers.Graph`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fairlead_bridge import facts, ids
from fairlead_bridge.catalog import columns, history, lineage, privacy, read, standing
from fairlead_bridge.catalog import facets as f
from fairlead_bridge.catalog.read import Asset, Row
from fairlead_bridge.catalog.snapshot import Snapshot
from fairlead_bridge.catalog.standing import Round
from fairlead_bridge.web import answers as a
from fairlead_bridge.web import datasets, layout, render
from fairlead_bridge.web.folding import Part

Fields = dict[str, Any]
Line = tuple[layout.Point, ...]


#: A card of which nothing more is known than where it stands.
_EMPTY: Fields = {
    name: field.get_default(call_default_factory=True)
    for name, field in a.Card.model_fields.items()
    if not field.is_required()
}


@dataclass(slots=True)
class Known:
    """What is known of some nodes, read in a fixed number of queries."""

    assets: dict[int, Asset]
    jobs: dict[int, Row]
    dags: dict[int, Row]  # those of the tasks among the jobs
    facets: dict[int, f.Facets]
    columns: dict[int, int]
    writers: dict[int, list[int]]
    last_writers: dict[int, Row]
    newest: dict[int, Round]
    recent: dict[int, history.Recent]
    runs: dict[int, Row]
    tasks: dict[int, int]  # of each DAG
    names: dict[int, str] = field(default_factory=dict)

    @classmethod
    def read(cls, snapshot: Snapshot, nodes: Iterable[int], asset_ids: set[int]) -> Known:
        """What is known of `nodes`; those in `asset_ids` are datasets, the others jobs."""
        listed = list(nodes)
        assets = read.assets(snapshot, (node for node in listed if node in asset_ids))
        jobs = read.jobs_by_id(snapshot, (node for node in listed if node not in asset_ids))
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
            tasks=read.tasks_of_jobs(snapshot, {*dags, *_dags_among(jobs)}),
        )

    def node_of(self) -> dict[int, int]:
        """The node of every id that a card goes by."""
        return {**datasets.members_of(self.assets.values()), **{id: id for id in self.jobs}}

    def job(self, node: int) -> Row:
        return self.jobs[node] if node in self.jobs else self.dags[node]

    def name(self, node: int) -> str:
        found = self.names.get(node)
        if found is None:
            if node in self.assets:
                found = render.dataset_node(self.assets[node].namespace, self.assets[node].name)
            else:
                found = render.job_node(self.job(node).namespace, self.job(node).name)
            self.names[node] = found
        return found

    def dag_of(self, node: int) -> int | None:
        """The DAG that a task belongs to."""
        parent = self.jobs[node].parent_id if node in self.jobs else None
        return parent if parent in self.dags else None

    # --- for the layout ---

    def boxes(self, part: Part) -> list[layout.Box]:
        found = []
        for node in part.depths:
            if node in self.assets:
                found.append(layout.dataset_box(self.name(node), self.assets[node].name))
            else:
                row, dag = self.job(node), self.dag_of(node)
                group = self.name(dag) if dag is not None else None
                found.append(
                    layout.task_box(self.name(node), row.task_id or row.dag_id or row.name, group)
                )
        return found

    def frames(self, part: Part) -> list[layout.Frame]:
        """The boxes of the DAGs whose tasks are drawn."""
        dags = {dag for node in part.depths if (dag := self.dag_of(node)) is not None}
        return [
            layout.dag_frame(self.name(dag), self.dags[dag].dag_id or self.dags[dag].name)
            for dag in dags
        ]

    # --- answers ---

    def cards(self, part: Part, drawing: layout.Drawing, flow: privacy.Flow | None) -> list[Fields]:
        cards = []
        for node, depth in part.depths.items():
            place = drawing.cards[self.name(node)]
            card = self._asset(node, flow) if node in self.assets else self._job(node, part)
            card["depth"] = depth
            card["x"], card["y"], card["w"], card["h"] = place.x, place.y, place.w, place.h
            card["group"] = place.group
            card["more_upstream"] = part.more_up[node]
            card["more_downstream"] = part.more_down[node]
            cards.append(card)
        return cards

    def _asset(self, node: int, flow: privacy.Flow | None) -> Fields:
        asset = self.assets[node]
        writer = self.last_writers.get(node)
        facets = self.facets.get(node, {})
        personal = privacy.columns(f.tags(facets))
        reached = sorted(flow.reached.get(node, ())) if flow else []
        return {
            **_EMPTY,
            **render.dataset_ref_fields(asset),
            "node": self.name(node),
            "kind": "dataset",
            "state": standing.state_of(asset, self.writers.get(node, ()), self.newest),
            "owner": self._owner(node),
            "platform": read.platform(asset.namespace),
            "columns": self.columns.get(node),
            "written_by": render.job_node(writer.namespace, writer.name) if writer else None,
            "tags": _tags(facets),
            "personal": personal,
            "personal_reached": [each for each in reached if each not in personal],
            "personal_masked": sorted(flow.masked.get(node, ())) if flow else [],
        }

    def _job(self, node: int, part: Part) -> Fields:
        row, recent = self.job(node), self.recent.get(node)
        facets = self.facets.get(node, {})
        return {
            **_EMPTY,
            **render.job_ref_fields(row),
            "node": self.name(node),
            "kind": "job",
            "job_kind": row.kind,
            "state": recent.state if recent else None,
            "last_run": self._run(recent.newest) if recent else None,
            "recent": list(recent.states) if recent else [],
            "p50": recent.p50 if recent else None,
            "operator": f.operator(facets),
            "schedule": f.text(facets, "fairlead_dag", "schedule"),
            "owner": self._owner(node),
            "tags": _tags(facets),
            "tasks": self.tasks.get(node, 0) if row.kind == "dag" else None,
            "folded": node in part.inside,
        }

    def _run(self, id: int) -> Fields | None:
        row = self.runs.get(id)
        return render.run_fields(row, facts.decode(row.facts)) if row is not None else None

    def _owner(self, node: int) -> str | None:
        owners = f.owners(self.facets.get(node, {}))
        return owners[0][0] if owners else None

    def groups(self, part: Part, drawing: layout.Drawing) -> list[Fields]:
        drawn: dict[int, int] = {}
        for node in part.depths:
            if (dag := self.dag_of(node)) is not None:
                drawn[dag] = drawn.get(dag, 0) + 1
        groups = []
        for dag, number in drawn.items():
            row, recent = self.dags[dag], self.recent.get(dag)
            place = drawing.frames[self.name(dag)]
            groups.append(
                {
                    "id": self.name(dag),
                    "job_id": ids.public(dag),
                    "label": row.dag_id or row.name,
                    "namespace": row.namespace,
                    "x": place.x,
                    "y": place.y,
                    "w": place.w,
                    "h": place.h,
                    "schedule": f.text(self.facets.get(dag, {}), "fairlead_dag", "schedule"),
                    "state": recent.state if recent else None,
                    "recent": list(recent.states) if recent else [],
                    "hidden": max(0, self.tasks.get(dag, 0) - number),
                }
            )
        return groups

    def routes(
        self,
        snapshot: Snapshot,
        part: Part,
        lines: Mapping[tuple[str, str], Line],
        flow: privacy.Flow | None,
    ) -> list[Fields]:
        run_of = lineage.run_ids(snapshot, part.hops.values())
        stands = {node: dag for dag, nodes in part.inside.items() for node in nodes}
        personal = {
            (stands.get(source, source), stands.get(target, target))
            for triple in (flow.carried if flow else ())
            for source, target in ((triple[0], triple[1]), (triple[1], triple[2]), triple[::2])
        }
        return [
            {
                "source": self.name(source),
                "target": self.name(target),
                "kind": kind,
                "first_at": render.when(hop.first_at),
                "last_at": render.when(hop.last_at),
                "run_id": run_of.get(hop.last_run) if hop.last_run is not None else None,
                "points": lines[self.name(source), self.name(target)],
                "jobs": [self._through(job) for job in part.via.get((source, target, kind), ())],
                "personal": (source, target) in personal,
            }
            for (source, target, kind), hop in part.hops.items()
        ]

    def _through(self, job: int) -> Fields:
        row, recent = self.job(job), self.recent.get(job)
        run = self.runs.get(recent.newest) if recent else None
        return {
            "node": self.name(job),
            "id": ids.public(job),
            "label": row.task_id or row.dag_id or row.name,
            "state": recent.state if recent else None,
            "ended_at": render.when(run.ended_at) if run is not None else None,
            "error": run.error if run is not None else None,
        }

    # --- personal data ---

    def flow(self, snapshot: Snapshot) -> privacy.Flow:
        """Where the personal data of these datasets comes to among them."""
        members = datasets.members_of(self.assets.values())
        tagged = {node: privacy.columns(f.tags(self.facets.get(node, {}))) for node in self.assets}
        if not any(tagged.values()):
            return privacy.Flow()
        return privacy.flow(
            tagged,
            (
                ((members[origin.source_id], origin.source_column), origin)
                for origin in columns.told(snapshot, members)
                if origin.source_id in members
            ),
        )


def _tags(facets: f.Facets) -> list[dict[str, str | None]]:
    """Tags of the asset itself, not of its columns."""
    return [tag for tag in f.tags(facets) if tag["field"] is None]


def _dags_among(jobs: Mapping[int, Row]) -> list[int]:
    return [id for id, row in jobs.items() if row.kind == "dag"]
