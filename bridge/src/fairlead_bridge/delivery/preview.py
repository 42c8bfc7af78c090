"""Dry run of notification rules: which messages they would have sent over past days."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from fairlead_bridge.access.scope import Scope, seeing
from fairlead_bridge.channels.target import ChannelTarget, Item
from fairlead_bridge.db import tables as t
from fairlead_bridge.entries import IncidentEntry
from fairlead_bridge.model import Delivery, Name
from fairlead_bridge.queries.entry.incidents import incidents
from fairlead_bridge.queries.incidents import CHANGES, JOINED
from fairlead_bridge.queries.snapshot import Snapshot
from fairlead_bridge.sinks import Later, Ready, Same

_e = t.incident_entry.c
#: What may be worth a message.
_NOTABLE = (*CHANGES, JOINED)


#: An incident, by its id, as it was at a moment; None where it is as it was.
Look = Callable[[int, int], IncidentEntry | None]


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that would have been sent; of a digest, with all of its incidents."""

    at: int  # microseconds
    channel: str
    title: str
    incidents: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """An incident as it was right after something happened to it."""

    at: int
    incident: IncidentEntry


def preview(
    db: sa.Engine, targets: Sequence[ChannelTarget], since: int, until: int, lost_after: float
) -> list[Sent]:
    """
    Return the messages that the channels would have received between two times, oldest first.

    Times are in microseconds; `lost_after`, in seconds, is as for all reads. Receivers count as
    always there. Nothing is sent and nothing changed.
    """
    by_scope: dict[Scope, list[ChannelTarget]] = defaultdict(list)
    for target in targets:
        by_scope[target.scope].append(target)
    found: list[Sent] = []
    for scope, seeing_it in by_scope.items():
        with seeing(db, scope) as tx:
            past = _Past(tx, lost_after, scope)
            changes = list(past.changes(since, until))
            for target in seeing_it:
                found += simulate(target, changes, until, past.look)
    return sorted((it for it in found if it.at >= since), key=lambda it: (it.at, it.channel))


@dataclass(frozen=True, slots=True)
class _Past:
    """Incidents as they were, in a transaction of a scope."""

    tx: sa.Connection
    lost_after: float
    scope: Scope

    def changes(self, since: int, until: int) -> Iterator[Change]:
        """All changes, from their beginning, of the incidents that changed between the two times."""
        notable = _e.what.in_(_NOTABLE)
        recent = sa.select(_e.incident_id).where(_e.at >= since, _e.at < until, notable)
        moments = (
            sa.select(_e.at, _e.incident_id)
            .where(_e.incident_id.in_(recent), _e.at < until, notable)
            .distinct()
            .order_by(_e.at, _e.incident_id)
        )
        for at, number in self.tx.execute(moments).all():
            incident = self.look(number, at)
            if incident is not None:
                yield Change(at, incident)

    def look(self, number: int, at: int) -> IncidentEntry | None:
        snapshot = Snapshot(self.tx, at, self.lost_after, past=True, scope=self.scope)
        return next(incidents(snapshot, [number]), None)


@dataclass(slots=True)
class _State:
    """What the outbox would have of one incident."""

    incident: IncidentEntry
    since: int
    waits: bool = True
    sent: bytes | None = None

    def take(self, change: Change) -> None:
        if not self.waits:
            self.since = change.at
        self.incident, self.waits = change.incident, True


@dataclass(slots=True)
class _Outbox:
    target: ChannelTarget
    states: dict[int, _State] = field(default_factory=dict)

    def take(self, change: Change) -> None:
        key = change.incident.name.id
        if key in self.states:
            self.states[key].take(change)
        else:
            self.states[key] = _State(change.incident, change.at)

    def look(self, look: Look, key: int, now: int) -> None:
        """What waited is read anew, as it is by then."""
        found = look(key, now) if self.states[key].waits else None
        if found is not None:
            self.states[key].incident = found

    def due(self, keys: Iterable[int], now: int) -> tuple[list[Item], list[tuple[int, int]]]:
        """What is sent now, and (time, incident) of what is later."""
        items, later = [], []
        for key in keys:
            state = self.states[key]
            if not state.waits:
                continue
            name = Name("incident", key)
            delivery = Delivery(self.target.name, name, 1, 0, state.sent, state.since)
            match self.target.prepare(delivery, state.incident, now):
                case Ready(payload=payload, fingerprint=fingerprint):
                    state.sent, state.waits = fingerprint, False
                    items.append(payload)
                case Same(fingerprint=fingerprint):
                    state.sent, state.waits = fingerprint, False
                case Later(due_at=due_at):
                    later.append((due_at, key))
        return items, later


def simulate(
    target: ChannelTarget,
    changes: Iterable[Change],
    until: int,
    look: Look = lambda _number, _at: None,
) -> Iterator[Sent]:
    """
    The messages of one channel, of changes in time order, as far as they are due before `until`.

    `look` reads an incident anew, as it was at a moment.
    """
    outbox = _Outbox(target)
    queue: list[tuple[int, int, int, Change | None]] = []
    for number, change in enumerate(changes):
        heapq.heappush(queue, (change.at, number, change.incident.name.id, change))
    count = len(queue)
    while queue and queue[0][0] < until:
        now, keys = queue[0][0], []
        while queue and queue[0][0] == now:
            _, _, key, change_now = heapq.heappop(queue)
            if change_now is not None:
                outbox.take(change_now)
            else:
                outbox.look(look, key, now)
            keys.append(key)
        items, later = outbox.due(dict.fromkeys(keys), now)
        for due_at, key in later:
            count += 1
            heapq.heappush(queue, (due_at, count, key, None))
        yield from _messages(target, items, now)


def _messages(target: ChannelTarget, items: Sequence[Item], now: int) -> Iterator[Sent]:
    collected = [item.notice for item in items if item.collected]
    groups = [[item.notice] for item in items if not item.collected]
    for notices in (*groups, *([collected] if collected else [])):
        title = target.pusher.title(notices)
        yield Sent(now, target.channel, title, tuple(it.incident.name.id for it in notices))
