"""Monitoring that is killed, repeated, cut up or run by several at once makes the same incidents."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead_bridge import ids
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.bulk import insert_new
from fairlead_bridge.db.engine import open_database, reading, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.monitoring.evaluate import evaluate
from fairlead_bridge.queries import incidents
from tests.bridge.monitored import DAY, INTERESTS, Bridge, micros, morning, ran


class Killed(BaseException):
    """What a kill is to the program: nothing after it happens, nothing catches it."""


@contextmanager
def killed_at(engine: sa.Engine, statement: int) -> Iterator[None]:
    """Ends whatever runs at the given statement to the database, commits included."""
    left = [statement]

    def count(*_: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    for name in ("before_cursor_execute", "commit"):
        sa.event.listen(engine, name, count)
    try:
        yield
    except Killed:
        pass
    finally:
        for name in ("before_cursor_execute", "commit"):
            sa.event.remove(engine, name, count)


#: (day, hour, what comes then): a fortnight is usual, then things go wrong and are mended.
def story() -> list[tuple[datetime, list[bytes]]]:
    def at(day: int, hour: float) -> datetime:
        return DAY + timedelta(days=day, hours=hour)

    return [
        (at(13, 6), [event for day in range(14) for event in morning(day)]),
        (at(14, 5.1), morning(14, fails="load")),
        (at(14, 5.2), ran("other", at(14, 5.1), "FAIL", writes="else")),
        (at(14, 7), []),
        (at(14, 8), ran("load", at(14, 7.9), writes="raw")),
        (at(14, 8.3), ran("clean", at(14, 8.1), "FAIL", "raw", "orders")),
        (at(14, 8.5), ran("clean", at(14, 8.4), "COMPLETE", "raw", "orders")),
        (at(14, 8.7), ran("sum", at(14, 8.6), "COMPLETE", "orders", "totals")),
        (at(14, 9), ran("sum", at(14, 8.8), "FAIL", "orders", "totals")),
        (at(14, 12), ran("other", at(14, 11), writes="else")),
    ]


def delivered(db: sa.Engine) -> list[Any]:
    """Everything that incidents say, but for their numbers, which a lost transaction may use up."""
    with reading(db) as tx:
        found = incidents.listed(tx)
        lines = [incidents.timeline(tx, incident.id) for incident in found]
    shown = [
        (each.node, each.kind, each.state, each.severity, each.opened_at, each.detected_at,
         each.changed_at, each.resolved_at, each.reopened, each.affected, line)
        for each, line in zip(found, lines, strict=True)
    ]  # fmt: skip
    return sorted(shown, key=repr)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """What an undisturbed bridge says of the story."""
    bridge = Bridge(_new(tmp_path_factory.mktemp("undisturbed")))
    for now, events in story():
        bridge.take(events, now)
    found = delivered(bridge.db)
    assert len(found) == 2
    return found


def _new(folder: Path) -> sa.Engine:
    engine = open_database(str(folder / "fairlead.db"))
    migrate(engine)
    return engine


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_killed_at_any_statement_and_started_again_it_makes_the_same_incidents(
    expected: list[Any], tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    chance = random.Random(seed)
    bridge = Bridge(_new(tmp_path_factory.mktemp("killed")))
    for now, events in story():
        bridge.receive(events, now)
        for _ in range(chance.randrange(4)):
            with killed_at(bridge.db, chance.randrange(60)):
                evaluate(bridge.db, INTERESTS, bridge.rules, micros(now))
        bridge.evaluate(now)
    assert delivered(bridge.db) == expected
    bridge.db.dispose()


@pytest.mark.parametrize("limit", [1, 7])
def test_however_many_nodes_a_step_takes_the_incidents_are_the_same_ones(
    expected: list[Any], tmp_path: Path, limit: int
) -> None:
    bridge = Bridge(_new(tmp_path))
    for now, events in story():
        bridge.receive(events, now)
        bridge.evaluate(now, limit)
    names = [each[:8] for each in delivered(bridge.db)]
    assert names == [each[:8] for each in expected]
    bridge.db.dispose()


def test_events_that_come_twice_open_nothing_twice(expected: list[Any], tmp_path: Path) -> None:
    bridge = Bridge(_new(tmp_path))
    for now, events in story():
        bridge.take(events + events, now)
        bridge.take(events, now)
    assert delivered(bridge.db) == expected
    bridge.db.dispose()


@contextmanager
def between(engine: sa.Engine, other: Callable[[], Any]) -> Iterator[None]:
    """Lets something else happen after the next evaluation has read and before it writes."""
    connections = iter(range(1000))

    def on_connect(*_: Any) -> None:
        if next(connections) == 2:  # after those that read what is due, and how it stands
            other()

    sa.event.listen(engine, "engine_connect", on_connect)
    try:
        yield
    finally:
        sa.event.remove(engine, "engine_connect", on_connect)
    assert next(connections) > 3


def test_two_monitors_that_look_at_the_same_time_write_once(db: sa.Engine) -> None:
    bridge, now = Bridge(db), DAY + timedelta(hours=6)
    bridge.receive(ran("load", now, "FAIL", writes="raw"), now)
    with between(db, lambda: bridge.evaluate(now)):
        bridge.evaluate(now)
    incident = bridge.only()
    assert bridge.owed() == [(incident.id, 1)]
    assert bridge.timeline(incident.id) == ["opened", "joined"]


def test_what_changes_while_it_is_evaluated_is_evaluated_again(db: sa.Engine) -> None:
    bridge, now = Bridge(db), DAY + timedelta(hours=6)
    bridge.receive(ran("load", now, "FAIL", writes="raw"), now)
    repaired = ran("load", now + timedelta(minutes=2), writes="raw")
    with between(db, lambda: bridge.receive(repaired, now)):
        bridge.evaluate(now)
    assert bridge.incidents("open") == []


def test_what_cannot_be_evaluated_is_put_off_and_costs_nothing_else(db: sa.Engine) -> None:
    bridge, now = Bridge(db), DAY + timedelta(hours=6)
    events = ran("load", now, "FAIL", writes="raw") + ran("fine", now, writes="other")
    bridge.receive(events, now)
    raw = ids.dataset_id("postgres://h:5432", "shop.raw")
    row = {"name": "unique", "column_name": "id", "at": 1, "success": 0, "body": b"no JSON"}
    with writing(db) as tx:
        insert_new(tx, t.assertion, [{**row, "dataset_id": raw}])
    bridge.evaluate(now)  # ends, though what failed cannot be evaluated
    assert bridge.incidents() == []
    with reading(db) as tx:
        assert tx.scalar(sa.select(sa.func.count()).where(t.watch.c.standing == "ok")) == 2
    with writing(db) as tx:
        tx.execute(sa.delete(t.assertion).where(t.assertion.c.dataset_id == raw))
    bridge.evaluate(now + timedelta(minutes=9))
    assert bridge.incidents() == []
    bridge.evaluate(now + timedelta(minutes=11))
    assert bridge.only().node == "job:prod:load"
