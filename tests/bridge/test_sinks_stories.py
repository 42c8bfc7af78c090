"""
What the sinks receive of the stories, to the letter: `datahub.json`, `openmetadata.json` and
`atlan.json` beside a story's events, entry by entry.

`pytest tests/bridge/test_sinks_stories.py --update-stories` writes them; read what it wrote.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import open_database, reading, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.entries import AnyEntry, DatasetEntry, EventEntry, RunEntry
from fairlead_bridge.model import Kind, Name
from fairlead_bridge.monitoring import queue
from fairlead_bridge.monitoring.evaluate import Rules, evaluate
from fairlead_bridge.queries import entry
from fairlead_bridge.sinks import Target, settings
from tests.bridge import absorbing

FOLDER = Path(__file__).parents[1] / "stories"
STORIES = (
    "airflow-success",
    "airflow-retry",
    "airflow-failure",
    "airflow-skip",
    "airflow-mapped",
    "airflow-hook-queries",
    "airflow-task-group",
    "late-and-doubled",
    "spark-in-airflow",
    "dbt-build",
)
NAMING = [
    {
        "namespace": "postgres://*",
        "service": "pg_prod",
        "connection": "default/postgres/1",
    },
    {
        "namespace": "snowflake://*",
        "platform": "snowflake",
        "service": "snowflake_prod",
        "connection": "default/snowflake/2",
        "case": "upper",
    },
]


def targets() -> list[Target]:
    asked = {
        "datahub": {"type": "datahub"},
        "openmetadata": {"type": "openmetadata"},
        "atlan": {"type": "atlan", "connection": "default/airflow/3", "token_env": "T"},
    }
    full = {name: {**own, "url": "https://catalog.example.com"} for name, own in asked.items()}
    return settings.targets({"sinks": full, "naming": NAMING}, {"T": "x"})


def delivered(folder: Path, bodies: list[bytes]) -> dict[str, Any]:
    """What every sink receives once these events are absorbed, entry by entry."""
    db = open_database(f"sqlite:///{folder / f'{random.random()}.db'}")
    migrate(db)
    absorbing.absorb(db, absorbing.understand(bodies))
    tables: dict[Kind, sa.Table] = {"dataset": t.dataset, "job": t.job, "run": t.run}
    with reading(db) as tx:
        names = [
            Name(kind, key)
            for kind, table in tables.items()
            for key in tx.scalars(sa.select(table.c.id))
        ]
        entries = sorted(entry.read(tx, names).values(), key=_title)
    db.dispose()
    return {
        target.name: [
            {"entry": _title(item), "payload": json.loads(msgspec.json.encode(payload))}
            for item in entries
            if (payload := target.sink.render(item)) is not None
        ]
        for target in targets()
    }


def _title(item: AnyEntry) -> str:
    match item:
        case DatasetEntry(dataset=dataset):
            return f"dataset {dataset.namespace} {dataset.name}"
        case EventEntry(name=name):
            return f"event {name.id}"
        case RunEntry(job=job, map_index=mapped):
            place = "" if mapped in (None, -1) else f"[{mapped}]"
            tried = "" if item.try_number is None else f" try {item.try_number}"
            return f"run {job.name}{place} {item.dag_run_id or item.run_id}{tried}"
    return f"job {item.job.namespace} {item.job.name}"


def holds(file: Path, payloads: Any, request: pytest.FixtureRequest) -> None:
    """The file has these payloads, or gets them with `--update-stories`."""
    if request.config.getoption("--update-stories"):
        file.write_text(json.dumps(payloads, indent=1, ensure_ascii=False) + "\n")
    assert payloads == json.loads(file.read_text()), file.name


@pytest.mark.parametrize("story", STORIES)
def test_every_sink_receives_the_story_to_the_letter(
    story: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    bodies = (FOLDER / story / "events.jsonl").read_bytes().splitlines()
    for sink, payloads in delivered(tmp_path, bodies).items():
        holds(FOLDER / story / f"{sink}.json", payloads, request)


@pytest.mark.parametrize("story", STORIES)
def test_late_and_double_events_give_the_same(story: str, tmp_path: Path) -> None:
    bodies = (FOLDER / story / "events.jsonl").read_bytes().splitlines()
    mixed = bodies * 2
    random.Random(1).shuffle(mixed)
    assert delivered(tmp_path, mixed) == delivered(tmp_path, bodies)


#: Stories in which something fails.
FAILING = ("airflow-failure", "dbt-build")


def incidents(folder: Path, bodies: list[bytes]) -> dict[str, Any]:
    """What every sink receives of the incidents of these events, and of what they affect."""
    db = open_database(f"sqlite:///{folder / f'{random.random()}.db'}")
    migrate(db)
    absorbing.absorb(db, absorbing.understand(bodies))
    with writing(db) as tx:
        changed = {Name("job", key) for key in tx.scalars(sa.select(t.job.c.id))}
        changed |= {Name("dataset", key) for key in tx.scalars(sa.select(t.dataset.c.id))}
        now = max(tx.scalars(sa.select(t.run.c.last_at))) + 60_000_000
        queue.changed(tx, changed, now)
    while evaluate(db, {}, Rules(), now):
        pass
    with reading(db) as tx:
        names = [Name("incident", key) for key in tx.scalars(sa.select(t.incident.c.id))]
        entries = [item for _, item in sorted(entry.read(tx, names, now).items())]
    db.dispose()
    return {
        target.name: [json.loads(msgspec.json.encode(target.sink.render(it))) for it in entries]
        for target in targets()
        if "incident" in target.kinds
    }


@pytest.mark.parametrize("story", FAILING)
def test_sinks_receive_the_incidents_of_the_story_to_the_letter(
    story: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    bodies = (FOLDER / story / "events.jsonl").read_bytes().splitlines()
    for sink, payloads in incidents(tmp_path, bodies).items():
        holds(FOLDER / story / f"{sink}-incidents.json", payloads, request)
