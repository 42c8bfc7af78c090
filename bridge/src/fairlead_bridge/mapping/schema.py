"""The schema facet as content: equal schemas give equal bytes, whatever they came wrapped in."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fairlead_bridge import masking
from fairlead_bridge.documents import Json
from fairlead_bridge.mapping.identity import column

_encode = msgspec.json.Encoder(order="sorted").encode


def canonical(facet: dict[str, object], namespace: str = "") -> bytes | None:
    """
    The columns of a dataset in this namespace.

    JSON: a list of {"name", "type", "description", "fields"}, in the columns' own order.

    None where the facet names no column: then it says nothing of the schema.
    """
    fields = _fields(facet.get("fields"), namespace)
    return _encode(fields) if fields else None


def columns(body: bytes) -> frozenset[str]:
    """The names of a canonical schema's columns, as they are spelled."""
    return frozenset(field["name"] for field in msgspec.json.decode(body))


def _fields(value: object, namespace: str) -> list[Json]:
    fields = list(_readable(value))
    positions = [field.get("ordinal_position") for field in fields]
    if all(isinstance(each, int) for each in positions):
        fields.sort(key=lambda field: int(field["ordinal_position"]))
    return [
        {
            "name": column(namespace, field["name"]),
            "type": _text(field.get("type")),
            "description": masking.value(_text(field.get("description"))),
            "fields": _fields(field.get("fields"), namespace),
        }
        for field in fields
    ]


def _readable(value: object) -> Iterator[Json]:
    """Fields that have a name; some producers send the names alone."""
    for field in value if isinstance(value, list) else ():
        if isinstance(field, str):
            yield {"name": field}
        elif isinstance(field, dict) and isinstance(field.get("name"), str):
            yield field


def _text(value: object) -> str | None:
    """A type may come as a structure, as Avro's do; nothing and blanks are no type."""
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    return _encode(value).decode()
