"""The shape of the code: a source file is one idea, of at most 400 lines. `bench/style.py` prints more."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST = 400
#: The schema stands whole on one page; the page's types are generated.
LONGER = {"bridge/src/fairlead_bridge/db/tables.py", "bridge/ui/src/api/schema.ts"}
SOURCES = [
    path
    for folder in ("bridge/src", "provider/src", "sdk/src", "bridge/ui/src", "bench", "demo")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".py", ".ts", ".tsx", ".css")
]


def test_no_source_file_is_longer_than_four_hundred_lines() -> None:
    lines = {path.relative_to(ROOT).as_posix(): path.read_text().count("\n") for path in SOURCES}
    assert [name for name, count in lines.items() if count > MOST and name not in LONGER] == []
