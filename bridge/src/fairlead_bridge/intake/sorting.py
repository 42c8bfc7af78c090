"""Sorts what came in one request or message: the events to absorb, and those that their sender may not send."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fairlead_bridge.access.caller import Caller
from fairlead_bridge.mapping import place
from fairlead_bridge.mapping.decode import looks_like_event, outline
from fairlead_bridge.mapping.elements import is_array, split, split_strictly


@dataclass(frozen=True, slots=True)
class Received:
    """
    The events of one request or message, and what is known to be wrong with some: reasons by index. Those that
    the sender may not send are `refused`.
    """

    events: list[bytes]
    flaws: dict[int, str]
    refused: frozenset[int] = frozenset()


def sort(body: bytes, caller: Caller) -> Received:
    """The events of the body, an array or one event. Raises TooManyElements."""
    strict = split_strictly(body)
    events = split(body) if strict is None else strict
    flaws = {
        index: flaw
        for index, event in enumerate(events)
        if not (strict and looks_like_event(event)) and (flaw := outline(event))
    }
    refused = {} if caller.namespaces.has_all else dict(_refused(events, caller))
    return Received(events, flaws | refused, frozenset(refused))


def _refused(events: Sequence[bytes], caller: Caller) -> Iterator[tuple[int, str]]:
    """The events that the caller may not send: why, by index."""
    who = f"the key {caller.name}" if caller.method == "key" else caller.name
    namespace_of, allowed = place.namespace, caller.namespaces
    for index, event in enumerate(events):
        namespace = namespace_of(event)
        if namespace is not None and namespace in allowed:
            continue
        if namespace is not None:
            patterns = ", ".join(caller.namespaces.patterns)
            why = f"sends to the namespace {namespace!r}, and may send to {patterns} only"
            yield index, f"{who} {why}"
        elif is_array(event):
            yield index, f"{who} sends an array in an array: send plain events"


def parted(received: Received) -> tuple[list[bytes], list[tuple[bytes, str]]]:
    """The events to absorb, and those that are refused with their reasons."""
    if not received.refused:
        return received.events, []
    parted = [
        (index in received.refused, event, received.flaws.get(index, ""))
        for index, event in enumerate(received.events)
    ]
    absorbed = [event for refused, event, _ in parted if not refused]
    return absorbed, [(event, why) for refused, event, why in parted if refused]
