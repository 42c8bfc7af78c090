"""A queue that a thread of its own works off, so that Airflow's listeners never wait."""

from __future__ import annotations

import atexit
import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from fairlead_airflow import compat

log = logging.getLogger(__name__)

Entry = TypeVar("Entry")
#: Entries that may wait for the thread; those beyond are dropped and counted.
_WAITING = 10_000
#: Seconds that a process which ends gives the thread.
LAST_SECONDS = 2.0


class Background(Generic[Entry]):
    """Calls `work` with one entry after the other, in a thread of its own; `put` never waits."""

    def __init__(self, work: Callable[[Entry], None], waiting: int = _WAITING) -> None:
        self._work = work
        self._queue: queue.Queue[Entry] = queue.Queue(waiting)
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()
        self._held = False
        self._lock = threading.Lock()
        atexit.register(self.flush, LAST_SECONDS)

    def put(self, entry: Entry) -> bool:
        """Add an entry; False where the queue is full, and the entry is dropped and counted."""
        self._ensure_thread(needed=not self._held)
        try:
            self._queue.put_nowait(entry)
        except queue.Full:
            compat.count("fairlead.events.lost")
            log.warning("A lineage event was lost: %s wait to be written", self._queue.qsize())
            return False
        return True

    def hold(self) -> None:
        """From now on no entry is worked off before `flush`."""
        self._held = True

    def flush(self, seconds: float) -> bool:
        """Wait until no entry waits any more, for at most `seconds`; returns whether that is so."""
        self._ensure_thread(needed=bool(self._queue.unfinished_tasks))
        end = time.monotonic() + seconds
        while self._queue.unfinished_tasks and time.monotonic() < end:
            time.sleep(0.01)
        return not self._queue.unfinished_tasks

    def _ensure_thread(self, *, needed: bool) -> None:
        with self._lock:
            if self._pid != os.getpid():  # after a fork, what waits is sent by the parent
                self._pid, self._thread = os.getpid(), None
                self._queue = queue.Queue(self._queue.maxsize)
            if needed and not (self._thread and self._thread.is_alive()):
                self._thread = threading.Thread(
                    target=self._run, args=(self._queue,), name="fairlead-events", daemon=True
                )
                self._thread.start()

    def _run(self, waiting: queue.Queue[Entry]) -> None:
        while True:
            entry = waiting.get()
            try:
                self._work(entry)
            except Exception:  # the next one may be made
                compat.count("fairlead.events.lost")
                log.warning("A lineage event could not be made", exc_info=True)
            finally:
                waiting.task_done()
