"""Reads each content of a facet once, however many events repeat it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from fairlead_bridge import ids
from fairlead_bridge.mapping import (
    decode,
)

_T = TypeVar("_T")


class Remembered(Generic[_T]):
    """
    A reader of facets that reads each content once; keyed by the facet's raw bytes, and by the
    dataset's namespace where something is quoted.
    """

    _LIMIT = 20_000

    def __init__(self, read: Callable[[dict[str, object], str], _T | None]) -> None:
        self._read = read
        self._known: dict[tuple[bytes, str], _T | None] = {}

    def __call__(self, raw: msgspec.Raw | None, namespace: str) -> _T | None:
        """What was read of the facet; None where there is nothing to store."""
        if raw is None:
            return None
        body = bytes(raw)
        quoted = b"`" in body or b'\\"' in body or b'"[' in body
        key = ids.digest(body), namespace if quoted else ""
        if key not in self._known:
            if len(self._known) >= self._LIMIT:
                self._known.clear()
            self._known[key] = self._fresh(raw, namespace)
        return self._known[key]

    def _fresh(self, raw: msgspec.Raw, namespace: str) -> _T | None:
        facet = decode.facet({"facet": raw}, "facet")
        return self._read(facet, namespace) if facet is not None else None


def digested(body: bytes | None) -> tuple[bytes, bytes] | None:
    """Return (digest, body); None where there is no body."""
    return (ids.digest(body), body) if body is not None else None
