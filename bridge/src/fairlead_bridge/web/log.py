"""Received events as callers may see them: without what they say of namespaces that are not seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import msgspec

from fairlead_bridge import inbox
from fairlead_bridge.access.redact import redacted
from fairlead_bridge.inbox import Quarantined, StoredEvent
from fairlead_bridge.queries.snapshot import Snapshot


def events(snapshot: Snapshot, event_ids: Sequence[int]) -> list[StoredEvent]:
    """The events of these ids that the log holds and the caller sees, oldest first."""
    return _in_scope(snapshot, inbox.events(snapshot.tx, event_ids))


def events_of(snapshot: Snapshot, run_ids: Sequence[int], limit: int = 200) -> list[StoredEvent]:
    """The events about these runs, each once, oldest first."""
    return _in_scope(snapshot, inbox.events_of(snapshot.tx, run_ids, limit))


def quarantined(snapshot: Snapshot, limit: int, before: int | None = None) -> list[Quarantined]:
    """Events in quarantine, newest first; those with ids less than `before`, if given."""
    found = inbox.quarantined(snapshot.tx, limit, before)
    stored = _in_scope(snapshot, (each.event for each in found))
    return [replace(each, event=event) for each, event in zip(found, stored, strict=True)]


def _in_scope(snapshot: Snapshot, stored: Iterable[StoredEvent]) -> list[StoredEvent]:
    if snapshot.scope.sees_all:
        return list(stored)
    return [replace(each, body=_body(snapshot, each.body)) for each in stored]


def _body(snapshot: Snapshot, body: bytes) -> bytes:
    """Nothing where it cannot be read, and so cannot be searched for names."""
    try:
        return msgspec.json.encode(redacted(snapshot.scope, msgspec.json.decode(body)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return b""
