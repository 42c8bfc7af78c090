"""Events that come through a real Kafka broker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import Job, Run, RunEvent, RunState
from openlineage.client.transport.kafka import KafkaConfig, KafkaTransport

from fairlead_bridge import inbox
from fairlead_bridge.db.engine import open_database, reading
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.errors import Unavailable
from fairlead_bridge.intake.kafka import Kafka
from tests.support.kafka import broker

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(broker.missing() is not None, reason=str(broker.missing())),
]
PATIENCE = 30.0


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with broker.running(tmp_path_factory.mktemp("kafka")) as address:
        yield address


def _send(servers: str, topic: str, *bodies: bytes) -> None:
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": servers})
    for number, body in enumerate(bodies):
        producer.produce(topic, body, key=f"run:{number % 5}".encode())
    assert producer.flush(PATIENCE) == 0


def _reader(db: sa.Engine, servers: str, topic: str) -> Kafka:
    return Kafka(db, [servers], [topic], "fairlead", lambda: time.time_ns() // 1000)


def _read(reader: Kafka, db: sa.Engine, count: int) -> int:
    deadline = time.monotonic() + PATIENCE
    while _received(db) < count and time.monotonic() < deadline:
        reader()
    return _received(db)


def _read_for(reader: Kafka, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        reader()


def _received(db: sa.Engine) -> int:
    with reading(db) as tx:
        return inbox.counts(tx).received


def test_what_openlineages_own_kafka_transport_sends_is_stored(db: sa.Engine, servers: str) -> None:
    config = KafkaConfig(config={"bootstrap.servers": servers}, topic="client")
    client = OpenLineageClient(transport=KafkaTransport(config))
    run = Run(runId="0199f000-0000-7000-8000-000000000001")
    for state in (RunState.START, RunState.COMPLETE):
        client.emit(
            RunEvent(
                eventType=state,
                eventTime="2026-11-01T08:00:00+00:00",
                run=run,
                job=Job(namespace="prod", name="job"),
                producer="https://example.com/p",
            )
        )
    with _reader(db, servers, "client") as reader:
        assert _read(reader, db, 2) == 2


def test_messages_read_again_after_a_death_are_stored_once(db: sa.Engine, servers: str) -> None:
    """The first reader dies between the database's commit and Kafka's."""
    bodies = [b'{"number": %d}' % number for number in range(300)]
    _send(servers, "again", *bodies)
    with _reader(db, servers, "again") as reader:
        assert _read(reader, db, 300) == 300
    other = Kafka(db, [servers], ["again"], "another group", lambda: 1)
    with other as reader:
        for _ in range(10):
            reader()
    assert _received(db) == 300


def test_messages_that_the_database_could_not_take_come_again(
    db: sa.Engine, servers: str, tmp_path: Path
) -> None:
    _send(servers, "later", *(b'{"late": %d}' % number for number in range(50)))
    empty = open_database(f"sqlite:///{tmp_path / 'empty.db'}")  # no tables yet
    with _reader(empty, servers, "later") as reader:
        with pytest.raises(sa.exc.OperationalError):
            _read_for(reader, PATIENCE)
        migrate(empty)
        assert _read(reader, empty, 50) == 50
    empty.dispose()


def test_an_array_is_taken_apart_and_a_tombstone_says_nothing(db: sa.Engine, servers: str) -> None:
    _send(servers, "odd", b'[{"a": 1}, {"a": 2}]', b"", b"no JSON at all")
    with _reader(db, servers, "odd") as reader:
        assert _read(reader, db, 3) == 3


@pytest.mark.parametrize("poison", [b"[" * 5000, b"[" * 5000 + b"]" * 5000, b"[1,NaN", b"\xff\x00"])
def test_a_message_that_cannot_be_understood_does_not_stop_those_behind_it(
    db: sa.Engine, servers: str, poison: bytes
) -> None:
    topic = f"poison-{abs(hash(poison))}"
    _send(servers, topic, b'{"before": 1}', poison, b'{"after": 1}')
    with _reader(db, servers, topic) as reader:
        assert _read(reader, db, 3) >= 3
    again = Kafka(db, [servers], [topic], "fairlead", lambda: 1)  # the offsets went on
    with again as reader:
        _read_for(reader, 5)
        assert reader.lag == 0


def test_the_lag_counts_what_is_not_yet_read(db: sa.Engine, servers: str) -> None:
    _send(servers, "lag", *(b'{"lag": %d}' % number for number in range(2500)))
    with _reader(db, servers, "lag") as reader:
        while reader.lag is None:
            reader()
        assert reader.lag == 2500 - _received(db)
        assert _read(reader, db, 2500) == 2500


def test_brokers_that_do_not_answer_are_reported_away(db: sa.Engine) -> None:
    with _reader(db, "127.0.0.1:9", "away") as reader, pytest.raises(Unavailable) as error:
        reader()
    assert "no broker of 127.0.0.1:9 answers" in str(error.value)
