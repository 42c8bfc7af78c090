"""Forwarding events to a receiver."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from fairlead_bridge.entries import AnyEntry
from fairlead_bridge.model import Kind
from fairlead_bridge.sinks import Outcome
from fairlead_bridge.sinks.openlineage.events import Message, Words
from fairlead_bridge.sinks.openlineage.receivers import receiver
from fairlead_bridge.sinks.openlineage.settings import PRESETS, OpenLineageSettings
from fairlead_bridge.sinks.settings import SinkSettings


class OpenLineage:
    """Forwards events."""

    Settings: ClassVar[type[SinkSettings]] = OpenLineageSettings
    kinds: frozenset[Kind] = frozenset({"event"})

    def __init__(self, name: str, settings: OpenLineageSettings) -> None:
        self.name = name
        self._words = Words(settings)
        self._receiver = receiver(settings, PRESETS[settings.preset])

    @property
    def requests(self) -> int:
        """Requests made so far."""
        return self._receiver.requests

    def render(self, entry: AnyEntry) -> Message | None:
        """The event, or None where the receiver would not take it."""
        return self._words.of(entry)

    def push(self, payloads: Sequence[Message]) -> Iterator[Outcome]:
        """Send the events; one that fails holds back the later ones of its run."""
        return self._receiver.send(payloads)

    def probe(self) -> list[str]:
        """Whether a server answers there; no event is sent."""
        return self._receiver.probe()
