"""What of an event a receiver takes, and in what shape. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from fairlead_bridge.documents import Json
from fairlead_bridge.entries import AnyEntry, EventEntry
from fairlead_bridge.errors import Rejected
from fairlead_bridge.sinks.openlineage.settings import PRESETS, OpenLineageSettings

Event = Json

#: Facets that go first when an event is too large: long, and no catalog's lineage needs them.
_HEAVY = {
    "spark.logicalPlan",
    "spark_unknown",
    "sourceCode",
    "spark_properties",
    "environment-properties",
    "unknownSourceAttribute",
    "debug",
}
#: Facets that go last.
_DEAR = {"parent", "columnLineage", "schema", "symlinks", "nominalTime", "errorMessage", "jobType"}
_SCHEMA_URL = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_PRODUCER = "https://openlineage.io"

_encode = msgspec.json.encode
decode = msgspec.json.Decoder(Event).decode


@dataclass(frozen=True, slots=True)
class Message:
    """An event as it is sent; those with the same `run` are sent in order."""

    body: bytes
    run: int | None


class Words:
    """Events as a receiver takes them, as the settings have it."""

    def __init__(self, settings: OpenLineageSettings) -> None:
        self._settings = settings
        preset = PRESETS[settings.preset]
        self._strict, self._both_sides = preset.strict, preset.both_sides
        self._only_runs = preset.only_runs if settings.only_runs is None else settings.only_runs
        self._types = settings.event_types or preset.types
        self._max_bytes = settings.max_bytes or preset.max_bytes

    def of(self, entry: AnyEntry) -> Message | None:
        """The event, or None where the receiver would not take it."""
        if not isinstance(entry, EventEntry):
            return None
        event = decode(entry.body)
        if not self._takes(event):
            return None
        body = entry.body
        if self._settings.namespace is not None or self._strict:
            body = _encode(self._adapted(event))
        if self._max_bytes is not None and len(body) > self._max_bytes:
            body = lighter(decode(body), self._max_bytes)
        return Message(body, entry.run)

    def _takes(self, event: Event) -> bool:
        if self._only_runs and not event.get("run"):
            return False
        if self._types is not None and str(event.get("eventType")).upper() not in self._types:
            return False
        return not self._both_sides or bool(event.get("inputs") and event.get("outputs"))

    def _adapted(self, event: Event) -> Event:
        if self._settings.namespace is not None:
            for job in _jobs(event):
                job["namespace"] = self._settings.namespace
        if self._strict:
            event.setdefault("producer", _PRODUCER)
            event.setdefault("schemaURL", _SCHEMA_URL)
            event["inputs"], event["outputs"] = (
                event.get("inputs") or [],
                event.get("outputs") or [],
            )
        return event


# --- what an event is made of -------------------------------------------------------------------


def _jobs(event: Event) -> Iterator[Event]:
    """The event's job, and those that its parent facet names."""
    if isinstance(event.get("job"), dict):
        yield event["job"]
    parent = ((event.get("run") or {}).get("facets") or {}).get("parent")
    if isinstance(parent, dict):
        for place in (parent, parent.get("root")):
            if isinstance(place, dict) and isinstance(place.get("job"), dict):
                yield place["job"]


def lighter(event: Event, limit: int) -> bytes:
    """
    The event in at most `limit` bytes, without its largest facets; the dearest go last.

    Raises Rejected where even the bare event is longer.
    """
    body = _encode(event)
    sized = [
        (len(_encode(facets[name])), name, facets) for facets in _facets(event) for name in facets
    ]
    for _, name, facets in sorted(sized, key=lambda item: (_dearness(item[1]), -item[0])):
        if len(body) <= limit:
            break
        del facets[name]
        body = _encode(event)
    if len(body) > limit:
        raise Rejected(f"the event has {len(body)} bytes without its facets; {limit} are taken")
    return body


def _dearness(facet: str) -> int:
    return 0 if facet in _HEAVY else 2 if facet in _DEAR else 1


def _facets(event: Event) -> Iterator[Event]:
    for owner in (event.get("run"), event.get("job"), event.get("dataset")):
        if isinstance(owner, dict) and isinstance(owner.get("facets"), dict):
            yield owner["facets"]
    for dataset in (*(event.get("inputs") or ()), *(event.get("outputs") or ())):
        for key in ("facets", "inputFacets", "outputFacets"):
            if isinstance(dataset.get(key), dict):
                yield dataset[key]
