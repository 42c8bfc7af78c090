"""
Intake of events from Kafka topics.

A message is an event (or an array of them), as OpenLineage's Kafka transport sends it. Offsets are
committed after the events are durable: a bridge that dies in between reads the same messages again,
and events that are there already are stored once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sa

from fairlead_bridge import inbox, telemetry
from fairlead_bridge.db.engine import writing
from fairlead_bridge.errors import BadSettings, Unavailable
from fairlead_bridge.mapping.elements import split

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message

#: Messages taken at once, and the seconds to wait for the first.
_MESSAGES, _PATIENCE = 1000, 1.0
#: Seconds between two questions whether Kafka is there, and for the answer.
_ASK_EVERY, _ANSWER_WITHIN = 10.0, 5.0


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
                "Kafka needs its client, which the extra `kafka` of fairlead-bridge installs"
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
                "error_cb": self._complain,
            }
        )
        self._consumer.subscribe(list(topics))
        self._servers = ", ".join(servers)
        self._complaint: str | None = None  # the client's newest complaint
        self._asked = -_ASK_EVERY
        self.lag: int | None = None  # messages not yet read; None before the first answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the group, so that the others read on at once."""
        self._consumer.close()

    def __call__(self) -> int:
        """
        Store what has come; returns how many messages that was.

        Raises Unavailable where Kafka cannot be read now, and whatever the database raises; the
        messages come again then.
        """
        taken = self._consumer.consume(_MESSAGES, _PATIENCE)
        messages = [message for message in taken if message.error() is None]
        if messages:
            self._store(messages)
            telemetry.KAFKA_MESSAGES.inc(len(messages))
        for message in taken:
            if message.error() is not None:
                raise Unavailable(f"Kafka: {message.error().str()}")
        if time.monotonic() - self._asked >= _ASK_EVERY:
            self._ask()
        return len(messages)

    def _complain(self, error: KafkaError) -> None:
        self._complaint = error.str()

    def _ask(self) -> None:
        """
        Whether a broker answers, and how far behind we are.

        Raises Unavailable where none does: the client itself only waits, as if nothing had come.
        """
        from confluent_kafka import KafkaException

        try:
            self._consumer.list_topics(timeout=_ANSWER_WITHIN)
            self.lag = self._lag()
        except KafkaException as error:
            reason = self._complaint or error.args[0].str()
            raise Unavailable(f"no broker of {self._servers} answers: {reason}") from error
        telemetry.KAFKA_LAG.set(self.lag)
        self._asked = time.monotonic()
        self._complaint = None

    def _lag(self) -> int:
        total = 0
        for place in self._consumer.position(self._consumer.assignment()):
            ends = self._consumer.get_watermark_offsets(place, timeout=_ANSWER_WITHIN)
            low, high = ends or (0, 0)  # None: the broker took too long
            read = place.offset
            if read < 0:  # nothing came since we were given this partition
                (committed,) = self._consumer.committed([place], timeout=_ANSWER_WITHIN)
                read = committed.offset if committed.offset >= 0 else low
            total += max(high - read, 0)
        return total

    def _store(self, messages: Sequence[Message]) -> None:
        try:
            with writing(self._engine) as tx:
                inbox.put(tx, _bodies(messages), "kafka", self._now())
        except Exception:
            self._go_back(messages)
            raise
        self._consumer.commit(asynchronous=False)

    def _go_back(self, messages: Sequence[Message]) -> None:
        """Read these again: the client counts them as read, but they were not stored."""
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
        except Exception:  # noqa: BLE001  (stored whole, so that the messages behind it are read)
            bodies.append(body)
    return bodies
