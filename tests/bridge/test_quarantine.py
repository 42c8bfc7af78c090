"""An event that cannot be understood harms no other: it is set aside with a reason, and waits for us."""

from __future__ import annotations

import random

import msgspec
import pytest
import sqlalchemy as sa

from fairlead_bridge import inbox
from fairlead_bridge.app import build_translator
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.db.tables import job
from fairlead_bridge.facts import Change
from fairlead_bridge.settings import Settings
from fairlead_bridge.workers.steps import Absorb

EVENT = (
    b'{"eventType":"COMPLETE","eventTime":"2026-01-01T00:00:00Z","producer":"test",'
    b'"run":{"runId":"01939cd0-0000-7000-8000-%012d"},"job":{"namespace":"n","name":"j%d"}}'
)

SETTINGS = Settings()


def absorb(db: sa.Engine) -> Absorb:
    return Absorb(db, build_translator(SETTINGS), {}, most=50)


def receive(db: sa.Engine, *bodies: bytes) -> None:
    with writing(db) as tx:
        inbox.put(tx, bodies, "test", 1)


def odd(db: sa.Engine) -> dict[bytes, str]:
    with reading(db) as tx:
        assert inbox.counts(tx).waiting == 0
        return {item.event.body: item.reason for item in inbox.quarantined(tx, 100)}


def jobs(db: sa.Engine) -> set[str]:
    with reading(db) as tx:
        return set(tx.scalars(sa.select(job.c.name)))


@pytest.mark.parametrize(
    "body",
    [b"", b"junk", b"[]", b"7", b"{}", b'{"eventTime":"soon"}', b"\xff\xfe", b'{"job":{"name":1}}'],
)
def test_what_is_no_event_is_set_aside_and_the_next_goes_on(db: sa.Engine, body: bytes) -> None:
    receive(db, body, EVENT % (1, 1))
    assert absorb(db)() == 2
    assert odd(db)[body]
    assert jobs(db) == {"j1"}


def test_an_event_that_breaks_us_is_set_aside_alone(db: sa.Engine) -> None:
    """Even a mistake of ours in reading one event stops none of the others."""
    translate = build_translator(SETTINGS)

    def stumbling(body: bytes) -> Change:
        if b"j3" in body:
            raise ZeroDivisionError("three")
        return translate(body)

    receive(db, *(EVENT % (number, number) for number in range(6)))
    step = Absorb(db, stumbling, {}, most=50)
    while step():
        pass
    assert odd(db) == {
        EVENT
        % (3, 3): "this bridge failed on it, which is a mistake of ours: ZeroDivisionError('three')"
    }
    assert jobs(db) == {"j0", "j1", "j2", "j4", "j5"}


def test_what_no_index_takes_is_set_aside_alone(db: sa.Engine) -> None:
    """PostgreSQL calls it a trouble of operation, as if it would pass; SQLite takes it."""
    translate = build_translator(SETTINGS)
    letters = random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=20_000)

    def boundless(body: bytes) -> Change:
        change = translate(body)
        if b"j1" not in body:
            return change
        large = msgspec.structs.replace(change.jobs[0], name="".join(letters))
        return msgspec.structs.replace(change, jobs=(large,))

    receive(db, EVENT % (1, 1), EVENT % (2, 2))
    step = Absorb(db, boundless, {}, most=50)
    while step():
        pass
    assert "j2" in jobs(db)
    assert len(jobs(db)) + len(odd(db)) == 2


def test_once_we_can_read_it_a_replay_absorbs_it(db: sa.Engine) -> None:
    def refusing(_body: bytes) -> Change:
        raise ZeroDivisionError

    receive(db, EVENT % (1, 1))
    Absorb(db, refusing, {}, most=50)()
    assert len(odd(db)) == 1
    with writing(db) as tx:
        inbox.replay(tx, quarantined=True)
    absorb(db)()
    assert odd(db) == {}
    assert jobs(db) == {"j1"}


@pytest.mark.parametrize(
    "name", [r"a\u0000b", r"\ud800", "x" * 100_000, r"\u202e", "ü" * 300, "'; DROP TABLE job; --"]
)
def test_names_that_databases_stumble_over_stop_no_other(db: sa.Engine, name: str) -> None:
    strange = EVENT.replace(b"j%d", b"%s") % (1, name.encode())
    receive(db, strange, EVENT % (2, 2))
    step = absorb(db)
    while step():
        pass
    assert "j2" in jobs(db)
    assert len(jobs(db)) + len(odd(db)) == 2


def test_numbers_that_databases_cannot_hold_stop_no_other(db: sa.Engine) -> None:
    large = (EVENT % (1, 1)).replace(
        b'"job"',
        b'"outputs":[{"namespace":"n","name":"d","outputFacets":{"outputStatistics":'
        b'{"rowCount":99999999999999999999999999}}}],"job"',
    )
    receive(db, large, EVENT % (2, 2))
    step = absorb(db)
    while step():
        pass
    assert "j2" in jobs(db)
    odd(db)
