"""Ownership in DataHub: what bears our mark is ours, everything else is preserved. Pure."""

from __future__ import annotations

from fairlead_bridge.sinks.datahub.aspects import DRAWN, EDGES, INFO, LINEAGE, pointer
from fairlead_bridge.sinks.datahub.quality import MADE
from fairlead_bridge.sinks.datahub.schemas import Aspects


def _value(held: Aspects | None, aspect: str) -> Aspects:
    return ((held or {}).get(aspect) or {}).get("value") or {}


def without_our_mark(aspects: Aspects, held: Aspects | None) -> Aspects:
    """Return the aspects without our mark and removal if another program or a person made the job."""
    there = _value(held, INFO)
    if INFO not in aspects or not there:
        return aspects
    if MADE.items() <= there.get("customProperties", {}).items():
        return aspects
    info = aspects[INFO]["value"]
    properties = {key: text for key, text in info["customProperties"].items() if key not in MADE}
    rest = {
        name: value
        for name, value in aspects.items()
        if name != "status" or not value["value"]["removed"]
    }
    return {**rest, INFO: {"value": {**info, "customProperties": properties}}}


def without_their_edges(aspects: Aspects, held: Aspects | None) -> Aspects:
    """Return the patch without the edges of a job that others drew, and without their columns."""
    lineage = _value(held, LINEAGE)
    theirs = {
        (field, edge["destinationUrn"])
        for field in EDGES
        for edge in lineage.get(field) or ()
        if edge.get("properties") != DRAWN
    }
    if LINEAGE not in aspects or not theirs:
        return aspects
    edges = {pointer(edge) for edge in theirs}
    ends = {f"({pointer([other])[1:]}," for _, other in theirs}
    remaining = [
        one
        for one in aspects[LINEAGE]["value"]["patch"]
        if one["path"] not in edges
        and not (one["op"] == "remove" and any(end in one["path"] for end in ends))
    ]
    rest = {name: value for name, value in aspects.items() if name != LINEAGE}
    return {**rest, LINEAGE: {"value": {"patch": remaining}}} if remaining else rest
