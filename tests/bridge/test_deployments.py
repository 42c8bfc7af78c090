"""Two Airflows that send under one namespace are noticed; one that moved is not taken for two."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
import sqlalchemy as sa

from tests.bridge.absorbing import absorb, dump, understand
from tests.bridge.asking import Api
from tests.support.small import run_event, uuid

LAPTOP, SERVER = "/home/ann/airflow.db on host laptop", "database airflow of PostgreSQL server 7"


def received(deployment: str, at: str, namespace: str = "default") -> bytes:
    facet = {"fairlead_deployment": {"name": deployment}}
    return run_event("OTHER", at, uuid(1), "shop", namespace=namespace, run=facet)


def shared(api: Api) -> list[tuple[str, bool]]:
    return [(each["name"], each["shares_namespace"]) for each in api.get("deployments")]


@pytest.fixture
def api(db: sa.Engine) -> Api:
    return Api(db)


def test_two_that_send_at_the_same_time_are_named_by_health(api: Api) -> None:
    api.send(
        received(SERVER, "2026-11-01T01:00:00Z"),
        received(LAPTOP, "2026-11-01T02:00:00Z"),
        received(SERVER, "2026-11-01T03:00:00Z"),
    )
    assert shared(api) == [(LAPTOP, True), (SERVER, True)]
    health = api.get("health")
    assert health["status"] == "ok"
    [warning] = health["warnings"]
    assert "namespace default" in warning
    assert LAPTOP in warning
    assert SERVER in warning
    assert "[openlineage] namespace" in warning


@pytest.mark.parametrize(
    "events",
    [
        [received(SERVER, "2026-11-01T01:00:00Z"), received(SERVER, "2026-11-01T03:00:00Z")],
        [  # moved
            received(LAPTOP, "2026-11-01T01:00:00Z"),
            received(LAPTOP, "2026-11-01T02:00:00Z"),
            received(SERVER, "2026-11-01T03:00:00Z"),
            received(SERVER, "2026-11-01T04:00:00Z"),
        ],
        [  # each has its own
            received(SERVER, "2026-11-01T01:00:00Z"),
            received(LAPTOP, "2026-11-01T02:00:00Z", namespace="dev"),
            received(SERVER, "2026-11-01T03:00:00Z"),
        ],
        [  # mended days ago
            received(SERVER, "2026-10-01T01:00:00Z"),
            received(LAPTOP, "2026-10-01T02:00:00Z"),
            received(SERVER, "2026-11-01T03:00:00Z"),
        ],
    ],
    ids=["alone", "moved", "apart", "mended"],
)
def test_nothing_is_reported_where_one_sends_under_a_namespace(
    api: Api, events: list[bytes]
) -> None:
    api.send(*events)
    assert not any(shares for _, shares in shared(api))
    assert api.get("health")["warnings"] == []


def test_their_order_and_how_often_they_come_do_not_matter(db: sa.Engine) -> None:
    events = [
        received(name, f"2026-11-01T{hour:02}:00:00Z")
        for hour, name in enumerate([LAPTOP, SERVER, LAPTOP, SERVER, SERVER])
    ]
    absorb(db, understand(events))
    expected = dump(db)["deployment"]
    shuffled: list[Any] = events * 2
    random.Random(7).shuffle(shuffled)
    absorb(db, understand(shuffled), batch=3)
    assert dump(db)["deployment"] == expected


@pytest.mark.parametrize("reported", [{}, {"name": None}, {"name": ""}, {"name": ["x"]}, 7, None])
def test_a_facet_that_names_nothing_says_nothing(api: Api, reported: Any) -> None:
    event = json.loads(received(SERVER, "2026-11-01T01:00:00Z"))
    event["run"]["facets"] = {"fairlead_deployment": reported}
    api.send(json.dumps(event).encode())
    assert api.get("deployments") == []
