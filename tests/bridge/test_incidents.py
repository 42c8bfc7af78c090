"""One incident for each root cause, with all that it affects, from the first evidence to the end."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from fairlead_bridge import inbox
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.queries import incidents
from fairlead_bridge.queries.snapshot import Snapshot
from tests.bridge.monitored import DAY, Bridge, after_a_good_fortnight, micros, morning, ran
from tests.bridge.pipeline import BEGIN, dag_run
from tests.support.small import airflow_dag, run_event, uuid

TABLE = "dataset:postgres://h:5432:shop."


def at(day: int, hour: float) -> datetime:
    return DAY + timedelta(days=day, hours=hour)


@pytest.fixture
def bridge(db: sa.Engine) -> Bridge:
    return after_a_good_fortnight(db)


def test_a_failure_is_one_incident_with_all_that_is_downstream(bridge: Bridge) -> None:
    bridge.take(morning(14, fails="load"), at(14, 5.05))
    incident = bridge.only()
    assert (incident.state, incident.severity) == ("open", "critical")
    assert (incident.kind, incident.node) == ("failed_run", "job:prod:load")
    assert incident.text == "load failed: load broke"
    assert incident.at == micros(at(14, 5) + timedelta(minutes=1))
    assert incident.opened_at == incident.at
    assert incident.detected_at == micros(at(14, 5.05))
    assert incident.resolved_at is None
    assert {each.node: each.standing for each in incident.affected} == {
        TABLE + "raw": "failed",
        TABLE + "orders": "at_risk",
        TABLE + "totals": "at_risk",
        "job:prod:load": "failed",
        "job:prod:clean": "at_risk",
        "job:prod:sum": "at_risk",
    }
    assert bridge.owed() == [(incident.id, 1)]


def test_it_resolves_by_itself_when_all_is_fresh_again(bridge: Bridge) -> None:
    bridge.take(morning(14, fails="load"), at(14, 5.05))
    later = [event for job in ("load", "clean", "sum") for event in morning(14, jobs=[job])]
    again = [event.replace(b"T05:", b"T09:") for event in later]
    bridge.take(again, at(14, 9.5))
    incident = bridge.only()
    assert (incident.state, incident.resolved_by) == ("resolved", None)
    assert incident.resolved_at == micros(at(14, 9.5))
    assert len(incident.affected) == 6
    assert bridge.timeline(incident.id) == ["opened", "joined", "resolved"]
    assert bridge.owed() == [(incident.id, 2)]


def test_what_becomes_late_opens_an_incident_when_its_expectation_passes_though_nothing_comes(
    bridge: Bridge,
) -> None:
    bridge.take(ran("another", at(14, 4), writes="alive"), at(14, 4.1))
    assert bridge.incidents() == []
    bridge.evaluate(at(14, 9))
    found = bridge.incidents()
    assert [incident.node for incident in found] == ["job:prod:load"]
    (incident,) = found
    assert (incident.kind, incident.severity) == ("not_started", "critical")
    late = {each.node: each for each in incident.affected if each.standing == "late"}
    assert late.keys() == {TABLE + name for name in ("raw", "orders", "totals")}
    assert incident.opened_at == min(each.expected_by or 0 for each in late.values())


def test_what_joins_an_incident_is_no_second_one_and_no_second_message(bridge: Bridge) -> None:
    bridge.take(morning(14, fails="load"), at(14, 5.05))
    before = bridge.owed()
    bridge.evaluate(at(14, 12))  # by then everything downstream is late
    incident = bridge.only()
    standings = {each.standing for each in incident.affected if each.node.startswith("dataset")}
    assert standings == {"failed", "late"}
    assert bridge.owed() == before


def test_the_incident_moves_when_the_cause_is_found_to_be_another(bridge: Bridge) -> None:
    bridge.take(ran("another", at(14, 8.5), writes="alive"), at(14, 9))
    first = bridge.only()
    assert first.kind == "not_started"
    bridge.take(ran("load", at(14, 9.1), "FAIL", writes="raw"), at(14, 9.2))
    moved = bridge.only()
    assert (moved.id, moved.kind, moved.state) == (first.id, "failed_run", "open")
    assert moved.changed_at == micros(at(14, 9.2))
    assert (moved.opened_at, moved.detected_at) == (first.opened_at, first.detected_at)
    assert bridge.owed() == [(first.id, 2)]


def test_it_moves_on_when_the_first_failure_is_over_and_the_next_job_fails(
    bridge: Bridge,
) -> None:
    bridge.take(morning(14, fails="load"), at(14, 5.05))
    first = bridge.only()
    bridge.take(ran("load", at(14, 6), writes="raw"), at(14, 6.05))
    assert (bridge.only().kind, bridge.only().node) == ("not_started", "job:prod:clean")
    bridge.take(ran("clean", at(14, 6.1), "FAIL", "raw", "orders"), at(14, 6.2))
    incident = bridge.only()
    assert (incident.id, incident.node) == (first.id, "job:prod:clean")
    assert (incident.kind, incident.detected_at) == ("failed_run", first.detected_at)
    nodes = {each.node for each in incident.affected if each.node.startswith("dataset")}
    assert nodes == {TABLE + "orders", TABLE + "totals"}
    assert bridge.timeline(first.id).count("cause") == 2


def test_a_failure_within_the_hour_reopens_the_incident(bridge: Bridge) -> None:
    bridge.take(morning(14, fails="sum"), at(14, 5.5))
    first = bridge.only()
    for minute in (10, 20, 30):
        then = at(14, 6) + timedelta(minutes=minute)
        bridge.take(ran("sum", then, "COMPLETE", "orders", "totals"), then + timedelta(minutes=2))
        assert bridge.only().state == "resolved"
        then += timedelta(minutes=5)
        bridge.take(ran("sum", then, "FAIL", "orders", "totals"), then + timedelta(minutes=2))
    incident = bridge.only()
    assert (incident.id, incident.state, incident.reopened) == (first.id, "open", 3)
    assert incident.detected_at == first.detected_at


def test_a_failure_hours_later_is_another_incident(bridge: Bridge) -> None:
    bridge.take(morning(14, fails="sum"), at(14, 5.5))
    bridge.take(ran("sum", at(14, 6), "COMPLETE", "orders", "totals"), at(14, 6.1))
    bridge.take(ran("sum", at(14, 9), "FAIL", "orders", "totals"), at(14, 9.1))
    assert [incident.state for incident in bridge.incidents()] == ["open", "resolved"]


def test_two_failures_that_have_nothing_in_common_are_two_incidents(bridge: Bridge) -> None:
    bridge.take(ran("other", at(14, 5), "FAIL", writes="else"), at(14, 5.05))
    bridge.take(morning(14, fails="sum"), at(14, 5.5))
    found = {incident.node: incident for incident in bridge.incidents()}
    assert found.keys() == {"job:prod:other", "job:prod:sum"}
    nodes = {each.node for each in found["job:prod:sum"].affected}
    assert nodes == {TABLE + "totals", "job:prod:sum"}


def test_a_failed_dag_that_writes_nothing_has_an_incident_too(db: sa.Engine) -> None:
    bridge = Bridge(db)
    bridge.take(dag_run(0, fails="publish"), BEGIN + timedelta(minutes=5))
    incident = bridge.only()
    assert incident.text == "publish failed: publish broke"
    assert "job:prod:shop" in {each.node for each in incident.affected}


def test_absorbing_the_same_events_twice_opens_nothing_twice(bridge: Bridge) -> None:
    events = morning(14, fails="load")
    bridge.take(events, at(14, 5.05))
    before = bridge.incidents()
    bridge.take(events, at(14, 5.1))
    bridge.evaluate(at(14, 5.2))
    assert bridge.incidents() == before


def test_of_an_old_database_only_what_stands_now_has_an_incident(db: sa.Engine) -> None:
    bridge = Bridge(db)
    events = [
        event for day in range(-60, 0) for event in morning(day, "clean" if day % 7 else None)
    ]
    bridge.receive(events + ran("gone", at(-50, 3), "FAIL", writes="old"), at(0, 1))
    bridge.evaluate(at(0, 1))
    assert [incident.node for incident in bridge.incidents()] == ["job:prod:clean"]


def test_an_imported_history_opens_only_what_still_stands_when_it_has_all_come(
    db: sa.Engine,
) -> None:
    bridge, now = Bridge(db), at(0, 1)
    for day in range(-20, -2):  # oldest first; evaluated after each day
        bridge.take(morning(day, fails="clean" if day % 2 else None), now)
        bridge.take(ran("gone", at(day, 3), "FAIL", writes="old"), now)
    assert bridge.incidents() == []
    bridge.evaluate(now + timedelta(minutes=11))
    nodes = {incident.node for incident in bridge.incidents()}
    assert "job:prod:gone" in nodes
    assert all(incident.state == "open" for incident in bridge.incidents())


def test_nothing_is_called_late_while_events_wait_to_be_absorbed(bridge: Bridge) -> None:
    with writing(bridge.db) as tx:
        inbox.put(tx, morning(14), "test", micros(at(14, 8)))
    bridge.evaluate(at(14, 9))
    assert bridge.incidents() == []


def test_asked_for_a_past_moment_an_incident_is_as_it_was_known_then(bridge: Bridge) -> None:
    bridge.evaluate(at(14, 9))
    with reading(bridge.db) as tx:
        known = incidents.listed(tx)
    bridge.take(ran("load", at(14, 9.1), "FAIL", writes="raw"), at(14, 9.2))
    bridge.take(ran("load", at(14, 9.4), writes="raw"), at(14, 9.5))
    with reading(bridge.db) as tx:
        then = Snapshot(tx, micros(at(14, 9.05)), 86_400.0, past=True)
        assert incidents.listed(then, "open") == known
        before = Snapshot(tx, micros(at(14, 4)), 86_400.0, past=True)
        assert incidents.listed(before) == []


def test_of_a_source_that_stopped_sending_all_that_is_late_is_one_incident(bridge: Bridge) -> None:
    bridge.take(ran("second", at(13, 5), writes="apart"), at(13, 6.1))
    bridge.evaluate(at(14, 9))
    incident = bridge.only()
    assert incident.kind == "silent_source"
    assert incident.at == micros(at(13, 5) + timedelta(minutes=21))


def test_a_dag_that_does_not_start_when_it_usually_does_has_an_incident_though_it_writes_nothing(
    db: sa.Engine,
) -> None:
    bridge = Bridge(db)
    facets = {"jobType": {"integration": "AIRFLOW", "jobType": "DAG"}}
    for day in range(14):
        for name, hour in (("mails", 0.01), ("others", 0.02)):
            run_id, reported = uuid(100 * day + round(100 * hour)), airflow_dag(f"scheduled__{day}")
            reported["dag"]["dag_id"] = name
            for state, minute in (("START", 0), ("COMPLETE", 3)):
                then = (at(day, hour) + timedelta(minutes=minute)).isoformat()
                run = {"airflowDagRun": reported}
                bridge.receive(
                    [run_event(state, then, run_id, name, run=run, facets=facets)], at(day, 1)
                )
    bridge.evaluate(at(13, 1))
    bridge.evaluate(at(13, 23.9))
    assert bridge.incidents() == []
    bridge.evaluate(at(14, 0.5))
    found = bridge.incidents()
    assert {incident.kind for incident in found} <= {"not_started", "silent_source"}
    affected = {each.node: each.standing for incident in found for each in incident.affected}
    assert affected == {"job:prod:mails": "at_risk", "job:prod:others": "at_risk"}


def test_a_dag_that_does_not_start_when_what_it_reads_was_written_has_an_incident(
    db: sa.Engine,
) -> None:
    bridge = Bridge(db)
    for hour in range(3):
        source = ran("source", BEGIN + timedelta(hours=hour - 0.1), writes="raw")
        bridge.take([*source, *dag_run(hour)], BEGIN + timedelta(hours=hour, minutes=5))
    written = BEGIN + timedelta(hours=2.9)
    bridge.take(ran("source", written, writes="raw"), written + timedelta(minutes=2))
    assert bridge.incidents() == []
    bridge.evaluate(written + timedelta(minutes=12))
    incident = bridge.only()
    assert (incident.kind, incident.node) == ("not_started", "job:prod:shop")
