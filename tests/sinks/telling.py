"""Telling a sink of entries, without the outbox."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead_bridge.entries import AnyEntry
from fairlead_bridge.errors import Rejected, Unavailable
from fairlead_bridge.sinks import Outcome, Target


def tell(told: Target, *entries: AnyEntry) -> list[Outcome]:
    payloads = [told.sink.render(entry) for entry in entries]
    return list(told.sink.push([payload for payload in payloads if payload is not None]))


def tell_in_bad_weather(told: Target, entries: Iterable[AnyEntry], rounds: int = 600) -> None:
    """Tell again what was not taken until all of it is; nothing may be refused for good."""
    left = [told.sink.render(entry) for entry in entries]
    for _ in range(rounds):
        again, outcomes = [], told.sink.push(left)
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
    raise AssertionError(f"{len(left)} entries were not taken in {rounds} rounds")
