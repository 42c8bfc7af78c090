"""
From which pages and by which names: no page of another site changes anything.

A browser that has another site's page open can be made to send requests here. For changes it says
from where (`Sec-Fetch-Site`, `Origin`). A site can also give its own name the address of this
machine (DNS rebinding): then the page is of "the same" site, but the name it asks for is foreign.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from fairlead_bridge.access.caller import Refusal

READS = ("GET", "HEAD", "OPTIONS")
#: Ends of names that are not in the public DNS.
_PRIVATE = (".localhost", ".internal")


class Origins:
    """
    Says which requests are refused because of where they come from.

    `allowed_hosts`: names of this server; requests for others are refused if any are given, or if it
    `is_local`.
    """

    def __init__(self, allowed_hosts: Iterable[str], is_local: bool) -> None:
        self._allowed = frozenset(host.lower() for host in allowed_hosts)
        self._checks_host = is_local or bool(self._allowed)

    def refusal(self, method: str, headers: Mapping[bytes, str], *, intake: bool) -> Refusal | None:
        """Why the request is refused. What sends events may use any name of the server."""
        host = _name(headers.get(b"host", ""))
        if self._checks_host and not intake and not self._is_ours(host):
            return Refusal(
                403,
                f"This server is not known as {host}: if it is, name it in FAIRLEAD_ALLOWED_HOSTS.",
            )
        if method in READS:
            return None
        origin = headers.get(b"origin")
        if not self._is_own_page(headers, origin):
            return Refusal(
                403,
                f"Pages of {origin or 'another site'} may change nothing here: if this server is "
                "known by that name, put it into FAIRLEAD_ALLOWED_HOSTS.",
            )
        return None

    def is_own(self, method: str, headers: Mapping[bytes, str]) -> bool:
        """Whether a browser says that our own page sends this, or it changes nothing."""
        if method in READS or headers.get(b"sec-fetch-site") == "same-origin":
            return True
        origin = headers.get(b"origin")
        return origin is not None and self._is_own_page(headers, origin)

    def _is_ours(self, host: str) -> bool:
        return host in self._allowed or not _is_public_name(host)

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


def _is_public_name(host: str) -> bool:
    """
    Whether a stranger may have registered the name, so that it may lead here against our will.

    >>> [_is_public_name(name) for name in ("evil.example", "bridge", "10.0.0.7", "::1", "")]
    [True, False, False, False, False]
    """
    if "." not in host or host.endswith(_PRIVATE):
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return True
    return False
