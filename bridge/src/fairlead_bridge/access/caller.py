"""
Who makes a request, and what that lets them do.

Roles include each other: an editor may do what a viewer may, an operator what an editor may, and an
admin everything. A sender may only send events.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import translate
from typing import Literal, TypeVar

T = TypeVar("T")

Role = Literal["sender", "viewer", "editor", "operator", "admin"]
ROLES: tuple[Role, ...] = ("sender", "viewer", "editor", "operator", "admin")
#: What an address may ask for: a role, or nothing.
Needed = Role | Literal["anyone"]
#: How the caller was recognised; "open" where nothing is asked for, "unknown" where it was not.
Method = Literal["open", "key", "session", "token", "proxy", "kafka", "unknown"]

_INCLUDED: dict[Role, tuple[Role, ...]] = {
    "sender": (),
    "viewer": (),
    "editor": ("viewer",),
    "operator": ("viewer", "editor"),
    "admin": ("sender", "viewer", "editor", "operator"),
}
#: The key of the caller in an ASGI scope.
CALLER = "fairlead.caller"
#: The key of the address that the connection came from, before headers of proxies.
PEER = "fairlead.peer"

_ASK_FOR_KEY = "Send a known key: `Authorization: Bearer KEY`."


#: Namespaces of which it is remembered whether they match some patterns.
_REMEMBERED = 1_000


class Namespaces:
    """Shell patterns of namespaces, such as `team-a` or `team-a-*`."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = tuple(patterns)
        self.has_all = "*" in self.patterns
        self._match = re.compile("|".join(map(translate, self.patterns)) or r"(?!)").match
        self._known: dict[str, bool] = {}

    def __contains__(self, namespace: str) -> bool:
        found = self._known.get(namespace)
        if found is None:
            found = self.has_all or self._match(namespace) is not None
            if len(self._known) < _REMEMBERED:
                self._known[namespace] = found
        return found


ALL_NAMESPACES = Namespaces(("*",))


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused: an HTTP status, and a sentence."""

    status: int
    detail: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """`roles` has those that are included; `problem` says why the caller was not recognised."""

    name: str
    method: Method
    roles: frozenset[Role] = frozenset()
    namespaces: Namespaces = field(default=ALL_NAMESPACES, compare=False)
    problem: str = _ASK_FOR_KEY

    def in_name_of(self, given: T) -> str | T:
        """Who does something: the caller; `given` only where nothing says who that is."""
        return given if self.method == "open" else self.name


def with_included(roles: Iterable[Role]) -> frozenset[Role]:
    """The roles, and those that they include."""
    return frozenset(each for role in roles for each in (role, *_INCLUDED[role]))


#: The caller where nothing is asked for, and the one that was not recognised.
ANYONE = Caller("anyone", "open", frozenset(ROLES))
UNKNOWN = Caller("unknown", "unknown")


def refusal(caller: Caller, needed: Needed | None) -> Refusal | None:
    """
    Why this caller may not use an address that needs this role; None where it may.

    Without `needed`: whether the caller was recognised.
    """
    if needed == "anyone" or needed in caller.roles:
        return None
    if caller.method == "unknown":
        return Refusal(401, caller.problem, ((b"www-authenticate", b"Bearer"),))
    if needed is None:
        return None
    has = ", ".join(role for role in ROLES if role in caller.roles)
    return Refusal(403, f"This needs the role {needed}; {caller.name} has {has}.")
