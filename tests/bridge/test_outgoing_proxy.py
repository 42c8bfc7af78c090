"""Everything that the bridge and the SDK send over HTTP goes through the company's proxy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fairlead_bridge import trust
from fairlead_bridge.access import issuer
from fairlead_bridge.channels.posting import Poster
from fairlead_bridge.errors import IssuerUnavailable
from fairlead_bridge.sinks.http import Client
from fairlead_sdk.destinations import HttpDestination, HttpSettings
from tests.support.proxy import Proxy, http_proxy
from tests.support.tls import TlsServer, tls_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TlsServer]:
    with tls_server(tmp_path) as running:
        yield running


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with http_proxy() as running:
        monkeypatch.setenv("HTTPS_PROXY", running.url)
        monkeypatch.setenv("HTTP_PROXY", running.url)
        yield running


def to_a_sink(url: str) -> None:
    assert Client(url).json("POST", "/entities", {}) == {}


def to_a_channel(url: str) -> None:
    Poster(f"{url}/hook", timeout=5.0).post(b"{}")


def to_the_issuer(url: str) -> None:
    with pytest.raises(IssuerUnavailable, match="201"):  # it answers, and is no issuer
        issuer.exchange(f"{url}/token", {}, None)


def from_the_sdk(url: str) -> None:
    destination = HttpDestination(HttpSettings(url=url))
    assert destination.deliver(["{}"]) == [None]
    destination.close()


SENDERS = [to_a_sink, to_a_channel, to_the_issuer, from_the_sdk]


@pytest.mark.parametrize("send", SENDERS)
def test_what_is_sent_goes_through_the_proxy_in_a_tunnel_with_the_companys_authority(
    server: TlsServer,
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    send: Callable[[str], None],
) -> None:
    monkeypatch.setenv("FAIRLEAD_CA_FILE", str(server.authority))  # the SDK reads it itself
    trust.use(server.authority)
    try:
        port = server.url.rpartition(":")[2]
        send(f"https://receiver.example:{port}")  # a name that the proxy alone can resolve
        assert proxy.asked == [("CONNECT", f"receiver.example:{port}")]
        assert len(server.paths) == 1
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        send(server.url)
        assert len(proxy.asked) == 1
        assert len(server.paths) == 2
    finally:
        trust.use(None)
