"""
Whether any input, however odd, makes the bridge fail.

    python -m bench fuzz [--inputs 20000] [--threads 4] [--seed 1] [--minutes 600]
                         [--without-kafka] [--database-url URL] [--keys]

A quarter of the inputs each are events alone, events in batches, messages of a real Kafka broker and
questions: every address with odd values. Events are those of the stories, changed at random. What
counts is printed: inputs by way, answers by status, each failure (5xx, or no answer) with its
request, the memory of each process, and whether good events that come afterwards by each way are
absorbed. An answer 503 with `Retry-After` is no failure: it is counted, and the input sent again.
With `--keys` the bridge asks for them: half of the senders have a key of all namespaces, the others one
of some, whose readings are narrowed to them. Exits with 1 where something failed; where the minutes are over, fewer inputs are sent.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from bench.fuzz_senders import TOPIC, Client, Sender, Tally
from tests.support.fuzzing import Known, odd_events, reads
from tests.support.kafka import broker
from tests.support.small import run_event, uuid
from tests.support.stories import STORIES, events
from tests.support.waiting import HANG

#: Bytes of memory that a process may take at most.
MOST_MEMORY = 512 << 20
#: Seconds between two lines that say how far it is.
_REPORT_EVERY = 30.0
#: Bytes of the bridge's log that are shown where something failed.
_LOGGED = 20_000

_Produce = Callable[[bytes, bytes | None], None]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=600)
    parser.add_argument("--without-kafka", action="store_true")
    parser.add_argument("--database-url", help="instead of a new SQLite file")
    parser.add_argument("--keys", action="store_true", help="with FAIRLEAD_AUTH=keys")
    options = parser.parse_args()
    lacking = None if options.without_kafka else broker.missing()
    if lacking:
        print(f"{lacking}; or say --without-kafka")
        return 2
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        url = options.database_url or f"sqlite:///{folder}/fairlead.db"
        servers = None
        if not options.without_kafka:
            (Path(folder) / "kafka").mkdir()
            servers = stack.enter_context(broker.running(Path(folder) / "kafka"))
        log = stack.enter_context((Path(folder) / "bridge.log").open("w+b"))
        process, port = stack.enter_context(serving(url, servers, log, asks=options.keys))
        produce = None if servers is None else stack.enter_context(_producing(servers))
        keys = [new_key(url, patterns) for patterns in _PATTERNS] if options.keys else [""]
        failed = _fuzz(process, port, produce, options, keys)
        if failed:
            log.seek(max(log.tell() - _LOGGED, 0))
            print(f"the end of the log:\n{log.read().decode(errors='replace')}")
        return failed


def _fuzz(
    process: subprocess.Popen[bytes],
    port: int,
    produce: _Produce | None,
    options: argparse.Namespace,
    keys: Sequence[str],
) -> int:
    ordinary = [body for story in STORIES for body in events(story)]
    client = Client(port, keys[0])
    for body in (*ordinary, *odd_events()):
        client.ask("POST", "/api/v1/lineage", body)
    _absorbed(client)
    addresses = reads(client.read("/openapi.json"))
    names = ("jobs", "datasets", "runs", "events", "quarantine", "changes", "expectations")
    known = Known.of({name: client.read(f"/api/v1/{name}?limit=20") for name in names})
    tally, began = Tally(), time.monotonic()
    until, each = began + options.minutes * 60, options.inputs // options.threads

    def run(number: int) -> None:
        seed = options.seed * 1000 + number
        asking = Client(port, keys[number % len(keys)])
        sender = Sender(asking, tally, ordinary, addresses, known, produce, seed)
        sender.send(each, until)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(options.threads)]
    for thread in threads:
        thread.start()
    reported = 0
    while any(thread.is_alive() for thread in threads):
        for thread in threads:
            thread.join(_REPORT_EVERY / len(threads))
        _report(tally, began, process)
        for failure in tally.failures[reported:]:
            print(f"failed so far: {failure}", flush=True)
            reported += 1
    _report(tally, began, process)
    return _judge(process, client, produce, tally)


def _report(tally: Tally, began: float, process: subprocess.Popen[bytes]) -> None:
    took = time.monotonic() - began
    memory = ", ".join(f"{size >> 20}" for size in memory_of(process.pid).values())
    ways = ", ".join(f"{way} {number}" for way, number in sorted(tally.sent.items()))
    print(
        f"{sum(tally.sent.values())} inputs ({ways}) in {took:.0f} s, {len(tally.failures)} failures, "
        f"{sum(tally.sent_again.values())} times 503 and sent again, peak memory {memory} MiB",
        flush=True,
    )


def _judge(
    process: subprocess.Popen[bytes], client: Client, produce: _Produce | None, tally: Tally
) -> int:
    print(f"inputs: {dict(tally.sent)}")
    print(f"answers: {dict(sorted(tally.statuses.items()))}")
    print(f"seconds waited: { {way: round(took) for way, took in tally.seconds.items()} }")
    print(f"slowest: {tally.slowest[0]:.2f} s  {tally.slowest[1]}")
    good = _good_events(client, produce)
    health = _absorbed(client)
    memory = memory_of(process.pid)
    print(f"inbox: {health['inbox']}")
    print(f"peak memory: {', '.join(f'{size >> 20} MiB' for size in memory.values())}")
    problems = [
        *tally.failures,
        *_mistakes(client),
        *(f"a process took {size >> 20} MiB" for size in memory.values() if size > MOST_MEMORY),
    ]
    problems += [
        f"a good event that came afterwards was not absorbed: {way}"
        for way, run_id in good.items()
        if not _found(client, run_id)
    ]
    for problem in problems:
        print(f"FAILED {problem}")
    return 1 if problems else 0


def _good_events(client: Client, produce: _Produce | None) -> dict[str, str]:
    """Send a good event by each way; the runs' ids."""
    ways = {way: uuid(987_654 + number) for number, way in enumerate(["single", "batch", "Kafka"])}

    def event(way: str) -> bytes:
        return run_event("COMPLETE", "10:00:00", ways[way], f"afterwards {way}")

    client.ask("POST", "/api/v1/lineage", event("single"))
    client.ask("POST", "/api/v1/lineage/batch", b"[" + event("batch") + b"]")
    if produce is None:
        del ways["Kafka"]
    else:
        produce(event("Kafka"), None)
    return ways


