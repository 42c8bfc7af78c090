"""Roles of people by the groups that their company says they are in."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead_bridge.access.caller import ROLES, Role
from fairlead_bridge.errors import BadSettings

#: Instead of a group: everyone whom the company knows.
EVERYONE = "*"
#: Before the name of one person or program.
_USER = "user:"


class Groups:
    """Which roles a group has. Raises BadSettings for what is not GROUP=ROLE."""

    def __init__(self, pairs: Iterable[str]) -> None:
        self._roles: dict[str, set[Role]] = {}
        for pair in pairs:
            group, separator, name = pair.rpartition("=")
            role = next((each for each in ROLES if each == name.strip()), None)
            if not separator or not group.strip() or role is None:
                raise BadSettings(
                    f"FAIRLEAD_GROUP_ROLES has {pair!r}: write GROUP=ROLE with one of {', '.join(ROLES)}, "
                    "such as data-team=editor, and * for everyone"
                )
            self._roles.setdefault(group.strip(), set()).add(role)

    def roles(self, names: Iterable[str], groups: Iterable[str]) -> list[Role]:
        """The roles of one who has these names and is in these groups."""
        mine = [f"{_USER}{name}" for name in names]
        mine += [group for group in groups if not group.startswith(_USER)]
        found = {role for group in (*mine, EVERYONE) for role in self._roles.get(group, ())}
        return [role for role in ROLES if role in found]
