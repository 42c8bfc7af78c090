"""
Stories: a few events, and the catalog that a data engineer would say is true.

`tests/stories/<name>/` holds the story in three sentences, its events, and the catalog in words.
`pytest tests/bridge/test_stories.py --update-stories` writes the catalog; read what it wrote.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import sqlalchemy as sa

from fairlead_bridge.db.engine import open_database
from fairlead_bridge.db.migrate import migrate
from tests.bridge import absorbing, readable
from tests.support.stories import FOLDER, STORIES, events


def _catalog(folder: Path, bodies: list[bytes], batch: int = 500) -> readable.Words:
    db = open_database(f"sqlite:///{folder / f'{random.random()}.db'}")
    migrate(db)
    changes = absorbing.understand(bodies)
    assert len(changes) == len(bodies), "an event of the story was not understood"
    absorbing.absorb(db, changes, batch)
    catalog = readable.words(db)
    db.dispose()
    return catalog


@pytest.mark.parametrize("story", STORIES)
def test_the_catalog_is_what_the_story_says(
    story: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    catalog = _catalog(tmp_path, events(story))
    file = FOLDER / story / "catalog.json"
    if request.config.getoption("--update-stories"):
        file.write_text(readable.render(catalog) + "\n")
    assert catalog == json.loads(file.read_text())


@pytest.mark.parametrize("story", STORIES)
def test_no_order_and_no_repetition_changes_the_story(story: str, tmp_path: Path) -> None:
    straight = _catalog(tmp_path, events(story))
    for seed in range(3):
        mixed = events(story) * 2
        random.Random(seed).shuffle(mixed)
        assert _catalog(tmp_path, mixed, batch=1 + seed) == straight


@pytest.mark.parametrize("story", STORIES)
def test_each_story_has_three_sentences(story: str) -> None:
    catalog = (FOLDER / story / "story.md").read_text().replace("\n", " ").strip()
    assert catalog.count(". ") + catalog.endswith(".") == 3, catalog


def test_all_stories_together_are_the_same_on_both_databases(db: sa.Engine, tmp_path: Path) -> None:
    bodies = [body for story in STORIES for body in events(story)]
    absorbing.absorb(db, absorbing.understand(bodies), batch=7)
    assert readable.words(db) == _catalog(tmp_path, bodies)
