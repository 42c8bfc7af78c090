"""Whether the program that started a process still runs, some of whose processes end with each task.

A task of Airflow is a process that ends after seconds; the worker or scheduler above it stays. So a
process remembers those above its starter that run the same Python: a shell or an init is not among them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")
_MOST = 50


class Process(NamedTuple):
    """A process; `started` distinguishes it from a later one with the same number (0 where that is unknown)."""

    pid: int
    started: int

    @property
    def is_alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        return not self.started or _stat(self.pid)[1] in (0, self.started)


def lineage_of(pid: int) -> list[Process]:
    """The process and those above it that run the same program, the nearest first."""
    program = _program(pid)
    found: list[Process] = []
    while pid > 0 and len(found) < _MOST:  # also 1, which may be Airflow in a container
        parent, started = _stat(pid)
        if program is None or _program(pid) == program:
            found.append(Process(pid, started))
        if program is None:  # no /proc: of the others nothing is known
            break
        pid = parent
    return found


def any_alive(processes: Iterable[Process]) -> bool:
    return any(process.is_alive for process in processes)


def _program(pid: int) -> str | None:
    with suppress(OSError):
        return str((_PROC / str(pid) / "exe").readlink())
    return None


def _stat(pid: int) -> tuple[int, int]:
    """Its parent, and when it started, in ticks since the boot; zeros where that is unknown."""
    with suppress(OSError, ValueError, IndexError):
        # The name in parentheses may hold anything, also parentheses.
        fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        if fields[0] != "Z":
            return int(fields[1]), int(fields[19])
    return 0, 0
