"""Locks on files that die with their holder and that no fork inherits.

A flock belongs to the open file, and a fork shares its parent's open files: a child that another
thread forked while a lock was held would keep that lock for its own whole life. So a child closes
what its parent held. (A program started with `pass_fds` holds it: that is how a lock is handed over.)
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fairlead_sdk.private import open_file

_POLL = 0.001

_held: set[int] = set()


def _close_in_child() -> None:
    while _held:
        with suppress(OSError):
            os.close(_held.pop())


os.register_at_fork(after_in_child=_close_in_child)


@contextmanager
def holding(path: Path, patience: float) -> Iterator[None]:
    """Hold the lock on `path`, for which one waits at most `patience` seconds.

    TimeoutError (an OSError) where another process holds it longer, as one that was frozen does.
    """
    fd = _open(path)
    try:
        _wait(fd, path, patience)
        yield
    finally:
        fcntl.flock(fd, fcntl.LOCK_UN)  # other holders of the open file
        release(fd)


def take(path: Path) -> int | None:
    """An open file that holds the lock until it is closed everywhere; None if another process has it."""
    fd = _open(path)
    if _try(fd):
        return fd
    release(fd)
    return None


def release(fd: int) -> None:
    """Close what `take` gave. A process to which it was handed goes on holding the lock."""
    _held.discard(fd)  # first: the number may soon belong to another file
    os.close(fd)


def _open(path: Path) -> int:
    fd = open_file(path, os.O_RDWR | os.O_CREAT)
    _held.add(fd)
    return fd


def _try(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(fd: int, path: Path, patience: float) -> None:
    end = time.monotonic() + patience
    while not _try(fd):
        if time.monotonic() >= end:
            raise TimeoutError(f"another process has held {path} for {patience:g} s")
        time.sleep(_POLL)
