"""Which sink has yet to receive what."""

from __future__ import annotations

import random

import pytest
import sqlalchemy as sa

from fairlead_bridge import outbox, retry
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.model import Delivery, Name

NOW = 1_795_000_000_000_000
SECOND = 1_000_000
TABLE, JOB, RUN = Name("dataset", 1), Name("job", 2), Name("run", 3)
ALL = {"one": {"dataset", "job", "run"}, "two": {"run"}}


def put(db: sa.Engine, *names: Name, now: int = NOW) -> None:
    with writing(db) as tx:
        outbox.put(tx, names, ALL, now)  # type: ignore[arg-type]


def claim(db: sa.Engine, sink: str = "one", now: int = NOW, limit: int = 10) -> list[Delivery]:
    with writing(db) as tx:
        return outbox.claim(tx, sink, limit, now)


def record(db: sa.Engine, *results: outbox.Result, now: int = NOW) -> None:
    with writing(db) as tx:
        outbox.record_outcomes(tx, results, now)
        for sink in {result.delivery.sink for result in results}:
            outbox.release(tx, sink, now)


def count(db: sa.Engine, sink: str = "one") -> outbox.Count:
    with reading(db) as tx:
        return outbox.counts(tx, [sink], NOW)[sink]


def test_each_sink_hears_of_the_kinds_it_wants(db: sa.Engine) -> None:
    put(db, RUN, TABLE, JOB)
    assert [claimed.name for claimed in claim(db, "one")] == [TABLE, JOB, RUN]
    assert [claimed.name for claimed in claim(db, "two")] == [RUN]


def test_two_changes_of_one_entry_are_one_delivery(db: sa.Engine) -> None:
    put(db, TABLE)
    put(db, TABLE, now=NOW + SECOND)
    (claimed,) = claim(db, now=NOW + SECOND)
    assert claimed.version == 2
    assert count(db).oldest_waiting_at == NOW


def test_a_claim_is_held_until_it_is_released(db: sa.Engine) -> None:
    put(db, TABLE)
    (claimed,) = claim(db)
    assert claim(db) == []
    record(db, outbox.Delivered(claimed, b"mark"))
    assert claim(db) == []
    assert count(db).in_sync == 1


def test_a_worker_that_died_leaves_everything_due_again(db: sa.Engine) -> None:
    put(db, TABLE)
    claim(db)
    assert claim(db, now=NOW + outbox.LEASE - 1) == []
    assert [claimed.name for claimed in claim(db, now=NOW + outbox.LEASE)] == [TABLE]


def test_a_change_during_a_delivery_is_not_lost(db: sa.Engine) -> None:
    put(db, TABLE)
    (claimed,) = claim(db)
    put(db, TABLE, now=NOW + 1)
    record(db, outbox.Delivered(claimed, b"old"), now=NOW + 2)
    (again,) = claim(db, now=NOW + 3)
    assert (again.version, again.sent, again.attempts) == (2, b"old", 0)


def test_a_change_queues_a_rejected_entry_again(db: sa.Engine) -> None:
    put(db, TABLE)
    record(db, outbox.GivenUp(claim(db)[0], "no such table"))
    assert count(db).rejected == 1
    put(db, TABLE)
    assert [claimed.attempts for claimed in claim(db)] == [0]


def test_a_refused_entry_can_be_tried_again_by_hand(db: sa.Engine) -> None:
    put(db, TABLE)
    record(db, outbox.GivenUp(claim(db)[0], "no such table"))
    assert claim(db) == []
    with writing(db) as tx:
        assert outbox.retry_rejected(tx, "one", NOW) == 1
    assert [claimed.name for claimed in claim(db)] == [TABLE]


def test_a_postponed_entry_waits_and_a_change_does_not_hurry_it(db: sa.Engine) -> None:
    put(db, TABLE, JOB)
    first = claim(db)
    record(
        db, outbox.postpone(first[0], "500", NOW, retry_after=60), outbox.Delivered(first[1], None)
    )
    put(db, TABLE, now=NOW + SECOND)
    assert claim(db, now=NOW + 59 * SECOND) == []
    (again,) = claim(db, now=NOW + 60 * SECOND)
    assert (again.attempts, again.version) == (1, 2)


def test_events_of_a_run_wait_for_the_latest_of_those_before_them_that_were_put_off(
    db: sa.Engine,
) -> None:
    with writing(db) as tx:
        outbox.put(tx, [Name("event", n) for n in range(1, 7)], {"one": {"event"}}, NOW)
        run_of = {1: 7, 2: 7, 3: 7, 4: 7, 5: 7, 6: 8}
        tx.execute(
            sa.insert(t.run_event), [{"run_id": run, "event_id": n} for n, run in run_of.items()]
        )
    late = {1: NOW + 10, 3: NOW + 20, 5: NOW + 30}
    record(
        db,
        *(outbox.Postponed(each, late[each.name.id]) for each in claim(db) if each.name.id in late),
    )
    claimed = {2: 7, 4: 7, 6: 8}
    with reading(db) as tx:
        assert outbox.behind(tx, "one", claimed, NOW) == {2: NOW + 10, 4: NOW + 20}
        assert outbox.behind(tx, "one", claimed, NOW + 10) == {4: NOW + 20}
        assert outbox.behind(tx, "one", {2: 7}, NOW + 10) == {}
        assert outbox.behind(tx, "one", {}, NOW) == outbox.behind(tx, "two", claimed, NOW) == {}


