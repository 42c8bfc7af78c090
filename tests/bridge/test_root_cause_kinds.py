"""The root cause of each kind of trouble in an Airflow: what it is, where, since when, and how that is known."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.db.engine import open_database
from fairlead_bridge.db.migrate import migrate
from tests.bridge.absorbing import absorb, understand
from tests.bridge.airflow_days import Days, at, dag, moment, table
from tests.bridge.asking import Api
from tests.support.company.model import MINUTE, Task

RAW, STAGED, MART, FEED, ORDERS = map(
    table, ("raw.a", "stg.a", "mart.a", "partner.feed", "app.orders")
)
LOAD = dag(
    "load",
    Task("wait", "sensor", 60),
    Task("load", "python", 60, [ORDERS], [RAW], ["wait"]),
    hour=5,
)
STAGE = dag("stage", Task("stage", "dbt", 60, [RAW], [STAGED]), triggers=[RAW])
BUILD = dag("build", Task("build", "spark", 60, [STAGED], [MART]), triggers=[STAGED])
OTHERS = [dag(f"other_{hour}", Task("work", "python", 60), hour=hour) for hour in range(0, 24, 3)]
CHAIN = ((LOAD, 5.0), (STAGE, 5.25), (BUILD, 5.5))
#: The day on which something goes wrong.
DAY = 8


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog in which the chain ran each day, and beside it a DAG each third hour."""
    company = Days()
    for day in range(DAY):
        for each, hour in CHAIN:
            company.run(each, at(day, hour))
    beside(company, 0, DAY, 24)
    path = tmp_path_factory.mktemp("past") / "past.db"
    engine = open_database(f"sqlite:///{path}")
    migrate(engine)
    absorb(engine, understand(company.bodies))
    engine.dispose()
    return path


@pytest.fixture
def db(past: Path, tmp_path: Path) -> Iterator[sa.Engine]:
    """The same catalog, of the test's own."""
    copy = shutil.copy(past, tmp_path / "copy.db")
    engine = open_database(f"sqlite:///{copy}")
    yield engine
    engine.dispose()


def beside(company: Days, first: int, last: int, hours: int) -> None:
    for day in range(first, last + (hours < 24)):
        for number, other in enumerate(OTHERS):
            if day < last or 3 * number < hours:
                company.run(other, at(day, 3 * number))


def asked(
    db: sa.Engine, company: Days, hour: float, node: str = "dataset:postgres://h:5432:mart.a"
) -> Any:
    api = Api(db, now=moment(DAY, hour))
    api.send(*company.bodies)
    return api.get("root-cause", node=node)


def hours(text: str) -> float:
    return (datetime.fromisoformat(text) - moment(DAY)).total_seconds() / 3600


@pytest.fixture
def company() -> Days:
    days = Days()
    beside(days, DAY, DAY, 10)
    return days


def test_nothing_is_named_while_all_goes_well(db: sa.Engine, company: Days) -> None:
    for each, hour in CHAIN:
        company.run(each, at(DAY, hour))
    found = asked(db, company, 10)
    assert (found["standing"], found["root_cause"]) == ("ok", None)


def test_a_failed_task_far_upstream_is_named_with_its_error_and_run(
    db: sa.Engine, company: Days
) -> None:
    company.run(LOAD, at(DAY, 5), fails="load")
    found = asked(db, company, 10)
    cause = found["root_cause"]
    assert found["standing"] == "late"
    assert (cause["kind"], cause["node"]) == ("failed_run", "job:prod:load.load")
    assert cause["text"] == "load failed: out of disk"
    assert cause["run_id"] == cause["evidence"][0]["run_id"] is not None
    assert [step["label"] for step in cause["steps"]] == ["load", "raw.a", "stage", "stg.a", "build", "mart.a"]  # fmt: skip


