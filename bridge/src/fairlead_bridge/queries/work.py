"""
The facts that `insight.eta` plans with: jobs, DAGs and their runs as they stood at a moment.

A fixed number of queries for each level of DAGs that wait for one another, however many jobs there
are. What became known after the moment is left out: ends, retries and runs that came later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from typing import Any

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.insight import rounds, schedules
from fairlead_bridge.insight.rounds import Try
from fairlead_bridge.insight.schedules import Schedule
from fairlead_bridge.insight.work import Assets, Dag, DagRun, Facts, Job
from fairlead_bridge.queries import dags, facets, zones
from fairlead_bridge.queries.assets import assets_by_id
from fairlead_bridge.queries.jobs import jobs_by_id
from fairlead_bridge.queries.snapshot import NOW, Row, Select, Snapshot, among, shown_state
from fairlead_bridge.uris import dataset_of

#: Newest runs of a job that are read, and fewer where many jobs are asked for at once.
WINDOW, SHORT, MANY = 64, 24, 60
#: Newest runs of a DAG of which it is looked up which task triggered them.
TRIGGERED = 10
#: Levels of jobs inside of jobs.
LEVELS = 5
#: Runs of a writer since it last wrote an asset, after which it no longer does.
PAST = 3


class Loader:
    """Adds to the facts what a plan asks for, level by level."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.facts = Facts(snapshot.now)
        self.tried: set[int] = set()

    def load(self, nodes: Iterable[int]) -> None:
        """Learn of these jobs and the writers of these assets, with the DAGs that they are in."""
        facts, asked = self.facts, set(nodes)
        self.tried |= asked
        assets = assets_by_id(self._snapshot, asked)
        facts.names |= {id: each.name for id, each in assets.items()}
        facts.writers |= dict.fromkeys(asked, ())
        edges = list(self._snapshot.each(_WRITERS[self._snapshot.past], assets))
        known = facts.jobs.keys() | facts.dags.keys()
        wanted = {*(asked - assets.keys()), *(row.src for row in edges)} - known
        if wanted:
            self._learn(wanted)
        for asset in assets:
            writers = {row.src for row in edges if row.asked == asset and self._still(row)}
            facts.writers[asset] = tuple(sorted(writers))

    def _still(self, edge: Row) -> bool:
        """Whether the job still wrote the asset in one of its last runs."""
        job = self.facts.jobs.get(edge.src)
        return job is not None and sum(each.started_at > edge.last_at for each in job.done()) < PAST

    def _learn(self, wanted: Iterable[int]) -> None:
        found = _read(self._snapshot, wanted, self.facts.dags.keys())
        for id, row in found.dags.items():
            self.facts.dags[id] = _dag(self._snapshot, row, found)
        for id in found.tasks:
            task = _task(id, found)
            own = rounds.rounds(found.tries(self._snapshot, id), task.retries)
            self.facts.jobs[id] = replace(task, rounds=own)
        for id, row in found.others.items():
            around = found.inside.get(id)
            dag = found.tasks[around].parent_id if around is not None else None
            own = rounds.rounds(found.tries(self._snapshot, id), 0)
            self.facts.jobs[id] = Job(id, row.name, dag=dag, inside=around, rounds=own)


# --- what is read ---------------------------------------------------------------------------------


@dataclass(slots=True)
class _Read:
    """Rows of one level, by the ids of their jobs."""

    dags: dict[int, Row] = field(default_factory=dict)
    tasks: dict[int, Row] = field(default_factory=dict)
    others: dict[int, Row] = field(default_factory=dict)  # jobs that are neither
    inside: dict[int, int] = field(default_factory=dict)  # of these, the task around some
    facet_bodies: dict[int, facets.Facets] = field(default_factory=dict)
    after: dict[int, set[int]] = field(default_factory=dict)
    runs: dict[int, list[Row]] = field(default_factory=dict)
    named: dict[int, Row] = field(default_factory=dict)  # runs by alias
    paused: dict[int, int] = field(default_factory=dict)  # DAGs, and since when

    def tries(self, snapshot: Snapshot, job: int) -> list[Try]:
        return [_try(snapshot, row, self._whole(row)) for row in self.runs.get(job, ())]

    def _whole(self, row: Row) -> int:
        """The DAG run that a run is a part of; itself outside of DAGs."""
        if row.dag_run is not None:
            return int(row.dag_run)
        parent, root = self.named.get(row.parent_id), self.named.get(row.root_id)
        if parent is not None and parent.dag_run is not None:
            return int(parent.dag_run)
        return int(root.id) if root is not None else int(row.id)


