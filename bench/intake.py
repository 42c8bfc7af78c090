"""
How fast events become durable, beside the same HTTP server doing nothing.

    python bench/intake.py [--seconds 5] [--rounds 3] [--connections 64] [--bytes 4096]
                           [--batch 1] [--database-url URL] [--absorb] [--json]

"limited" is the bridge with FAIRLEAD_AUTH=keys, where the sender's key has one namespace: every event
is looked into for its namespace. Its ratio is given twice: of events a second, and of the processor
time of the server for one event, which other programs on the machine disturb less.

The client is on the same machine and takes its share of it. All servers run as
`fairlead-bridge serve` does; "nothing" reads the body and answers 201.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
import uvloop
from bench.processes import free_port, processor_time, running

MARK = b"00000000-0000-7000-8000-000000000000"


@dataclass(frozen=True)
class Figures:
    """
    Of one run: events a second, how long a request waited for its answer, and the processor time of
    the server for an event, in seconds.
    """

    rate: float
    p50: float
    p99: float
    failed: int
    cost: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--bytes", type=int, default=4096)
    parser.add_argument("--batch", type=int, default=1, help="events in a request")
    parser.add_argument("--database-url", help="instead of a new SQLite file for each round")
    parser.add_argument("--absorb", action="store_true", help="absorb meanwhile")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--nothing", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.database_url and options.absorb:
        parser.error("--absorb measures two bridges at once, which need a database each")
    if options.nothing:
        _serve_nothing(options.nothing)
        return
    durable: list[Figures] = []
    nothing: list[Figures] = []
    limited: list[Figures] = []
    for _ in range(options.rounds):
        with _nothing() as server:
            nothing.append(_measure(server, options))
        with _bridge(options) as server, _bridge(options, limited=True) as asking:
            durable.append(_measure(server, options))
            limited.append(_measure(asking, options))
            # Once more in the other order: a machine is rarely as busy a moment later.
            limited.append(_measure(asking, options))
            durable.append(_measure(server, options))
    result = {
        "events_per_second": round(_median(durable, "rate")),
        "p50_ms": round(_median(durable, "p50") * 1e3, 1),
        "p99_ms": round(_median(durable, "p99") * 1e3, 1),
        "failed": sum(figures.failed for figures in durable),
        "nothing_per_second": round(_median(nothing, "rate")),
        "nothing_p99_ms": round(_median(nothing, "p99") * 1e3, 1),
        "ratio": round(_median(durable, "rate") / _median(nothing, "rate"), 3),
        "limited_per_second": round(_median(limited, "rate")),
        "limited_failed": sum(figures.failed for figures in limited),
        "limited_ratio": round(_median(limited, "rate") / _median(durable, "rate"), 3),
        "cost_us": round(_median(durable, "cost") * 1e6, 1),
        "limited_cost_us": round(_median(limited, "cost") * 1e6, 1),
        "limited_cost_ratio": round(_median(durable, "cost") / _median(limited, "cost"), 3),
    }
    if options.json:
        sys.stdout.write(json.dumps(result) + "\n")
        return
    sys.stdout.write(
        f"durable   {result['events_per_second']:>7} events/s   p50 {result['p50_ms']:>6} ms   "
        f"p99 {result['p99_ms']:>6} ms   failed {result['failed']}\n"
        f"nothing   {result['nothing_per_second']:>7} events/s   "
        f"{'':>12}   p99 {result['nothing_p99_ms']:>6} ms\n"
        f"ratio     {result['ratio']:>7}\n"
        f"limited   {result['limited_per_second']:>7} events/s   {result['limited_ratio']} of without keys   "
        f"failed {result['limited_failed']}\n"
        f"processor {result['cost_us']:>7} us/event; limited {result['limited_cost_us']} us: as fast as "
        f"{result['limited_cost_ratio']} of without keys\n"
    )


def _median(runs: list[Figures], name: str) -> float:
    return statistics.median(getattr(figures, name) for figures in runs)


# --- the servers ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Server:
    port: int
    pid: int
    key: str = ""  # that it asks for, if it does


@contextmanager
def _bridge(options: argparse.Namespace, *, limited: bool = False) -> Iterator[Server]:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        url = options.database_url or f"sqlite:///{folder}/fairlead.db"
        command = [sys.executable, "-m", "fairlead_bridge", "serve", "--port", str(port)]
        command += ["--database-url", url, "--intake", "--log-level", "warning"]
        command += ["--absorb"] if options.absorb else []
        key = _limited_key(url) if limited else ""
        with running(command, port, FAIRLEAD_AUTH="keys" if limited else "none") as pid:
            yield Server(port, pid, key)


def _limited_key(url: str) -> str:
    """A new key that may send to the namespace of the events, and to no other."""
    command = [sys.executable, "-m", "fairlead_bridge", "keys", "create", "--database-url", url]
    command += ["--name", f"bench-{os.urandom(4).hex()}", "--role", "sender"]
    command += ["--namespaces", "bench,bench-*"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]


@contextmanager
def _nothing() -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-m", "bench.intake", "--nothing", str(port)]
    with running(command, port) as pid:
        yield Server(port, pid)


def _serve_nothing(port: int) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        while (await receive()).get("more_body"):
            pass
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    uvicorn.run(
        app, port=port, log_config=None, access_log=False, server_header=False, lifespan="off"
    )


# --- the client -----------------------------------------------------------------------------


def _measure(server: Server, options: argparse.Namespace) -> Figures:
    return uvloop.run(_drive(server, options))


async def _drive(server: Server, options: argparse.Namespace) -> Figures:
    event = _event(options.bytes)
    path = "/api/v1/lineage" if options.batch == 1 else "/api/v1/lineage/batch"
    loop = asyncio.get_running_loop()
    clients = [
        _Client(event, options.batch, path, server.key, number)
        for number in range(options.connections)
    ]
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", server.port)  # type: ignore[misc]
    await asyncio.sleep(1.0)  # warm
    for client in clients:
        client.waits.clear()
        client.failed = 0
    began, spent = time.perf_counter(), processor_time(server.pid)
    await asyncio.sleep(options.seconds)
    took, spent = time.perf_counter() - began, processor_time(server.pid) - spent
    waits = sorted(wait for client in clients for wait in client.waits)
    failed = sum(client.failed for client in clients)
    for client in clients:
        client.close()
    await asyncio.sleep(0.2)
    if not waits:
        return Figures(0.0, 0.0, 0.0, failed, 0.0)
    count = len(waits) * options.batch
    p50, p99 = waits[len(waits) // 2], waits[int(len(waits) * 0.99)]
    return Figures(count / took, p50, p99, failed, spent / count)


def _event(size: int) -> bytes:
    """A task's COMPLETE with as many columns as `size` bytes hold; MARK is where its runId goes."""
    fields: list[dict[str, str]] = []
    event: dict[str, Any] = {
        "eventType": "COMPLETE",
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "producer": "https://github.com/apache/airflow/tree/providers-openlineage/2.20.3",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json",
        "run": {"runId": MARK.decode()},
        "job": {"namespace": "bench", "name": "shop.load_orders"},
        "inputs": [],
        "outputs": [
            {
                "namespace": "postgres://warehouse:5432",
                "name": "shop.core.orders",
                "facets": {
                    "schema": {
                        "_producer": "https://github.com/apache/airflow",
                        "_schemaURL": "https://openlineage.io/spec/facets/1-1-1/SchemaDatasetFacet.json",
                        "fields": fields,
                    }
                },
            }
        ],
    }
    while len(json.dumps(event)) < size - 60:
        number = len(fields)
        fields.append({"name": f"column_{number:03}", "type": f"NUMERIC({10 + number % 20}, 2)"})
    return json.dumps(event).encode()


