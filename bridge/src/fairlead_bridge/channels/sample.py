"""A message that says that it is a test. Pure."""

from __future__ import annotations

from fairlead_bridge.channels.notice import Notice, Received, notice
from fairlead_bridge.entries import AffectedAsset, IncidentEntry
from fairlead_bridge.model import Name

_HOUR = 3_600_000_000


def sample(channel: str, now: int, has_own_incidents: bool) -> list[Notice]:
    """
    Return a notice of an incident that there is not, made up at `now`, in microseconds.

    For a receiver that has incidents of its own, its end as well.
    """
    opened = _incident("open", now)
    first = notice(channel, opened, Received(), has_own_incidents=has_own_incidents)
    found = [first] if first is not None else []
    if has_own_incidents and first is not None:
        last = notice(channel, _incident("resolved", now), first.received, has_own_incidents=True)
        found += [last] if last is not None else []
    return found


def _incident(state: str, now: int) -> IncidentEntry:
    affected = AffectedAsset(
        "dataset:example:mart.revenue", "mart.revenue", "late", ("finance",), now + _HOUR
    )
    return IncidentEntry(
        Name("incident", 0),
        state="resolved" if state == "resolved" else "open",
        severity="warning",
        kind="failed_run",
        node="job:example:orders.load",
        label="orders.load",
        text="This is a test message of Fairlead; nothing failed",
        at=now,
        opened_at=now,
        detected_at=now,
        changed_at=now,
        resolved_at=now if state == "resolved" else None,
        dag_id="orders",
        path=("orders.load", "staging.orders", "mart.revenue"),
        affected=(affected,),
    )