def _read(snapshot: Snapshot, wanted: Iterable[int], known: Iterable[int]) -> _Read:
    rows = _with_containing(snapshot, jobs_by_id(snapshot, wanted))
    found = _Read()
    in_dags = {row.parent_id for row in rows.values() if row.kind == "task"} - {None}
    whole = {id for id, row in rows.items() if row.kind == "dag"} | in_dags
    for row in snapshot.each(_DAGS, whole - set(known)):
        (found.dags if row.kind == "dag" else found.tasks)[row.id] = row
    # Tasks of DAGs that never sent an event themselves.
    found.tasks |= {id: row for id, row in rows.items() if row.kind == "task"}
    found.others = {
        id: row for id, row in rows.items() if row.kind not in ("task", "dag") and id in set(wanted)
    }
    around = {id: _task_around(id, rows) for id in found.others}
    found.inside = {id: task for id, task in around.items() if task is not None}
    both = {id: id for id in (*found.dags, *found.tasks)}
    found.facet_bodies = facets.of(snapshot, both, ("fairlead_task",))
    for id, body in dags.facets_of(snapshot, found.dags).items():
        found.facet_bodies.setdefault(id, {})["fairlead_dag"] = body
    found.after = _after(snapshot, found)
    found.runs = _runs(snapshot, {*both, *found.others})
    found.named = _named(snapshot, found)
    seen = {row.owner_id: row for row in snapshot.each(_PAUSED, found.dags)}  # the newest is last
    found.paused = {dag: row.at for dag, row in seen.items() if row.value}
    return found


def _with_containing(snapshot: Snapshot, rows: Mapping[int, Row]) -> dict[int, Row]:
    """These jobs and those that they run inside of, up to a task."""
    known, level = dict(rows), list(rows.values())
    for _ in range(LEVELS):
        above = {row.parent_id for row in level if row.kind not in ("task", "dag")} - {None}
        found = jobs_by_id(snapshot, above - known.keys())
        known |= found
        level = list(found.values())
        if not level:
            break
    return known


def _task_around(job: int, rows: Mapping[int, Row]) -> int | None:
    """The task that a job runs inside of."""
    here = rows.get(job)
    for _ in range(LEVELS):
        if here is None or here.kind == "task":
            break
        here = rows.get(here.parent_id)
    return here.id if here is not None and here.kind == "task" else None


def _after(snapshot: Snapshot, found: _Read) -> dict[int, set[int]]:
    """The tasks of the same DAG that each task runs after."""
    after: dict[int, set[int]] = {id: set() for id in found.tasks}
    for row in snapshot.each(_CONTROL[snapshot.past], found.tasks):
        above = found.tasks.get(row.src)
        if above is not None and above.parent_id == found.tasks[row.dst].parent_id:
            after[row.dst].add(row.src)
    by_name = {(row.parent_id, row.task_id): row.id for row in found.tasks.values()}
    for id, row in found.tasks.items():
        for name in facets.texts(found.facet_bodies.get(id, {}), "fairlead_task", "upstream"):
            if (row.parent_id, name) in by_name:
                after[id].add(by_name[row.parent_id, name])
    return after


def _named(snapshot: Snapshot, found: _Read) -> dict[int, Row]:
    """The runs that triggered DAG runs, and those around what runs inside of tasks."""
    aliases: set[int] = set()
    for dag in found.dags:
        newest = sorted(found.runs.get(dag, ()), key=lambda row: row.first_at)[-TRIGGERED:]
        aliases.update(row.parent_id for row in newest if row.parent_id not in (None, row.id))
    for job in found.inside:
        for row in found.runs.get(job, ()):
            aliases |= {row.parent_id, row.root_id} - {None}
    return {row.alias: row for row in snapshot.each(_NAMED, aliases)}


