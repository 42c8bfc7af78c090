"""One key sends and asks no more in a second than it may, and nothing of what waits is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from fairlead_bridge import inbox
from fairlead_bridge.access import keys
from fairlead_bridge.access.caller import ANYONE, UNKNOWN, Caller
from fairlead_bridge.access.rates import Bucket, Rates
from fairlead_bridge.app import build
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.settings import load
from tests.support.small import run_event, uuid

NOW = 1_800_000_000_000_000


@contextmanager
def bridge(db_url: str, **settings: float) -> Iterator[TestClient]:
    app = build(load({"database_url": db_url, "auth": ("keys",), **settings}))
    with TestClient(app, "http://127.0.0.1:7070") as client:
        yield client


def made(db: sa.Engine, name: str) -> dict[str, str]:
    with writing(db) as tx:
        secret = keys.create(tx, name, ["sender", "viewer"], ["*"], NOW)
    return {"Authorization": f"Bearer {secret}"}


def event(number: int) -> bytes:
    return run_event("COMPLETE", "10:00", uuid(number), "a.b")


def test_a_bucket_refills_and_has_a_bound() -> None:
    bucket = Bucket(2.0, 100.0)
    bucket.take(20)
    assert bucket.wait(100.0) == pytest.approx(0.5)
    assert bucket.wait(100.5) == 0
    bucket.take(1)
    assert bucket.wait(1e6) == 0
    bucket.take(20)  # ten seconds' worth, not what a long pause would add up to
    assert bucket.wait(1e6) > 0


def test_a_batch_larger_than_the_rate_passes_and_what_follows_waits() -> None:
    rates = Rates(0, 10)
    ann, bob = Caller("ann", "key"), Caller("bob", "key")
    assert rates.refusal(ann, "", sends=True) is None
    rates.count_events(ann, "", 300)
    refused = rates.refusal(ann, "", sends=True)
    assert refused is not None
    assert (refused.status, dict(refused.headers)[b"retry-after"]) == (429, b"21")
    assert rates.refusal(ann, "", sends=False) is None  # it may read
    assert rates.refusal(bob, "", sends=True) is None


def test_callers_without_a_name_are_counted_by_address() -> None:
    rates = Rates(0.1, 0)
    for caller in (ANYONE, UNKNOWN):
        address = f"10.0.0.{len(caller.name)}"
        assert rates.refusal(caller, address, sends=False) is None
        assert rates.refusal(caller, address, sends=False) is not None
        assert rates.refusal(caller, "10.0.1.9" + address, sends=False) is None


def test_a_key_that_sends_too_much_is_answered_429_and_others_are_not(
    db: sa.Engine, db_url: str
) -> None:
    ann, bob = made(db, "ann"), made(db, "bob")
    with bridge(db_url, key_events=0.2) as http:
        assert http.post("/api/v1/lineage", content=event(1), headers=ann).status_code == 201
        batch = b"[%s,%s,%s]" % (event(2), event(3), event(4))
        assert http.post("/api/v1/lineage/batch", content=batch, headers=ann).status_code == 204
        refused = http.post("/api/v1/lineage", content=event(5), headers=ann)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert "Retry-After" in refused.json()["detail"]
        assert http.post("/api/v1/lineage", content=event(6), headers=bob).status_code == 201
        assert http.get("/api/v1/runs", headers=ann).status_code == 200
    with reading(db) as tx:
        assert inbox.counts(tx).received == 5


def test_health_and_the_page_are_not_counted(db: sa.Engine, db_url: str) -> None:
    ann = made(db, "ann")
    with bridge(db_url, key_requests=0.1) as http:
        answers = [http.get("/api/v1/runs", headers=ann).status_code for _ in range(3)]
        assert answers == [200, 429, 429]
        for address in ("/ready", "/api/v1/health", "/docs"):
            assert http.get(address, headers=ann).status_code == 200
