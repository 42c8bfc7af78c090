"""The one border to `requests`: exchanges with limits, and foreign errors become ours.

Who answers is not ours to trust. An answer is read up to a size, counted after decompression, and
the whole exchange ends after some seconds, however slowly the bytes come. Redirects are never
followed: a redirected POST becomes a GET that looks like success, and a key would travel on.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError as TransportError

from fairlead_sdk import redact
from fairlead_sdk.errors import FairleadError, NotUnderstood, Refused, Unavailable

#: Answers that speak of load or of a moment, although they are 4xx.
#: Where distributions have the authorities that the administrator trusts, in one file.
_SYSTEM = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
_LATER = frozenset({408, 421, 425, 429})
_CHUNK = 64 * 1024
_API = "/api/v1/"
#: Whatever a connection can end with: reading goes past requests, whose own errors are OSErrors.
_BROKEN = (OSError, ValueError, HTTPException, TransportError)


@dataclass(frozen=True)
class Limits:
    """Of one exchange. Seconds to connect and between two bytes, seconds for all of it, and bytes."""

    pause: float = 10.0
    total: float = 60.0
    max_bytes: int = 8 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """An answer that was read to its end; `body` is unpacked."""

    url: str
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        """A 2xx that is no web page: login pages and error pages like to answer 200."""
        return 200 <= self.status < 300 and not self.is_web_page

    @property
    def is_web_page(self) -> bool:
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        start = self.body[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        return kind in ("text/html", "application/xhtml+xml") or start.startswith(
            (b"<!doctype html", b"<html")
        )

    def text(self, limit: int = 300) -> str:
        """The first `limit` characters, for a person."""
        return redact.text(self.body[: 4 * limit].decode(errors="replace")).strip()[:limit]

    def json(self) -> Any:
        """Raises NotUnderstood where it is no JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            what = "a web page" if self.is_web_page else "something that is not JSON"
            raise NotUnderstood(
                f"{plain_url(self.url)} answers HTTP {self.status} with {what}: is this the "
                f"bridge's address? It begins with {self.text(80)!r}"
            ) from error

    @property
    def retry_after(self) -> float | None:
        return retry_after(self.headers.get("Retry-After"), datetime.now(UTC))

    @property
    def misdirection(self) -> str | None:
        """What to do where something else than the receiver answers; None where nothing shows it."""
        if 300 <= self.status < 400:
            return f"HTTP {self.status}: {_redirect(self.url, self.headers.get('Location'))}"
        if 200 <= self.status < 300 and self.is_web_page:
            return (
                f"HTTP {self.status} with a web page instead of an answer: "
                f"{plain_url(self.url)} is not the receiver, or a login page stands before it"
            )
        return None


def _redirect(url: str, location: str | None) -> str:
    if not location:
        return f"{plain_url(url)} redirects without saying where; look at the address"
    target = requests.compat.urljoin(url, location)
    path = urlsplit(url).path
    asked = path[path.rfind(_API) :] if _API in path else path
    seen = plain_url(target)
    if asked and urlsplit(target).path.endswith(asked):
        return f"redirected to {seen}; set the address to {seen.removesuffix(asked)}"
    return f"redirected to {seen}; a login page or a proxy stands before the receiver"


