"""
Who may ask: keys for what changes something, and no page of another site.

A browser that has another site's page open can be made to send requests here. For changes it says
from where (`Sec-Fetch-Site`, `Origin`). A site can also give its own name the address of this
machine (DNS rebinding): then the page is of "the same" site, but the name it asks for is foreign.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fairlead_bridge import telemetry

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

_READS = ("GET", "HEAD", "OPTIONS")
#: Ends of names that are not in the public DNS.
_PRIVATE = (".localhost", ".internal")


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    detail: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Gate:
    """
    Says which requests are refused.

    `keys`: changes need one of them; none: no key is asked for. `allowed_hosts`: names of this
    server; requests for others are refused if any are given, or if it `is_local`.
    """

    def __init__(self, keys: Iterable[str], allowed_hosts: Iterable[str], is_local: bool) -> None:
        self._keys = frozenset(_digest(key.encode()) for key in keys)
        self._allowed = frozenset(host.lower() for host in allowed_hosts)
        self._checks_host = is_local or bool(self._allowed)

    def refusal(self, scope: Scope, *, intake: bool) -> Refusal | None:
        """Why the request is refused. What sends events may use any name of the server."""
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host = _name(headers.get(b"host", ""))
        if self._checks_host and not intake and not self._is_ours(host):
            return Refusal(
                403,
                f"This server is not known as {host}: if it is, name it in FAIRLEAD_ALLOWED_HOSTS.",
            )
        if scope["method"] in _READS:
            return None
        origin = headers.get(b"origin")
        if not self._is_own_page(headers, origin):
            return Refusal(
                403,
                f"Pages of {origin or 'another site'} may change nothing here: if this server is "
                "known by that name, put it into FAIRLEAD_ALLOWED_HOSTS.",
            )
        if self._keys and _digest(_key(headers)) not in self._keys:
            return Refusal(
                401,
                "Send a known key: `Authorization: Bearer KEY`.",
                ((b"www-authenticate", b"Bearer"),),
            )
        return None

    def _is_ours(self, host: str) -> bool:
        return host in self._allowed or not _may_be_anyones(host)

    def _is_own_page(self, headers: Mapping[bytes, str], origin: str | None) -> bool:
        """Whether no browser sends it, or one that has our own page open."""
        site = headers.get(b"sec-fetch-site")
        if site in ("same-origin", "none"):
            return True
        if origin is None:
            return site is None
        own = {headers.get(b"host", "").lower(), headers.get(b"x-forwarded-host", "").lower()}
        place, name = _split(origin) or ("", "")
        return bool(name) and (place in own or name in self._allowed)


async def refuse(refusal: Refusal, send: Send) -> None:
    telemetry.REFUSED.labels(str(refusal.status)).inc()
    body = json.dumps({"detail": refusal.detail}).encode()
    own = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    start = {"type": "http.response.start", "status": refusal.status}
    await send({**start, "headers": [*own, *refusal.headers]})
    await send({"type": "http.response.body", "body": body})


def _key(headers: Mapping[bytes, str]) -> bytes:
    """The key that is shown; apart from `Authorization` where a proxy's login needs that."""
    scheme, _, key = headers.get(b"authorization", "").partition(" ")
    shown = key if scheme.lower() == "bearer" else headers.get(b"x-api-key", "")
    return shown.strip().encode("latin-1")


def _digest(key: bytes) -> bytes:
    """Digests are compared, not keys: the time it takes shows nothing."""
    return hashlib.sha256(key).digest()


def _name(host: str) -> str:
    """A Host header without the port, in lower case."""
    found = _split(f"//{host}")
    return found[1] if found else host.lower()


def _split(url: str) -> tuple[str, str] | None:
    """(host with port, host) of a URL."""
    try:
        parts = urlsplit(url)
        return parts.netloc.lower(), (parts.hostname or "").rstrip(".")
    except ValueError:
        return None


def _may_be_anyones(host: str) -> bool:
    """
    Whether a stranger may have registered the name, so that it may lead here against our will.

    >>> [_may_be_anyones(name) for name in ("evil.example", "bridge", "10.0.0.7", "::1", "")]
    [True, False, False, False, False]
    """
    if "." not in host or host.endswith(_PRIVATE):
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return True
    return False
