"""
Runs, jobs and datasets: lists by page, and rows by their ids.

Every function asks a fixed number of queries, however many rows it answers for. Lists are read in
the order of an index, from a key on (`after`), so that what is inserted meanwhile moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from fairlead_bridge import ids
from fairlead_bridge.db import tables as t
from fairlead_bridge.queries import labels
from fairlead_bridge.queries.snapshot import NOW, Snapshot, among, in_state, shown_state

Row = sa.Row[Any]

#: Task runs, tries or queries that one run's page lists at most.
RELATIVES = 1000


# --- runs ---------------------------------------------------------------------------------------


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


def _shown_runs(*, past: bool) -> sa.Select[Any]:
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
_JOBS_BY_ID = sa.select(t.job).where(among(t.job.c.id))
_TASKS = (
    sa.select(t.job.c.parent_id, sa.func.count().label("tasks"))
    .where(t.job.c.kind == "task", among(t.job.c.parent_id))
    .group_by(t.job.c.parent_id)
)
_PARTS = (
    sa.select(t.job.c.parent_id, sa.func.count().label("parts"))
    .where(t.job.c.kind != "query", among(t.job.c.parent_id))
    .group_by(t.job.c.parent_id)
)


def runs(
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


# --- jobs ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AssetFilter:
    """
    What the jobs or datasets of a list have in common; None leaves a field open.

    `q` is part of the namespace or the name, `platform` what `platform()` says of the namespace;
    `owner` and `tag` are for datasets only.
    """

    namespace: str | None = None
    name: str | None = None
    q: str | None = None
    kind: str | None = None
    platform: str | None = None
    owner: str | None = None
    tag: str | None = None


def jobs(
    snapshot: Snapshot,
    wanted: AssetFilter,
    limit: int,
    after: tuple[str, str] | None = None,
    only: sa.ColumnElement[bool] | None = None,
) -> list[Row]:
    """Jobs by namespace and name; `after` is (namespace, name) of the last one seen, `only` a further
    condition on the table."""
    statement = sa.select(t.job)
    if only is not None:
        statement = statement.where(only)
    if wanted.kind is not None:
        statement = statement.where(t.job.c.kind == wanted.kind)
    if wanted.name is not None:
        statement = statement.where(_named(snapshot, t.job, wanted))
    elif wanted.namespace is not None:
        statement = statement.where(t.job.c.namespace == wanted.namespace)
    for word in words(wanted.q):
        statement = statement.where(_contains(t.job, word))
    return snapshot.rows(_page(t.job, statement, limit, after))


def jobs_by_id(snapshot: Snapshot, job_ids: Iterable[int | None]) -> dict[int, Row]:
    wanted = {job for job in job_ids if job is not None}
    return {row.id: row for row in snapshot.each(_JOBS_BY_ID, wanted)}


def children_of_job(snapshot: Snapshot, job_id: int, limit: int = RELATIVES) -> list[Row]:
    """A DAG's tasks, a task's queries, an application's jobs."""
    statement = sa.select(t.job).where(t.job.c.parent_id == job_id)
    return snapshot.rows(statement.order_by(t.job.c.name).limit(limit))


def parts_of_jobs(snapshot: Snapshot, job_ids: Iterable[int]) -> dict[int, int]:
    """How many tasks, queries or models each DAG, application or project has."""
    return {row.parent_id: row.parts for row in snapshot.each(_PARTS, job_ids)}


def tasks_of_jobs(snapshot: Snapshot, job_ids: Iterable[int]) -> dict[int, int]:
    """How many tasks each DAG has; jobs without tasks are not in the answer."""
    return {row.parent_id: row.tasks for row in snapshot.each(_TASKS, job_ids)}


# --- datasets -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asset:
    """A dataset with all that is known under each of its names."""

    id: int
    namespace: str
    name: str
    kind: str | None
    first_at: int
    last_at: int
    written_at: int | None
    written_by: int | None  # run
    dropped_at: int | None
    members: tuple[int, ...]  # ids of its names, its own first


def datasets(
    snapshot: Snapshot, wanted: AssetFilter, limit: int, after: tuple[str, str] | None = None
) -> list[Asset]:
    """
    Assets by namespace and name; `after` is (namespace, name) of the last one seen.

    `name` and `q` find an asset by any of its names, `namespace` alone by the one it is shown
    under.
    """
    statement = _wanted_datasets(snapshot, wanted)
    order = [row.id for row in snapshot.rows(_page(t.dataset, statement, limit, after))]
    found_assets = assets(snapshot, order)
    return [found_assets[id] for id in order]


