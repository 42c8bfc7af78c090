"""What each address needs: its declaration, the check, and the check that none lacks it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.routing import APIRoute
from starlette.routing import Mount

from fairlead_bridge.access.caller import CALLER, ROLES, Caller, Needed, refusal
from fairlead_bridge.errors import UndeclaredRoute

#: How callers say who they are, as the OpenAPI document has it.
_SCHEMES = {"key": {"type": "http", "scheme": "bearer", "description": "An API key."}}


class Needs:
    """A dependency that lets only callers with the role use an address."""

    def __init__(self, needed: Needed) -> None:
        self.needed = needed

    async def __call__(self, request: Request) -> None:
        refused = refusal(request.scope[CALLER], self.needed)
        if refused:
            headers = {name.decode(): value.decode() for name, value in refused.headers}
            raise HTTPException(refused.status, refused.detail, headers)


def needs(needed: Needed) -> Any:
    """The declaration, for `dependencies` of a router or a route; a route may add to its router's."""
    return Depends(Needs(needed))


async def _caller(request: Request) -> Caller:
    caller: Caller = request.scope[CALLER]
    return caller


CalledBy = Annotated[Caller, Depends(_caller)]


def needed_by(route: APIRoute) -> Needed | None:
    """The most that the route needs; None where it declares nothing."""
    found: list[Needed] = [
        dependency.call.needed
        for dependency in route.dependant.dependencies
        if isinstance(dependency.call, Needs)
    ]
    return max(found, key=_RANKS.index) if found else None


_RANKS: tuple[Needed, ...] = ("anyone", *ROLES)


def open_paths(app: FastAPI) -> frozenset[str]:
    """The addresses that need no role. Raises UndeclaredRoute where a route declares none."""
    found = set()
    for route in app.routes:
        if isinstance(route, Mount):
            continue  # the page, which asks for a role itself
        if not isinstance(route, APIRoute) or needed_by(route) is None:
            raise UndeclaredRoute(f"{route} declares no role: add `needs(...)` to its dependencies")
        if needed_by(route) == "anyone":
            found.add(route.path)
    return frozenset(found)


def describe(app: FastAPI, document: dict[str, Any]) -> None:
    """Add to the OpenAPI document which role each operation needs, as `x-role`."""
    document.setdefault("components", {})["securitySchemes"] = _SCHEMES
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods:
                describe_operation(
                    document["paths"][route.path_format][method.lower()], needed_by(route)
                )


def describe_operation(operation: dict[str, Any], needed: Needed | None) -> None:
    operation["x-role"] = needed
    if needed != "anyone":
        operation["security"] = [{"key": []}]
        operation["responses"].update(_PROBLEMS)


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_PROBLEMS = {
    "401": _problem("The bridge asks for a key, and there is none or it is not known."),
    "403": _problem("The key lacks the role."),
}
