"""A channel that records what it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from typing import Any

from fairlead_bridge.channels.message import Digest, Message, Writer
from fairlead_bridge.channels.routes import Route
from fairlead_bridge.channels.schedule import Quiet, Schedule
from fairlead_bridge.channels.target import ChannelTarget, Pusher
from fairlead_bridge.errors import Rejected
from tests.support.channels.incidents import BERLIN

NIGHT = Schedule(quiet=(Quiet(time(22), time(7), BERLIN),))


class Recorder:
    """A channel that takes everything but what it is to refuse."""

    def __init__(self, *, collects: bool = True, has_own_incidents: bool = False) -> None:
        self.collects = collects
        self.has_own_incidents = has_own_incidents
        self.sent: list[list[int]] = []
        self.refuse: set[int] = set()

    def render(self, message: Message) -> list[int]:
        return [message.incident.name.id]

    def digest(self, digest: Digest) -> list[int]:
        return [message.incident.name.id for message in digest.messages]

    def send(self, payload: list[int]) -> None:
        if self.refuse & set(payload):
            raise Rejected("no")
        self.sent.append(payload)

    def probe(self) -> list[str]:
        return []


def target(
    schedule: Schedule | None = None, routes: Sequence[Route] = (Route(("c",)),), **about: Any
) -> ChannelTarget:
    pusher = Pusher(Recorder(**about), Writer(BERLIN))
    return ChannelTarget(
        name="notify:c",
        type="recorder",
        sink=pusher,
        kinds=pusher.kinds,
        pusher=pusher,
        channel="c",
        routes=tuple(routes),
        schedule=schedule or Schedule(),
    )