def count_datasets(snapshot: Snapshot, wanted: AssetFilter) -> int:
    """How many assets `datasets` lists on all pages together."""
    every = _wanted_datasets(snapshot, wanted).subquery()
    return int(snapshot.rows(sa.select(sa.func.count()).select_from(every))[0][0])


def _wanted_datasets(snapshot: Snapshot, wanted: AssetFilter) -> sa.Select[Any]:
    canonical = t.dataset.c.id == t.dataset.c.asset_id
    statement = sa.select(t.dataset.c.id).where(canonical)
    if wanted.kind is not None:
        statement = statement.where(t.dataset.c.kind == wanted.kind)
    if wanted.name is not None:
        statement = statement.where(t.dataset.c.id.in_(_assets_named(snapshot, wanted)))
    elif wanted.namespace is not None:
        statement = statement.where(t.dataset.c.namespace == wanted.namespace)
    if wanted.platform is not None:
        known = namespaces(snapshot, t.dataset)
        places = [place for place in known if platform(place) == wanted.platform]
        statement = statement.where(t.dataset.c.namespace.in_(places))
    statement = statement.where(labels.assets(snapshot, wanted.owner, wanted.tag))
    if found := words(wanted.q):
        aliases = sa.select(_other.c.asset_id).where(
            _other.c.id != _other.c.asset_id, *(_contains(_other, word) for word in found)
        )
        statement = statement.where(
            sa.or_(
                sa.and_(*(_contains(t.dataset, word) for word in found)),
                t.dataset.c.id.in_(aliases),
            )
        )
    return statement


_name, _member, _other = (t.dataset.alias(word) for word in ("name", "member", "other"))


def _members(*, past: bool) -> sa.Select[Any]:
    """All names of the assets of some datasets, with their freshness as it is or as it was."""
    freshness: tuple[sa.ColumnElement[Any], ...] = (_member.c.written_at, _member.c.written_by)
    if past:
        written = t.run_dataset.c
        before = (
            sa.select(written.written_at)
            .where(written.dataset_id == _member.c.id, written.written_at <= NOW)
            .order_by(written.written_at.desc(), written.run_id)
            .limit(1)
        )
        by = before.with_only_columns(written.run_id).scalar_subquery()
        freshness = (before.scalar_subquery().label("written_at"), by.label("written_by"))
    columns = _member.c[
        "id", "asset_id", "namespace", "name", "kind", "first_at", "last_at", "dropped_at"
    ]
    return (
        sa.select(_name.c.id.label("asked"), *columns, *freshness)
        .join_from(_name, _member, _member.c.asset_id == _name.c.asset_id)
        .where(among(_name.c.id))
    )


_MEMBERS = {past: _members(past=past) for past in (False, True)}


def assets(snapshot: Snapshot, dataset_ids: Iterable[int | None]) -> dict[int, Asset]:
    """The asset of each dataset id, be it the asset's own or one of its other names'."""
    wanted = {id for id in dataset_ids if id is not None}
    asked: dict[int, dict[int, Any]] = {}
    for row in snapshot.each(_MEMBERS[snapshot.past], wanted):
        asked.setdefault(row.asked, {})[row.id] = row
    folded: dict[int, Asset] = {}
    answer = {}
    for id, members in asked.items():
        asset_id = next(iter(members.values())).asset_id
        if asset_id not in folded:
            folded[asset_id] = _fold(asset_id, list(members.values()))
        answer[id] = folded[asset_id]
    return answer


def _fold(asset_id: int, members: Sequence[Any]) -> Asset:
    own = next((row for row in members if row.id == asset_id), members[0])
    written = max(
        (row for row in members if row.written_at is not None),
        key=lambda row: (row.written_at, row.id),
        default=None,
    )
    written_at = written.written_at if written is not None else None
    dropped_at = max(
        (row.dropped_at for row in members if row.dropped_at is not None), default=None
    )
    if dropped_at is not None and written_at is not None and written_at > dropped_at:
        dropped_at = None
    newest_first = sorted(members, key=lambda row: (row.last_at, row.id), reverse=True)
    kinds = [row.kind for row in (own, *newest_first) if row.kind]
    return Asset(
        id=asset_id,
        namespace=own.namespace,
        name=own.name,
        kind=kinds[0] if kinds else None,
        first_at=min(row.first_at for row in members),
        last_at=max(row.last_at for row in members),
        written_at=written_at,
        written_by=written.written_by if written is not None else None,
        dropped_at=dropped_at,
        members=(own.id, *sorted(row.id for row in members if row.id != own.id)),
    )