# --- the statements -------------------------------------------------------------------------------

_name, _member = t.dataset.alias("name"), t.dataset.alias("member")
_EDGES = (
    sa.select(_name.c.id.label("asked"), t.edge.c.src, t.edge.c.last_at)
    .join_from(_name, _member, _member.c.asset_id == _name.c.asset_id)
    .join(t.edge, sa.and_(t.edge.c.dst == _member.c.id, t.edge.c.kind == "data"))
    .where(among(_name.c.id))
)
#: (asked, src, last_at): the jobs that write some assets, under any of their names.
_WRITERS = {False: _EDGES, True: _EDGES.where(t.edge.c.first_at <= NOW)}

#: Some DAGs and their tasks.
_DAGS = sa.select(t.job).where(
    sa.or_(
        among(t.job.c.id),
        sa.and_(
            t.job.c.parent_id.in_(sa.bindparam("keys", expanding=True, type_=t.job.c.id.type)),
            t.job.c.kind == "task",
        ),
    )
)
_AFTER = sa.select(t.edge.c.src, t.edge.c.dst).where(
    among(t.edge.c.dst), t.edge.c.kind == "control"
)
_CONTROL = {False: _AFTER, True: _AFTER.where(t.edge.c.first_at <= NOW)}
_NAMED = (
    sa.select(t.run_alias.c.alias, t.run.c.id, t.run.c.job_id, t.run.c.dag_run)
    .join_from(t.run_alias, t.run, t.run.c.id == t.run_alias.c.id)
    .where(among(t.run_alias.c.alias))
)
_seen = t.observation.c
_PAUSED = (
    sa.select(_seen.owner_id, _seen.at, _seen.value)
    .where(among(_seen.owner_id), _seen.kind == "paused", _seen.at <= NOW)
    .order_by(_seen.owner_id, _seen.at)
)
_OF_RUN = tuple(
    t.run.c[name]
    for name in (
        *("id", "job_id", "dag_run", "dag_run_id", "instance", "try_number", "parent_id"),
        *("root_id", "started_at", "ended_at", "first_at", "last_at"),
        *("nominal_start_at", "nominal_end_at"),
    )
)


def _newest(count: int, *, past: bool) -> Select:
    """The newest `count` runs of some jobs, of those that were known."""
    older = t.run.alias("older")
    bound = sa.select(older.c.at).where(older.c.job_id == t.job.c.id)
    known = t.run.c.job_id == t.job.c.id
    if past:
        bound = bound.where(older.c.at <= NOW, older.c.first_at <= NOW)
        known = sa.and_(known, t.run.c.at <= NOW, t.run.c.first_at <= NOW)
    last = bound.order_by(older.c.at.desc()).limit(1).offset(count - 1).scalar_subquery()
    return (
        sa.select(*_OF_RUN, shown_state(past=past))
        .join_from(t.job, t.run, sa.and_(known, t.run.c.at >= sa.func.coalesce(last, 0)))
        .where(among(t.job.c.id))
    )


_NEWEST = {
    (count, past): _newest(count, past=past) for count in (WINDOW, SHORT) for past in (False, True)
}


def _runs(snapshot: Snapshot, job_ids: set[int]) -> dict[int, list[Row]]:
    count = WINDOW if len(job_ids) <= MANY else SHORT
    found: dict[int, list[Row]] = {}
    for row in snapshot.each(_NEWEST[count, snapshot.past], job_ids):
        found.setdefault(row.job_id, []).append(row)
    return found


# --- what the rows mean ---------------------------------------------------------------------------


def _try(snapshot: Snapshot, row: Row, whole: int) -> Try:
    started, state = row.started_at, row.state
    if started is not None and started > snapshot.now:
        started, state = None, "queued"
    return Try(
        row.id,
        whole,
        # What runs inside of a task runs again when the task is tried again.
        row.instance if row.instance is not None else whole,
        row.try_number or 1,
        state,
        started,
        _ended(snapshot, row),
        row.first_at,
    )


def _ended(snapshot: Snapshot, row: Row) -> int | None:
    """When the run was over, as far as it was by then."""
    ended: int | None = row.ended_at
    if ended is None and row.state not in ("running", "queued", "deferred"):
        ended = row.last_at
    return ended if ended is not None and ended <= snapshot.now else None


