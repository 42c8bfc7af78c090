"""The bridge as a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.waiting import HANG, until


@contextmanager
def serving(database: Path, *flags: str, **environment: str) -> Iterator[Running]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*COMMAND, "serve", "--port", str(port), "--database-url", str(database), *flags]
    process = subprocess.Popen(command, env=clean(environment), stderr=subprocess.PIPE, text=True)
    running = Running(process, port)
    try:
        until(lambda: listens(port), "the bridge did not start", process)
        yield running
    finally:
        process.kill()
        process.communicate()


COMMAND = [sys.executable, "-m", "fairlead_bridge"]


@dataclass
class Running:
    process: subprocess.Popen[str]
    port: int

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=HANG)
        try:
            connection.request("GET" if body is None else "POST", path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def health(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.ask("/api/v1/health")[1])
        return found

    def children(self) -> list[int]:
        task = Path(f"/proc/{self.process.pid}/task")
        lists = [(each / "children").read_text() for each in task.iterdir()]
        pids = [int(pid) for found in lists for pid in found.split()]
        return [pid for pid in pids if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def clean(more: dict[str, str]) -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLEAD_")}
    return mine | more


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
