"""
HTTP with limits: an answer has a size, counted after unpacking, and an exchange has an end.

Who answers is not ours to trust: 1.5 MB of gzip may be gigabytes, and an answer that drips a byte at
a time outlives any timeout of a socket. The SDK, which shares no code with the bridge, does the same.
"""

from __future__ import annotations

import socket
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError as TransportError

from fairlead_bridge import masking
from fairlead_bridge.errors import AnswerIncomplete, AnswerOverdue, AnswerTooLong, AnswerUnreadable

_CHUNK = 64 * 1024
#: Characters of a secret; what is shorter, as "Basic", stands in many a text.
_SHORTEST = 6
#: At once, of one catalog.
_CONNECTIONS = 32


@dataclass(frozen=True)
class Answer:
    """An answer that was read to its end; `body` is unpacked, `sent` are the request's headers."""

    method: str
    url: str
    status: int
    body: bytes
    headers: Mapping[str, str]
    sent: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_web_page(self) -> bool:
        """Login pages and error pages like to answer 200."""
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        start = self.body[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        return kind in ("text/html", "application/xhtml+xml") or start.startswith(
            (b"<!doctype html", b"<html")
        )

    def text(self, limit: int) -> str:
        """The first `limit` characters without secrets, for a person."""
        text = self.body[: 4 * limit].decode(errors="replace")
        for secret in self._secrets():  # catalogs repeat what was sent
            text = text.replace(secret, masking.MASK)
        return masking.text(text).strip()[:limit]

    def _secrets(self) -> Iterator[str]:
        for name, value in self.sent.items():
            if masking.sounds_secret(name):
                yield from (word for word in value.split() if len(word) >= _SHORTEST)


@dataclass(frozen=True)
class Limits:
    """Seconds to connect, between two bytes and for all of an exchange; bytes of an answer."""

    connect: float = 5.0
    pause: float = 30.0
    total: float = 120.0
    max_bytes: int = 32 * 1024 * 1024


def new_session() -> requests.Session:
    """A session whose exchanges can be ended."""
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(pool_maxsize=_CONNECTIONS))
    return session


def exchange(
    session: requests.Session,
    method: str,
    url: str,
    *,
    limits: Limits,
    headers: Mapping[str, str],
    **more: Any,
) -> Answer:
    """
    Send a request and read the answer, whatever its status; redirects are not followed.

    Raises AnswerTooLong, AnswerUnreadable, AnswerOverdue and AnswerIncomplete, and what `requests` raises before an answer
    begins. `more` is what `Session.request` takes.
    """
    with _deadline(limits.total) as deadline:
        try:
            with session.request(
                method,
                url,
                headers={**headers, "Accept-Encoding": "gzip"},
                timeout=(limits.connect, limits.pause),
                # A login page at the end of a redirect would look like success.
                allow_redirects=False,
                stream=True,
                **more,
            ) as response:
                body = _read(response, limits.max_bytes)
                if deadline.is_over:  # an answer without a length ends where its connection does
                    raise BrokenPipeError
                return Answer(
                    method,
                    response.request.url or url,
                    response.status_code,
                    body,
                    response.headers,
                    response.request.headers,
                )
        except (requests.RequestException, OSError, HTTPException, TransportError) as error:
            if deadline.is_over:
                raise AnswerOverdue(f"the answer was not whole after {limits.total:g} s") from error
            if isinstance(error, requests.RequestException):
                raise
            raise AnswerIncomplete(f"the answer broke off: {error}") from error


def _read(response: requests.Response, limit: int) -> bytes:
    packed = response.headers.get("Content-Encoding", "").strip().lower() in ("gzip", "x-gzip")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16) if packed else None
    body = bytearray()
    # Not `stream`: urllib3 reads the sizes of chunks without a limit, http.client with one.
    while chunk := response.raw.read(_CHUNK, decode_content=False):
        body += chunk if unpacker is None else _unpacked(unpacker, chunk, limit)
        if len(body) > limit:
            raise AnswerTooLong(f"the answer is longer than {limit} bytes")
    return bytes(body)


def _unpacked(unpacker: Any, chunk: bytes, limit: int) -> bytes:
    """At most one byte more than `limit`, however much the chunk would come to."""
    try:
        unpacked: bytes = unpacker.decompress(chunk, limit + 1)
    except zlib.error as error:
        raise AnswerUnreadable(f"the answer cannot be unpacked: {error}") from error
    if unpacker.unused_data:
        raise AnswerUnreadable("the answer cannot be unpacked: it goes on behind its end")
    return unpacked


# --- the end of an exchange ---------------------------------------------------------------------


class _Deadline:
    """Shuts the connection of an exchange down when its time is over.

    The timeouts of sockets count from byte to byte, so an answer that drips would never end.
    """

    def __init__(self) -> None:
        self.is_over = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def guard(self, connection: socket.socket | None) -> None:
        with self._lock:
            self._socket = connection
        if self.is_over:
            self.expire()

    def expire(self) -> None:
        with self._lock:
            self.is_over = True
            if self._socket is not None:
                with suppress(OSError):
                    # Of the plain socket: an SSLSocket's own would take the session from its reader.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


_current: ContextVar[_Deadline | None] = ContextVar("fairlead_bridge_exchange", default=None)


@contextmanager
def _deadline(seconds: float) -> Iterator[_Deadline]:
    deadline = _Deadline()
    timer = threading.Timer(seconds, deadline.expire)
    timer.daemon = True
    token = _current.set(deadline)
    timer.start()
    try:
        yield deadline
    finally:
        timer.cancel()
        deadline.guard(None)  # the connection may be another exchange's in a moment
        _current.reset(token)


class _Connection(HTTPConnection):
    def getresponse(self) -> Any:
        if deadline := _current.get():
            deadline.guard(self.sock)
        return super().getresponse()


class _SecureConnection(HTTPSConnection):
    def getresponse(self) -> Any:
        if deadline := _current.get():
            deadline.guard(self.sock)
        return super().getresponse()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS = {"http": _Pool, "https": _SecurePool}


class _Adapter(HTTPAdapter):
    """Connections that a deadline can end."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):  # those have connections of their own
            manager.pool_classes_by_scheme = _POOLS
        return manager
