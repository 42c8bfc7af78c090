"""The page's sources: their words, their size, and how they depend on each other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "bridge" / "ui" / "src"
GENERATED = SOURCES / "api" / "schema.ts"
SCRIPTS = sorted({*SOURCES.rglob("*.ts"), *SOURCES.rglob("*.tsx")} - {GENERATED})
ALL = sorted({*SCRIPTS, *SOURCES.rglob("*.css")})

LONGEST = 400

#: Words of a private dialect; docs/glossary.md has what to write instead.
BANNED = (
    "told|tells?|telling|news|settles?|settled|verdicts?|blames?|blamed|suspects?|culprits?|kept"
    "|keepers?|lanes?|spared|rooms?|houses?|doors?|whoever|somebody|nobody|retiring|grown old"
    "|come of age|lets? go of|what came of|not now|come again|so many|so long|stands? for"
)
_WORD = re.compile(rf"(?<![a-z])(?:{BANNED})(?![a-z])")
#: Names of the REST API, which the page cannot choose.
_FOREIGN = re.compile(
    r"'settled'|\bsettled:|\bnews_at\b|\.kept\b|\bkept_share\b|\bkept: (?:0|\[)|\bverdicts?\b"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_IMPORT = re.compile(r"""(?:from|import\()\s*'(\.[^']*)'""")


def _name(path: Path) -> str:
    return path.relative_to(SOURCES).as_posix()


def _private_words(text: str) -> list[str]:
    """The banned words of a source, those inside camelCase identifiers included, by line."""
    return [
        f"{number}: {found[0]}"
        for number, line in enumerate(text.splitlines(), 1)
        for found in _WORD.finditer(_CAMEL.sub(" ", _FOREIGN.sub("", line)).lower())
    ]


def _imported(path: Path) -> set[Path]:
    """The project's own files that a source imports, types included."""
    found = set()
    for relative in _IMPORT.findall(path.read_text(encoding="utf-8")):
        base = (path.parent / relative).resolve()
        candidates = [base, base.with_name(f"{base.name}.ts"), base.with_name(f"{base.name}.tsx")]
        found |= {candidate for candidate in candidates if candidate.is_file()}
    return found


def _cycle(graph: dict[Path, set[Path]]) -> list[Path]:
    """One import cycle, or an empty list: what is left after removing files without importers."""
    rest = dict(graph)
    while leaves := [path for path, targets in rest.items() if not targets & rest.keys()]:
        for path in leaves:
            del rest[path]
    if not rest:
        return []
    trail = [next(iter(rest))]
    while trail[-1] not in trail[:-1]:
        trail.append(next(iter(rest[trail[-1]] & rest.keys())))
    return trail[trail.index(trail[-1]) :]


@pytest.mark.parametrize("path", ALL, ids=_name)
def test_a_source_of_the_page_uses_the_words_of_the_field(path: Path) -> None:
    assert _private_words(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", ALL, ids=_name)
def test_a_source_of_the_page_is_short_enough_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_the_sources_of_the_page_import_each_other_without_a_cycle() -> None:
    graph = {path: _imported(path) for path in SCRIPTS}
    assert sum(map(len, graph.values())) > len(graph), "the imports were not read"
    assert [_name(path) for path in _cycle(graph)] == []


def test_a_cycle_is_found_where_there_is_one() -> None:
    a, b, c = Path("a"), Path("b"), Path("c")
    assert set(_cycle({a: {b}, b: {c}, c: {b}})) == {b, c}
    assert _cycle({a: {b}, b: {c}, c: set()}) == []


@pytest.mark.parametrize(
    ("text", "word"),
    [("const told = 1", "told"), ("setTold(1)", "told"), ("<p>whoever asks</p>", "whoever")],
)
def test_a_private_word_is_found_in_identifiers_and_in_strings(text: str, word: str) -> None:
    assert _private_words(text) == [f"1: {word}"]
