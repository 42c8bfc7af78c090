"""Events as entries: the bytes that came, but for secrets, and the run they are about."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import zstandard

from fairlead_bridge import masking
from fairlead_bridge.db import tables as t
from fairlead_bridge.entries import EventEntry
from fairlead_bridge.model import Name
from fairlead_bridge.queries.snapshot import Snapshot


def events(snapshot: Snapshot, wanted: Collection[int]) -> Iterator[EventEntry]:
    if not wanted:
        return
    unpack = zstandard.ZstdDecompressor().decompress
    event_id = t.run_event.c.event_id
    runs = {row.event_id: row.run_id for row in snapshot.where(event_id, wanted)}
    for row in snapshot.where(t.event.c.id, wanted):
        yield EventEntry(Name("event", row.id), masking.body(unpack(row.body)), runs.get(row.id))
