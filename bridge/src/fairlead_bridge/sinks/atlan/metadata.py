"""
The set of custom metadata in one Atlan: looked up by its name, and made once where the token may.

Atlan gives the set and its attributes names of its own, which requests must use. A set that people
made under that name is used as far as it has our attributes, and never changed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from fairlead_bridge.documents import Json
from fairlead_bridge.errors import HttpRejected
from fairlead_bridge.sinks.atlan.standing import ATTRIBUTES
from fairlead_bridge.sinks.http import Client

_TYPEDEFS = "/api/meta/types/typedefs"
#: Seconds before a set that is not there is looked for again.
_LOOKED_FOR = 3_600.0


class MetadataSet:
    """The set of custom metadata of one name."""

    def __init__(self, client: Client, name: str, connections: Sequence[str]) -> None:
        self._client, self._display_name = client, name
        self._connections = sorted(connections)
        self._name: str | None = None
        self._attributes: dict[str, str] = {}  # their names in Atlan
        self._until = float("-inf")

    def names(self) -> tuple[str, dict[str, str]] | None:
        """Atlan's name of the set, and of its attributes; None where there is none to use."""
        if time.monotonic() > self._until:
            try:
                if not self._look():
                    self._make()
            except HttpRejected:
                self._name = None  # `probe` says why
            self._until = time.monotonic() + _LOOKED_FOR
        return (self._name, self._attributes) if self._name is not None else None

    def probe(self) -> str:
        """Whether the set is there; changes nothing."""
        what = f"custom metadata {self._display_name}"
        try:
            there = self._look()
        except HttpRejected as error:
            return f"NO CUSTOM METADATA: {error}"
        if not there:
            return (
                f"{what} IS MISSING: it is made with the first delivery if the token's user may "
                f"manage custom metadata; else let an admin make it, with {', '.join(ATTRIBUTES)}"
            )
        missing = [name for name in ATTRIBUTES if name not in self._attributes]
        return f"{what} is there" + (f", WITHOUT {', '.join(missing)}" if missing else "")

    def _look(self) -> bool:
        self._name = None
        params = {"type": "BUSINESS_METADATA"}
        found = self._client.json("GET", _TYPEDEFS, params=params) or {}
        return self._take(found)

    def _take(self, answer: Json) -> bool:
        for each in answer.get("businessMetadataDefs") or ():
            if each.get("displayName") == self._display_name:
                self._name = each["name"]
                self._attributes = {
                    attribute["displayName"]: attribute["name"]
                    for attribute in each.get("attributeDefs") or ()
                    if ATTRIBUTES.get(attribute.get("displayName")) == attribute.get("typeName")
                }
                return True
        return False

    def _make(self) -> None:
        try:
            body = {"businessMetadataDefs": [self._definition()]}
            made = self._client.json("POST", _TYPEDEFS, body) or {}
        except HttpRejected as error:
            if error.status != 409:  # another process was faster
                raise
            self._look()
        else:
            self._take(made)

    def _definition(self) -> dict[str, object]:
        return {
            "category": "BUSINESS_METADATA",
            "name": self._display_name,
            "displayName": self._display_name,
            "description": "How the data stands, as Fairlead sees it",
            "options": {"logoType": "emoji", "emoji": "⛵", "isLocked": False},
            "attributeDefs": [self._attribute(*each) for each in ATTRIBUTES.items()],
        }

    def _attribute(self, name: str, kind: str) -> dict[str, object]:
        return {
            "name": "",
            "displayName": name,
            "typeName": kind,
            "cardinality": "SINGLE",
            "isNew": True,
            "isOptional": True,
            "isIndexable": True,
            "isUnique": False,
            "options": {
                "customMetadataVersion": "v2",
                "primitiveType": kind,
                "applicableEntityTypes": '["Asset"]',
                "applicableConnections": json.dumps(self._connections),
                "allowSearch": False,
                "allowFiltering": True,
                "maxStrLength": "100000000",
                "multiValueSelect": False,
                "showInOverview": name == "Standing",
                "isEnum": False,
                **({"hasTimePrecision": True} if kind == "date" else {}),
            },
        }
