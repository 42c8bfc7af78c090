"""Names, comments and docstrings use the words of this field (`docs/glossary.md`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contract.language import private_names, private_prose

ROOT = Path(__file__).parents[2]

#: Where private words are banned in names, and where in comments and docstrings as well.
NAMES_IN = ("bridge/src", "bench", "demo", "dags", "tests")
PROSE_IN = ("bridge/src", "tests")
#: What looks for the words has to name them.
ABOUT_WORDS = {
    "language.py",
    "words.py",
    "test_language.py",
    "test_words.py",
    "test_page_sources.py",
}


def files(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    return [
        path for path in found if path.parent.name != "migrations" and path.name not in ABOUT_WORDS
    ]


def found_in(folder: str, private: Callable[[str], list[str]]) -> list[str]:
    return [
        f"{file.relative_to(ROOT)}: {line}"
        for file in files(folder)
        for line in private(file.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("folder", NAMES_IN)
def test_no_identifier_contains_a_private_word(folder: str) -> None:
    assert found_in(folder, private_names) == []


@pytest.mark.parametrize("folder", PROSE_IN)
def test_no_comment_or_docstring_contains_a_private_word(folder: str) -> None:
    assert found_in(folder, private_prose) == []


@pytest.mark.parametrize(
    "source",
    [
        '"""What sinks are told."""',
        'def f() -> None:\n    """Nobody knows."""\n',
        "x = 1  # somebody asks",
        "class A:\n    #: Edges that have grown old.\n    x = 1\n",
    ],
)
def test_a_private_word_is_found_in_comments_and_docstrings(source: str) -> None:
    assert len(private_prose(source)) == 1


def test_texts_and_longer_words_are_no_prose_with_private_words() -> None:
    assert private_prose("x = 'told'  # retold, newsletter") == []
