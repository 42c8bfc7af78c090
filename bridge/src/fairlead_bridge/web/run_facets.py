"""The facets of a run, all of them, out of its events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fairlead_bridge import masking
from fairlead_bridge.errors import Malformed
from fairlead_bridge.mapping import decode, salvage, times


def told(events: Iterable[bytes]) -> dict[str, tuple[int, dict[str, Any]]]:
    """
    (microseconds, body) of each run facet as it was last told, by its name.

    Of two told at one time the greater counts, as everywhere. Events that cannot be read give none.
    """
    found: dict[str, tuple[int, str, dict[str, Any]]] = {}
    for body in events:
        for name, at, facet in _of_event(body):
            candidate = (at, str(facet), facet)
            if name not in found or candidate[:2] > found[name][:2]:
                found[name] = candidate
    return {name: (at, masking.strictly(facet)) for name, (at, _, facet) in found.items()}


def _of_event(body: bytes) -> Iterable[tuple[str, int, dict[str, Any]]]:
    try:
        event = salvage.event(body).event
        at = times.parse(event.eventTime) if event.eventTime is not None else None
        facets = event.run.facets if event.run is not None else None
        for name in facets or {}:
            facet = decode.facet(facets, name)
            if at is not None and facet is not None:
                own = {k: v for k, v in facet.items() if k not in ("_producer", "_schemaURL")}
                yield decode.name(name), at, decode.plain(own)
    except (Malformed, RecursionError):
        return
