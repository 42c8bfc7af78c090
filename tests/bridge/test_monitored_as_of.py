"""Incidents and reliability of a past moment are what they were then, whatever came later."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from tests.bridge.asking import Api
from tests.bridge.monitored import Bridge
from tests.support.company import company

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Monitoring looks so often, and what it says is asked for at every so many times.
STEP, ASKED = timedelta(hours=2), 3


def test_incidents_and_reliability_of_a_past_moment_are_what_they_were_then(db: sa.Engine) -> None:
    """Monitoring goes on all the time; each answer is asked for again when all is over."""
    api, bridge = Api(db), Bridge(db)
    made = company(seed=4, dags=8, weeks=1, faults=6)
    waiting: list[bytes] = []
    then: list[tuple[datetime, dict[str, Any]]] = []
    looks = 0
    for at, event in made.events():
        moment = EPOCH + timedelta(microseconds=at)
        if looks == 0:
            api.now, looks = moment, 1
        while moment > api.now + STEP:
            api.now += STEP
            bridge.take(waiting, api.now)
            waiting.clear()
            looks += 1
            if looks % ASKED == 0:
                then.append((api.now, _reported(api)))
        waiting.append(json.dumps(event).encode())
    api.now += STEP
    bridge.take(waiting, api.now)
    states = {item["state"] for _, reported in then for item in reported["incidents"]}
    assert {"open", "resolved"} <= states
    differing = [at for at, reported in then if _reported(api, as_of=at.isoformat()) != reported]
    assert differing == []


def _reported(api: Api, **moment: str) -> dict[str, Any]:
    return {
        "incidents": api.pages("incidents", **moment),
        "reliability": api.pages("reliability", by="dataset", days=30, **moment),
        # Of a DAG run that was cleared only its last end is kept.
        "dags": [item["name"] for item in api.pages("reliability", by="dag", days=30, **moment)],
    }
