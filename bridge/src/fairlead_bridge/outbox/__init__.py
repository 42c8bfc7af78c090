"""
Which catalog entries each sink has yet to receive.

The outbox holds names, not payloads. A sink that was away for a day receives the current state of
an entry, once, and not every change in between.

One worker at a time delivers to a sink, under a lease: so entries arrive in order, and a sink that
asks for a pause gets it from every process. Times are microseconds since the epoch.
"""

from __future__ import annotations

from fairlead_bridge.outbox.progress import Count, counts
from fairlead_bridge.outbox.queue import (
    LEASE,
    Delivered,
    GivenUp,
    Gone,
    Interests,
    Postponed,
    Result,
    behind,
    claim,
    postpone,
    put,
    reclaim,
    record_outcomes,
    release,
    rest,
)
from fairlead_bridge.outbox.upkeep import (
    changed_again,
    drop_entries,
    drop_sink,
    forget,
    redeliver_all,
    retry_rejected,
    undelivered_events,
)

__all__ = [
    "LEASE",
    "Count",
    "Delivered",
    "GivenUp",
    "Gone",
    "Interests",
    "Postponed",
    "Result",
    "behind",
    "changed_again",
    "claim",
    "counts",
    "drop_entries",
    "drop_sink",
    "forget",
    "postpone",
    "put",
    "reclaim",
    "record_outcomes",
    "redeliver_all",
    "release",
    "rest",
    "retry_rejected",
    "undelivered_events",
]
