"""Roles and namespaces of people by the groups that their company says they are in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fairlead_bridge.access.caller import (
    ALL_NAMESPACES,
    ROLES,
    Caller,
    Method,
    Namespaces,
    Role,
    with_included,
)
from fairlead_bridge.errors import BadSettings

#: Instead of a group: everyone whom the company knows.
EVERYONE = "*"
#: Before the name of one person or program.
_USER = "user:"


class Groups:
    """
    What a group may do: `roles` are GROUP=ROLE, `namespaces` GROUP=PATTERN; without any of these,
    every group has all namespaces. Raises BadSettings for what is neither.
    """

    def __init__(self, roles: Iterable[str], namespaces: Iterable[str] = ()) -> None:
        self._roles: dict[str, set[Role]] = {}
        for pair in roles:
            group, name = _split(pair)
            role = next((each for each in ROLES if each == name), None)
            if not group or role is None:
                raise BadSettings(
                    f"FAIRLEAD_GROUP_ROLES has {pair!r}: write GROUP=ROLE with one of {', '.join(ROLES)}, "
                    "such as data-team=editor, and * for everyone"
                )
            self._roles.setdefault(group, set()).add(role)
        self._namespaces: dict[str, set[str]] = {}
        for pair in namespaces:
            group, pattern = _split(pair)
            if not group or not pattern:
                raise BadSettings(
                    f"FAIRLEAD_GROUP_NAMESPACES has {pair!r}: write GROUP=PATTERN, such as "
                    "data-team=team-a-*, with * as the pattern for all namespaces"
                )
            self._namespaces.setdefault(group, set()).add(pattern)

    def caller(
        self, name: str, method: Method, names: Iterable[str], groups: Iterable[str]
    ) -> Caller:
        """
        The person or program of these names and groups: with all roles of the groups, in all of
        their namespaces. Who has no role or no namespace is not known, and `problem` says why.
        """
        mine = list(_as_groups(names, groups))
        found = {role for group in mine for role in self._roles.get(group, ())}
        if not found:
            return _no_caller(name, "FAIRLEAD_GROUP_ROLES")
        namespaces = ALL_NAMESPACES
        if self._namespaces:
            patterns = {each for group in mine for each in self._namespaces.get(group, ())}
            if not patterns:
                return _no_caller(name, "FAIRLEAD_GROUP_NAMESPACES")
            namespaces = Namespaces(sorted(patterns))
        return Caller(name, method, with_included(found), namespaces)


def _split(pair: str) -> tuple[str, str]:
    group, _, value = pair.rpartition("=")
    return group.strip(), value.strip()


def _as_groups(names: Iterable[str], groups: Iterable[str]) -> Iterator[str]:
    yield from (f"{_USER}{name}" for name in names)
    yield from (group for group in groups if not group.startswith(_USER))
    yield EVERYONE


def _no_caller(name: str, setting: str) -> Caller:
    return Caller(name, "unknown", problem=f"{name} is in no group of {setting}.")
