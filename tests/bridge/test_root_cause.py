"""Why a dataset is late, failed or at risk: the whole way up, as of any moment, the same on every page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.insight.root_cause import Upstream, explain
from fairlead_bridge.insight.symptoms import Again, Dataset, Job
from tests.bridge.asking import Api, wrote
from tests.bridge.pipeline import BEGIN, dag_run
from tests.support.small import dataset, run_event, uuid

PLACE = "dataset:postgres://h:5432:"
DAY = datetime(2026, 11, 2, tzinfo=UTC)  # a Monday


def why(api: Api, name: str, **more: Any) -> Any:
    return api.get("root-cause", node=name if ":" in name else PLACE + name, **more)


def outlook(api: Api, name: str, **more: Any) -> Any:
    return api.get("outlook", node=name if ":" in name else PLACE + name, **more)


def at_risk(api: Api, **more: Any) -> dict[str, Any]:
    return {item["dataset"]["name"]: item for item in api.get("at-risk", **more)["items"]}


# --- the design picture's own story ---------------------------------------------------------------

#: Job, what it reads, what it writes, and minutes after 05:00.
CHAIN = [
    ("load_stripe_charges", None, "raw.stripe_charges", 0),
    ("stg_charges", "raw.stripe_charges", "staging.charges", 10),
    ("stg_payments", "staging.charges", "staging.stg_payments", 20),
    ("fct_payments", "staging.stg_payments", "mart.fct_payments", 30),
    ("daily_revenue", "mart.fct_payments", "mart.daily_revenue", 40),
]


def story(days: int, *, last: str = "nothing", fails: str | None = None) -> list[bytes]:
    """Every job each day at 05:00; on the last day `fails` fails, and what comes after does `last`."""
    events: list[bytes] = []
    for day in range(days):
        broken = False
        for job, reads, writes, minute in CHAIN:
            at = (DAY + timedelta(days=day, hours=5, minutes=minute)).isoformat()
            state = "COMPLETE"
            if day == days - 1 and fails is not None and (broken or job == fails):
                if broken and last == "nothing":
                    continue
                state, broken = "FAIL", True
            error = {"errorMessage": {"message": f"{job}: rate limit\nof the source"}}
            events += wrote(
                job, writes, reads=(reads,) if reads else (), at=at, state=state,
                run=error if state == "FAIL" else None,
            )  # fmt: skip
    return events


@pytest.mark.parametrize("after", ["nothing", "failures"])
def test_a_late_dataset_names_the_failure_hops_beyond_the_card_next_to_it(
    db: sa.Engine, after: str
) -> None:
    api = Api(db, now=DAY + timedelta(days=13, hours=9))
    api.send(*story(14, fails="load_stripe_charges", last=after))
    for name, level in (("staging.stg_payments", 2), ("mart.daily_revenue", 4)):
        found = why(api, name)
        assert found["standing"] == ("late" if after == "nothing" else "failed")
        assert found["late_since"].startswith("2026-11-15T06:")
        cause = found["root_cause"]
        assert (cause["kind"], cause["node"]) == ("failed_run", "job:prod:load_stripe_charges")
        assert cause["at"] == "2026-11-15T05:01:00Z"
        assert cause["text"] == "load_stripe_charges failed: load_stripe_charges: rate limit"
        assert cause["path"][0] == "job:prod:load_stripe_charges"
        assert cause["path"][1] == PLACE + "raw.stripe_charges"
        assert cause["path"][-1] == PLACE + name
        assert len(cause["path"]) == 2 * (level + 1)
        assert [step["node"] for step in cause["steps"]] == cause["path"]
        others = [other["node"].rpartition(":")[2] for other in cause["others"]]
        assert ("stg_charges" in others) == (after == "failures")
        assert at_risk(api)[name]["root_cause"] == cause
        assert at_risk(api)[name]["standing"] == found["standing"]


def test_as_of_a_past_moment_it_answers_what_it_would_have_answered_then(db: sa.Engine) -> None:
    api = Api(db, now=DAY + timedelta(days=13, hours=9))
    api.send(*story(14, fails="load_stripe_charges"))
    early = "2026-11-15T05:40:00Z"
    assert why(api, "mart.daily_revenue", as_of=early)["standing"] == "at_risk"
    assert why(api, "mart.daily_revenue", as_of="2026-11-15T04:00:00Z")["standing"] == "ok"
    before = why(api, "mart.daily_revenue", as_of="2026-11-15T08:00:00Z")
    api.now = DAY + timedelta(days=14)
    api.send(*story(15)[-10:])  # mended the next day
    api.now = DAY + timedelta(days=14, hours=9)
    assert why(api, "mart.daily_revenue")["standing"] == "ok"
    assert why(api, "mart.daily_revenue", as_of="2026-11-15T08:00:00Z") == before
    assert before["root_cause"]["node"] == "job:prod:load_stripe_charges"


def test_what_was_written_since_does_not_wait_for_an_old_failure(db: sa.Engine) -> None:
    api = Api(db, now=DAY + timedelta(days=14, hours=9))
    api.send(*story(14, fails="load_stripe_charges"))
    later = (DAY + timedelta(days=13, hours=7)).isoformat()
    api.send(*wrote("stg_charges", "staging.charges", reads=("raw.stripe_charges",), at=later))
    fails = (DAY + timedelta(days=14, hours=5)).isoformat()
    api.send(*wrote("stg_payments", "staging.stg_payments", reads=("staging.charges",), at=fails, state="FAIL"))  # fmt: skip
    found = why(api, "staging.stg_payments")
    assert (found["standing"], found["root_cause"]["node"]) == ("failed", "job:prod:stg_payments")


def test_the_way_may_be_as_long_as_it_is(db: sa.Engine) -> None:
    api = Api(db, now=DAY + timedelta(hours=12))
    for number in range(80):
        reads = (f"t.{number:02}",) if number else ()
        at = (DAY + timedelta(minutes=2 * number)).isoformat()
        api.send(*wrote(f"j.{number:02}", f"t.{number + 1:02}", reads=reads, at=at))
    fails = (DAY + timedelta(hours=6)).isoformat()
    api.send(*wrote("j.00", "t.01", at=fails, state="FAIL"))
    found = why(api, "t.80")
    assert found["standing"] == "at_risk"
    assert found["root_cause"]["node"] == "job:prod:j.00"
    assert len(found["root_cause"]["path"]) == 160
    assert at_risk(api, limit=200)["t.80"]["level"] == 79


@pytest.mark.parametrize("view", ["all", "data"])
def test_the_drawn_card_of_a_late_dataset_says_so_and_when_it_was_expected(
    db: sa.Engine, view: str
) -> None:
    api = Api(db, now=DAY + timedelta(days=13, hours=9))
    api.send(*story(14, fails="load_stripe_charges"))
    for moment in ({}, {"as_of": "2026-11-15T08:00:00Z"}):
        drawn = api.get("graph", node=PLACE + "mart.daily_revenue", view=view, **moment)
        cards = {card["name"]: card for card in drawn["cards"]}
        found = outlook(api, "mart.daily_revenue", **moment)
        card = cards["mart.daily_revenue"]
        assert card["late_since"] == found["late_since"] is not None
        assert card["expected_by"] == found["expectation"]["expected_by"]
    early = api.get("graph", node=PLACE + "mart.daily_revenue", as_of="2026-11-15T05:00:00Z")
    card = next(card for card in early["cards"] if card["name"] == "mart.daily_revenue")
    assert card["late_since"] is None
    assert card["expected_by"] == "2026-11-15T06:26:00Z"


# --- what else may be the cause -------------------------------------------------------------------


def test_a_task_that_was_blocked_names_the_task_that_failed(db: sa.Engine) -> None:
    """`sum` and `publish` never ran: that they run after `load` is known from the DAG alone."""
    api = Api(db, now=BEGIN + timedelta(hours=8, minutes=30))
    api.send(*(event for hour in range(8) for event in dag_run(hour)), *dag_run(8, fails="load"))
    for node in (PLACE + "shop.report", "job:prod:shop", "job:prod:shop.load"):
        found = why(api, node)
        assert found["standing"] == ("failed" if node.startswith("job") else "late"), node
        assert found["root_cause"]["node"] == "job:prod:shop.load"
        assert found["root_cause"]["error"] == "load broke"


def test_what_a_failure_blocked_is_explained_until_it_is_written_again() -> None:
    """`fetch` succeeded since; `load` runs again, and `publish` after it is still blocked."""
    fetch, load, publish, raw, report = range(5)
    blocked = Job(publish, "publish", state="upstream_failed", broken_at=31)
    known = Upstream(
        {
            raw: Dataset(raw, "raw", written_at=10, broken_by=frozenset({load})),
            report: Dataset(report, "report", written_at=10, broken_by=frozenset({publish})),
        },
        {
            fetch: Job(fetch, "fetch", state="success"),
            load: Job(
                load,
                "load",
                state="running",
                goes_on=True,
                again=Again(30, None, 7, "upstream_failed"),
            ),
            publish: blocked,
        },
        before={raw: [load], report: [publish], load: [], publish: [raw]},
        after={load: [fetch], publish: [load]},
    )
    for node in (raw, report):
        found = explain([node], known)
        assert (found.standing, found.causes[0].node, found.causes[0].run) == ("failed", load, 7)
        assert found.causes[0].text == "load was blocked; it is running again"


def test_a_run_that_has_not_started_is_the_cause_where_nothing_failed(db: sa.Engine) -> None:
    api = Api(db, now=DAY + timedelta(days=14, hours=9))
    api.send(*story(14))
    others = [f"other.{number}" for number in range(3)]
    for hour in range(14 * 24 + 9):  # the source itself is well
        at = (DAY + timedelta(hours=hour, minutes=30)).isoformat()
        api.send(*wrote(others[hour % 3], f"o.{hour % 3}", at=at))
    found = why(api, "mart.daily_revenue")
    assert found["standing"] == "late"
    cause = found["root_cause"]
    assert (cause["kind"], cause["node"]) == ("not_started", "job:prod:load_stripe_charges")
    assert cause["at"].startswith("2026-11-16T05:4")
    assert cause["run_id"] is None


def test_a_source_that_stopped_sending_is_the_cause_of_what_it_does_not_write(
    db: sa.Engine,
) -> None:
    api = Api(db, now=BEGIN + timedelta(hours=20))
    api.send(*(event for hour in range(12) for event in dag_run(hour)))
    found = why(api, "shop.report")
    assert found["standing"] == "late"
    assert found["root_cause"]["kind"] == "silent_source"
    assert "prod" in found["root_cause"]["text"]
    (source,) = api.get("at-risk")["sources"]
    assert source["namespace"] == "prod"
    assert source["silent_since"] == source["last_event_at"]
    assert api.get("overview")["sources"] == [source]


def test_a_run_that_goes_on_longer_than_any_before_is_the_cause(db: sa.Engine) -> None:
    api = Api(db, now=BEGIN + timedelta(hours=13))
    api.send(*(event for hour in range(12) for event in dag_run(hour)))
    api.send(*dag_run(12)[:2])  # load began and never ended
    for minute in range(0, 13 * 60, 5):
        at = (BEGIN + timedelta(minutes=minute)).isoformat()
        api.send(*wrote("heartbeat", "other.table", at=at))
    found = why(api, "shop.report")
    assert found["standing"] == "late"
    assert found["root_cause"]["kind"] == "slow_run"
    assert found["root_cause"]["node"] == "job:prod:shop.load"
    assert found["root_cause"]["run_id"] is not None


def test_a_table_that_no_job_is_known_to_write_was_not_updated(db: sa.Engine) -> None:
    api = Api(db, now=DAY + timedelta(days=12))
    for day in range(12):
        at = DAY + timedelta(days=day, hours=3)
        reported = dataset("ext.rates")
        api.send(*wrote("loader", reported, at=at.isoformat()) if day < 11 else [])
        api.send(*wrote("report", "mart.rates", reads=("ext.rates",), at=(at + timedelta(hours=1)).isoformat()) if day < 11 else [])  # fmt: skip
    found = why(api, "mart.rates")
    assert found["standing"] == "late"
    assert found["root_cause"]["kind"] in ("not_started", "silent_source")


def test_nothing_is_blamed_where_nothing_is_wrong(db: sa.Engine) -> None:
    api = Api(db, now=DAY + timedelta(days=13, hours=9))
    api.send(*story(14))
    found = outlook(api, "mart.daily_revenue")
    assert (found["standing"], found["root_cause"], found["late_since"]) == ("ok", None, None)
    assert found["expectation"] == {
        "kind": "by",
        "source": "learned",
        "text": "usually written every day at 05:41 UTC",
        "expected_by": "2026-11-16T06:26:00Z",
    }
    assert found["written_at"] == "2026-11-15T05:41:00Z"
    assert found["eta"]["p50"].startswith("2026-11-16T05:41:0")
    assert outlook(api, "job:prod:daily_revenue")["standing"] == "ok"
    api.send(
        run_event("START", "2026-11-15T08:00:00Z", uuid(77), "reader", inputs=[dataset("x.y")])
    )
    assert outlook(api, "x.y")["standing"] == "unknown"
    api.problem(404, "outlook", node="dataset:none:at_all")
    api.problem(404, "root-cause", node="job:none:at_all")


def test_a_cycle_ends(db: sa.Engine) -> None:
    api = Api(db, now=DAY + timedelta(hours=9))
    api.send(*wrote("a", "t.a", reads=("t.b",), at=DAY.isoformat()))
    api.send(*wrote("b", "t.b", reads=("t.a",), at=DAY.isoformat(), state="FAIL"))
    assert why(api, "t.a")["root_cause"]["node"] == "job:prod:b"
