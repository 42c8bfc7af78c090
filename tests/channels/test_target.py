"""What goes to a channel now, what waits for quiet hours or a digest, and what goes together."""

from __future__ import annotations

from typing import Any

import pytest

from fairlead_bridge.channels.message import Writer
from fairlead_bridge.channels.notice import Received, read_received, write_received
from fairlead_bridge.channels.routes import Route, owners_of
from fairlead_bridge.channels.schedule import Every, Schedule
from fairlead_bridge.channels.target import LONGEST_HOLD, RECHECK_AFTER, ChannelTarget, Item, Pusher
from fairlead_bridge.entries import AffectedAsset, IncidentEntry
from fairlead_bridge.errors import Rejected
from fairlead_bridge.model import Delivery
from fairlead_bridge.sinks import Later, Prepared, Ready, Same
from tests.support.channels.incidents import BERLIN, HOUR, MINUTE, at, incident
from tests.support.channels.targets import NIGHT, Recorder, target

NOON = at("2026-11-28 12:00")


def prepare(
    channel: ChannelTarget,
    about: IncidentEntry,
    now: int,
    *,
    since: int | None = None,
    received: Received | None = None,
) -> Prepared:
    sent = write_received(received) if received else None
    delivery = Delivery("notify:c", about.name, 1, 0, sent, since or now)
    return channel.prepare(delivery, about, now)


def test_without_quiet_hours_a_message_goes_at_once_and_alone() -> None:
    ready = prepare(target(), incident(severity="warning"), NOON)
    assert isinstance(ready, Ready)
    assert not ready.payload.collected
    assert read_received(ready.fingerprint).status == "open"


def test_in_quiet_hours_only_what_is_critical_goes() -> None:
    night, morning = at("2026-11-28 03:00"), at("2026-11-28 07:00")
    channel = target(NIGHT)
    assert isinstance(prepare(channel, incident(), night), Ready)
    warning = incident(severity="warning")
    assert prepare(channel, warning, night) == Later(morning)
    ready = prepare(channel, warning, morning, since=night)
    assert isinstance(ready, Ready)
    assert ready.payload.collected
    assert ready.group == "digest"


def test_what_becomes_critical_in_quiet_hours_goes_at_once() -> None:
    ready = prepare(target(NIGHT), incident(), at("2026-11-28 03:00"), since=at("2026-11-28 01:00"))
    assert isinstance(ready, Ready)
    assert not ready.payload.collected


def test_what_could_not_be_delivered_before_quiet_hours_waits_for_their_end() -> None:
    evening, night = at("2026-11-27 21:00"), at("2026-11-27 23:00")
    late = prepare(target(NIGHT), incident(severity="warning"), night, since=evening)
    assert late == Later(at("2026-11-28 07:00"))


def test_a_digest_that_its_receiver_missed_goes_as_soon_as_it_is_back() -> None:
    channel = target(Schedule(Every(15 * MINUTE)))
    assert prepare(channel, incident(), NOON + 1, since=NOON) == Later(NOON + 15 * MINUTE)
    assert isinstance(prepare(channel, incident(), NOON + 16 * MINUTE, since=NOON), Ready)


def test_a_receiver_that_takes_no_digests_gets_each_alone_after_quiet_hours() -> None:
    channel = target(NIGHT, collects=False)
    about = incident(severity="warning")
    morning = at("2026-11-28 07:00")
    ready = prepare(channel, about, morning, since=at("2026-11-28 03:00"))
    assert isinstance(ready, Ready)
    assert not ready.payload.collected


def test_what_no_route_leads_to_is_not_sent_and_later_it_is_as_if_new() -> None:
    channel = target(routes=[Route(("c",), severity="critical")])
    assert prepare(channel, incident(severity="warning"), NOON) == Same(None)
    ready = prepare(channel, incident(), NOON)
    assert isinstance(ready, Ready)
    assert ready.payload.notice.transition == "opened"


SALES, FINANCE = Route(("c",), owner=("sales",)), Route(("c",), owner=("fin*",))


def owned(*owners: str, **about: Any) -> IncidentEntry:
    assets = tuple(AffectedAsset(f"dataset:h:{it}", it, "late", (it,)) for it in owners)
    return incident(affected=assets, owners=(), **about)


def test_a_channel_is_notified_of_an_incident_when_it_reaches_its_owner() -> None:
    channel = target(routes=[FINANCE])
    assert prepare(channel, owned("sales"), NOON) == Same(None)
    ready = prepare(channel, owned("sales", "finance"), NOON)
    assert isinstance(ready, Ready)
    assert ready.payload.notice.transition == "opened"
    received = read_received(ready.fingerprint)
    again = prepare(channel, owned("sales", "finance", "fin2"), NOON, received=received)
    assert isinstance(again, Same)


