"""Code and documentation use the words of this field (`docs/glossary.md`), not private ones."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.contract.words import PRIVATE, identifiers, words

ROOT = Path(__file__).parents[2]

#: Words that no text of these sources contains: docstrings, comments, messages, pages.
PRIVATE_IN_TEXT = re.compile(
    r"(?<![`\w])(told|untold|somebody|whoever|news|lets go of|come of age)(?![`\w])", re.IGNORECASE
)
#: Where the words are banned.
SOURCES = ("provider/src", "sdk/src")

#: Pages for users, in which the words of `PRIVATE_IN_TEXT` are banned.
PAGES = sorted(
    path
    for pattern in ("*.md", "*/README.md", "docs/**/*.md")
    for path in ROOT.glob(pattern)
    if path.name != "operators.md"  # generated from the texts of extractors
)

FILES = [path for source in SOURCES for path in sorted((ROOT / source).rglob("*.py"))]


def private(source: str) -> list[str]:
    """The private words in the source's identifiers, with lines and what to say instead."""
    return [
        f"line {line}: {name}: {word} -> {PRIVATE[word]}"
        for name, line in identifiers(ast.parse(source))
        for word in sorted(words(name) & PRIVATE.keys())
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_identifier_contains_a_private_word(file: Path) -> None:
    assert private(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("file", [*FILES, *PAGES], ids=lambda file: str(file.relative_to(ROOT)))
def test_no_text_contains_a_private_word(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if PRIVATE_IN_TEXT.search(line)] == []


@pytest.mark.parametrize(
    "source",
    [
        "told = 1",
        "def f(untold): ...",
        "def _keep_it(): ...",
        "class SilentOne: ...",
        "f(told=1)",
        "x.wasTold",
        "from a import tell",
        "import a as news",
    ],
)
def test_a_private_word_is_found_wherever_a_name_stands(source: str) -> None:
    assert len(private(source)) == 1


def test_words_inside_other_words_and_proper_names_are_allowed() -> None:
    assert private("newspaper = ClickHouseExtractor(untoldness, 'told')") == []
