"""
The facet `lineage`: relations that a producer states, not leaves to be guessed.

It gives edges, and column lineage in the shape of the older facet `columnLineage`,
which it takes precedence over.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fairlead_bridge.documents import Json
from fairlead_bridge.mapping import decode
from fairlead_bridge.mapping.decode import Facets


class End(msgspec.Struct, frozen=True):
    """A dataset or a job at one end of a relation; a job without a name is the event's own."""

    is_job: bool
    namespace: str
    name: str

    @property
    def is_own_job(self) -> bool:
        return self.is_job and not self.name


class Relation(msgspec.Struct, frozen=True):
    """What feeds one target."""

    target: End
    sources: tuple[End, ...]
    columns: Json | None  # as a facet `columnLineage`; None where there are none


def of_job(facets: Facets | None) -> Iterator[Relation]:
    """The relations in a job's facet."""
    facet = decode.facet(facets, "lineage") or {}
    if facet.get("_deleted") is True:
        return
    for entry in decode.dicts(facet.get("entries")):
        target = _end(entry)
        if target is not None:
            yield _relation(target, entry)


def of_dataset(facets: Facets | None, namespace: str, name: str) -> Relation | None:
    """The relation in the facet of the dataset of this name."""
    facet = decode.facet(facets, "lineage")
    if facet is None or facet.get("_deleted") is True:
        return None
    return _relation(End(False, namespace, name), facet)


def columns(old: Json | None, new: Json | None) -> Json:
    """Both accounts of a dataset's columns in one; `new` counts where both name a column."""
    old, new = old or {}, new or {}
    return {
        "fields": {**_dict(old.get("fields")), **_dict(new.get("fields"))},
        "dataset": [*decode.dicts(old.get("dataset")), *decode.dicts(new.get("dataset"))],
    }


def sources_of_columns(facet: Json) -> set[tuple[str, str]]:
    """(namespace, name) of the datasets that a facet `columnLineage` names."""
    outputs = (
        decode.dicts(_dict(out).get("inputFields")) for out in _dict(facet.get("fields")).values()
    )
    origins = [item for inputs in outputs for item in inputs]
    return {
        (item["namespace"] if _is_name(item.get("namespace")) else "", item["name"])
        for item in (*origins, *decode.dicts(facet.get("dataset")))
        if _is_name(item.get("name")) and _is_name(item.get("field"))
    }


def _relation(target: End, body: Json) -> Relation:
    inputs = list(decode.dicts(body.get("inputs")))
    fields = {
        column: list(decode.dicts(entry.get("inputs")))
        for column, entry in _dict(body.get("fields")).items()
        if isinstance(entry, dict)
    }
    everything = [*inputs, *(item for items in fields.values() for item in items)]
    sources = dict.fromkeys(end for end in map(_end, everything) if end is not None)
    whole = [item for item in inputs if _is_column(item)]
    columns_of_target = None
    if not target.is_job and (whole or fields):
        columns_of_target = {
            "fields": {
                column: {"inputFields": [item for item in items if _is_column(item)]}
                for column, items in fields.items()
            },
            "dataset": whole,
        }
    return Relation(target, tuple(sources), columns_of_target)


def _end(body: dict[str, object]) -> End | None:
    namespace, name = body.get("namespace") or "", body.get("name") or ""
    if not isinstance(namespace, str) or not isinstance(name, str):
        return None
    if _is_job(body):
        return End(True, namespace, name)
    return End(False, namespace, name) if name else None


def _is_job(body: dict[str, object]) -> bool:
    return str(body.get("type")).upper() == "JOB"


def _is_column(body: dict[str, object]) -> bool:
    return not _is_job(body) and _is_name(body.get("field"))


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _dict(value: object) -> Json:
    return value if isinstance(value, dict) else {}
