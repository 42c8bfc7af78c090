"""From events to messages: a real database, real incidents, real receivers."""

from __future__ import annotations

import json
import threading
from contextlib import ExitStack

import pytest
import sqlalchemy as sa

from fairlead_bridge import outbox
from fairlead_bridge.channels import settings
from fairlead_bridge.channels.target import ChannelTarget
from fairlead_bridge.cli import main
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.delivery.deliver import deliver_due
from fairlead_bridge.model import Name
from fairlead_bridge.monitoring import actions
from fairlead_bridge.monitoring.evaluate import evaluate
from fairlead_bridge.sinks import interests
from fairlead_bridge.workers.loops import Loops
from fairlead_bridge.workers.steps import Deliver
from tests.bridge.asking import Api
from tests.bridge.monitored import micros, morning, ran
from tests.bridge.notified import BROKE, MINUTE, RECOVERED, Notified, at, receiver
from tests.support.channels.senders import SECRET
from tests.support.channels.vendors import Receiver
from tests.support.sinks.server import Answer, Cut, Request, serving
from tests.support.waiting import until

__all__ = ["receiver"]  # a fixture


@pytest.fixture
def bridge(db: sa.Engine, receiver: Receiver) -> Notified:
    return Notified(db, receiver)


def test_a_failure_is_one_message_and_its_end_another(bridge: Notified) -> None:
    bridge.breaks()
    bridge.deliver(BROKE)
    bridge.deliver(BROKE + MINUTE)
    assert bridge.received() == ["opened"]
    bridge.recovers()
    bridge.deliver(RECOVERED)
    assert bridge.received() == ["opened", "resolved"]
    assert len(bridge.receiver.seen) == 2
    opened, resolved = (event["data"] for event in bridge.receiver.events.values())
    assert opened["text"] == "load failed: load broke"
    assert opened["path"][0] == "load"
    assert opened["cause"]["node"] == "job:prod:load"
    assert {item["label"] for item in opened["affected"]} >= {"shop.raw", "shop.orders"}
    assert opened["affected_total"] == len(opened["affected"]) == 5
    assert opened["links"]["Lineage"].endswith("/lineage?focus=job%3Aprod%3Aload")
    assert opened["links"]["Open in Fairlead"] == "https://lineage.example.com/incidents/1"
    assert resolved["resolved_at"] == "2026-11-16T09:30:00.000+00:00"


def test_what_joins_the_incident_is_no_message(bridge: Notified) -> None:
    bridge.breaks()
    bridge.deliver(BROKE)
    bridge.take(ran("report", at(14, 5.2), "FAIL", "totals", "report"), at(14, 5.3))
    bridge.deliver(at(14, 5.3))
    assert bridge.received().count("resolved") == 0
    assert [it for it in bridge.receiver.events.values() if it["subject"] == "1"][1:] == []


def test_a_receiver_that_is_away_for_an_hour_gets_one_message_of_each(bridge: Notified) -> None:
    bridge.receiver.trouble = lambda _: Answer(503, {})
    bridge.breaks()
    for minute in range(60):
        bridge.deliver(BROKE + minute * MINUTE)
    assert bridge.received() == []
    bridge.receiver.trouble = lambda _: None
    bridge.deliver(BROKE + 75 * MINUTE)
    assert bridge.received() == ["opened"]
    assert bridge.states() == ["settled"]


def test_what_was_over_before_the_receiver_came_back_is_one_message(bridge: Notified) -> None:
    bridge.breaks()
    bridge.recovers()
    bridge.deliver(RECOVERED)
    assert bridge.received() == ["resolved"]


def test_a_worker_killed_after_the_receiver_took_it_sends_the_same_id_again(
    bridge: Notified,
) -> None:
    bridge.receiver.trouble = lambda _: Cut(after=True)
    bridge.breaks()
    bridge.deliver(BROKE)
    bridge.receiver.trouble = lambda _: None
    bridge.deliver(BROKE + 15 * MINUTE)
    ids = [request.headers["webhook-id"] for request in bridge.receiver.seen]
    assert len(ids) >= 2
    assert len(set(ids)) == 1
    assert bridge.received() == ["opened"]


def test_the_next_worker_takes_over_at_once_from_one_that_died(bridge: Notified) -> None:
    bridge.breaks()
    with writing(bridge.db) as tx:  # claimed, and then killed
        assert outbox.claim(tx, "notify:ops", 10, micros(BROKE), worker="one")
    bridge.deliver(BROKE)
    assert bridge.received() == []
    with writing(bridge.db) as tx:
        outbox.reclaim(tx, "another", micros(BROKE))
    bridge.deliver(BROKE)
    assert bridge.received() == []
    with writing(bridge.db) as tx:
        outbox.reclaim(tx, "one", micros(BROKE))
    bridge.deliver(BROKE)
    assert bridge.received() == ["opened"]


