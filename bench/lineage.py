"""
What lineage queries cost, by the size of the graph, the depth and the direction.

Builds a layered graph of jobs and datasets straight into the tables: every job reads one to three
datasets of the layer before and writes one; one dataset in two hundred is a hub that every tenth
job of the next layer reads. Then asks from random nodes, and from hubs, and prints milliseconds and
microseconds for each node returned. The whole answer is timed, names, states and JSON included.

    python -m bench.lineage [--edges 110000 ...] [--runs 10] [--database-url URL]
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from fairlead_bridge import facts, ids
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.bulk import chunks, insert_new
from fairlead_bridge.db.engine import open_database, reading, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.facts import Attempt, LatestValue, RunFacts
from fairlead_bridge.queries import lineage
from fairlead_bridge.queries.snapshot import Snapshot
from fairlead_bridge.web.lineage import graph as drawn
from fairlead_bridge.web.lineage import routes as plain
from fairlead_bridge.web.lineage.view import View

LAYERS = 40
HUB_EVERY = 200
NOW = 1_780_000_000_000_000
HOUR = 3_600_000_000
ASKED = 100

_encode = msgspec.json.Encoder().encode


def build(engine: sa.Engine, edges: int, runs: int, seed: int = 7) -> tuple[list[int], list[int]]:
    """Fills an empty database; returns the ids of all nodes and of the hubs."""
    chance = random.Random(seed)
    jobs_a_layer = max(10, edges // (2 * LAYERS))
    last: list[int] = []
    nodes: list[int] = []
    hubs: list[int] = []
    with writing(engine) as tx:
        for layer in range(LAYERS):
            rows: dict[sa.Table, list[dict[str, Any]]] = {}
            jobs = [f"flow_{layer}_{n // 20}.task_{n}" for n in range(jobs_a_layer)]
            made = [_dataset(rows, f"shop.layer_{layer}.table_{n}") for n in range(jobs_a_layer)]
            popular = [id for n, id in enumerate(last) if n % HUB_EVERY == 0]
            for n, (name, output) in enumerate(zip(jobs, made, strict=True)):
                job = _job(rows, name)
                nodes.append(job)
                _edge(rows, job, output)
                if last and n % 10 == 0 and popular:
                    _edge(rows, chance.choice(popular[:3]), job)
                if last:
                    _edge(rows, chance.choice(last), job)
                for run in range(runs):
                    _run(rows, job, name, run, chance)
            nodes += made
            hubs += popular[:3]
            last = made
            for table, values in rows.items():
                for part in chunks(values, 20_000):
                    insert_new(tx, table, part)
    return nodes, hubs


def _add(rows: dict[sa.Table, list[dict[str, Any]]], table: sa.Table, **row: Any) -> None:
    rows.setdefault(table, []).append(row)


def _dataset(rows: dict[sa.Table, list[dict[str, Any]]], name: str) -> int:
    id = ids.dataset_id("postgres://db:5432", name)
    _add(
        rows, t.dataset, id=id, namespace="postgres://db:5432", name=name, asset_id=id,
        kind="TABLE", first_at=NOW, last_at=NOW, written_at=NOW, written_by=None, dropped_at=None,
    )  # fmt: skip
    return id


def _job(rows: dict[sa.Table, list[dict[str, Any]]], name: str) -> int:
    id = ids.job_id("airflow", name)
    dag_id, _, task_id = name.partition(".")
    _add(
        rows, t.job, id=id, namespace="airflow", name=name, kind="task", integration="AIRFLOW",
        processing="BATCH", dag_id=dag_id, task_id=task_id, parent_id=None, first_at=NOW, last_at=NOW,
    )  # fmt: skip
    return id


def _edge(rows: dict[sa.Table, list[dict[str, Any]]], src: int, dst: int) -> None:
    _add(rows, t.edge, src=src, dst=dst, kind="data", first_at=NOW, last_at=NOW, last_run=None)


def _run(
    rows: dict[sa.Table, list[dict[str, Any]]], job: int, name: str, n: int, chance: random.Random
) -> None:
    id = ids.run_id(f"{name} {n}")
    at = NOW - n * HOUR - chance.randrange(HOUR)
    run_id = f"00000000-0000-8000-8000-{id & 0xFFFFFFFFFFFF:012x}"
    seconds = chance.uniform(20, 90)
    run_facts = RunFacts(
        id, job,
        attempts={run_id: Attempt(0, at, at, start_at=at, end_at=at, end="COMPLETE")},
        properties={"operator": LatestValue(at, "SQLExecuteQueryOperator"), "url": LatestValue(at, f"http://airflow/dags/{name}/{n}")},
    )  # fmt: skip
    dag_id, _, task_id = name.partition(".")
    _add(
        rows, t.run, id=id, run_id=run_id, job_id=job, kind="task", dag_id=dag_id, dag_run_id=f"scheduled__{n}",
        task_id=task_id, map_index=-1, try_number=1, dag_run=None, instance=id, parent_id=None, root_id=None,
        state=chance.choice(("success",) * 9 + ("failed",)), queued_at=at, started_at=at,
        ended_at=at + int(seconds * 1e6), duration=seconds, nominal_start_at=None, nominal_end_at=None,
        first_at=at, last_at=at, at=at, error=None, facts=facts.encode(run_facts),
    )  # fmt: skip


def measure(ask: Callable[[int], int], nodes: list[int]) -> str:
    """Asks from each node; returns "p50 p95 ms, nodes, microseconds a node"."""
    times, returned = [], []
    for node in nodes:
        start = time.perf_counter()
        returned.append(ask(node))
        times.append(time.perf_counter() - start)
    a_node = 1e6 * sum(times) / max(1, sum(returned))
    times.sort()
    returned.sort()
    p50, p95 = times[len(times) // 2], times[int(len(times) * 0.95)]
    return (
        f"{1e3 * p50:9.2f} {1e3 * p95:9.2f} {returned[len(returned) // 2]:8d} "
        f"{returned[int(len(returned) * 0.95)]:8d} {a_node:9.1f}"
    )


def walks(engine: sa.Engine, direction: str, depth: int, limit: int) -> Callable[[int], int]:
    """The answer of `GET /lineage`, from a node's id to its bytes; counts the nodes."""
    up, down = (depth if direction != "down" else 0), (depth if direction != "up" else 0)

    def ask(node: int) -> int:
        with reading(engine) as tx:
            snapshot = Snapshot(tx, NOW, 86_400.0)
            found = lineage.find(snapshot, ids.public(node))
            walk = lineage.walk(snapshot, [found.id], up, down, limit)
            answer = plain.plain(snapshot, walk)
        _encode(answer)
        return len(answer["nodes"])

    return ask


