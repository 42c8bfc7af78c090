"""What names stand for inside one SELECT, and around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from fairlead_sdk.sql.dialects import (
    PSEUDO_COLUMNS,
    ROWS_OF_TRIGGERS,
    WITH_LATERAL_ALIASES,
    WITH_STRUCTS,
    WITH_WHOLE_ROWS,
)
from fairlead_sdk.sql.names import Source, Sources
from fairlead_sdk.sql.relations import NOTHING, Found, Relation


@dataclass(frozen=True)
class Named:
    """An item of FROM: its alias or the parts of its name, and what it gives."""

    parts: tuple[str, ...]
    relation: Relation
    hidden: tuple[str, ...] = ()
    """The parts of the table's name, where an alias hides it: some databases let one use both."""
    hides: bool = False
    """Whether its columns take the place of others with their names."""

    def is_called(self, qualifier: Sequence[str]) -> bool:
        """`t`, `s.t` and `c.s.t` all mean the table c.s.t, unless it has an alias."""
        length = len(qualifier)
        return 0 < length <= len(self.parts) and self.parts[-length:] == tuple(qualifier)


@dataclass
class Scope:
    dialect: str
    found: Found
    ctes: Mapping[str, Relation] = field(default_factory=dict)
    outer: Scope | None = None
    items: list[Named] = field(default_factory=list)
    merged: dict[str, str] = field(default_factory=dict)
    """Columns of USING, with the side that they come from."""
    is_natural: bool = False
    aliases: dict[str, Sources] = field(default_factory=dict)
    """Projections so far, by name."""
    aliases_first: bool = False
    indirect: set[Source] = field(default_factory=set)
    is_probe: bool = False
    """Whether nothing is noted, as for what only decides about rows."""

    def add(self, alias: str, parts: Sequence[str], relation: Relation) -> None:
        own = tuple(part.lower() for part in parts if part)
        called = (alias.lower(),) if alias else own
        self.items.append(Named(called, relation, own if alias else ()))

    def column(self, node: exp.Column) -> Sources:
        """Sources of a column in an expression; empty if unknown, which is noted."""
        parts = [part.name for part in node.parts]
        quoted = isinstance(node.this, exp.Identifier) and node.this.args.get("quoted")
        scope: Scope | None = self
        while scope is not None:
            found = scope._qualified(parts) if len(parts) > 1 else scope._plain(parts[0])
            if found is not None:
                return found
            scope = scope.outer
        if len(parts) > 1 and (record := self.found.records.get(parts[-2].lower())) is not None:
            return record.value(parts[-1])
        if len(parts) > 1 and (found := self._field(parts)) is not None:
            return found
        if len(parts) == 1 and not quoted and parts[0].lower() in PSEUDO_COLUMNS:
            return NOTHING
        if parts[-1].lower() in ("nextval", "currval"):
            return NOTHING
        if parts[0].lower() in ROWS_OF_TRIGGERS or parts[0].startswith(("@", ":", "$")):
            return NOTHING
        self.note(f"the column {'.'.join(parts)} is of no table that is known here")
        return NOTHING

    def note(self, what: str) -> None:
        if not self.is_probe:
            self.found.unknown.setdefault(what)

    def item(self, qualifier: Sequence[str]) -> Named | None:
        wanted = [part.lower() for part in qualifier]
        for item in reversed(self.items):  # the last: UPDATE's own table may be named again
            if item.is_called(wanted):
                return item
        hidden = [i for i in self.items if i.hidden and i.hidden[-len(wanted) :] == tuple(wanted)]
        return hidden[0] if len(hidden) == 1 else None

    def _qualified(self, parts: list[str]) -> Sources | None:
        for length in range(len(parts) - 1, 0, -1):
            if item := self.item(parts[:length]):
                found = self._of(item, parts[length], ".".join(parts))
                is_field = len(parts) > length + 1
                return frozenset(s.through("TRANSFORMATION") for s in found) if is_field else found
        return None

    def _of(self, item: Named, name: str, text: str) -> Sources:
        if (known := item.relation.named(name)) is not None:
            return known
        stars = item.relation.stars(name)
        if len(stars) == 1:
            return stars[0].column(name)
        strong = [star for star in stars if not star.is_weak]
        if len(strong) == 1:
            return strong[0].column(name)
        if stars:
            self.note(f"the column {text} may be of several tables, whose columns are not known")
        else:
            self.note(f"the column {text} is not among those of {'.'.join(item.parts)}")
            if item.relation.table is not None:  # added since they were asked for
                return frozenset({Source(item.relation.table, name, "IDENTITY")})
        return NOTHING

    def _plain(self, name: str) -> Sources | None:
        """A column without its table. None if it can only be of a query around this one."""
        if self.aliases_first and (alias := self.aliases.get(name.lower())) is not None:
            return alias
        certain = [(i, s) for i in self.items if (s := i.relation.named(name)) is not None]
        certain = [(i, s) for i, s in certain if i.hides] or certain
        if len(certain) > 1:
            if name.lower() in self.merged or self.is_natural:
                side = self.merged.get(name.lower())
                if side == "FULL":
                    return frozenset().union(*(sources for _, sources in certain))
                return certain[-1 if side == "RIGHT" else 0][1]
            self.note(f"the column {name} is ambiguous")
            return NOTHING
        if certain:
            return certain[0][1]
        if (record := self.found.records.get(name.lower())) is not None:
            if self.dialect == "bigquery" and self._may_be_column(name):  # which would win
                self.note(f"{name} may be a variable or a column")
                return NOTHING
            return record.sources
        if name.lower() in self.found.variables:
            return NOTHING
        if self.dialect in WITH_WHOLE_ROWS and (item := self.item([name])):
            return frozenset(s.through("TRANSFORMATION") for s in item.relation.sources)
        stars = [star for item in self.items for star in item.relation.stars(name)]
        strong = [star for star in stars if not star.is_weak]
        alias = self.aliases.get(name.lower())
        if alias is not None and (not strong or self.dialect in WITH_LATERAL_ALIASES):
            return alias
        stars = strong or stars
        if len(stars) > 1 and name.lower() in self.merged:
            side = self.merged[name.lower()]
            if side == "FULL":
                return frozenset().union(*(star.column(name) for star in stars))
            return stars[-1 if side == "RIGHT" else 0].column(name)
        if len(stars) == 1:
            if name.lower() in PSEUDO_COLUMNS:
                return NOTHING
            return stars[0].column(name)
        if stars:
            if name.lower() not in PSEUDO_COLUMNS:
                self.note(
                    f"the column {name} may be of several tables, whose columns are not known"
                )
            return NOTHING
        return None

    def _may_be_column(self, name: str) -> bool:
        stars = (star for item in self.items for star in item.relation.stars(name))
        return any(not star.is_weak for star in stars)

    def _field(self, parts: list[str]) -> Sources | None:
        """`a.b` where `a` is no table: a field of the column `a`."""
        if self.dialect not in WITH_STRUCTS:
            return None
        scope: Scope | None = self
        while scope is not None:
            if (found := scope._plain(parts[0])) is not None:
                return frozenset(source.through("TRANSFORMATION") for source in found)
            scope = scope.outer
        return None
