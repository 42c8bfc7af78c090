"""
Runs: lists by page, and rows by their ids.

Every function asks a fixed number of queries, however many rows it answers for. Lists are read in
the order of an index, from a key on (`after`), so that what is inserted meanwhile moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from fairlead_bridge import ids
from fairlead_bridge.db import tables as t
from fairlead_bridge.queries.names import namespaces, public_id
from fairlead_bridge.queries.snapshot import (
    NOW,
    RELATIVES,
    Row,
    Select,
    Snapshot,
    among,
    in_state,
    shown_state,
)


@dataclass(frozen=True, slots=True)
class RunFilter:
    """What the runs of a list have in common; None leaves a field open."""

    namespace: str | None = None
    job: str | None = None
    dag_id: str | None = None
    dag_run_id: str | None = None
    task_id: str | None = None
    state: str | None = None
    kind: str | None = None
    jobs: tuple[int, ...] | None = None
    since: int | None = None  # microseconds: `at` is that or later
    until: int | None = None  # microseconds: `at` is earlier
    outermost: bool = False  # only runs that are part of no other


def _shown_runs(*, past: bool) -> Select:
    unknown = ("ended_at", "duration", "error") if past else ()  # how it ended was not known then
    own = [
        sa.case((t.run.c.ended_at <= NOW, column)).label(column.name)
        if column.name in unknown
        else column
        for column in t.run.c
        if column.name != "state"
    ]
    return sa.select(
        *own,
        shown_state(past=past),
        t.job.c.namespace.label("job_namespace"),
        t.job.c.name.label("job_name"),
        t.job.c.integration.label("job_integration"),
    ).join_from(t.run, t.job, t.job.c.id == t.run.c.job_id)


#: Runs as they are shown (by `Snapshot.past`): with their job's name, and lost where they are.
RUNS = {past: _shown_runs(past=past) for past in (False, True)}
_RUNS_BY_ID = {past: statement.where(among(t.run.c.id)) for past, statement in RUNS.items()}
_RUN_OF_ALIAS = sa.select(t.run_alias.c.alias, t.run_alias.c.id).where(among(t.run_alias.c.alias))


def page_of_runs(
    snapshot: Snapshot, wanted: RunFilter, limit: int, after: tuple[int, int] | None = None
) -> list[Row]:
    """Runs, newest first; `after` is (at, id) of the last one seen."""
    statement = RUNS[snapshot.past].where(*_of_jobs(snapshot, wanted, limit, after))
    for column in (t.run.c.dag_id, t.run.c.dag_run_id, t.run.c.task_id):
        value = getattr(wanted, column.name)
        if value is not None:
            statement = statement.where(column == value)
    if wanted.state is not None:
        statement = statement.where(in_state(wanted.state))
    if wanted.since is not None:
        statement = statement.where(t.run.c.at >= wanted.since)
    if wanted.outermost:
        statement = statement.where(_is_outermost())
    statement = statement.where(*_before(t.run, wanted, after))
    return snapshot.rows(statement.order_by(t.run.c.at.desc(), t.run.c.id.desc()).limit(limit))


def _before(
    run: sa.FromClause, wanted: RunFilter, after: tuple[int, int] | None
) -> Iterator[sa.ColumnElement[bool]]:
    """What ends a list at its newer end: the last run seen, and the filter's `until`."""
    if after is not None:
        yield sa.tuple_(run.c.at, run.c.id) < sa.tuple_(*after)
    if wanted.until is not None:
        yield run.c.at < wanted.until


def _is_outermost() -> sa.ColumnElement[bool]:
    """Whether a run is part of none that is known: of no DAG run, application or invocation."""
    outer = t.run.alias("outer")
    around = sa.or_(outer.c.id == t.run.c.parent_id, outer.c.id == t.run.c.dag_run)
    return sa.and_(t.run.c.kind != "dag_file", ~sa.exists().where(around, outer.c.id != t.run.c.id))


#: So many jobs are asked one by one for their newest runs; beyond, all runs are read from the
#: newest on until the page is full.
FEW_JOBS = 200