_OWN_NAMES = sa.select(t.dataset.c.namespace, t.dataset.c.name).where(among(t.dataset.c.id))
_TOLD_NAMES = sa.select(t.dataset_name.c.namespace, t.dataset_name.c.name).where(
    among(t.dataset_name.c.dataset_id)
)


def names_of_asset(snapshot: Snapshot, asset: Asset) -> list[tuple[str, str]]:
    """Every name that producers use for the asset, the one it is shown under first."""
    own = {tuple(row) for row in snapshot.each(_OWN_NAMES, asset.members)}
    told = {tuple(row) for row in snapshot.each(_TOLD_NAMES, asset.members)}
    shown = (asset.namespace, asset.name)
    return [shown, *sorted({*own, *told} - {shown})]


def _ends(*, writing: bool, past: bool) -> sa.Select[Any]:
    dataset, job = (t.edge.c.dst, t.edge.c.src) if writing else (t.edge.c.src, t.edge.c.dst)
    statement = sa.select(dataset.label("dataset"), job.label("job"), t.edge.c.last_at)
    statement = statement.where(t.edge.c.kind == "data", among(dataset))
    return statement.where(t.edge.c.first_at <= NOW) if past else statement


_JOBS_AT = {
    (writing, past): _ends(writing=writing, past=past)
    for writing in (False, True)
    for past in (False, True)
}


def jobs_at(snapshot: Snapshot, members: Iterable[int], *, writing: bool) -> dict[int, list[int]]:
    """Ids of the jobs that write (or read) each dataset row, those seen last first."""
    found: dict[int, list[tuple[int, int]]] = {}
    for row in snapshot.each(_JOBS_AT[writing, snapshot.past], members):
        found.setdefault(row.dataset, []).append((-row.last_at, row.job))
    return {dataset: [job for _, job in sorted(jobs)] for dataset, jobs in found.items()}


def datasets_at(snapshot: Snapshot, job_ids: Iterable[int], *, written: bool) -> list[int]:
    """Ids of the datasets that some jobs write (or read)."""
    job, dataset = (t.edge.c.src, t.edge.c.dst) if written else (t.edge.c.dst, t.edge.c.src)
    statement = sa.select(dataset.label("dataset")).where(among(job), t.edge.c.kind == "data")
    if snapshot.past:
        statement = statement.where(t.edge.c.first_at <= NOW)
    return list(dict.fromkeys(row.dataset for row in snapshot.each(statement, job_ids)))


# --- names --------------------------------------------------------------------------------------


def public_id(text: str) -> int | None:
    """The number behind a public id; None where `text` is none."""
    try:
        number = ids.parse_public(text)
    except ValueError:
        return None
    return number if 0 <= number < 2**63 else None


#: Ways to take NAMESPACE:NAME apart, and namespaces, in which another spelling is looked for.
_WAYS_TO_READ, _PLACES_TO_TRY = 20, 500


def find_asset(snapshot: Snapshot, text: str) -> Asset | None:
    """A dataset by its public id or by NAMESPACE:NAME."""
    number = public_id(text)
    found = assets(snapshot, [number]).get(number) if number is not None else None
    if found is None and (id := _dataset_at_name(snapshot, _splits(text))) is not None:
        found = assets(snapshot, [id])[id]
    if found is None:
        spelled = [snapshot.identify(*each) for each in _splits(text)[:_WAYS_TO_READ]]
        known = assets(snapshot, spelled)
        found = next((known[id] for id in spelled if id in known), None)
    return found


def find_job(snapshot: Snapshot, text: str) -> Row | None:
    """A job by its public id or by NAMESPACE:NAME."""
    number = public_id(text)
    found = jobs_by_id(snapshot, [number]).get(number) if number is not None else None
    if found is None:
        candidates = jobs_named(text)
        rows = jobs_by_id(snapshot, candidates)
        return next((rows[id] for id in candidates if id in rows), None)
    return found


def jobs_named(text: str) -> list[int]:
    """The ids that a job called NAMESPACE:NAME may have, whether or not it is known."""
    return [
        ids.job_id(ids.stored_namespace(namespace), ids.stored_name(name))
        for namespace, name in _splits(text)
    ]


