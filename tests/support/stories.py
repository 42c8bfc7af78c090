"""The stories of `tests/stories/`: a few events each, and the catalog that a data engineer would say is true."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parents[1] / "stories"
STORIES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())


def events(story: str) -> list[bytes]:
    return (FOLDER / story / "events.jsonl").read_bytes().splitlines()
