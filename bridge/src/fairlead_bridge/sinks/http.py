"""
The one border to `requests`: foreign errors become ours here.

Nothing is retried here but a connection that the catalog closed while it was idle; the outbox
tries again, for everybody, with patience and without a thread that sleeps.
"""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
import requests
from requests.auth import AuthBase, HTTPBasicAuth
from urllib3.exceptions import ProtocolError

from fairlead_bridge import masking, trust
from fairlead_bridge.errors import (
    AnswerIncomplete,
    AnswerOverdue,
    AnswerTooLong,
    AnswerUnreadable,
    BadSettings,
    HttpRejected,
    Misconfigured,
    ServerFailed,
    Unavailable,
)
from fairlead_bridge.sinks.exchange import Answer, Limits, exchange, new_session

#: Seconds to connect, and to wait between two bytes of an answer.
TIMEOUT = (5.0, 30.0)
#: Of an answer, after unpacking.
MAX_BYTES = 32 * 1024 * 1024
#: The catalog, or what stands before it, says "later".
LATER = {408, 425, 429, 502, 503, 504}
_EXCERPT = 500
_GZIP_FROM = 4_096


#: Of a query; several values are sent under the name one after the other.
Params = Mapping[str, str | Sequence[str]]


class Bearer(AuthBase):
    """`Authorization: Bearer`; the token is asked for each time, so that it may change."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token()}"
        return request


class NoAuth(AuthBase):
    """Stops `requests` from looking for credentials in ~/.netrc."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class Client:
    """
    HTTP to one catalog over persistent connections; for any number of threads.

    `rate` is the most requests a second; `compress` sends bodies of 4 kB and more with gzip. An
    answer has at most `max_bytes` after unpacking, and is whole within `total` seconds: four times
    the wait between two bytes, and at least two minutes.
    """

    def __init__(
        self,
        url: str,
        *,
        auth: AuthBase | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: tuple[float, float] = TIMEOUT,
        verify: bool | str = True,
        rate: float | None = None,
        compress: bool = False,
        total: float | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.url, given = _without_credentials(url.rstrip("/"))
        self._auth = auth or given or NoAuth()
        self._headers = {
            "Accept": "application/json",
            "User-Agent": f"fairlead-bridge/{version('fairlead-bridge')}",
            **(headers or {}),
        }
        connect, pause = timeout
        self._limits = Limits(connect, pause, total or max(120.0, 4 * pause), max_bytes)
        self._verify = trust.verify(verify)
        self._pause = 1.0 / rate if rate else 0.0
        self._next = 0.0
        self._lock = threading.Lock()
        self._compress = compress
        self._session = new_session()
        self.requests = 0

    def json(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """
        The decoded answer, None where it has no body. Raises as `send` does, and Misconfigured
        where the answer is no JSON.
        """
        content = None if body is None else msgspec.json.encode(body)
        answer = self.send(method, path, content, params=params, headers=headers)
        if not answer.body:
            return None
        try:
            return msgspec.json.decode(answer.body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise Misconfigured(
                f"{method} {self.url}{path} answered {answer.status} with something that is "
                f"not JSON: {answer.text(_EXCERPT)!r}; is this the API's address?"
            ) from error

    def send(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """
        A 2xx answer that is no web page.

        Raises Unavailable where trying again may help: no connection, no answer in time, "later",
        or credentials that are refused (Misconfigured). Raises ServerFailed for a 500, HttpRejected else.
        """
        sent = {**self._headers, **(headers or {})}
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
            if self._compress and len(content) >= _GZIP_FROM:
                content = gzip.compress(content, compresslevel=5, mtime=0)
                sent["Content-Encoding"] = "gzip"
        return _understood(self._call(method, path, content, params, sent))

    def _call(
        self,
        method: str,
        path: str,
        content: bytes | None,
        params: Params | None,
        headers: Mapping[str, str],
    ) -> Answer:
        for last in (False, True):
            self._limit_rate()
            try:
                return exchange(
                    self._session,
                    method,
                    self.url + path,
                    limits=self._limits,
                    headers=headers,
                    params=params,
                    data=content,
                    auth=self._auth,
                    verify=self._verify,
                )
            except (AnswerUnreadable, AnswerTooLong) as error:
                raise Misconfigured(
                    f"{method} {self.url}{path}: {error}; is this the API's address?"
                ) from error
            except (
                AnswerIncomplete,
                AnswerOverdue,
                BadSettings,
                requests.RequestException,
            ) as error:
                if last or not _closed_while_idle(error):
                    raise self._translated(error) from error
        raise AssertionError("unreachable")

    def _translated(self, error: Exception) -> Unavailable:
        """What went wrong before there was an answer that can be read, as an error of sinks."""
        match error:
            case AnswerIncomplete() | AnswerOverdue():
                return Unavailable(f"{self.url}: {error}")
            case requests.Timeout():
                return Unavailable(f"no answer from {self.url} in time: {error}")
            case requests.exceptions.SSLError():
                return Misconfigured(f"no trusted connection to {self.url}: {error}")
            case requests.ConnectionError():
                return Unavailable(f"no connection to {self.url}: {error}")
            case BadSettings():  # the file of a secret is gone
                return Misconfigured(str(error))
        return Misconfigured(f"{self.url} cannot be called: {error}")

    def _limit_rate(self) -> None:
        with self._lock:
            self.requests += 1
            now = time.monotonic()
            turn = max(self._next, now)
            self._next = turn + self._pause
        if turn > now:
            time.sleep(turn - now)


def _closed_while_idle(error: Exception) -> bool:
    """Whether a connection that was open before broke, so that a new one may do."""
    is_connection = isinstance(error, requests.ConnectionError)
    return is_connection and bool(error.args) and isinstance(error.args[0], ProtocolError)


def _without_credentials(url: str) -> tuple[str, HTTPBasicAuth | None]:
    """The address as it may be shown, and what it said of a user."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url, None
    auth = HTTPBasicAuth(unquote(parts.username or ""), unquote(parts.password or ""))
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(), auth


def _understood(answer: Answer) -> Answer:
    status = answer.status
    what = f"{status} from {answer.method} {masking.text(answer.url)}"
    text = answer.text(_EXCERPT)
    problem = f"{what}: {text}" if text else what
    if 200 <= status < 300:
        if answer.is_web_page:
            raise Misconfigured(
                f"{what}: a web page instead of an answer; is this the API's address, and does a "
                "login page stand before it?",
                status,
            )
        return answer
    if status in LATER:
        raise Unavailable(problem, _retry_after(answer.headers.get("Retry-After")))
    if 300 <= status < 400:
        target = masking.text(answer.headers.get("Location", "nowhere"))
        raise Misconfigured(
            f"{what}: it redirects to {target}; write the final address as `url`", status
        )
    if status in (401, 407):
        raise Misconfigured(f"{problem}; is the token right, and still valid?", status)
    if status >= 500:
        raise ServerFailed(problem, _retry_after(answer.headers.get("Retry-After")))
    raise HttpRejected(problem, status, answer.text(len(answer.body)))


def _retry_after(value: str | None) -> float | None:
    """Seconds, from a number of seconds or an HTTP date."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())
