"""One question takes only so much processor time, and is answered that it would take more."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from fairlead_bridge.access.caller import ANYONE
from fairlead_bridge.access.scope import EVERYTHING, Scope, seeing
from fairlead_bridge.db.engine import reading
from fairlead_bridge.errors import TooExpensive
from fairlead_bridge.settings import load
from fairlead_bridge.web.api import build_api
from tests.bridge.asking import called_by

#: Counts for minutes on either database.
ENDLESS = sa.text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000) "
    "SELECT count(*) FROM n"
)


@pytest.mark.parametrize("scope", [EVERYTHING, Scope(("team-a",))], ids=["all", "some"])
def test_a_statement_that_takes_too_long_is_stopped(db: sa.Engine, scope: Scope) -> None:
    began = time.process_time()
    with pytest.raises(TooExpensive, match=r"more than 0\.1 s"), seeing(db, scope, 0.1) as tx:
        tx.execute(ENDLESS).all()
    assert time.process_time() - began < 2
    with reading(db) as tx:  # the connection is as any other again
        assert tx.scalar(sa.text("SELECT 1")) == 1


def test_many_small_statements_and_what_is_done_between_them_count_together(
    db: sa.Engine,
) -> None:
    def asks() -> None:
        with seeing(db, EVERYTHING, 0.05) as tx:
            while True:
                tx.scalar(sa.text("SELECT 1"))

    with pytest.raises(TooExpensive):
        asks()


def test_a_question_without_a_bound_may_take_longer(db: sa.Engine) -> None:
    counted = sa.text(str(ENDLESS).replace("2000000000", "200000"))
    with seeing(db, EVERYTHING, 0.0) as tx:
        assert tx.scalar(counted) == 200_000


def test_a_question_that_is_too_expensive_is_answered_what_to_do(db: sa.Engine) -> None:
    settings = load({"database_url": str(db.url), "read_seconds": 0.000_001})
    now = round(datetime(2026, 11, 2, tzinfo=UTC).timestamp() * 1e6)
    with TestClient(called_by(build_api(db, settings, clock=lambda: now), ANYONE)) as http:
        for path in ("/api/v1/runs", "/api/v1/search?q=x", "/api/v1/changes"):
            answer = http.get(path)
            assert answer.status_code == 422
            assert answer.json()["detail"].startswith("This takes more than 1e-06 s of processor")
            assert "ask for less" in answer.json()["detail"]
        assert http.get("/api/v1/health").status_code == 200
