"""One message when an incident opens, one when it changes, one when it resolves, and no other."""

from __future__ import annotations

import msgspec

from fairlead_bridge.channels.message import Writer
from fairlead_bridge.channels.notice import (
    Notice,
    Received,
    Transition,
    notice,
    read_received,
    without_message,
    write_received,
)
from fairlead_bridge.entries import IncidentEntry
from tests.support.channels.incidents import BEGAN, BERLIN, HOUR, affected, incident, message


class Channel:
    """What a channel receives while an incident goes through its states."""

    def __init__(self, *, has_own_incidents: bool = False) -> None:
        self.received = Received()
        self.has_own_incidents = has_own_incidents
        self.notices: list[Notice] = []

    def sees(self, about: IncidentEntry) -> Transition | None:
        found = notice("c", about, self.received, has_own_incidents=self.has_own_incidents)
        self.received = read_received(
            write_received(found.received if found else without_message(about, self.received))
        )
        if found is None:
            return None
        self.notices.append(found)
        return found.transition


RESOLVED = incident(state="resolved", resolved_at=incident().opened_at + 1)
MUTED = incident(state="muted")


def test_an_incident_is_announced_once_and_its_end_once() -> None:
    channel = Channel()
    seen = [channel.sees(it) for it in (incident(), incident(), RESOLVED, RESOLVED)]
    assert seen == ["opened", None, "resolved", None]


def test_more_affected_datasets_or_another_failed_try_are_no_message() -> None:
    channel = Channel()
    channel.sees(incident())
    assert channel.sees(incident(affected=affected(50), changed_at=1)) is None
    assert channel.sees(incident(run_id="another", text="orders.load failed again")) is None
    waits = incident(kind="not_started", text="orders.load has not written staging.orders")
    assert channel.sees(waits) is None


def test_an_owner_whom_the_channel_is_for_and_who_is_reached_later_is_one_message() -> None:
    received = Received()
    found_so_far = []
    for owners in ("sales", "sales", "sales finance", "finance", "sales"):
        found = notice("c", incident(), received, owners=by(owners))
        found_so_far.append((found.transition, found.reached) if found else None)
        received = read_received(write_received(found.received)) if found else received
    assert found_so_far == [("opened", ()), None, ("changed", ("finance",)), None, None]
    assert received.owners == ("sales*", "finance*")
    reopened = notice("c", incident(), _after_the_end(received), owners=by("finance"))
    assert reopened is not None
    assert (reopened.transition, reopened.received.owners) == ("reopened", ("finance*",))


def by(owners: str) -> dict[str, list[str]]:
    return {f"{owner}*": [owner] for owner in owners.split()}


def _after_the_end(received: Received) -> Received:
    end = notice("c", RESOLVED, received, owners=by("new"))
    assert end is not None
    assert (end.transition, end.reached) == ("resolved", ())
    return read_received(write_received(end.received))


def test_what_is_muted_is_no_message_to_further_owners_until_it_no_longer_is() -> None:
    first = notice("c", incident(), Received(), owners=by("sales"))
    assert first is not None
    owners = by("sales finance")
    assert notice("c", MUTED, first.received, owners=owners) is None
    later = notice("c", incident(), first.received, owners=owners)
    assert later is not None
    title = Writer(BERLIN).message(later).title
    assert title.startswith("Now also affects finance: Critical: ")


def test_an_incident_announced_before_owners_were_recorded_is_not_announced_again() -> None:
    assert notice("c", incident(), OLD, owners=by("finance")) is None


#: As versions before stored it.
OLD = read_received(msgspec.msgpack.encode([1, "open", "critical", incident().node, False, "text"]))


def test_another_cause_or_severity_is_one_message() -> None:
    channel = Channel()
    changes = [
        incident(severity="warning"),
        incident(),
        incident(),
        incident(node="job:prod:orders.extract"),
        incident(node="job:prod:orders.extract"),
    ]
    assert [channel.sees(it) for it in changes] == ["opened", "changed", None, "changed", None]


def test_each_message_has_an_id_of_its_own_that_stays_when_it_is_sent_again() -> None:
    channel = Channel()
    steps = [incident(), incident(severity="warning"), incident(), RESOLVED, incident(), RESOLVED]
    for step in steps:
        channel.sees(step)
    assert [it.transition for it in channel.notices] == [
        *("opened", "changed", "changed", "resolved", "reopened", "resolved")
    ]
    ids = [it.id for it in channel.notices]
    assert len(set(ids)) == len(ids)
    once, again = (notice("c", incident(), Received()) for _ in range(2))
    assert once
    assert again
    assert once.id == again.id == ids[0]
    other = notice("d", incident(), Received())
    assert other
    assert other.id != once.id


def test_what_is_muted_is_no_message_not_even_its_end() -> None:
    channel = Channel()
    assert [channel.sees(it) for it in (MUTED, MUTED, RESOLVED)] == [None, None, None]
    channel = Channel()
    assert [channel.sees(it) for it in (incident(), MUTED, RESOLVED)] == ["opened", None, None]


def test_what_is_muted_no_longer_is_announced_if_it_never_was() -> None:
    channel = Channel()
    assert [channel.sees(it) for it in (MUTED, incident(), RESOLVED)] == [
        None,
        "opened",
        "resolved",
    ]
    channel = Channel()
    seen = [channel.sees(it) for it in (incident(), MUTED, incident(), RESOLVED)]
    assert seen == ["opened", None, None, "resolved"]


def test_what_resolved_before_it_could_be_announced_is_one_message() -> None:
    channel = Channel()
    assert [channel.sees(it) for it in (RESOLVED, RESOLVED)] == ["resolved", None]


def test_a_receiver_with_incidents_of_its_own_hears_of_acknowledgements_and_ends() -> None:
    channel = Channel(has_own_incidents=True)
    acknowledged = incident(state="acknowledged", acknowledged_by="kim")
    seen = [channel.sees(it) for it in (incident(), acknowledged, acknowledged, MUTED, RESOLVED)]
    assert seen == ["opened", "acknowledged", None, None, "resolved"]
    assert Channel(has_own_incidents=True).sees(RESOLVED) is None  # there is nothing to close
    assert Channel().sees(acknowledged) == "opened"


def test_a_message_says_who_resolved_it() -> None:
    over = {"state": "resolved", "resolved_at": BEGAN + HOUR}
    announced = Received(1, "open", "critical", "job:prod:orders.load")
    by_ann = message(incident(resolved_by="ann", **over), announced)
    assert ("Resolved by", "ann") in by_ann.facts
    by_itself = message(incident(**over), announced)
    assert "Resolved by" not in dict(by_itself.facts)
