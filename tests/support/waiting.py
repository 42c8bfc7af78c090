"""Waiting for what another thread or process does.

A test waits for the event, not for a time: how long a busy machine takes is no claim of ours. The
one limit only turns a hang into a failure.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

#: Seconds after which something hangs, on however busy a machine.
HANG = 300.0


def until(
    true: Callable[[], object],
    otherwise: str = "it did not come true",
    process: subprocess.Popen[str] | subprocess.Popen[bytes] | None = None,
) -> None:
    """Return when `true()` is; fail when `process`, which should make it true, has ended."""
    deadline = time.monotonic() + HANG
    while not true():
        if process is not None and process.poll() is not None and not true():
            raise AssertionError(f"{otherwise}: the process ended with {process.returncode}")
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)
