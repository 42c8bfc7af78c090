"""What will be late is an incident before it is: by its ETA alone, and by what may take only so long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from fairlead_bridge import ids
from fairlead_bridge.db.engine import writing
from fairlead_bridge.insight import breaches
from fairlead_bridge.insight.eta import Eta
from fairlead_bridge.insight.root_cause import Explanation
from fairlead_bridge.insight.statements import Statement
from fairlead_bridge.monitoring.stated import store
from fairlead_bridge.monitoring.stated.entry import Stated
from tests.bridge.asking import Api
from tests.bridge.monitored import Bridge, micros, ran
from tests.bridge.nightly import DAY, NIGHTLY, PLACE, Dag, Task, nights

NIGHTS = 14
FIVE = DAY + timedelta(days=NIGHTS, hours=5)
REPORT, LOAD = PLACE + "report.orders", "job:prod:nightly.load"
#: Neither takes longer than ever, but together they leave too little time.
SLOWER = {
    "load": Task(minutes=14, writes="raw.orders"),
    "transform": Task(("load",), 30, "mart.orders"),
}

BY_QUARTER_TO = Statement(by="05:45", zone="UTC")


def at(minutes: float) -> datetime:
    """So many minutes after five of the last night."""
    return FIVE + timedelta(minutes=minutes)


def until(minutes: float, **changed: Task) -> Sequence[bytes]:
    return NIGHTLY.events(FIVE, only_before=at(minutes), **changed)


@pytest.fixture
def bridge(db: sa.Engine) -> Bridge:
    """Two weeks of nights on which all went well."""
    bridge = Bridge(db)
    bridge.take(nights(NIGHTLY, NIGHTS), at(-60))
    assert bridge.incidents() == []
    return bridge


def state(bridge: Bridge, node: str, statement: Statement) -> None:
    with writing(bridge.db) as tx:
        store.put(tx, Stated("person", node, statement, "ann", micros(DAY)), ids.dataset_id, micros(DAY))  # fmt: skip


def test_what_cannot_be_there_in_time_is_an_incident_before_it_is_late(bridge: Bridge) -> None:
    state(bridge, REPORT, BY_QUARTER_TO)
    bridge.take(until(43, **SLOWER), at(43))
    incident = bridge.only()
    assert (incident.state, incident.severity) == ("open", "warning")
    assert {each.node: each.standing for each in incident.affected} == {REPORT: "at_risk"}
    assert (incident.kind, incident.node) == ("slow_run", "job:prod:nightly.transform")
    assert "report.orders is expected by 05:45 and will probably be there at" in incident.text
    assert "nightly.transform has run for 29 minutes, usually 20 minutes" in incident.text
    assert incident.at == micros(at(14))


def test_it_is_the_same_incident_when_it_turns_late_and_resolves_when_it_is_there(
    bridge: Bridge,
) -> None:
    state(bridge, REPORT, BY_QUARTER_TO)
    bridge.take(until(43, **SLOWER), at(43))
    bridge.evaluate(at(46))
    incident = bridge.only()
    assert incident.severity == "critical"
    assert {each.standing for each in incident.affected if each.node == REPORT} == {"late"}
    bridge.take(until(60, **SLOWER)[len(until(43, **SLOWER)) :], at(60))
    assert (bridge.only().id, bridge.only().state) == (incident.id, "resolved")


def test_it_resolves_where_it_comes_in_time_after_all(bridge: Bridge) -> None:
    state(bridge, REPORT, Statement(by="05:34", zone="UTC"))
    bridge.take(until(20), at(20))
    assert bridge.only().severity == "warning"
    quick = {"transform": Task(("load",), 15, "mart.orders")}
    bridge.take(until(40, **quick)[len(until(20, **quick)) :], at(32))
    assert bridge.only().state == "resolved"


def test_a_night_like_all_others_is_no_incident_at_any_minute(bridge: Bridge) -> None:
    for minute in range(41):
        bridge.take(until(minute)[len(until(minute - 1)) :], at(minute))
        assert bridge.incidents() == []


@pytest.mark.parametrize(("quantile", "standing"), [(0.2, "ok"), (0.5, "ok"), (0.9, "at_risk")])
def test_the_quantile_that_counts_is_a_setting(quantile: float, standing: str) -> None:
    ends = tuple(at(minute / 10).timestamp() * 1e6 for minute in range(200))
    eta = Eta(micros(at(10)), micros(at(2)), micros(at(18)), "load runs", 7, micros(FIVE), True, ends=ends)  # fmt: skip
    found = breaches.foreseen(
        Explanation("ok"), breaches.Node(1, "t"), micros(at(15)), eta, micros(FIVE), quantile
    )
    assert found.standing == standing


@pytest.mark.parametrize(
    ("is_stated", "has_begun", "standing"),
    [(False, False, "ok"), (False, True, "at_risk"), (True, False, "at_risk")],
)
def test_what_is_only_usual_is_broken_by_what_goes_on_only(
    is_stated: bool, has_begun: bool, standing: str
) -> None:
    eta = Eta(micros(at(10)), micros(at(2)), micros(at(18)), "load starts", has_begun=has_begun)
    found = breaches.foreseen(
        Explanation("ok"), breaches.Node(1, "t"), micros(at(5)), eta, micros(FIVE), 0.5, is_stated=is_stated
    )  # fmt: skip
    assert found.standing == standing


def test_the_outlook_names_the_same_cause(db: sa.Engine, bridge: Bridge) -> None:
    state(bridge, REPORT, BY_QUARTER_TO)
    bridge.take(until(43, **SLOWER), at(43))
    api = Api(db, now=at(43))
    for answer in (api.get("outlook", node=REPORT), api.get("at-risk")["items"][0]):
        assert answer["root_cause"]["node"] == "job:prod:nightly.transform"
        assert answer["root_cause"]["text"] == bridge.only().text


def test_what_turns_late_or_will_since_it_was_evaluated_is_in_trouble(
    db: sa.Engine, bridge: Bridge
) -> None:
    state(bridge, REPORT, BY_QUARTER_TO)
    bridge.take(until(20, **SLOWER), at(20))
    assert bridge.incidents() == []
    for minute, standing in ((43, "at_risk"), (46, "late")):
        (trouble,) = Api(db, now=at(minute)).get("at-risk")["items"]
        assert trouble["standing"] == standing


# --- runs that may take only so long --------------------------------------------------------------


def test_a_task_that_takes_longer_than_was_stated_puts_what_waits_for_it_at_risk(
    bridge: Bridge,
) -> None:
    state(bridge, LOAD, Statement(within="8m"))
    bridge.take(until(7), at(7))
    assert bridge.incidents() == []
    bridge.evaluate(at(8.1))  # though nothing came
    incident = bridge.only()
    assert (incident.kind, incident.node) == ("slow_run", LOAD)
    assert incident.text == "load is running longer than it may, at most 8 minutes"
    assert REPORT in {each.node for each in incident.affected}
    bridge.take(until(36)[len(until(7)) :], at(36))
    assert bridge.only().state == "resolved"


def test_a_dag_that_takes_longer_than_was_stated_is_late(bridge: Bridge) -> None:
    state(bridge, "job:prod:nightly", Statement(within="20m"))
    bridge.take(until(19), at(19))
    assert bridge.incidents() == []
    bridge.evaluate(at(21))
    incident = bridge.only()
    assert (incident.kind, incident.node, incident.severity) == ("slow_run", "job:prod:nightly", "critical")  # fmt: skip
    assert incident.text == "nightly is running longer than it may: it takes at most 20 minutes"
    assert {each.node: each.standing for each in incident.affected} == {"job:prod:nightly": "late"}
    bridge.take(until(36)[len(until(19)) :], at(36))
    assert bridge.only().state == "resolved"


def test_a_task_that_runs_for_too_long_is_an_incident_though_nothing_is_expected_of_its_data(
    db: sa.Engine,
) -> None:
    bridge = Bridge(db)
    dag = Dag("odd", {"load": Task(minutes=10, writes="raw.odd")})
    hours = (0, 31, 44, 103, 119, 201, 220, 290, 344, 391, 460)  # at no regular times
    for hour in hours:
        bridge.take(dag.events(DAY + timedelta(hours=hour), kind="manual"), DAY + timedelta(hours=hour + 1))  # fmt: skip
    start = DAY + timedelta(hours=500)
    begun = dag.events(start, only_before=start + timedelta(minutes=1), kind="manual")
    bridge.take(begun, start)
    bridge.evaluate(start + timedelta(minutes=9))
    assert bridge.incidents() == []
    alive = start + timedelta(minutes=38)
    bridge.take(ran("other", alive), alive + timedelta(minutes=2))
    assert (bridge.only().kind, bridge.only().node) == ("slow_run", "job:prod:odd.load")
