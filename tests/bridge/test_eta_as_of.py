"""A past moment's outlook says what it would have said then, whatever came later."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import sqlalchemy as sa

from tests.bridge.asking import Api
from tests.support.company import company

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BEGIN = datetime(2026, 3, 9, tzinfo=UTC)


def test_the_outlook_of_a_past_moment_is_equal_before_and_after_later_events(db: sa.Engine) -> None:
    api = Api(db)
    made = company(seed=3, dags=8, weeks=2, faults=8)
    moments = iter(sorted(_moments()))
    ask_at = next(moments)
    waiting: list[bytes] = []
    asked: list[tuple[datetime, str, Any]] = []
    chance = Random(7)
    for at, event in made.events():
        moment = EPOCH + timedelta(microseconds=at)
        while ask_at is not None and moment > ask_at:
            api.send(*waiting)
            waiting.clear()
            api.now = ask_at
            tables = sorted({write.node for write in made.writes})
            for node in chance.sample(tables, min(3, len(tables))):
                asked.append((ask_at, node, _answered(api.get("outlook", node=node))))
            ask_at = next(moments, None)
        waiting.append(json.dumps(event).encode())
    api.send(*waiting)
    api.now = moment + timedelta(hours=1)
    assert len(asked) > 40
    differing = [
        (str(at), node, then, later)
        for at, node, then in asked
        if (later := _answered(api.get("outlook", node=node, as_of=at.isoformat()))) != then
    ]
    assert differing == []


def _moments() -> Iterator[datetime]:
    chance = Random(5)
    for day in range(5):
        for _ in range(3):
            yield BEGIN + timedelta(days=day, seconds=chance.randrange(86_400))


def _answered(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "root_cause"}
