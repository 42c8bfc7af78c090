"""The facets of a run, or of its job at that time, out of the run's events."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead_bridge import masking
from fairlead_bridge.documents import Json
from fairlead_bridge.errors import Malformed
from fairlead_bridge.mapping import decode, salvage, times
from fairlead_bridge.mapping.decode import RawEvent, RawJob

Name = tuple[str, str]  # namespace, name
Facets = dict[str, tuple[int, Json]]


def latest_facets(
    events: Iterable[bytes], job: Name | None = None, until: int | None = None
) -> Facets:
    """
    (microseconds, body) of each facet of the run, or of this job, as it was last sent, by its name.

    `until` leaves out what was sent after that moment. Of two sent at one time the greater counts,
    as everywhere. Events that cannot be read give none.
    """
    found: dict[str, tuple[int, str, Json]] = {}
    for body in events:
        for name, at, facet in _of_event(body, job):
            candidate = (at, str(facet), facet)
            if until is not None and at > until:
                continue
            if name not in found or candidate[:2] > found[name][:2]:
                found[name] = candidate
    return {name: (at, masking.strictly(facet)) for name, (at, _, facet) in found.items()}


def _of_event(body: bytes, job: Name | None) -> Iterable[tuple[str, int, Json]]:
    try:
        event = salvage.event(body).event
        at = times.parse(event.eventTime) if event.eventTime is not None else None
        about = event.run if job is None else _job(event, job)
        facets = about.facets if about is not None else None
        for name in facets or {}:
            facet = decode.facet(facets, name)
            if at is not None and facet is not None:
                own = {k: v for k, v in facet.items() if k not in ("_producer", "_schemaURL")}
                yield decode.name(name), at, decode.plain(own)
    except (Malformed, RecursionError):
        return


def _job(event: RawEvent, named: Name) -> RawJob | None:
    """The event's job, if it is the one of this name."""
    job = event.job
    if job is None or (decode.namespace(job.namespace), decode.name(job.name or "")) != named:
        return None
    return job
