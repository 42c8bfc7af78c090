"""
Whether scripts that attack the bridge make it fail, take its memory, or hold up others.

    python -m bench attack [--jobs 1500] [--connections 1500]

Each script is run against a bridge without keys and one with them, over a catalog in which `jobs` jobs read one
table. What counts is printed: the answer, the seconds it took, the processor time of the web process meanwhile, and
whether another sender was answered at the same time. Exits with 1 where an answer is 5xx without Retry-After, a
script takes more than 2 s of processor time a request, a process takes more than 512 MiB, something was let in
without a key, or a good event that came afterwards was not absorbed.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from bench.fuzz import MOST_MEMORY, memory_of, new_key, serving
from bench.processes import processor_time
from tests.support.small import dataset, run_event, uuid
from tests.support.waiting import HANG, until

#: Seconds of processor time that one request may take; what a graph is drawn by is counted apart.
_MOST_WORK = 2.0
#: Stands for an answer of 503 with Retry-After, which is right for all.
_LATER = 503_000
_STORE = "postgres://db:5432"
_BATCH, _ONE = "/api/v1/lineage/batch", "/api/v1/lineage"
#: A gzip member that holds nothing.
_EMPTY = gzip.compress(b"")


@dataclass(frozen=True)
class Attack:
    """One request, and the statuses that are right for it; `headers` come to the key's."""

    name: str
    path: str
    right: Sequence[int]
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    method: str = ""

    @property
    def verb(self) -> str:
        return self.method or ("GET" if self.body is None else "POST")


def attacks() -> Iterator[Attack]:
    """The attacks of one request each."""
    packed = (("Content-Encoding", "gzip"),)
    for name, opening in (("arrays", b"["), ("objects", b'{"a":')):
        for path in (_ONE, _BATCH):
            yield Attack(f"{name}, nested 200,000 times", path, (200, 201), opening * 200_000)
    bomb = gzip.compress(b" " * (1 << 30), 9)
    yield Attack(f"{len(bomb) >> 10} KiB that unpack to 1 GiB", _BATCH, (413,), bomb, packed)
    members = _EMPTY * ((4 << 20) // len(_EMPTY))
    yield Attack("4 MiB of empty gzip members", _BATCH, (200, 201, 204, 413), members, packed)  # fmt: skip
    yield Attack("a million elements", _BATCH, (413,), b"[" + b"1," * 1_000_000 + b"1]")
    yield Attack("a million quotes", _BATCH, (200, 201, 413), b"[" + b'"' * 1_000_001)
    yield Attack("a time before time", "/api/v1/runs?since=0001-01-01T00:00:00%2B14:00", (200, 422))
    yield Attack("as it was then", "/api/v1/overview?as_of=0001-01-01T00:00:00%2B14:00", (200, 422))
    yield Attack("a thousand words", f"/api/v1/datasets?q={'a+' * 1_000}", (422,))
    yield Attack("a search for every letter", f"/api/v1/search?q={quote('%_' * 20)}", (200, 422))
    hub = quote(f"dataset:{_STORE}:hub")
    yield Attack("the largest picture", f"/api/v1/graph.svg?node={hub}&up=50&down=50&limit=5000", (200, 422))  # fmt: skip
    yield Attack("the deepest lineage", f"/api/v1/lineage?node={hub}&depth=50&limit=5000", (200, 422))  # fmt: skip
    yield Attack("all that is affected", f"/api/v1/impact?node={hub}", (200, 422))
    yield Attack("every way between two", f"/api/v1/lineage/paths?source={hub}&target={hub}&depth=50", (200, 404, 422))  # fmt: skip
    yield Attack("a cursor of another list", "/api/v1/runs?cursor=WzEsMl0", (200, 400))
    yield Attack("a cursor of 60,000 letters", f"/api/v1/jobs?cursor={'A' * 60_000}", (400, 414, 422, 431))  # fmt: skip
    foreign = (("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site"))
    for path in ("/api/v1/quarantine/replay", "/api/v1/deliveries/retry?sink=x"):
        yield Attack(f"another site: {path}", path, (403,), b"", foreign)
    yield Attack("a foreign name", "/api/v1/runs", (403,), headers=(("Host", "evil.example"),))


#: Asked without a key where keys are asked for.
_GUARDED = (
    Attack("without a key: replay", "/api/v1/quarantine/replay", (401,), b""),
    Attack("without a key: retry", "/api/v1/deliveries/retry?sink=x", (401,), b""),
    Attack("without a key: runs", "/api/v1/runs", (401,)),
    Attack("without a key: an event", _ONE, (401,), b"{}"),
    Attack("without a key: metrics", "/metrics", (401,)),
)


class Bridge:
    """A running bridge as an attacker meets it; `problems` are what was found."""

    def __init__(self, pid: int, port: int, key: str) -> None:
        self._pid, self._port = pid, port
        self.key = {"Authorization": f"Bearer {key}"} if key else {}
        self.problems: list[str] = []

    def ask(self, attack: Attack, *, key: bool = True) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=300)
        headers = (self.key if key else {}) | dict(attack.headers)
        try:
            with suppress(BrokenPipeError, ConnectionResetError):  # answered before all was sent
                connection.request(attack.verb, attack.path, attack.body, headers)
            answer = connection.getresponse()
            later = answer.status == 503 and answer.getheader("Retry-After")
            return (_LATER if later else answer.status), answer.read()
        except ConnectionError:
            return 0, b""  # no answer: the process may have ended
        finally:
            connection.close()

    def attacked(self, attack: Attack, *, key: bool = True) -> None:
        work, began = processor_time(self._pid), time.monotonic()
        status, _ = self.ask(attack, key=key)
        took, worked = time.monotonic() - began, processor_time(self._pid) - work
        right = status in (*attack.right, _LATER) and worked <= _MOST_WORK
        self._say(attack.name, f"{status}   {took:6.2f} s, {worked:5.2f} s of processor", right)

    def held_up(self, connections: int) -> None:
        """Half of a request on each of many connections, while another asks."""
        name = f"{connections} half-sent requests"
        with ExitStack() as stack:
            for _ in range(connections):
                try:
                    half = socket.create_connection(("127.0.0.1", self._port), timeout=30)
                except OSError:
                    break
                stack.enter_context(half)
                half.sendall(
                    b"POST /api/v1/lineage HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{"
                )
            began = time.monotonic()
            status, _ = self.ask(Attack("", "/api/v1/health", (200,)))
            took = time.monotonic() - began
        self._say(name, f"{status}   {took:6.2f} s for another", status == 200 and took < 10)

    def takes_good_events(self) -> None:
        run = uuid(99)
        event = run_event("COMPLETE", "2026-11-02T10:00:00Z", run, "afterwards")
        self.ask(Attack("", _ONE, (201,), event))
        deadline, status = time.monotonic() + HANG, 0
        while status != 200 and time.monotonic() < deadline:
            status, _ = self.ask(Attack("", f"/api/v1/runs/{run}", (200,)))
            time.sleep(0.2)
        self._say("a good event afterwards", str(status), status == 200)
        peaks = memory_of(self._pid)
        most = max(peaks.values())
        self._say("memory", f"{most >> 20} MiB at most in one process", most <= MOST_MEMORY)

    def _say(self, name: str, outcome: str, right: bool) -> None:
        print(f"{'ok    ' if right else 'FAILED'} {name:45} {outcome}", flush=True)
        if not right:
            self.problems.append(name)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--jobs", type=int, default=1_500)
    parser.add_argument("--connections", type=int, default=1_500)
    options = parser.parse_args()
    return max([_all(options, asks=asks) for asks in (False, True)])


