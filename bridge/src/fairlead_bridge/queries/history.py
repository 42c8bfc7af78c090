"""Reads a job's newest runs, their states and their durations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.queries import standing
from fairlead_bridge.queries.outermost import around
from fairlead_bridge.queries.runs import RUNS
from fairlead_bridge.queries.snapshot import NOW, Row, Select, Snapshot, among, shown_state
from fairlead_bridge.queries.standing import Round

#: Newest runs of a job that its figures in lists and graphs are made from.
WINDOW = 15


@dataclass(frozen=True, slots=True)
class Recent:
    """A job's newest runs."""

    newest: int  # the run that its state is taken from
    states: tuple[str, ...]  # of its rounds, oldest first, at most WINDOW
    p50: float | None  # seconds, over the successful ones of these
    p95: float | None  # seconds

    @property
    def state(self) -> str:
        return self.states[-1]


_OF_RUN = tuple(
    t.run.c[name]
    for name in [
        "id",
        "job_id",
        "at",
        "ended_at",
        "duration",
        "dag_run",
        "instance",
        "map_index",
        "try_number",
    ]
)


def _newest_runs(count: int, *, past: bool) -> Select:
    """The newest `count` runs of some jobs (a few more where several began in one instant)."""
    older = t.run.alias("older")
    bound = sa.select(older.c.at).where(older.c.job_id == t.job.c.id)
    since = t.run.c.job_id == t.job.c.id
    if past:
        bound = bound.where(older.c.at <= NOW)
        since = sa.and_(since, t.run.c.at <= NOW)
    last = bound.order_by(older.c.at.desc()).limit(1).offset(count - 1).scalar_subquery()
    return (
        sa.select(*_OF_RUN, shown_state(past=past))
        .join_from(t.job, t.run, sa.and_(since, t.run.c.at >= sa.func.coalesce(last, 0)))
        .where(among(t.job.c.id))
    )


_NEWEST = {
    (count, past): _newest_runs(count, past=past) for count in (1, WINDOW) for past in (False, True)
}


_PARENTS = sa.select(t.job.c.parent_id).where(among(t.job.c.id))


def _instances(*, past: bool) -> Select:
    """The mapped instances of tasks in some DAG runs."""
    statement = (
        sa.select(*_OF_RUN, shown_state(past=past))
        .join_from(t.run, t.job, t.job.c.id == t.run.c.job_id)
        .where(among(t.run.c.dag_run), t.run.c.map_index >= 0)
    )
    return statement.where(t.run.c.at <= NOW) if past else statement


_INSTANCES = {past: _instances(past=past) for past in (False, True)}


def _newest(snapshot: Snapshot, job_ids: Iterable[int], count: int) -> dict[int, list[Row]]:
    """The newest `count` runs of each job; of mapped tasks, all instances of as many DAG runs."""
    found: dict[int, dict[int, Row]] = {}
    mapped: dict[int, set[int]] = {}
    for row in snapshot.each(_NEWEST[count, snapshot.past], job_ids):
        found.setdefault(row.job_id, {})[row.id] = row
        if (row.map_index or 0) >= 0 and row.map_index is not None and row.dag_run is not None:
            mapped.setdefault(row.job_id, set()).add(row.dag_run)
    if mapped:
        dag_runs = set().union(*mapped.values())
        if count > 1:
            dags = {row.parent_id for row in snapshot.each(_PARENTS, mapped)} - {None}
            dag_runs |= {row.id for row in snapshot.each(_NEWEST[count, snapshot.past], dags)}
        for row in snapshot.each(_INSTANCES[snapshot.past], dag_runs):
            if row.job_id in mapped:
                found[row.job_id][row.id] = row
    return {job_id: list(rows.values()) for job_id, rows in found.items()}


def rounds(snapshot: Snapshot, job_ids: Iterable[int]) -> dict[int, list[Round]]:
    """The newest rounds of each job that ever ran, oldest first, at most WINDOW of them."""
    newest = _newest(snapshot, job_ids, WINDOW)
    return {job_id: standing.rounds(rows)[-WINDOW:] for job_id, rows in newest.items()}


def runs_since_success(snapshot: Snapshot, job_ids: Iterable[int]) -> dict[int, list[Row]]:
    """All tries of each job since one last succeeded, oldest first, of its newest WINDOW runs."""
    found = {}
    for job_id, rows in _newest(snapshot, job_ids, WINDOW).items():
        ordered = sorted(rows, key=lambda row: (row.at, row.id))
        good = max((at for at, row in enumerate(ordered) if row.state == "success"), default=-1)
        found[job_id] = ordered[good + 1 :]
    return found


def recent(snapshot: Snapshot, job_ids: Iterable[int]) -> dict[int, Recent]:
    """The newest runs of each job that ever ran, from the index: older runs are not read."""
    answer = {}
    for job_id, rows in _newest(snapshot, job_ids, WINDOW).items():
        last = standing.rounds(rows)[-WINDOW:]
        counted = frozenset().union(*(each.succeeded for each in last))
        seconds = sorted(row.duration for row in rows if row.id in counted and row.duration)
        answer[job_id] = Recent(
            newest=last[-1].run,
            states=tuple(each.state for each in last),
            p50=percentile(seconds, 0.50),
            p95=percentile(seconds, 0.95),
        )
    return answer


