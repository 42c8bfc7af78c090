"""
What answers about freshness cost: the outlook of one dataset, and what the page Health shows.

    python -m bench answers [--datasets 3030] [--asked 100] [--failed 10]

The database is that of `bench.monitoring`: daily jobs, ten to a DAG, each writing one dataset that
the next one reads; here the last runs of some first jobs have failed, and monitoring has evaluated
everything, as it does within a second. Each answer is read in a
transaction of its own and written as JSON. Milliseconds of processor time, p50 and p95: what other
work on the machine delays is not counted. For the outlook also how many statements it took.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import sqlalchemy as sa
from bench import monitoring
from pydantic import BaseModel

from fairlead_bridge.db.engine import open_database, reading
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.queries.snapshot import Snapshot
from fairlead_bridge.web.outlook import routes as outlook
from fairlead_bridge.web.overview import routes as overview

#: A while after the last runs of the day, at which some DAGs are due soon.
NOW = monitoring.NOW
#: Answers that are not counted: the first ones read what later ones find read.
WARM_UP = 3
LOST_AFTER = 86_400.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--datasets", type=int, default=3030)
    parser.add_argument("--asked", type=int, default=100)
    parser.add_argument("--failed", type=int, default=10)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(str(Path(folder) / "bench.db"))
        migrate(engine)
        monitoring.fill(engine, given.datasets)
        monitoring.drain(engine, NOW)
        for dag in range(given.failed):
            monitoring.fail(engine, NOW, dag * monitoring.TASKS)
        monitoring.drain(engine, NOW)
        measure(engine, given.datasets, given.asked)
        engine.dispose()


def measure(engine: sa.Engine, datasets: int, asked: int) -> None:
    chance, statements = Random(1), 0

    def counted(*_: object) -> None:
        nonlocal statements
        statements += 1

    def of_one(snapshot: Snapshot) -> BaseModel:
        number = chance.randrange(datasets)
        return outlook.get_outlook(snapshot, f"dataset:{monitoring.STORE}:shop.table_{number}")

    print(f"{'milliseconds of processor time':40}{'p50':>8}{'p95':>8}")
    sa.event.listen(engine, "before_cursor_execute", counted)
    _say("the outlook of one dataset", *_cost(engine, of_one, asked))
    print(f"  statements each: {statements / (asked + WARM_UP):.0f}")
    few = max(5, asked // 10)
    _say("the overview", *_cost(engine, overview.get_overview, few))
    _say("what is at risk", *_cost(engine, lambda each: overview.get_at_risk(each, 50), few))


def _cost(
    engine: sa.Engine, answer: Callable[[Snapshot], BaseModel], number: int
) -> tuple[float, float]:
    """p50 and p95 of so many answers."""
    spent = []
    for _ in range(WARM_UP + number):
        began = time.process_time()
        with reading(engine) as tx:
            answer(Snapshot(tx, NOW, LOST_AFTER)).model_dump_json()
        spent.append(1000 * (time.process_time() - began))
    ordered = sorted(spent[WARM_UP:])
    return ordered[len(ordered) // 2], ordered[int(0.95 * len(ordered))]


def _say(what: str, half: float, most: float) -> None:
    print(f"{what:40}{half:8.1f}{most:8.1f}", flush=True)


if __name__ == "__main__":
    main()
