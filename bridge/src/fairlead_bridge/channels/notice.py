"""
When an incident is worth a message. Pure.

One message when it opens, one when its cause or severity changes or it reaches another owner whom
the channel is for, one when it resolves; none while it is muted. What a channel received last is kept with its delivery as a few bytes, `Received`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import msgspec

from fairlead_bridge import ids
from fairlead_bridge.entries import IncidentEntry

#: Characters of a text that are stored.
_LONGEST_TEXT = 500
Owners = Mapping[str, Sequence[str]]
Transition = Literal["opened", "changed", "acknowledged", "resolved", "reopened"]


class Received(msgspec.Struct, frozen=True, array_like=True):
    """What a channel has received of an incident; `status` is empty where it was no message yet."""

    count: int = 0  # messages so far
    status: Literal["", "open", "acknowledged", "resolved"] = ""
    severity: str = ""
    cause: str = ""
    muted: bool = False
    text: str = ""  # of the root cause, as it was announced
    #: The patterns of owners whom the channel is for that the incident had reached; None: not recorded.
    owners: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to be sent to one channel; `id` is the same however often it is sent."""

    id: str
    incident: IncidentEntry
    transition: Transition
    received: Received  # what the channel has received once this is delivered
    text: str  # the root cause in one sentence; of what resolved, as it was announced
    reached: tuple[str, ...] = ()  # owners whom it did not affect when it was announced last


def read_received(sent: bytes | None) -> Received:
    """Return what a delivery's digest says; what is not readable was never delivered."""
    try:
        return msgspec.msgpack.decode(sent or b"", type=Received)
    except msgspec.MsgspecError:
        return Received()


def write_received(received: Received) -> bytes:
    """Return the bytes that `read_received` reads."""
    return msgspec.msgpack.encode(received)


def cause_of(incident: IncidentEntry) -> str:
    """The identity of the root cause. A later run that fails or waits at the same node is the same."""
    return incident.node


def notice(
    channel: str,
    incident: IncidentEntry,
    received: Received,
    *,
    has_own_incidents: bool = False,
    owners: Owners = MappingProxyType({}),
) -> Notice | None:
    """
    Return the message that the channel has yet to receive of the incident, None where none is due.

    `has_own_incidents`: the receiver has an incident of its own for each, so it receives
    acknowledgements, and of the end of what was muted meanwhile. `owners`: those by whom routes lead
    the incident to the channel, by the patterns that they match; each pattern is announced once.
    """
    transition = _transition(incident, received, has_own_incidents)
    reached = _reached(incident, received, owners)
    if reached and transition in (None, "acknowledged"):
        transition = "changed"
    if transition is None:
        return None
    status = "open" if incident.state == "muted" else incident.state
    known = transition in ("resolved", "acknowledged") and received.text
    text = received.text if known else incident.text
    cause = cause_of(incident)
    every = (
        tuple(dict.fromkeys((*(received.owners or ()), *owners))) if status != "resolved" else ()
    )
    after = Received(
        received.count + 1, status, incident.severity, cause, False, text[:_LONGEST_TEXT], every
    )
    id = _id(channel, incident, after, transition)
    return Notice(id, incident, transition, after, text, reached)


def _reached(incident: IncidentEntry, received: Received, owners: Owners) -> tuple[str, ...]:
    """The owners for whom the channel has not heard of the incident, where it has heard of it."""
    over = incident.state in ("muted", "resolved") or received.status in ("", "resolved")
    if over or received.owners is None:
        return ()
    found = [names for pattern, names in owners.items() if pattern not in received.owners]
    return tuple(dict.fromkeys(name for names in found for name in names))


def without_message(incident: IncidentEntry, received: Received) -> Received:
    """Return what is known of the channel after the incident was looked at and no message due."""
    muted = incident.state == "muted" or (received.muted and incident.state == "resolved")
    return received if received.muted == muted else msgspec.structs.replace(received, muted=muted)


def _transition(
    incident: IncidentEntry, received: Received, has_own_incidents: bool
) -> Transition | None:
    if incident.state == "muted":
        return None
    if incident.state == "resolved":
        return "resolved" if _end_is_due(received, has_own_incidents) else None
    if received.status == "":
        return "opened"
    if received.status == "resolved":
        return "reopened"
    if (received.severity, received.cause) != (incident.severity, cause_of(incident)):
        return "changed"
    acknowledged = incident.state == "acknowledged" and received.status == "open"
    return "acknowledged" if acknowledged and has_own_incidents else None


def _end_is_due(received: Received, has_own_incidents: bool) -> bool:
    if received.status == "resolved":
        return False
    if (
        received.status == ""
    ):  # over before it was announced; there is nothing to close in the receiver
        return not received.muted and not has_own_incidents
    return has_own_incidents or not received.muted


def _id(channel: str, incident: IncidentEntry, after: Received, transition: str) -> str:
    parts = (
        *(channel, incident.name.id, incident.opened_at, transition),
        *(after.count, after.status, after.severity, after.cause),
    )
    return f"msg_{ids.digest(chr(31).join(map(str, parts)).encode()).hex()}"
