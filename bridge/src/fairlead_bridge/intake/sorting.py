"""Sorts what came in one request or message: the events to absorb, and those that their sender may not send."""

from __future__ import annotations

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
    if not caller.namespaces.has_all:
        return _limited(events, strict is not None, caller)
    flaws = {
        index: flaw
        for index, event in enumerate(events)
        if not (strict and looks_like_event(event)) and (flaw := outline(event))
    }
    return Received(events, flaws)


def _limited(events: list[bytes], strict: bool, caller: Caller) -> Received:
    """The events of a caller who may send to some namespaces; `strict`: of an array that is JSON."""
    flaws: dict[int, str] = {}
    refused: set[int] = set()
    allowed = caller.namespaces
    for index, event in enumerate(events):
        if strict and looks_like_event(event):
            namespace = place.namespace(event)
        else:
            flaw, namespace = place.look(event)
            if flaw:
                flaws[index] = flaw
        if namespace is not None and namespace in allowed:
            continue
        why = _why_not(event, namespace, caller)
        if why:
            flaws[index] = why
            refused.add(index)
    return Received(events, flaws, frozenset(refused))


def _why_not(event: bytes, namespace: str | None, caller: Caller) -> str | None:
    """Why the caller may not send the event, which is for a namespace that is not theirs, or for none."""
    who = f"the key {caller.name}" if caller.method == "key" else caller.name
    if namespace is not None:
        patterns = ", ".join(caller.namespaces.patterns)
        return f"{who} sends to the namespace {namespace!r}, and may send to {patterns} only"
    return f"{who} sends an array in an array: send plain events" if is_array(event) else None


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