_other = t.run.alias("other")
#: A run that was no failure, nor a part of a round that was one.
_GOOD = sa.and_(
    t.run.c.state.not_in(standing.BROKEN),
    ~sa.exists().where(
        _other.c.job_id == t.run.c.job_id,
        _other.c.dag_run == t.run.c.dag_run,
        _other.c.instance != t.run.c.instance,
        _other.c.state.in_(standing.BROKEN),
    ),
)
_JOB = sa.bindparam("job", type_=t.run.c.job_id.type)
_LAST_GOOD = (
    sa.select(t.run.c.at)
    .where(t.run.c.job_id == _JOB, t.run.c.at <= NOW, _GOOD)
    .order_by(t.run.c.at.desc())
    .limit(1)
)
_ROUND = sa.case((t.run.c.instance.is_not(None), sa.func.coalesce(t.run.c.dag_run, t.run.c.id)), else_=t.run.c.id)  # fmt: skip
_ROUNDS_SINCE = sa.select(sa.func.count(sa.distinct(_ROUND))).where(
    t.run.c.job_id == _JOB, t.run.c.at <= NOW, t.run.c.at > sa.bindparam("since")
)


def failures(snapshot: Snapshot, job_id: int, recent: Recent) -> int:
    """How many of a job's rounds failed in a row, the newest included; tries of one run are one."""
    number = 0
    for state in reversed(recent.states):
        if state not in standing.BROKEN:
            return number
        number += 1
    good = snapshot.first(_LAST_GOOD, job=job_id)
    since = good.at if good is not None else -(2**63)
    return max(number, int(snapshot.rows(_ROUNDS_SINCE, job=job_id, since=since)[0][0]))


_OUTPUTS = sa.select(t.run_dataset.c.run_id, t.run_dataset.c.dataset_id).where(
    among(t.run_dataset.c.run_id), t.run_dataset.c.role == "output"
)


def states(snapshot: Snapshot, job_ids: Iterable[int]) -> dict[int, Round]:
    """The newest round of each job that ever ran."""
    found = {
        job_id: standing.rounds(rows)[-1] for job_id, rows in _newest(snapshot, job_ids, 1).items()
    }
    mixed = [whole for whole in found.values() if whole.broken and whole.succeeded]
    outputs: dict[int, set[int]] = {}
    for row in snapshot.each(_OUTPUTS, {run for w in mixed for run in w.broken | w.succeeded}):
        outputs.setdefault(row.run_id, set()).add(row.dataset_id)
    outputs_by_run = {run: frozenset(datasets) for run, datasets in outputs.items()}
    return _with_cleared(
        snapshot,
        {
            job_id: standing.without_unaffected(whole, outputs_by_run) if whole in mixed else whole
            for job_id, whole in found.items()
        },
    )


_dag_run = t.run.alias("dag_run_row")
#: The blocked runs whose DAG run has begun again since.
_CLEARED = (
    sa.select(t.run.c.id)
    .join_from(t.run, _dag_run, _dag_run.c.id == t.run.c.dag_run)
    .where(
        among(t.run.c.id),
        _dag_run.c.at > sa.func.coalesce(t.run.c.ended_at, t.run.c.last_at),
        _dag_run.c.at <= NOW,
        sa.or_(_dag_run.c.ended_at.is_(None), _dag_run.c.ended_at > NOW),
    )
)


def _with_cleared(snapshot: Snapshot, found: dict[int, Round]) -> dict[int, Round]:
    """The rounds, with those marked that were blocked and may yet run."""
    blocked = {each.run: job for job, each in found.items() if each.state == "upstream_failed"}
    if not blocked:
        return found
    cleared = {blocked[row.id] for row in snapshot.each(_CLEARED, blocked)}
    return found | {job: replace(found[job], may_run=True) for job in cleared}


def runs_of_job(snapshot: Snapshot, job_id: int, limit: int) -> list[Row]:
    """The newest runs of a job, oldest first."""
    statement = RUNS[snapshot.past].where(t.run.c.job_id == job_id)
    if snapshot.past:
        statement = statement.where(t.run.c.at <= NOW)
    newest = snapshot.rows(statement.order_by(t.run.c.at.desc(), t.run.c.id.desc()).limit(limit))
    return newest[::-1]


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """
    The value below which `share` of the values lie, between the two nearest.

    >>> percentile([1.0, 2.0, 3.0], 0.5)
    2.0
    """
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def runs_that_wrote(snapshot: Snapshot, members: Sequence[int], limit: int) -> list[Row]:
    """
    The newest successful runs that wrote an asset, newest first, each write once.

    A run that is part of another that wrote the asset is left out, and so is Spark's inner query of
    a CREATE TABLE AS SELECT, which runs beside it in the same application.
    """
    statement = (
        RUNS[snapshot.past]
        .add_columns(t.run_dataset.c.written_at)
        .join(t.run_dataset, t.run_dataset.c.run_id == t.run.c.id)
        .where(t.run_dataset.c.role == "output", t.run_dataset.c.written_at.is_not(None))
    )
    if snapshot.past:
        statement = statement.where(t.run_dataset.c.written_at <= NOW)
    found: dict[int, Row] = {}
    for member in members:  # nearly always one; each is a walk of the index from its end
        newest = statement.where(t.run_dataset.c.dataset_id == member).order_by(
            t.run_dataset.c.written_at.desc()
        )
        for row in snapshot.rows(newest.limit(2 * limit)):
            found.setdefault(row.id, row)
    containing = around(snapshot, found)
    whole = [
        row
        for row in found.values()
        if found.keys().isdisjoint(containing[row.id])
        and not any(_is_within(row, other) for other in found.values())
    ]
    return sorted(whole, key=lambda row: (row.written_at, row.id), reverse=True)[:limit]


def _is_within(run: Row, other: Row) -> bool:
    """Whether the run is a step of the other one beside it in the same application."""
    if run.parent_id is None or run.parent_id != other.parent_id or run.dag_id is not None:
        return False
    times = (run.started_at, run.ended_at, other.started_at, other.ended_at)
    if run.id == other.id or None in times or times[:2] == times[2:]:
        return False
    return bool(other.started_at <= run.started_at and run.ended_at <= other.ended_at)
