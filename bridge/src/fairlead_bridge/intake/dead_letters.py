"""A topic for the messages that go to quarantine, for those who watch Kafka instead of the bridge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fairlead_bridge.errors import Unavailable

if TYPE_CHECKING:
    from confluent_kafka import Message

#: Seconds for the brokers to take the messages.
_WITHIN = 30.0


class DeadLetters:
    """Sends messages on as they came, with the reason in the header `fairlead-reason`."""

    def __init__(self, config: Mapping[str, object], topic: str) -> None:
        from confluent_kafka import Producer

        self._producer: Any = Producer({**config, "enable.idempotence": True})
        self._topic = topic
        self._failures: list[str] = []

    def send(self, letters: Sequence[tuple[Message, str]]) -> None:
        """Send (message, reason). Raises Unavailable unless the brokers have taken all of them."""
        if not letters:
            return
        self._failures.clear()
        for message, reason in letters:
            place = f"{message.topic()}/{message.partition()}/{message.offset()}"
            self._producer.produce(
                self._topic,
                message.value(),
                key=message.key(),
                headers=[("fairlead-reason", reason.encode()), ("fairlead-from", place.encode())],
                on_delivery=self._delivered,
            )
        left = self._producer.flush(_WITHIN)
        failure = self._failures.pop() if self._failures else None
        if left or failure:
            reason = failure or "no broker took it in time"
            raise Unavailable(f"Kafka: the dead-letter topic {self._topic}: {reason}")

    def _delivered(self, error: Any, _message: Message) -> None:
        if error is not None:
            self._failures.append(error.str())
