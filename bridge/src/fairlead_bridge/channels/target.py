"""A channel as it is set up: what goes to it, when, and what it received last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from fairlead_bridge.channels import Channel
from fairlead_bridge.channels.message import Writer
from fairlead_bridge.channels.notice import (
    Notice,
    Received,
    notice,
    read_received,
    without_message,
    write_received,
)
from fairlead_bridge.channels.routes import Route, channels_of, owners_of
from fairlead_bridge.channels.schedule import Plan, Schedule
from fairlead_bridge.entries import AnyEntry, IncidentEntry
from fairlead_bridge.errors import Rejected, ServerFailed
from fairlead_bridge.model import Delivery, Kind
from fairlead_bridge.sinks import Later, Outcome, Prepared, Ready, Same, Target

#: Microseconds that another cause has to last before it is announced: while a failure is mended, the
#: cause moves on from task to task.
STABLE_AFTER = 60_000_000
#: Microseconds between two looks at a run that goes on, and for which its end is waited for at most.
RECHECK_AFTER, LONGEST_HOLD = 15_000_000, 3_600_000_000


def held_until(notice: Notice, before: Received, now: int) -> int:
    """
    When a change or an end may be announced: not before the job of the cause, which runs again, is
    done, for it may fail again; what became more severe or reached another owner is announced at once.
    """
    incident = notice.incident
    if notice.transition not in ("changed", "resolved") or before.status == "" or notice.reached:
        return now
    if notice.transition == "changed":
        if before.severity != incident.severity:
            return now
        if now < incident.changed_at + STABLE_AFTER:
            return incident.changed_at + STABLE_AFTER
    waits = incident.is_running and now < incident.changed_at + LONGEST_HOLD
    return now + RECHECK_AFTER if waits else now


@dataclass(frozen=True, slots=True)
class Item:
    """A notice on its way; `collected` ones go together."""

    notice: Notice
    collected: bool


class Pusher:
    """Pushes notices to a channel, as sinks push payloads."""

    kinds: frozenset[Kind] = frozenset({"incident"})

    def __init__(self, channel: Channel, writer: Writer) -> None:
        self.channel = channel
        self._writer = writer

    def render(self, entry: AnyEntry) -> None:
        """Nothing: what is sent depends on what the channel received before, see `ChannelTarget`."""

    def push(self, payloads: Sequence[Item]) -> Iterator[Outcome]:
        """Send each notice; those that are collected as one message, at their first one's turn."""
        collected = [item.notice for item in payloads if item.collected]
        of_digest: list[Outcome] = []
        for item in payloads:
            if not item.collected:
                yield self._outcome(self.write([item.notice]))
                continue
            if not of_digest:
                of_digest.append(self._outcome(self.write(collected)))
            yield of_digest[0]

    def write(self, notices: Sequence[Notice]) -> Any:
        """Return one notice, or several as a digest, in the channel's format."""
        if len(notices) == 1:
            return self.channel.render(self._writer.message(notices[0]))
        return self.channel.digest(self._writer.digest(notices))

    def title(self, notices: Sequence[Notice]) -> str:
        """The title of one notice, or of several as a digest."""
        if len(notices) == 1:
            return self._writer.message(notices[0]).title
        return self._writer.digest(notices).title

    def probe(self) -> list[str]:
        """As `Channel.probe`."""
        return self.channel.probe()

    def _outcome(self, payload: Any) -> Outcome:
        try:
            self.channel.send(payload)
        except (Rejected, ServerFailed) as error:  # this message; others may be taken
            return error
        return None


@dataclass(frozen=True, kw_only=True)
class ChannelTarget(Target):
    """A channel as a target of the outbox; its `sink` is the `pusher`."""

    pusher: Pusher
    channel: str
    routes: tuple[Route, ...]
    schedule: Schedule = field(default_factory=Schedule)

    def prepare(self, delivery: Delivery, entry: AnyEntry, now: int) -> Prepared:
        """Return the notice that is due, when it will be, or that there is none."""
        if not isinstance(entry, IncidentEntry):
            return Same(None)
        found = self.notice(entry, delivery.sent)
        if found is None:
            received = read_received(delivery.sent)
            after = without_message(entry, received)
            return Same(delivery.sent if after == received else write_received(after))
        plan = self.plan(entry, delivery.news_at, now)
        due_at = max(plan.due_at, held_until(found, read_received(delivery.sent), now))
        if due_at > now:
            return Later(due_at)
        collected = plan.collected and self.pusher.channel.collects
        group = "digest" if collected else found.id
        return Ready(Item(found, collected), write_received(found.received), group)

    def plan(self, incident: IncidentEntry, since: int, now: int) -> Plan:
        """When a message that came to be at `since` is sent, if that did not happen before `now`."""
        critical = incident.severity == "critical"
        plan = self.schedule.plan(since, critical=critical)
        allowed = now if critical else self.schedule.quiet_until(now)
        return Plan(max(plan.due_at, allowed) if allowed > now else plan.due_at, plan.collected)

    def notice(self, incident: IncidentEntry, sent: bytes | None) -> Notice | None:
        """Return the message that is due; routes say who is notified first, not who hears the end."""
        received = read_received(sent)
        unheard = received.status in ("", "resolved")
        if unheard and self.channel not in channels_of(self.routes, incident):
            return None
        has_own = self.pusher.channel.has_own_incidents
        owners = owners_of(self.routes, self.channel, incident)
        return notice(self.channel, incident, received, has_own_incidents=has_own, owners=owners)
