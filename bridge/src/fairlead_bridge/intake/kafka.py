"""
The door for events that come through Kafka.

A message is an event (or an array of them), as OpenLineage's Kafka transport sends it. Offsets are
committed after the events are durable: a bridge that dies in between reads the same messages again,
and events that are there already are kept once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sa

from fairlead_bridge import inbox
from fairlead_bridge.db.engine import writing
from fairlead_bridge.errors import BadSettings, Unavailable
from fairlead_bridge.mapping.elements import TooMany, split

if TYPE_CHECKING:
    from confluent_kafka import Message

#: Messages taken at once, and the seconds to wait for the first.
_MESSAGES, _PATIENCE = 1000, 1.0


class Kafka:
    """
    Reads topics into the inbox.

    Any number of bridges may share a `group`: Kafka shares the partitions out among them. `now`
    gives microseconds since the epoch. Raises BadSettings where the client library is missing.
    """

    def __init__(
        self,
        engine: sa.Engine,
        servers: Sequence[str],
        topics: Sequence[str],
        group: str,
        now: Callable[[], int],
    ) -> None:
        try:
            from confluent_kafka import Consumer  # heavy, and only some need it
        except ModuleNotFoundError as error:
            raise BadSettings(
                "Kafka needs its client: pip install 'fairlead-bridge[kafka]'"
            ) from error
        self._engine = engine
        self._now = now
        self._consumer: Any = Consumer(
            {
                "bootstrap.servers": ",".join(servers),
                "group.id": group,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "allow.auto.create.topics": True,
                "log.connection.close": False,
            }
        )
        self._consumer.subscribe(list(topics))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._consumer.close()

    def __call__(self) -> int:
        """
        Keep what has come; returns how many messages that was.

        Raises Unavailable where Kafka cannot be read now, and whatever the database raises; the
        messages come again then.
        """
        taken = self._consumer.consume(_MESSAGES, _PATIENCE)
        messages = [message for message in taken if message.error() is None]
        if messages:
            self._keep(messages)
        for message in taken:
            if message.error() is not None:
                raise Unavailable(f"Kafka: {message.error().str()}")
        return len(messages)

    def _keep(self, messages: Sequence[Message]) -> None:
        try:
            with writing(self._engine) as tx:
                inbox.put(tx, _bodies(messages), "kafka", self._now())
        except Exception:
            self._go_back(messages)
            raise
        self._consumer.commit(asynchronous=False)

    def _go_back(self, messages: Sequence[Message]) -> None:
        """Read these again: the client counts them as read, but they were not kept."""
        from confluent_kafka import TopicPartition

        first: dict[tuple[str, int], int] = {}
        for message in messages:
            place = (message.topic() or "", message.partition() or 0)
            first.setdefault(place, message.offset() or 0)
        for (topic, partition), offset in first.items():
            self._consumer.seek(TopicPartition(topic, partition, offset))


def _bodies(messages: Sequence[Message]) -> list[bytes]:
    bodies: list[bytes] = []
    for message in messages:
        value = message.value()
        if not value:  # a message without a value is a tombstone: it says nothing
            continue
        body = bytes(value)
        try:
            bodies.extend(split(body))
        except TooMany:
            bodies.append(body)
    return bodies
