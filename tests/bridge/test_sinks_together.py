"""Airflow's events on their whole way: in at the inbox, out at every sink, in all kinds of weather."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge import inbox, outbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.delivery.deliver import deliver_due
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from fairlead_bridge.sinks import interests
from tests.support.sinks import events
from tests.support.sinks.curated import curate, lost
from tests.support.sinks.together import CONNECTION, Together, together, weather

NOW, HOUR = 1_795_000_000_000_000, 3_600_000_000
RUNS, DAGS, TASKS = 8, 3, 4


@pytest.fixture
def all_sinks() -> Iterator[Together]:
    with together(DAGS, TASKS) as found:
        yield found


def receive(db: sa.Engine, sinks: Together, bodies: list[bytes], now: int) -> None:
    with writing(db) as tx:
        inbox.put(tx, bodies, "test", now)
    wanted = interests(list(sinks.targets.values()))
    while absorb_waiting(db, Translator(Normaliser()), wanted, now):
        pass


def counts(db: sa.Engine, sinks: Together, now: int) -> dict[str, outbox.Count]:
    with reading(db) as tx:
        return outbox.counts(tx, list(sinks.targets), now)


def drain(db: sa.Engine, sinks: Together, now: int) -> int:
    for _ in range(400):
        for target in sinks.targets.values():
            deliver_due(db, target, now)
        now += HOUR
        if not any(count.waiting for count in counts(db, sinks, now).values()):
            return now
    raise AssertionError(counts(db, sinks, now))


def resend(db: sa.Engine, sinks: Together) -> None:
    """Let other catalogs of the same names hear everything."""
    with writing(db) as tx:
        for name, target in sinks.targets.items():
            outbox.drop_sink(tx, name)
            outbox.redeliver_all(tx, name, target.kinds, NOW)


def in_bits(bodies: list[bytes], size: int) -> Iterator[list[bytes]]:
    for start in range(0, len(bodies), size):
        yield bodies[start : start + size]


def picture(sinks: Together) -> dict[str, Any]:
    """What the catalogs show in the end."""
    return {
        "marquez": {run: kinds[-1] for run, kinds in sinks.marquez.by_run().items()},
        "datahub": {
            urn: (target, sinks.datahub.results(urn))
            for urn, target in sinks.datahub.aspects.items()
        },
        "operations": sinks.datahub.series.keys(),
        "statuses": sinks.openmetadata.statuses,
        "edges": sinks.openmetadata.edges,
        "observed": sinks.openmetadata.observed,
        "atlan": sinks.atlan.assets,
    }


def test_every_catalog_shows_every_run(db: sa.Engine, all_sinks: Together) -> None:
    receive(db, all_sinks, list(events.dag_runs(RUNS, DAGS, TASKS)), NOW)
    drain(db, all_sinks, NOW)
    after = counts(db, all_sinks, NOW)
    assert {name: count.rejected for name, count in after.items()} == dict.fromkeys(after, 0)
    statuses = all_sinks.openmetadata.statuses
    assert {len(rows) for rows in statuses.values()} == {RUNS}
    first = statuses["airflow.dag_000"]
    odd = [row for row in first.values() if row["taskStatus"][-1]["executionStatus"] == "Skipped"]
    assert len(odd) == 1
    assert {row["executionStatus"] for row in first.values()} == {"Successful"}
    assert len(all_sinks.openmetadata.edges) == DAGS * TASKS
    instances = [urn for urn in all_sinks.datahub.aspects if "dataProcessInstance:" in urn]
    assert len(instances) == RUNS * DAGS * (1 + TASKS)
    results = {tuple(all_sinks.datahub.results(urn)) for urn in instances}
    assert ("STARTED", "SUCCESS") in results
    assert ("STARTED", "FAILURE", "STARTED", "SUCCESS") in results
    tasks = [
        asset for asset in all_sinks.atlan.assets.values() if asset["typeName"] == "AirflowTask"
    ]
    assert len(tasks) == DAGS * TASKS
    newest = max(asset["attributes"]["airflowRunStartTime"] for asset in tasks)
    assert (
        all_sinks.atlan.assets[f"{CONNECTION}/dag_002"]["attributes"]["airflowRunEndTime"] > newest
    )


def test_bad_weather_changes_nothing_of_what_is_shown(db: sa.Engine, all_sinks: Together) -> None:
    """Catalogs that restart, throttle, fail and hang up show what calm ones show."""
    bodies = list(events.dag_runs(RUNS, DAGS, TASKS))
    receive(db, all_sinks, bodies, NOW)
    drain(db, all_sinks, NOW)
    calm = picture(all_sinks)
    with together(DAGS, TASKS) as stormy:
        resend(db, stormy)
        for seed, fake in enumerate(stormy.fakes().values()):
            fake.trouble = weather(seed, 0.15)
        drain(db, stormy, NOW + HOUR)
        after = counts(db, stormy, NOW)
        assert {name: count.rejected for name, count in after.items()} == dict.fromkeys(after, 0)
        shown = picture(stormy)
    for name, what in calm.items():
        assert shown[name] == what, name


def test_what_people_write_stays_through_bad_weather(db: sa.Engine, all_sinks: Together) -> None:
    bodies = list(events.dag_runs(RUNS, DAGS, TASKS))
    start = len(list(events.dag_runs(1, DAGS, TASKS)))
    receive(db, all_sinks, bodies[:start], NOW)
    now = drain(db, all_sinks, NOW)
    curated = curate(all_sinks)
    for seed, fake in enumerate(all_sinks.fakes().values()):
        fake.trouble = weather(seed, 0.15)
    for part in in_bits(bodies[start:], 150):
        receive(db, all_sinks, part, now)
        now = drain(db, all_sinks, now)
    resend(db, all_sinks)
    drain(db, all_sinks, now)
    assert lost(all_sinks, curated) == []


def test_delivered_bit_by_bit_or_at_once_the_catalogs_show_the_same(
    db: sa.Engine, all_sinks: Together
) -> None:
    bodies = list(events.dag_runs(RUNS, DAGS, TASKS))
    now = NOW
    for part in in_bits(bodies, 20):
        now += HOUR
        receive(db, all_sinks, part, now)
        for target in all_sinks.targets.values():
            deliver_due(db, target, now)
    now = drain(db, all_sinks, now)
    bit_by_bit = picture(all_sinks)
    with together(DAGS, TASKS) as fresh:
        resend(db, fresh)
        drain(db, fresh, now)
        at_once = picture(fresh)
    for name in ("marquez", "statuses", "edges", "observed", "atlan"):
        assert at_once[name] == bit_by_bit[name], name
    assert at_once["datahub"].keys() == bit_by_bit["datahub"].keys()


def test_absorbing_the_log_again_sends_nothing(db: sa.Engine, all_sinks: Together) -> None:
    receive(db, all_sinks, list(events.dag_runs(2, DAGS, TASKS)), NOW)
    now = drain(db, all_sinks, NOW)
    for fake in all_sinks.fakes().values():
        fake.seen.clear()
    with writing(db) as tx:
        inbox.replay(tx)
    receive(db, all_sinks, [], now)
    drain(db, all_sinks, now)
    assert {name: len(fake.seen) for name, fake in all_sinks.fakes().items()} == dict.fromkeys(
        all_sinks.targets, 0
    )