def plain_url(url: str) -> str:
    """The URL without credentials, query and fragment: what may be shown.

    >>> plain_url("https://ann:secret@bridge:7070/api/v1/lineage?token=x")
    'https://bridge:7070/api/v1/lineage'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return "<an address that is none>"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def new_session() -> requests.Session:
    """A session that obeys `Limits.total` and takes no credentials from ~/.netrc."""
    session = requests.Session()
    session.auth = _no_auth
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter())
    return session


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def authorities(verify: bool | str | None) -> bool | str:
    """What `verify` of requests is to be: a file or False as given, or else the authorities of
    `$FAIRLEAD_CA_FILE`, of `$REQUESTS_CA_BUNDLE`, or of the system."""
    if isinstance(verify, str) or verify is False:
        return verify  # else $REQUESTS_CA_BUNDLE would replace it
    if ours := os.environ.get("FAIRLEAD_CA_FILE"):
        return ours
    if os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE"):
        return True
    named = ssl.get_default_verify_paths().cafile
    return next((path for path in (named, *_SYSTEM) if path and Path(path).is_file()), True)


def exchange(
    session: requests.Session,
    method: str,
    url: str,
    *,
    limits: Limits,
    params: Mapping[str, Any] | None = None,
    data: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send a request and read the answer, whatever its status.

    Raises Unavailable where there is no connection or no whole answer in time, NotUnderstood where
    the answer is too long, FairleadError where the address is none. `Limits.total` holds for
    sessions of `new_session`.
    """
    where = plain_url(url)
    with _deadline(limits.total) as deadline:
        try:
            with session.request(
                method,
                url,
                params=dict(params or {}),
                data=data,
                headers={**(headers or {}), "Accept-Encoding": "gzip"},
                timeout=limits.pause,
                verify=authorities(session.verify),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = _read(response, limits.max_bytes)
                if deadline.is_over:  # an answer without a length ends where its connection does
                    raise BrokenPipeError
                return Answer(url, response.status_code, body, response.headers)
        except (NotUnderstood, *_BROKEN) as error:
            raise _translated(error, where, limits, deadline) from error


def _translated(error: Exception, where: str, limits: Limits, deadline: _Deadline) -> FairleadError:
    """What went wrong in an exchange, as one of the SDK's errors."""
    match error:
        case NotUnderstood():
            return NotUnderstood(f"{where}: {error}")
        case requests.Timeout():
            return Unavailable(f"{where} does not answer within {limits.pause:g} s")
        case (
            requests.exceptions.MissingSchema()
            | requests.exceptions.InvalidSchema()
            | requests.exceptions.InvalidURL()
        ):
            return FairleadError(f"{where} is not an address: it must look like http://bridge:7070")
        case requests.exceptions.SSLError():
            return Unavailable(f"{where}: no trusted connection; look at the certificates: {error}")
    if deadline.is_over:
        return Unavailable(f"{where} did not finish its answer within {limits.total:g} s")
    return Unavailable(f"no answer from {where}: {_reason(error)}")


def _reason(error: BaseException) -> str:
    """The innermost reason: `requests` wraps "Connection refused" three times."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return str(error) or type(error).__name__


def checked(answer: Answer) -> Answer:
    """The answer, if it is a success. Raises NotUnderstood, Refused or Unavailable if not."""
    if answer.is_success:
        return answer
    if wrong := answer.misdirection:
        raise NotUnderstood(wrong)
    text = f"{plain_url(answer.url)} answers HTTP {answer.status}: {answer.text()}".rstrip(": ")
    if 400 <= answer.status < 500 and answer.status not in _LATER:
        raise Refused(text, answer.status, answer.text(2000))
    raise Unavailable(text, answer.retry_after)


def _read(response: requests.Response, limit: int) -> bytes:
    """The whole body, unpacked. Raises NotUnderstood where it is longer than `limit`."""
    packed = response.headers.get("Content-Encoding", "").strip().lower() in ("gzip", "x-gzip")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16) if packed else None
    body = bytearray()
    # Not `stream`: urllib3 reads the sizes of chunks without a limit, http.client with one.
    while chunk := response.raw.read(_CHUNK, decode_content=False):
        body += chunk if unpacker is None else _unpacked(unpacker, chunk, limit)
        if len(body) > limit:
            raise NotUnderstood(f"the answer is longer than {limit} bytes")
    return bytes(body)


def _unpacked(unpacker: Any, chunk: bytes, limit: int) -> bytes:
    """At most one byte more than `limit`, however much the chunk would come to."""
    try:
        unpacked: bytes = unpacker.decompress(chunk, limit + 1)
    except zlib.error as error:
        raise NotUnderstood(f"the answer cannot be unpacked: {error}") from error
    if unpacker.unused_data:
        raise NotUnderstood("the answer cannot be unpacked: it goes on behind its end")
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


_current: ContextVar[_Deadline | None] = ContextVar("fairlead_exchange", default=None)


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


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait, from a Retry-After header in either of its forms.

    >>> retry_after("7", datetime(2026, 1, 1, tzinfo=UTC))
    7.0
    >>> retry_after("Thu, 01 Jan 2026 00:01:00 GMT", datetime(2026, 1, 1, tzinfo=UTC))
    60.0
    >>> retry_after("soon", datetime(2026, 1, 1, tzinfo=UTC)) is None
    True
    """
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError):
        return None
