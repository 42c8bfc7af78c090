"""What differs between a table as files left it and as they leave it now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fairlead_sdk.check.model import Written
from fairlead_sdk.sql import Alteration, Column, Shape


@dataclass
class Difference:
    """Columns, by their names in lower case."""

    removed: set[str] = field(default_factory=set)
    added: list[Column] = field(default_factory=list)
    constant: set[str] = field(default_factory=set)
    """Those that were made of something and are now the same in every row."""
    retyped: dict[str, str] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    """How the table's columns stand now, where that is known."""

    def __bool__(self) -> bool:
        return bool(self.changed)

    @property
    def changed(self) -> set[str]:
        return self.removed | self.constant | self.retyped.keys()


def difference(
    before: Written | None, after: Written, present: Mapping[str, str], *, is_stated: bool
) -> Difference:
    """What a table's columns lose. Without a `before`, or with an open one, against those in the catalog."""
    old = before.shape if before else None
    new = after.shape
    found = Difference()
    if new.is_open:
        return found
    if old is None or old.is_open:
        if not new.is_whole:
            return found
        names = {name.lower(): Column(name, kind or None) for name, kind in present.items()}
        old = Shape(after.table, names, is_whole=True)
    found.removed = old.columns.keys() - new.columns.keys()
    found.added = [c for name, c in new.columns.items() if name not in old.columns]
    types = {name.lower(): kind for name, kind in present.items()}
    for name, column in new.columns.items():
        was = old.columns.get(name)
        if was is None:
            continue
        if column.is_constant and was.text and not was.is_constant:
            found.constant.add(name)
        if not column.type:
            continue
        is_touched = before is None or was.text != column.text or was.type != column.type
        if (is_touched or is_stated) and not _is_same(was.type or types.get(name), column.type):
            found.retyped[name] = column.type
    if new.is_whole:
        found.order = [c.name for c in new.columns.values()]
    return found


def of_alterations(changes: list[Alteration]) -> Difference:
    """What ALTER TABLE does to columns."""
    found = Difference()
    for each in changes:
        name = each.column.lower()
        if each.change in ("removed", "renamed"):
            found.removed.add(name)
            if each.after:
                found.added.append(Column(each.after))
        elif each.change == "type" and each.after:
            found.retyped[name] = each.after
    return found


def proposed(present: Mapping[str, str], found: Difference) -> list[tuple[str, str | None]]:
    """The catalog's columns with what changes, so that nothing else of them is judged.

    A column that is now constant is left out: what uses it is what would lack it.
    """
    names = {name.lower(): name for name in present}
    types: dict[str, str | None] = {name.lower(): None for name in present}
    types |= found.retyped
    left = [name for name in names if name not in found.removed | found.constant]
    added = {c.name.lower(): c for c in found.added if c.name.lower() not in names}
    order = [name.lower() for name in found.order]
    ordered = (
        [n for n in order if n in left or n in added] if order else _in_place(names, found, added)
    )
    rest = [n for n in (*left, *added) if n not in ordered]
    new = {name: column.name for name, column in added.items()}
    return [
        (names.get(n) or new[n], types[n] if n in types else added[n].type)
        for n in (*ordered, *rest)
        if n not in found.constant
    ]


def _in_place(
    names: Mapping[str, str], found: Difference, added: Mapping[str, Column]
) -> list[str]:
    """New columns stand where old ones went, as a rename leaves them."""
    new = iter(added)
    ordered = []
    for name in names:
        if name in found.removed:
            ordered += [each for each in [next(new, None)] if each]
        else:
            ordered.append(name)
    return ordered


def moved_positions(before: Written, after: Written) -> str | None:
    """How an INSERT without column names gives its values in another order; None if it does not."""
    old, new = before.shape.positions, after.shape.positions
    if before.shape.is_whole or after.shape.is_whole or not old or not new:
        return None
    if len(old) != len(new):
        return f"gives {len(new)} values instead of {len(old)}"
    for place, (was, now) in enumerate(zip(old, new, strict=True), 1):
        if _is_one(was, now):
            continue
        if any(_is_one(now, each) for each in old) or any(_is_one(was, each) for each in new):
            return f"gives {_name_of(now)} in place {place}, where {_name_of(was)} was"
    return None


def _is_one(one: Column, other: Column) -> bool:
    named = bool(one.name) and one.name.lower() == other.name.lower()
    return named or (bool(one.text) and one.text == other.text)


def _name_of(column: Column) -> str:
    return column.name or column.text or "a value"


def _is_same(before: str | None, after: str) -> bool:
    return bool(before) and "".join(str(before).lower().split()) == "".join(after.lower().split())