class _Client(asyncio.Protocol):
    """One connection: sends a request, waits for its answer, sends the next."""

    def __init__(self, event: bytes, batch: int, path: str, key: str, number: int) -> None:
        self._before, self._after = event.split(MARK)
        self._batch = batch
        size = len(event) if batch == 1 else (len(event) + 1) * batch + 1
        asks = f"authorization: Bearer {key}\r\n" if key else ""
        self._head = (
            f"POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
            f"{asks}content-length: {size}\r\n\r\n"
        ).encode()
        self._run = f"{os.urandom(4).hex()}-0000-7000-8{number:03x}-".encode()
        self._count = 0
        self._closing = False
        self._sent_at = 0.0
        self.waits: list[float] = []
        self.failed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._send()

    def _send(self) -> None:
        events = []
        for _ in range(self._batch):
            self._count += 1
            events.append(self._before + self._run + b"%012x" % self._count + self._after)
        body = events[0] if self._batch == 1 else b"[" + b",".join(events) + b"]"
        self._sent_at = time.perf_counter()
        self._transport.write(self._head + body)

    def data_received(self, data: bytes) -> None:
        """Answers are short: they come in one piece."""
        if data[9:12] in (b"201", b"204"):
            self.waits.append(time.perf_counter() - self._sent_at)
        else:
            self.failed += 1
        if not self._closing:
            self._send()

    def close(self) -> None:
        self._closing = True
        self._transport.close()


if __name__ == "__main__":
    main()
