"""
Whether any request, however odd, makes the bridge fail.

    python -m bench fuzz [--requests 20000] [--threads 4] [--seed 1] [--database-url URL]

Half of the requests bring events, alone and in batches: those of the stories, changed at random.
The others read: every address with odd values. What counts is printed: answers by status, each
failure (5xx) with its request, the memory of both processes, and whether good events that come
afterwards are absorbed. Exits with 1 where something failed.
"""

from __future__ import annotations

import argparse
import collections
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bridge.fuzzing import Known, bodies, odd_events, reads, request
from tests.bridge.small import run_event, uuid
from tests.bridge.test_stories import STORIES, events

#: Bytes of memory that a process may take at most.
_MOST_MEMORY = 512 << 20


class Tally:
    """What came of the requests, counted by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.statuses: collections.Counter[int] = collections.Counter()
        self.failures: list[str] = []
        self.slowest: tuple[float, str] = (0.0, "")

    def count(self, status: int, asked: str, took: float) -> None:
        with self._lock:
            self.statuses[status] += 1
            self.slowest = max(self.slowest, (took, asked[:200]))
            if status >= 500 and len(self.failures) < 20:
                self.failures.append(f"{status} {asked[:500]}")


class Client:
    """One connection; opened again where the server closed it."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        for last in (False, True):
            try:
                self._connection.request(method, path, body)
                answer = self._connection.getresponse()
                return answer.status, answer.read()
            except (http.client.HTTPException, OSError):
                self._connection.close()
                if last:
                    raise
        raise AssertionError("not reached")

    def read(self, path: str) -> Any:
        return json.loads(self.ask("GET", path)[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database-url", help="instead of a new SQLite file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.database_url or f"sqlite:///{folder}/fairlead.db"
        with _serving(url) as (process, port):
            return _fuzz(process, port, options)


def _fuzz(process: subprocess.Popen[bytes], port: int, options: argparse.Namespace) -> int:
    ordinary = [body for story in STORIES for body in events(story)]
    client = Client(port)
    for body in (*ordinary, *odd_events()):
        client.ask("POST", "/api/v1/lineage", body)
    _absorbed(client)
    addresses = reads(client.read("/openapi.json"))
    names = ("jobs", "datasets", "runs")
    known = Known.of({name: client.read(f"/api/v1/{name}?limit=50") for name in names})
    tally, began = Tally(), time.monotonic()
    each = options.requests // options.threads

    def run(seed: int) -> None:
        mine, chance = Client(port), random.Random(seed)
        sent = iter(bodies(ordinary, each // 2 + 1, seed))
        for number in range(each):
            body = next(sent) if number % 2 else None
            method, path = "GET", ""
            if body is None:
                path = request(addresses, known, chance)
            else:
                method, path = "POST", chance.choice(["/api/v1/lineage", "/api/v1/lineage/batch"])
            start = time.monotonic()
            status, _ = mine.ask(method, path, body)
            tally.count(status, f"{method} {path} {body or ''!r}", time.monotonic() - start)

    threads = [
        threading.Thread(target=run, args=(options.seed * 1000 + n,))
        for n in range(options.threads)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    print(f"{sum(tally.statuses.values())} requests in {took:.0f} s: {dict(tally.statuses)}")
    print(f"slowest: {tally.slowest[0]:.2f} s  {tally.slowest[1]}")
    return _judge(process, client, tally)


def _judge(process: subprocess.Popen[bytes], client: Client, tally: Tally) -> int:
    run_id = uuid(987_654)
    client.ask(
        "POST", "/api/v1/lineage", run_event("COMPLETE", "10:00:00", run_id, "after the storm")
    )
    health = _absorbed(client)
    ours = _mistakes(client)
    memory = {pid: _peak_memory(pid) for pid in _processes(process.pid)}
    print(f"inbox: {health['inbox']}")
    print(f"peak memory: {', '.join(f'{size >> 20} MiB' for size in memory.values())}")
    problems = [
        *tally.failures,
        *ours,
        *(f"a process took {size >> 20} MiB" for size in memory.values() if size > _MOST_MEMORY),
    ]
    if client.ask("GET", f"/api/v1/runs/{run_id}")[0] != 200:
        problems.append("a good event that came afterwards was not absorbed")
    for problem in problems:
        print(f"FAILED {problem}")
    return 1 if problems else 0


def _absorbed(client: Client) -> Any:
    while (health := client.read("/api/v1/health"))["inbox"]["waiting"]:
        time.sleep(0.2)
    return health


def _mistakes(client: Client) -> list[str]:
    """Events in quarantine that the bridge failed on, rather than did not understand."""
    found: list[str] = []
    cursor = ""
    while True:
        page = client.read(f"/api/v1/quarantine?limit=1000{cursor}")
        found += [
            f"{item['reason']} {item['excerpt'][:300]}"
            for item in page["items"]
            if "mistake of ours" in item["reason"]
        ]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def _processes(pid: int) -> list[int]:
    lists = [
        (task / "children").read_text().split() for task in Path(f"/proc/{pid}/task").iterdir()
    ]
    children = [int(each) for found in lists for each in found]
    return [pid, *(child for each in children for child in _processes(each))]


def _peak_memory(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    peak = next(line for line in lines if line.startswith("VmHWM"))
    return int(peak.split()[1]) << 10


@contextmanager
def _serving(url: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "fairlead_bridge", "serve", "--port", str(port)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLEAD_")}
    process = subprocess.Popen(
        [*command, "--database-url", url, "--log-level", "error"],
        env=clean,
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None
                time.sleep(0.1)
        yield process, port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


if __name__ == "__main__":
    sys.exit(main())
