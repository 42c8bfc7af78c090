"""Supervises the worker process from the web process: starts it again when it died."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import threading
import time
import uuid
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from fairlead_bridge import telemetry
from fairlead_bridge.condition import Condition
from fairlead_bridge.settings import Settings
from fairlead_bridge.telemetry import Line
from fairlead_bridge.workers.loops import FIRST_PAUSE, LONGEST_PAUSE
from fairlead_bridge.workers.process import work

#: Seconds that a worker may take to finish its transactions when asked to stop.
STOP_WITHIN = 20.0


class Workers:
    """Supervises one worker process; a worker that died is started again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        #: One name for all its workers, of which one lives at a time.
        self._name = uuid.uuid4().hex
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="worker-supervisor")
        self._bell: Connection | None = None
        self._condition = Condition()

    @property
    def condition(self) -> Condition:
        """The worker's condition; its report is about a second old at most."""
        return self._condition

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Wake the absorber. Never waits: a full pipe holds enough wake-ups."""
        bell = self._bell
        if bell is not None:
            with contextlib.suppress(OSError, ValueError):
                os.write(bell.fileno(), b"\0")

    def stop(self) -> None:
        """Let the worker finish its transactions, and end it."""
        self._stopping.set()
        self._hang_up()
        self._thread.join()

    def _hang_up(self) -> None:
        bell, self._bell = self._bell, None
        if bell is not None:
            bell.close()

    def _supervise(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            began = time.monotonic()
            process, reports = self._spawn()
            self._follow(reports)
            self._hang_up()
            _end(process)
            if self._stopping.is_set():
                return
            died = f"with exit code {process.exitcode}"
            self._condition = Condition(self._condition.report, died)
            telemetry.say(Line.WORKER_DIED, logging.ERROR, code=process.exitcode, again_in=pause)
            self._stopping.wait(pause)
            lived = time.monotonic() - began
            pause = FIRST_PAUSE if lived > LONGEST_PAUSE else min(pause * 2, LONGEST_PAUSE)

    def _follow(self, reports: Connection) -> None:
        """Take each report of the worker, until it ends."""
        with contextlib.suppress(EOFError, OSError), reports:
            while True:
                self._condition = Condition(reports.recv())

    def _spawn(self) -> tuple[BaseProcess, Connection]:
        context = multiprocessing.get_context("spawn")
        wakeups, bell = context.Pipe(duplex=False)
        reports, sender = context.Pipe(duplex=False)
        os.set_blocking(bell.fileno(), False)
        process = context.Process(
            target=work, args=(self._settings, wakeups, sender, self._name), name="fairlead-worker"
        )
        process.start()
        wakeups.close()
        sender.close()
        self._bell = bell
        if self._stopping.is_set():
            self._hang_up()
        return process, reports


def _end(process: BaseProcess) -> None:
    process.join(STOP_WITHIN)
    if process.is_alive():
        process.kill()  # safe at any line
        process.join()
