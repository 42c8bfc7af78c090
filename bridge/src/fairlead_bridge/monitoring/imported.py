"""
Whether what is seen is a history that is being imported.

An import brings old runs one after the other, so that for a moment the newest one that is known may
be a failure of weeks ago. Old evidence opens nothing until no more of it has come for a while.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.queries.snapshot import Snapshot, among

_MINUTE = 60_000_000
#: Evidence is old from this age on; it counts when its events were received so long ago
#: (microseconds).
OLD, STABLE_AFTER = 24 * 60 * _MINUTE, 10 * _MINUTE

_RECEIVED = (
    sa.select(t.run_event.c.run_id, sa.func.max(t.event.c.received_at).label("received_at"))
    .join_from(t.run_event, t.event, t.event.c.id == t.run_event.c.event_id)
    .where(among(t.run_event.c.run_id))
    .group_by(t.run_event.c.run_id)
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The newest sign that something is wrong (microseconds), and the runs that showed it."""

    at: int
    runs: tuple[int, ...]


def until(snapshot: Snapshot, evidence: Mapping[int, Evidence]) -> dict[int, int]:
    """Until when each node waits, of those whose old evidence has only just been received."""
    old = {id: each for id, each in evidence.items() if each.at < snapshot.now - OLD}
    runs = {run for each in old.values() for run in each.runs}
    received = {row.run_id: row.received_at for row in snapshot.each(_RECEIVED, runs)}
    found = {}
    for id, each in old.items():
        newest = max((received[run] for run in each.runs if run in received), default=None)
        if newest is not None and newest + STABLE_AFTER > snapshot.now:
            found[id] = newest + STABLE_AFTER
    return found
