"""When a dataset, a DAG or a task will be done: what is left of what runs, and what comes then."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from fairlead_bridge.db.engine import reading
from fairlead_bridge.queries import lineage
from fairlead_bridge.queries.eta import etas
from fairlead_bridge.queries.snapshot import Snapshot
from tests.bridge.asking import Api, wrote
from tests.bridge.nightly import DAY, NIGHTLY, PLACE, Dag, Task, nights

NIGHTS = 14
TODAY = DAY + timedelta(days=NIGHTS)
FIVE = TODAY + timedelta(hours=5)


def at(minutes: float) -> datetime:
    """So many minutes after five of the last night."""
    return FIVE + timedelta(minutes=minutes)


def outlook(api: Api, name: str, **more: Any) -> Any:
    return api.get("outlook", node=name if ":" in name else PLACE + name, **more)


def minutes(reported: str) -> float:
    return (datetime.fromisoformat(reported) - FIVE) / timedelta(minutes=1)


def eta(api: Api, name: str) -> float:
    """The median, in minutes after five."""
    answer = outlook(api, name)
    assert answer["eta"] is not None, answer["eta_unknown"]
    assert answer["eta"]["low"] <= answer["eta"]["p50"] <= answer["eta"]["high"]
    assert answer["eta_unknown"] is None
    return minutes(answer["eta"]["p50"])


def night(db: sa.Engine, moment: float, **changed: Task) -> Api:
    """Two weeks of whole nights, and the last one until a moment, which is when the API is asked."""
    api = Api(db, now=at(moment))
    api.send(*nights(NIGHTLY, NIGHTS))
    api.send(*NIGHTLY.events(FIVE, only_before=at(moment), **changed))
    return api


def test_of_a_run_that_goes_on_what_is_left_is_expected(db: sa.Engine) -> None:
    api = night(db, 4)
    assert abs(eta(api, "raw.orders") - 10) < 1
    assert abs(eta(api, "mart.orders") - 30) < 1
    assert abs(eta(api, "report.orders") - 35) < 1
    reported = outlook(api, "report.orders")["eta"]["basis"]
    assert reported == (
        "nightly.load has run for 4 minutes, usually 10 minutes, then nightly.transform, "
        "then nightly.publish"
    )


def test_a_task_and_a_dag_have_an_eta_too(db: sa.Engine) -> None:
    api = night(db, 12)
    assert abs(eta(api, "job:prod:nightly.transform") - 30) < 1
    assert abs(eta(api, "job:prod:nightly") - 35) < 1


def test_a_task_that_has_run_for_forty_minutes_is_no_longer_expected_to_take_ten(
    db: sa.Engine,
) -> None:
    api = night(db, 40, load=Task(minutes=90, writes="raw.orders"))
    assert eta(api, "raw.orders") > 50
    answer = outlook(api, "raw.orders")
    assert minutes(answer["eta"]["high"]) - minutes(answer["eta"]["low"]) > 30
    assert eta(api, "mart.orders") > eta(api, "raw.orders") + 19


def test_what_is_done_is_expected_in_the_next_run_by_the_schedule(db: sa.Engine) -> None:
    api = night(db, 12)
    assert abs(eta(api, "raw.orders") - (24 * 60 + 10)) < 1
    basis = outlook(api, "raw.orders")["eta"]["basis"]
    assert basis == (
        "nightly starts at 2026-11-17 05:00 by its schedule, then nightly.load 10 minutes later"
    )


def test_a_run_that_was_due_and_has_not_begun_is_expected_later_and_later(db: sa.Engine) -> None:
    api = Api(db, now=at(1))
    api.send(*nights(NIGHTLY, NIGHTS))
    soon = eta(api, "mart.orders")
    api.now = at(120)
    assert soon < 35
    assert eta(api, "mart.orders") > 120 + 30
    assert "was due at 05:00" in outlook(api, "mart.orders")["eta"]["basis"]


def test_a_schedule_that_is_not_followed_any_more_is_unknown(db: sa.Engine) -> None:
    api = Api(db, now=at(4 * 24 * 60))
    api.send(*nights(NIGHTLY, NIGHTS))
    answer = outlook(api, "mart.orders")
    assert answer["eta"] is None
    assert answer["eta_unknown"].startswith("nightly has not started since 2026-11-15 05:00")


def test_a_paused_dag_is_unknown_until_it_goes_on(db: sa.Engine) -> None:
    api = Api(db, now=at(-60))
    api.send(*nights(NIGHTLY, NIGHTS), paused(at(-300), True))
    assert outlook(api, "raw.orders")["eta_unknown"] == "nightly has been paused since 00:00"
    api.send(paused(at(-120), False))
    assert abs(eta(api, "raw.orders") - 10) < 1
    then = outlook(api, "raw.orders", as_of=at(-180).isoformat())
    assert then["eta_unknown"] == "nightly has been paused since 00:00"


def paused(moment: datetime, is_paused: bool) -> bytes:
    facet = {"_producer": "p", "_schemaURL": "s", "isPaused": is_paused, "at": moment.isoformat()}
    job = {"namespace": "prod", "name": "nightly", "facets": {"fairlead_dag_state": facet}}
    return json.dumps({"eventTime": moment.isoformat(), "producer": "p", "job": job}).encode()


def test_a_run_whose_due_time_is_in_its_name_alone_is_known_to_be_overdue(
    db: sa.Engine,
) -> None:
    api = Api(db, now=at(3))
    for event in nights(NIGHTLY, NIGHTS):
        reported = json.loads(event)
        reported["run"]["facets"].pop("nominalTime", None)
        api.send(json.dumps(reported).encode())
    assert 3 < eta(api, "raw.orders") < 20
    assert "nightly was due at 05:00" in outlook(api, "raw.orders")["eta"]["basis"]


def test_where_a_failed_task_bars_the_way_it_is_unknown_until_the_task_is_cleared(
    db: sa.Engine,
) -> None:
    failed = Task(minutes=10, writes="raw.orders", ends=("FAIL",))
    api = night(db, 15, load=failed)
    for name in ("raw.orders", "mart.orders", "report.orders", "job:prod:nightly.publish"):
        answer = outlook(api, name)
        assert answer["eta"] is None
        assert (
            "nightly.load failed" in answer["eta_unknown"] or "load failed" in answer["eta_unknown"]
        )
    cleared = Task(minutes=10, writes="raw.orders", ends=("FAIL", "COMPLETE"))
    api.now = at(18)  # the second try has run for three minutes
    api.send(*NIGHTLY.events(FIVE, only_before=at(17), load=cleared))
    assert abs(eta(api, "mart.orders") - (15 + 10 + 20)) < 1


def test_data_that_a_failed_job_should_have_brought_is_unknown_in_every_answer(
    db: sa.Engine,
) -> None:
    api = Api(db, now=at(180))
    for day in range(NIGHTS + 1):
        start = DAY + timedelta(days=day, hours=5)
        state = "FAIL" if day == NIGHTS else "COMPLETE"
        api.send(*wrote("source", "raw.s", at=start.isoformat(), state=state))
        if day < NIGHTS:
            later = (start + timedelta(minutes=10)).isoformat()
            api.send(*wrote("sink", "mart.s", reads=("raw.s",), at=later))
    answer = outlook(api, "mart.s")
    assert (answer["eta"], answer["standing"]) == (None, "late")
    assert answer["eta_unknown"].startswith("source failed")
    with reading(db) as tx:
        snapshot = Snapshot(tx, api.micros, 86_400.0)
        node = lineage.find(snapshot, PLACE + "mart.s").id
        assert etas(snapshot, [node, 17]) == {node: None, 17: None}


def test_a_failed_task_with_retries_left_is_expected_to_be_tried_again(db: sa.Engine) -> None:
    trying = Task(minutes=10, writes="raw.orders", ends=("FAIL", "COMPLETE"), retries=1)
    api = night(db, 12, load=trying)
    assert 23 < eta(api, "raw.orders") < 30  # five minutes of waiting, ten of the next try
    assert "is tried again" in outlook(api, "raw.orders")["eta"]["basis"]


def test_assets_lead_from_one_dag_to_the_next(db: sa.Engine) -> None:
    waiting = {"asset_condition": {"__type": "asset_all", "objects": [
        {"__type": "asset", "uri": "postgres://h:5432/mart/orders"},
        {"__type": "asset", "uri": "postgres://h:5432/raw/orders"},
    ]}}  # fmt: skip
    following = Dag("following", {"sum": Task(minutes=7, writes="mart.sums")}, waiting)
    api = night(db, 12)
    for each in range(NIGHTS):
        start = DAY + timedelta(days=each, hours=5, minutes=31)
        api.send(*following.events(start, kind="asset_triggered"))
    assert abs(eta(api, "mart.sums") - (30 + 1 + 7)) < 1.5
    basis = outlook(api, "mart.sums")["eta"]["basis"]
    assert basis.startswith("nightly.transform has run for 2 minutes, usually 20 minutes")
    assert "then following starts" in basis
    api.send(
        *NIGHTLY.events(FIVE, only_before=at(22), transform=Task(("load",), 10, ends=("FAIL",)))
    )
    api.now = at(22)
    answer = outlook(api, "mart.sums")
    assert answer["eta"] is None
    assert "transform failed" in answer["eta_unknown"]


def test_the_first_of_several_assets_suffices_where_the_timetable_says_so(db: sa.Engine) -> None:
    any_of = {"asset_condition": {"__type": "asset_any", "objects": [
        {"__type": "asset", "uri": "postgres://h:5432/mart/orders"},
        {"__type": "asset", "uri": "postgres://h:5432/never/written"},
    ]}}  # fmt: skip
    eager = Dag("eager", {"sum": Task(minutes=7, writes="mart.sums")}, any_of)
    api = night(db, 12)
    for each in range(NIGHTS):
        start = DAY + timedelta(days=each, hours=5, minutes=30)
        api.send(*eager.events(start, kind="asset_triggered"))
    assert abs(eta(api, "mart.sums") - 37) < 1.5


def test_a_job_without_a_schedule_is_expected_on_its_usual_days_at_its_usual_time(
    db: sa.Engine,
) -> None:
    api = Api(db, now=DAY + timedelta(days=18, hours=12))  # a Friday
    for day in range(19):
        if day % 7 < 5:
            start = DAY + timedelta(days=day, hours=6, minutes=day % 3)
            api.send(*wrote("spark_job", "mart.spark", at=start.isoformat()))
    answer = outlook(api, "mart.spark")
    assert answer["eta"]["p50"][:15] == "2026-11-23T06:0"  # Monday


def test_a_job_that_runs_at_no_regular_times_has_no_eta(db: sa.Engine) -> None:
    api = Api(db, now=DAY + timedelta(days=40))
    for day in (0, 1, 2, 9, 10, 24, 25, 39):
        start = DAY + timedelta(days=day, hours=(day * 7) % 24)
        api.send(*wrote("by_hand", "mart.odd", at=start.isoformat()))
    answer = outlook(api, "mart.odd")
    assert answer["eta"] is None
    assert "at no regular times" in answer["eta_unknown"]


def test_a_table_that_no_job_writes_has_no_eta(db: sa.Engine) -> None:
    api = Api(db, now=TODAY)
    api.send(*wrote("reader", "mart.out", reads=("raw.outside",), at="2026-11-15T05:00:00Z"))
    assert outlook(api, "raw.outside")["eta_unknown"] == "no job is known that writes raw.outside"


def test_what_will_be_too_late_is_at_risk_before_it_is_late(db: sa.Engine) -> None:
    api = night(db, 40, load=Task(minutes=90, writes="raw.orders"))
    answer = outlook(api, "report.orders")
    assert answer["expectation"]["expected_by"] > api.now.isoformat()
    assert answer["standing"] == "at_risk"
    assert answer["late_since"] is None
    assert api.get("root-cause", node=PLACE + "report.orders")["standing"] == "at_risk"
    listed = {each["dataset"]["name"]: each["standing"] for each in api.get("at-risk")["items"]}
    assert listed["report.orders"] == "at_risk"


def test_a_night_like_all_others_is_not_at_risk(db: sa.Engine) -> None:
    api = night(db, 12)
    assert outlook(api, "report.orders")["standing"] == "ok"
    assert api.get("at-risk")["items"] == []


def test_equal_questions_have_equal_answers(db: sa.Engine) -> None:
    api = night(db, 12)
    assert outlook(api, "report.orders") == outlook(api, "report.orders")
