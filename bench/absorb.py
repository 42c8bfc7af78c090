"""
What absorbing costs: against decoding alone, on PostgreSQL against SQLite, and as history grows.

    python -m bench.absorb [--events 20000] [--postgres URL] [--growth 100000]
"""

from __future__ import annotations

import argparse
import gc
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import sqlalchemy as sa
from tests.support.airflow_events import airflow_events

from fairlead_bridge import inbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db.engine import open_database, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.mapping import decode
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator

BATCH = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--postgres", metavar="URL", help="an empty database to measure as well")
    parser.add_argument("--growth", type=int, default=100_000, help="events of the long history")
    given = parser.parse_args()

    bodies = list(airflow_events(given.events))
    size = statistics.mean(map(len, bodies)) / 1000
    print(f"{given.events} events of {size:.1f} kB, batches of {BATCH}, one core")
    alone = _decode(bodies)
    translate = _translate(bodies)
    print(f"decode alone        {alone:8.1f} us an event")
    print(f"decode and translate{translate:8.1f} us an event, {translate / alone:.1f} x decode")
    with tempfile.TemporaryDirectory() as folder:
        embedded = _absorb(f"sqlite:///{folder}/a.db", bodies)
        print(
            f"absorb on SQLite    {embedded:8.1f} us an event, {embedded / alone:.1f} x decode, "
            f"{1e6 / embedded:,.0f} events a second"
        )
        if given.postgres:
            server = _absorb(given.postgres, bodies)
            print(
                f"absorb on PostgreSQL{server:8.1f} us an event, {server / embedded:.2f} x SQLite, "
                f"{1e6 / server:,.0f} events a second"
            )
        _growth(f"sqlite:///{folder}/b.db", given.growth)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process {peak:.0f} MB (the events themselves included)")


def _decode(bodies: list[bytes]) -> float:
    started = time.perf_counter()
    for body in bodies:
        decode.event(body)
    return _each(started, len(bodies))


def _translate(bodies: list[bytes]) -> float:
    translate = Translator(Normaliser())
    started = time.perf_counter()
    for body in bodies:
        translate(body)
    return _each(started, len(bodies))


def _absorb(url: str, bodies: list[bytes]) -> float:
    """The second half of the events: a catalog in steady state."""
    db = open_database(url)
    migrate(db)
    half = len(bodies) // 2
    translate = Translator(Normaliser())
    _store(db, bodies[:half])
    _drain(db, translate)
    _store(db, bodies[half:])
    cost = _drain(db, translate)
    db.dispose()
    return cost


def _growth(url: str, total: int) -> None:
    """Cost per event as the history grows: the last tenth against the second."""
    db = open_database(url)
    migrate(db)
    events = airflow_events(total)
    costs: list[float] = []
    translate = Translator(Normaliser())
    for part in _parts(events, max(1, total // 10)):
        _store(db, part)
        costs.append(_drain(db, translate))
    last = statistics.median(costs[-3:])
    first = statistics.median(costs[1:4])
    file = Path(str(db.url.database))
    print(f"cost per event along {total:,} events, each tenth, us: {[round(c) for c in costs]}")
    print(
        f"last three tenths against the second to fourth: {last / first:.2f} x; "
        f"{file.stat().st_size / total:,.0f} bytes an event on disk, log included"
    )
    db.dispose()


def _parts(events: Iterator[bytes], size: int) -> Iterator[list[bytes]]:
    while part := list(islice(events, size)):
        yield part


def _store(db: sa.Engine, bodies: list[bytes]) -> None:
    for start in range(0, len(bodies), 1000):
        with writing(db) as tx:
            inbox.put(tx, bodies[start : start + 1000], "bench", 1)


def _drain(db: sa.Engine, translate: Translator) -> float:
    """Microseconds an event to absorb all that waits."""
    gc.collect()
    gc.freeze()
    started = time.perf_counter()
    done = 0
    while count := absorb_waiting(db, translate, {}, 1, BATCH):
        done += count
    return _each(started, done)


def _each(started: float, count: int) -> float:
    return (time.perf_counter() - started) / count * 1e6


if __name__ == "__main__":
    main()
