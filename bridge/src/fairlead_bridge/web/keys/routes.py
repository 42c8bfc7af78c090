"""API keys over REST: listed, created, rotated and revoked by admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, HTTPException, Path

from fairlead_bridge.access import keys
from fairlead_bridge.access.caller import Caller
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.documents import Json
from fairlead_bridge.errors import BadSettings
from fairlead_bridge.web import render
from fairlead_bridge.web.base import Page, Problem
from fairlead_bridge.web.dependencies import CurrentCatalog
from fairlead_bridge.web.keys import answers as a
from fairlead_bridge.web.needs import CalledBy, needs
from fairlead_bridge.web.paging import Cursor, Limit, page, read_cursor
from fairlead_bridge.web.parameters import Text

_DAY, _HOUR = 86_400_000_000, 3_600_000_000
Name = Annotated[Text, Path(description="The key's name.")]
_CONFLICT: dict[int | str, Json] = {
    409: {"model": Problem, "description": "The name is taken, or the bridge asks for no keys."}
}


router = APIRouter(tags=["access"], dependencies=[needs("admin", shows="all")])


@router.get("/keys")
def list_keys(catalog: CurrentCatalog, limit: Limit = 50, cursor: Cursor = None) -> Page[a.Key]:
    """Every key there ever was, by name, with when each was last used."""
    after = read_cursor(cursor, str, int)
    with reading(catalog.engine) as tx:
        found = keys.page(tx, limit + 1, (after[0], after[1]) if after else None)
    shown, following = page(found, limit, lambda each: (each.name, each.id))
    now = catalog.clock()
    return Page(items=[_answer(each, now) for each in shown], next=following)


@router.post("/keys", status_code=201, responses=_CONFLICT)
def create_key(wanted: a.NewKey, catalog: CurrentCatalog, caller: CalledBy) -> a.Secret:
    """Create a key. The answer is the only one that has it."""
    _check_may_change(caller)
    now = catalog.clock()
    days = wanted.expires_days
    expires = now + int(days * _DAY) if days is not None else None
    try:
        with writing(catalog.engine) as tx:
            key = keys.create(tx, wanted.name, wanted.roles, wanted.namespaces, now, expires)
    except BadSettings as error:
        raise HTTPException(422, f"{error}.") from error
    return a.Secret(name=wanted.name, key=key)


@router.post("/keys/{name}/rotate", responses=_CONFLICT)
def rotate_key(
    name: Name,
    catalog: CurrentCatalog,
    caller: CalledBy,
    wanted: Annotated[a.Rotation | None, Body()] = None,
) -> a.Secret:
    """Replace a key by a new one with its roles, namespaces and lifetime."""
    _check_may_change(caller)
    overlap = wanted.overlap_hours if wanted else 0
    with writing(catalog.engine) as tx:
        key = keys.rotate(tx, name, catalog.clock(), int(overlap * _HOUR))
    return a.Secret(name=name, key=key)


@router.post("/keys/{name}/revoke", status_code=204, responses=_CONFLICT)
def revoke_key(name: Name, catalog: CurrentCatalog, caller: CalledBy) -> None:
    """End a key: within two seconds no process of the bridge accepts it."""
    _check_may_change(caller)
    with writing(catalog.engine) as tx:
        keys.revoke(tx, name, catalog.clock())


def _check_may_change(caller: Caller) -> None:
    """Where nothing is asked for, anyone could make a key that still works once keys are."""
    if caller.method == "open":
        raise HTTPException(
            409,
            "The bridge asks for no keys: set FAIRLEAD_AUTH=keys, and create the first one with "
            "`fairlead-bridge keys create`.",
        )


def _answer(key: keys.Key, now: int) -> a.Key:
    return a.Key(
        id=key.id,
        name=key.name,
        state=key.state(now),
        roles=list(key.roles),
        namespaces=list(key.namespaces),
        created_at=render.when(key.created_at),
        expires_at=render.when(key.expires_at),
        used_at=render.when(key.used_at),
        revoked_at=render.when(key.revoked_at),
    )
