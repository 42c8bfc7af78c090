"""The namespace that an event writes to, as translating it would read it. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from fairlead_bridge.errors import Malformed, TooDeep
from fairlead_bridge.mapping import decode, salvage


class _Named(msgspec.Struct):
    namespace: str | None = None


class _Places(msgspec.Struct):
    run: msgspec.Raw = msgspec.Raw(b"null")
    job: _Named | None = None
    dataset: _Named | None = None


_places = msgspec.json.Decoder(_Places)
_named = msgspec.json.Decoder(_Named)
_NULL = msgspec.Raw(b"null")


def look(body: bytes) -> tuple[str | None, str | None]:
    """
    What `decode.outline` and `namespace` return, in one reading where the event is a job's.

    Every event that a key of some namespaces sends alone comes here.
    """
    try:
        found = decode.OUTLINE.decode(body)
        if found.eventTime != _NULL and found.job != _NULL:
            return None, decode.namespace(_named.decode(found.job).namespace)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    return decode.outline(body), namespace(body)


def namespace(body: bytes) -> str | None:
    """
    The namespace of the event's job, or of its dataset where it is about a dataset alone.

    None where that is unknown: what is no event, or several in an array.
    """
    try:
        found = _places.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _salvaged(body)
    job = found.job
    if job is not None:  # most are of a job
        return decode.namespace(job.namespace)
    return _of(found, found.run != _NULL)


def _of(event: Any, has_run: bool) -> str:
    about_dataset = event.dataset is not None and event.job is None and not has_run
    named = event.dataset if about_dataset else event.job
    return decode.namespace(named.namespace if named else None)


def _salvaged(body: bytes) -> str | None:
    try:
        found = salvage.event(body).event
    except (TooDeep, RecursionError):
        try:
            found = salvage.without_depths(body).event
        except Malformed:
            return None
    except Malformed:
        return None
    return _of(found, found.run is not None)
