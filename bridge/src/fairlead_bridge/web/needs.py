"""
What each address needs and shows: its declarations, the checks, and the check that none lacks them.

An address either reads in the scope of its caller (`CallerScope`, which the snapshots depend on), or
says that it shows nothing of the catalog, or that it is only for callers who see everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import Mount

from fairlead_bridge.access import scope as scopes
from fairlead_bridge.access.caller import CALLER, ROLES, Caller, Needed, Refusal, refusal
from fairlead_bridge.access.scope import Scope
from fairlead_bridge.documents import Json
from fairlead_bridge.errors import UndeclaredRoute

#: How callers say who they are, as the OpenAPI document has it.
_SCHEMES = {"key": {"type": "http", "scheme": "bearer", "description": "An API key."}}


#: What an address shows of the catalog: "own", what its caller sees; "nothing"; or "all", which only
#: callers who see every namespace may ask for.
Shows = Literal["own", "nothing", "all"]


class Needs:
    """A dependency that lets only callers with the role use an address."""

    def __init__(self, needed: Needed, shows: Shows) -> None:
        self.needed = needed
        self.shows = shows

    async def __call__(self, request: Request) -> None:
        caller: Caller = request.scope[CALLER]
        refused = refusal(caller, self.needed)
        if self.shows == "all" and not refused and not caller.namespaces.has_all:
            refused = _of_some(caller)
        if refused:
            headers = {name.decode(): value.decode() for name, value in refused.headers}
            raise HTTPException(refused.status, refused.detail, headers)


def _of_some(caller: Caller) -> Refusal:
    patterns = ", ".join(caller.namespaces.patterns)
    return Refusal(403, f"This is about all namespaces; {caller.name} has {patterns} only.")


def needs(needed: Needed, shows: Shows = "own") -> Any:
    """The declaration, for `dependencies` of a router or a route; a route may add to its router's."""
    return Depends(Needs(needed, shows))


async def _caller(request: Request) -> Caller:
    caller: Caller = request.scope[CALLER]
    return caller


CalledBy = Annotated[Caller, Depends(_caller)]


async def _scope(request: Request) -> Scope:
    return scopes.of(request.scope[CALLER])


#: What the caller sees: every reading transaction takes it.
CallerScope = Annotated[Scope, Depends(_scope)]


def needed_by(route: APIRoute) -> Needed | None:
    """The most that the route needs; None where it declares nothing."""
    found = [each.needed for each in _declared(route)]
    return max(found, key=_RANKS.index) if found else None


def _declared(route: APIRoute) -> Iterator[Needs]:
    for dependency in route.dependant.dependencies:
        if isinstance(dependency.call, Needs):
            yield dependency.call


def is_scoped(route: APIRoute) -> bool:
    """Whether the route reads in the scope of its caller, or says that it need not."""
    return any(each.shows != "own" for each in _declared(route)) or _takes_scope(route.dependant)


def _takes_scope(dependant: Dependant) -> bool:
    return dependant.call is _scope or any(map(_takes_scope, dependant.dependencies))


_RANKS: tuple[Needed, ...] = ("anyone", *ROLES)


def open_paths(app: FastAPI) -> frozenset[str]:
    """
    The addresses that need no role. Raises UndeclaredRoute where a route declares none, or reads
    without the scope of its caller.
    """
    found = set()
    for route in app.routes:
        if isinstance(route, Mount):
            continue  # the page, which asks for a role itself
        if not isinstance(route, APIRoute) or needed_by(route) is None:
            raise UndeclaredRoute(f"{route} declares no role: add `needs(...)` to its dependencies")
        if not is_scoped(route):
            raise UndeclaredRoute(
                f"{route} reads without a scope: take a snapshot or `CallerScope`, or declare what it "
                "`shows` in `needs(...)`"
            )
        if needed_by(route) == "anyone":
            found.add(route.path)
    return frozenset(found)


def describe(app: FastAPI, document: Json) -> None:
    """Add to the OpenAPI document which role each operation needs, as `x-role`."""
    document.setdefault("components", {})["securitySchemes"] = _SCHEMES
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods:
                describe_operation(
                    document["paths"][route.path_format][method.lower()], needed_by(route)
                )


def describe_operation(operation: Json, needed: Needed | None) -> None:
    operation["x-role"] = needed
    if needed != "anyone":
        operation["security"] = [{"key": []}]
        operation["responses"].update(_PROBLEMS)


def _problem(description: str) -> dict[str, object]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_PROBLEMS = {
    "401": _problem("The bridge asks for a key, and there is none or it is not known."),
    "403": _problem("The key lacks the role."),
}
