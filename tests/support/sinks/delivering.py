"""Delivers entries to a sink, without the outbox."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead_bridge.entries import AnyEntry
from fairlead_bridge.errors import Rejected, Unavailable
from fairlead_bridge.sinks import Outcome, Target


def deliver(target: Target, *entries: AnyEntry) -> list[Outcome]:
    payloads = [target.sink.render(entry) for entry in entries]
    return list(target.sink.push([payload for payload in payloads if payload is not None]))


def deliver_in_bad_weather(target: Target, entries: Iterable[AnyEntry], rounds: int = 600) -> None:
    """Deliver until all entries are accepted; none may be rejected."""
    left = [target.sink.render(entry) for entry in entries]
    for _ in range(rounds):
        again, outcomes = [], target.sink.push(left)
        for n, payload in enumerate(left):
            try:
                outcome = next(outcomes)
            except Unavailable:
                again += left[n:]
                break
            assert not isinstance(outcome, Rejected)
            if outcome is not None:
                again.append(payload)
        left = again
        if not left:
            return
    raise AssertionError(f"{len(left)} entries were not accepted in {rounds} rounds")
