"""What can be set about the spool and its delivery, read from a transport's config or the environment."""

from __future__ import annotations

import getpass
import hashlib
import json
import logging
import os
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from fairlead_sdk.destinations import (
    Destination,
    HttpDestination,
    HttpSettings,
    TransportDestination,
)
from fairlead_sdk.documents import Json
from fairlead_sdk.spool import Limits, Spool

log = logging.getLogger(__name__)

_HTTP_KEYS = ("url", "auth", "headers", "timeout", "verify", "cert")
_OWN_KEYS = (
    "spool",
    "max_bytes",
    "max_age",
    "sync",
    "deliver",
    "idle_exit",
    "orphan_exit",
    "wait",
    "api_key",
)


@dataclass(frozen=True)
class Settings:
    """Everything a writer and a deliverer must agree on.

    `destination` is `{"url": ..., "auth": ..., ...}` for our own HTTP delivery, or
    `{"transport": {...}}` for an OpenLineage transport, or empty when another process delivers.
    """

    spool: Path
    destination: Json = field(default_factory=dict, repr=False)  # may hold a token
    limits: Limits = field(default_factory=Limits)
    sync: bool = False
    background: bool = True
    """Start a deliverer on demand; False where a sidecar or `fairlead spool deliver` does it."""
    idle_exit: float = 60.0
    """Seconds without an event after which a deliverer that was started on demand ends."""
    orphan_exit: float = 900.0
    """Seconds after which such a deliverer ends whose starters have ended, whose receiver takes nothing,
    and whose spool gets nothing; the events stay for the next one."""
    wait: float = 0.0
    """Seconds that the last event of a run waits for delivery; for hosts that end with the task."""

    @classmethod
    def from_dict(cls, params: Mapping[str, Any]) -> Settings:
        """From a transport's config; `docs/reference/sdk.md` describes the keys.

        Raises ValueError where a value is not one of those that a key takes.
        """
        given = params.get("spool")
        default = cls(spool=resolve_folder(given) if given else default_folder())
        ignored = set(params) - {*_HTTP_KEYS, *_OWN_KEYS, "transport", "type", "name", "priority"}
        if ignored:
            log.warning("Ignored unknown settings: %s", ", ".join(sorted(ignored)))
        deliver = params.get("deliver", "background")
        if deliver not in ("background", "outside"):
            raise ValueError(f"`deliver` must be `background` or `outside`, not {deliver!r}")
        return cls(
            spool=default.spool,
            destination=_destination(params),
            limits=Limits(
                max_bytes=int(params.get("max_bytes", default.limits.max_bytes)),
                max_age=timedelta(seconds=float(params["max_age"]))
                if "max_age" in params
                else default.limits.max_age,
            ),
            sync=str(params.get("sync", default.sync)).lower() in ("true", "1", "always"),
            background=deliver == "background",
            idle_exit=float(params.get("idle_exit", default.idle_exit)),
            orphan_exit=float(params.get("orphan_exit", default.orphan_exit)),
            wait=float(params.get("wait", default.wait)),
        )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """From FAIRLEAD_URL, FAIRLEAD_API_KEY, FAIRLEAD_TRANSPORT (JSON) and FAIRLEAD_SPOOL."""
        params: Json = {}
        for key in ("url", "api_key", "spool"):
            if value := environ.get(f"FAIRLEAD_{key.upper()}"):
                params[key] = value
        if transport := environ.get("FAIRLEAD_TRANSPORT"):
            params["transport"] = json.loads(transport)
        return cls.from_dict(params)

    def to_dict(self) -> dict[str, object]:
        """The same as JSON values; `from_dict` reads it back."""
        return {
            "spool": str(self.spool),
            "max_bytes": self.limits.max_bytes,
            "max_age": self.limits.max_age.total_seconds(),
            "sync": self.sync,
            "deliver": "background" if self.background else "outside",
            "idle_exit": self.idle_exit,
            "orphan_exit": self.orphan_exit,
            "wait": self.wait,
            **self.destination,
        }

    @property
    def fingerprint(self) -> str:
        """Tells one destination from another without showing its secrets."""
        text = json.dumps(self.destination, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def open_spool(self) -> Spool:
        return Spool(self.spool, self.limits, sync=self.sync)

    def open_destination(self) -> Destination:
        """ValueError if no destination is set."""
        if transport := self.destination.get("transport"):
            return TransportDestination(transport)
        if self.destination.get("url"):
            cert = self.destination.get("cert")
            if isinstance(cert, list):  # a pair that travelled as JSON
                return HttpDestination(
                    HttpSettings(**{**self.destination, "cert": (cert[0], cert[1])})
                )
            return HttpDestination(HttpSettings(**self.destination))
        raise ValueError("Nowhere to deliver to: set `url` or `transport` (or FAIRLEAD_URL)")


def _destination(params: Mapping[str, object]) -> dict[str, object]:
    if transport := params.get("transport"):
        if not isinstance(transport, dict) or "type" not in transport:
            raise ValueError("`transport` must be the config of an OpenLineage transport")
        return {"transport": transport}
    if not params.get("url"):
        return {}
    destination = {key: params[key] for key in _HTTP_KEYS if params.get(key) is not None}
    if key := params.get("api_key"):
        destination["auth"] = {"type": "api_key", "api_key": key}
    return destination


def default_folder() -> Path:
    """Default folder of a spool: `$FAIRLEAD_SPOOL`, the user's state folder, or /tmp."""
    if given := os.environ.get("FAIRLEAD_SPOOL"):
        return resolve_folder(given)
    state = Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state")
    try:
        home = state.expanduser()
        home.mkdir(parents=True, exist_ok=True)
        if os.access(home, os.W_OK):
            return home / "fairlead" / "spool"
    except (OSError, RuntimeError):  # no home folder, or one that cannot be written
        pass
    return Path(tempfile.gettempdir()) / f"fairlead-{os.getuid()}" / "spool"


def resolve_folder(path: str) -> Path:
    """A folder as configured: `~`, and `{hostname}` and `{user}` for volumes that many share."""
    if "{user}" in path:
        path = path.replace("{user}", getpass.getuser())
    return Path(path.replace("{hostname}", socket.gethostname())).expanduser()
