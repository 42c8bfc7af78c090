"""DAGs of which no run has started though one was due: by their schedule, or by what they wait for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.insight import rhythm, schedules
from fairlead_bridge.insight.spans import MINUTE
from fairlead_bridge.insight.symptoms import Broken, Overdue
from fairlead_bridge.queries import facets
from fairlead_bridge.queries.assets import Asset
from fairlead_bridge.queries.dags import facets_of
from fairlead_bridge.queries.snapshot import NOW, Row, Select, Snapshot, among
from fairlead_bridge.queries.upward import Upward

#: How much later than it is due a run may start, and newest starts that a rhythm is learned from.
GRACE, STARTS = 10 * MINUTE, 40


@dataclass(frozen=True, slots=True)
class Starts:
    """When a DAG started last, and when it starts next."""

    last: int
    is_active: bool  # the newest run goes on: the next one may wait for it
    due: int | None = None
    usual: str = ""

    def overdue(self, now: int) -> Overdue | None:
        if self.due is None or self.is_active or self.due + GRACE >= now:
            return None
        return Overdue(self.due, self.usual)


_older = t.run.alias("older")


def _newest(*, past: bool) -> Select:
    """The newest starts of some DAGs, newest first."""
    bound = sa.select(_older.c.at).where(_older.c.job_id == t.job.c.id)
    since = t.run.c.job_id == t.job.c.id
    if past:
        bound = bound.where(_older.c.at <= NOW)
        since = sa.and_(since, t.run.c.at <= NOW)
    nth = bound.order_by(_older.c.at.desc()).limit(1).offset(sa.bindparam("number"))
    return (
        sa.select(*t.run.c["job_id", "at", "ended_at", "dag_run_id"])
        .join_from(
            t.job, t.run, sa.and_(since, t.run.c.at >= sa.func.coalesce(nth.scalar_subquery(), 0))
        )
        .where(among(t.job.c.id))
        .order_by(t.run.c.at.desc(), t.run.c.id)
    )


_NEWEST = {past: _newest(past=past) for past in (False, True)}


def of(snapshot: Snapshot, dags: Iterable[int]) -> dict[int, Starts]:
    """The starts of each of these DAGs that ever ran; those that assets trigger are due by none."""
    wanted = set(dags)
    newest: dict[int, Row] = {}
    for row in snapshot.each(_NEWEST[snapshot.past], wanted, number=0):
        newest.setdefault(row.job_id, row)
    bodies = facets_of(snapshot, newest)
    bodies_of_dag = {dag: bodies.get(dag, {}) for dag in newest}
    found: dict[int, Starts] = {}
    unclear: set[int] = set()
    for dag, row in newest.items():
        active = row.ended_at is None or row.ended_at > snapshot.now
        schedule = schedules.of_dag(bodies_of_dag[dag])
        if schedule is not None:
            due = schedule.following(row.at)
            found[dag] = Starts(row.at, active, due, f"it starts at {schedule.text}")
        else:
            found[dag] = Starts(row.at, active)
            if not is_triggered(bodies_of_dag[dag]):
                unclear.add(dag)
    return found | _by_rhythm(snapshot, {dag: found[dag] for dag in unclear})


def is_triggered(body: Mapping[str, object]) -> bool:
    """Whether updates of assets start the DAG, by its facet `fairlead_dag`."""
    timetable = body.get("timetable")
    conditions = ("asset_condition", "dataset_condition")
    if isinstance(timetable, dict) and any(each in timetable for each in conditions):
        return True
    return body.get("schedule") in ("Asset", "Dataset", "PartitionedAsset")


def _by_rhythm(snapshot: Snapshot, known: Mapping[int, Starts]) -> dict[int, Starts]:
    """The starts of DAGs without a schedule that is known, where they have a rhythm."""
    times: dict[int, list[int]] = {}
    for row in snapshot.each(_NEWEST[snapshot.past], known, number=STARTS - 1):
        if not (row.dag_run_id or "").startswith(("manual__", "backfill__")):
            times.setdefault(row.job_id, []).append(row.at)
    found = {}
    for dag, newest_first in times.items():
        learned = rhythm.learn(tuple(reversed(newest_first)))
        if learned is not None:
            usual = learned.text.replace("written", "started")
            due = learned.due(newest_first[0])
            found[dag] = Starts(known[dag].last, known[dag].is_active, due, f"it is {usual}")
    return found


# --- what keeps them ------------------------------------------------------------------------------


def seen_last(kind: str) -> Select:
    """What was seen last of some owners; the newest by now."""
    newest = (
        sa.select(sa.func.max(_later.c.at))
        .where(_later.c.owner_id == t.observation.c.owner_id, _later.c.kind == kind)
        .where(_later.c.at <= NOW)
        .correlate(t.observation)
        .scalar_subquery()
    )
    return sa.select(t.observation).where(
        among(t.observation.c.owner_id),
        t.observation.c.kind == kind,
        t.observation.c.at == newest,
    )


_later = t.observation.alias("later")
_PAUSED = seen_last("paused")


def paused(snapshot: Snapshot, dags: Iterable[int]) -> dict[int, int]:
    """Since when each of these DAGs is paused that is."""
    rows = snapshot.each(_PAUSED, dags)
    return {row.owner_id: row.at for row in rows if row.value}


def _broken_files(*, past: bool) -> Select:
    newest = sa.select(t.run.c.id).where(t.run.c.job_id == t.job.c.id)
    if past:
        newest = newest.where(t.run.c.at <= NOW)
    last = newest.order_by(t.run.c.at.desc(), t.run.c.id.desc()).limit(1).correlate(t.job)
    return (
        sa.select(*t.job.c["id", "namespace", "name"], t.run.c.at, t.run.c.error)
        .add_columns(t.run.c.id.label("run"))
        .join_from(t.job, t.run, t.run.c.id == last.scalar_subquery())
        .where(t.job.c.kind == "dag_file", among(t.job.c.namespace), t.run.c.state == "failed")
    )


_BROKEN_FILES = {past: _broken_files(past=past) for past in (False, True)}


def broken_files(snapshot: Snapshot, dags: Mapping[int, Row]) -> dict[int, Broken]:
    """The file of each of these DAGs whose file cannot be imported."""
    spaces = {row.namespace for row in dags.values()}
    files = [
        (row, Broken(row.id, row.name, row.at, row.error, row.run))
        for row in snapshot.each(_BROKEN_FILES[snapshot.past], spaces)
    ]
    if not files:
        return {}
    bodies = facets.of(snapshot, {dag: dag for dag in dags}, ("fairlead_dag",))
    found = {}
    for dag, row in dags.items():
        place = str(bodies.get(dag, {}).get("fairlead_dag", {}).get("fileloc") or "")
        for file, broken in files:
            same = place == file.name or place.endswith(f"/{file.name}")
            if same and file.namespace == row.namespace:
                found[dag] = broken
    return found


# --- DAGs that wait for updates -------------------------------------------------------------------


def ready(
    snapshot: Snapshot,
    known: Mapping[int, Starts],
    walk: Upward,
    assets: Mapping[int, Asset],
) -> dict[int, Overdue]:
    """
    DAGs that updates start, and that did not start though all that their tasks read was updated.

    Of a DAG only the tasks that were reached by the `walk` are looked at.
    """
    inputs, own = _inputs(known, walk)
    found = {}
    for dag, begun in known.items():
        times = [assets[node].written_at for node in inputs.get(dag, set()) - own.get(dag, set())]
        updated = [at for at in times if at is not None]
        if begun.due is not None or begun.is_active or not times or len(updated) < len(times):
            continue
        if min(updated) > begun.last and max(updated) + GRACE < snapshot.now:
            found[dag] = Overdue(max(updated), "it starts when what it reads is updated")
    return found


def _inputs(
    dags: Mapping[int, Starts], walk: Upward
) -> tuple[dict[int, set[int]], dict[int, set[int]]]:
    """The assets that the tasks of each DAG read, and those that they write."""
    inputs: dict[int, set[int]] = {}
    dag_of: dict[int, int] = {}
    for task, above in walk.after.items():
        for dag in above:
            if dag in dags and task in walk.jobs:
                dag_of[task] = dag
                read = walk.assets.intersection(walk.before.get(task, ()))
                inputs.setdefault(dag, set()).update(read)
    own: dict[int, set[int]] = {}
    for asset in walk.assets:
        for task in walk.before.get(asset, ()):
            if task in dag_of:
                own.setdefault(dag_of[task], set()).add(asset)
    return inputs, own
