"""Incidents as they are, or as they were at a past moment. Times are microseconds since the epoch."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import sqlalchemy as sa

from fairlead_bridge.access.visible import RESTRICTED
from fairlead_bridge.db import tables as t
from fairlead_bridge.documents import Json
from fairlead_bridge.insight.eta import Eta
from fairlead_bridge.insight.incidents import AffectedStanding, Severity, State
from fairlead_bridge.queries import outlook
from fairlead_bridge.queries.assets import Asset, assets_by_id
from fairlead_bridge.queries.jobs import jobs_by_id
from fairlead_bridge.queries.names import seen
from fairlead_bridge.queries.snapshot import NOW, Row, Select, Snapshot, among

#: Affected nodes whose ETA is estimated.
FORESEEN = 50

#: Where incidents are read from: one moment, or all that is known in a transaction.
Source = Snapshot | sa.Connection


@dataclass(frozen=True, slots=True)
class Affected:
    """A dataset or job that an incident affects."""

    node: str
    label: str
    standing: AffectedStanding
    owners: tuple[str, ...]
    expected_by: int | None
    eta: int | None = None  # where it was asked for (`with_etas`) and is known
    node_id: int = 0


@dataclass(frozen=True, slots=True)
class Incident:
    """One root cause and what it affects; of a resolved one, what it affected last."""

    id: int
    state: State
    severity: Severity
    kind: str
    node: str
    run_id: str | None
    at: int  # when the cause happened
    text: str
    path: tuple[str, ...]  # names of nodes, from the cause down to what is nearest
    opened_at: int  # first evidence
    detected_at: int  # when the bridge saw it
    changed_at: int
    resolved_at: int | None
    acknowledged_by: str | None
    assigned_to: str | None
    affected: tuple[Affected, ...]
    resolved_by: str | None = None
    reopened: int = 0
    node_id: int = 0  # of the cause


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of an incident's timeline."""

    at: int
    what: str
    by: str | None
    text: str | None


_i, _a, _e = t.incident.c, t.incident_affected.c, t.incident_entry.c
_BY_ID = sa.select(t.incident).where(among(_i.id))
_ENTRIES = sa.select(t.incident_entry).where(among(_e.incident_id)).order_by(_e.id)
_AFFECTED = (
    sa.select(t.incident_affected)
    .where(among(_a.incident_id))
    .order_by(_a.incident_id, _a.label, _a.node_id, _a.since_at)
)
#: Of open incidents what they affect, of resolved ones what they affected last.
_AFFECTED_NOW = _AFFECTED.join(t.incident, _i.id == _a.incident_id).where(
    sa.or_(_a.until_at.is_(None), sa.and_(_a.until_at == _i.resolved_at, _i.state == "resolved"))
)


def of(source: Source, ids: Iterable[int]) -> dict[int, Incident]:
    """The incidents with these ids; in a past snapshot as they were, without those not yet seen."""
    snapshot = _snapshot(source)
    rows = {row.id: row._asdict() for row in snapshot.each(_BY_ID, ids)}
    if snapshot.past:
        rows = _as_of(snapshot, rows)
    affected = _affected(snapshot, rows)
    found = {id: _incident(row, affected.get(id, ())) for id, row in rows.items()}
    return found if snapshot.scope.sees_all else _in_scope(snapshot, found)


def _in_scope(snapshot: Snapshot, found: Mapping[int, Incident]) -> dict[int, Incident]:
    """
    The incidents without names that are not seen: of the nodes on their paths, and of a cause that
    they had in the past.
    """
    names = {name for each in found.values() for name in (each.node, *each.path)}
    known = seen(snapshot, names)
    return {id: _restricted(each, known) for id, each in found.items()}


