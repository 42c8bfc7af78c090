"""FAIRLEAD_KAFKA_CONFIG: what is read, what is refused, and that it shows no password."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr

from fairlead_bridge import trust
from fairlead_bridge.errors import BadSettings
from fairlead_bridge.intake.kafka_config import read, with_authorities
from fairlead_bridge.settings import load


@pytest.fixture(autouse=True)
def system_again() -> Iterator[None]:
    yield
    trust.use(None)


def test_it_is_a_json_object_or_a_file_with_one(tmp_path: Path) -> None:
    text = '{"sasl.mechanism": "SCRAM-SHA-512", "socket.keepalive.enable": true}'
    expected = {"sasl.mechanism": "SCRAM-SHA-512", "socket.keepalive.enable": True}
    (tmp_path / "kafka.json").write_text(text)
    assert read(SecretStr(text)) == expected
    assert read(SecretStr(str(tmp_path / "kafka.json"))) == expected
    assert read(None) == {}


@pytest.mark.parametrize(
    "text",
    [
        '{"sasl.password": "hunter2"',
        "/no/such/hunter2",
        '{"a": ["hunter2"]}',
        '{"group.id": "hunter2"}',
        '{"enable.auto.commit": "hunter2"}',
    ],
)
def test_what_cannot_be_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(BadSettings, match="FAIRLEAD_KAFKA_CONFIG") as error:
        read(SecretStr(text))
    assert "hunter2" not in str(error.value)
    assert "hunter2" not in repr(load({"kafka_config": text}))


def test_tls_trusts_the_authority_of_the_one_setting_unless_it_names_its_own(
    tmp_path: Path,
) -> None:
    file = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    trust.use(file)
    tls = {"security.protocol": "sasl_ssl"}
    assert with_authorities(dict(tls)) == {**tls, "ssl.ca.location": str(file)}
    own = {**tls, "ssl.ca.location": "/own.pem"}
    assert with_authorities(dict(own)) == own
    assert with_authorities({"security.protocol": "PLAINTEXT"}) == {
        "security.protocol": "PLAINTEXT"
    }
