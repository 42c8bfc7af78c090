"""What is expected of datasets and jobs: read, stated and removed over REST."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec
from fastapi import APIRouter, HTTPException, Query

from fairlead_bridge.access.scope import Scope
from fairlead_bridge.db.engine import writing
from fairlead_bridge.documents import Json
from fairlead_bridge.errors import Wrong
from fairlead_bridge.insight import statements
from fairlead_bridge.insight.expectations import Expectation
from fairlead_bridge.monitoring.stated import store
from fairlead_bridge.monitoring.stated.entry import Stated
from fairlead_bridge.queries import expectations, lineage, stated
from fairlead_bridge.queries.assets import Asset
from fairlead_bridge.queries.snapshot import Row, Snapshot
from fairlead_bridge.queries.stated import Entry
from fairlead_bridge.web import render
from fairlead_bridge.web.dependencies import CurrentCatalog
from fairlead_bridge.web.expectations import answers as a
from fairlead_bridge.web.needs import CallerScope, needs
from fairlead_bridge.web.parameters import Catalog
from fairlead_bridge.web.snapshots import SnapshotAsOf

#: The author of statements without a name.
_SOMEONE = "a person"

OneNode = Annotated[
    str | None, Query(description="Of this dataset or job; all that is stated if left out.")
]
Stater = Annotated[str, Query(description="The dataset or job, or the pattern, as it was stated.")]
OfKind = Annotated[a.Kind | None, Query(description="Of this kind; of all kinds if left out.")]


router = APIRouter(tags=["insight"], dependencies=[needs("viewer")])


@router.get("/expectations")
def get_expectations(snapshot: SnapshotAsOf, node: OneNode = None) -> a.Expectations:
    """What is expected of a dataset or a job and which source says so; or all that is stated."""
    if node is None:
        found = [_listed(entry) for entry in stated.listed(snapshot)]
    else:
        found = list(_of_node(snapshot, lineage.find(snapshot, node)))
    return a.Expectations(items=found)


@router.put("/expectations", dependencies=[needs("editor")])
def put_expectation(
    body: a.NewExpectation, catalog: CurrentCatalog, scope: CallerScope
) -> a.Stated:
    """State what is expected of a dataset or a job; it replaces what was stated of this kind."""
    new = _read(catalog, body, scope)
    with writing(catalog.engine) as tx:
        store.put(tx, new, catalog.identify, catalog.clock())
    with catalog.open(scope) as snapshot:
        of_all = stated.listed(snapshot)
    return next(_listed(each) for each in of_all if _is(each, new))


@router.delete("/expectations", dependencies=[needs("editor")])
def delete_expectation(
    node: Stater, catalog: CurrentCatalog, scope: CallerScope, kind: OfKind = None
) -> a.Removed:
    """Remove what a person stated of a dataset, a job or a pattern."""
    with catalog.open(scope) as snapshot:
        name = _canonical(snapshot, node)
    with writing(catalog.engine) as tx:
        removed = store.end(tx, "person", name, kind, catalog.clock())
    if not removed:
        raise HTTPException(
            404,
            f"No person has stated that of {name}: `GET /expectations` lists what is stated.",
        )
    return a.Removed(removed=removed)


def _is(entry: Entry, new: Stated) -> bool:
    row = entry.row
    return bool((row.source, row.node, row.kind) == ("person", new.node, new.statement.kind))


def _read(catalog: Catalog, body: a.NewExpectation, scope: Scope) -> Stated:
    """Raises 422 where it means nothing, and NotFound where the node is not known."""
    fields = body.model_dump(exclude_none=True, exclude={"node", "author"})
    try:
        statement = statements.read(fields)
        new = Stated("person", body.node, statement, body.author or _SOMEONE)
        new.check()
    except Wrong as error:
        raise HTTPException(422, f"{error}.") from error
    with catalog.open(scope) as snapshot:
        return Stated("person", _canonical(snapshot, body.node), statement, new.origin)


def _canonical(snapshot: Snapshot, node: str) -> str:
    """The node by its own name; a pattern as it is. Raises NotFound, and 403 for a pattern beyond the scope."""
    if not {"*", "?", "["}.isdisjoint(node):
        if not snapshot.scope.holds_nodes(node):
            raise HTTPException(403, _BEYOND)
        return node
    return _name(lineage.find(snapshot, node))


_BEYOND = (
    "A pattern begins with the kind and the whole name of a namespace that you see, such as "
    "dataset:NAMESPACE:*."
)


def _name(found: Asset | Row) -> str:
    node = render.dataset_node if isinstance(found, Asset) else render.job_node
    return node(found.namespace, found.name)


def _of_node(snapshot: Snapshot, found: Asset | Row) -> Iterator[a.Stated]:
    """All that is expected of it: when it should be fresh, and then how many rows it should have."""
    entries = {
        (entry.expectation.source, entry.expectation.kind): entry
        for entry in reversed(stated.of(snapshot, [found.id]).get(found.id, []))
    }
    written_at = found.written_at if isinstance(found, Asset) else None
    fresh = expectations.all_of(snapshot, [found.id]).get(found.id, [])
    rows = expectations.rows(snapshot, [found.id]).get(found.id)
    for place, each in enumerate([*fresh, *([rows] if rows is not None else [])]):
        wins = place == 0 or each is rows
        entry = entries.get((each.source, each.kind))
        yield _answer(_name(found), each, entry, wins, each.due(written_at))


def _listed(entry: Entry) -> a.Stated:
    return _answer(entry.row.node, entry.expectation, entry, wins=True, due=None)


def _answer(
    node: str, each: Expectation, entry: Entry | None, wins: bool, due: int | None
) -> a.Stated:
    more: Json = {"origin": None, "since": None, "stated": None}
    if entry is not None:
        more = {
            "origin": entry.row.origin,
            "since": render.when(entry.row.since_at or None),
            "stated": a.Statement(**msgspec.json.decode(entry.row.body)),
        }
    return a.Stated(
        node=node,
        kind=each.kind,
        source=each.source,
        text=each.text,
        wins=wins,
        expected_by=render.when(due),
        **more,
    )
