"""Inputs of the bench `fuzz`, and how they are sent: alone, in batches, through Kafka, and as questions."""

from __future__ import annotations

import collections
import gzip
import http.client
import itertools
import json
import random
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.fuzzing import Known, bodies, request
from tests.support.waiting import HANG

TOPIC = "fuzz"

#: Bodies made at once: each sender holds as many.
_BODIES = 2000
#: Events in a batch, at most.
_BATCH = 40


@dataclass
class Tally:
    """The outcomes of the inputs, counted by many threads."""

    sent: collections.Counter[str] = field(default_factory=collections.Counter)
    statuses: collections.Counter[str] = field(default_factory=collections.Counter)
    failures: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    seconds: collections.Counter[str] = field(default_factory=collections.Counter)
    sent_again: collections.Counter[int] = field(default_factory=collections.Counter)  # by sender
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, way: str, inputs: int) -> None:
        with self._lock:
            self.sent[way] += inputs

    def answered(self, way: str, status: int, asked: str, took: float) -> None:
        with self._lock:
            self.statuses[f"{way} {status}"] += 1
            self.seconds[way] += took  # type: ignore[assignment]
            self.slowest = max(self.slowest, (took, asked[:200]))
            if status >= 500 and len(self.failures) < 20:
                self.failures.append(f"{status} {asked[:500]}")

    def broken(self, asked: str, error: Exception) -> None:
        with self._lock:
            self.failures.append(f"no answer ({error!r}) {asked[:500]}")


class Client:
    """
    One connection; opened again where the server closed it. Comes again where it is asked to.
    `key` is sent with each request, if there is one.
    """

    def __init__(self, port: int, key: str = "") -> None:
        self._key = {"Authorization": f"Bearer {key}"} if key else {}
        self.sent_again = 0  # after an answer 503 with `Retry-After`, as every sender does
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)

    def ask(
        self, method: str, path: str, body: bytes | None = None, encoding: str | None = None
    ) -> tuple[int, bytes]:
        headers = self._key | ({} if encoding is None else {"Content-Encoding": encoding})
        deadline, failed = time.monotonic() + HANG, False
        while True:
            try:
                self._connection.request(method, path, body, headers)
                answer = self._connection.getresponse()
                after, found = answer.getheader("Retry-After"), (answer.status, answer.read())
                if found[0] != 503 or after is None or time.monotonic() > deadline:
                    return found
                self.sent_again += 1
                time.sleep(float(after))
            except (http.client.HTTPException, OSError):
                self._connection.close()
                if failed:
                    raise
                failed = True

    def read(self, path: str) -> Any:
        return json.loads(self.ask("GET", path)[1])


class Sender:
    """Sends odd inputs on a connection of its own; each method sends some and returns how many."""

    def __init__(
        self,
        client: Client,
        tally: Tally,
        ordinary: list[bytes],
        addresses: Sequence[tuple[str, list[dict[str, Any]]]],
        known: Known,
        produce: Callable[[bytes, bytes | None], None] | None,
        seed: int,
    ) -> None:
        self._client, self._tally = client, tally
        self._bodies = _endless(ordinary, seed)
        self._addresses, self._known = addresses, known
        self._produce = produce
        self._chance = random.Random(seed)

    def send(self, number: int, until: float) -> None:
        """Send this many inputs, in equal parts by each way, or fewer where time is up."""
        ways = {"GET": self._get, "single": self._single, "batch": self._batch}
        if self._produce is not None:
            ways["Kafka"] = self._message
        owed = dict.fromkeys(ways, number // len(ways))
        while owed and time.monotonic() < until:
            self._tally.sent_again[id(self)] = self._client.sent_again
            calls = [left / (_BATCH / 2 if way == "batch" else 1) for way, left in owed.items()]
            (way,) = self._chance.choices(list(owed), calls)
            sent = ways[way](owed[way])
            self._tally.count(way, sent)
            owed[way] -= sent
            if owed[way] <= 0:
                del owed[way]

    def _get(self, _: int) -> int:
        path = request(self._addresses, self._known, self._chance)
        self._ask("GET", "GET", path)
        return 1

    def _single(self, _: int) -> int:
        self._post("single", "/api/v1/lineage", next(self._bodies))
        return 1

    def _batch(self, most: int) -> int:
        count = min(self._chance.randint(1, _BATCH), most)
        events = itertools.islice(self._bodies, count)
        self._post("batch", "/api/v1/lineage/batch", b"[" + b",".join(events) + b"]")
        return count

    def _message(self, _: int) -> int:
        assert self._produce is not None
        key = self._chance.choice([None, b"", b"run:1", b"\xff"])
        self._produce(b"" if self._chance.random() < 0.01 else next(self._bodies), key)
        return 1

    def _post(self, way: str, path: str, body: bytes) -> None:
        body, encoding = _packed(body, self._chance)
        self._ask(way, "POST", path, body, encoding)

    def _ask(
        self,
        way: str,
        method: str,
        path: str,
        body: bytes | None = None,
        encoding: str | None = None,
    ) -> None:
        start = time.monotonic()
        asked = f"{method} {path} {encoding or ''} {body or ''!r}"
        try:
            status, answer = self._client.ask(method, path, body, encoding)
        except Exception as error:  # noqa: BLE001  (any of them is a finding)
            self._tally.broken(asked, error)
            return
        if status >= 500:
            asked = f"{answer[:200]!r} {asked}"
        self._tally.answered(way, status, asked, time.monotonic() - start)


def _endless(ordinary: list[bytes], seed: int) -> Iterator[bytes]:
    for turn in itertools.count():
        yield from bodies(ordinary, _BODIES, seed * 1_000_003 + turn)


def _packed(body: bytes, chance: random.Random) -> tuple[bytes, str | None]:
    """Mostly as it is; else compressed, wrongly so, or said to be what it is not."""
    kind = chance.random()
    if kind < 0.9:
        return body, None
    if kind < 0.94:
        return gzip.compress(body, 1), "gzip"
    if kind < 0.96:
        return zlib.compress(body, 1), "deflate"
    if kind < 0.98:
        packed = gzip.compress(body, 1)
        return packed[: chance.randrange(len(packed))], "gzip"
    return body, chance.choice(["gzip", "br", "zstd", "identity", "gzip, gzip", "\xff", ""])
