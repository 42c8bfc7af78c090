"""Numbers with their nouns, for people."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """
    The number with its noun.

    >>> counted(1, "time"), counted(2, "time"), counted(0, "entry", "entries")
    ('1 time', '2 times', '0 entries')
    """
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
