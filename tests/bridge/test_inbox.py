from __future__ import annotations

import sqlalchemy as sa

from fairlead_bridge import inbox, outbox
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.db.tables import delivery, event
from fairlead_bridge.model import Name
from fairlead_bridge.retention import drop_old_events

NOW = 1_700_000_000_000_000


def receive(db: sa.Engine, *bodies: bytes, now: int = NOW) -> int:
    with writing(db) as tx:
        return inbox.put(tx, bodies, "test", now)


def claimed(db: sa.Engine, limit: int = 100) -> list[bytes]:
    with writing(db) as tx:
        arrivals = inbox.claim(tx, limit)
        inbox.ack(tx, [arrival.id for arrival in arrivals])
        return [arrival.body for arrival in arrivals]


def counts(db: sa.Engine) -> inbox.Counts:
    with reading(db) as tx:
        return inbox.counts(tx)


def test_events_come_out_in_the_order_they_came_and_byte_for_byte(db: sa.Engine) -> None:
    receive(db, b"b", b"\x00\xff", b"")
    receive(db, b"a" * 1_000_000)
    assert claimed(db) == [b"b", b"\x00\xff", b"", b"a" * 1_000_000]
    assert claimed(db) == []


def test_the_same_bytes_twice_are_one_event(db: sa.Engine) -> None:
    assert receive(db, b"a", b"a") == 1
    assert receive(db, b"a", b"b") == 1
    assert claimed(db) == [b"a", b"b"]
    assert receive(db, b"a") == 0
    assert claimed(db) == []


def test_a_claim_takes_the_oldest_and_leaves_the_rest(db: sa.Engine) -> None:
    receive(db, b"1", b"2", b"3")
    assert claimed(db, limit=2) == [b"1", b"2"]
    assert claimed(db, limit=2) == [b"3"]


def test_a_claim_holds_no_more_than_memory_does(db: sa.Engine) -> None:
    large = [bytes([letter]) * (inbox.CLAIM_BYTES // 2 + 1) for letter in b"abc"]
    receive(db, *large)
    assert [len(claimed(db)), len(claimed(db)), len(claimed(db))] == [2, 1, 0]


def test_what_is_not_acknowledged_waits_on(db: sa.Engine) -> None:
    receive(db, b"a")
    with writing(db) as tx:
        inbox.claim(tx, 1)
    assert counts(db).waiting == 1


def test_the_counts_say_what_waits_and_what_is_odd(db: sa.Engine) -> None:
    assert counts(db) == inbox.Counts(0, 0, 0, None, None)
    receive(db, b"a", b"b")
    receive(db, b"c", now=NOW + 5)
    with writing(db) as tx:
        first, *_ = inbox.claim(tx, 1)
        inbox.quarantine(tx, [(first.id, "no job")], NOW)
        inbox.ack(tx, [first.id])
    assert counts(db) == inbox.Counts(2, 1, 3, NOW + 5, NOW)


def test_odd_events_are_shown_newest_first_with_reason_and_bytes(db: sa.Engine) -> None:
    receive(db, b"a", b"b", b"c")
    with writing(db) as tx:
        a, b, c = (arrival.id for arrival in inbox.claim(tx, 3))
        inbox.quarantine(tx, [(a, "first"), (b, "second"), (c, "third")], NOW)
        inbox.quarantine(tx, [(c, "other")], NOW)
    with reading(db) as tx:
        newest = inbox.quarantined(tx, 2)
        older = inbox.quarantined(tx, 2, before=newest[-1].event.id)
    assert [(item.event.body, item.reason) for item in newest + older] == [
        (b"c", "other"),
        (b"b", "second"),
        (b"a", "first"),
    ]


def test_replaying_the_quarantine_brings_back_only_that(db: sa.Engine) -> None:
    receive(db, b"a", b"b")
    with writing(db) as tx:
        a, b = (arrival.id for arrival in inbox.claim(tx, 2))
        inbox.quarantine(tx, [(a, "odd")], NOW)
        inbox.ack(tx, [a, b])
    with writing(db) as tx:
        assert inbox.replay(tx, quarantined=True) == 1
    assert counts(db).quarantined == 0
    assert claimed(db) == [b"a"]


def test_replaying_the_log_brings_back_everything_once(db: sa.Engine) -> None:
    receive(db, b"a", b"b")
    claimed(db)
    receive(db, b"c")
    with writing(db) as tx:
        assert inbox.replay(tx) == 3
        assert inbox.replay(tx) == 3
    assert claimed(db) == [b"a", b"b", b"c"]


def test_a_runs_events_are_found_again(db: sa.Engine) -> None:
    receive(db, b"a", b"b", b"c")
    with writing(db) as tx:
        a, b, c = (arrival.id for arrival in inbox.claim(tx, 3))
        inbox.remember(tx, [(7, c), (7, a), (8, b)])
        inbox.remember(tx, [(7, a)])
    with reading(db) as tx:
        kept = inbox.events_of(tx, [7])
        assert [(item.body, item.source, item.received_at) for item in kept] == [
            (b"a", "test", NOW),
            (b"c", "test", NOW),
        ]
        assert [item.body for item in inbox.events(tx, [c, b, 999])] == [b"b", b"c"]
        assert inbox.events_of(tx, [9]) == []


def test_old_events_are_forgotten_unless_they_wait_or_are_odd(db: sa.Engine) -> None:
    receive(db, b"odd", b"done", b"waits")
    with writing(db) as tx:
        odd, done = (arrival.id for arrival in inbox.claim(tx, 2))
        inbox.quarantine(tx, [(odd, "odd")], NOW)
        inbox.remember(tx, [(7, done)])
        inbox.ack(tx, [odd, done])
    receive(db, b"new", now=NOW + 10)
    assert drop_old_events(db, [], NOW) == 0
    assert drop_old_events(db, [], NOW + 1, limit=1) == 1
    with writing(db) as tx:
        assert inbox.events_of(tx, [7]) == []
        assert tx.scalar(sa.select(sa.func.count()).select_from(event)) == 3
    assert claimed(db) == [b"waits", b"new"]


def test_what_a_sink_has_yet_to_receive_is_not_deleted(db: sa.Engine) -> None:
    """But for a sink that is there no more; and nothing stays noted of what is forgotten."""
    receive(db, b"told", b"owed", b"refused")
    claimed(db)
    with writing(db) as tx:
        ids = list(tx.scalars(sa.select(event.c.id).order_by(event.c.id)))
        names = [Name("event", number) for number in ids]
        outbox.put(tx, names, {"here": {"event"}, "removed": {"event"}}, NOW)
        reported, _, refused = outbox.claim(tx, "here", 3, NOW)
        outbox.record_outcomes(
            tx, [outbox.Delivered(reported, b""), outbox.GivenUp(refused, "no")], NOW
        )
    assert drop_old_events(db, ["here"], NOW + 1) == 2
    with reading(db) as tx:
        assert [tuple(row) for row in tx.execute(sa.select(delivery.c.sink, delivery.c.key))] == [
            ("here", ids[1]),
            ("removed", ids[1]),
        ]
    assert drop_old_events(db, ["other"], NOW + 1) == 1
    with reading(db) as tx:
        assert not tx.execute(sa.select(delivery)).all()


def test_a_log_without_its_beginning_says_so(db: sa.Engine) -> None:
    receive(db, b"a", b"b")
    claimed(db)
    with writing(db) as tx:
        assert inbox.is_whole(tx)
        inbox.forget(tx, [1])
        assert not inbox.is_whole(tx)
