"""
Notification channels: one file each; none knows of another, nor of the database.

A channel is a class with four methods. `render` and `digest` are pure: they write a message, or many
as one, in the receiver's format. `send` sends what they return. `probe` is for people.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

from fairlead_bridge.channels.message import Digest, Message

#: A message in the receiver's format.
Payload: TypeAlias = Any

#: Seconds that one exchange with a receiver takes at most.
LONGEST_EXCHANGE = 30.0


class Channel(Protocol):
    """A receiver of messages. Constructed as `Type(settings)`; see `channels.settings`."""

    #: Whether several incidents may go to it in one message.
    collects: bool
    #: Whether it has incidents of its own, which have to be acknowledged and resolved there.
    has_own_incidents: bool

    def render(self, message: Message) -> Payload:
        """Return the message in the receiver's format, within its limits of size."""

    def digest(self, digest: Digest) -> Payload:
        """Return several messages as one, within the receiver's limits of size."""

    def send(self, payload: Payload) -> None:
        """
        Send it. Raises Rejected where this message cannot be delivered, ServerFailed where the receiver
        failed on it, and Unavailable where no message can be delivered now.
        """

    def probe(self) -> list[str]:
        """
        Check address and credentials as far as that is possible without sending a message.

        Returns what was found, in sentences. Raises Rejected or Unavailable with what to do.
        """
