"""
What delivery to catalogs costs: requests for each thousand task runs, beside one call for each fact,
and entries a second; then sinks that were away for an hour of events, and the memory of a real
`fairlead-bridge serve` whose catalogs, in another process, are dead meanwhile.

    python -m bench.sinks [--runs 20] [--dags 10] [--tasks 10] [--away 60] [--weather 0.1]
                          [--answers-take 20] [--only PART ...]

The fakes answer at once and share the machine's cores with the bridge, so entries a second is what
the bridge's side manages at the least; requests are what they are anywhere.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import requests
import sqlalchemy as sa
from bench.processes import free_port, running, worker_memory
from tests.support.sinks import events
from tests.support.sinks.server import serving
from tests.support.sinks.together import Together, asked, fakes, together, weather

from fairlead_bridge import inbox, outbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import open_database, reading, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.delivery.deliver import deliver_due
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from fairlead_bridge.model import Name
from fairlead_bridge.queries import entry
from fairlead_bridge.sinks import Target, interests

NOW, SECOND = 1_795_000_000_000_000, 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="runs of each DAG")
    parser.add_argument("--dags", type=int, default=10)
    parser.add_argument("--tasks", type=int, default=10)
    parser.add_argument("--away", type=int, default=60, help="runs of each DAG that a sink misses")
    parser.add_argument(
        "--weather", type=float, default=0.1, help="share of requests that fail in the second part"
    )
    parser.add_argument("--batch", type=int, default=100, help="events absorbed between two rounds")
    parser.add_argument(
        "--answers-take", type=float, default=20, help="milliseconds, in the part `together`"
    )
    parser.add_argument(
        "--only", nargs="+", choices=list(_PARTS), default=list(_PARTS), help="these parts alone"
    )
    parser.add_argument("--fakes", type=int, nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.fakes:
        _serve_fakes(given)
        return
    for part in given.only:
        _PARTS[part](given)


def _requests(given: argparse.Namespace) -> None:
    """Live: after every batch of events each sink receives what changed."""
    bodies = list(events.dag_runs(given.runs, given.dags, given.tasks))
    with tempfile.TemporaryDirectory() as folder, together(given.dags, given.tasks) as sinks:
        db = _database(Path(folder))
        took = dict.fromkeys(sinks.targets, 0.0)
        delivered = dict.fromkeys(sinks.targets, 0)
        now = NOW
        for start in range(0, len(bodies), given.batch):
            now += 5 * SECOND
            _absorb(db, sinks, bodies[start : start + given.batch], now)
            for name, target in sinks.targets.items():
                began = time.perf_counter()
                delivered[name] += _drain(db, target, now)
                took[name] += time.perf_counter() - began
        runs = _task_runs(db)
        print(
            f"{len(bodies)} events of {runs} task runs in {given.runs * given.dags} DAG runs, "
            f"delivered in rounds of {given.batch} events\n"
        )
        print(
            f"{'sink':<14}{'requests/1,000':>15}{'naive':>9}{'ratio':>8}{'entries/s':>11}{'in sync':>9}"
        )
        naive = _naive(db, sinks, len(bodies))
        with reading(db) as tx:
            counts = outbox.counts(tx, list(sinks.targets), now)
        for name, fake in sinks.fakes().items():
            each, alone = len(fake.seen) * 1000 / runs, naive[name] * 1000 / runs
            rate = delivered[name] / took[name]
            in_sync = counts[name].in_sync
            owed = counts[name].waiting + counts[name].rejected
            print(
                f"{name:<14}{each:>15.0f}{alone:>9.0f}{alone / each:>8.1f}{rate:>11,.0f}{in_sync:>9}"
                + (f"  {owed} owed" if owed else "")
            )
        print()


def _naive(db: sa.Engine, sinks: Together, count: int) -> dict[str, int]:
    """One call for each fact of each event: what its run, its job and its tables come to."""
    with reading(db) as tx:
        runs = list(tx.scalars(sa.select(t.run.c.id)))
        jobs = list(tx.scalars(sa.select(t.job.c.id)))
        tables = list(tx.scalars(sa.select(t.dataset.c.id)))
        names = [Name("run", n) for n in runs] + [Name("job", n) for n in jobs]
        entries = entry.read(tx, names + [Name("dataset", n) for n in tables])
    found = {"marquez": count}
    for name in ("datahub", "openmetadata", "atlan"):
        sink: Any = sinks.targets[name].sink
        facts = {key: _facts(name, sink.render(item)) for key, item in entries.items()}
        total = 0
        for item in entries.values():
            if item.name.kind == "run":
                run: Any = item
                about = [item.name, Name("job", run.job.id)]
                about += [Name("dataset", one.dataset.id) for one in run.datasets]
                total += 2 * sum(facts.get(key, 0) for key in about)  # of START, and of the end
        found[name] = total
    return found


def _facts(name: str, payload: Any) -> int:
    if payload is None:
        return 0
    if name == "datahub":
        return sum(len(aspects) - 1 for part in payload.values() for _, aspects in part)
    if name == "atlan":
        return len(payload)
    # OpenMetadata: an edge is looked up and put; freshness is observed and patched
    return {"EdgesTold": 2, "TableTold": 2}.get(type(payload).__name__, 1)


def _side_by_side(given: argparse.Namespace) -> None:
    """The same entries, one request at a time and several at once, to catalogs that are far away."""
    bodies = list(events.dag_runs(given.runs, given.dags, given.tasks))
    delay = given.answers_take / 1000
    print(f"catalogs that take {given.answers_take:.0f} ms to answer; entries a second")
    print(f"{'sink':<14}{'one at a time':>15}{'as set by default':>19}{'at once':>9}{'ratio':>7}")
    rates: dict[str, list[float]] = {}
    most: dict[str, int] = {}
    for more in ({"concurrency": 1}, {}):
        with (
            tempfile.TemporaryDirectory() as folder,
            together(given.dags, given.tasks, **more) as sinks,
        ):
            db = _database(Path(folder))
            for start in range(0, len(bodies), 500):
                _absorb(db, sinks, bodies[start : start + 500], NOW)
            for name, target in sinks.targets.items():
                fake = sinks.fakes()[name]
                fake.delay, began = delay, time.perf_counter()
                delivered = _drain(db, target, NOW + 3600 * SECOND)
                rates.setdefault(name, []).append(delivered / (time.perf_counter() - began))
                most[name] = fake.at_once
            db.dispose()
    for name, (alone, default) in rates.items():
        ratio = default / alone
        print(f"{name:<14}{alone:>15,.0f}{default:>19,.0f}{most[name]:>9}{ratio:>7.1f}")
    print()


def _away(given: argparse.Namespace) -> None:
    """Sinks that are down while events come in, and receive the current state afterwards."""
    bodies = list(events.dag_runs(given.away, given.dags, given.tasks))
    with tempfile.TemporaryDirectory() as folder, together(given.dags, given.tasks) as sinks:
        db = _database(Path(folder))
        for start in range(0, len(bodies), 500):
            _absorb(db, sinks, bodies[start : start + 500], NOW)
        with reading(db) as tx:
            owed = outbox.counts(tx, list(sinks.targets), NOW)
        size = _size(db)
        print(f"{len(bodies)} events while all sinks were away; {_task_runs(db)} task runs")
        print(
            f"the outbox owes {sum(count.waiting for count in owed.values())} names, {size / 1000:.0f} kB"
        )
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"{'sink':<14}{'owed':>8}{'requests':>10}{'seconds':>9}{'entries/s':>11}")
        for name, target in sinks.targets.items():
            fake = sinks.fakes()[name]
            began = time.perf_counter()
            _drain(db, target, NOW + 3600 * SECOND)
            took = time.perf_counter() - began
            count = owed[name].waiting
            print(f"{name:<14}{count:>8}{len(fake.seen):>10}{took:>9.1f}{count / took:>11,.0f}")
        _storm(db, sinks, given.weather)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(
            f"draining took {(after - before) / 1024:.0f} MB more memory, the fakes' own included"
        )


def _storm(db: sa.Engine, sinks: Together, share: float) -> None:
    """Everything once more, to catalogs that throttle, fail and hang up; the clock runs ahead."""
    print(f"\nonce more, {share:.0%} of requests throttled, failed or cut")
    print(f"{'sink':<14}{'requests':>10}{'rounds':>8}{'in sync':>9}{'owed':>6}{'rejected':>10}")
    for seed, (name, target) in enumerate(sinks.targets.items()):
        fake = sinks.fakes()[name]
        fake.seen.clear()
        fake.trouble = weather(seed, share)
        with writing(db) as tx:
            outbox.redeliver_all(tx, name, target.kinds, NOW)
        now, rounds = NOW + 7200 * SECOND, 0
        count = outbox.Count(waiting=1)
        while count.waiting and rounds <= 20_000:
            for _ in range(20):
                deliver_due(db, target, now)
                now += 700 * SECOND
            rounds += 20
            with reading(db) as tx:
                count = outbox.counts(tx, [name], now)[name]
        print(
            f"{name:<14}{len(fake.seen):>10}{rounds:>8}{count.in_sync:>9}{count.waiting:>6}"
            f"{count.rejected:>10}"
        )


def _dead(given: argparse.Namespace) -> None:
    """A bridge as people run it; its catalogs come up when it has heard of everything."""
    port, *ports = (free_port() for _ in range(5))
    asked_for = asked([f"http://127.0.0.1:{each}" for each in ports])
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        command = [sys.executable, "-m", "fairlead_bridge", "serve", "--port", str(port)]
        command += ["--database-url", url, "--log-level", "error"]
        with running(command, port, FAIRLEAD_SINKS=json.dumps(asked_for), T="t") as bridge:
            time.sleep(3)
            db, memory = open_database(url), [worker_memory(bridge)]
            began = time.perf_counter()
            count = _post(
                f"http://127.0.0.1:{port}", given, lambda: memory.append(worker_memory(bridge))
            )
            while _waiting(db, t.waiting):
                memory.append(worker_memory(bridge))
                time.sleep(0.2)
            took = time.perf_counter() - began
            owed, size, down = _undelivered(db), _size(db), worker_memory(bridge)
            whole = sum(file.stat().st_size for file in Path(folder).iterdir()) / 1e6
            print(
                f"\n{count} events to a bridge whose four catalogs are dead, in {took:.0f} s; then drained"
            )
            print(
                f"the outbox owes {sum(owed.values())} names, {size / 1e6:.1f} MB; the whole database "
                f"has {whole:.0f} MB"
            )
            fakes_at = [sys.executable, "-m", "bench.sinks", "--fakes", *map(str, ports)]
            fakes_at += ["--dags", str(given.dags), "--tasks", str(given.tasks)]
            with running(fakes_at, ports[-1]):
                draining, drained = _drained(db, bridge, owed)
            print(f"{'sink':<14}{'owed':>9}{'drained in s':>14}{'entries/s':>11}")
            for name, seconds in drained.items():
                print(f"{name:<14}{owed[name]:>9}{seconds:>14.0f}{owed[name] / seconds:>11,.0f}")
            with reading(db) as tx:
                counts = outbox.counts(tx, list(owed), NOW)
            print(f"in sync after it: {sum(one.in_sync for one in counts.values())}")
            print(
                f"the worker's memory in MB: before {memory[0]:.0f}, at most {max(memory):.0f} while "
                f"they were dead, then {down:.0f}, at most {max(draining):.0f} while draining, "
                f"{worker_memory(bridge):.0f} after"
            )
            db.dispose()


def _post(bridge: str, given: argparse.Namespace, look: Callable[[], object]) -> int:
    """Every event, a hundred in a request, one request after another; how many there were."""
    count = 0
    events_left = events.dag_runs(given.away, given.dags, given.tasks)
    with requests.Session() as session:
        while some := list(itertools.islice(events_left, 100)):
            body = b"[" + b",".join(some) + b"]"
            session.post(f"{bridge}/api/v1/lineage/batch", body).raise_for_status()
            look()
            count += len(some)
    return count


def _drained(
    db: sa.Engine, bridge: int, owed: dict[str, int]
) -> tuple[list[float], dict[str, float]]:
    """The worker's memory while catalogs that are back receive entries, and the seconds each took."""
    with writing(db) as tx:  # do not wait for the end of their rest
        tx.execute(sa.update(t.sink).values(due_at=0))
        tx.execute(sa.update(t.delivery).values(due_at=0))
    began, memory, took = time.perf_counter(), [worker_memory(bridge)], dict[str, float]()
    while len(took) < len(owed):
        left = _undelivered(db)
        for name in owed:
            if not left.get(name) and name not in took:
                took[name] = time.perf_counter() - began
        memory.append(worker_memory(bridge))
        time.sleep(0.2)
    return memory, took


