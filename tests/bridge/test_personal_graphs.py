"""Personal data on made-up graphs: what is known is right and whole, and everything else is unknown."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from fairlead_bridge.db.engine import reading
from fairlead_bridge.queries import assets, personal
from fairlead_bridge.queries.snapshot import Snapshot
from tests.bridge.asking import Api
from tests.support.small import run_event, uuid

GRAPHS = 100
AT = "2026-11-01T0{}:{:02d}:00Z"
Place = tuple[str, str]  # dataset, column


@dataclass
class Job:
    """`ways` are (from, to, masked); `is_known`: it says them, else only what it reads and writes."""

    name: str
    reads: list[str]
    writes: str
    ways: list[tuple[Place, Place, bool]]
    is_known: bool


@dataclass
class Graph:
    space: str
    tagged: set[Place] = field(default_factory=set)
    jobs: list[Job] = field(default_factory=list)
    columns: dict[str, list[str]] = field(default_factory=dict)


def made_up(seed: int) -> Graph:
    """Sources with tagged columns; jobs that rename, mask, unite and drop columns, some silently."""
    chance = random.Random(seed)
    graph = Graph(f"postgres://g{seed}:5432")
    for at in range(chance.randint(1, 3)):
        graph.columns[f"s.src{at}"] = [f"c{n}" for n in range(chance.randint(2, 5))]
    for name, names in graph.columns.items():
        graph.tagged |= {(name, each) for each in names if chance.random() < 0.4}
    for at in range(chance.randint(3, 9)):
        reads = chance.sample(sorted(graph.columns), min(len(graph.columns), chance.randint(1, 2)))
        target, ways, out = f"s.t{at}", [], []
        for source in reads:  # a union where two sources share names
            picked = chance.sample(
                graph.columns[source], chance.randint(1, len(graph.columns[source]))
            )
            for column in picked:
                name = column if chance.random() < 0.6 else f"r{at}{column}"
                out.append(name)
                ways.append(((source, column), (target, name), chance.random() < 0.25))
        graph.columns[target] = sorted(set(out))
        graph.jobs.append(Job(f"job{at}", reads, target, ways, chance.random() < 0.75))
        if chance.random() < 0.1:
            graph.tagged.add((target, graph.columns[target][0]))
    return graph


def events(graph: Graph, first: int) -> Iterator[bytes]:
    for at, (name, names) in enumerate(sorted(graph.columns.items())):
        if not name.startswith("s.src"):
            continue
        yield run_event(
            "COMPLETE", AT.format(1, at), uuid(first + at), f"{graph.space}/load{at}",
            outputs=[_dataset(graph, name, names, {})],
        )  # fmt: skip
    for at, job in enumerate(graph.jobs):
        yield run_event(
            "COMPLETE", AT.format(2, at), uuid(first + 40 + at), f"{graph.space}/{job.name}",
            inputs=[{"namespace": graph.space, "name": each, "facets": {}} for each in job.reads],
            outputs=[_dataset(graph, job.writes, graph.columns[job.writes], _lineage(graph, job))],
        )  # fmt: skip


def _dataset(graph: Graph, name: str, names: list[str], facets: dict[str, Any]) -> dict[str, Any]:
    tags = [
        {"key": "pii", "value": "true", "source": "T", "field": each}
        for each in names
        if (name, each) in graph.tagged
    ]
    schema = {"schema": {"fields": [{"name": each} for each in names]}}
    marked = {"tags": {"tags": tags}} if tags else {}
    return {"namespace": graph.space, "name": name, "facets": {**schema, **marked, **facets}}


def _lineage(graph: Graph, job: Job) -> dict[str, Any]:
    if not job.is_known:
        return {}
    fields: dict[str, Any] = {}
    for (source, column), (_, to), masked in job.ways:
        way = {"type": "DIRECT", "subtype": "TRANSFORMATION", "masking": masked}
        origin = {
            "namespace": graph.space,
            "name": source,
            "field": column,
            "transformations": [way],
        }
        fields.setdefault(to, {"inputFields": []})["inputFields"].append(origin)
    return {"columnLineage": {"fields": fields}}


def values(graph: Graph, jobs: Iterable[Job]) -> set[Place]:
    """The columns that hold values of tagged columns, by these jobs; in the order in which they ran."""
    held = set(graph.tagged)
    for job in jobs:
        held |= {to for origin, to, masked in job.ways if origin in held and not masked}
    return held


def hidden(graph: Graph, held: set[Place]) -> set[Place]:
    """The columns that are made of such columns by masking alone."""
    known = [way for job in graph.jobs if job.is_known for way in job.ways]
    return {to for origin, to, masked in known if masked and origin in held} - held


def doubtful(graph: Graph, held: set[Place]) -> set[str]:
    """The datasets to which a silent reader may have brought values, in the order in which they ran."""
    found: set[str] = set()
    holders = {dataset for dataset, _ in held}
    for job in graph.jobs:
        if job.is_known:
            may = any(origin[0] in found and not masked for origin, _, masked in job.ways)
        else:
            may = any(name in found or name in holders for name in job.reads)
        if may:
            found.add(job.writes)
    return found


def test_all_that_is_known_is_right_and_whole_and_everything_else_is_unknown(db: sa.Engine) -> None:
    api = Api(db)
    graphs = [made_up(seed) for seed in range(GRAPHS)]
    api.send(*(each for seed, graph in enumerate(graphs) for each in events(graph, seed * 100)))
    rows = api.pages("personal-data", limit=500)
    by_space: dict[str, list[Any]] = {}
    for row in rows:
        by_space.setdefault(row["dataset"]["namespace"], []).append(row)
    doubtful_ones = 0
    for graph in graphs:
        held = values(graph, [job for job in graph.jobs if job.is_known])
        found = by_space.get(graph.space, [])
        places = {
            kind: {(row["dataset"]["name"], row["column"]) for row in found if row["kind"] == kind}
            for kind in ("tagged", "reached", "masked", "unknown")
        }
        assert places["tagged"] == graph.tagged, graph.space
        assert places["reached"] == held - graph.tagged, graph.space
        assert places["masked"] == hidden(graph, held), graph.space
        unknown = doubtful(graph, held)
        assert places["unknown"] == {(name, "*") for name in unknown}, graph.space
        # What silent readers really did is never taken for "no".
        really = values(graph, graph.jobs)
        assert {name for name, _ in really - held} <= unknown, graph.space
        doubtful_ones += len(unknown)
    assert doubtful_ones > GRAPHS / 4  # or the graphs show nothing


def test_one_dataset_has_the_same_answer_alone_as_in_the_whole(db: sa.Engine) -> None:
    api = Api(db)
    graphs = [made_up(seed) for seed in range(25)]
    api.send(*(each for seed, graph in enumerate(graphs) for each in events(graph, seed * 100)))
    with reading(db) as tx:
        snapshot = Snapshot(tx, api.micros, 86_400.0)
        whole = personal.everywhere(snapshot, unknown=True)
        every = [
            asset
            for graph in graphs
            for name in graph.columns
            if (asset := assets.find_asset(snapshot, f"{graph.space}:{name}")) is not None
        ]
        for asset in every:
            alone = personal.of(snapshot, [asset], unknown=True)
            one, every_one = (
                alone.of(asset.id),
                replace(whole.of(asset.id), namespace=asset.namespace),
            )
            assert replace(one, namespace=asset.namespace) == every_one, asset.name