def namespaces(snapshot: Snapshot, table: sa.Table) -> list[str]:
    """The distinct namespaces, by one step in the index each: what they hold is not read."""
    start = sa.select(sa.func.min(table.c.namespace).label("namespace")).cte(recursive=True)
    following = (
        sa.select(sa.func.min(table.c.namespace))
        .where(table.c.namespace > start.c.namespace)
        .scalar_subquery()
    )
    walk = start.union_all(sa.select(following).where(start.c.namespace.is_not(None)))
    statement = sa.select(walk.c.namespace).where(walk.c.namespace.is_not(None))
    return [row.namespace for row in snapshot.rows(statement)]


def platform(namespace: str) -> str:
    """
    What kind of store a dataset's namespace is.

    >>> platform("postgres://db:5432"), platform("bigquery"), platform("arn:aws:glue:eu:1")
    ('postgres', 'bigquery', 'glue')
    """
    if namespace.startswith("arn:aws:"):
        return namespace.split(":")[2] or "aws"
    return namespace.partition("://")[0].partition(":")[0].lower() or "unknown"


def words(q: str | None) -> list[str]:
    return (q or "").split()


def _splits(text: str) -> list[tuple[str, str]]:
    """Every way to read NAMESPACE:NAME, the longest namespace first: both may hold colons."""
    cuts = [at for at, character in enumerate(text) if character == ":"]
    return [(text[:at], text[at + 1 :]) for at in reversed(cuts) if at + 1 < len(text)]


def _dataset_at_name(snapshot: Snapshot, names: Sequence[tuple[str, str]]) -> int | None:
    """The first of these names that a dataset has, be it one that only producers use."""
    for table, id in ((t.dataset, t.dataset.c.id), (t.dataset_name, t.dataset_name.c.dataset_id)):
        key = sa.tuple_(table.c.namespace, table.c.name)
        statement = sa.select(table.c.namespace, table.c.name, id.label("id")).where(among(key))
        found = {(row.namespace, row.name): row.id for row in snapshot.each(statement, names)}
        for name in names:
            if name in found:
                return int(found[name])
    return None


def _assets_named(snapshot: Snapshot, wanted: AssetFilter) -> list[int]:
    found: set[int] = set()
    for table, id in ((t.dataset, t.dataset.c.id), (t.dataset_name, t.dataset_name.c.dataset_id)):
        statement = sa.select(id.label("id")).where(_named(snapshot, table, wanted))
        found.update(row.id for row in snapshot.rows(statement))
    if not found and wanted.name is not None:
        places = _places(snapshot, t.dataset, wanted)[:_PLACES_TO_TRY]
        meant = (snapshot.identify(each, wanted.name) for each in places)
        found.update(dataset for dataset in meant if dataset is not None)
    return sorted({asset.id for asset in assets(snapshot, found).values()})


def _places(snapshot: Snapshot, table: sa.Table, wanted: AssetFilter) -> list[str]:
    """The namespace that was asked for, or all of them."""
    if wanted.namespace is None:
        return namespaces(snapshot, table)
    return [ids.stored_namespace(wanted.namespace)]


def _named(snapshot: Snapshot, table: sa.Table, wanted: AssetFilter) -> sa.ColumnElement[bool]:
    """This name, in this namespace or in any: one step in the index for each namespace."""
    places = _places(snapshot, table, wanted)
    return sa.and_(
        table.c.namespace.in_(places), table.c.name == ids.stored_name(wanted.name or "")
    )


def _contains(table: sa.FromClause, word: str) -> sa.ColumnElement[bool]:
    return sa.or_(
        table.c.name.icontains(word, autoescape=True),
        table.c.namespace.icontains(word, autoescape=True),
    )


def _page(
    table: sa.Table, statement: sa.Select[Any], limit: int, after: tuple[str, str] | None
) -> sa.Select[Any]:
    key = (table.c.namespace, table.c.name)
    if after is not None:
        statement = statement.where(sa.tuple_(*key) > sa.tuple_(*after))
    return statement.order_by(*key).limit(limit)


def newest_run() -> sa.ScalarSelect[int]:
    """The id of the newest run of `job`, for a statement that reads from that table."""
    run = t.run.alias("newest")
    return (
        sa.select(run.c.id)
        .where(run.c.job_id == t.job.c.id)
        .order_by(run.c.at.desc(), run.c.id.desc())
        .limit(1)
        .correlate(t.job)
        .scalar_subquery()
    )
