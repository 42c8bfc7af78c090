"""Turns for answers that take seconds of processor time: only a few are made at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import HTTPException

#: Seconds after which a caller who found no turn should come again.
RETRY_AFTER = 5


class Turns:
    """`at_once` turns; a request that waits longer than `patience` seconds is refused."""

    def __init__(self, at_once: int = 2, patience: float = 10.0) -> None:
        self._free = threading.BoundedSemaphore(at_once)
        self._patience = patience

    @contextmanager
    def take(self) -> Iterator[None]:
        """Raises HTTPException (503 with Retry-After) where no turn comes free in time."""
        if not self._free.acquire(timeout=self._patience):
            raise HTTPException(
                503,
                "Too many large answers are being made at once; ask again later.",
                headers={"Retry-After": str(RETRY_AFTER)},
            )
        try:
            yield
        finally:
            self._free.release()
