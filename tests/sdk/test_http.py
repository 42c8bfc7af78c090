"""Answers that no receiver should give: none of them is believed, none of them has no end."""

from __future__ import annotations

import doctest
import gzip
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.support.rogue import Script, dripping, flooding, http, rogue, saying

import fairlead_sdk
import fairlead_sdk.http
from fairlead_sdk.client import Client
from fairlead_sdk.destinations import Again, HttpDestination, HttpSettings, TransportDestination
from fairlead_sdk.errors import FairleadError, NotUnderstood, Refused, Unavailable
from fairlead_sdk.http import Limits, exchange, new_session
from fairlead_sdk.testing import Answer, Receiver

QUICK = Limits(pause=5, total=0.4, max_bytes=10_000)
EVENTS = ['{"n": 0}', '{"n": 1}']
PAGE = b"<!DOCTYPE html><title>Sign in</title>"
BOMB = gzip.compress(b" " * 100_000_000)


def asked(url: str, limits: Limits = QUICK) -> fairlead_sdk.http.Answer:
    with new_session() as session:
        return exchange(session, "GET", f"{url}/api/v1/health", limits=limits)


def delivered(url: str, events: list[str] = EVENTS) -> list[Any]:
    destination = HttpDestination(HttpSettings(url=url))
    try:
        return destination.deliver(events)
    finally:
        destination.close()


def test_examples_in_the_docs_are_true() -> None:
    assert doctest.testmod(fairlead_sdk.http).failed == 0


# --- what acknowledges ----------------------------------------------------------------------


@pytest.mark.parametrize("events", [EVENTS, EVENTS[:1]])
@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_no_redirect_takes_events(receiver: Receiver, status: int, events: list[str]) -> None:
    def elsewhere(path: str, _: list[dict[str, Any]]) -> Answer:
        return status, {"Location": f"https://bridge.example:7443{path}?key=hunter2"}, None

    receiver.responder = elsewhere
    outcomes = delivered(receiver.url, events)
    assert len(outcomes) == len(events)
    for outcome in outcomes:
        assert isinstance(outcome, Again)
        assert "set the address to https://bridge.example:7443" in outcome.reason
        assert "hunter2" not in outcome.reason


def test_a_redirect_to_a_login_page_is_named(receiver: Receiver) -> None:
    receiver.responder = lambda path, events: (302, {"Location": "/login?next=/"}, None)
    [outcome, _] = delivered(receiver.url)
    assert outcome.reason == (
        f"HTTP 302: redirected to {receiver.url}/login; a login page or a proxy stands before the "
        "receiver"
    )


@pytest.mark.parametrize("events", [EVENTS, EVENTS[:1]])
@pytest.mark.parametrize(
    "answer",
    [
        http("200 OK", PAGE, "Content-Type: text/html; charset=utf-8"),
        http("201 Created", PAGE),
        http("200 OK", b"", "Content-Type: text/html"),
        http("200 OK", b"\xef\xbb\xbf\n <html></html>", "Content-Type: text/plain"),
        http("200 OK", gzip.compress(PAGE), "Content-Encoding: gzip"),
        http("200 OK", b"<?xml?>", "Content-Type: application/xhtml+xml"),
    ],
)
def test_a_web_page_takes_no_events(answer: bytes, events: list[str]) -> None:
    with rogue(saying(answer)) as url:
        outcomes = delivered(url, events)
    assert all(isinstance(outcome, Again) for outcome in outcomes)
    assert "web page" in outcomes[0].reason


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_other_2xx_takes_them(receiver: Receiver, status: int) -> None:
    receiver.responder = lambda path, events: (status, {}, None)
    assert delivered(receiver.url) == [None, None]
    assert delivered(receiver.url, EVENTS[:1]) == [None]


@pytest.mark.parametrize("answer", [(302, {"Location": "/login"}, None), (307, {}, None)])
def test_a_wrapped_http_transport_does_not_follow_redirects(
    receiver: Receiver, answer: Answer
) -> None:
    """It would ask for the login page with GET, which answers 200."""
    receiver.responder = lambda path, events: answer
    wrapped = TransportDestination(
        {
            "type": "composite",
            "continue_on_failure": False,
            "transports": [{"type": "http", "url": receiver.url}],
        }
    )
    outcomes = wrapped.deliver(EVENTS)
    wrapped.close()
    assert all(isinstance(outcome, Again) for outcome in outcomes)
    assert "redirect" in outcomes[0].reason
    assert [path for path, _, _ in receiver.requests] == ["/api/v1/lineage"]