def _restricted(incident: Incident, known: Collection[str]) -> Incident:
    if incident.node not in known:
        return replace(incident, node=RESTRICTED, text=RESTRICTED, path=(), run_id=None, node_id=0)
    path = (name if name in known else RESTRICTED for name in incident.path)
    return replace(incident, path=tuple(path))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the incidents of a list have in common; None leaves a field open."""

    states: tuple[State, ...] | None = None
    owner: str | None = None  # it is assigned to them, or affects what they own
    node: int | None = None  # it affects this asset or job at the moment of the snapshot


def listed(source: Source, state: State | None = None, limit: int = 100) -> list[Incident]:
    """The incidents in one state, or in any, those that were detected last first."""
    return page_of_incidents(source, Wanted(None if state is None else (state,)), limit)


def page_of_incidents(
    source: Source, wanted: Wanted, limit: int, after: tuple[int, int] | None = None
) -> list[Incident]:
    """
    The incidents that are wanted, those that were detected last first.

    `after` is (detected_at, id) of the last one seen.
    """
    snapshot = _snapshot(source)
    found: list[Incident] = []
    while len(found) < limit:
        page = _page(snapshot, wanted, limit, after)
        known = of(snapshot, (row.id for row in page))
        found += [known[row.id] for row in page if row.id in known and _is(known[row.id], wanted)]
        if len(page) < limit:
            break
        after = (page[-1].detected_at, page[-1].id)
    return found[:limit]


_affects = (
    sa.select(sa.func.count())
    .where(_a.incident_id == _i.id, _a.until_at.is_(None))
    .scalar_subquery()
)
_mildness = sa.case((_i.severity == "critical", 0), else_=1)
#: Critical ones first, then those that affect most, then the oldest.
_WORST = (_mildness, -_affects, _i.opened_at, _i.id)
#: Where an incident stands in that order.
Rank = tuple[int, int, int, int]


def worst_incidents(
    snapshot: Snapshot, wanted: Wanted, limit: int, after: Rank | None = None
) -> list[tuple[Rank, Incident]]:
    """
    The incidents that are wanted as they stand now: critical ones first, then those that affect
    most, then the oldest. `after` is the rank of the last one seen.
    """
    columns: Sequence[sa.ColumnElement[Any]] = _WORST
    statement = _narrowed(sa.select(*columns), snapshot, wanted).order_by(*_WORST)
    if after is not None:
        statement = statement.where(sa.tuple_(*_WORST) > sa.tuple_(*after))
    rows: Sequence[Any] = snapshot.rows(statement.limit(limit))
    ranks: list[Rank] = [tuple(row) for row in rows]
    known = of(snapshot, (rank[-1] for rank in ranks))
    return [(rank, known[rank[-1]]) for rank in ranks if _is(known[rank[-1]], wanted)]


def timeline(source: Source, id: int) -> list[Entry]:
    """What happened to the incident, oldest first."""
    snapshot = _snapshot(source)
    rows = [
        row for row in snapshot.each(_ENTRIES, [id]) if not snapshot.past or row.at <= snapshot.now
    ]
    if snapshot.scope.sees_all:
        return [Entry(row.at, row.what, row.by, row.text) for row in rows]
    causes = [json.loads(row.cause)["node"] if row.cause else None for row in rows]
    known = seen(snapshot, filter(None, causes))
    return [
        Entry(row.at, row.what, row.by, row.text if cause is None or cause in known else None)
        for row, cause in zip(rows, causes, strict=True)
    ]


def _snapshot(source: Source) -> Snapshot:
    return source if isinstance(source, Snapshot) else Snapshot(source, now=0, lost_after=0)


def _is(incident: Incident, wanted: Wanted) -> bool:
    owner = wanted.owner
    theirs = (incident.assigned_to, *(name for each in incident.affected for name in each.owners))
    of_state = wanted.states is None or incident.state in wanted.states
    return of_state and (owner is None or owner in theirs)


def _page(
    snapshot: Snapshot, wanted: Wanted, limit: int, after: tuple[int, int] | None
) -> Sequence[Any]:
    """A page of the table; what only the past or the names decide is left to `_is`."""
    statement = sa.select(_i.id, _i.detected_at).order_by(_i.detected_at.desc(), _i.id.desc())
    if after is not None:
        statement = statement.where(sa.tuple_(_i.detected_at, _i.id) < sa.tuple_(*after))
    return snapshot.rows(_narrowed(statement, snapshot, wanted).limit(limit))


def _narrowed(statement: Select, snapshot: Snapshot, wanted: Wanted) -> Select:
    if wanted.owner is not None:
        statement = statement.where(_may_concern(wanted.owner))
    if wanted.node is not None:
        statement = statement.where(_i.id.in_(_affecting(snapshot, wanted.node)))
    if snapshot.past:
        return statement.where(_i.detected_at <= NOW)
    if wanted.states is not None:
        statement = statement.where(_i.state.in_(wanted.states))
    return statement


def _affecting(snapshot: Snapshot, node: int) -> sa.Select[tuple[int]]:
    """The ids of the incidents that affect the node at the moment of the snapshot."""
    found = sa.select(_a.incident_id).where(_a.node_id == node)
    if not snapshot.past:
        return found.where(_a.until_at.is_(None))
    ends = sa.or_(_a.until_at.is_(None), _a.until_at > NOW)
    return found.where(_a.since_at <= NOW, ends)


def _may_concern(owner: str) -> sa.ColumnElement[bool]:
    """Whether it was ever assigned to the owner or affected what they own."""
    named = _a.owners.contains(json.dumps(owner), autoescape=True)
    assigned = sa.exists().where(_e.incident_id == _i.id, _e.what == "assigned", _e.text == owner)
    return sa.or_(assigned, sa.exists().where(_a.incident_id == _i.id, named))


def with_etas(snapshot: Snapshot, incident: Incident) -> Incident:
    """The incident with the ETA of what it affects, of the first `FORESEEN` of them."""
    ids = [each.node_id for each in incident.affected[:FORESEEN]]
    nodes: list[Asset | Row] = [*assets_by_id(snapshot, ids).values()]
    nodes += jobs_by_id(snapshot, ids).values()
    found = dict(zip((node.id for node in nodes), outlook.of(snapshot, nodes), strict=True))
    etas = {id: each.eta.p50 for id, each in found.items() if isinstance(each.eta, Eta)}
    affected = (replace(each, eta=etas.get(each.node_id)) for each in incident.affected)
    return replace(incident, affected=tuple(affected))


# --- the past -------------------------------------------------------------------------------------


def _as_of(
    snapshot: Snapshot, rows: Mapping[int, dict[str, object]]
) -> dict[int, dict[str, object]]:
    """The rows as the entries up to the moment leave them."""
    found: dict[int, Json] = {}
    for entry in snapshot.each(_ENTRIES, rows):
        if entry.at > snapshot.now:
            continue
        row = found.get(entry.incident_id)
        if row is None:
            row = found[entry.incident_id] = rows[entry.incident_id] | _BLANK
        _apply(row, entry)
    return found


#: What an incident has before anything happens to it.
_BLANK = dict.fromkeys(("resolved_at", "resolved_by", "acknowledged_by", "assigned_to")) | {
    "reopened": 0
}


def _apply(row: Json, entry: Any) -> None:
    row |= {"state": entry.state, "severity": entry.severity}
    if entry.cause is not None:
        row |= json.loads(entry.cause)
    if entry.what in CHANGES:
        row["changed_at"] = entry.at
    if entry.what == "resolved":
        row |= {"resolved_at": entry.at, "resolved_by": entry.by}
    elif entry.what == "reopened":
        row |= {"resolved_at": None, "resolved_by": None, "reopened": row["reopened"] + 1}
    elif entry.what == "acknowledged":
        row["acknowledged_by"] = entry.by
    elif entry.what == "assigned":
        row["assigned_to"] = entry.text


#: Entries that change the state, the severity or the cause.
CHANGES = frozenset(
    {"opened", "reopened", "cause", "severity", "resolved", "acknowledged", "muted"}
)
#: That an incident affects more than before.
JOINED = "joined"


# --- rows -----------------------------------------------------------------------------------------


def _affected(
    snapshot: Snapshot, rows: Mapping[int, Mapping[str, Any]]
) -> dict[int, tuple[Affected, ...]]:
    found: dict[int, list[Affected]] = {}
    for row in snapshot.each(_AFFECTED if snapshot.past else _AFFECTED_NOW, rows):
        if not snapshot.past or _held(row, rows[row.incident_id]["resolved_at"], snapshot.now):
            found.setdefault(row.incident_id, []).append(_of_row(row))
    return {id: tuple(each) for id, each in found.items()}


def _held(row: Any, resolved_at: int | None, now: int) -> bool:
    """Whether the row held at that moment, or when the incident was resolved before."""
    if resolved_at is not None:
        return bool(row.until_at == resolved_at)
    return row.since_at <= now and (row.until_at is None or row.until_at > now)


def _of_row(row: Any) -> Affected:
    owners = tuple(json.loads(row.owners))
    return Affected(row.node, row.label, row.standing, owners, row.expected_by, node_id=row.node_id)


def _incident(row: Mapping[str, Any], affected: tuple[Affected, ...]) -> Incident:
    names = Incident.__dataclass_fields__.keys() - {"affected", "path"}
    fields = cast(Any, {name: row[name] for name in names})
    path = row["path"]
    names_on_it = tuple(json.loads(path) if isinstance(path, str) else path)
    return replace(Incident(path=names_on_it, affected=(), **fields), affected=affected)
