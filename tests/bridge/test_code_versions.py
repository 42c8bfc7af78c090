"""The SQL and the source code that jobs had: in lists of changes, as of a moment, beyond the log."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import reading
from tests.bridge import absorbing
from tests.bridge.asking import Api
from tests.bridge.test_impact_whole import Fresh, fresh  # noqa: F401  (a fixture)
from tests.support.small import run_event, uuid

FIRST, SECOND = "SELECT id\nFROM orders", "SELECT id, price\nFROM orders"


def ran(number: int, at: str, sql: str | None = None, source: str | None = None) -> bytes:
    facets: dict[str, Any] = {}
    if sql is not None:
        facets["sql"] = {"query": sql}
    if source is not None:
        facets["sourceCode"] = {"language": "python", "sourceCode": source}
    return run_event("COMPLETE", at, uuid(number), "load", facets=facets)


HISTORY = [
    ran(1, "08:00:00", FIRST, "load()"),
    ran(2, "09:00:00", FIRST, "load()"),
    ran(3, "10:00:00", SECOND, "load()"),
    ran(4, "11:00:00", None, "load(fast=True)"),
    ran(5, "12:00:00", SECOND),
]


@pytest.fixture
def api(db: sa.Engine) -> Api:
    found = Api(db)
    found.send(*HISTORY)
    return found


def versions(api: Api, **more: Any) -> list[tuple[str, str, str]]:
    (job,) = api.get("jobs")["items"]
    found = api.get(f"jobs/{job['id']}", **more)["code_versions"]
    return [(each["kind"], each["text"], each["first_at"][11:16]) for each in found]


def test_a_job_has_every_version_of_its_code_newest_first_with_what_it_changed(api: Api) -> None:
    assert versions(api) == [
        ("source", "load(fast=True)", "11:00"),
        ("sql", SECOND, "10:00"),
        ("sql", FIRST, "08:00"),
        ("source", "load()", "08:00"),
    ]
    (job,) = api.get("jobs")["items"]
    _, changed, first, _ = api.get(f"jobs/{job['id']}")["code_versions"]
    assert changed["diff"] == [
        "@@ -1,2 +1,2 @@",
        "-SELECT id",
        "+SELECT id, price",
        " FROM orders",
    ]
    assert first["diff"] is None


def test_code_is_that_of_the_moment_also_when_the_log_is_gone(api: Api) -> None:
    (job,) = api.get("jobs")["items"]
    then = api.get(f"jobs/{job['id']}", as_of="2026-11-01T09:30:00Z")
    assert (then["sql"], then["source_code"]) == (FIRST, "load()")
    assert versions(api, as_of="2026-11-01T09:30:00Z") == [
        ("sql", FIRST, "08:00"),
        ("source", "load()", "08:00"),
    ]
    with reading(api.db) as tx:
        assert tx.scalar(sa.select(sa.func.count()).select_from(t.event)) == 0


def test_changes_list_code_that_became_another_page_by_page(api: Api) -> None:
    found = api.pages("changes/code", limit=1)
    assert [(each["job"]["name"], each["version"]["kind"]) for each in found] == [
        ("load", "source"),
        ("load", "sql"),
    ]


def test_a_facet_that_differs_in_other_fields_alone_is_no_version(api: Api) -> None:
    api.now += timedelta(days=1)
    api.send(run_event("COMPLETE", "13:00:00", uuid(6), "load", facets={"sql": {"query": SECOND, "dialect": "x"}}))  # fmt: skip
    assert [text for kind, text, _ in versions(api) if kind == "sql"] == [SECOND, FIRST]
    assert len(api.get("changes/code")["items"]) == 2


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_any_order_and_repetition_of_events_gives_the_same_versions(
    fresh: Fresh,  # noqa: F811
    order: random.Random,
    batch: int,
) -> None:
    events = HISTORY * 2
    order.shuffle(events)
    mixed = fresh()
    absorbing.absorb(mixed.db, absorbing.understand(events), batch)
    found = versions(mixed), absorbing.dump(mixed.db)["code_version"]
    straight = fresh()
    straight.send(*HISTORY)
    assert found == (versions(straight), absorbing.dump(straight.db)["code_version"])
