"""Health: what it says of each trouble, and that a probe fails where the bridge cannot work."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from fairlead_bridge import inbox
from fairlead_bridge.condition import Condition, Loop, Report
from fairlead_bridge.db.engine import open_database, writing
from fairlead_bridge.db.migrate import migrate
from tests.bridge.asking import NOW, Api, wrote
from tests.bridge.receiving import absorb, receive, refuse_everything

#: `NOW` in microseconds since the epoch.
MICROS = int(NOW.timestamp()) * 1_000_000


def working(*loops: Loop, lag: int | None = None, age: int = 0, **more: str) -> Condition:
    """A worker that reported `age` seconds ago."""
    return Condition(Report(MICROS - age * 1_000_000, b"", loops, lag), **more)


def test_an_empty_bridge_is_well(db: sa.Engine) -> None:
    health = Api(db).get("health")
    assert health["status"] == "ok"
    assert health["inbox"]["waiting"] == health["inbox"]["quarantined"] == 0
    assert health["problems"] == []


def test_waiting_counts_what_has_yet_to_be_absorbed(db: sa.Engine) -> None:
    api = Api(db)
    receive(api, *wrote("j"), b"not an event")
    assert api.get("health")["inbox"] == {
        "waiting": 3,
        "quarantined": 0,
        "received": 3,
        "last_received_at": "2026-11-02T00:00:00Z",
        "oldest_waiting_at": "2026-11-02T00:00:00Z",
    }
    absorb(api)
    assert api.get("health")["inbox"]["waiting"] == 0
    assert api.get("health")["inbox"]["quarantined"] == 1


def test_health_says_when_nothing_is_absorbed(db: sa.Engine) -> None:
    api = Api(db)
    receive(api, *wrote("j"))
    assert api.get("health")["status"] == "ok"
    api.now = datetime(2026, 11, 2, 0, 5, tzinfo=UTC)
    health = api.get("health")
    assert health["status"] == "degraded"
    assert "5 min" in health["problems"][0]


def test_a_sink_that_refuses_is_a_problem(db: sa.Engine) -> None:
    api = Api(db)
    refuse_everything(api)
    health = api.get("health")
    (sink,) = health["sinks"]
    assert (sink["name"], sink["kind"], sink["rejected"]) == ("lake", "openlineage", 1)
    assert health["status"] == "degraded"
    assert "lake" in health["problems"][0]
    assert health["ready"]


@pytest.mark.parametrize(
    ("worker", "sentence"),
    [
        (
            working(Loop("absorb", "database is locked", MICROS)),
            "Absorbing fails since 00:00:00 UTC, and is tried again: database is locked.",
        ),
        (
            working(Loop("kafka", "k:9092 is away", MICROS)),
            "Reading from Kafka fails since 00:00:00 UTC, and is tried again: k:9092 is away.",
        ),
        (
            working(Loop("absorb", ended_at=MICROS - 300_000_000)),
            "Absorbing has finished no batch for 300 s.",
        ),
        (working(age=45), "The worker process has not reported for 45 s."),
        (
            working(Loop("absorb"), died="with exit code -9"),
            "The worker process ended with exit code -9; another one is started.",
        ),
    ],
)
def test_a_probe_fails_where_this_process_cannot_do_its_part(
    db: sa.Engine, worker: Condition, sentence: str
) -> None:
    api = Api(db, worker=worker)
    health = api.get("health")
    assert (health["status"], health["ready"], health["problems"]) == (
        "degraded",
        False,
        [sentence],
    )
    for address in ("/api/v1/health?strict=1", "/ready"):
        answer = api.http.get(address)
        assert (answer.status_code, answer.json()) == (503, health)


def test_a_probe_passes_where_all_works(db: sa.Engine) -> None:
    api = Api(db, worker=working(Loop("absorb", ended_at=MICROS), Loop("kafka"), lag=7))
    health = api.get("health", strict=True)
    assert health["ready"]
    assert health["kafka"] == {"lag": 7, "error": None}
    assert api.http.get("/ready").status_code == 200


def test_a_process_that_absorbs_is_not_asked_whether_it_runs(db: sa.Engine) -> None:
    """Events may wait though absorbing goes on: there are many of them."""
    api = Api(db, worker=working(Loop("absorb", ended_at=MICROS)))
    receive(api, *wrote("j"))
    api.now = datetime(2026, 11, 2, 0, 5, tzinfo=UTC)
    api.worker = Condition(Report(api.micros, b"", (Loop("absorb", ended_at=api.micros),)))
    health = api.get("health", strict=True)
    assert health["problems"] == ["2 events wait to be absorbed, the oldest for 5 min."]


def test_health_says_when_the_database_takes_no_writes(tmp_path: Path) -> None:
    path = tmp_path / "fairlead.db"
    whole = open_database(f"sqlite:///{path}")
    migrate(whole)
    with writing(whole) as tx:
        inbox.ack(tx, [1])
    read_only = open_database(f"sqlite:///file:{path}?mode=ro&uri=true")
    api = Api(read_only)
    health = api.get("health")
    assert not health["ready"]
    (problem,) = health["problems"]
    assert problem.startswith("The database takes no writes")
    assert "readonly database" in problem
    assert api.http.get("/ready").status_code == 503
    for engine in (whole, read_only):
        engine.dispose()


def test_a_database_that_cannot_be_read_is_503_with_its_reason(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/fairlead.db")  # without a table
    api = Api(engine)
    assert "no such table" in api.problem(503, "runs")
    assert "no such table" in api.problem(503, "health")
    engine.dispose()
