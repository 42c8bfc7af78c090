"""The connection and its hook."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from airflow.models.connection import Connection

from fairlead_airflow.config import connection_destination
from fairlead_airflow.hooks import FairleadHook
from fairlead_sdk.testing import Receiver

pytestmark = pytest.mark.airflow


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.mark.parametrize(
    ("uri", "url"),
    [
        ("fairlead://bridge:8000", "http://bridge:8000"),
        ("fairlead://bridge", "http://bridge"),
        ("fairlead://bridge:443", "https://bridge:443"),
        ("fairlead://bridge:8443/https", "https://bridge:8443"),
        ("fairlead://https%3A%2F%2Fbridge.example.com%2Fbase", "https://bridge.example.com/base"),
        ("fairlead://https%3A%2F%2Fbridge:9000", "https://bridge:9000"),
    ],
)
def test_a_connection_says_where_the_bridge_is(uri: str, url: str) -> None:
    assert connection_destination(Connection(uri=uri)) == {"url": url}


def test_a_connection_holds_key_and_certificates() -> None:
    connection = Connection(
        conn_type="fairlead",
        host="b",
        port=1,
        password="key-5001",  # noqa: S106
        extra='{"verify": "/ca", "x": 1}',
    )
    assert connection_destination(connection) == {
        "url": "http://b:1",
        "api_key": "key-5001",
        "verify": "/ca",
    }


def test_the_test_button_really_asks_the_bridge(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_FAIRLEAD_DEFAULT", "fairlead://:key@" + receiver.url[7:])
    assert FairleadHook().test_connection() == (True, "The bridge answers: ok")
    path, headers, _ = receiver.requests[0]
    assert path == "/api/v1/health"
    assert headers["Authorization"] == "Bearer key"


def test_the_test_button_says_why_it_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_FAIRLEAD_DEFAULT", "fairlead://127.0.0.1:9")
    worked, message = FairleadHook().test_connection()
    assert not worked
    assert "Connection refused" in message
