"""Steps, repeated in threads."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import sqlalchemy as sa

from fairlead_bridge import telemetry
from fairlead_bridge.condition import Loop
from fairlead_bridge.db.engine import reason
from fairlead_bridge.telemetry import Line

#: Seconds between two rounds of work, in which others come to write: on SQLite one writes at a time.
GAP = 0.003
#: Seconds to wait after a round that failed, doubled each time up to the second figure.
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0


class Loops:
    """Steps repeated in threads: at once while there is work, else when woken or after a while."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._bells: dict[str, list[threading.Event]] = {}
        self._states: dict[threading.Thread, Loop] = {}

    @property
    def states(self) -> tuple[Loop, ...]:
        """How each loop's newest round went."""
        return tuple(self._states.values())

    def start(self, name: str, step: Callable[[], int], idle: float) -> None:
        """Run `step` again and again, and `idle` seconds after a round that had nothing to do."""
        bell = threading.Event()
        self._bells.setdefault(name, []).append(bell)
        thread = threading.Thread(target=self._run, args=(name, step, idle, bell), name=name)
        self._threads.append(thread)
        self._states[thread] = Loop(name, ended_at=_now())
        thread.start()

    def wake(self, name: str) -> None:
        for bell in self._bells.get(name, ()):
            bell.set()

    def stop(self) -> None:
        self._stopping.set()
        for name in self._bells:
            self.wake(name)
        for thread in self._threads:
            thread.join()

    def _run(self, name: str, step: Callable[[], int], idle: float, bell: threading.Event) -> None:
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            bell.clear()
            try:
                busy = step()
            except Exception as error:  # noqa: BLE001  (logged, counted, and tried again)
                telemetry.FAILURES.labels(name).inc()
                self._failed(error)
                telemetry.say(
                    _FAILED.get(name, Line.CHORE_FAILED),
                    logging.ERROR,
                    reason=error,
                    again_in=pause,
                )
                self._stopping.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            pause = FIRST_PAUSE
            self._states[threading.current_thread()] = Loop(name, ended_at=_now())
            if busy:
                time.sleep(GAP)
            else:
                bell.wait(idle)

    def _failed(self, error: Exception) -> None:
        thread = threading.current_thread()
        before = self._states[thread]
        since = before.failing_since or _now()
        self._states[thread] = Loop(before.name, _in_words(error), since, before.ended_at)


def _now() -> int:
    return time.time_ns() // 1000


def _in_words(error: Exception) -> str:
    """The error for a sentence."""
    if isinstance(error, sa.exc.DBAPIError):
        return reason(error)
    return (str(error).strip() or type(error).__name__)[:300]


_FAILED = {
    "absorb": Line.ABSORB_FAILED,
    "deliver": Line.DELIVER_FAILED,
    "kafka": Line.KAFKA_FAILED,
    "monitor": Line.MONITOR_FAILED,
}