def _task(id: int, found: _Read) -> Job:
    row, facet_bodies = found.tasks[id], found.facet_bodies.get(id, {}).get("fairlead_task", {})
    retries = facet_bodies.get("retries")
    return Job(
        id,
        row.name,
        dag=row.parent_id,
        after=tuple(sorted(found.after.get(id, ()))),
        retries=retries if isinstance(retries, int) and retries > 0 else 0,
        rule=facet_bodies.get("trigger_rule"),
        is_sensor="Sensor"
        in str(facet_bodies.get("operator_class") or facet_bodies.get("operator")),
    )


def _dag(snapshot: Snapshot, row: Row, found: _Read) -> Dag:
    """A DAG with its newest runs and what starts them."""
    facet_bodies = found.facet_bodies.get(row.id, {}).get("fairlead_dag", {})
    timetable = facet_bodies.get("timetable")
    timetable = timetable if isinstance(timetable, dict) else {}
    zone = timetable.get("timezone")
    schedule = schedules.of_dag(facet_bodies)
    # Of other timetables the run begins when the span that its name begins with has passed.
    spans = schedule if "interval" not in timetable else None
    runs = (_dag_run(snapshot, each, found.named, spans) for each in found.runs.get(row.id, ()))
    return Dag(
        row.id,
        row.dag_id or row.name,
        runs=tuple(sorted(runs, key=lambda each: (each.started_at, each.id))),
        tasks=tuple(sorted(id for id, task in found.tasks.items() if task.parent_id == row.id)),
        schedule=schedule,
        assets=_assets(snapshot, timetable),
        zone=_zone(snapshot, zone, row.namespace),
        paused_at=found.paused.get(row.id),
    )


def _zone(snapshot: Snapshot, name: object, namespace: str) -> tzinfo:
    """The zone of a schedule; of what has none, such as a DAG that assets trigger, the usual one."""
    if isinstance(name, str):
        return schedules.zone_of(name)
    return zones.usual(snapshot, namespace) or UTC


def _dag_run(
    snapshot: Snapshot, row: Row, named: Mapping[int, Row], spans: Schedule | None
) -> DagRun:
    kind = (row.dag_run_id or "").partition("__")[0]
    parent = named.get(row.parent_id) if kind != "scheduled" else None
    started = row.started_at if row.started_at is not None else row.first_at
    return DagRun(
        row.id,
        started,
        _ended(snapshot, row),
        due_at=_due(row, started, spans) if kind == "scheduled" else None,
        by_hand=kind in ("manual", "backfill", "backfill_job") and parent is None,
        triggered_by=parent.job_id if parent is not None else None,
    )


def _due(row: Row, started: int, spans: Schedule | None) -> int | None:
    """When a scheduled run was due; `spans` is its schedule where a run is named by its span's begin."""
    if row.nominal_end_at is not None:
        return int(row.nominal_end_at)
    named: int | None = row.nominal_start_at
    if named is None:
        named = schedules.time_of((row.dag_run_id or "").partition("__")[2])
    following = spans.following(named) if spans is not None and named is not None else None
    return following if following is not None and following <= started else named


def _assets(snapshot: Snapshot, timetable: Mapping[str, Any]) -> Assets | None:
    """The assets that a timetable waits for, as Airflow writes them."""
    facet_bodies = timetable.get("asset_condition") or timetable.get("dataset_condition")
    part = _part(snapshot, facet_bodies)
    return part if part is None or isinstance(part, Assets) else Assets(True, (part,))


def _part(snapshot: Snapshot, facet_bodies: object) -> Assets | int | None:
    if not isinstance(facet_bodies, dict):
        return None
    uri, objects = facet_bodies.get("uri"), facet_bodies.get("objects")
    if isinstance(uri, str):
        return snapshot.identify(*dataset_of(uri))
    if not isinstance(objects, list):
        return None
    found = [each for each in (_part(snapshot, one) for one in objects) if each is not None]
    kind = str(facet_bodies.get("__type", "")).rpartition("_")[2]
    return Assets(kind != "any", tuple(found)) if found else None
