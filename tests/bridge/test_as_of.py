"""What is said about a past moment was said then: later events, in order of time, change nothing of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fairlead_bridge.db.engine import open_database, reading
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.insight.root_cause import Cause
from fairlead_bridge.queries import upstream
from fairlead_bridge.queries.assets import find_asset
from fairlead_bridge.queries.snapshot import Snapshot
from tests.bridge.absorbing import absorb, understand
from tests.support.company import company
from tests.support.company.model import HOUR, MINUTE

#: What no past is kept of: a run's error is that of its end, and is known with it.
_STORED = ("kind", "node", "at", "path")


def _answers(db: Any, now: int, nodes: list[str], *, past: bool) -> list[Any]:
    with reading(db) as tx:
        snapshot = Snapshot(tx, now, 86_400.0, past)
        found = [each for node in nodes if (each := find_asset(snapshot, node)) is not None]
        explained = upstream.explanations(snapshot, found)
        return [
            (each.name, answer.standing, answer.late_since, _first(answer.causes))
            for each, answer in zip(found, explained, strict=True)
        ]


def _first(causes: tuple[Cause, ...]) -> tuple[Any, ...] | None:
    return tuple(getattr(causes[0], name) for name in _STORED) if causes else None


@pytest.mark.parametrize("seed", [1, 2])
def test_a_root_cause_of_a_past_moment_is_the_one_that_was_named_then(
    tmp_path: Path, seed: int
) -> None:
    """Faults of every kind, each asked about while it lasts, and again when all is over."""
    made = company(seed, 16, 3, 10)
    db = open_database(f"sqlite:///{tmp_path / 'company.db'}")
    migrate(db)
    waiting: list[bytes] = []
    moments: list[tuple[int, list[str]]] = []
    then: dict[int, list[Any]] = {}
    asked = known = 0
    for at, event in made.events():
        while asked < len(moments) and sorted(moments)[asked][0] < at:
            moment, nodes = sorted(moments)[asked]
            absorb(db, understand(waiting), 2000)
            waiting.clear()
            then[moment] = _answers(db, moment, nodes, past=False)
            asked += 1
        waiting.append(json.dumps(event).encode())
        for fault in made.faults[known:]:
            known += 1
            nodes = [node.removeprefix("dataset:") for node in fault.affected[:3]]
            assert fault.at is not None
            for later in (20 * MINUTE, 2 * HOUR, fault.lasts - 7 * MINUTE, fault.lasts + 3 * HOUR):
                moments.append((fault.at + later, nodes))
    absorb(db, understand(waiting), 2000)
    assert len(then) >= 30
    assert any(answer[3] for answers in then.values() for answer in answers)
    for moment, nodes in moments:
        if moment in then:
            assert _answers(db, moment, nodes, past=True) == then[moment], moment
    db.dispose()