def _serve_fakes(given: argparse.Namespace) -> None:
    with ExitStack() as stack:
        for fake, port in zip(fakes(given.dags, given.tasks), given.fakes, strict=True):
            stack.enter_context(serving(fake, port))
        signal.pause()  # until we are ended


def _waiting(db: sa.Engine, table: sa.Table) -> int:
    with reading(db) as tx:
        return tx.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def _undelivered(db: sa.Engine) -> dict[str, int]:
    """What each sink has yet to hear."""
    waiting = sa.select(t.delivery.c.sink, sa.func.count()).where(t.delivery.c.state == "waiting")
    with reading(db) as tx:
        return {name: int(count) for name, count in tx.execute(waiting.group_by(t.delivery.c.sink))}


def _database(folder: Path) -> sa.Engine:
    db = open_database(f"sqlite:///{folder}/bench.db")
    migrate(db)
    return db


def _absorb(db: sa.Engine, sinks: Together, bodies: Sequence[bytes], now: int) -> None:
    with writing(db) as tx:
        inbox.put(tx, bodies, "bench", now)
    wanted = interests(list(sinks.targets.values()))
    while absorb_waiting(db, _translate, wanted, now):
        pass


def _drain(db: sa.Engine, target: Target, now: int) -> int:
    delivered = 0
    while count := deliver_due(db, target, now):
        delivered += count
    return delivered


def _task_runs(db: sa.Engine) -> int:
    with reading(db) as tx:
        return tx.scalar(sa.select(sa.func.count()).where(t.run.c.kind == "task")) or 0


def _size(db: sa.Engine) -> int:
    """Bytes that the table of deliveries and its indexes take."""
    names = ("delivery", "delivery_due", "delivery_event")
    with reading(db) as tx:
        try:
            return sum(
                tx.scalar(sa.text("SELECT sum(pgsize) FROM dbstat WHERE name = :n"), {"n": name})
                or 0
                for name in names
            )
        except sa.exc.OperationalError:  # SQLite was built without dbstat
            return 0


_PARTS = {"requests": _requests, "together": _side_by_side, "away": _away, "dead": _dead}
_translate = Translator(Normaliser())

if __name__ == "__main__":
    os.nice(5)
    main()