def test_a_failed_spark_run_inside_a_task_is_the_failure_of_the_task(
    db: sa.Engine, company: Days
) -> None:
    company.run(LOAD, at(DAY, 5))
    company.run(STAGE, at(DAY, 5.25))
    company.run(BUILD, at(DAY, 5.5), fails="build", error="Job aborted")
    found = asked(db, company, 6)
    cause = found["root_cause"]
    assert found["standing"] == "failed"
    assert cause["node"] == "job:prod:build.build"
    assert cause["path"] == ["job:prod:build.build", "dataset:postgres://h:5432:mart.a"]
    assert cause["others"] == []


def test_the_first_of_failures_in_a_row_is_when_it_began(db: sa.Engine, company: Days) -> None:
    company.run(LOAD, at(DAY, 5), fails="load")
    company.run(LOAD, at(DAY, 6), fails="load")
    company.run(LOAD, at(DAY, 7), fails="load")
    cause = asked(db, company, 10)["root_cause"]
    assert hours(cause["at"]) < 5.5
    assert cause["failures"] == 3
    assert cause["evidence"][1]["text"] == "3 runs failed in a row"


def test_a_task_that_runs_again_after_it_failed_is_still_the_cause(
    db: sa.Engine, company: Days
) -> None:
    company.run(LOAD, at(DAY, 5), fails="load")
    company.run(LOAD, at(DAY, 9.9), until="load")
    cause = asked(db, company, 10)["root_cause"]
    assert (cause["kind"], cause["node"]) == ("failed_run", "job:prod:load.load")
    assert cause["text"] == "load failed: out of disk; it is running again"


def test_a_paused_dag_that_should_have_run_is_named(db: sa.Engine, company: Days) -> None:
    company.pauses(LOAD, at(DAY, 4))
    cause = asked(db, company, 10)["root_cause"]
    assert (cause["kind"], cause["node"]) == ("not_started", "job:prod:load")
    assert hours(cause["at"]) == 5
    assert cause["text"] == "load has not started: it is paused"
    assert [proof["text"] for proof in cause["evidence"]] == [
        "load was paused",
        "load should have started: it starts at 0 5 * * * (UTC)",
    ]


def test_a_dag_that_goes_on_is_no_longer_paused(db: sa.Engine, company: Days) -> None:
    company.pauses(LOAD, at(DAY, 4))
    company.pauses(LOAD, at(DAY, 9), is_paused=False)
    cause = asked(db, company, 10)["root_cause"]
    assert cause["text"] == "load has not started: it starts at 0 5 * * * (UTC)"


def test_a_paused_dag_that_updates_start_is_named_once_they_came(
    db: sa.Engine, company: Days
) -> None:
    company.pauses(STAGE, at(DAY, 4))
    company.run(LOAD, at(DAY, 5))
    cause = asked(db, company, 10)["root_cause"]
    assert (cause["kind"], cause["node"]) == ("not_started", "job:prod:stage")
    assert cause["text"] == "stage has not started: it is paused"


def test_a_pool_without_a_free_slot_is_named(db: sa.Engine, company: Days) -> None:
    company.run(LOAD, at(DAY, 5))
    company.waits(STAGE, at(DAY, 5.25), "stage", "pool loads: all 8 slots are taken")
    found = asked(db, company, 10)
    cause = found["root_cause"]
    assert (cause["kind"], cause["node"]) == ("not_started", "job:prod:stage.stage")
    assert cause["text"] == "stage is waiting for pool loads: all 8 slots are taken"
    assert hours(cause["at"]) == 5.25


def test_a_sensor_that_still_waits_is_named_where_nothing_else_is_wrong(
    db: sa.Engine, company: Days
) -> None:
    company.run(LOAD, at(DAY, 5), until="wait")
    cause = asked(db, company, 10)["root_cause"]
    assert (cause["kind"], cause["node"]) == ("not_started", "job:prod:load.wait")
    assert cause["text"] == "wait is still waiting; it usually takes at most 5 minutes"


def test_a_slow_run_is_named_before_the_dataset_is_late(db: sa.Engine, company: Days) -> None:
    company.run(LOAD, at(DAY, 5), until="load")
    early = asked(db, company, 5.5)
    assert early["standing"] == "at_risk"
    cause = asked(db, company, 10)["root_cause"]
    assert (cause["kind"], cause["node"]) == ("slow_run", "job:prod:load.load")
    assert cause["text"] == "load is running longer than usual, at most 5 minutes"
    assert cause["run_id"] is not None
    assert early["root_cause"]["text"] == cause["text"]


