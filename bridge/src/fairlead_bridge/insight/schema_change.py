"""What a proposed schema changes, as readers notice it: columns that go, change their type or their name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from fairlead_bridge.insight.types import on_platform, widens

_SIMILAR = 0.6
"""How alike names are, between 0 and 1, that a column in another position may have been given."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `type` is None where any type is meant or none is known. Nested ones are `a.b`."""

    name: str
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """`before` and `after` are types; of a renamed column, they are names."""

    change: Literal["removed", "renamed", "type", "added"]
    column: str
    before: str | None
    after: str | None
    breaking: bool


def changes(
    present: Sequence[Column],
    proposed: Sequence[Column],
    platform: str,
    key: Callable[[str], str],
) -> list[Change]:
    """
    What readers of the present columns would find changed; new columns last.

    `key` is a column's name as the platform compares it. A rename is probable at most: it breaks as a
    removal does.
    """
    wanted = {key(column.name): column for column in proposed}
    known = {key(column.name) for column in present}
    gone = [
        column
        for column in present
        if key(column.name) not in wanted and not _is_inside(column.name, wanted, key)
    ]
    new = [column for column in proposed if key(column.name) not in known]
    renamed = _renamed(gone, new, present, proposed, platform, key)
    found = [_gone(column, renamed.get(column)) for column in gone]
    for column in present:
        after = wanted.get(key(column.name))
        if after is None:
            continue
        old, new_type = on_platform(column.type, platform), on_platform(after.type, platform)
        if not _is_same(old, new_type):
            is_breaking = not widens(old, new_type)
            found.append(Change("type", column.name, column.type, after.type, is_breaking))
    taken = set(renamed.values())
    found += [Change("added", c.name, None, c.type, False) for c in new if c not in taken]
    return found


def _gone(column: Column, to: Column | None) -> Change:
    if to is not None:
        return Change("renamed", column.name, column.name, to.name, True)
    return Change("removed", column.name, column.type, None, True)


def _is_same(before: str | None, after: str | None) -> bool:
    if before is None or after is None:
        return True
    return "".join(before.lower().split()) == "".join(after.lower().split())


def _is_inside(name: str, wanted: Iterable[str], key: Callable[[str], str]) -> bool:
    """Whether it is a field of a column of which only the whole is proposed."""
    names = set(wanted)
    above = key(name).rpartition(".")[0]
    while above:
        if above in names:
            return not any(other.startswith(f"{above}.") for other in names)
        above = above.rpartition(".")[0]
    return False


def _renamed(
    gone: Sequence[Column],
    new: Sequence[Column],
    present: Sequence[Column],
    proposed: Sequence[Column],
    platform: str,
    key: Callable[[str], str],
) -> dict[Column, Column]:
    """Which new column each one that is gone probably is: the likeliest pairs first, each once."""
    places = {column: index for index, column in enumerate(present)}
    others = {column: index for index, column in enumerate(proposed)}
    pairs = [
        (likeness, old, other)
        for old in gone
        for other in new
        if key(_struct(old.name)) == key(_struct(other.name))
        and (likeness := _likeness(old, other, places[old] == others[other], platform)) > 0
    ]
    found: dict[Column, Column] = {}
    for _, old, other in sorted(pairs, key=lambda pair: -pair[0]):
        if old not in found and other not in found.values():
            found[old] = other
    return found


def _struct(name: str) -> str:
    """The column that a field lies in; empty of any other column."""
    return name.rpartition(".")[0]


def _likeness(old: Column, new: Column, same_place: bool, platform: str) -> float:
    """0 if the one is not the other; above that, how much speaks for it."""
    if not widens(on_platform(old.type, platform), on_platform(new.type, platform)):
        return 0.0
    alike = SequenceMatcher(None, old.name.lower(), new.name.lower()).ratio()
    return alike + same_place if same_place or alike >= _SIMILAR else 0.0
