"""
What is known of the nodes of a picture, and what their cards, boxes and edges say of it.

There may be thousands: what they say are plain values, and a test holds them to `answers.Graph`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fairlead_bridge import facts, ids
from fairlead_bridge.insight.expectations import late_since
from fairlead_bridge.queries import (
    border,
    containers,
    expectations,
    history,
    lineage,
    schema_history,
    standing,
)
from fairlead_bridge.queries import facets as f
from fairlead_bridge.queries.assets import Asset, assets_by_id
from fairlead_bridge.queries.jobs import jobs_by_id, parts_of_jobs
from fairlead_bridge.queries.names import platform
from fairlead_bridge.queries.personal import Spread
from fairlead_bridge.queries.personal import of as personal_of
from fairlead_bridge.queries.runs import runs_by_id
from fairlead_bridge.queries.snapshot import Row, Snapshot
from fairlead_bridge.queries.standing import Round
from fairlead_bridge.web import render
from fairlead_bridge.web.datasets import routes as datasets
from fairlead_bridge.web.lineage import answers as a
from fairlead_bridge.web.lineage import layout, restricted
from fairlead_bridge.web.lineage.folding import Part

Fields = dict[str, object]
Line = tuple[layout.Point, ...]


#: Datasets of a drawing, the nearest ones, whose expectations are asked for.
EXPECTED = 300

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
    above: dict[int, Row]  # what the jobs are part of: DAGs, applications, projects
    facets: dict[int, f.Facets]
    columns: dict[int, int]
    writers: dict[int, list[int]]
    last_writers: dict[int, Row]
    newest: dict[int, Round]
    recent: dict[int, history.Recent]
    runs: dict[int, Row]
    tasks: dict[int, int]  # of each DAG, application or project: the jobs that are part of it
    personal: Spread = field(default_factory=Spread)
    names: dict[int, str] = field(default_factory=dict)
    #: Nodes that stand for what is not seen, with numbers that no other node has, and their names.
    restricted: dict[int, str] = field(default_factory=dict)
    #: When assets that are drawn are late, and since when they are.
    due: dict[int, tuple[int, int | None]] = field(default_factory=dict)

    @classmethod
    def read(cls, snapshot: Snapshot, nodes: Iterable[int], asset_ids: set[int]) -> Known:
        """What is known of `nodes`; those in `asset_ids` are datasets, the others jobs."""
        listed = list(nodes)
        assets = assets_by_id(snapshot, (node for node in listed if node in asset_ids))
        jobs = jobs_by_id(snapshot, (node for node in listed if node not in asset_ids))
        above = containers.ancestors(snapshot, jobs.values())
        whole = {
            id
            for row in jobs.values()
            for id in (containers.application(row, above), containers.dag(row, above))
            if id is not None
        }
        writers = lineage.writers_of(snapshot, assets.values())
        last = datasets.last_writers(snapshot, assets.values(), writers)
        last_rows = jobs_by_id(snapshot, last.values())
        recent = history.recent(snapshot, {*jobs, *whole})
        others = {job for jobs_of in writers.values() for job in jobs_of} - jobs.keys()
        newest = history.states(snapshot, {*jobs, *others})
        members = datasets.members_of(assets.values())
        owners = {**members, **{id: id for id in (*jobs, *whole)}}
        return cls(
            assets=assets,
            jobs=jobs,
            above=above,
            facets=f.of(snapshot, owners, f.LISTED),
            columns=schema_history.columns(snapshot, members),
            writers=writers,
            last_writers={id: last_rows[job] for id, job in last.items() if job in last_rows},
            newest=newest,
            recent=recent,
            runs=runs_by_id(snapshot, (each.newest for each in recent.values())),
            tasks=parts_of_jobs(snapshot, {*whole, *_wholes_among(jobs)}),
            personal=personal_of(snapshot, assets.values()),
        )

    @classmethod
    def of_jobs(cls, snapshot: Snapshot, nodes: Iterable[int], asset_ids: set[int]) -> Known:
        """As `read`, but only which assets and jobs they are, and what the jobs are part of."""
        listed = list(nodes)
        assets = assets_by_id(snapshot, (node for node in listed if node in asset_ids))
        jobs = jobs_by_id(snapshot, (node for node in listed if node not in asset_ids))
        above = containers.ancestors(snapshot, jobs.values())
        return cls(assets, jobs, above, {}, {}, {}, {}, {}, {}, {}, {})

    def node_of(self) -> dict[int, int]:
        """The node of every id that a card goes by."""
        return {**datasets.members_of(self.assets.values()), **{id: id for id in self.jobs}}

    def job(self, node: int) -> Row:
        return self.jobs[node] if node in self.jobs else self.above[node]

    def name(self, node: int) -> str:
        found = self.names.get(node)
        if found is None:
            if node in self.restricted:
                found = self.restricted[node]
            elif node in self.assets:
                found = render.dataset_node(self.assets[node].namespace, self.assets[node].name)
            else:
                found = render.job_node(self.job(node).namespace, self.job(node).name)
            self.names[node] = found
        return found

    def stand_in(self, near: int, way: lineage.Way) -> int:
        """The node that stands for what is not seen on this side of a node, or of the box around it."""
        whole = self.frame_of(near)
        name = border.called(near if whole is None else whole, way)
        for node, known in self.restricted.items():
            if known == name:
                return node
        node = -1 - len(self.restricted)
        self.restricted[node] = name
        return node

    def dag_of(self, node: int) -> int | None:
        """The DAG of a task, or of the task that started an application."""
        return containers.dag(self.job(node), self.above) if self._is_job(node) else None

    def application_of(self, node: int) -> int | None:
        """The Spark application or dbt project that a job is part of."""
        return containers.application(self.job(node), self.above) if self._is_job(node) else None

    def _is_job(self, node: int) -> bool:
        return node in self.jobs or node in self.above

    def frame_of(self, node: int) -> int | None:
        """The job in whose box a card stands: its application's, else its DAG's."""
        application = self.application_of(node)
        return application if application is not None else self.dag_of(node)

    # --- for the layout ---

    def boxes(self, part: Part) -> list[layout.Box]:
        found = []
        for node in part.depths:
            if node in self.restricted:
                found.append(layout.dataset_box(self.name(node), restricted.LABEL))
            elif node in self.assets:
                found.append(layout.dataset_box(self.name(node), self.assets[node].name))
            else:
                row, whole = self.job(node), self.frame_of(node)
                group = self.name(whole) if whole is not None else None
                found.append(layout.task_box(self.name(node), render.job_label(row), group))
        return found

    def frames(self, part: Part) -> list[layout.Frame]:
        """The boxes of the DAGs, applications and projects of which parts are drawn."""
        wholes = {each for node in part.depths if (each := self.frame_of(node)) is not None}
        return [
            layout.dag_frame(self.name(each), render.job_label(self.job(each))) for each in wholes
        ]

    # --- answers ---

    def expect(self, snapshot: Snapshot, part: Part) -> None:
        """Learns when the nearest of the assets that are drawn are late."""
        drawn = [self.assets[node] for node in part.depths if node in self.assets]
        asked = [asset for asset in drawn if asset.dropped_at is None and asset.written_at]
        expected = expectations.of(snapshot, (asset.id for asset in asked[:EXPECTED]))
        for asset in asked:
            each = expected.get(asset.id)
            due = each.due(asset.written_at) if each is not None else None
            if due is not None:
                self.due[asset.id] = (due, late_since(each, asset.written_at, snapshot.now))

    def cards(self, part: Part, drawing: layout.Drawing) -> list[Fields]:
        cards = []
        for node, depth in part.depths.items():
            place = drawing.cards[self.name(node)]
            card = self._card(node, part)
            card["depth"] = depth
            card["x"], card["y"], card["w"], card["h"] = place.x, place.y, place.w, place.h
            card["group"] = place.group
            card["more_upstream"] = part.more_up[node]
            card["more_downstream"] = part.more_down[node]
            cards.append(card)
        return cards

    def _card(self, node: int, part: Part) -> Fields:
        if node in self.restricted:
            return {**_EMPTY, **restricted.node(self.restricted[node], 0)}
        return self._asset(node) if node in self.assets else self._job(node, part)

    def _asset(self, node: int) -> Fields:
        asset = self.assets[node]
        writer = self.last_writers.get(node)
        facets = self.facets.get(node, {})
        due, since = self.due.get(node, (None, None))
        return {
            **_EMPTY,
            **render.dataset_ref_fields(asset),
            "node": self.name(node),
            "kind": "dataset",
            "state": standing.state_of(asset, self.writers.get(node, ()), self.newest),
            "owner": self._owner(node),
            "platform": platform(asset.namespace),
            "columns": self.columns.get(node),
            "written_by": render.job_node(writer.namespace, writer.name) if writer else None,
            "expected_by": render.when(due),
            "late_since": render.when(since),
            "tags": _tags(facets),
            **render.personal(self.personal.of(node)),
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
            "tasks": self.tasks.get(node, 0) if row.kind == "dag" or node in part.inside else None,
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
            if (whole := self.frame_of(node)) is not None:
                drawn[whole] = drawn.get(whole, 0) + 1
        groups = []
        for whole, number in drawn.items():
            row, recent = self.job(whole), self.recent.get(whole)
            place = drawing.frames[self.name(whole)]
            groups.append(
                {
                    "id": self.name(whole),
                    "job_id": ids.public(whole),
                    "job_kind": row.kind,
                    "label": render.job_label(row),
                    "namespace": row.namespace,
                    "x": place.x,
                    "y": place.y,
                    "w": place.w,
                    "h": place.h,
                    "schedule": f.text(self.facets.get(whole, {}), "fairlead_dag", "schedule"),
                    "state": recent.state if recent else None,
                    "recent": list(recent.states) if recent else [],
                    "hidden": max(0, self.tasks.get(whole, 0) - number),
                }
            )
        return groups

    def routes(
        self,
        snapshot: Snapshot,
        part: Part,
        lines: Mapping[tuple[str, str], Line],
    ) -> list[Fields]:
        run_of = lineage.run_ids(snapshot, part.hops.values())
        stands = {node: dag for dag, nodes in part.inside.items() for node in nodes}
        personal = {
            (stands.get(source, source), stands.get(target, target))
            for triple in self.personal.flow.carried
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
                "known": hop.known,
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
            "label": render.job_label(row),
            "state": recent.state if recent else None,
            "ended_at": render.when(run.ended_at) if run is not None else None,
            "error": run.error if run is not None else None,
        }


def _tags(facets: f.Facets) -> list[dict[str, str | None]]:
    """Tags of the asset itself, not of its columns."""
    return [tag for tag in f.tags(facets) if tag["field"] is None]


def _wholes_among(jobs: Mapping[int, Row]) -> list[int]:
    return [id for id, row in jobs.items() if row.kind in ("dag", "application")]
