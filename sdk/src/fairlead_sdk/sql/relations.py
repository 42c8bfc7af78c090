"""What a query gives: columns in their order, each with what it is made of.

A `*` over a table whose columns are not known stays in its place as a `Star`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from fairlead_sdk.sql.names import Source, Sources, Table, alike

NOTHING: Sources = frozenset()


@dataclass(frozen=True)
class Output:
    """One column. `name` is empty where the statement gives it none."""

    name: str
    sources: Sources = NOTHING


@dataclass(frozen=True)
class Star:
    """All columns of tables whose columns are not known.

    `rest` is what each of them is made of besides, such as the argument of a function that gives a
    table. `hidden` are those that are not among them. A weak one yields where another may have a column.
    """

    tables: frozenset[Table] = frozenset()
    rest: Sources = NOTHING
    hidden: frozenset[str] = frozenset()
    is_weak: bool = False

    def column(self, name: str) -> Sources:
        own = {Source(table, name, "IDENTITY") for table in self.tables}
        return frozenset(own | self.rest)

    @property
    def sources(self) -> Sources:
        return self.column("*")


Column = Output | Star


@dataclass(frozen=True)
class Relation:
    columns: tuple[Column, ...] = ()
    reads: tuple[Table, ...] = ()
    """Tables that are read where a temporary one stands for them."""
    indirect: Sources = NOTHING
    """What decides about the rows of a temporary table."""
    table: Table | None = None
    """The table that this is, if it is one."""

    def named(self, name: str) -> Sources | None:
        """The column of that name, if it is certain that there is one."""
        outputs = [c for c in self.columns if isinstance(c, Output)]
        meant = alike(name, [c.name for c in outputs])
        found = [c for c in outputs if c.name in meant]
        return frozenset().union(*(c.sources for c in found)) if found else None

    def stars(self, name: str) -> list[Star]:
        """Those among which the column may be."""
        return [c for c in self.columns if isinstance(c, Star) and name.lower() not in c.hidden]

    def weak(self) -> Relation:
        """The same columns, those behind a star only where nothing else has them."""
        columns = (replace(c, is_weak=True) if isinstance(c, Star) else c for c in self.columns)
        return replace(self, columns=tuple(columns))

    def value(self, name: str) -> Sources:
        """What a field of that name is made of, if this is a record."""
        if (known := self.named(name)) is not None:
            return known
        return frozenset().union(*(star.column(name) for star in self.stars(name)))

    @property
    def is_open(self) -> bool:
        return any(isinstance(column, Star) for column in self.columns)

    def renamed(self, names: Sequence[str]) -> Relation:
        """With other names, by position: `AS t(a, b)`. What stands behind a star keeps its place unknown."""
        if not names:
            return self
        renamed: list[Column] = []
        for column, name in zip_longest(self.columns, names):
            if isinstance(column, Star):
                left = names[len(renamed) :]
                rest = column.rest if column.is_weak else NOTHING
                columns = (*renamed, *(Output(n, rest) for n in left))
                return replace(self, columns=columns, table=None)
            if column is None:
                break
            renamed.append(replace(column, name=name or column.name))
        return replace(self, columns=tuple(renamed), table=None)

    def without(self, names: Iterable[str]) -> Relation:
        hidden = frozenset(name.lower() for name in names)
        return replace(
            self,
            table=None,
            columns=tuple(
                replace(c, hidden=c.hidden | hidden) if isinstance(c, Star) else c
                for c in self.columns
                if isinstance(c, Star) or c.name.lower() not in hidden
            ),
        )

    def mapped(self, change: Callable[[Source], Source]) -> Relation:
        """With every source seen through something."""
        return replace(self, columns=tuple(_changed(column, change) for column in self.columns))

    @property
    def sources(self) -> Sources:
        return frozenset().union(*(column.sources for column in self.columns))


def _changed(column: Column, change: Callable[[Source], Source]) -> Column:
    if isinstance(column, Output):
        return replace(column, sources=frozenset(map(change, column.sources)))
    return replace(column, rest=frozenset(map(change, column.rest)))


def of_names(names: Iterable[str], table: Table) -> Relation:
    """A table whose columns are known."""
    columns = tuple(Output(n, frozenset({Source(table, n, "IDENTITY")})) for n in names)
    return Relation(columns, table=table)


def united(left: Relation, right: Relation, *, by_name: bool = False) -> Relation:
    """UNION: by position, with the names of the first. By name where that is asked for."""
    reads = tuple(dict.fromkeys(left.reads + right.reads))
    is_open = left.is_open or right.is_open
    if not by_name and not is_open and len(left.columns) != len(right.columns):
        by_name = True  # no database takes this
    if by_name:
        return Relation(_united_by_name(left, right), reads)
    columns: list[Column] = []
    for one, other in zip_longest(left.columns, right.columns):
        if isinstance(one, Star) and isinstance(other, Star):
            hidden = one.hidden | other.hidden
            columns.append(Star(one.tables | other.tables, one.rest | other.rest, hidden))
        elif isinstance(one, Output) and isinstance(other, Output):
            columns.append(Output(one.name, one.sources | other.sources))
        else:  # a star against columns: which of them, its position does not tell
            columns += _united_by_name(
                Relation(left.columns[len(columns) :]), Relation(right.columns[len(columns) :])
            )
            break
    return Relation(tuple(columns), reads)


def _united_by_name(left: Relation, right: Relation) -> tuple[Column, ...]:
    columns: list[Column] = []
    for column in left.columns:
        if isinstance(column, Output):
            more = right.named(column.name) if column.name else None
            if more is None and column.name:
                stars = right.stars(column.name)
                more = stars[0].column(column.name) if len(stars) == 1 else None
            columns.append(Output(column.name, column.sources | (more or NOTHING)))
        else:
            columns.append(column)
    for column in right.columns:
        if isinstance(column, Star):
            columns.append(column)
        elif left.named(column.name) is None:
            more = frozenset().union(*(s.column(column.name) for s in left.stars(column.name)))
            columns.append(Output(column.name, column.sources | more))
    return tuple(columns)


@dataclass
class Records:
    """What variables of a script hold: a record is a relation, a value one with a single column."""

    _held: dict[str, Relation] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self._held)

    def get(self, name: str) -> Relation | None:
        """What the variable of that name, in lower case, holds; None if that is not known."""
        if name in self._held:
            self._asked.add(name)
        return self._held.get(name)

    def hold(self, name: str, relation: Relation, *, is_new: bool) -> None:
        """
        Put something into a variable.

        What it held is gone if it was used since, or if the variable is new. If not, the script has
        several ways, of which each may be the one that is taken.
        """
        known = self._held.get(name)
        if known is None or is_new or name in self._asked:
            self._asked.discard(name)
            self._held[name] = relation
        else:
            by_name = len(known.columns) != len(relation.columns)
            self._held[name] = united(known, relation, by_name=by_name)


@dataclass
class Found:
    """Notes of an evaluation: what was read, and what is unknown."""

    reads: dict[Table, None] = field(default_factory=dict)
    files: dict[str, None] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)
    variables: frozenset[str] = frozenset()
    """Names of the script's variables, which are no columns unless a table is known to have them."""
    records: Records = field(default_factory=Records)
    """What those variables hold of which that is known."""
