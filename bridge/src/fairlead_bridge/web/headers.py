"""The headers that every answer has, whichever part of the bridge makes it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

#: For what is no document of ours: it loads, runs and frames nothing, whatever a browser takes it for.
_NOTHING = (
    b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
)
#: Added where an answer does not say it itself.
DEFAULTS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", _NOTHING),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
_POLICY = b"content-security-policy"
_OLD_FRAME_RULES = {
    b"frame-ancestors 'none'": b"DENY",
    b"frame-ancestors 'self'": b"SAMEORIGIN",
}


def secured(send: Send) -> Send:
    """What sends an answer with those of the headers that it lacks."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = _completed(message.get("headers", ()))
        await send(message)

    return sending


def _completed(headers: Any) -> list[tuple[bytes, bytes]]:
    own = [*headers]
    has = {name.lower() for name, _ in own}
    own += [header for header in DEFAULTS if header[0] not in has]
    policy = next(value for name, value in own if name.lower() == _POLICY)
    frames = next((part.strip() for part in policy.split(b";") if b"frame-anc" in part), b"")
    if frames in _OLD_FRAME_RULES:  # the old header knows no other origins
        own.append((b"x-frame-options", _OLD_FRAME_RULES[frames]))
    return own