def _found(client: Client, run_id: str) -> bool:
    """Whether the run comes to be there; how far behind Kafka is, is known every few seconds only."""
    deadline = time.monotonic() + HANG
    while (found := client.ask("GET", f"/api/v1/runs/{run_id}")[0]) != 200:
        if time.monotonic() > deadline:
            break
        time.sleep(0.2)
    return found == 200


def _absorbed(client: Client) -> Any:
    """The health once nothing waits, neither in the inbox nor in Kafka."""
    while True:
        health = client.read("/api/v1/health")
        kafka = health.get("kafka") or {}
        if not health["inbox"]["waiting"] and not kafka.get("lag"):
            return health
        time.sleep(0.2)


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


def memory_of(pid: int) -> dict[int, int]:
    """The peak memory of the process and of those that it started, in bytes."""
    return {each: _peak_memory(each) for each in _processes(pid)}


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


#: Namespaces of the keys: all, and those of some stories.
_PATTERNS = ("*", "default,odd,prod*,postgres*,spark*")


def new_key(url: str, patterns: str) -> str:
    """A new key that may do everything in these namespaces."""
    command = [sys.executable, "-m", "fairlead_bridge", "keys", "create", "--database-url", url]
    command += ["--name", f"fuzz-{os.urandom(4).hex()}", "--role", "admin"]
    command += ["--namespaces", patterns]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]


@contextmanager
def serving(
    url: str, servers: str | None, log: IO[bytes], *, asks: bool
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A bridge, and its port; `servers` are of Kafka, and it may ask for keys."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "fairlead_bridge", "serve", "--port", str(port)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLEAD_")}
    if servers is not None:
        clean |= {"FAIRLEAD_KAFKA_SERVERS": servers, "FAIRLEAD_KAFKA_TOPICS": TOPIC}
    if asks:
        clean["FAIRLEAD_AUTH"] = "keys"
    process = subprocess.Popen(
        [*command, "--database-url", url, "--log-level", "error"],
        env=clean,
        stderr=log,
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
        process.wait(HANG)


@contextmanager
def _producing(servers: str) -> Iterator[_Produce]:
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": servers})

    def produce(body: bytes, key: bytes | None) -> None:
        while True:
            try:
                producer.produce(TOPIC, body, key)
                producer.poll(0)
                return
            except BufferError:  # full: the broker is slower than we are
                producer.poll(0.1)

    yield produce
    assert producer.flush(60) == 0


if __name__ == "__main__":
    sys.exit(main())
