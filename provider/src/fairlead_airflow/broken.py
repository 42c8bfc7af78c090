"""Watches broken DAG files until they can be imported, which no listener of Airflow reports.

While any file is broken, Airflow's table of import errors is read every 30 s.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable

from fairlead_airflow import compat
from fairlead_airflow.shield import shielded

log = logging.getLogger(__name__)

#: Seconds between two looks.
_EVERY = 30.0


class BrokenFiles:
    """Calls `recovered` with each broken file that is no longer in Airflow's table."""

    def __init__(
        self,
        recovered: Callable[[str], None],
        listed: Callable[[], set[str]] = compat.database.broken_files,
    ) -> None:
        self._recovered = recovered
        self._listed = listed
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()
        self._watcher: tuple[int, threading.Thread] | None = None

    def add(self, file: str, now: float) -> None:
        """Watch a file that Airflow cannot import; `now` in seconds of time.monotonic."""
        with self._lock:
            self._seen[file] = now
            if self._watcher and self._watcher[0] == os.getpid() and self._watcher[1].is_alive():
                return
            thread = threading.Thread(target=self._watch, name="fairlead-broken", daemon=True)
            self._watcher = (os.getpid(), thread)
            thread.start()

    def look(self, now: float) -> None:
        """Ask once, at `now` in seconds of the clock that noted when each file was seen."""
        listed = self._listed()
        with self._lock:
            # A new error may not be in the table yet.
            known = [file for file, seen in self._seen.items() if now - seen >= _EVERY / 2]
            recovered = [file for file in known if not _is_among(file, listed)]
            for file in recovered:
                del self._seen[file]
        for file in recovered:
            self._recovered(file)

    def _watch(self) -> None:
        while True:
            time.sleep(_EVERY)
            with shielded(
                log, "Airflow's import errors could not be asked for", level=logging.DEBUG
            ):
                self.look(time.monotonic())
            with self._lock:
                if not self._seen:
                    self._watcher = None
                    return


def _is_among(file: str, listed: set[str]) -> bool:
    """Airflow 3 lists the path within the file's bundle."""
    return any(file == name or file.endswith(f"/{name}") for name in listed)
