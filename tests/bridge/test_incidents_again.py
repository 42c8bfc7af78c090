"""While a failed job runs again its incident stays open, until what it should have written is there."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.bridge.airflow_days import Days, at, dag, moment, table, uuid
from tests.bridge.asking import Api
from tests.bridge.monitored import Bridge, after_a_good_fortnight, micros, ran
from tests.support.company.messages import DagRun, Try, dag_began, dag_ended, task_began
from tests.support.company.model import Dag, Task

RAW, MART, REPORT = table("raw.a"), table("mart.a"), table("report.a")
NIGHTLY = dag(
    "nightly",
    Task("load", "python", 60, [], [RAW]),
    Task("sum", "python", 60, [RAW], [MART], ["load"]),
    hour=5,
)
EARLIER = dag("earlier", Task("report", "python", 60, [MART], [REPORT]), hour=4)
DAY = 8


@pytest.fixture
def mornings(db: sa.Engine) -> Bridge:
    return after_a_good_fortnight(db)


class Cleared:
    """A DAG run in which `load` failed at five; it is cleared at six, step by step."""

    def __init__(self, db: sa.Engine, *others: Dag, at_once: int = 100) -> None:
        self.bridge, self.days, self.at_once = Bridge(db), Days(), at_once
        for day in range(DAY):
            for number, each in enumerate((NIGHTLY, *others)):
                self.days.run(each, at(day, 5 - number))
        self.bridge.take(self.days.bodies, moment(DAY - 1, 6))
        for each in others:
            self.days.run(each, at(DAY, 4))
        self.run: DagRun = self.days.run(NIGHTLY, at(DAY, 5), fails="load")
        self._come(5.2)
        self.first = self.bridge.only()

    def _come(self, hour: float) -> None:
        self.bridge.receive(self.days.bodies, moment(DAY, hour))
        self.bridge.evaluate(moment(DAY, hour), self.at_once)

    def clears(self, hour: float) -> None:
        self.run.clear_number, self.run.uuid, self.run.started_at = 1, uuid(), at(DAY, hour)
        self.days.events.append(dag_began(self.run, at(DAY, hour)))
        self._come(hour)

    def begins(self, task: str, hour: float, number: int = 1) -> Try:
        each = Try(self.run, NIGHTLY.tasks[task], uuid(), number, -1, at(DAY, hour), at(DAY, hour))
        self.days.events.append(task_began(each))
        self._come(hour)
        return each

    def ends(self, each: Try, hour: float, error: str | None = None) -> None:
        self.days._end(each, at(DAY, hour), error)
        self._come(hour)

    def is_done(self, hour: float, state: str) -> None:
        self.days.events.append(dag_ended(self.run, at(DAY, hour), state, {}, {}))
        self._come(hour)

    def stands(self) -> None:
        """It is the one incident that there was, open, with the cause that it had."""
        found = self.bridge.only()
        assert (found.id, found.state, found.kind) == (self.first.id, "open", "failed_run")
        assert found.node == "job:prod:nightly.load"
        assert found.text == "load failed: out of disk"


@pytest.fixture
def cleared(db: sa.Engine) -> Cleared:
    return Cleared(db)


def test_it_stays_open_from_the_clear_until_all_was_written(cleared: Cleared) -> None:
    cleared.clears(6)
    cleared.stands()
    load = cleared.begins("load", 6.01, 2)
    cleared.stands()
    cleared.ends(load, 6.1)
    cleared.stands()  # sum, which was blocked, has not run yet
    cleared.bridge.evaluate(moment(DAY, 6.14))
    cleared.stands()
    last = cleared.begins("sum", 6.15)
    cleared.stands()
    cleared.ends(last, 6.2)
    cleared.is_done(6.21, "success")
    assert cleared.bridge.only().state == "resolved"
    whats = cleared.bridge.timeline(cleared.first.id)
    assert {"cause", "occurrence", "reopened"}.isdisjoint(whats)
    assert len(cleared.bridge.owed()) == 1


def test_what_is_not_to_be_written_again_waits_no_longer_than_the_dag_run(db: sa.Engine) -> None:
    """
    A report of another DAG is at risk by the failure, and is made when it is due, not now. Each node
    is evaluated alone, so that not all that the incident affects is looked at with the DAG.
    """
    cleared = Cleared(db, EARLIER, at_once=1)
    affected = {each.node: each.standing for each in cleared.first.affected}
    assert affected[f"dataset:{REPORT.namespace}:{REPORT.name}"] == "at_risk"
    cleared.clears(6)
    cleared.ends(cleared.begins("load", 6.01, 2), 6.1)
    cleared.ends(cleared.begins("sum", 6.15), 6.2)
    cleared.is_done(6.201, "success")
    assert cleared.bridge.only().state == "resolved"


def test_a_task_that_was_blocked_and_may_yet_run_is_not_broken_again(cleared: Cleared) -> None:
    cleared.clears(6)
    cleared.ends(cleared.begins("load", 6.01, 2), 6.1)
    api = Api(cleared.bridge.db, now=moment(DAY, 6.12))
    assert api.get("outlook", node="job:prod:nightly.sum")["standing"] == "ok"
    assert api.get("outlook", node="dataset:postgres://h:5432:mart.a")["standing"] == "ok"
    before = api.get("outlook", node="job:prod:nightly.sum", as_of=moment(DAY, 5.9).isoformat())
    assert before["standing"] == "failed"


def test_it_stays_the_same_when_the_job_fails_again(cleared: Cleared) -> None:
    cleared.clears(6)
    cleared.ends(cleared.begins("load", 6.01, 2), 6.1, "out of disk")
    cleared.is_done(6.11, "failed")
    cleared.stands()
    assert "reopened" not in cleared.bridge.timeline(cleared.first.id)


def test_what_another_job_of_the_cleared_run_breaks_moves_the_incident(cleared: Cleared) -> None:
    cleared.clears(6)
    cleared.ends(cleared.begins("load", 6.01, 2), 6.1)
    cleared.ends(cleared.begins("sum", 6.15), 6.2, "no space")
    cleared.is_done(6.21, "failed")
    found = cleared.bridge.only()
    assert (found.id, found.node, found.state) == (
        cleared.first.id,
        "job:prod:nightly.sum",
        "open",
    )


def test_it_is_marked_as_running_again(cleared: Cleared) -> None:
    def marked(hour: float) -> bool:
        api = Api(cleared.bridge.db, now=moment(DAY, hour))
        one = api.get(f"incidents/{cleared.first.id}")["running_again"]
        (listed,) = api.get("incidents")["items"]
        assert listed["running_again"] is one
        return bool(one)

    assert not marked(5.3)
    cleared.clears(6)
    load = cleared.begins("load", 6.01, 2)
    assert marked(6.05)
    cleared.ends(load, 6.1, "out of disk")
    cleared.is_done(6.11, "failed")
    assert not marked(6.2)


def test_a_job_outside_of_airflow_that_runs_again_leaves_it_open_until_it_succeeds(
    mornings: Bridge,
) -> None:
    def come(events: list[bytes], hour: float) -> str:
        mornings.take(events, moment(14, hour))
        return mornings.only().state

    begun = ran("load", moment(14, 5), "FAIL", writes="raw")
    assert come(begun, 5.05) == "open"
    again = ran("load", moment(14, 5.1), writes="raw")
    assert come(again[:1], 5.1) == "open"
    assert come(again[1:], 5.2) == "resolved"
    assert mornings.only().resolved_at == micros(moment(14, 5.2))
