"""Assets as they are written now: what Atlan has is taken into account, and references are found."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from fairlead_bridge.documents import Json
from fairlead_bridge.errors import Unavailable
from fairlead_bridge.sinks.atlan.assets import MADE_BY, MADE_FOR, Asset, Ref

#: Seconds before we look again for an asset that Atlan does not have.
CRAWLED_LATER = 3600.0

Key = tuple[str, str]  # type (none: any), qualified name
Body = Json


@dataclass(frozen=True, slots=True)
class Write:
    """An asset as it is written now."""

    type: str
    name: str
    attributes: Body
    refs: dict[str, list[Ref] | Ref]
    dated: str
    ours: bool  # we made it, or make it with this
    metadata: Body = field(default_factory=dict)


def listed(refs: list[Ref] | Ref) -> list[Ref]:
    return refs if isinstance(refs, list) else [refs]


def placed(asset: Asset, found: dict[Key, Body], missing: set[str]) -> Write | None:
    """
    The asset as it can be written now: with the references that are there, of the type that Atlan
    knows it by. None where it cannot; what is missing is added to `missing`.
    """
    there = found.get((asset.type, asset.name))
    kind = asset.type or (there["typeName"] if there else "")
    if not kind:
        missing.add(asset.name)
        return None
    attributes = dict(asset.attributes)
    if there is not None and asset.dated:
        if (there["attributes"].get(asset.dated) or 0) > attributes[asset.dated]:
            return None  # what Atlan has is newer
        attributes.setdefault("name", there["attributes"].get("name"))
    ours = bool(asset.type) and (there is None or _made(asset, there))
    if asset.type and not ours:
        attributes = {
            name: value for name, value in attributes.items() if name not in (MADE_BY, MADE_FOR)
        }
    refs: dict[str, list[Ref] | Ref] = {}
    columns = asset.type == "ColumnProcess"
    for role, wanted in asset.refs.items():
        present = []
        for ref in listed(wanted):
            if ref.type:
                present.append(ref)
            elif ("", ref.name) in found:
                present.append(Ref(ref.name, found["", ref.name]["typeName"]))
            elif not columns:  # a column that a crawler spells otherwise is no reason to wait
                missing.add(ref.name)
        refs[role] = present if isinstance(wanted, list) else present[0]
    if asset.type in ("Process", "ColumnProcess") and not (refs["inputs"] and refs["outputs"]):
        return None
    return Write(kind, asset.name, attributes, refs, asset.dated, ours)


def _made(asset: Asset, there: Body) -> bool:
    """Whether what is there has the attributes that we give this asset when we make it."""
    identifying = (MADE_BY, MADE_FOR)
    return all(
        there["attributes"].get(attribute) == asset.attributes[attribute]
        for attribute in identifying
    )


def has_process(write: Write, writes: dict[Key, Write]) -> bool:
    """Whether the process that a lineage of columns belongs to is written with it."""
    process = write.refs.get("process")
    return not isinstance(process, Ref) or (process.type, process.name) in writes


def merged(a: Write, b: Write) -> Write:
    """Two payloads of one asset in one; of two runs, the newer."""
    if a.dated and b.dated and a.attributes[a.dated] > b.attributes[b.dated]:
        a, b = b, a
    attributes, refs = {**a.attributes, **b.attributes}, {**a.refs, **b.refs}
    metadata = {**a.metadata, **b.metadata}
    dated = b.dated or a.dated
    return replace(a, attributes=attributes, refs=refs, dated=dated, metadata=metadata)


def lacking(names: set[str]) -> Unavailable:
    shown = ", ".join(sorted(names)[:3]) + (", …" if len(names) > 3 else "")
    return Unavailable(
        f"Atlan has no {shown} yet: crawl it, or look at the naming map", CRAWLED_LATER
    )


def body_of(write: Write, guids: dict[Key, str]) -> Body:
    """
    The body of an asset. For ours, lists of references are replaced and an archived asset is
    restored; to assets of other programs references are only added.
    """
    refs = {role: _reference(ref, guids) for role, ref in write.refs.items()}
    body: Body = {"typeName": write.type, "guid": guids[write.type, write.name]}
    if write.ours:
        body["status"] = "ACTIVE"
    else:
        added = {role: found for role, found in refs.items() if isinstance(found, list) and found}
        refs = {role: found for role, found in refs.items() if not isinstance(found, list)}
        if added:
            body["appendRelationshipAttributes"] = added
    body["attributes"] = {"qualifiedName": write.name, **write.attributes, **refs}
    return body


def _reference(refs: list[Ref] | Ref, guids: dict[Key, str]) -> object:
    if isinstance(refs, list):
        return [_reference(ref, guids) for ref in refs]
    if (refs.type, refs.name) in guids:
        return {"typeName": refs.type, "guid": guids[refs.type, refs.name]}
    return {"typeName": refs.type, "uniqueAttributes": {"qualifiedName": refs.name}}
