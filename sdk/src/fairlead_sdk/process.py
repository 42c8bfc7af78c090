"""The deliverer as a process of its own, started by a writer when none runs.

It gets a new session, so that neither the end of its parent nor a signal to the parent's process
group reaches it, and it is started through a shell that ends at once, so that it becomes no process's
child and leaves no zombie. It inherits the deliverer lock already taken: there is no moment at which
two could start. Its settings come through a pipe, because they may hold a token.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from fairlead_sdk.ancestry import Process, any_alive, lineage_of
from fairlead_sdk.delivery import Deliverer, Pace, read_tally, stop_on_signals
from fairlead_sdk.private import open_file
from fairlead_sdk.settings import Settings
from fairlead_sdk.spool import Spool

log = logging.getLogger(__name__)

_LOG_BYTES = 1024 * 1024
_PIPE_BYTES = 64 * 1024
_BROKEN_PAUSE = 30


def ensure_delivery(settings: Settings) -> bool:
    """Start a deliverer if this spool has none. Takes a few milliseconds; True if started."""
    if not settings.background or not settings.destination:
        return False
    spool = settings.open_spool()
    spool.want_destination(settings.fingerprint)
    lock = spool.take_delivery()
    if lock is None:
        return False
    try:
        _start(settings, lock)
    finally:
        spool.release_delivery(lock)  # the deliverer holds its own copy
    return True


def needs_attention(spool: Spool) -> bool:
    """Return whether this spool has no deliverer, or one whose last delivery failed.

    For callers whose settings take a while to find out: no need to while all goes well.
    """
    tally = read_tally(spool.folder)
    failing = (tally.get("last_error_at") or "") > (tally.get("last_delivered_at") or "")
    return failing or not spool.is_delivering()


def _start(settings: Settings, lock: int) -> None:
    starters = lineage_of(os.getpid())
    config = json.dumps({"settings": settings.to_dict(), "starters": starters}).encode()
    if len(config) > _PIPE_BYTES:
        raise ValueError("The settings of a transport must be shorter than 64 KiB")
    reading, writing = os.pipe()
    log_file = _open_log(settings.spool / "deliverer.log")
    try:
        os.write(writing, config)
        subprocess.run(  # noqa: S603 - our own interpreter, our own module
            [
                "/bin/sh",
                "-c",
                '"$0" -P -m fairlead_sdk.process "$@" &',
                sys.executable,
                str(lock),
                str(reading),
            ],
            check=True,
            start_new_session=True,
            pass_fds=(lock, reading),
            stdin=subprocess.DEVNULL,
            stdout=log_file,
            stderr=log_file,
            cwd="/",
        )
    finally:
        for fd in (reading, writing, log_file):
            os.close(fd)


def _open_log(path: Path) -> int:
    """The log of the deliverer; nowhere on a full disk, which only delivery makes room on."""
    try:
        fd = open_file(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)
    if os.fstat(fd).st_size > _LOG_BYTES:
        os.ftruncate(fd, 0)
    return fd


def main(lock: int, config: int) -> None:
    """What the started process does: deliver until idle, until asked to stop, or until another
    destination is wanted."""
    with os.fdopen(config, "rb") as pipe:
        given = json.loads(pipe.read())
    settings = Settings.from_dict(given["settings"])
    spool = settings.open_spool()
    orphanhood = Orphanhood([Process(*one) for one in given["starters"]], settings.orphan_exit)

    def still_wanted() -> bool:
        return spool.wanted_destination() == settings.fingerprint and not orphanhood.is_over(
            spool, time.monotonic()
        )

    try:
        deliverer = Deliverer(
            spool,
            settings.open_destination(),
            Pace(idle_exit=settings.idle_exit),
            fingerprint=settings.fingerprint,
            still_wanted=still_wanted,
        )
        stop_on_signals(deliverer)
        with suppress(OSError):  # allowed to be refused: a busy worker's tasks come first
            os.nice(5)
        deliverer.run(lock)
    except Exception:
        log.exception("Delivery stopped; events stay in the spool")
        for _ in range(_BROKEN_PAUSE):  # keep the lock, or every event would start a process
            if still_wanted():
                time.sleep(1)
        raise


class Orphanhood:
    """When to give up: the starters have ended, events wait, and for `patience` seconds none was appended
    and none was taken."""

    def __init__(self, starters: Sequence[Process], patience: float) -> None:
        self._starters = starters
        self._patience = patience
        self._seen: object = None
        self._over = False
        self._since = self._next = 0.0

    def is_over(self, spool: Spool, now: float) -> bool:
        """`now` in seconds. Looks once a second, however often it is asked."""
        if self._over or now < self._next:
            return self._over
        self._next = now + 1.0
        size = spool.size()
        seen = (size, read_tally(spool.folder).get("delivered"))
        if seen != self._seen or any_alive(self._starters):
            self._seen, self._since = seen, now
        self._over = size > 0 and now - self._since >= self._patience
        return self._over


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    main(int(sys.argv[1]), int(sys.argv[2]))
