"""No client holds a connection of the web server with half a request."""

from __future__ import annotations

import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from fairlead_bridge.cli.server import Peers, Protocol, Server, configuration

ASK = b"GET / HTTP/1.1\r\nhost: b\r\n\r\n"


class Impatient(Protocol):
    head_within = 0.3


async def hello(
    scope: dict[str, Any], _receive: object, send: Callable[[Any], Awaitable[None]]
) -> None:
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class Few(Protocol):
    peers = Peers(2)


@pytest.fixture
def port() -> Iterator[int]:
    with serving(Impatient) as port:
        yield port


@contextmanager
def serving(protocol: type[Protocol]) -> Iterator[int]:
    config = configuration(hello, "", 1000)
    config.http, config.lifespan = protocol, "off"
    server = Server(config, lambda: None)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join()
    listener.close()


@contextmanager
def wire(port: int, *sent: bytes) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for part in sent:
            connection.sendall(part)
        yield connection


def until_closed(connection: socket.socket) -> bytes:
    found = b""
    while part := connection.recv(65536):
        found += part
    return found


def test_half_a_head_is_answered_408_and_the_connection_closed(port: int) -> None:
    with wire(port, b"GET / HTTP/1.1\r\nhost:") as connection:
        assert until_closed(connection).startswith(b"HTTP/1.1 408 ")


def test_half_of_a_second_request_is_not_waited_for_either(port: int) -> None:
    with wire(port, ASK, b"GET / HT") as connection:
        answer = until_closed(connection)
    assert answer.startswith(b"HTTP/1.1 204 ")
    assert b"HTTP/1.1 408 " in answer


def test_a_connection_that_says_nothing_is_closed_without_a_word(port: int) -> None:
    with wire(port) as connection:
        assert until_closed(connection) == b""


def test_a_head_has_a_bound(port: int) -> None:
    with wire(port) as connection:
        try:
            connection.sendall(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 20_000)
            answer = until_closed(connection)
        except ConnectionError:  # it was closed while we were still sending
            return
        assert answer.startswith(b"HTTP/1.1 431 ") or answer == b""


def test_hundreds_of_half_requests_hold_up_no_other(port: int) -> None:
    halves = [wire(port, b"POST / HTTP/1.1\r\n") for _ in range(300)]
    opened = [each.__enter__() for each in halves]
    with wire(port, ASK) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 204 ")
    for connection in opened:
        assert until_closed(connection).startswith(b"HTTP/1.1 408 ")
        connection.close()


def test_one_address_holds_no_more_connections_than_it_may() -> None:
    with serving(Few) as port:
        with wire(port, ASK) as one, wire(port, ASK) as two:
            assert one.recv(12) == two.recv(12) == b"HTTP/1.1 204"
            with wire(port) as three:
                refused = until_closed(three)
            assert refused.startswith(b"HTTP/1.1 429 ")
            assert b"retry-after: 1" in refused
            one.sendall(ASK.replace(b"host", b"connection: close\r\nhost"))  # those before go on
            assert b"HTTP/1.1 204" in until_closed(one)
        while True:  # until the server has seen that the two are closed
            with wire(port, ASK) as again:
                if again.recv(12) == b"HTTP/1.1 204":
                    break


class Two(Protocol):
    most = 2


def test_more_connections_than_there_may_be_are_answered_503_until_one_is_closed() -> None:
    with serving(Two) as port:
        with wire(port, ASK) as one, wire(port, ASK) as two:
            assert one.recv(12) == two.recv(12) == b"HTTP/1.1 204"
            with wire(port) as three:
                refused = until_closed(three)
            assert refused.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: 1" in refused
            assert_secured(refused)
        while True:  # until the server has seen that the two are closed
            with wire(port, ASK) as again:
                if again.recv(12) == b"HTTP/1.1 204":
                    break


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"NONSENSE\r\n\r\n", b"400"),
        (ASK.replace(b"host", b"ho st"), b"400"),
        (b"POST / HTTP/1.1\r\nhost: b\r\ncontent-length: x\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nhost:", b"408"),
    ],
)
def test_what_the_server_answers_by_itself_has_the_headers_of_every_answer(
    port: int, sent: bytes, status: bytes
) -> None:
    with wire(port, sent) as connection:
        answer = until_closed(connection)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert_secured(answer)


def assert_secured(answer: bytes) -> None:
    for header in (
        *(b"content-security-policy: default-src 'none'", b"x-content-type-options: nosniff"),
        *(b"referrer-policy: same-origin", b"cache-control: no-store"),
    ):
        assert header in answer


def test_proxies_and_this_machine_hold_any_number() -> None:
    peers = Peers(1, ("127.0.0.0/8", "10.0.0.5", "proxy.example"))
    for address, served in (("127.0.0.1", True), ("10.0.0.5", True), ("10.0.0.6", False)):
        assert peers.enter(address)
        assert peers.enter(address) is served, address
        assert peers.enter(f"::ffff:{address}")
        peers.leave(address)
        peers.leave(address)
    assert peers.enter("10.0.0.6")