@pytest.mark.parametrize(
    ("schedule", "due"), [(NIGHT, "2026-11-28 07:00"), (Schedule(Every(HOUR)), "2026-11-28 04:00")]
)
def test_another_owner_of_the_channel_is_reached_once_by_its_digests_and_quiet_hours(
    schedule: Schedule, due: str
) -> None:
    night = at("2026-11-28 03:00")
    channel = target(schedule, routes=[SALES, FINANCE])
    warning = {"severity": "warning", "is_running": True}
    opened = prepare(channel, owned("sales", **warning), at(due), since=night)
    assert isinstance(opened, Ready)
    received = read_received(opened.fingerprint)
    both = owned("sales", "finance", **warning)
    assert prepare(channel, both, night, received=received) == Later(at(due))
    ready = prepare(channel, both, at(due), since=night, received=received)
    assert isinstance(ready, Ready)
    assert (ready.payload.collected, ready.payload.notice.reached) == (True, ("finance",))
    after = read_received(ready.fingerprint)
    assert isinstance(prepare(channel, both, at(due), received=after), Same)


def test_an_owner_is_reached_only_by_routes_that_take_the_incident() -> None:
    critical = Route(("c",), owner=("fin*",), severity="critical")
    last, elsewhere = Route(("c",), owner=("sales",), last=True), Route(("d",), owner=("fin*",))
    both = owned("sales", "finance", severity="warning")
    assert owners_of([SALES, critical], "c", both) == {"sales": ("sales",)}
    assert owners_of([last, FINANCE], "c", both) == {"sales": ("sales",)}
    assert owners_of([elsewhere, FINANCE], "c", both) == {"fin*": ("finance",)}


def test_who_was_notified_of_an_incident_is_notified_of_its_end_whatever_the_routes_say_then() -> (
    None
):
    channel = target(routes=[Route(("c",), severity="critical")])
    opened = prepare(channel, incident(), NOON)
    assert isinstance(opened, Ready)
    received = read_received(opened.fingerprint)
    end = incident(severity="warning", state="resolved", resolved_at=NOON, affected=())
    ready = prepare(channel, end, NOON, received=received)
    assert isinstance(ready, Ready)
    assert ready.payload.notice.transition == "resolved"


def test_what_is_muted_is_remembered_as_muted() -> None:
    same = prepare(target(), incident(state="muted"), NOON)
    assert isinstance(same, Same)
    assert read_received(same.fingerprint).muted


def items(*numbers: int, collected: bool = False) -> list[Item]:
    found = []
    for number in numbers:
        ready = prepare(target(), incident(number), NOON)
        assert isinstance(ready, Ready)
        found.append(Item(ready.payload.notice, collected))
    return found


def test_collected_messages_are_one_and_have_its_outcome() -> None:
    channel = Recorder()
    outcomes = list(Pusher(channel, Writer(BERLIN)).push([*items(1, 2, collected=True), *items(3)]))
    assert channel.sent == [[1, 2], [3]]
    assert outcomes == [None] * 3


def test_a_message_that_is_refused_costs_no_other() -> None:
    channel = Recorder()
    channel.refuse = {2}
    outcomes = list(Pusher(channel, Writer(BERLIN)).push(items(1, 2, 3)))
    assert channel.sent == [[1], [3]]
    assert [type(it) for it in outcomes] == [type(None), Rejected, type(None)]


OPENED = Received(1, "open", "critical", "job:prod:orders.load", text="orders.load failed")
MOVED = {"node": "job:prod:orders.next", "text": "orders.next was blocked", "changed_at": NOON}


def test_another_cause_is_announced_once_it_has_lasted_a_minute() -> None:
    moved = incident(**MOVED)
    assert prepare(target(), moved, NOON + 1, received=OPENED) == Later(NOON + MINUTE)
    ready = prepare(target(), moved, NOON + MINUTE, since=NOON, received=OPENED)
    assert isinstance(ready, Ready)
    assert ready.payload.notice.transition == "changed"


def test_what_becomes_more_severe_is_announced_at_once() -> None:
    received = Received(1, "open", "warning", "job:prod:orders.load")
    assert isinstance(prepare(target(), incident(**MOVED), NOON, received=received), Ready)


@pytest.mark.parametrize(
    "about", [MOVED, {"state": "resolved", "resolved_at": NOON, "changed_at": NOON}]
)
def test_while_the_job_runs_again_nothing_is_reported_of_another_cause_or_the_end(
    about: dict[str, Any],
) -> None:
    later = NOON + 5 * MINUTE
    waits = prepare(
        target(), incident(**about, is_running=True), later, since=NOON, received=OPENED
    )
    assert waits == Later(later + RECHECK_AFTER)
    done = prepare(target(), incident(**about), later, since=NOON, received=OPENED)
    assert isinstance(done, Ready)
    late = NOON + LONGEST_HOLD
    assert isinstance(
        prepare(target(), incident(**about, is_running=True), late, since=NOON, received=OPENED),
        Ready,
    )


def test_an_end_is_announced_under_the_name_that_the_incident_was_announced_by() -> None:
    end = incident(**MOVED | {"state": "resolved", "resolved_at": NOON})
    ready = prepare(target(), end, NOON, received=OPENED)
    assert isinstance(ready, Ready)
    message = Writer(BERLIN).message(ready.payload.notice)
    assert message.title == "Resolved: orders.load failed"
