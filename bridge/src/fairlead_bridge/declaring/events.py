"""Declarations as OpenLineage events: DatasetEvents and JobEvents. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from fairlead_bridge import ids
from fairlead_bridge.declaring.nouns import Declared, Flow, Ref, Tag
from fairlead_bridge.documents import Json
from fairlead_bridge.facts import DECLARATION
from fairlead_bridge.insight.contracts import FACET as CONTRACT

Facets = dict[str, Json]

_PRODUCER = "urn:fairlead:declaration"
_SPEC = "https://openlineage.io/spec"
_EVENT = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs"
_SCHEMAS = {
    "documentation": "facets/1-1-0/Documentation{}Facet.json#/$defs/Documentation{}Facet",
    "ownership": "facets/1-0-1/Ownership{}Facet.json#/$defs/Ownership{}Facet",
    "tags": "facets/1-0-0/Tags{}Facet.json#/$defs/Tags{}Facet",
    "datasetType": "facets/1-0-1/DatasetTypeDatasetFacet.json#/$defs/DatasetTypeDatasetFacet",
    "dataSource": "facets/1-0-1/DatasourceDatasetFacet.json#/$defs/DatasourceDatasetFacet",
    "schema": "facets/1-2-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet",
    "lineage": "facets/1-0-0/Lineage{}Facet.json#/$defs/Lineage{}Facet",
    "columnLineage": "facets/1-2-0/ColumnLineageDatasetFacet.json#/$defs/ColumnLineageDatasetFacet",
}
_OWN = {CONTRACT: "urn:fairlead:facets:1-0-0:FairleadContractFacet"}


class Stored(msgspec.Struct, frozen=True):
    """What the newest declaration of a dataset or a job said: what it was, and which facets."""

    source: str
    digest: str
    facets: tuple[str, ...] = ()
    outputs: tuple[tuple[str, str], ...] = ()  # of a job: datasets whose columns it declared


def facets_of(declared: Declared) -> Facets:
    """What is said of the dataset or the job itself, without `_producer` and `_schemaURL`."""
    found: Facets = {}
    if declared.description:
        found["documentation"] = {"description": declared.description}
    if declared.owners:
        found["ownership"] = {"owners": [{"name": name} for name in declared.owners]}
    if declared.tags:
        found["tags"] = {"tags": [_tag(tag) for tag in declared.tags]}
    if declared.type:
        found["datasetType"] = {"datasetType": declared.type}
    if declared.url:
        found["dataSource"] = {"name": declared.ref.namespace, "uri": declared.url}
    if declared.columns:
        found["schema"] = {"fields": [_without_none(each) for each in declared.columns]}
    if declared.contract:
        found[CONTRACT] = msgspec.to_builtins(declared.contract)
    if declared.flow:
        found["lineage"] = _lineage(declared.flow)
    return found


def digest(declared: Declared) -> str:
    """The same declaration gives the same digest, wherever it stands."""
    same = msgspec.structs.replace(declared, where="")
    return ids.digest(msgspec.json.encode(_sortable(same), order="sorted")).hex()


def event(declared: Declared, source: str, before: Stored | None, at: datetime) -> bytes:
    """What is declared now; facets that were declared `before` and are no longer are deleted."""
    facets = facets_of(declared)
    outputs = tuple(
        (ref.namespace, ref.name) for ref, flow in declared.writes.items() if flow.columns
    )
    new = Stored(source, digest(declared), tuple(sorted(facets)), outputs)
    return _event(declared.ref, declared, _complete(facets, before), new, before, at)


def withdrawal(ref: Ref, before: Stored, at: datetime) -> bytes:
    """What was declared of it is no longer."""
    gone = Stored(before.source, "", (), ())
    return _event(ref, Declared(ref, ""), _complete({}, before), gone, before, at)


def _event(
    ref: Ref,
    declared: Declared,
    facets: Facets,
    new: Stored,
    before: Stored | None,
    at: datetime,
) -> bytes:
    kind = "Dataset" if ref.kind == "dataset" else "Job"
    own = _with_schemas(facets, kind) | {DECLARATION: _marked(new)}
    about: Json = {"namespace": ref.namespace, "name": ref.name, "facets": own}
    body: Json = {
        "eventTime": at.isoformat(),
        "producer": _PRODUCER,
        "schemaURL": f"{_EVENT}/{kind}Event",
        ref.kind: about,
    }
    if ref.kind == "job":
        body["inputs"] = [_dataset(each) for each in declared.reads]
        body["outputs"] = [*_outputs(declared.writes), *_emptied(declared.writes, before)]
    return msgspec.json.encode(body)


def _complete(facets: Facets, before: Stored | None) -> Facets:
    """With what is to be deleted of what was declared before."""
    gone = set(before.facets) - facets.keys() if before else set()
    deleted: Facets = {name: {"_deleted": True} for name in sorted(gone)}
    if "lineage" in gone or ("lineage" in facets and not facets["lineage"]["fields"]):
        deleted["columnLineage"] = {"_deleted": True}
    return facets | deleted


def _outputs(writes: Mapping[Ref, Flow]) -> Iterable[Json]:
    for ref, flow in writes.items():
        found = _dataset(ref)
        if flow.columns:
            columns = {"fields": _fields(flow, "inputFields")}
            found["facets"] = _with_schemas({"columnLineage": columns}, "Dataset")
        yield found


def _emptied(writes: Mapping[Ref, Flow], before: Stored | None) -> Iterable[dict[str, object]]:
    """The datasets whose columns were declared before: they come from nothing now."""
    there = {(ref.namespace, ref.name) for ref, flow in writes.items() if flow.columns}
    for namespace, name in before.outputs if before else ():
        if (namespace, name) not in there:
            facets = _with_schemas({"columnLineage": {"_deleted": True}}, "Dataset")
            yield {"namespace": namespace, "name": name, "facets": facets}


def _lineage(flow: Flow) -> Json:
    inputs = [{**_dataset(ref), "type": "DATASET"} for ref in flow.datasets]
    return {"inputs": inputs, "fields": _fields(flow, "inputs")}


def _fields(flow: Flow, key: str) -> Json:
    return {
        column: {
            key: [
                {
                    **_dataset(origin.dataset),
                    **({"type": "DATASET"} if key == "inputs" else {}),
                    "field": origin.column,
                    "transformations": [
                        {"type": "DIRECT", "subtype": origin.subtype, "masking": origin.is_masked}
                    ],
                }
                for origin in origins
            ]
        }
        for column, origins in sorted(flow.columns.items())
    }


def _marked(new: Stored) -> dict[str, object]:
    marked = msgspec.to_builtins(new)
    return {
        "_producer": _PRODUCER,
        "_schemaURL": "urn:fairlead:facets:1-0-0:FairleadDeclarationFacet",
        **marked,
    }


def _with_schemas(facets: Facets, kind: str) -> Facets:
    return {
        name: {
            "_producer": _PRODUCER,
            "_schemaURL": _OWN.get(name) or f"{_SPEC}/{_SCHEMAS[name].format(kind, kind)}",
            **body,
        }
        for name, body in facets.items()
    }


def _dataset(ref: Ref) -> dict[str, object]:
    return {"namespace": ref.namespace, "name": ref.name}


def _tag(tag: Tag) -> dict[str, str]:
    found = {"key": tag.key, "value": tag.value or "true", "source": "DECLARED"}
    return found | ({"field": tag.column} if tag.column else {})


def _without_none(given: msgspec.Struct) -> dict[str, object]:
    found: Json = msgspec.to_builtins(given)
    return {key: value for key, value in found.items() if value is not None}


def _sortable(declared: Declared) -> object:
    """As JSON has it: keys that are texts."""
    writes = [[ref, flow] for ref, flow in sorted(declared.writes.items())]
    return [msgspec.structs.replace(declared, writes={}), writes]
