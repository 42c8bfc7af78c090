"""
Ten thousand runs on their way to four catalogs that throttle, fail, hang up and restart at random,
with people at work in them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from fairlead_bridge import inbox, outbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db.engine import open_database, reading, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.db.tables import delivery
from fairlead_bridge.delivery.deliver import deliver_due
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from fairlead_bridge.sinks import interests
from tests.support.sinks import events
from tests.support.sinks.curated import curate, lost
from tests.support.sinks.server import Cut, Request, Trouble
from tests.support.sinks.together import CONNECTION, Together, together, weather

pytestmark = pytest.mark.system

DAGS, TASKS, RUNS = 10, 10, 92
NOW, MINUTE = 1_795_000_000_000_000, 60_000_000
FINAL = {"SUCCESS", "FAILURE", "SKIPPED"}


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'fairlead.db'}")
    migrate(engine)
    yield engine
    engine.dispose()


def storm(seed: int) -> Callable[[Request], Trouble]:
    """One request in ten fails in some way; now and then the catalog is away for a while."""
    chance, bad = random.Random(seed), weather(seed, 0.1)
    away = 0

    def trouble(request: Request) -> Trouble:
        nonlocal away
        if away == 0 and chance.random() < 0.003:
            away = chance.randrange(1, 10)
        if away:
            away -= 1
            return Cut(after=False)
        return bad(request)

    return trouble


def counts(db: sa.Engine, sinks: Together, now: int) -> dict[str, outbox.Count]:
    with reading(db) as tx:
        return outbox.counts(tx, list(sinks.targets), now)


def refused(db: sa.Engine) -> list[tuple[str, str]]:
    """What some sink was given up for, and why."""
    d = delivery.c
    with reading(db) as tx:
        found = tx.execute(sa.select(d.sink, d.reason).where(d.state == "rejected"))
        return [(row.sink, row.reason) for row in found]


def test_ten_thousand_runs_reach_every_catalog_once_and_in_order(db: sa.Engine) -> None:
    bodies = list(events.dag_runs(RUNS, DAGS, TASKS))
    translate, now = Translator(Normaliser()), NOW
    with together(DAGS, TASKS) as sinks:
        wanted = interests(list(sinks.targets.values()))

        def receive(some: list[bytes]) -> None:
            with writing(db) as tx:
                inbox.put(tx, some, "test", now)
            while absorb_waiting(db, translate, wanted, now):
                pass

        first = len(list(events.dag_runs(1, DAGS, TASKS)))
        receive(bodies[:first])
        for target in sinks.targets.values():
            while deliver_due(db, target, now):
                pass
        curated = curate(sinks)
        for seed, fake in enumerate(sinks.fakes().values()):
            fake.trouble = storm(seed)
        for start in range(first, len(bodies), 700):
            receive(bodies[start : start + 700])
            for target in sinks.targets.values():
                deliver_due(db, target, now)
            now += MINUTE
        for _ in range(3_000):
            for target in sinks.targets.values():
                deliver_due(db, target, now)
            now += 11 * MINUTE
            if not any(count.waiting for count in counts(db, sinks, now).values()):
                break
        assert refused(db) == []
        assert {name: one.waiting for name, one in counts(db, sinks, now).items()} == dict.fromkeys(
            sinks.targets, 0
        )
        _datahub_shows_every_run_once(sinks)
        _openmetadata_shows_every_run_once(sinks)
        _atlan_shows_the_last_run(sinks)
        _marquez_received_every_event_in_order(sinks)
        assert lost(sinks, curated) == []
        assert all(fake.clashes == [] for fake in sinks.fakes().values())


def _datahub_shows_every_run_once(sinks: Together) -> None:
    instances = [urn for urn in sinks.datahub.aspects if "dataProcessInstance:" in urn]
    assert len(instances) == RUNS * DAGS * (1 + TASKS) > 10_000
    for urn in instances:
        delivered = sinks.datahub.results(urn)
        assert delivered[-1] in FINAL
        assert delivered.count("STARTED") == len(delivered) - delivered.count(
            "STARTED"
        ) or delivered == ["SKIPPED"]


def _openmetadata_shows_every_run_once(sinks: Together) -> None:
    statuses = sinks.openmetadata.statuses
    assert {len(rows) for rows in statuses.values()} == {RUNS}
    assert len(statuses) == DAGS
    final = {row["executionStatus"] for rows in statuses.values() for row in rows.values()}
    assert final == {"Successful"}
    assert len(sinks.openmetadata.edges) == DAGS * TASKS


def _atlan_shows_the_last_run(sinks: Together) -> None:
    for dag in range(DAGS):
        asset = sinks.atlan.assets[f"{CONNECTION}/dag_{dag:03}"]["attributes"]
        newest = max(sinks.openmetadata.statuses[f"airflow.dag_{dag:03}"])
        assert asset["airflowRunStartTime"] == newest
        assert asset["airflowRunOpenLineageState"] == "COMPLETE"
    assert len(sinks.atlan.shown("AirflowTask")) == DAGS * TASKS
    assert len(sinks.atlan.shown("Process")) == DAGS * TASKS


def _marquez_received_every_event_in_order(sinks: Together) -> None:
    """What was cut off after it had arrived came twice, but never out of order."""
    for kinds in sinks.marquez.by_run().values():
        once = [kind for kind, before in zip(kinds, [None, *kinds], strict=False) if kind != before]
        assert once in (["START", "COMPLETE"], ["START", "FAIL"])