def test_nothing_is_sent_of_what_is_muted(bridge: Notified) -> None:
    bridge.breaks()
    bridge.set(BROKE, state="muted", muted_by="kim")
    bridge.deliver(BROKE)
    bridge.recovers()
    bridge.deliver(RECOVERED)
    assert bridge.receiver.seen == []


def test_each_message_is_recorded_before_the_next_one_is_sent(bridge: Notified) -> None:
    recorded: list[int] = []

    def look(_: Request) -> None:
        with reading(bridge.db) as tx:
            settled = sa.select(sa.func.count()).where(t.delivery.c.state == "settled")
            recorded.append(tx.scalar(settled) or 0)

    bridge.receiver.trouble = look
    bridge.breaks()
    others = [event for n in range(3) for event in ran(f"j{n}", at(14, 5), "FAIL", "", f"t{n}")]
    good = [event for n in range(3) for event in ran(f"j{n}", at(14, 4), writes=f"t{n}")]
    bridge.take([*good, *others], BROKE + MINUTE)
    bridge.deliver(BROKE + MINUTE)
    assert len(bridge.receiver.events) == 4
    assert recorded == [0, 1, 2, 3]


def test_after_quiet_hours_what_happened_in_them_is_one_message(
    db: sa.Engine, receiver: Receiver
) -> None:
    bridge = Notified(db, receiver, quiet={"from": "00:00", "to": "08:00"})
    bridge.breaks()
    bridge.set(BROKE, severity="warning")
    good = [event for n in range(3) for event in ran(f"j{n}", at(14, 4), writes=f"t{n}")]
    bad = [event for n in range(3) for event in ran(f"j{n}", at(14, 5), "FAIL", "", f"t{n}")]
    bridge.take([*good, *bad], BROKE + MINUTE)
    bridge.set(BROKE + MINUTE, severity="warning")
    bridge.deliver(BROKE + 2 * MINUTE)
    assert receiver.seen == []
    bridge.deliver(at(14, 8))
    (event,) = receiver.events.values()
    assert event["type"] == "io.fairlead.incident.digest"
    assert len(event["data"]["incidents"]) == 4
    assert set(bridge.states()) == {"settled"}
    bridge.deliver(at(14, 8.1))
    assert len(receiver.seen) == 1


def test_what_becomes_critical_in_quiet_hours_is_sent_at_once(
    db: sa.Engine, receiver: Receiver
) -> None:
    bridge = Notified(db, receiver, quiet={"from": "00:00", "to": "08:00"})
    bridge.breaks()
    bridge.set(BROKE, severity="warning")
    bridge.deliver(BROKE)
    assert receiver.seen == []
    bridge.set(BROKE + MINUTE, severity="critical")
    bridge.deliver(BROKE + MINUTE)
    assert bridge.received() == ["opened"]


def test_every_channel_hears_by_itself(db: sa.Engine, receiver: Receiver) -> None:
    """One channel that is down keeps no other from its messages."""
    with ExitStack() as stack:
        other = Receiver(SECRET)
        stack.enter_context(serving(other))
        bridge = Notified(db, receiver)
        second: ChannelTarget = Notified(db, other, name="second").channel
        receiver.trouble = lambda _: Answer(500, {})
        bridge.breaks()
        with writing(db) as tx:
            names = [Name("incident", key) for key in tx.scalars(sa.select(t.incident.c.id))]
            outbox.put(tx, names, interests([second]), micros(BROKE))
        for target in (bridge.channel, second):
            deliver_due(db, target, micros(BROKE))
        assert (len(receiver.events), len(other.events)) == (0, 1)


def test_a_receiver_that_hangs_holds_no_other_up(db: sa.Engine, receiver: Receiver) -> None:
    bridge = Notified(db, receiver)
    other, held, reached = Receiver(SECRET), threading.Event(), threading.Event()

    def hangs(_: Request) -> None:
        reached.set()
        assert held.wait(30)

    receiver.trouble = hangs
    with serving(other):
        hook = {"name": "other", "type": "webhook", "url": other.url, "secret_env": "SECRET"}
        environ = {"FAIRLEAD_NOTIFICATIONS": json.dumps({"channel": [hook]}), "SECRET": SECRET}
        (second,) = settings.read(environ)
        wanted = interests([bridge.channel, second])
        bridge.receive(morning(14, fails="load"), BROKE)
        while evaluate(db, wanted, bridge.rules, micros(BROKE), 100):
            pass
        loops = Loops()
        for channel in (bridge.channel, second):
            loops.start("deliver", Deliver(db, channel, "one"), 0.05)
        try:
            assert reached.wait(30)
            until(lambda: len(other.events) == 1)  # while the first still hangs
            assert bridge.received() == []
        finally:
            held.set()
            loops.stop()
    assert bridge.received() == ["opened"]