def pictures(engine: sa.Engine, limit: int) -> Callable[[int], int]:
    """The answer of `GET /graph`; counts the cards."""

    def ask(node: int) -> int:
        with reading(engine) as tx:
            snapshot = Snapshot(tx, NOW, 86_400.0)
            view = View(50, 50, limit)
            answer = drawn.draw(snapshot, lineage.find(snapshot, ids.public(node)), view)
        drawn.encode(answer)
        return len(answer["cards"])

    return ask


def report(engine: sa.Engine, nodes: list[int], hubs: list[int]) -> Iterator[str]:
    chance = random.Random(11)
    some = chance.sample(nodes, min(ASKED, len(nodes)))
    yield f"{'':34}{'p50 ms':>9} {'p95 ms':>9} {'nodes':>8} {'p95':>8} {'us/node':>9}"
    for start, asked in (("any node", some), ("hubs", hubs[:20])):
        for direction in ("up", "down", "both"):
            for depth in (3, 5, 20):
                title = f"{start}, {direction}, depth {depth}"
                yield f"{title:34}{measure(walks(engine, direction, depth, 1000), asked)}"
    title = "any node, both, 20, limit 10,000"
    yield f"{title:34}{measure(walks(engine, 'both', 20, 10_000), some)}"
    for cards in (100, 300, 500):
        title = f"drawn graph, {cards} cards at most"
        yield f"{title:34}{measure(pictures(engine, cards), some[:50])}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--edges", type=int, nargs="+", default=[10_000, 110_000, 1_000_000])
    parser.add_argument("--runs", type=int, default=10, help="runs of each job")
    parser.add_argument(
        "--database-url", help="an empty database; a temporary SQLite file if left out"
    )
    given = parser.parse_args()
    for edges in given.edges:
        with tempfile.TemporaryDirectory() as folder:
            engine = open_database(given.database_url or str(Path(folder) / "bench.db"))
            migrate(engine)
            start = time.perf_counter()
            nodes, hubs = build(engine, edges, given.runs)
            with reading(engine) as tx:
                stored = tx.scalar(sa.select(sa.func.count()).select_from(t.edge))
            sys.stdout.write(
                f"\n{stored:,} edges, {len(nodes):,} nodes, {given.runs} runs a job, "
                f"built in {time.perf_counter() - start:.0f} s\n"
            )
            gc.freeze()  # as the server does
            for line in report(engine, nodes, hubs):
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()
            engine.dispose()


if __name__ == "__main__":
    main()
