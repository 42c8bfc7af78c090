"""Every event of the corpus, from any producer, is absorbed or set aside with a reason."""

from __future__ import annotations

import json
from collections.abc import Iterator

import sqlalchemy as sa

from fairlead_bridge import inbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.mapping import elements
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from tests.support import corpus

pytestmark = corpus.needs_corpus

#: Why events of the corpus are set aside: most are examples of single facets, and no events.
REASONS = (
    "eventTime is missing: it must say when this happened, in ISO 8601",
    "run.runId is missing: without it the event belongs to no run",
)


def _bodies() -> Iterator[tuple[str, bytes]]:
    """As a sender would post them: what is an array is many events."""
    for where, body in corpus.every_event():
        yield from ((where, each) for each in elements.split(body))


def test_each_is_absorbed_or_set_aside_with_a_reason_and_none_is_lost(db: sa.Engine) -> None:
    bodies = {body for _, body in _bodies()}
    with writing(db) as tx:
        assert inbox.put(tx, sorted(bodies), "test", 1) == len(bodies)
    translate = Translator(Normaliser())
    settled = 0
    while absorbed := absorb_waiting(db, translate, {}, 1):
        settled += absorbed
    assert settled == len(bodies)
    with reading(db) as tx:
        counts = inbox.counts(tx)
        odd = inbox.quarantined(tx, 10_000)
    assert (counts.received >= len(bodies), counts.waiting) == (True, 0)
    assert counts.quarantined == len(odd)
    assert {item.reason for item in odd} <= set(REASONS)


def test_whatever_has_a_time_and_says_whose_run_it_is_is_understood() -> None:
    translate = Translator(Normaliser())
    for _, body in _bodies():
        event = json.loads(body)
        if "eventTime" in event and ("run" not in event or event["run"].get("runId")):
            translate(body)
