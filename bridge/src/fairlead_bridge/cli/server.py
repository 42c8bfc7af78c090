"""The web server: uvicorn, with bounds on how long and how large the head of a request may be."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fairlead_bridge.access.caller import PEER
from fairlead_bridge.web import headers

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

#: Seconds that a connection may be idle between two requests.
IDLE_CONNECTION = 60
#: Addresses of this machine, from which a proxy may come that is not named.
_LOCAL = ("127.0.0.0/8", "::1/128")
#: Files that the program needs beside its connections: databases, pipes, catalogs.
_OTHER_FILES = 200
_MANY_FILES = 65_536


class Server(uvicorn.Server):
    """A server that says so before it waits for open answers to end."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping()
        await super().shutdown(sockets)


def configuration(
    app: Any,
    root_path: str,
    max_connections: int,
    proxies: Sequence[str] = (),
    max_peer_connections: int = 0,
) -> uvicorn.Config:
    """
    How the server serves the app. Beyond `max_connections` it answers 503, beyond
    `max_peer_connections` from one address 429. `proxies` are the addresses from which headers say
    where a request came from.
    """
    forwarded = ProxyHeadersMiddleware(app, list(proxies) or "127.0.0.1")
    return uvicorn.Config(
        _with_peer(forwarded),
        proxy_headers=False,
        http=_limited(
            Peers(max_peer_connections, (*_LOCAL, *proxies)),
            min(max_connections, _files() - _OTHER_FILES),
        ),
        log_config=None,
        access_log=False,
        server_header=False,
        root_path=root_path,
        timeout_graceful_shutdown=10,
        timeout_keep_alive=IDLE_CONNECTION,
    )


def _with_peer(app: Any) -> Any:
    """The app, which finds the address that the connection came from in its scope."""

    async def served(scope: Any, receive: Any, send: Any) -> None:
        client = scope.get("client")
        if client:
            scope[PEER] = client[0]
        await app(scope, receive, send)

    return served


class Peers:
    """Connections that are open by address: at most `most` (0: any number), but of `exempt` ones."""

    def __init__(self, most: int, exempt: Iterable[str] = ()) -> None:
        self._most = most
        self._exempt = [network for each in exempt if (network := _network(each))]
        self._open: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Whether one more connection from there may be served; each call needs a `leave`."""
        self._open[address] += 1
        return not self._most or self._open[address] <= self._most or self._is_exempt(address)

    def leave(self, address: str) -> None:
        self._open[address] -= 1
        if self._open[address] <= 0:
            del self._open[address]

    def _is_exempt(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return True  # a socket of this machine
        found = getattr(found, "ipv4_mapped", None) or found
        return any(found in network for network in self._exempt)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None  # a name, which no connection has


def _limited(peers: Peers, most: int) -> type[Protocol]:
    return type("LimitedProtocol", (Protocol,), {"peers": peers, "most": most})


def _files() -> int:
    """The files that this process may open, after asking for as many as it may have."""
    if resource is None:
        return _MANY_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MANY_FILES if hard == resource.RLIM_INFINITY else min(hard, _MANY_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return max(soft if soft != resource.RLIM_INFINITY else _MANY_FILES, _OTHER_FILES + 10)


class Protocol(HttpToolsProtocol):
    """
    HTTP of which the head must come soon: uvicorn itself waits for ever, so that those who send
    half of it hold a connection each until there are no more.
    """

    #: Seconds in which the head of a request must have come, counted from the connection or from
    #: the head's first byte; and the bytes that it may have.
    head_within, head_bytes = 10.0, 64 << 10

    peers = Peers(0)
    #: Connections open at once. uvicorn has such a bound too, and answers without our headers.
    most = 5000

    _peer: str | None = None
    _late: asyncio.TimerHandle | None = None  # set while a head is awaited
    _seen = 0  # bytes since then

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._peer = self.client[0] if self.client else ""
        if not self.peers.enter(self._peer):
            transport.write(_answer(b"429 Too Many Requests", b"retry-after: 1\r\n"))
            transport.close()
            return
        if len(self.connections) > self.most:
            transport.write(_answer(b"503 Service Unavailable", b"retry-after: 1\r\n"))
            transport.close()
            return
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        if self._peer is not None:
            self.peers.leave(self._peer)
            self._peer = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._late is not None:
            self._seen += len(data)
            if self._seen > self.head_bytes:
                self._refuse(b"431 Request Header Fields Too Large")

    def send_400_response(self, msg: str) -> None:
        self._head_came()
        self.transport.write(_answer(b"400 Bad Request"))
        self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._late is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        self._head_came()
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._seen = 0
        self._late = self.loop.call_later(self.head_within, self._refuse, b"408 Request Timeout")

    def _head_came(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _refuse(self, status: bytes) -> None:
        self._head_came()
        if self.transport.is_closing():
            return
        if self._seen:
            self.transport.write(_answer(status))
        self.transport.close()


def _answer(status: bytes, more: bytes = b"") -> bytes:
    """An answer without a body, before any part of the program could make one."""
    ours = b"".join(b"%s: %s\r\n" % header for header in headers.DEFAULTS)
    return b"HTTP/1.1 %s\r\nconnection: close\r\ncontent-length: 0\r\n%s%s\r\n" % (
        *(status, ours, more),
    )
