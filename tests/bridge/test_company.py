"""The simulated company that benches and tests of insight rest on: alike each time, and true."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import reading
from tests.bridge.absorbing import absorb, understand
from tests.support.company import Company, company
from tests.support.company.model import HOUR, MINUTE


@cache
def made(dags: int = 40, weeks: int = 2, faults: int = 12) -> tuple[Company, list[tuple[int, str]]]:
    """A company and what it sent."""
    small = company(3, dags, weeks, faults)
    return small, [(at, json.dumps(event)) for at, event in small.events()]


def test_the_same_seed_gives_the_same_events_in_order_of_time() -> None:
    _, events = made(24, 1, 2)
    again = [(at, json.dumps(event)) for at, event in company(3, 24, 1, 2).events()]
    assert events == again
    assert [at for at, _ in events] == sorted(at for at, _ in events)
    assert company(4, 24, 1, 2).planned[0].armed_at != company(3, 24, 1, 2).planned[0].armed_at


def test_it_has_three_airflows_and_every_kind_of_work() -> None:
    small, events = made()
    assert {dag.airflow.namespace for dag in small.dags} == {"eu-prod", "us-prod", "apac-prod"}
    assert len(company(1, 200, 1).dags) >= 200
    counted = Counter(
        json.loads(body)["job"]["facets"]["jobType"]["jobType"]
        for _, body in events
        if '"jobType"' in body
    )
    assert {"DAG", "TASK", "APPLICATION", "SQL_JOB", "JOB", "MODEL"} <= set(counted)
    types = {json.loads(b)["run"]["facets"]["airflowDagRun"]["dagRun"]["run_type"] for _, b in events if "airflowDagRun" in b}  # fmt: skip
    assert types >= {"scheduled", "asset_triggered", "manual"}


def test_schedules_stay_at_their_local_time_when_the_clocks_change() -> None:
    long = company(1, 8, 6)
    for _ in long.events():
        pass
    zone = ZoneInfo("Europe/Berlin")
    runs = [run for run in long.runs if run.job.endswith("_clean.wait_for_log")]
    hours = {datetime.fromtimestamp(run.started_at / 1e6, zone).hour for run in runs if "scheduled" in run.dag_run}  # fmt: skip
    in_utc = {datetime.fromtimestamp(run.started_at / 1e6, UTC).hour for run in runs if "scheduled" in run.dag_run}  # fmt: skip
    assert len(hours) == 1
    assert len(in_utc) == 2


def test_the_simulation_knows_every_write_and_what_stopped_others_from_being_written() -> None:
    small, _ = made()
    nodes = {table.node for table in small.tables}
    assert {write.node for write in small.writes} <= nodes
    assert len(small.faults) >= 10
    for fault in small.faults:
        assert fault.at is not None
        assert fault.until is not None
        assert set(fault.affected) <= nodes
        if fault.kind == "silent_source":
            continue
        within = [
            write for write in small.writes if fault.at + 40 * MINUTE < write.at < fault.until
        ]
        lost = {write.node for write in within if write.is_regular} & set(fault.affected)
        assert not lost, (fault.kind, fault.variant, lost)
        after = [
            write for write in small.writes if fault.until <= write.at < fault.until + 6 * HOUR
        ]
        assert {write.node for write in after} & set(fault.affected), (fault.kind, fault.variant)


@pytest.mark.parametrize("faults", [6])
def test_every_event_is_understood_and_the_catalog_has_the_true_times(
    db: sa.Engine, faults: int
) -> None:
    small = company(5, 24, 1, faults)
    bodies = [json.dumps(event).encode() for _, event in small.events()]
    changes = understand(bodies)
    assert len(changes) == len(bodies)
    absorb(db, changes, 2000)
    last: dict[str, int] = {}
    for write in small.writes:
        last[write.node] = max(last.get(write.node, 0), write.at)
    with reading(db) as tx:
        rows = tx.execute(sa.select(t.dataset.c["namespace", "name", "written_at"])).all()
    known = {f"dataset:{row.namespace}:{row.name}": row.written_at for row in rows}
    same = [abs(known.get(node, 0) - at) < 5 * MINUTE for node, at in last.items() if node in known]
    assert len(same) > 20
    assert all(same)
