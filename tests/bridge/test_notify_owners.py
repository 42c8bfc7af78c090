"""Incidents that reach the datasets of further owners while they last."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.delivery.preview import preview
from tests.bridge.monitored import micros, ran
from tests.bridge.notified import BROKE, MINUTE, Notified, at, receiver
from tests.support.channels.vendors import Receiver

__all__ = ["receiver"]  # a fixture

HOUR = timedelta(hours=1)


def reports(owner: str) -> list[bytes]:
    """A table of this owner, made of the totals each morning."""
    facet = {"owners": [{"name": owner, "type": "DATA_OWNER"}]}
    events = [
        event
        for day in range(14)
        for event in ran("report", at(day, 6), "COMPLETE", "totals", "report")
    ]
    found = []
    for event in map(json.loads, events):
        for dataset in event.get("outputs", ()):
            dataset["facets"] = {"ownership": facet}
        found.append(json.dumps(event).encode())
    return found


@pytest.mark.parametrize(
    ("routes", "transitions", "reached"),
    [
        ([{"owner": "finance", "channels": "ops"}], ["opened"], []),
        (
            [{"tag": "no-*", "channels": "ops"}, {"owner": ["finance", "*"], "channels": "ops"}, {"dataset": "shop.raw", "channels": "ops"}],
            ["opened", "changed"],
            ["finance"],
        ),
        ([{"owner": "sales", "channels": "ops"}], [], []),
    ],
)  # fmt: skip
def test_who_owns_what_an_incident_reaches_later_is_notified_of_it_once(
    db: sa.Engine, receiver: Receiver, routes: list[Any], transitions: list[str], reached: list[str]
) -> None:
    bridge = Notified(db, receiver, routes)
    bridge.breaks()
    bridge.deliver(BROKE)
    already = transitions[:-1]
    assert bridge.received() == already
    for minutes in (5, 10):
        bridge.take(reports("finance") if minutes == 5 else [], BROKE + minutes * MINUTE)
        bridge.deliver(BROKE + minutes * MINUTE)
    assert "joined" in bridge.timeline(1)
    assert bridge.received() == transitions
    if reached:
        last = list(receiver.events.values())[-1]["data"]
        assert last["reached"] == reached
        assert last["title"].startswith("Now also affects finance: ")
    before = preview(db, [bridge.channel], micros(BROKE) - 1, micros(BROKE + HOUR), 86_400.0)
    assert len(before) == len(transitions)
