"""The `[fairlead]` section and the connection: the one reader of what the user set."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from fairlead_airflow.compat.objects import Connection
from fairlead_sdk.documents import Json
from fairlead_sdk.http import new_session

SECTION = "fairlead"
DEFAULT_CONNECTION = "fairlead_default"

Reader = Callable[[str, str], str | None]
"""(section, option) -> what is set, or None."""


def airflow_reader(parser: Any) -> Reader:
    """Read from Airflow's configuration: environment, airflow.cfg, `_cmd` and `_secret`."""

    def read(section: str, option: str) -> str | None:
        value = parser.get(section, option, fallback=None)
        return None if value in (None, "") else str(value)

    return read


@dataclass(frozen=True)
class Config:
    """`[fairlead]` as set; `docs/reference/provider.md` describes the options."""

    enabled: bool
    conn_id: str
    url: str | None
    transport: Json | None
    spool: Json
    """What the durable transport takes besides its destination."""
    mask_keys: tuple[str, ...] = ()
    mask_patterns: tuple[re.Pattern[str], ...] = ()
    max_event_bytes: int = 1024 * 1024
    page_url: str | None = None
    columns_from_bridge: bool = True

    @classmethod
    def read(cls, read: Reader, airflow_home: str) -> Config:
        """ValueError where an option cannot be understood, naming it."""
        spool: Json = {"spool": read(SECTION, "spool") or f"{airflow_home}/fairlead/spool"}
        for option, kind in _SPOOL_OPTIONS.items():
            if (value := read(SECTION, option)) is not None:
                spool[option] = _convert(option, value, kind)
        transport = read(SECTION, "transport")
        return cls(
            enabled=_is_on(read(SECTION, "enabled")),
            conn_id=read(SECTION, "conn_id") or DEFAULT_CONNECTION,
            url=read(SECTION, "url"),
            transport=_convert("transport", transport, json.loads) if transport else None,
            spool=spool | _http_options(read),
            mask_keys=_words(read(SECTION, "mask_keys")),
            mask_patterns=_convert(
                "mask_patterns", read(SECTION, "mask_patterns") or "[]", _patterns
            ),
            max_event_bytes=_convert(
                "max_event_bytes", read(SECTION, "max_event_bytes") or str(1024 * 1024), int
            ),
            page_url=read(SECTION, "page_url"),
            columns_from_bridge=_is_on(read(SECTION, "columns_from_bridge")),
        )

    def static_destination(self) -> Json | None:
        """Where events go if that is in the configuration itself; None: ask the connection."""
        if self.transport:
            return {"transport": self.transport}
        if self.url:
            return {"url": self.url}
        return None


_SPOOL_OPTIONS: Mapping[str, Callable[[str], object]] = {
    "max_bytes": int,
    "max_age": float,
    "sync": str,
    "deliver": str,
    "idle_exit": float,
    "orphan_exit": float,
    "wait": float,
}


def _is_on(value: str | None) -> bool:
    return (value or "true").strip().lower() not in ("false", "0", "f")


def _http_options(read: Reader) -> dict[str, object]:
    options: Json = {}
    if key := read(SECTION, "api_key"):
        options["api_key"] = key
    if timeout := read(SECTION, "timeout"):
        options["timeout"] = _convert("timeout", timeout, float)
    return options


def _words(value: str | None) -> tuple[str, ...]:
    return tuple(word.strip().lower() for word in (value or "").split(",") if word.strip())


def _patterns(value: str) -> tuple[re.Pattern[str], ...]:
    listed = json.loads(value)
    if not isinstance(listed, list):
        raise ValueError("must be a JSON list of regular expressions")
    try:
        return tuple(re.compile(pattern) for pattern in listed)
    except re.error as error:
        raise ValueError(str(error)) from None


def _convert(option: str, value: str, kind: Callable[[str], Any]) -> Any:
    try:
        return kind(value)
    except ValueError as error:
        raise ValueError(f"[{SECTION}] {option}: {error}") from None


def session_for(destination: Mapping[str, Any]) -> requests.Session:
    """A session with the destination's key, certificates and headers."""
    session = new_session()
    session.headers.update(destination.get("headers") or {})
    if key := destination.get("api_key"):
        session.headers["Authorization"] = f"Bearer {key}"
    session.verify = destination.get("verify", True)
    session.cert = destination.get("cert")
    return session


def connection_destination(connection: Connection) -> Json:
    """Where an Airflow connection of type `fairlead` points to, as a transport's config.

    Host and port; `schema` is http or https (a host that begins with either is taken as it is, and
    port 443 means https); the password is the API key; the extra may hold `timeout`, `verify`, `cert`
    and `headers`.
    """
    host = connection.host or "localhost"
    if "://" not in host:
        scheme = connection.schema or ("https" if connection.port == 443 else "http")
        host = f"{scheme}://{host}"
    parts = urlsplit(host)
    if connection.port and parts.port is None:
        host = parts._replace(netloc=f"{parts.netloc}:{connection.port}").geturl()
    destination: Json = {"url": host}
    if connection.password:
        destination["api_key"] = connection.password
    extra = connection.extra_dejson or {}
    for key in ("timeout", "verify", "cert", "headers"):
        if key in extra:
            destination[key] = extra[key]
    return destination
