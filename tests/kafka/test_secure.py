"""Kafka as companies have it: passwords, tokens, TLS, client certificates, namespaces, dead letters."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge import inbox, trust
from fairlead_bridge.db import tables
from fairlead_bridge.db.engine import reading
from fairlead_bridge.errors import Unavailable
from fairlead_bridge.intake.kafka import Kafka
from tests.support.kafka import broker
from tests.support.kafka.broker import PASSWORD, USER, Secure
from tests.support.small import run_event, uuid

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(broker.missing() is not None, reason=str(broker.missing())),
]
PATIENCE = 60.0


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    with broker.running_secure(tmp_path_factory.mktemp("kafka")) as addresses:
        yield addresses


@pytest.fixture(autouse=True)
def _trust_of_the_system_afterwards() -> Iterator[None]:
    yield
    trust.use(None)


def send(secure: Secure, topic: str, *bodies: bytes) -> None:
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": secure.plain})
    for body in bodies:
        producer.produce(topic, body, key=b"run")
    assert producer.flush(PATIENCE) == 0


def counts(db: sa.Engine) -> inbox.Counts:
    with reading(db) as tx:
        return inbox.counts(tx)


def read(db: sa.Engine, servers: str, topic: str, count: int, **more: Any) -> None:
    ends = time.monotonic() + PATIENCE
    with Kafka(db, [servers], [topic], "fairlead", lambda: 1, **more) as kafka:
        while counts(db).received < count:
            try:
                kafka()
            except Unavailable:  # a busy broker may take longer than the bridge's one question
                if time.monotonic() > ends:
                    raise
            assert time.monotonic() < ends
    assert counts(db).received == count


def event(number: int, namespace: str = "prod") -> bytes:
    return run_event("COMPLETE", "10:00", uuid(number), "a.b", namespace=namespace)


def scram(secure: Secure, password: str = PASSWORD) -> Mapping[str, str]:
    return {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": USER,
        "sasl.password": password,
        "ssl.ca.location": str(secure.authority),
    }


def test_passwords_over_tls(db: sa.Engine, secure: Secure) -> None:
    send(secure, "scram", event(1))
    read(db, secure.sasl, "scram", 1, config=scram(secure))


def test_tokens_over_tls_with_the_authority_of_the_one_setting(
    db: sa.Engine, secure: Secure
) -> None:
    send(secure, "token", event(1))
    config = {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "OAUTHBEARER",
        "enable.sasl.oauthbearer.unsecure.jwt": True,
        "sasl.oauthbearer.config": "principal=bridge",
    }
    trust.use(secure.authority)
    read(db, secure.sasl, "token", 1, config=config)


def test_a_client_certificate(db: sa.Engine, secure: Secure) -> None:
    send(secure, "cert", event(1))
    config = {
        "security.protocol": "SSL",
        "ssl.ca.location": str(secure.authority),
        "ssl.certificate.location": str(secure.client),
        "ssl.key.location": str(secure.client),
    }
    read(db, secure.cert, "cert", 1, config=config)


@pytest.mark.parametrize("what", ["a wrong password", "an authority that is not ours"])
def test_what_is_not_accepted_is_reported_without_the_password(
    db: sa.Engine, secure: Secure, what: str
) -> None:
    config = dict(scram(secure, "wrong-horse" if "password" in what else PASSWORD))
    if "authority" in what:
        del config["ssl.ca.location"]
    with (
        Kafka(db, [secure.sasl], ["no"], "g", lambda: 1, config=config) as kafka,
        pytest.raises(Unavailable) as error,
    ):
        ask_often(kafka)
    assert "horse" not in str(error.value)
    assert "uthenticat" in str(error.value) or "SSL" in str(error.value)


def ask_often(kafka: Kafka) -> None:
    for _ in range(20):
        kafka()


def test_events_for_other_namespaces_go_to_quarantine_and_their_neighbours_through(
    db: sa.Engine, secure: Secure
) -> None:
    mixed = b"[%s,%s]" % (event(2, "team-a-dev"), event(3, "team-b"))
    send(secure, "bound", event(1, "team-a"), mixed, event(4, "team-b"))
    read(db, secure.plain, "bound", 4, namespaces=("team-a", "team-a-*"))
    assert (counts(db).waiting, counts(db).quarantined) == (2, 2)
    with reading(db) as tx:
        reasons = set(tx.scalars(sa.select(tables.quarantine.c.reason)))
    assert reasons == {
        "Kafka sends to the namespace 'team-b', and may send to team-a, team-a-* only"
    }


def test_the_dead_letter_topic_receives_what_goes_to_quarantine_with_its_reason(
    db: sa.Engine, secure: Secure
) -> None:
    send(secure, "alive", event(1, "team-a"), event(2, "team-b"), b"no JSON")
    read(
        db, secure.sasl, "alive", 3,
        config=scram(secure), namespaces=("team-a",), dead_letter_topic="dead",
    )  # fmt: skip
    letters = consumed(secure, "dead", 2)
    assert [json.loads(letter)["job"]["namespace"] for letter, _ in letters[:1]] == ["team-b"]
    assert letters[1][0] == b"no JSON"
    assert all(headers["fairlead-reason"] for _, headers in letters)
    assert letters[0][1]["fairlead-from"].startswith(b"alive/")


def consumed(secure: Secure, topic: str, count: int) -> list[tuple[bytes, dict[str, bytes]]]:
    from confluent_kafka import Consumer

    consumer = Consumer(
        {"bootstrap.servers": secure.plain, "group.id": "t", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    found: list[tuple[bytes, dict[str, bytes]]] = []
    ends = time.monotonic() + PATIENCE
    while len(found) < count and time.monotonic() < ends:
        message = consumer.poll(1.0)
        if message is not None and message.error() is None:
            found.append((bytes(message.value() or b""), dict(message.headers() or [])))
    consumer.close()
    return found
