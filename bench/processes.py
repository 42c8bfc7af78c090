"""Programs that a bench starts and measures."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running(command: list[str], port: int, **environ: str) -> Iterator[int]:
    """The process id of a command that listens on the port, until the block ends."""
    process = subprocess.Popen(command, env={**os.environ, **environ})
    try:
        for _ in range(1_200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None:
                    raise SystemExit(f"{command[2]} ended with {process.returncode}") from None
                time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def processor_time(pid: int) -> float:
    """Seconds of the processor that a process has taken so far."""
    about = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(about[11]) + int(about[12])) / os.sysconf("SC_CLK_TCK")


def worker_memory(bridge: int) -> float:
    """Resident megabytes of the bridge's worker: of its children, the one that holds most."""
    threads = Path(f"/proc/{bridge}/task").glob("*/children")
    children = [child for thread in threads for child in thread.read_text().split()]
    page = os.sysconf("SC_PAGE_SIZE")
    return max(
        int(Path(f"/proc/{child}/statm").read_text().split()[1]) * page / 1e6 for child in children
    )


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