def test_a_claim_takes_the_oldest_events_and_entries_up_to_its_limit(db: sa.Engine) -> None:
    events = [Name("event", n) for n in (3, 1, 2)]
    with writing(db) as tx:
        outbox.put(tx, [*events, TABLE, JOB], {"one": {"event", "dataset", "job"}}, NOW)
    assert {each.name for each in claim(db, limit=2)} == {Name("event", 1), Name("event", 2)}
    with writing(db) as tx:
        outbox.release(tx, "one", NOW)
    assert {each.name for each in claim(db, limit=4)} == {*events, TABLE}


def test_a_sink_that_was_never_asked_can_be_paused(db: sa.Engine) -> None:
    with writing(db) as tx:
        outbox.rest(tx, "new", "503", NOW)
    assert count(db, "new") == outbox.Count()


def test_a_sink_that_rests_is_left_alone_by_everybody(db: sa.Engine) -> None:
    put(db, TABLE)
    claim(db)
    with writing(db) as tx:
        outbox.rest(tx, "one", "429", NOW, retry_after=30)
    put(db, JOB, now=NOW + SECOND)
    assert claim(db, now=NOW + 29 * SECOND) == []
    assert len(claim(db, now=NOW + 30 * SECOND)) == 2


def test_a_sink_rests_longer_after_each_failure_until_it_takes_something(db: sa.Engine) -> None:
    put(db, TABLE)
    claim(db)

    def waits() -> float:
        with writing(db) as tx:
            outbox.rest(tx, "one", "503", NOW)
        until = count(db).rests_until
        assert until is not None
        return (until - NOW) / SECOND

    assert 1.0 <= waits() <= 2.0 <= waits() <= 4.0 <= waits() <= 8.0
    with writing(db) as tx:
        outbox.release(tx, "one", NOW, delivered=True)
    assert count(db).rests_until is None
    assert 1.0 <= waits() <= 2.0


def test_a_look_that_finds_nothing_due_forgets_neither_failures_nor_the_error(
    db: sa.Engine,
) -> None:
    put(db, TABLE, now=NOW + 3600 * SECOND)
    claim(db)
    with writing(db) as tx:
        for _ in range(3):
            outbox.rest(tx, "one", "503", NOW)
    later = NOW + 600 * SECOND
    assert claim(db, now=later) == []
    assert count(db).last_error == "503"
    with writing(db) as tx:
        outbox.rest(tx, "one", "503", later)
    until = count(db).rests_until
    assert until is not None
    assert until - later >= 8 * SECOND


def test_the_failures_of_one_sink_do_not_make_another_rest_longer(db: sa.Engine) -> None:
    put(db, RUN)
    claim(db, "one"), claim(db, "two")
    with writing(db) as tx:
        for _ in range(6):
            outbox.rest(tx, "two", "503", NOW)
        outbox.rest(tx, "one", "503", NOW)
    until = count(db, "one").rests_until
    assert until is not None
    assert until <= NOW + 2 * SECOND


def test_an_error_beside_what_was_delivered_is_shown(db: sa.Engine) -> None:
    put(db, TABLE)
    claim(db)
    with writing(db) as tx:
        outbox.release(tx, "one", NOW, delivered=True, error="one of two was refused")
    assert count(db).last_error == "one of two was refused"


def test_delivering_everything_again_concerns_one_sink_only(db: sa.Engine) -> None:
    put(db, RUN)
    for sink in ALL:
        record(db, *(outbox.Delivered(claimed, b"digest") for claimed in claim(db, sink)))
    with writing(db) as tx:
        outbox.redeliver_all(tx, "one", {"run"}, NOW)
    put(db, RUN)
    assert [claimed.sent for claimed in claim(db, "one")] == [None]
    assert [claimed.sent for claimed in claim(db, "two")] == [b"digest"]


def test_an_event_is_owed_to_the_sinks_that_wait_for_it(db: sa.Engine) -> None:
    with writing(db) as tx:
        outbox.put(tx, [Name("event", 7)], {"one": {"event"}}, NOW)
        assert outbox.undelivered_events(tx, ["one", "two"], [6, 7]) == {7}
        assert outbox.undelivered_events(tx, ["two"], [6, 7]) == set()


def test_a_sink_says_what_went_wrong_until_it_takes_something(db: sa.Engine) -> None:
    put(db, TABLE)
    claim(db)
    with writing(db) as tx:
        outbox.rest(tx, "one", "503 from there", NOW, retry_after=30)
    state = count(db)
    assert (state.last_error, state.rests_until) == ("503 from there", NOW + 30 * SECOND)
    with writing(db) as tx:
        outbox.release(tx, "one", NOW, delivered=True)
    assert (count(db).last_error, count(db).told_at) == (None, NOW)


def test_a_sink_that_is_gone_is_forgotten_whole(db: sa.Engine) -> None:
    put(db, TABLE, RUN)
    with writing(db) as tx:
        assert outbox.drop_sink(tx, "one") == 2
    assert (count(db).waiting, count(db, "two").waiting) == (0, 1)


def test_waits_grow_are_spread_and_honour_the_sink() -> None:
    chance = random.Random(1)
    waits = [(retry.next_due(0, n, chance=chance)) / SECOND for n in range(1, 12)]
    assert all(
        low <= wait <= high for wait, low, high in zip(waits, [1, 2, 4], [2, 4, 8], strict=False)
    )
    assert max(waits) <= retry.LONGEST_WAIT
    assert retry.next_due(0, 1, retry_after=3600) == 3600 * SECOND


@pytest.mark.parametrize("size", [5_000])
def test_the_outcomes_of_a_thousand_entries_are_recorded_at_once(db: sa.Engine, size: int) -> None:
    put(db, *(Name("run", n) for n in range(size)))
    claimed = claim(db, limit=size)
    record(db, *(outbox.Delivered(item, b"x" * 16) for item in claimed))
    assert count(db).in_sync == size
