"""What no event reports, declared over REST."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter, HTTPException

from fairlead_bridge.access.caller import Caller
from fairlead_bridge.access.scope import Scope
from fairlead_bridge.db.engine import writing
from fairlead_bridge.declaring import files, store
from fairlead_bridge.declaring.files import File
from fairlead_bridge.declaring.nouns import Declared
from fairlead_bridge.errors import BadSettings
from fairlead_bridge.web import render
from fairlead_bridge.web.declarations import answers as a
from fairlead_bridge.web.dependencies import CurrentCatalog
from fairlead_bridge.web.needs import CalledBy, CallerScope, needs
from fairlead_bridge.web.snapshots import CurrentSnapshot

router = APIRouter(tags=["operations"], dependencies=[needs("viewer")])


@router.get("/declarations")
def list_declarations(snapshot: CurrentSnapshot) -> a.Declarations:
    """The datasets and jobs that files declare, and which source did."""
    found = store.listed(snapshot.tx)
    return a.Declarations(
        items=[
            a.Declared(
                node=each.ref.node,
                source=each.stored.source,
                declared_at=render.when(each.at),
            )
            for each in found
        ]
    )


@router.post("/declarations", dependencies=[needs("editor")])
def declare(
    body: a.NewDeclarations, catalog: CurrentCatalog, caller: CalledBy, scope: CallerScope
) -> a.Changes:
    """
    Declare datasets and jobs, with owners, descriptions, tags, classifications and edges.

    They are stored as OpenLineage events; what is declared already gives none.
    """
    declared = _read(body)
    _refuse_foreign(declared, caller, scope)
    now = catalog.clock()
    with writing(catalog.engine) as tx:
        plan = store.plan(tx, declared, body.source, catalog.identify, now, body.prune, scope.sees)
        if not body.dry_run:
            store.apply(tx, plan, now)
    return a.Changes(
        added=plan.added,
        changed=plan.changed,
        withdrawn=plan.withdrawn,
        unchanged=plan.unchanged,
        stored=not body.dry_run,
    )


def _read(body: a.NewDeclarations) -> list[Declared]:
    try:
        return files.read([File(each.name, each.text) for each in body.files], body.namespace)
    except BadSettings as error:
        raise HTTPException(422, str(error)) from error


def _refuse_foreign(declared: Iterable[Declared], caller: Caller, scope: Scope) -> None:
    for each in declared:
        if not scope.sees(each.ref.namespace):
            patterns = ", ".join(caller.namespaces.patterns)
            raise HTTPException(
                403,
                f"{each.where}: {caller.name} may declare only what is in {patterns}.",
            )
