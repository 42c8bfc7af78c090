"""Incidents: listed, one whole, and what people do with them; maintenance windows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Annotated

from fastapi import APIRouter, Body, Depends, HTTPException, Path, Query

from fairlead_bridge.access.scope import Scope
from fairlead_bridge.access.visible import RESTRICTED
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import writing
from fairlead_bridge.documents import Json
from fairlead_bridge.errors import BadSettings, NotFound
from fairlead_bridge.insight.incidents import State
from fairlead_bridge.insight.maintenance import Window
from fairlead_bridge.monitoring import actions, maintenance
from fairlead_bridge.monitoring.actions import Action
from fairlead_bridge.monitoring.maintenance import Stored
from fairlead_bridge.monitoring.windows import check
from fairlead_bridge.queries import again, incidents, lineage
from fairlead_bridge.queries.incidents import Affected, Entry, Incident
from fairlead_bridge.queries.names import namespaces
from fairlead_bridge.queries.snapshot import Snapshot
from fairlead_bridge.web import render
from fairlead_bridge.web.base import Page, Problem
from fairlead_bridge.web.dependencies import CurrentCatalog, FileWindows, Interests
from fairlead_bridge.web.incidents import answers as a
from fairlead_bridge.web.lineage.routes import NodeName
from fairlead_bridge.web.needs import CalledBy, CallerScope, needs
from fairlead_bridge.web.paging import Cursor, Limit, page, read_cursor
from fairlead_bridge.web.parameters import Text
from fairlead_bridge.web.snapshots import CurrentSnapshot, SnapshotAsOf

#: Affected nodes that an incident shows in a list, and alone.
LISTED, SHOWN = 100, 5_000

IncidentId = Annotated[int, Path(ge=0, le=2**63 - 1, description="The incident's number.")]
WindowId = Annotated[int, Path(ge=0, le=2**63 - 1, description="The window's number.")]
Owner = Annotated[
    Text, Query(description="Incidents assigned to this owner, or that affect what they own.")
]
EDITOR = [needs("editor")]
_CONFLICT: dict[int | str, Json] = {
    409: {"model": Problem, "description": "It does not fit how the incident stands."}
}


router = APIRouter(tags=["incidents"], dependencies=[needs("viewer")])


@router.get("/incidents")
def list_incidents(
    snapshot: SnapshotAsOf,
    state: a.AskedState | None = None,
    owner: Owner | None = None,
    node: NodeName | None = None,
    order: a.IncidentOrder = "newest",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[a.Incident]:
    """
    Incidents, those that were detected last first, or the worst first: critical ones, then
    those that affect most, then the oldest. Asked `as_of`, as they were known then; with `node`,
    only those that affect that dataset or job at the time. `active` ones are open or
    acknowledged.
    """
    if order == "worst" and snapshot.past:
        raise HTTPException(422, "order=worst is of now: leave out as_of, or order by newest.")
    after = read_cursor(cursor, *_KEYS[order])
    affected = lineage.find(snapshot, node).id if node is not None else None
    wanted = incidents.Wanted(_states(state), owner, affected)
    ranked = _PAGES[order](snapshot, wanted, limit + 1, after)
    shown, following = page(ranked, limit, lambda each: each[0])
    running = _running(snapshot, [each for _, each in shown])
    items = [a.Incident(**fields(each, LISTED, running)) for _, each in shown]
    return Page(items=items, next=following)


@router.get("/incidents/{id}")
def get_incident(snapshot: SnapshotAsOf, id: IncidentId) -> a.IncidentDetail:
    """One incident with what it affects and what happened to it."""
    return _detail(snapshot, id)


def _states(asked: a.AskedState | None) -> tuple[State, ...] | None:
    if asked is None:
        return None
    return ("open", "acknowledged") if asked == "active" else (asked,)


def _newest(
    snapshot: Snapshot, wanted: incidents.Wanted, limit: int, after: tuple[int, int] | None
) -> Sequence[tuple[tuple[int, ...], Incident]]:
    found = incidents.page_of_incidents(snapshot, wanted, limit, after)
    return [((each.detected_at, each.id), each) for each in found]


#: Pages of incidents with the key of each, by order; and the keys' types.
_PAGES: dict[str, Callable[..., Sequence[tuple[tuple[int, ...], Incident]]]] = {
    "newest": _newest,
    "worst": incidents.worst_incidents,
}
_KEYS = {"newest": (int, int), "worst": (int, int, int, int)}

Act = Callable[[int, Action, a.IncidentAction | None], a.IncidentDetail]


async def _acting(
    catalog: CurrentCatalog, interests: Interests, caller: CalledBy, scope: CallerScope
) -> Act:
    """What its caller does with an incident."""

    def act(id: int, action: Action, request: a.IncidentAction | None) -> a.IncidentDetail:
        given = request or a.IncidentAction()
        with catalog.open(scope) as snapshot:
            if _found(snapshot, id).node == RESTRICTED:
                raise HTTPException(403, "The cause of this incident is in a namespace of others.")
        with writing(catalog.engine) as tx:
            actions.act(
                tx, id, action, caller.in_name_of(given.by), given.text, interests, catalog.clock()
            )
        with catalog.open(scope) as snapshot:
            return _detail(snapshot, id)

    return act


Acting = Annotated[Act, Depends(_acting)]
Request = Annotated[a.IncidentAction | None, Body()]


@router.post("/incidents/{id}/acknowledge", dependencies=EDITOR, responses=_CONFLICT)
def acknowledge_incident(id: IncidentId, act: Acting, request: Request = None) -> a.IncidentDetail:
    """Acknowledge it: a person is working on it. A muted one is announced again."""
    return act(id, "acknowledge", request)


@router.post("/incidents/{id}/mute", dependencies=EDITOR, responses=_CONFLICT)
def mute_incident(id: IncidentId, act: Acting, request: Request = None) -> a.IncidentDetail:
    """Send nothing more about it, until it is acknowledged or another one opens."""
    return act(id, "mute", request)


@router.post("/incidents/{id}/resolve", dependencies=EDITOR, responses=_CONFLICT)
def resolve_incident(id: IncidentId, act: Acting, request: Request = None) -> a.IncidentDetail:
    """End it by hand; the same occurrence does not open it again."""
    return act(id, "resolve", request)


@router.post("/incidents/{id}/note", dependencies=EDITOR, responses=_CONFLICT)
def note_incident(id: IncidentId, act: Acting, request: Request = None) -> a.IncidentDetail:
    """Add a note to its timeline: `text`."""
    return act(id, "note", request)


@router.post("/incidents/{id}/assign", dependencies=EDITOR, responses=_CONFLICT)
def assign_incident(id: IncidentId, act: Acting, request: Request = None) -> a.IncidentDetail:
    """Assign it to the owner that `text` names; without `text`, to no one."""
    return act(id, "assign", request)


@router.get("/maintenance")
def list_maintenance(snapshot: CurrentSnapshot, windows: FileWindows) -> a.MaintenanceWindows:
    """The maintenance windows that are open or open later, those of the file included."""
    return _windows(snapshot, windows)


@router.post("/maintenance", dependencies=EDITOR, status_code=201)
def add_maintenance(
    wanted: a.MaintenanceWindow, catalog: CurrentCatalog, caller: CalledBy, scope: CallerScope
) -> a.StoredWindow:
    """
    Open no incident, from `starts_at` to `ends_at`, for what the patterns match.

    Who sees some namespaces names one of them.
    """
    window = _read(wanted)
    if not _is_within(window, scope):
        raise HTTPException(403, _BEYOND)
    with writing(catalog.engine) as tx:
        now = catalog.clock()
        by = caller.in_name_of(wanted.created_by)
        id = maintenance.add(tx, window, wanted.reason, by, now)
    return a.StoredWindow(id=id, **(wanted.model_dump() | {"created_by": by}))


@router.delete("/maintenance/{id}", dependencies=EDITOR)
def remove_maintenance(
    id: WindowId, catalog: CurrentCatalog, windows: FileWindows, scope: CallerScope
) -> a.MaintenanceWindows:
    """Remove a window; answers with those that are left."""
    with catalog.open(scope) as snapshot:
        listed = maintenance.listed(snapshot.tx, ends_after=0)
        mine = [each for each in listed if _is_within(each.window, scope)]
    if id not in {each.id for each in mine}:
        raise NotFound(maintenance.missing(id))
    with writing(catalog.engine) as tx:
        maintenance.remove(tx, id)
    with catalog.open(scope) as snapshot:
        return _windows(snapshot, windows)


_BEYOND = "Name a namespace that you see: the window would be for others as well."


def _is_within(window: Window, scope: Scope) -> bool:
    """Whether the window is for nothing that the scope does not see."""
    return scope.sees_all or (window.namespace is not None and scope.holds(window.namespace))


def _read(wanted: a.MaintenanceWindow) -> Window:
    begin, end = render.micros(wanted.starts_at), render.micros(wanted.ends_at)
    patterns = {
        "namespace": wanted.namespace,
        "dag": wanted.dag,
        "dataset": wanted.dataset,
    }
    try:
        check("the window", begin, end, patterns)
    except BadSettings as error:
        raise HTTPException(422, f"{error}.") from error
    return Window(begin, end, **patterns)


def _windows(snapshot: Snapshot, given: Sequence[Stored]) -> a.MaintenanceWindows:
    """The windows that are not over: those of the file, `given`, and the stored ones."""
    current = [each for each in given if each.window.ends_at > snapshot.now]
    if not snapshot.scope.sees_all:
        seen = {each for table in (t.job, t.dataset) for each in namespaces(snapshot, table)}
        current = [each for each in current if _may_concern(each.window.namespace, seen)]
    stored = maintenance.listed(snapshot.tx, snapshot.now)
    return a.MaintenanceWindows(items=[_window(each) for each in (*current, *stored)])


def _may_concern(pattern: str | None, seen: Iterable[str]) -> bool:
    return pattern is None or any(fnmatchcase(namespace, pattern) for namespace in seen)


def _window(each: Stored) -> a.StoredWindow:
    return a.StoredWindow(
        id=each.id,
        namespace=each.window.namespace,
        dag=each.window.dag,
        dataset=each.window.dataset,
        starts_at=render.when(each.window.starts_at),
        ends_at=render.when(each.window.ends_at),
        reason=each.reason,
        created_by=each.created_by,
    )


def _detail(snapshot: Snapshot, id: int) -> a.IncidentDetail:
    found = _found(snapshot, id)
    entries = incidents.timeline(snapshot, id)
    if found.state != "resolved":
        found = incidents.with_etas(snapshot, found)
    running = _running(snapshot, [found])
    timeline = [_entry(each) for each in entries]
    return a.IncidentDetail(**fields(found, SHOWN, running), timeline=timeline)


def _found(snapshot: Snapshot, id: int) -> Incident:
    """Raises NotFound."""
    found = incidents.of(snapshot, [id]).get(id)
    if found is None:
        when = " at that time" if snapshot.past else ""
        raise NotFound(f"there is no incident {id}{when}; `GET /api/v1/incidents` lists them")
    return found


def _running(snapshot: Snapshot, found: Iterable[Incident]) -> set[int]:
    """The jobs that run again, of those that are the causes of incidents."""
    active = (each for each in found if each.state != "resolved")
    return again.of_incidents(snapshot, ((each.node_id, each.at) for each in active))


def fields(found: Incident, most: int, running: Collection[int]) -> Json:
    """
    The fields of an incident as answers have them, with `most` of what it affects; `running` are the
    jobs that run again.
    """
    return {
        "id": found.id,
        "state": found.state,
        "severity": found.severity,
        "kind": found.kind,
        "node": found.node,
        "run_id": found.run_id,
        "at": render.when(found.at),
        "text": found.text,
        "path": list(found.path),
        "opened_at": render.when(found.opened_at),
        "detected_at": render.when(found.detected_at),
        "changed_at": render.when(found.changed_at),
        "resolved_at": render.when(found.resolved_at),
        "resolved_by": found.resolved_by,
        "acknowledged_by": found.acknowledged_by,
        "assigned_to": found.assigned_to,
        "reopened": found.reopened,
        "running_again": found.state != "resolved" and found.node_id in running,
        "affected": [_affected(each) for each in found.affected[:most]],
        "affected_left_out": max(0, len(found.affected) - most),
    }


def _affected(each: Affected) -> a.AffectedNode:
    return a.AffectedNode(
        node=each.node,
        label=each.label,
        standing=each.standing,
        owners=list(each.owners),
        expected_by=render.when(each.expected_by),
        eta=render.when(each.eta),
    )


def _entry(each: Entry) -> a.TimelineEntry:
    return a.TimelineEntry(at=render.when(each.at), what=each.what, by=each.by, text=each.text)
