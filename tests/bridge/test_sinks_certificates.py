"""A sink's entries and its token go only to a catalog whose certificate is trusted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fairlead_bridge.errors import Misconfigured
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