def test_the_end_that_a_person_brought_says_who(bridge: Notified) -> None:
    bridge.breaks()
    bridge.deliver(BROKE)
    with writing(bridge.db) as tx:
        wanted = interests([bridge.channel])
        actions.act(tx, bridge.only().id, "resolve", "ann", None, wanted, micros(at(14, 6)))
    bridge.deliver(at(14, 6))
    assert bridge.received() == ["opened", "resolved"]
    *_, resolved = bridge.receiver.events.values()
    assert resolved["data"]["resolved_by"] == "ann"


def test_a_test_message_reaches_its_channel_and_no_other(
    receiver: Receiver, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = {"type": "webhook", "url": receiver.url, "secret_env": "SECRET"}
    asked = {"channel": [hook | {"name": "a"}, hook | {"name": "b", "url": "http://127.0.0.1:9"}]}
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setenv("FAIRLEAD_NOTIFICATIONS", json.dumps(asked))
    assert main(["notify", "test", "a"]) == 0
    assert "This is a test message" in str(receiver.events)
    assert main(["notify", "check", "a"]) == 0
    assert len(receiver.events) == 1
    assert main(["notify", "test", "b"]) == 1
    assert main(["notify", "test", "c"]) == 2
    output = capsys.readouterr()
    assert "a: a test message was sent" in output.out
    assert "no such channel: c; there are: a, b" in output.err


def test_deliveries_to_channels_are_listed_with_what_they_are_about(bridge: Notified) -> None:
    bridge.receiver.trouble = lambda _: Answer(400, {"error": "no"})
    bridge.breaks()
    bridge.deliver(BROKE)
    (item,) = Api(bridge.db, now=BROKE).get("deliveries", sink="notify:ops")["items"]
    assert (item["kind"], item["key"], item["state"]) == ("incident", "1", "rejected")
    assert item["name"] == "load failed: load broke"
    assert item["reason"].startswith("400 from POST")


def test_a_run_that_begins_again_is_not_yet_the_end(bridge: Notified) -> None:
    bridge.breaks()
    bridge.deliver(BROKE)
    again = ran("load", at(14, 5.1), "FAIL", writes="raw")
    bridge.take(again[:1], at(14, 5.1))
    bridge.deliver(at(14, 5.1))
    assert bridge.only().state == "open"  # until it succeeds
    assert bridge.received() == ["opened"]
    bridge.take(again[1:], at(14, 5.15))
    bridge.deliver(at(14, 5.2))
    assert bridge.only().state == "open"
    assert bridge.received() == ["opened"]
    bridge.recovers()
    bridge.deliver(RECOVERED)
    assert bridge.received() == ["opened", "resolved"]
    *_, resolved = bridge.receiver.events.values()
    assert resolved["data"]["title"] == "Resolved: load failed: load broke"


def test_while_a_late_chain_recovers_step_by_step_there_is_one_message(bridge: Notified) -> None:
    bridge.breaks()
    bridge.deliver(BROKE)
    for number, job in enumerate(("load", "clean", "sum")):
        hour = 9 + number / 100
        bridge.deliver(at(14, hour))
        events = [event.replace(b"T05:", b"T09:") for event in morning(14, jobs=[job])]
        bridge.take(events[:1], at(14, hour))
        bridge.deliver(at(14, hour))
        bridge.take(events[1:], at(14, hour + 0.005))
        bridge.deliver(at(14, hour + 0.005))
    bridge.deliver(RECOVERED)
    assert bridge.received() == ["opened", "resolved"]


def test_a_message_says_when_what_is_late_was_expected_and_will_be_there(bridge: Notified) -> None:
    bridge.evaluate(at(14, 11))
    bridge.deliver(at(14, 11))
    (event,) = bridge.receiver.events.values()
    late = {item["label"]: item for item in event["data"]["affected"]}["shop.totals"]
    assert late["standing"] == "late"
    assert late["expected_by"] < "2026-11-16T11:00" < late["eta"]["p50"]
    assert late["eta"]["low"] <= late["eta"]["p50"] <= late["eta"]["high"]