def _all(options: argparse.Namespace, *, asks: bool) -> int:
    print(f"\n{'with' if asks else 'without'} keys", flush=True)
    with TemporaryDirectory() as folder, (Path(folder) / "log").open("w+b") as log:
        url = f"sqlite:///{folder}/a.db"
        with serving(url, None, log, asks=asks) as (process, port):
            bridge = Bridge(process.pid, port, new_key(url, "*") if asks else "")
            _fill(bridge, options.jobs)
            for attack in attacks():
                bridge.attacked(attack)
            for attack in _GUARDED if asks else ():
                bridge.attacked(attack, key=False)
            bridge.held_up(options.connections)
            bridge.takes_good_events()
            return 1 if bridge.problems else 0


def _fill(bridge: Bridge, jobs: int) -> None:
    """A table that every job reads, and what they write, absorbed."""
    at = "2026-11-02T09:00:00Z"
    events = [
        run_event(
            "COMPLETE",
            at,
            uuid(1000 + number),
            f"dag_{number % 50}.job_{number}",
            inputs=[dataset("hub", _STORE)],
            outputs=[dataset(f"t_{number}", _STORE)],
        )
        for number in range(jobs)
    ]
    for start in range(0, jobs, 500):
        body = b"[" + b",".join(events[start : start + 500]) + b"]"
        status, answer = bridge.ask(Attack("", _BATCH, (200, 201, 204), body))
        assert status in (200, 201, 204), (status, answer[:500])
    health = Attack("", "/api/v1/health", (200,))
    until(
        lambda: json.loads(bridge.ask(health)[1])["inbox"]["waiting"] == 0,
        "the bridge does not absorb the jobs",
    )


if __name__ == "__main__":
    sys.exit(main())