def test_credentials_from_netrc_do_not_replace_the_key(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    destination = HttpDestination(
        HttpSettings(receiver.url, auth={"type": "api_key", "api_key": "k"})
    )
    destination.deliver(EVENTS)
    destination.close()
    with Client(receiver.url, "k") as client:
        client.health()
    assert [h["Authorization"] for _, h, _ in receiver.requests] == ["Bearer k", "Bearer k"]


def test_no_reason_repeats_what_was_sent_to_prove_who_we_are(receiver: Receiver) -> None:
    receiver.responder = lambda path, events: (
        401,
        {},
        {"detail": f"unknown: {receiver.requests[-1][1]}"},
    )
    destination = HttpDestination(
        HttpSettings(
            receiver.url,
            auth={"type": "api_key", "api_key": "tok-4711"},
            headers={"X-Api-Key": "key-4712", "X-Team": "sales-4713"},
        )
    )
    [outcome, _] = destination.deliver(EVENTS)
    destination.close()
    assert "tok-4711" not in outcome.reason
    assert "key-4712" not in outcome.reason
    assert "HTTP 401" in outcome.reason


# --- limits ---------------------------------------------------------------------------------

_OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "script",
    [
        dripping(_OK + b"Content-Length: 9000\r\n\r\n", b" "),
        dripping(_OK + b"\r\n", b" "),
        dripping(_OK, b"X"),
        dripping(b"HTTP/1.1 ", b"2"),
        dripping(_OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
        dripping(_OK + b"Transfer-Encoding: chunked\r\n\r\n1;x=", b"x"),
        dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
)
def test_an_answer_that_drips_has_an_end(script: Script) -> None:
    with rogue(script) as url, pytest.raises(Unavailable, match="did not finish its answer"):
        asked(url)


@pytest.mark.parametrize(
    "script",
    [
        saying(http("200 OK", BOMB, "Content-Encoding: gzip")),
        saying(http("200 OK", b" " * 10_001)),
        flooding(_OK + b"\r\n", b" " * 65536),
        flooding(
            _OK + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b" " * 65536 + b"\r\n"
        ),
    ],
)
def test_an_answer_that_is_too_long_is_not_read(script: Script) -> None:
    limits = Limits(pause=60, total=300, max_bytes=10_000)
    tracemalloc.start()
    try:
        with rogue(script) as url, pytest.raises(NotUnderstood, match="longer than 10000 bytes"):
            asked(url, limits)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000


@pytest.mark.parametrize("endless", [b"x", b"1;" + b"x" * 1000])
def test_the_size_of_a_chunk_has_a_limit(endless: bytes) -> None:
    head = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
    limits = Limits(pause=60, total=300, max_bytes=10_000)
    with rogue(flooding(head, endless)) as url, pytest.raises(FairleadError):
        asked(url, limits)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"no gzip", "gzip"), (gzip.compress(b"{}") * 50, "gzip"), (b"\x1f\x8b", "gzip")],
)
def test_what_cannot_be_unpacked_breaks_nothing(body: bytes, encoding: str) -> None:
    with rogue(saying(http("200 OK", body, f"Content-Encoding: {encoding}"))) as url:
        with Client(url) as client, pytest.raises(NotUnderstood):
            client.health()
        assert isinstance(delivered(url)[0], Again | None)


def test_a_deliverer_goes_on_after_an_answer_of_gigabytes(receiver: Receiver) -> None:
    with rogue(saying(http("200 OK", BOMB, "Content-Encoding: gzip"))) as url:
        [outcome, _] = delivered(url)
    assert isinstance(outcome, Again)
    assert "longer than" in outcome.reason


# --- the client's errors --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (http("401 Unauthorized", b'{"detail": "Send a known key."}'), Refused, "Send a known key"),
        (http("422 Unprocessable", b"{}"), Refused, "HTTP 422"),
        (http("429 Too Many", b"", "Retry-After: 7"), Unavailable, "HTTP 429"),
        (http("503 Busy", b"", "Retry-After: 7"), Unavailable, "HTTP 503"),
        (http("500 Oh", b"oh"), Unavailable, "HTTP 500"),
        (http("302 Found", b"", "Location: /login"), NotUnderstood, "login"),
        (http("200 OK", PAGE, "Content-Type: text/html"), NotUnderstood, "web page"),
        (http("200 OK", b"hello"), NotUnderstood, "not JSON"),
        (http("200 OK", b"[" * 100_000), NotUnderstood, "not JSON"),
        (b"SSH-2.0-OpenSSH\r\n", Unavailable, "no answer"),
        (b"", Unavailable, "no answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}", Unavailable, "no answer"),
    ],
)
def test_the_client_raises_errors_of_ours(
    answer: bytes, kind: type[FairleadError], words: str
) -> None:
    with (
        rogue(saying(answer)) as url,
        Client(url) as client,
        pytest.raises(kind, match=words) as raised,
    ):
        client.health()
    assert not isinstance(raised.value, requests.RequestException)
    assert url in str(raised.value)
    if isinstance(raised.value, Unavailable) and b"Retry-After" in answer:
        assert raised.value.retry_after == 7


def test_no_connection_is_an_error_of_ours() -> None:
    with (
        Client("http://127.0.0.1:9") as client,
        pytest.raises(Unavailable, match="Connection refused"),
    ):
        client.health()


@pytest.mark.parametrize("address", ["bridge:7070", "localhost", "ftp://bridge", "http://", "//b"])
def test_an_address_that_is_none_is_called_so(address: str) -> None:
    with Client(address) as client, pytest.raises(FairleadError, match="is not an address"):
        client.health()


def test_no_error_shows_the_password_in_an_address() -> None:
    with (
        Client("http://ann:hunter2@127.0.0.1:9") as client,
        pytest.raises(Unavailable) as raised,
    ):
        client.health()
    assert "hunter2" not in str(raised.value)


def test_the_errors_can_be_imported_from_the_package() -> None:
    assert sorted(fairlead_sdk.__all__) == fairlead_sdk.__all__
    for name in fairlead_sdk.__all__:
        assert getattr(fairlead_sdk, name).__name__ == name
    assert issubclass(fairlead_sdk.Refused, fairlead_sdk.FairleadError)
