"""
Which columns come from which: the columnLineage facet, in one form for all its versions.

The form is OpenLineage's own, with each input's dataset under its one name, sorted, so that equal
content gives equal bytes. What affects every column alike stands once, under `dataset`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from fairlead_bridge import ids, masking
from fairlead_bridge.documents import Json
from fairlead_bridge.mapping.identity import Identity, column

Normalise = Callable[[str, str], Identity]

_encode = msgspec.json.Encoder(order="sorted").encode

#: What Spark says under every column because it concerns the rows, not the column.
_OF_ROWS = frozenset({"JOIN", "GROUP_BY", "FILTER", "SORT"})


class Transformation(NamedTuple):
    type: str = ""  # "DIRECT" or "INDIRECT"; empty where it is unknown
    subtype: str = ""  # "IDENTITY", "AGGREGATION", "FILTER", ...
    description: str = ""
    masking: bool = False  # the value cannot be read from the result


class Source(NamedTuple):
    """A column of a dataset."""

    namespace: str
    name: str
    field: str
    id: int  # of the dataset


Origins = dict[Source, set[Transformation]]


def canonical(facet: dict[str, object], normalise: Normalise, namespace: str = "") -> bytes | None:
    """
    What the columns of a dataset in this namespace come from.

    JSON {"fields": {column: {"inputFields": [input]}}, "dataset": [input]}, where an input is
    {"namespace", "name", "field", "id", "transformations": [{"type", "subtype", "description",
    "masking"}]}.

    None where the facet names no column: an event that says nothing removes nothing. A
    deleted facet is one that says there are none.
    """
    if facet.get("_deleted") is True:
        return body({}, {})
    columns: dict[str, Origins] = {}
    fields = facet.get("fields")
    for name, entry in fields.items() if isinstance(fields, dict) else ():
        if isinstance(entry, dict):
            found = origins(entry.get("inputFields"), normalise, _legacy(entry))
            of_column = columns.setdefault(column(namespace, name), {})
            for source, transformation in found.items():
                of_column.setdefault(source, set()).update(transformation)
    rows = origins(facet.get("dataset"), normalise)
    return body(columns, rows) if columns or rows else None


def origins(value: object, normalise: Normalise, legacy: Transformation | None = None) -> Origins:
    """The readable inputs; one that is listed twice has the transformations of both."""
    found: Origins = {}
    for item in value if isinstance(value, list) else ():
        source = _source(item, normalise)
        if source is not None:
            transformation = set(transformations(item.get("transformations")))
            if not transformation and legacy is not None:
                transformation = {legacy}
            found.setdefault(source, set()).update(transformation)
    return found


def transformations(value: object) -> Iterator[Transformation]:
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict):
            yield Transformation(
                _text(item.get("type")).upper(),
                _text(item.get("subtype")).upper(),
                masking.value(_text(item.get("description"))),
                item.get("masking") is True,
            )


def body(columns: Mapping[str, Origins], rows: Origins) -> bytes:
    """The canonical bytes, with what is said under every column moved to the rows."""
    columns, rows = _folded(columns, rows)
    return _encode(
        {
            "fields": {
                column: {"inputFields": _listed(columns[column])} for column in sorted(columns)
            },
            "dataset": _listed(rows),
        }
    )


def _folded(columns: Mapping[str, Origins], rows: Origins) -> tuple[Mapping[str, Origins], Origins]:
    """
    Spark repeats what a filter, join, grouping or order reads under every column. Once is enough:
    Else the catalog would store, and the page draw, n columns times m inputs.
    """
    each = [set(_of_rows(inputs)) for inputs in columns.values()]
    common = set.intersection(*each) if each else set()
    if not common:
        return columns, rows
    merged = {source: set(transformation) for source, transformation in rows.items()}
    for source, transformation in common:
        merged.setdefault(source, set()).add(transformation)
    return {column: _without(inputs, common) for column, inputs in columns.items()}, merged


def _of_rows(inputs: Origins) -> Iterator[tuple[Source, Transformation]]:
    for source, every in inputs.items():
        for transformation in every:
            if transformation.type == "INDIRECT" and transformation.subtype in _OF_ROWS:
                yield source, transformation


def _without(inputs: Origins, common: set[tuple[Source, Transformation]]) -> Origins:
    """An input of which nothing remains was of the rows alone."""
    left: Origins = {}
    for source, every in inputs.items():
        remaining = {
            transformation for transformation in every if (source, transformation) not in common
        }
        if remaining or not every:
            left[source] = remaining
    return left


def _listed(inputs: Origins) -> list[dict[str, object]]:
    return [
        {
            **source._asdict(),
            "transformations": [
                {
                    "type": transformation.type or None,
                    "subtype": transformation.subtype or None,
                    "description": transformation.description or None,
                    "masking": transformation.masking,
                }
                for transformation in sorted(inputs[source])
            ],
        }
        for source in sorted(inputs)
    ]


def _source(item: object, normalise: Normalise) -> Source | None:
    if not isinstance(item, dict):
        return None
    namespace, name, field = item.get("namespace"), item.get("name"), item.get("field")
    if not isinstance(name, str) or not name or not isinstance(field, str) or not field:
        return None
    identity = normalise(namespace if isinstance(namespace, str) else "", name)
    field = column(identity.namespace, field)
    return Source(
        identity.namespace, identity.name, field, ids.dataset_id(identity.namespace, identity.key)
    )


def _legacy(entry: Json) -> Transformation | None:
    """`transformationType`: IDENTITY, or MASKED for what cannot be read back; before 1-1-0."""
    kind = _text(entry.get("transformationType")).upper()
    description = masking.value(_text(entry.get("transformationDescription")))
    if kind == "MASKED":
        return Transformation("DIRECT", "TRANSFORMATION", description, masking=True)
    if kind or description:
        return Transformation("DIRECT", kind, description)
    return None


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
