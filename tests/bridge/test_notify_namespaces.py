"""A channel for one team: its messages name nothing of another."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.channels import settings
from fairlead_bridge.channels.target import ChannelTarget
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import open_database, reading, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.delivery.deliver import deliver_due
from fairlead_bridge.delivery.preview import preview
from fairlead_bridge.sinks import interests
from tests.bridge.monitored import Bridge, micros
from tests.bridge.tenancy import AMBER, COBALT, NOW, sends, store_of
from tests.support.channels.senders import SECRET
from tests.support.channels.vendors import Receiver
from tests.support.sinks.server import serving

LATER = NOW + timedelta(minutes=1)


CHANNELS: dict[str, list[str]] = {
    word: [f"team-{word}", f"team-{word}-*", f"postgres://{word}:*"] for word in (AMBER, COBALT)
} | {"all": ["*"]}


def channel(name: str, receiver: Receiver) -> ChannelTarget:
    hook = {
        "name": name,
        "type": "webhook",
        "url": receiver.url,
        "secret_env": "SECRET",
        "namespaces": CHANNELS[name],
    }
    environ = {"FAIRLEAD_NOTIFICATIONS": json.dumps({"channel": [hook]}), "SECRET": SECRET}
    (found,) = settings.read(environ, "https://lineage.example.com")
    return found


@dataclass
class Received:
    """What each channel received, and the titles that a preview has."""

    data: dict[str, list[dict[str, Any]]]
    titles: dict[str, list[str]]


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory) -> Received:
    """
    The amber team's load fails; its own tables and those that the cobalt team makes of them suffer.
    """
    db = open_database(f"sqlite:///{tmp_path_factory.mktemp('notify')}/a.db")
    migrate(db)
    with ExitStack() as servers:
        receivers = {name: Receiver(SECRET) for name in CHANNELS}
        for each in receivers.values():
            servers.enter_context(serving(each))
        targets = {name: channel(name, each) for name, each in receivers.items()}
        bridge = Bridge(db, interests=interests(list(targets.values())))
        sends(bridge, AMBER, COBALT, 0x10000, fails=True)
        sends(bridge, COBALT, AMBER, 0x20000, fails=False)
        spread_over(db, f"{store_of(COBALT)}:{COBALT}.totals")
        for target in targets.values():
            while deliver_due(db, target, micros(LATER), worker="one"):
                pass
        past = preview(db, list(targets.values()), 0, micros(LATER), 86_400)
    db.dispose()
    return Received(
        {name: [event["data"] for event in it.events.values()] for name, it in receivers.items()},
        {name: [each.title for each in past if each.channel == name] for name in CHANNELS},
    )


@pytest.mark.parametrize(("own", "other"), [(AMBER, COBALT), (COBALT, AMBER)])
def test_a_message_for_one_team_names_nothing_of_another(
    received: Received, own: str, other: str
) -> None:
    assert own in json.dumps(received.data[own])
    assert other not in json.dumps(received.data[own]).lower()
    assert received.titles[own]
    assert other not in json.dumps(received.titles[own]).lower()


def test_of_a_cause_that_a_channel_does_not_see_a_message_has_the_kind_and_the_own_tables(
    received: Received,
) -> None:
    unseen = [it for it in received.data[COBALT] if it["cause"]["node"] == "restricted"]
    assert unseen
    for data in unseen:
        assert [item["label"] for item in data["affected"]] == [f"{COBALT}.totals"]
        kind = data["cause"]["kind"].replace("_", " ")
        assert f"in namespaces that are not shown here ({kind})" in data["title"]
        assert data["links"]["Lineage"].endswith(f"{COBALT}.totals")
        assert data["cause"]["run_id"] is None


def test_a_channel_of_all_namespaces_names_everything(received: Received) -> None:
    text = json.dumps(received.data["all"])
    assert AMBER in text
    assert f"{COBALT}.totals" in text


def spread_over(db: sa.Engine, name: str) -> None:
    """Let every incident affect this table too."""
    with reading(db) as tx:
        incidents = tx.scalars(sa.select(t.incident.c.id)).all()
        namespace, _, table = name.rpartition(":")
        found = (t.dataset.c.namespace == namespace) & (t.dataset.c.name == table)
        node = tx.scalar(sa.select(t.dataset.c.id).where(found))
    with writing(db) as tx:
        rows = [
            {
                "incident_id": id, "node_id": node, "node": f"dataset:{name}", "label": table,
                "standing": "late", "owners": json.dumps([f"team:{COBALT}"]), "since_at": micros(NOW),
            }
            for id in incidents
        ]  # fmt: skip
        tx.execute(sa.insert(t.incident_affected), rows)
