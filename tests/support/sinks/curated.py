"""
What people write on what we delivered: tags, owners, descriptions and edges of their own, in every
catalog, on DAGs, tasks, tables and lineage. `curate` writes it, `lost` says what is no longer so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.support.sinks.datahub import FakeDataHub
from tests.support.sinks.openmetadata import FakeOpenMetadata
from tests.support.sinks.together import Together

_TAG, _OWNER = {"tag": "urn:li:tag:gold"}, {"owner": "urn:li:corpuser:ann"}
_PLAN = {
    "destinationUrn": "urn:li:dataset:(urn:li:dataPlatform:excel,plan,PROD)",
    "properties": {"source": "UI"},
}
_TIER, _ANN = {"tagFQN": "Tier.Tier1", "labelType": "Manual"}, {"id": "ann", "type": "user"}
_WORDS = "What Ann knows"
#: Atlan's own attributes for what people say.
_STATED = {
    "ownerUsers": ["ann"],
    "ownerGroups": ["data"],
    "userDescription": _WORDS,
    "certificateStatus": "VERIFIED",
    "displayName": "Ann's",
}


@dataclass(frozen=True)
class Curated:
    """On what Ann wrote: names in each catalog."""

    datahub: frozenset[str]
    openmetadata: frozenset[tuple[str, str]]
    edges: frozenset[tuple[str, str]]
    atlan: frozenset[str]


def curate(sinks: Together) -> Curated:
    """Ann writes on everything that is there, but for every other edge of OpenMetadata."""
    datahub, openmetadata, atlan = sinks.datahub, sinks.openmetadata, sinks.atlan
    urns = {urn for urn in datahub.aspects if not urn.startswith("urn:li:dataProcessInstance")}
    for urn in urns:
        aspects = datahub.aspects[urn]
        aspects.setdefault("globalTags", {}).setdefault("tags", []).append(_TAG)
        aspects.setdefault("ownership", {}).setdefault("owners", []).append(_OWNER)
        aspects["editableProperties"] = {"description": _WORDS}
        if ":dataJob:" in urn:
            lineage = aspects.setdefault("dataJobInputOutput", {})
            lineage.setdefault("inputDatasetEdges", []).append(_PLAN)
    parts = _parts(openmetadata)
    for part in parts.values():
        part.update(owners=[_ANN], description=_WORDS, displayName="Ann's")
        part.setdefault("tags", []).append(_TIER)
    edges = sorted(openmetadata.edges)[::2]
    for edge in edges:
        openmetadata.edges[edge]["description"] = _WORDS
    for asset in atlan.assets.values():
        asset["attributes"].update(_STATED)
        asset["classifications"] = ["PII"]
    return Curated(
        frozenset(urns), frozenset(parts), frozenset(edges), frozenset(atlan.assets.keys())
    )


def lost(sinks: Together, curated: Curated) -> list[str]:
    """What Ann wrote and is no longer there."""
    atlan = sinks.atlan.assets
    return [
        *(f"DataHub: {what}" for what in _lost_in_datahub(sinks.datahub, curated)),
        *(f"OpenMetadata: {what}" for what in _lost_in_openmetadata(sinks.openmetadata, curated)),
        *(
            f"Atlan: {name}"
            for name in curated.atlan
            if not atlan[name]["attributes"].items() >= _STATED.items()
            or atlan[name]["classifications"] != ["PII"]
        ),
    ]


def _lost_in_datahub(fake: FakeDataHub, curated: Curated) -> Iterator[str]:
    for urn in curated.datahub:
        aspects = fake.aspects[urn]
        if _TAG not in aspects["globalTags"]["tags"]:
            yield f"tag of {urn}"
        if _OWNER not in aspects["ownership"]["owners"]:
            yield f"owner of {urn}"
        if aspects["editableProperties"] != {"description": _WORDS}:
            yield f"description of {urn}"
        if ":dataJob:" in urn and _PLAN not in aspects["dataJobInputOutput"]["inputDatasetEdges"]:
            yield f"edge of {urn}"


def _parts(fake: FakeOpenMetadata) -> dict[tuple[str, str], dict[str, Any]]:
    """Pipelines and tables, and their tasks and columns."""
    found = {}
    for collection in ("/pipelines", "/tables"):
        for fqn, entity in fake.entities.get(collection, {}).items():
            found[fqn, ""] = entity
            for part in (*entity.get("tasks", ()), *entity.get("columns", ())):
                found[fqn, part["name"]] = part
    return found


def _lost_in_openmetadata(fake: FakeOpenMetadata, curated: Curated) -> Iterator[str]:
    parts = _parts(fake)
    for name in curated.openmetadata:
        part = parts[name]
        if part["owners"] != [_ANN] or _TIER not in part["tags"]:
            yield f"owner or tag of {name}"
        if (part["description"], part["displayName"]) != (_WORDS, "Ann's"):
            yield f"words on {name}"
    for edge in curated.edges:
        if fake.edges[edge].get("description") != _WORDS:
            yield f"words on the edge {edge}"
