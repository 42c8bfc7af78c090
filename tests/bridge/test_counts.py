"""Counts are counts: of all there is, whatever a list shows of it."""

from __future__ import annotations

import sqlalchemy as sa

from tests.bridge.asking import NOW, Api, wrote
from tests.bridge.pipeline import BEGIN, dag_run
from tests.support.small import airflow_task, dataset, run_event, uuid

DB = "postgres://h:5432"


def test_all_datasets_in_trouble_are_counted(db: sa.Engine) -> None:
    api = Api(db)
    targets = [f"s.t{number}" for number in range(85)]
    api.send(
        *wrote("load", "s.raw", at="09:00:00"),
        *(event for name in targets for event in wrote(f"make {name}", name, reads=("s.raw",))),
        *wrote("load", "s.raw", at="11:00:00", state="FAIL"),
    )
    found = api.get("at-risk")
    assert (len(found["items"]), found["datasets"]) == (50, 86)
    assert api.get("at-risk", limit=1000)["datasets"] == 86
    assert len(api.get("at-risk", limit=1000)["items"]) == 86


def test_a_failure_counts_however_many_failed_after_it(db: sa.Engine) -> None:
    api = Api(db)
    api.send(
        *wrote("first", "s.first", at="08:00:00", state="FAIL"),
        *(e for n in range(310) for e in wrote("often", "s.often", at=f"{9 + n // 60:02}:{n % 60:02}:00", state="FAIL")),
    )  # fmt: skip
    names = {item["dataset"]["name"] for item in api.get("at-risk")["items"]}
    assert names == {"s.first", "s.often"}


def test_failures_in_a_row_are_counted_beyond_what_a_card_shows(db: sa.Engine) -> None:
    api = Api(db, now=NOW)
    api.send(
        *wrote("load", "s.raw", at="00:00:00"),
        *(e for n in range(40) for e in wrote("load", "s.raw", at=f"0{1 + n // 60}:{n % 60:02}:00", state="FAIL")),
    )  # fmt: skip
    cause = api.get("root-cause", node=f"dataset:{DB}:s.raw")["root_cause"]
    assert cause["failures"] == 40
    assert api.get("at-risk")["items"][0]["root_cause"]["failures"] == 40


def test_tries_of_one_run_are_one_failure(db: sa.Engine) -> None:
    api = Api(db)
    number = iter(range(0x500, 0x600))
    good = run_event(
        "COMPLETE", "01:00:00", uuid(next(number)), "d.load",
        run={"airflow": airflow_task("load", "day 0")}, outputs=[dataset("s.raw")],
    )  # fmt: skip
    tries = [
        event
        for day in (1, 2)
        for attempt in (1, 2, 3)
        for event in [
            run_event(
                "FAIL", f"0{day + 1}:0{attempt}:00", uuid(next(number)), "d.load",
                run={"airflow": airflow_task("load", f"day {day}", attempt)},
                outputs=[dataset("s.raw")],
            )
        ]
    ]  # fmt: skip
    api.send(good, *tries)
    assert api.get("root-cause", node=f"dataset:{DB}:s.raw")["root_cause"]["failures"] == 2
    never = Api(db)
    never.send(*(run_event("FAIL", f"03:{n:02}:00", uuid(next(number)), "d.other", run={"airflow": airflow_task("other", f"r{n // 3}", n % 3 + 1)}, outputs=[dataset("s.other")]) for n in range(54)))  # fmt: skip
    assert never.get("root-cause", node=f"dataset:{DB}:s.other")["root_cause"]["failures"] == 18


def test_a_list_says_how_many_match(db: sa.Engine) -> None:
    api = Api(db, now=BEGIN)
    api.send(*dag_run(0), *wrote("other", "mart.a", "mart.b", "mart.c"))
    page = api.get("datasets", q="mart", limit=2, count="true")
    assert (len(page["items"]), page["total"]) == (2, 3)
    assert api.get("datasets", count="true")["total"] == len(api.pages("datasets"))
    assert api.get("datasets")["total"] is None
