"""Events and keys go only to a receiver whose certificate is trusted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from certifi import where
from tests.support.tls import TlsServer, tls_server

from fairlead_sdk.client import Client
from fairlead_sdk.destinations import Again, HttpDestination, HttpSettings, Outcome
from fairlead_sdk.errors import FairleadError

pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TlsServer]:
    with tls_server(tmp_path) as running:
        yield running


def delivered(settings: HttpSettings) -> Outcome:
    destination = HttpDestination(settings)
    try:
        [outcome] = destination.deliver(["{}"])
        return outcome
    finally:
        destination.close()


def test_a_certificate_of_an_unknown_authority_gets_no_events(server: TlsServer) -> None:
    outcome = delivered(HttpSettings(url=server.url))
    assert isinstance(outcome, Again)
    assert "certificate" in outcome.reason.lower()
    assert server.paths == []


def test_the_file_of_an_authority_makes_its_certificates_trusted(server: TlsServer) -> None:
    assert delivered(HttpSettings(url=server.url, verify=str(server.authority))) is None
    assert server.paths == ["/api/v1/lineage"]


def test_the_setting_counts_where_the_environment_names_other_authorities(
    server: TlsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", where())
    assert delivered(HttpSettings(url=server.url, verify=str(server.authority))) is None
    assert delivered(HttpSettings(url=server.url, verify=False)) is None
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.authority))
    assert delivered(HttpSettings(url=server.url)) is None


def test_one_variable_names_the_authority_for_whatever_the_sdk_sends(
    server: TlsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", where())
    monkeypatch.setenv("FAIRLEAD_CA_FILE", str(server.authority))
    assert delivered(HttpSettings(url=server.url)) is None
    assert Client(server.url).post("anything", {}) == {}
    assert isinstance(delivered(HttpSettings(url=server.url, verify=where())), Again)


def test_the_check_can_be_turned_off(server: TlsServer) -> None:
    assert delivered(HttpSettings(url=server.url, verify=False)) is None


def test_the_client_does_not_ask_a_server_that_is_not_trusted(server: TlsServer) -> None:
    with pytest.raises(FairleadError, match=r"(?i)certificate"):
        list(Client(server.url).runs())
    assert server.paths == []
