"""A job as of a past moment has the SQL and the facets of that moment."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from fairlead_bridge import inbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db.engine import writing
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from tests.bridge.asking import Api
from tests.support.small import run_event, uuid


def ran(number: int, hour: str, query: str | None) -> bytes:
    facets = {"sql": {"query": query}} if query is not None else {}
    return run_event("COMPLETE", f"{hour}:00:00", uuid(number), "load", facets=facets)


@pytest.fixture
def api(db: sa.Engine) -> Api:
    reported = [
        ran(1, "08", "select 1"),
        ran(2, "10", "select 2"),
        ran(3, "11", None),
        ran(4, "12", "select 4 from t where password='pw9x81zz'"),
        ran(5, "14", "select 5"),
    ]
    with writing(db) as tx:
        inbox.put(tx, reported, "test", 1)
    while absorb_waiting(db, Translator(Normaliser()), {}, 1):
        pass
    return Api(db)


@pytest.mark.parametrize(
    ("hour", "query"),
    [
        ("09", "select 1"),
        ("10", "select 2"),
        ("11", "select 2"),
        ("13", "select 4"),
        ("15", "select 5"),
    ],
)
def test_a_job_as_of_a_moment_has_the_sql_of_that_moment(api: Api, hour: str, query: str) -> None:
    job = api.get("jobs/prod:load", as_of=f"2026-11-01T{hour}:30:00Z")
    assert job["sql"].startswith(query)
    assert job["facets"]["sql"]["query"] == job["sql"]
    assert "x81zz" not in json.dumps(job)


def test_before_its_first_sql_a_job_has_none(api: Api) -> None:
    assert api.get("jobs/prod:load", as_of="2026-11-01T07:00:00Z")["sql"] is None
    assert api.get("jobs/prod:load")["sql"] == "select 5"
