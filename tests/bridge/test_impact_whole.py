"""Every node that lineage reaches from a column is in its impact, as certain or as unknown, unless it is
known not to use the column; and nothing else is. Over generated graphs and the graph of real events."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import open_database, reading
from tests.bridge.asking import Api, wrote
from tests.bridge.test_impact import DB, made
from tests.support import corpus
from tests.support.small import dataset, schema

#: Of so many real datasets one is asked for.
FEW = 3
NAMES = [f"s.t{number}" for number in range(6)]
COLUMNS = ["x", "y"]
Source = tuple[str, str]
#: What a job says of an output: its columns with what they come from; None where it says nothing.
Made = dict[str, list[Source]] | None


@dataclass(frozen=True, slots=True)
class Job:
    name: str
    reads: tuple[str, ...]
    writes: dict[str, Made]


@st.composite
def jobs(draw: st.DrawFn) -> list[Job]:
    """Some jobs, with cycles, whose column lineage is known, partly known or unknown."""
    found = []
    for number in range(draw(st.integers(1, 6))):
        reads = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
        others = [name for name in NAMES if name not in reads]
        targets = draw(st.lists(st.sampled_from(others), max_size=2, unique=True))
        source = st.tuples(st.sampled_from(reads), st.sampled_from(COLUMNS))
        columns = st.dictionaries(
            st.sampled_from(COLUMNS), st.lists(source, min_size=1, max_size=2), min_size=1
        )
        writes = {name: draw(st.none() | columns) for name in targets}
        found.append(Job(f"j{number}", tuple(reads), writes))
    return found


def expected(graph: list[Job], column: str) -> tuple[set[str], set[str]]:
    """What certainly uses the column of the first dataset, and what may, by the meaning of the words."""
    certain: set[str] = set()
    perhaps: set[str] = set()
    columns = {(NAMES[0], column)}
    while True:
        before = (len(certain), len(perhaps), len(columns))
        for job in graph:
            bodies = {name: body for name, body in job.writes.items() if body}
            named = {
                source for body in bodies.values() for each in body.values() for source, _ in each
            }
            for read in job.reads:
                if read in perhaps:  # any column of it may be another now
                    perhaps |= {job.name, *job.writes}
                if not any(name == read for name, _ in columns):
                    continue
                for target in job.writes:
                    body = bodies.get(target)
                    if body is None or read not in named:
                        perhaps |= {job.name, target}
                if read not in named:
                    perhaps.add(job.name)
            for target, body in bodies.items():
                for made_column, sources in body.items():
                    if columns & set(sources):
                        certain |= {job.name, target}
                        columns.add((target, made_column))
        if before == (len(certain), len(perhaps), len(columns)):
            break
    own = {NAMES[0]}
    return certain - own, perhaps - certain - own


Fresh = Callable[[], Api]


@pytest.fixture
def fresh(migrated_file: Path, tmp_path: Path) -> Iterator[Fresh]:
    open_ones: list[sa.Engine] = []

    def empty() -> Api:
        for db in open_ones:
            db.dispose()
        path = tmp_path / f"{len(open_ones)}.db"
        shutil.copy(migrated_file, path)
        open_ones.append(open_database(f"sqlite:///{path}"))
        return Api(open_ones[-1])

    yield empty
    for db in open_ones:
        db.dispose()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(jobs(), st.sampled_from(COLUMNS))
def test_the_impact_of_a_column_is_what_uses_it_or_may_and_nothing_else(
    fresh: Fresh, graph: list[Job], column: str
) -> None:
    api = fresh()
    api.send(*wrote("source", dataset(NAMES[0], schema=schema(*COLUMNS))))
    for job in graph:
        outputs = [
            dataset(name) if body is None else made(name, **body)
            for name, body in job.writes.items()
        ]
        api.send(*wrote(job.name, *outputs, reads=job.reads))
    found = api.get("impact", node=f"dataset:{DB}:{NAMES[0]}", column=column, depth=50)
    shown = {item["name"]: item["certain"] for item in found["items"]}
    certain = {name for name, sure in shown.items() if sure}
    assert (certain, shown.keys() - certain) == expected(graph, column)
    closed(api, f"dataset:{DB}:{NAMES[0]}", column)


def closed(api: Api, node: str, column: str) -> int:
    """
    Hold that lineage leads out of the impact only past what is known to use other columns, and that
    nothing is in it that lineage does not reach. Return how many nodes are in it.
    """
    found = api.get("impact", node=node, column=column, depth=50, limit=1000)
    lineage = api.get("lineage", node=node, direction="down", depth=100)
    if found["truncated"]:
        return 0
    sure = {item["node"]: item["certain"] for item in found["items"]}
    reached = {each["node"] for each in lineage["nodes"]}
    assert sure.keys() <= reached, sure.keys() - reached
    known = says_of_columns(api)
    for edge in lineage["edges"]:
        source, target = edge["source"], edge["target"]
        inside = source == node or source in sure
        if edge["kind"] != "data" or not inside or target in sure or target == node:
            continue
        is_job = source.startswith("job:")
        assert is_job or sure.get(source, True), (source, target)  # all may that read what may
        job = source if is_job else target
        assert job in known, (source, target)
    return len(sure)


def says_of_columns(api: Api) -> set[str]:
    """The jobs (datasets, where no job made them) that say what columns they make of which."""
    with reading(api.db) as tx:
        rows = tx.execute(
            sa.select(t.column_lineage.c.job_id).where(t.column_lineage.c.digest != b"").distinct()
        )
        makers = set(rows.scalars())
        return {
            f"{kind}:{row.namespace}:{row.name}"
            for kind, table in (("job", t.job), ("dataset", t.dataset))
            for row in tx.execute(sa.select(table))
            if row.id in makers
        }


@corpus.needs_corpus
def test_lineage_of_real_events_leads_out_of_an_impact_only_past_what_is_known(
    db: sa.Engine,
) -> None:
    api = Api(db)
    api.send(*(body for _, body in corpus.every_event()))
    affected = 0
    known = [item for item in api.pages("datasets", limit=500) if item["columns"]]
    for item in known[::FEW]:
        schemas = api.get("schemas", node=item["node"])["items"]
        fields: list[Any] = schemas[0]["columns"] if schemas else []
        for each in fields[:1]:
            affected += closed(api, item["node"], each["name"])
    assert affected > 50, json.dumps(affected)
