"""Forgetting: what goes is gone in whatever order it comes, nothing comes back, and later events make it anew."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairlead_bridge.db.engine import open_database
from fairlead_bridge.declaring import events as declaring
from fairlead_bridge.declaring import files
from fairlead_bridge.declaring.events import Stored
from fairlead_bridge.declaring.files import File
from fairlead_bridge.facts import Change
from tests.bridge import absorbing
from tests.bridge.forgotten import Step, deletions, nodes_of, play
from tests.bridge.test_declare import BI
from tests.support import corpus
from tests.support.small import small_events
from tests.support.stories import STORIES, events


@pytest.fixture
def fresh(migrated_file: Path, tmp_path: Path) -> Iterator[Callable[[], sa.Engine]]:
    """Gives empty databases, one after the other."""
    open_ones: list[sa.Engine] = []

    def empty() -> sa.Engine:
        for db in open_ones:
            db.dispose()
        path = tmp_path / f"{len(open_ones)}.db"
        shutil.copy(migrated_file, path)
        open_ones.append(open_database(f"sqlite:///{path}"))
        return open_ones[-1]

    yield empty
    for db in open_ones:
        db.dispose()


def _declared() -> list[bytes]:
    """The dashboard and the job of a file, the file edited, and the dashboard taken out of it."""
    moments = [datetime(2026, 11, 1, hour, tzinfo=UTC) for hour in (7, 9, 11)]
    edited = BI.replace("owners: [finance]", "owners: [sales]").replace("masking", "identity")
    first, second = (files.read([File("bi.yaml", text)]) for text in (BI, edited))
    made = [declaring.event(each, "files", None, moments[0]) for each in first]
    before = [_stored(body) for body in made]
    again = [
        declaring.event(each, "files", known, moments[1])
        for each, known in zip(second, before, strict=True)
    ]
    gone = declaring.withdrawal(second[0].ref, _stored(again[0]), moments[2])
    return [*made, *again, gone]


def _stored(body: bytes) -> Stored:
    event = json.loads(body)
    own = event.get("dataset") or event["job"]
    return msgspec.convert(own["facets"]["fairlead_declaration"], Stored)


def _histories() -> dict[str, list[Change]]:
    stories = {story: absorbing.understand(events(story)) for story in STORIES}
    declared = absorbing.understand([*small_events(), *_declared()])
    return {"small": absorbing.understand(small_events()), "declared": declared, **stories}


HISTORIES = _histories()
Fresh = Callable[[], sa.Engine]


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["declared", *sorted(HISTORIES)]),
    st.randoms(use_true_random=False),
    st.integers(1, 40),
    st.booleans(),
)
def test_deletions_in_any_place_among_events_and_declarations_give_the_same_catalog(
    fresh: Fresh, name: str, chance: random.Random, batch: int, twice: bool
) -> None:
    changes = HISTORIES[name]
    full = fresh()
    absorbing.absorb(full, changes)
    gone = deletions(chance, nodes_of(full), changes, chance.randint(1, 3))
    expected = play(fresh(), [*gone, *changes])
    mixed: list[Step] = [*changes, *gone] * (2 if twice else 1)
    chance.shuffle(mixed)
    found = play(fresh(), mixed, batch)
    for table in expected:
        assert found[table] == expected[table], table


@corpus.needs_corpus
def test_deletions_among_every_real_event_give_the_same_catalog(
    db: sa.Engine, fresh: Fresh
) -> None:
    changes = absorbing.understand([body for _, body in corpus.every_event()])
    chance = random.Random(14)
    full = fresh()
    absorbing.absorb(full, changes)
    gone = deletions(chance, nodes_of(full), changes, 12)
    expected = play(fresh(), [*gone, *changes])
    mixed: list[Step] = [*changes, *gone]
    chance.shuffle(mixed)
    assert play(db, mixed, 300) == expected
