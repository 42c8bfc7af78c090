"""The way from the outbox to a sink, with a real database and a sink that obeys the test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge import ids, inbox, outbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.bulk import insert_new
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.delivery.deliver import deliver_due
from fairlead_bridge.entries import AnyEntry, DatasetEntry, EventEntry
from fairlead_bridge.errors import Rejected, Unavailable
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from fairlead_bridge.model import Kind, Name
from fairlead_bridge.queries import entry
from fairlead_bridge.sinks import Outcome, Target, interests
from tests.support.small import airflow_dag, airflow_task, run_event, uuid

NOW = 1_795_000_000_000_000
SECOND = 1_000_000


class Listener:
    """A sink that takes everything, unless `answers` says otherwise, in turn."""

    kinds: frozenset[Kind] = frozenset({"dataset", "event"})

    def __init__(self, *answers: Exception | None) -> None:
        self.answers = list(answers)
        self.taken: list[Any] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def render(self, entry: AnyEntry) -> Any:
        if isinstance(entry, EventEntry):
            return json.loads(entry.body)
        assert isinstance(entry, DatasetEntry)
        return {"name": entry.dataset.name, "written_at": entry.written_at}

    def push(self, payloads: Sequence[Any]) -> Iterator[Outcome]:
        for payload in payloads:
            self.meanwhile()
            answer = self.answers.pop(0) if self.answers else None
            if (isinstance(answer, Unavailable) and answer.retry_after == 0) or isinstance(
                answer, Rejected
            ):
                yield answer
            elif answer is not None:
                raise answer
            else:
                self.taken.append(payload)
                yield None

    def probe(self) -> list[str]:
        return []


def target(sink: Listener, name: str = "one", **limits: Any) -> Target:
    return Target(name=name, type="listener", sink=sink, kinds=sink.kinds, **limits)


def tables(db: sa.Engine, *names: str, written_at: int | None = None) -> None:
    with writing(db) as tx:
        rows = [
            {
                "id": ids.dataset_id("db", name),
                "namespace": "db",
                "name": name,
                "asset_id": ids.dataset_id("db", name),
                "first_at": NOW,
                "last_at": NOW,
            }
            for name in names
        ]
        insert_new(tx, t.dataset, rows)
        tx.execute(sa.update(t.dataset).values(written_at=written_at))


def changed(db: sa.Engine, *names: str, sinks: Sequence[Target], now: int = NOW) -> None:
    with writing(db) as tx:
        outbox.put(
            tx,
            [Name("dataset", ids.dataset_id("db", name)) for name in names],
            interests(sinks),
            now,
        )


def events(db: sa.Engine, destination: Target, *runs: int) -> None:
    """One event a run named, in this order; each says its number."""
    bodies = [
        json.dumps({"run": {"runId": f"run-{run}"}, "n": n}).encode() for n, run in enumerate(runs)
    ]
    with writing(db) as tx:
        inbox.put(tx, bodies, "test", NOW)
        numbers = list(tx.scalars(sa.select(t.event.c.id).order_by(t.event.c.id)))
        inbox.remember(
            tx, [(ids.run_id(f"run-{run}"), n) for run, n in zip(runs, numbers, strict=True)]
        )
        outbox.put(tx, [Name("event", n) for n in numbers], interests([destination]), NOW)


def states(db: sa.Engine) -> list[str]:
    with reading(db) as tx:
        return sorted(tx.scalars(sa.select(t.delivery.c.state)))


def test_an_entry_reaches_the_sink_once(db: sa.Engine) -> None:
    sink = Listener()
    tables(db, "a", "b")
    changed(db, "a", "b", sinks=[target(sink)])
    assert deliver_due(db, target(sink), NOW) == 2
    assert deliver_due(db, target(sink), NOW + 1) == 0
    assert sorted(item["name"] for item in sink.taken) == ["a", "b"]


def test_an_entry_that_reads_the_same_is_not_delivered_again(db: sa.Engine) -> None:
    sink = Listener()
    tables(db, "a")
    for n in range(3):
        changed(db, "a", sinks=[target(sink)], now=NOW + n)
        assert deliver_due(db, target(sink), NOW + n) == 1
    assert len(sink.taken) == 1
    tables(db, "a", written_at=NOW)
    changed(db, "a", sinks=[target(sink)], now=NOW + 9)
    deliver_due(db, target(sink), NOW + 9)
    assert [item["written_at"] for item in sink.taken] == [None, NOW]


def test_a_sink_that_was_away_receives_the_current_state_once(db: sa.Engine) -> None:
    sink = Listener()
    for n in range(50):
        tables(db, "a", written_at=NOW + n)
        changed(db, "a", sinks=[target(sink)], now=NOW + n)
    deliver_due(db, target(sink), NOW + 50)
    assert [item["written_at"] for item in sink.taken] == [NOW + 49]


def test_a_change_during_a_delivery_is_delivered_afterwards(db: sa.Engine) -> None:
    sink = Listener()
    tables(db, "a", written_at=1)
    changed(db, "a", sinks=[target(sink)])

    def meanwhile() -> None:
        sink.meanwhile = lambda: None
        tables(db, "a", written_at=2)
        changed(db, "a", sinks=[target(sink)])

    sink.meanwhile = meanwhile
    deliver_due(db, target(sink), NOW)
    deliver_due(db, target(sink), NOW + 60 * SECOND)
    assert [item["written_at"] for item in sink.taken] == [1, 2]


def test_a_refused_entry_has_the_reason_and_does_not_stop_the_others(db: sa.Engine) -> None:
    sink = Listener(None, Rejected("400: no such platform"))
    tables(db, "a", "b", "c")
    changed(db, "a", "b", "c", sinks=[target(sink)])
    deliver_due(db, target(sink), NOW)
    assert states(db) == ["rejected", "settled", "settled"]
    with reading(db) as tx:
        reason = tx.scalar(sa.select(t.delivery.c.reason).where(t.delivery.c.state == "rejected"))
    assert reason == "400: no such platform"


def test_a_sink_that_is_down_is_asked_no_more_until_it_has_rested(db: sa.Engine) -> None:
    sink = Listener(None, Unavailable("429", retry_after=30))
    tables(db, "a", "b", "c", "d")
    changed(db, "a", "b", "c", "d", sinks=[target(sink)])
    deliver_due(db, target(sink), NOW)
    assert len(sink.taken) == 1
    assert deliver_due(db, target(sink), NOW + 29 * SECOND) == 0
    assert deliver_due(db, target(sink), NOW + 31 * SECOND) == 3
    assert len(sink.taken) == 4


def test_an_entry_that_alone_fails_is_given_up_in_the_end(db: sa.Engine) -> None:
    sink = Listener(*[Unavailable("500", retry_after=0)] * 3)
    tables(db, "a")
    changed(db, "a", sinks=[target(sink)])
    for n in range(3):
        assert deliver_due(db, target(sink, attempts=3), NOW + n * 3600 * SECOND) == 1
    assert states(db) == ["rejected"]


def test_one_sinks_trouble_does_not_touch_another(db: sa.Engine) -> None:
    down, fine = Listener(*[Unavailable("down")] * 9), Listener()
    both = [target(down, "down"), target(fine, "fine")]
    tables(db, "a", "b")
    changed(db, "a", "b", sinks=both)
    for each in both:
        deliver_due(db, each, NOW)
    assert len(fine.taken) == 2
    with reading(db) as tx:
        counts = outbox.counts(tx, ["down", "fine"], NOW)
    assert (counts["down"].waiting, counts["fine"].in_sync) == (2, 2)


def test_a_fault_in_a_sink_costs_one_entry(db: sa.Engine) -> None:
    sink = Listener(ZeroDivisionError("oh"))
    tables(db, "a", "b")
    changed(db, "a", "b", sinks=[target(sink)])
    deliver_due(db, target(sink), NOW)
    deliver_due(db, target(sink), NOW + SECOND)
    assert states(db) == ["rejected", "settled"]


def test_an_entry_that_cannot_be_read_does_not_hold_back_the_others(db: sa.Engine) -> None:
    sink = Listener()
    tables(db, "a", "b", "c")
    with writing(db) as tx:
        broken = ids.dataset_id("db", "b")
        row = {"dataset_id": broken, "name": "unique", "column_name": "id", "at": 1, "success": 1}
        insert_new(tx, t.assertion, [{**row, "body": b"no JSON"}])
    changed(db, "a", "b", "c", sinks=[target(sink)])
    deliver_due(db, target(sink), NOW)
    assert states(db) == ["rejected", "settled", "settled"]
    assert sorted(item["name"] for item in sink.taken) == ["a", "c"]


def test_events_that_only_a_lenient_reader_takes_know_their_run_all_the_same(db: sa.Engine) -> None:
    with writing(db) as tx:
        inbox.put(tx, [b'{"n": NaN}', b'{"n": "\xff"}'], "test", NOW)
        numbers = list(tx.scalars(sa.select(t.event.c.id).order_by(t.event.c.id)))
        inbox.remember(tx, [(7, n) for n in numbers])
    names = [Name("event", n) for n in numbers]
    with reading(db) as tx:
        found = entry.read(tx, names)
    assert [(found[name].body, found[name].run) for name in names] == [  # type: ignore[union-attr]
        (b'{"n": NaN}', 7),
        (b'{"n": "\xff"}', 7),
    ]


def test_a_new_sink_hears_of_every_event_that_was_understood(db: sa.Engine) -> None:
    with writing(db) as tx:
        inbox.put(tx, [b"understood", b"odd", b"waits"], "test", NOW)
        understood, odd, _ = (arrival.id for arrival in inbox.claim(tx, 3))
        inbox.quarantine(tx, [(odd, "no JSON")], NOW)
        inbox.ack(tx, [understood, odd])
        outbox.redeliver_all(tx, "new", {"event"}, NOW)
    with writing(db) as tx:
        claimed = outbox.claim(tx, "new", 10, NOW)
    assert [item.name for item in claimed] == [Name("event", understood)]


def test_a_killed_worker_leaves_the_delivery_due_again(db: sa.Engine) -> None:
    sink = Listener(KeyboardInterrupt())  # type: ignore[arg-type]
    tables(db, "a")
    changed(db, "a", sinks=[target(sink)])
    with pytest.raises(KeyboardInterrupt):
        deliver_due(db, target(sink), NOW)
    assert deliver_due(db, target(sink), NOW + 60 * SECOND) == 0
    assert deliver_due(db, target(sink), NOW + outbox.LEASE) == 1
    assert len(sink.taken) == 1


def test_filters_hold_entries_back_from_a_sink(db: sa.Engine) -> None:
    sink = Listener()
    tables(db, "a")
    destination = target(sink, namespaces=("warehouse*",))
    changed(db, "a", sinks=[destination])
    deliver_due(db, destination, NOW)
    assert (sink.taken, states(db)) == ([], ["settled"])


def test_an_entry_that_is_gone_is_owed_to_no_sink(db: sa.Engine) -> None:
    sink = Listener()
    changed(db, "never seen", sinks=[target(sink)])
    assert deliver_due(db, target(sink), NOW) == 1
    assert (sink.taken, states(db)) == ([], [])


def test_a_run_that_was_inferred_lost_is_forgotten_when_it_sends_again(db: sa.Engine) -> None:
    destination = target(Listener(), "runs")
    wanted = {"runs": frozenset[Kind]({"run"})}
    closed = {"airflowState": {"dagRunState": "success", "tasksState": {"load": "skipped"}}}
    dag = {"airflowDagRun": airflow_dag()}
    for n, body in enumerate(
        [
            run_event("COMPLETE", "09:00:00", uuid(1), "d", run=dag | closed),
            run_event(
                "START", "08:00:01", uuid(2), "d.load", run={"airflow": airflow_task("load")}
            ),
        ]
    ):
        with writing(db) as tx:
            inbox.put(tx, [body], "test", NOW)
        absorb_waiting(db, Translator(Normaliser()), wanted, NOW + n)
        with reading(db) as tx:
            runs = set(tx.scalars(sa.select(t.run.c.id)))
        assert len(runs) == 2
        deliver_due(db, replace(destination, namespaces=("none",)), NOW + n)
        with reading(db) as tx:
            assert set(tx.scalars(sa.select(t.delivery.c.key))) == runs


def test_events_come_in_the_order_they_came_in(db: sa.Engine) -> None:
    sink = Listener()
    events(db, target(sink), 1, 2, 1, 2, 1)
    deliver_due(db, target(sink), NOW, limit=2)
    deliver_due(db, target(sink), NOW + 1)
    assert [item["n"] for item in sink.taken] == [0, 1, 2, 3, 4]


def test_an_event_never_overtakes_an_earlier_one_of_its_run(db: sa.Engine) -> None:
    """Also where the earlier one was put off in another go; other runs go on meanwhile."""
    sink = Listener(Unavailable("500", retry_after=0))
    destination = target(sink)
    events(db, destination, 1, 2, 1, 2)
    deliver_due(db, destination, NOW, limit=1)
    deliver_due(db, destination, NOW + 1)
    assert [item["n"] for item in sink.taken] == [1, 3]
    for n in range(1, 9):
        deliver_due(db, destination, NOW + n * SECOND)
    assert [item["n"] for item in sink.taken] == [1, 3, 0, 2]


def test_a_log_that_is_replayed_is_not_forwarded_twice(db: sa.Engine) -> None:
    sink = Listener()
    destination = target(sink)
    events(db, destination, 1, 1)
    deliver_due(db, destination, NOW)
    with writing(db) as tx:
        names = [Name("event", n) for n in tx.scalars(sa.select(t.event.c.id))]
        outbox.put(tx, names, interests([destination]), NOW + 1)
    assert deliver_due(db, destination, NOW + 1) == 2
    assert len(sink.taken) == 2
