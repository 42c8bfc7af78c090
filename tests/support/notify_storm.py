"""Notifications in trouble: a worker that is killed while it sends, and receivers that are away for an hour."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from fairlead_bridge import inbox, outbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.channels import settings
from fairlead_bridge.channels.target import ChannelTarget
from fairlead_bridge.db.engine import open_database, reading, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.delivery.deliver import deliver_due
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from fairlead_bridge.monitoring.evaluate import Rules, evaluate
from fairlead_bridge.queries import incidents
from fairlead_bridge.sinks import interests
from tests.support.receivers import NAMES, Receivers, name_of, receivers

SECOND = 1_000_000
#: Seconds that a part may take before it counts as stuck.
PATIENCE = 600.0


# --- events ---------------------------------------------------------------------------------------

_runs = iter(range(1, 1 << 40))


def run(
    job: str, at: datetime, state: str, reads: Sequence[str] = (), writes: Sequence[str] = ()
) -> list[bytes]:
    """A run of one second that ends at `at`."""
    run_id = f"0198b2f0-0000-7000-8000-{next(_runs):012x}"
    error = {"errorMessage": {"message": f"{job} broke", "programmingLanguage": "SQL"}}
    return [
        _event("START", at - timedelta(seconds=1), run_id, job, {}, (), ()),
        _event(state, at, run_id, job, error if state == "FAIL" else {}, reads, writes),
    ]


def _event(
    kind: str,
    at: datetime,
    run_id: str,
    job: str,
    facets: dict[str, Any],
    reads: Sequence[str],
    writes: Sequence[str],
) -> bytes:
    event = {
        "eventType": kind,
        "eventTime": at.isoformat(),
        "producer": "https://example.com/bench",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/definitions/RunEvent",
        "run": {"runId": run_id, "facets": facets},
        "job": {"namespace": "prod", "name": job, "facets": {}},
        "inputs": [{"namespace": "postgres://h:5432", "name": f"dwh.{name}"} for name in reads],
        "outputs": [{"namespace": "postgres://h:5432", "name": f"dwh.{name}"} for name in writes],
    }
    return json.dumps(event).encode()


def good_run(fault: int, datasets: int, at: datetime) -> list[bytes]:
    """The job that will break writes a dataset, from which another one writes `datasets`."""
    root, below = f"root_{fault}", [f"mart_{fault}_{number}" for number in range(datasets)]
    later = at + timedelta(seconds=5)
    return [
        *run(name_of(fault), at, "COMPLETE", writes=[root]),
        *run(f"build_{fault}", later, "COMPLETE", reads=[root], writes=below),
    ]


# --- the worker -----------------------------------------------------------------------------------


def work(url: str, clock: Path, environ: dict[str, str]) -> None:
    """What the worker process of `serve` does, at the time of a clock that can be moved."""
    engine = open_database(url)
    targets = settings.read(environ)
    wanted, translate, rules = interests(targets), Translator(Normaliser()), Rules()

    def now() -> int:
        return time.time_ns() // 1000 + int(clock.read_text() or 0) * SECOND

    def understand() -> int:
        return absorb_waiting(engine, translate, wanted, now()) + evaluate(
            engine, wanted, rules, now()
        )

    with writing(engine) as tx:
        outbox.reclaim(tx, "bench", now())
    steps = [understand, *(_delivering(engine, target, now) for target in targets)]
    for step in steps:
        threading.Thread(target=_repeat, args=(step,), daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()  # until the bench ends, however


def _delivering(
    engine: sa.Engine, target: ChannelTarget, now: Callable[[], int]
) -> Callable[[], int]:
    return lambda: deliver_due(engine, target, now(), worker="bench")


def _repeat(step: Callable[[], int]) -> None:
    while True:
        try:
            busy = step()
        except sa.exc.DBAPIError:  # busy; the worker of `serve` tries again as well
            busy = 0
        time.sleep(0.003 if busy else 0.25)


class Worker:
    """The worker as a process of its own."""

    def __init__(self, url: str, clock: Path, environ: dict[str, str]) -> None:
        self._arguments = [
            sys.executable,
            "-m",
            "tests.support.notify_storm",
            url,
            str(clock),
        ]
        self._environ = os.environ | environ
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._arguments,
            env=self._environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        if self._process.stdout.readline() != "ready\n":
            raise SystemExit("the worker did not start")

    def kill(self) -> None:
        """As `kill -9`."""
        assert self._process
        self._process.kill()
        self._process.communicate()


# --- the parts ------------------------------------------------------------------------------------


@dataclass
class Bench:
    engine: sa.Engine
    worker: Worker
    found: Receivers
    clock: Path
    faults: int
    datasets: int
    committed: dict[str, float] = field(default_factory=dict)

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=int(self.clock.read_text() or 0))

    def receive(self, bodies: Sequence[bytes]) -> None:
        with writing(self.engine) as tx:
            inbox.put(tx, list(bodies), "bench", int(self.now().timestamp() * SECOND))

    def breaks(self, fault: int) -> None:
        root = f"root_{fault}"
        self.receive(run(name_of(fault), self.now(), "FAIL", writes=[root]))
        self.committed[name_of(fault)] = time.time()

    def is_over(self, fault: int) -> None:
        at = self.now()
        self.receive(good_run(fault, self.datasets, at))

    def absorbed(self) -> bool:
        with reading(self.engine) as tx:
            return not inbox.claim(tx, 1)

    def states(self) -> Counter[str]:
        with reading(self.engine) as tx:
            return Counter(it.state for it in incidents.listed(tx, limit=100_000))

    def received(self, kind: str, since: float) -> bool:
        return all(
            len({fault for fault, _, _ in self.found.messages(name, kind, since)}) == self.faults
            for name in NAMES
        )

    def report(self, part: str, kind: str, since: float) -> list[dict[str, Any]]:
        return [self._of(part, name, kind, since) for name in NAMES]

    def _of(self, part: str, name: str, kind: str, since: float) -> dict[str, Any]:
        messages = self.found.messages(name, kind, since)
        ids: dict[str, set[str]] = defaultdict(set)
        for fault, key, _ in messages:
            ids[fault].add(key)
        first = {fault: at for fault, _, at in reversed(messages)}
        late = sorted(at - self.committed[fault] for fault, at in first.items())
        line: dict[str, Any] = {
            "part": part,
            "channel": name,
            "faults": self.faults,
            "messages": sum(map(len, ids.values())),
            "lost": self.faults - len(ids),
            "doubled": sum(len(keys) - 1 for keys in ids.values()),
            "repeats": len(messages) - sum(map(len, ids.values())),
        }
        if part == "calm" and late:
            line["seconds_p50"] = round(late[len(late) // 2], 2)
            line["seconds_p99"] = round(late[min(len(late) - 1, int(len(late) * 0.99))], 2)
        return line


def until(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            print(f"gave up waiting until {what}", file=sys.stderr)
            return
        time.sleep(0.1)


def killed(bench: Bench, kills: int, chance: random.Random) -> list[dict[str, Any]]:
    """Faults come in evenly while the worker is killed, at any moment."""
    since = time.time()
    done = 0
    for number in range(kills):
        bench.worker.start()
        upto = bench.faults * (number + 1) // kills
        for fault in range(done, upto):
            bench.breaks(fault)
        done = upto
        time.sleep(chance.uniform(0.05, 1.2))
        bench.worker.kill()
    for fault in range(done, bench.faults):
        bench.breaks(fault)
    bench.worker.start()
    until(lambda: bench.received("opened", since), "all faults were announced")
    return bench.report("killed", "opened", since)


def away(bench: Bench) -> list[dict[str, Any]]:
    """All is mended while the receivers are away for an hour; then they are back."""
    since = time.time()
    bench.found.away = True
    for fault in range(bench.faults):
        bench.is_over(fault)
    until(lambda: bench.absorbed() and not bench.states()["open"], "all incidents resolved")
    for minute in range(60):
        bench.clock.write_text(str(60 * (minute + 1)))
        time.sleep(0.05)
    bench.found.away = False
    bench.clock.write_text(str(3600 + 700))  # the longest pause between two attempts
    until(lambda: bench.received("resolved", since), "all ends were announced")
    return bench.report("away", "resolved", since)


def calm(bench: Bench) -> list[dict[str, Any]]:
    """The same faults again, two hours later, evenly, with nothing in the way."""
    bench.clock.write_text(str(2 * 3600))
    since = time.time()
    for fault in range(bench.faults):
        bench.breaks(fault)
        time.sleep(0.2)
    until(lambda: bench.received("opened", since), "all faults were announced")
    return bench.report("calm", "opened", since)


def measure(
    url: str, folder: Path, faults: int, datasets: int, kills: int, seed: int = 1
) -> list[dict[str, Any]]:
    """All parts; what each channel received."""
    engine = open_database(url)
    migrate(engine)
    clock = folder / "clock"
    clock.write_text("0")
    with receivers() as (found, environ):
        worker = Worker(url, clock, environ)
        bench = Bench(engine, worker, found, clock, faults, datasets)
        before = bench.now() - timedelta(hours=2)
        for fault in range(faults):
            bench.receive(good_run(fault, datasets, before))
        translate = Translator(Normaliser())
        moment = int(before.timestamp() * SECOND) + 60 * SECOND
        while absorb_waiting(engine, translate, {}, moment):
            pass
        try:
            return [*killed(bench, kills, random.Random(seed)), *away(bench), *calm(bench)]
        finally:
            worker.kill()
            engine.dispose()


if __name__ == "__main__":  # the worker's process
    work(sys.argv[1], Path(sys.argv[2]), dict(os.environ))
