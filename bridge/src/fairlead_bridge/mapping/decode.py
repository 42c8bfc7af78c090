"""
The shape of an OpenLineage event, as loosely as senders keep to it.

Facets stay raw bytes: only those that are read are decoded, and a facet whose bytes are known is
not read again.
"""

from __future__ import annotations

from typing import Any

import msgspec

from fairlead_bridge.errors import Malformed

Facets = dict[str, msgspec.Raw]


class RawRun(msgspec.Struct):
    runId: str | None = None  # noqa: N815  (OpenLineage's name)
    facets: Facets | None = None


class RawJob(msgspec.Struct):
    namespace: str | None = None
    name: str | None = None
    facets: Facets | None = None


class RawDataset(msgspec.Struct):
    namespace: str | None = None
    name: str | None = None
    facets: Facets | None = None
    inputFacets: Facets | None = None  # noqa: N815
    outputFacets: Facets | None = None  # noqa: N815


class RawEvent(msgspec.Struct):
    eventTime: str | int | float | None = None  # noqa: N815
    eventType: str | None = None  # noqa: N815
    run: RawRun | None = None
    job: RawJob | None = None
    dataset: RawDataset | None = None
    inputs: list[RawDataset] | None = None
    outputs: list[RawDataset] | None = None


_event = msgspec.json.Decoder(RawEvent)
_facet = msgspec.json.Decoder(dict[str, Any])


def event(body: bytes) -> RawEvent:
    """The event in `body`. Raises Malformed with the place and the reason."""
    try:
        return _event.decode(body)
    except msgspec.ValidationError as error:
        raise Malformed(f"not an OpenLineage event: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"not JSON: {error}") from error


def facet(facets: Facets | None, name: str) -> dict[str, Any] | None:
    """One facet, decoded; None where it is absent, null, or not an object."""
    raw = facets.get(name) if facets else None
    if raw is None:
        return None
    try:
        return _facet.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
