"""Whose a job and its edges are: ours bear our mark, and the others are left alone. Pure."""

from __future__ import annotations

from fairlead_bridge.sinks.datahub.aspects import (
    DRAWN,
    EDGES,
    INFO,
    LINEAGE,
    MADE,
    Aspects,
    pointer,
)


def _value(held: Aspects | None, aspect: str) -> Aspects:
    return ((held or {}).get(aspect) or {}).get("value") or {}


def unclaimed(aspects: Aspects, held: Aspects | None) -> Aspects:
    """A job that somebody else made is not called ours, and not taken away."""
    info = _value(held, INFO)
    if INFO not in aspects or not info or MADE.items() <= info.get("customProperties", {}).items():
        return aspects
    told = aspects[INFO]["value"]
    properties = {key: text for key, text in told["customProperties"].items() if key not in MADE}
    kept = {
        name: value
        for name, value in aspects.items()
        if name != "status" or not value["value"]["removed"]
    }
    return {**kept, INFO: {"value": {**told, "customProperties": properties}}}


def spared(aspects: Aspects, held: Aspects | None) -> Aspects:
    """A patch that leaves alone the edges of a job that others drew, and the columns with them."""
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
    kept = [
        one
        for one in aspects[LINEAGE]["value"]["patch"]
        if one["path"] not in edges
        and not (one["op"] == "remove" and any(end in one["path"] for end in ends))
    ]
    rest = {name: told for name, told in aspects.items() if name != LINEAGE}
    return {**rest, LINEAGE: {"value": {"patch": kept}}} if kept else rest
