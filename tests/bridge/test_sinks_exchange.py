"""Answers that no catalog should give a sink: none of them is believed, none of them has no end."""

from __future__ import annotations

import gzip
import threading
import tracemalloc
from socket import socket

import pytest

from fairlead_bridge.errors import Misconfigured, Rejected, Unavailable
from fairlead_bridge.sinks import Outcome, settings
from fairlead_bridge.sinks.http import Bearer, Client
from fairlead_bridge.sinks.openlineage.events import Message
from tests.support.rogue import Script, dripping, flooding, http, rogue, saying

_OK = b"HTTP/1.1 200 OK\r\n"
PAGE = b"<!DOCTYPE html><title>Sign in</title>"
BOMB = gzip.compress(b" " * 100_000_000)


def client(url: str, *, total: float = 300.0) -> Client:
    return Client(url, timeout=(5.0, 60.0), total=total, max_bytes=10_000)


@pytest.mark.parametrize(
    "script",
    [
        dripping(_OK + b"Content-Length: 9000\r\n\r\n", b" "),
        dripping(_OK + b"\r\n", b" "),
        dripping(_OK, b"X"),
        dripping(_OK + b"Transfer-Encoding: chunked\r\n\r\n1;x=", b"x"),
    ],
)
def test_an_answer_that_drips_has_an_end(script: Script) -> None:
    with rogue(script) as url, pytest.raises(Unavailable, match="not whole after"):
        client(url, total=0.4).json("GET", "/")


@pytest.mark.parametrize(
    "script",
    [
        saying(http("200 OK", BOMB, "Content-Encoding: gzip")),
        saying(http("503 Busy", BOMB, "Content-Encoding: gzip")),
        flooding(_OK + b"\r\n", b" " * 65536),
        flooding(
            _OK + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b" " * 65536 + b"\r\n"
        ),
    ],
)
def test_an_answer_that_is_too_long_is_not_read(script: Script) -> None:
    tracemalloc.start()
    try:
        with rogue(script) as url, pytest.raises(Misconfigured, match="longer than 10000 bytes"):
            client(url).json("GET", "/")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000


@pytest.mark.parametrize(
    "answer",
    [
        http("200 OK", PAGE, "Content-Type: text/html"),
        http("201 Created", PAGE),
        http("200 OK", gzip.compress(PAGE), "Content-Encoding: gzip"),
        http("302 Found", b"", "Location: /login"),
        http("308 Permanent Redirect", b"", "Location: https://elsewhere/"),
        http("300 Multiple Choices", b"[]"),
    ],
)
def test_neither_a_web_page_nor_a_redirect_takes_an_event(answer: bytes) -> None:
    with rogue(saying(answer)) as url:
        asked = {"sinks": {"there": {"type": "openlineage", "url": url}}}
        [target] = settings.targets(asked, {})
        outcomes: list[Outcome] = []
        with pytest.raises(Misconfigured):
            outcomes.extend(target.sink.push([Message(b"{}", None)]))
    assert None not in outcomes


def test_what_cannot_be_unpacked_is_reported() -> None:
    answer = http("200 OK", b"no gzip", "Content-Encoding: gzip")
    with rogue(saying(answer)) as url, pytest.raises(Misconfigured, match="cannot be unpacked"):
        client(url).json("GET", "/")


def test_an_answer_that_breaks_off_may_be_whole_another_time() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}"
    with rogue(saying(answer)) as url, pytest.raises(Unavailable, match="broke off"):
        client(url).json("GET", "/")


# --- secrets --------------------------------------------------------------------------------


def echoing(status: str) -> Script:
    """Answers with the request that was sent, as some catalogs do in their errors."""

    def script(connection: socket, _: threading.Event, request: bytes) -> None:
        connection.sendall(http(status, request, "Location: https://elsewhere/?token=tok-4711"))

    return script


@pytest.mark.parametrize(
    "status", ["302 Found", "401 No", "404 No", "500 Oh", "503 Busy", "200 OK"]
)
def test_no_error_repeats_a_secret_that_a_catalog_echoes(status: str) -> None:
    with rogue(echoing(status)) as url:
        asked = Client(
            url.replace("://", "://ann:url-pw-4712@"),
            auth=Bearer(lambda: "tok-4711-long"),
            headers={"X-Api-Key": "key-4713-long", "X-Team": "sales-4714"},
        )
        with pytest.raises((Rejected, Unavailable)) as raised:
            asked.json("POST", "/x", {"password": "body-pw-4715"})
    message = str(raised.value) + getattr(raised.value, "body", "")
    for secret in ("tok-4711", "url-pw-4712", "key-4713", "body-pw-4715"):
        assert secret not in message
    assert "127.0.0.1" in message


def test_a_user_in_the_address_is_who_asks() -> None:
    seen = []

    def script(connection: socket, _: threading.Event, request: bytes) -> None:
        seen.append(request)
        connection.sendall(http("200 OK", b"{}"))

    with rogue(script) as url:
        asked = Client(url.replace("://", "://ann:p%40w@"))
        assert asked.json("GET", "/x") == {}
    assert asked.url == url
    assert b"Authorization: Basic YW5uOnBAdw==" in seen[0]
