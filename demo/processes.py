"""Programs that are started, watched and stopped, none left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from uuid import uuid4


class DemoError(Exception):
    """Something a person has to know; the message says what, and what to do about it."""


class Program:
    """
    A program in a session of its own, its output in a log file.

    Whatever it starts belongs to its session or, where it left that on purpose as a background
    sender does, carries its mark in the environment; so `stop` finds it all. `stop_signal` is what
    the program takes as a request to stop.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str],
        log: Path,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = name
        self.log = log
        self._stop_signal = stop_signal
        self._mark = f"STARTED_BY_PROGRAM={uuid4()}"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._log_start = output.tell()
            self._process = subprocess.Popen(
                command,
                env={**env, **dict([self._mark.split("=")])},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_running(self) -> bool:
        return self._process.poll() is None

    def check(self) -> None:
        """Raise DemoError, with the end of the log, if the program has ended."""
        if not self.is_running():
            raise DemoError(
                f"{self.name} stopped with exit code {self._process.returncode}. "
                f"The end of {self.log}:\n\n{self.tail()}"
            )

    def tail(self, lines: int = 25) -> str:
        """The last lines this start of the program wrote."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            text = log.read().decode(errors="replace")
        return "\n".join("    " + line for line in text.splitlines()[-lines:])

    def kill(self) -> None:
        """Stop it without a warning, as a power cut would."""
        self._signal_all(signal.SIGKILL)
        self._process.wait()
        self._wait(3.0, lambda: not self._members())

    def stop(self, patience: float = 20.0) -> None:
        """Ask it to stop; after `patience` seconds, make it, and whatever it left behind."""
        if self.is_running():
            self._process.send_signal(self._stop_signal)
            self._wait(patience, lambda: not self.is_running())
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not self._members():
                break
            self._signal_all(number)
            self._wait(3.0, lambda: not self._members())
        self._process.wait()

    def _members(self) -> list[int]:
        """The processes that belong to it and still run."""
        if not Path("/proc/self/stat").exists():  # not Linux: its process group will do
            return [self.pid] if self.is_running() else []
        self._process.poll()  # lets go of the program itself, once it has ended
        return [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and self._owns(entry)
        ]

    def _owns(self, process: Path) -> bool:
        """Whether a process under /proc is ours: not a zombie, and of our session or our mark."""
        try:
            state, _, _, session = (process / "stat").read_text().rpartition(")")[2].split()[:4]
            if state == "Z":
                return False
            marked = self._mark.encode() in (process / "environ").read_bytes()
        except OSError:  # it has ended, or is somebody else's
            return False
        return marked or int(session) == self.pid

    def _signal_all(self, number: signal.Signals) -> None:
        for pid in self._members():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return

    @staticmethod
    def _wait(seconds: float, done: Callable[[], bool]) -> None:
        until = time.monotonic() + seconds
        while not done() and time.monotonic() < until:
            time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_taken(port: int) -> bool:
    """Whether something listens on the port, on this machine's own address or on all of them."""
    for host in ("127.0.0.1", "0.0.0.0"):  # noqa: S104 - only to find out
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return True
    return False
