"""A batch is taken apart into its elements, however odd one of them is."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from fairlead_bridge import inbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.errors import TooManyElements
from fairlead_bridge.mapping.elements import MOST, split
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from tests.bridge import readable
from tests.support.small import uuid


def event(number: int, description: str = "HERE") -> bytes:
    return json.dumps(
        {
            "eventType": "COMPLETE",
            "eventTime": "2026-11-01T10:00:00Z",
            "run": {"runId": uuid(number)},
            "job": {
                "namespace": "n",
                "name": f"j{number}",
                "facets": {"documentation": {"description": description}},
            },
        }
    ).encode()


def with_text(number: int, text: bytes) -> bytes:
    """An event whose description is `text`, byte by byte."""
    return event(number).replace(b'"HERE"', text)


FIRST, LAST = event(1), event(3)

#: Texts that a strict reader refuses, and whether the event can be read all the same.
ODD = {
    "NaN": (b"NaN", True),
    "Infinity": (b"-Infinity", True),
    "half a pair": (rb'"\ud800"', True),
    "half a pair at the end": (rb'"x\ud83d\\"', True),
    "line feed": (b'"a\nb"', True),
    "control character": (b'"a\x01b"', True),
    "NUL": (b'"a\x00b"', True),
    "NUL in an escape": (rb'"a\u0000b"', True),
    "no UTF-8": (b'"\xff\xc0"', True),
    "huge integer": (b"9" * 5000, True),
    "huge integer and NaN": (b"[NaN, " + b"9" * 5000 + b"]", True),
    "huge float": (b"1e999999", True),
    "key twice": (b'{"a": 1, "a": {"a": 2, "a": 3}}', True),
    "escape that JSON has not": (rb'"\x41 \d"', False),
    "brackets in text": (b'"]}],[{\\"" , "x": NaN', True),
    "one quote": (b"'x'", False),
    "a word": (b"undefined", False),
    "nothing": (b"", False),
    "a number with a zero before it": (b"007", False),
    "deep": (b"[" * 5000 + b"]" * 5000, True),
    "never closed": (b'"', False),
    "a bracket too few": (b"[[1]", False),
    "a brace too few": (b'{"a": 1', False),
    "a brace too many": (b'{"a": 1}}', True),
    "the wrong bracket": (b'{"a": [1}', False),
}


@pytest.mark.parametrize(("text", "read"), ODD.values(), ids=ODD)
def test_an_odd_element_costs_its_neighbours_nothing(
    db: sa.Engine, text: bytes, read: bool
) -> None:
    body = b"[" + b",\n ".join((FIRST, with_text(2, text), LAST)) + b"]"
    bodies = split(body)
    assert bodies[0] == FIRST
    assert LAST in bodies
    catalog = absorb(db, *bodies)
    expected = {"j1 (01)", "j3 (03)"} | ({"j2 (02)"} if read else set())
    assert set(catalog["runs"]) == expected


@pytest.mark.parametrize(("text", "read"), ODD.values(), ids=ODD)
def test_an_array_in_the_log_is_taken_apart_when_it_is_absorbed(
    db: sa.Engine, text: bytes, read: bool
) -> None:
    """As a version kept it that could not: it is in quarantine until it is replayed."""
    body = b"[" + b",".join((FIRST, with_text(2, text), LAST)) + b"]"
    with writing(db) as tx:
        inbox.put(tx, [body], "old", 7)
        (arrival,) = inbox.claim(tx, 10)
        inbox.quarantine(tx, [(arrival.id, "not an OpenLineage event")], 8)
        inbox.ack(tx, [arrival.id])
    with writing(db) as tx:
        assert inbox.replay(tx, quarantined=True) == 1
    catalog = absorb(db)
    assert {"j1 (01)", "j3 (03)"} <= set(catalog["runs"])
    with reading(db) as tx:
        found = inbox.events(tx, range(1, 100))
    assert {kept.source for kept in found} == {"old"}
    assert found[0].body == body


def test_an_array_is_its_elements_however_often_the_log_is_replayed(db: sa.Engine) -> None:
    body = b"[" + b",".join((FIRST, with_text(2, b"NaN"), LAST)) + b"]"
    catalog = absorb(db, body, LAST)
    for _ in range(2):
        with writing(db) as tx:
            inbox.replay(tx)
        assert absorb(db) == catalog
    with reading(db) as tx:
        assert inbox.counts(tx).received == 4


def test_an_array_in_an_array_is_taken_apart_too(db: sa.Engine) -> None:
    catalog = absorb(db, *split(b"[[%s, %s], [%s, NaN]]" % (FIRST, event(2), LAST)))
    assert set(catalog["runs"]) == {"j1 (01)", "j2 (02)", "j3 (03)"}


def test_a_batch_that_was_cut_off_stores_what_came(db: sa.Engine) -> None:
    whole = b"[" + b",".join((FIRST, event(2), LAST)) + b"]"
    for length in range(1, len(whole)):
        bodies = split(whole[:length])
        complete = (FIRST, event(2), LAST)[: whole[:length].count(b"}}}}")]
        assert tuple(bodies[: len(complete)]) == complete
        assert len(bodies) - len(complete) <= 1
    assert set(absorb(db, *split(whole[:-20]))["runs"]) == {"j1 (01)", "j2 (02)"}


@pytest.mark.parametrize(
    ("body", "elements"),
    [
        (b"[1, 2", [b"1", b"2"]),
        (b"[{},,{},]", [b"{}", b"{}"]),
        (b"[{} {}\n{}]", [b"{}", b"{}", b"{}"]),
        (b"[{}] x", [b"{}", b"x"]),
        (b"\xef\xbb\xbf [{}]", [b"{}"]),
        (b"[]", []),
        (b"[", [b"["]),
        (b"[,]", [b"[,]"]),
        (b"[" * 5000, [b"[" * 4999]),
        (b"", [b""]),
        (b"{", [b"{"]),
    ],
)
def test_what_stands_between_the_commas_is_stored(body: bytes, elements: list[bytes]) -> None:
    assert split(body) == elements


@pytest.mark.parametrize("tail", [b"]", b",NaN]"])
def test_an_array_has_a_bound(tail: bytes) -> None:
    assert len(split(b"[" + b",".join([b"{}"] * (MOST - 1)) + tail)) <= MOST
    with pytest.raises(TooManyElements, match="smaller"):
        split(b"[" + b",".join([b"{}"] * (MOST + 1)) + tail)


def test_an_array_of_too_many_that_is_in_the_log_is_set_aside_saying_so(db: sa.Engine) -> None:
    catalog = absorb(db, b"[" + b",".join([b"{}"] * (MOST + 1)) + b"]", FIRST)
    assert set(catalog["runs"]) == {"j1 (01)"}
    assert catalog["odd"] == [f"an array of more than {MOST} events: send them in smaller ones"]


def absorb(db: sa.Engine, *bodies: bytes) -> readable.Words:
    with writing(db) as tx:
        inbox.put(tx, bodies, "test", 1)
    translate = Translator(Normaliser())
    while absorb_waiting(db, translate, {}, 1):
        pass
    with reading(db) as tx:
        odd = [item.reason for item in inbox.quarantined(tx, 100)]
    return readable.words(db) | {"odd": odd}