def test_a_dag_file_that_cannot_be_imported_is_named(db: sa.Engine, company: Days) -> None:
    company.breaks(LOAD, at(DAY, 3))
    cause = asked(db, company, 10)["root_cause"]
    assert (cause["kind"], cause["node"]) == ("import_error", "job:prod:load/load.py")
    assert cause["text"] == (
        "load/load.py cannot be imported: SyntaxError: invalid syntax; so load has not started"
    )
    assert cause["path"][:2] == ["job:prod:load/load.py", "job:prod:load"]
    assert hours(cause["at"]) == 3


def test_a_broken_file_of_a_dag_that_is_not_due_is_no_cause(db: sa.Engine, company: Days) -> None:
    for each, hour in CHAIN:
        company.run(each, at(DAY, hour))
    company.breaks(LOAD, at(DAY, 7))
    assert asked(db, company, 10)["root_cause"] is None


def test_a_column_that_vanished_right_before_the_first_failure_is_named(
    db: sa.Engine, company: Days
) -> None:
    changed = table("raw.a", ("id", "bigint"), ("total", "numeric"))
    other = dag("load", Task("wait", "sensor", 60), Task("load", "python", 60, [ORDERS], [changed], ["wait"]), hour=5)  # fmt: skip
    company.run(other, at(DAY, 5))
    company.run(STAGE, at(DAY, 5.25), fails="stage", error='column "amount" does not exist')
    cause = asked(db, company, 10)["root_cause"]
    assert (cause["kind"], cause["node"]) == ("schema_change", "dataset:postgres://h:5432:raw.a")
    assert cause["text"] == (
        "raw.a changed: amount removed, total added; then stage failed: "
        'column "amount" does not exist'
    )
    assert [other["node"] for other in cause["others"]] == ["job:prod:stage.stage"]
    assert hours(cause["at"]) == pytest.approx(5 + 10 / 60, abs=0.01)


def test_a_column_that_came_to_it_breaks_no_reader(db: sa.Engine, company: Days) -> None:
    wider = table("raw.a", ("id", "bigint"), ("amount", "numeric"), ("note", "text"))
    other = dag("load", Task("wait", "sensor", 60), Task("load", "python", 60, [ORDERS], [wider], ["wait"]), hour=5)  # fmt: skip
    company.run(other, at(DAY, 5))
    company.run(STAGE, at(DAY, 5.25), fails="stage", error="deadlock detected")
    assert asked(db, company, 10)["root_cause"]["kind"] == "failed_run"


def test_a_feed_that_did_not_come_is_named_though_no_job_writes_it(db: sa.Engine) -> None:
    company = Days()
    taken = table("raw.feed")
    take = dag("take", Task("take", "python", 60, [FEED], [taken]), triggers=[FEED])
    for day in range(DAY):
        company.delivers(FEED, at(day, 4))
        company.run(take, at(day, 4) + MINUTE)
    beside(company, DAY, DAY, 10)
    cause = asked(db, company, 10, "dataset:postgres://h:5432:raw.feed")["root_cause"]
    assert (cause["kind"], cause["node"]) == (
        "source_not_updated",
        "dataset:postgres://h:5432:partner.feed",
    )
    assert cause["text"].startswith(
        "partner.feed was not updated, and no job is known that writes it"
    )


def test_an_airflow_that_stopped_sending_is_named_for_all_that_it_did_not_do(db: sa.Engine) -> None:
    company = Days()
    beside(company, DAY, DAY, 4)
    cause = asked(db, company, 10)["root_cause"]
    assert cause["kind"] == "silent_source"
    assert cause["text"] == "no events come from prod"
    assert hours(cause["at"]) == pytest.approx(3 + 5 / 60, abs=0.01)


