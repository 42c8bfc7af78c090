"""
What monitoring costs: processor time for many datasets with expectations.

Fills a database with daily jobs, ten to a DAG, each writing one dataset that the next one reads,
spread over the day. Then measures, each in processor seconds of the monitoring step:

* first start: everything is evaluated once;
* at rest: a minute in which nothing comes and nothing is due, a look each second;
* an ordinary minute: the datasets that are written in a minute are touched by their runs;
* a failure with everything downstream: one run of the first job of a DAG fails.

    python -m bench monitoring [--datasets 100000] [--database-url URL]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from fairlead_bridge import facts, ids
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.bulk import insert_new
from fairlead_bridge.db.engine import open_database, reading, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.model import Name
from fairlead_bridge.monitoring import queue
from fairlead_bridge.monitoring.evaluate import Rules, evaluate

SECOND = 1_000_000
MINUTE, DAY = 60 * SECOND, 86_400 * SECOND
NOW = 1_780_000_000 * SECOND
TASKS, WRITES = 10, 12
PLACE, STORE = "airflow", "postgres://warehouse:5432"
Row = dict[str, Any]
NO_FACTS = facts.encode(facts.RunFacts(0, 0))
_TIMES = {"first_at": NOW - WRITES * DAY, "last_at": NOW}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=int, default=100_000)
    parser.add_argument("--database-url")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(arguments.database_url or str(Path(folder) / "bench.db"))
        migrate(engine)
        fill(engine, arguments.datasets)
        measure(engine, arguments.datasets)
        engine.dispose()


def measure(engine: sa.Engine, datasets: int) -> None:
    seconds, count = drain(engine, NOW)
    say("first start", seconds, f"{1000 * seconds / max(1, count):.2f} ms a node, {count} nodes")
    with reading(engine) as tx:
        known = sa.select(sa.func.count()).where(t.watch.c.due_at < queue.NEVER)
        expected = tx.scalar(known.select_from(t.watch))
    began = time.process_time()
    for second in range(60):
        step(engine, NOW + second * SECOND)
    say("a minute at rest", time.process_time() - began, f"{expected} datasets are due some time")
    minute = NOW + MINUTE
    written = max(1, datasets * MINUTE // DAY)
    with writing(engine) as tx:
        touched = [Name("run", _run(number, WRITES - 1)) for number in range(written)]
        touched += [Name("dataset", _dataset(number)) for number in range(written)]
        queue.changed(tx, touched, minute)
    seconds, count = drain(engine, minute)
    say("an ordinary minute", seconds, f"{written} datasets written, {count} nodes evaluated")
    fail(engine, minute)
    seconds, count = drain(engine, minute)
    with reading(engine) as tx:
        found = tx.execute(sa.select(t.incident.c.id)).all()
        affected = tx.scalar(sa.select(sa.func.count()).select_from(t.incident_affected))
    say("a failure", seconds, f"{len(found)} incident, {affected} affected")


def step(engine: sa.Engine, now: int) -> int:
    return evaluate(engine, {}, Rules(), now)


def drain(engine: sa.Engine, now: int) -> tuple[float, int]:
    """Processor seconds until nothing is due, and how many nodes were."""
    began, count = time.process_time(), 0
    while found := step(engine, now):
        count += found
    return time.process_time() - began, count


def say(what: str, seconds: float, more: str) -> None:
    print(f"{what:<20} {seconds:8.3f} s   {more}", flush=True)


# --- the database ---------------------------------------------------------------------------------


def fill(engine: sa.Engine, datasets: int) -> None:
    """Every job wrote its dataset once a day, the last time within the last day before NOW."""
    for start in range(0, datasets, 5_000):
        rows: dict[sa.Table, list[Row]] = {}
        for number in range(start, min(start + 5_000, datasets)):
            for table, row in _rows(number):
                rows.setdefault(table, []).append(row)
        with writing(engine) as tx:
            for table, found in rows.items():
                insert_new(tx, table, found)


def _rows(number: int) -> Iterator[tuple[sa.Table, Row]]:
    dag, task = number // TASKS, number % TASKS
    at = {"namespace": PLACE, "integration": "AIRFLOW", "dag_id": f"dag_{dag}", **_TIMES}
    if not task:
        about = {"id": _dag(dag), "name": f"dag_{dag}", "kind": "dag", "task_id": None}
        yield t.job, {**at, **about, "parent_id": None}
        yield t.watch, {"node_id": _dag(dag), "due_at": 0, "version": 1}
    name = f"dag_{dag}.task_{task}"
    about = {"id": _job(number), "name": name, "kind": "task", "task_id": f"task_{task}"}
    yield t.job, {**at, **about, "parent_id": _dag(dag)}
    own = _dataset(number)
    edge = {"kind": "data", **_TIMES}
    yield t.edge, {"src": _job(number), "dst": own, **edge}
    if task:
        yield t.edge, {"src": _dataset(number - 1), "dst": _job(number), **edge}
    for write in range(WRITES):
        ended = _ended(number, write)
        yield t.run, _run_row(number, write, ended)
        yield t.run_dataset, _wrote(number, write, ended)
    about = {"id": own, "asset_id": own, "namespace": STORE, "name": f"shop.table_{number}"}
    yield (
        t.dataset,
        {**about, **_TIMES, "written_at": ended, "written_by": _run(number, WRITES - 1)},
    )
    yield t.watch, {"node_id": own, "due_at": 0, "version": 1}


def _ended(number: int, write: int) -> int:
    """The DAGs are spread over the day; the tasks of one follow each other by the minute."""
    of_day = (number // TASKS * 7919 % 1440 + number % TASKS) % 1440
    return NOW - (WRITES - write) * DAY + of_day * MINUTE


def _run_row(number: int, write: int, ended: int) -> Row:
    return {
        "id": _run(number, write),
        "run_id": f"{number}-{write}",
        "job_id": _job(number),
        "kind": "task",
        "dag_id": f"dag_{number // TASKS}",
        "dag_run_id": f"scheduled__{write}",
        "task_id": f"task_{number % TASKS}",
        "map_index": -1,
        "try_number": 1,
        "dag_run": ids.dag_run_id(PLACE, f"dag_{number // TASKS}", f"scheduled__{write}"),
        "instance": _run(number, write),
        "state": "success",
        "started_at": ended - MINUTE,
        "ended_at": ended,
        "duration": 60.0,
        "first_at": ended - MINUTE,
        "last_at": ended,
        "at": ended - MINUTE,
        "facts": NO_FACTS,
    }


def _wrote(number: int, write: int, ended: int) -> Row:
    own = {"run_id": _run(number, write), "dataset_id": _dataset(number), "role": "output"}
    return {**own, "at": ended, "written_at": ended, "facets": b""}


def fail(engine: sa.Engine, now: int, number: int = 0) -> None:
    run = {**_run_row(number, WRITES, now), "state": "failed"}
    with writing(engine) as tx:
        insert_new(tx, t.run, [run])
        queue.changed(tx, [Name("run", run["id"])], now)


def _dag(number: int) -> int:
    return ids.job_id(PLACE, f"dag_{number}")


def _job(number: int) -> int:
    return ids.job_id(PLACE, f"dag_{number // TASKS}.task_{number % TASKS}")


def _dataset(number: int) -> int:
    return ids.dataset_id(STORE, f"shop.table_{number}")


def _run(number: int, write: int) -> int:
    return ids.run_id(f"{number}-{write}")


if __name__ == "__main__":
    main()
