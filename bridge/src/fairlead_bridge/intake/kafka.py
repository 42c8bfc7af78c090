"""
Intake of events from Kafka topics.

A message is an event (or an array of them), as OpenLineage's Kafka transport sends it. Offsets are
committed after the events are durable: a bridge that dies in between reads the same messages again,
and events that are there already are stored once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

import sqlalchemy as sa

from fairlead_bridge import inbox, telemetry
from fairlead_bridge.access.caller import Caller, Namespaces
from fairlead_bridge.db.engine import writing
from fairlead_bridge.errors import BadSettings, Unavailable
from fairlead_bridge.intake import kafka_config
from fairlead_bridge.intake.dead_letters import DeadLetters
from fairlead_bridge.intake.sorting import Received, parted, sort

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message

#: Messages taken at once, and the seconds to wait for the first.
_MESSAGES, _PATIENCE = 1000, 1.0
#: Seconds between two questions whether Kafka is there, and for the answer.
_ASK_EVERY, _ANSWER_WITHIN = 10.0, 5.0


def _consumer(common: Mapping[str, object], group: str) -> Consumer:
    from confluent_kafka import Consumer  # heavy, and only some need it

    return Consumer(
        {
            "allow.auto.create.topics": True,
            **common,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )


@contextmanager
def _translated() -> Iterator[None]:
    """Raises BadSettings where the client library is missing or does not accept its settings."""
    try:
        from confluent_kafka import KafkaException
    except ModuleNotFoundError as error:
        raise BadSettings(
            "Kafka needs its client, which the extra `kafka` of fairlead-bridge installs"
        ) from error
    try:
        yield
    except KafkaException as error:
        reason = error.args[0].str()
        raise BadSettings(f"FAIRLEAD_KAFKA_CONFIG is not accepted: {reason}") from error


class Kafka:
    """
    Reads topics into the inbox.

    Any number of bridges may share a `group`: Kafka shares the partitions out among them. `now`
    gives microseconds since the epoch. `config` has more settings of librdkafka; `namespaces` are
    patterns of those that may be sent to this way; the `dead_letter_topic`, if any, receives the
    messages that go to quarantine too. Raises BadSettings where the client library is missing or
    does not accept the settings.
    """

    def __init__(
        self,
        engine: sa.Engine,
        servers: Sequence[str],
        topics: Sequence[str],
        group: str,
        now: Callable[[], int],
        *,
        config: Mapping[str, str | int | float | bool] | None = None,
        namespaces: Sequence[str] = ("*",),
        dead_letter_topic: str = "",
    ) -> None:
        self._engine = engine
        self._now = now
        self._sender = Caller("Kafka", "kafka", frozenset({"sender"}), Namespaces(namespaces))
        common = {
            "bootstrap.servers": ",".join(servers),
            "log.connection.close": False,
            "error_cb": self._complain,
            **kafka_config.with_authorities(dict(config or {})),
        }
        with _translated():
            self._consumer = _consumer(common, group)
            self._dead = DeadLetters(common, dead_letter_topic) if dead_letter_topic else None
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
            if (error := message.error()) is not None:
                raise Unavailable(f"Kafka: {error.str()}")
        if time.monotonic() - self._asked >= _ASK_EVERY:
            self._ask()
        return len(messages)

    def _complain(self, error: KafkaError) -> None:
        if self._complaint is None or not error.str().endswith("brokers are down"):
            self._complaint = error.str()  # that all are down says less than why one is

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
        received = [self._sort(message) for message in messages]
        parts = [parted(each) for each in received]
        refused = [each for _, bad in parts for each in bad]
        try:
            with writing(self._engine) as tx:
                inbox.put(tx, [body for good, _ in parts for body in good], "kafka", self._now())
                if refused:
                    inbox.refuse(tx, refused, "kafka", self._now())
            if self._dead is not None:
                self._dead.send(_flawed(messages, received))
        except Exception:
            self._go_back(messages)
            raise
        self._consumer.commit(asynchronous=False)

    def _sort(self, message: Message) -> Received:
        value = message.value()
        if not value:  # a message without a value is a tombstone: it says nothing
            return Received([], {})
        body = bytes(value)
        try:
            return sort(body, self._sender)
        except Exception:  # noqa: BLE001  (stored whole, so that the messages behind it are read)
            return Received([body], {0: "it cannot be read as JSON"})

    def _go_back(self, messages: Sequence[Message]) -> None:
        """Read these again: the client counts them as read, but they were not stored."""
        from confluent_kafka import TopicPartition

        first: dict[tuple[str, int], int] = {}
        for message in messages:
            place = (message.topic() or "", message.partition() or 0)
            first.setdefault(place, message.offset() or 0)
        for (topic, partition), offset in first.items():
            self._consumer.seek(TopicPartition(topic, partition, offset))


def _flawed(messages: Sequence[Message], received: Sequence[Received]) -> list[tuple[Message, str]]:
    """(message, reason) of those in which an event will not be understood, or was refused."""
    return [
        (message, next(iter(each.flaws.values())))
        for message, each in zip(messages, received, strict=True)
        if each.flaws
    ]