def test_a_scheduler_that_starts_nothing_is_found_though_a_task_still_ends(db: sa.Engine) -> None:
    company = Days()
    company.run(OTHERS[1], at(DAY, 3), minutes=600)
    cause = asked(db, company, 13.1)["root_cause"]
    assert cause["kind"] == "silent_source"
    assert cause["text"] == "no runs start in prod: its scheduler does nothing"
    assert hours(cause["at"]) < 3.1


def test_a_failure_before_the_silence_stays_the_cause(db: sa.Engine) -> None:
    company = Days()
    beside(company, DAY, DAY, 5)
    company.run(LOAD, at(DAY, 5), fails="load")
    assert asked(db, company, 10)["root_cause"]["kind"] == "failed_run"


def test_nothing_failed_upstream_is_answered_where_that_is_so(db: sa.Engine) -> None:
    """A job outside of Airflow, whose schedule is unknown, simply did not come."""
    company = Days()
    beside(company, DAY, DAY, 10)
    for each, hour in CHAIN[:2]:
        company.run(each, at(DAY, hour))
    company.run(BUILD, at(DAY, 5.5), until="nothing of it")  # it ran, and wrote something else
    company.events = [e for e in company.events if not _writes_mart_on_the_day(e)]
    found = asked(db, company, 10)
    assert found["standing"] == "late"
    assert found["root_cause"]["text"].startswith(
        "nothing failed upstream: build has not written mart.a"
    )


def _writes_mart_on_the_day(event: Any) -> bool:
    outputs = [each["name"] for each in event.get("outputs", ())]
    return "mart.a" in outputs and event["eventTime"] > moment(DAY).isoformat()


def test_an_answer_about_a_task_or_dag_names_the_same_cause(db: sa.Engine, company: Days) -> None:
    company.pauses(LOAD, at(DAY, 4))
    of_dataset = asked(db, company, 10)["root_cause"]["node"]
    assert asked(db, company, 10, "job:prod:build")["root_cause"]["node"] == of_dataset
    assert asked(db, company, 10, "job:prod:build.build")["root_cause"]["node"] == of_dataset


# --- sensors that wait for other DAGs -------------------------------------------------------------


def waiting_for(company: Days, *jobs: str) -> None:
    """A sensor of the last DAG goes on, and has said which jobs of another DAG it waits for."""
    company.run(MONTHLY, at(DAY, 5.5), until="wait_for_load")
    named = [{"job": {"namespace": "prod", "name": job}} for job in jobs]
    began = company.events[-1]
    began["run"]["facets"]["jobDependencies"] = {"upstream": named, "downstream": []}


SUMMARY = table("mart.month")
MONTHLY = dag(
    "monthly",
    Task("wait_for_load", "sensor", 60),
    Task("sum", "python", 60, [], [SUMMARY], ["wait_for_load"]),
    hour=5,
)


@pytest.mark.parametrize("awaited", ["load.load", "load"])  # a task, a whole DAG
def test_what_failed_in_the_dag_that_a_sensor_waits_for_is_named(
    db: sa.Engine, company: Days, awaited: str
) -> None:
    for day in range(DAY):
        company.run(MONTHLY, at(day, 5.5))
    company.run(LOAD, at(DAY, 5), fails="load")
    waiting_for(company, awaited)
    found = asked(db, company, 6, node="dataset:postgres://h:5432:mart.month")
    cause = found["root_cause"]
    assert (cause["kind"], cause["node"]) == ("failed_run", "job:prod:load.load")
    assert [step["label"] for step in cause["steps"]] == ["load", "wait_for_load", "sum", "mart.month"]  # fmt: skip


def test_a_task_that_the_awaited_one_does_not_depend_on_is_not_named(
    db: sa.Engine, company: Days
) -> None:
    for day in range(DAY):
        company.run(MONTHLY, at(day, 5.5))
    company.run(LOAD, at(DAY, 5), fails="load")
    waiting_for(company, "load.wait")
    found = asked(db, company, 5.6, node="dataset:postgres://h:5432:mart.month")
    assert (found["standing"], found["root_cause"]) == ("ok", None)
