"""What a read may cost, whatever is asked for and however dense the graph is."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import HTTPException

from fairlead_bridge.web.lineage import graph
from fairlead_bridge.web.lineage.turns import Turns
from tests.bridge.asking import Api
from tests.support.small import dataset, run_event, uuid

FOCUS = "dataset:postgres://h:5432:s.out"


@pytest.fixture
def dense(db: sa.Engine) -> Api:
    """110 jobs that each read the same 110 tables: 12,100 edges between 221 cards."""
    api = Api(db)
    tables = [dataset(f"s.wide{n}") for n in range(110)]
    api.send(
        *(
            run_event(
                "COMPLETE", "10:00:00", uuid(n), f"j{n}", inputs=tables, outputs=[dataset("s.out")]
            )
            for n in range(110)
        )
    )
    return api


def test_a_picture_has_a_bounded_number_of_edges_and_says_what_it_leaves_out(dense: Api) -> None:
    asked: dict[str, Any] = {"node": FOCUS, "up": 50, "down": 50, "limit": 5000}
    drawn = dense.get("graph", **asked)
    assert drawn["focus"] == FOCUS
    assert 5_000 < len(drawn["edges"]) <= graph.MOST_EDGES
    assert len(drawn["cards"]) + drawn["truncated"] == 221
    shown = {card["node"] for card in drawn["cards"]}
    assert all({edge["source"], edge["target"]} <= shown for edge in drawn["edges"])
    svg = dense.http.get("/api/v1/graph.svg", params=asked).text
    assert len(re.findall("<path", svg)) <= 2 * graph.MOST_EDGES
    assert len(svg) < 10_000_000


def test_few_large_pictures_are_drawn_at_once() -> None:
    turns = Turns(at_once=2, patience=0.01)
    with turns.take(), turns.take():
        with pytest.raises(HTTPException) as refused, turns.take():
            raise AssertionError("there was no turn left")
        assert refused.value.status_code == 503
        assert refused.value.headers == {"Retry-After": "5"}
    with turns.take():
        pass
