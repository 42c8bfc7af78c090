"""A sink's entries and its token go only to a catalog whose certificate is trusted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fairlead_bridge import trust
from fairlead_bridge.access import issuer
from fairlead_bridge.channels.posting import Poster
from fairlead_bridge.db.engine import open_database
from fairlead_bridge.errors import BadSettings, IssuerUnavailable, Misconfigured
from fairlead_bridge.sinks.http import Client
from tests.support.tls import TlsServer, tls_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TlsServer]:
    with tls_server(tmp_path) as running:
        yield running


def test_a_certificate_of_an_unknown_authority_gets_no_entries(server: TlsServer) -> None:
    with pytest.raises(Misconfigured, match="no trusted connection to https://127"):
        Client(server.url).json("POST", "/entities", {})
    assert server.paths == []


def test_the_file_of_an_authority_makes_its_certificates_trusted(server: TlsServer) -> None:
    assert Client(server.url, verify=str(server.authority)).json("POST", "/entities", {}) == {}
    assert server.paths == ["/entities"]


@pytest.fixture
def system_again() -> Iterator[None]:
    yield
    trust.use(None)


@pytest.mark.usefixtures("system_again")
def test_one_setting_names_the_authority_for_sinks_channels_the_issuer_and_postgresql(
    server: TlsServer,
) -> None:
    with pytest.raises(IssuerUnavailable, match="SSLError"):
        issuer.exchange(f"{server.url}/token", {}, None)
    trust.use(server.authority)
    assert Client(server.url).json("POST", "/entities", {}) == {}
    Poster(f"{server.url}/hook", timeout=5.0).post(b"{}")
    with pytest.raises(IssuerUnavailable, match="201"):  # it is trusted, and no issuer
        issuer.exchange(f"{server.url}/token", {}, None)
    assert server.paths == ["/entities", "/hook", "/token"]
    verifying = open_database("postgresql://ann@db/shop?sslmode=verify-full")
    assert verifying.url.query["sslrootcert"] == str(server.authority)
    own = open_database("postgresql://ann@db/shop?sslmode=verify-full&sslrootcert=/own.pem")
    assert own.url.query["sslrootcert"] == "/own.pem"


def test_a_file_without_certificates_is_refused_at_start(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for name in ("ca.pem", "none.pem"):
        with pytest.raises(BadSettings, match="FAIRLEAD_CA_FILE"):
            trust.use(tmp_path / name)
    assert trust.chosen() is None