def _of_jobs(
    snapshot: Snapshot, wanted: RunFilter, limit: int, after: tuple[int, int] | None
) -> list[sa.ColumnElement[bool]]:
    """The runs of the jobs that the filter names by their ids, name, namespace or kind."""
    if wanted.jobs is not None:
        return [_newest_of_each(wanted, wanted.jobs, limit, after)]
    if wanted.job is not None:
        places = [wanted.namespace] if wanted.namespace is not None else namespaces(snapshot, t.job)
        job = ids.stored_name(wanted.job)
        named = t.run.c.job_id.in_([ids.job_id(ids.stored_namespace(p), job) for p in places])
        return [named] if wanted.kind is None else [named, t.run.c.kind == wanted.kind]
    of_job: list[sa.ColumnElement[bool]] = []
    of_run: list[sa.ColumnElement[bool]] = []
    if wanted.namespace is not None:
        of_job.append(t.job.c.namespace == wanted.namespace)
        # An expression, so that SQLite does not start from the jobs and sort all of their runs.
        of_run.append(t.job.c.namespace.concat("") == wanted.namespace)
    if wanted.kind is not None:
        of_job.append(t.job.c.kind == wanted.kind)
        of_run.append(t.run.c.kind == wanted.kind)
    other = (wanted.dag_id, wanted.dag_run_id, wanted.task_id, wanted.state)
    if not of_job or any(value is not None for value in other):
        return of_run
    some = [
        row.id for row in snapshot.rows(sa.select(t.job.c.id).where(*of_job).limit(FEW_JOBS + 1))
    ]
    return of_run if len(some) > FEW_JOBS else [_newest_of_each(wanted, some, limit, after)]


def _newest_of_each(
    wanted: RunFilter, job_ids: Sequence[int], limit: int, after: tuple[int, int] | None
) -> sa.ColumnElement[bool]:
    """The newest `limit` runs of each of these jobs, from `after` and `until` on."""
    older = t.run.alias("older")
    ends = sa.select(older.c.at).where(older.c.job_id == t.job.c.id, *_before(older, wanted, after))
    last = ends.order_by(older.c.at.desc()).limit(1).offset(limit - 1).scalar_subquery()
    return sa.and_(t.job.c.id.in_(job_ids), t.run.c.at >= sa.func.coalesce(last, 0))


def runs_by_id(snapshot: Snapshot, run_ids: Iterable[int | None]) -> dict[int, Row]:
    """The rows of the runs that are there, by id."""
    wanted = {run for run in run_ids if run is not None}
    return {row.id: row for row in snapshot.each(_RUNS_BY_ID[snapshot.past], wanted)}


def runs_by_alias(snapshot: Snapshot, aliases: Iterable[int | None]) -> dict[int, Row]:
    """Runs by the aliases that edges, schema versions and children hold of them."""
    wanted = {alias for alias in aliases if alias is not None}
    named = {row.alias: row.id for row in snapshot.each(_RUN_OF_ALIAS, wanted)}
    # A run that is known by its runId alone is its own alias.
    found = runs_by_id(snapshot, {*named.values(), *(wanted - named.keys())})
    return {
        alias: found[named.get(alias, alias)]
        for alias in wanted
        if named.get(alias, alias) in found
    }


_DAG_RUN = "dag_run:"


def find_run(snapshot: Snapshot, text: str) -> Row | None:
    """
    The run behind an OpenLineage runId, of any attempt, or behind a public id; a DAG run also
    behind `dag_run:NAMESPACE:DAG_ID:RUN_ID`, with Airflow's names.
    """
    if text.startswith(_DAG_RUN):
        named = runs_by_id(snapshot, _dag_runs(text.removeprefix(_DAG_RUN)))
        return next(iter(named.values()), None)
    alias = ids.run_id(text)
    found = runs_by_alias(snapshot, [alias]).get(alias)
    if found is None and (number := public_id(text)) is not None:
        found = runs_by_id(snapshot, [number]).get(number)
    if found is None and text != text.lower():
        return find_run(snapshot, text.lower())
    return found


def _dag_runs(text: str) -> list[int]:
    """What `NAMESPACE:DAG_ID:RUN_ID` may mean: namespaces and run ids may have colons."""
    parts = text.split(":")
    return [
        ids.dag_run_id(":".join(parts[:at]), parts[at], ":".join(parts[at + 1 :]))
        for at in range(1, len(parts) - 1)
    ]


def children_of_run(snapshot: Snapshot, run: Row, aliases: Iterable[int]) -> list[Row]:
    """A DAG run's task runs, every try; whatever ran inside any other run. Oldest first."""
    inside: sa.ColumnElement[bool] = t.run.c.parent_id.in_([run.id, *aliases])
    if run.kind == "dag":
        inside = sa.or_(inside, t.run.c.dag_run == run.id)
    statement = RUNS[snapshot.past].where(inside, t.run.c.id != run.id)
    return snapshot.rows(statement.order_by(t.run.c.at, t.run.c.id).limit(RELATIVES))


def tries_of_run(snapshot: Snapshot, run: Row) -> list[Row]:
    """Every try of the run's task instance, first try first."""
    if run.instance is None:
        return [run]
    statement = RUNS[snapshot.past].where(t.run.c.instance == run.instance)
    return snapshot.rows(statement.order_by(t.run.c.try_number, t.run.c.at).limit(RELATIVES))


def datasets_of_run(snapshot: Snapshot, run_id: int) -> list[Row]:
    return snapshot.rows(sa.select(t.run_dataset).where(t.run_dataset.c.run_id == run_id))
