"""The nouns of SQL lineage: tables, and the columns that others are made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeGuard

from sqlglot import exp

DIRECT = ("IDENTITY", "TRANSFORMATION", "AGGREGATION")
"""Ways in which a column's value comes from another's, by how much is left of it."""

INDIRECT = ("CONDITIONAL", "WINDOW", "JOIN", "FILTER", "GROUP_BY", "SORT")
"""Ways in which a column decides about others without being part of their value."""


@dataclass(frozen=True, order=True)
class Table:
    """A table as the script names it; `schema` and `catalog` are empty where it does not say."""

    name: str
    schema: str = ""
    catalog: str = ""

    def __str__(self) -> str:
        return ".".join(filter(None, (self.catalog, self.schema, self.name)))

    @property
    def key(self) -> Key:
        """For comparison: names are compared without their case."""
        return (self.name.lower(), self.schema.lower(), self.catalog.lower())


Key = tuple[str, str, str]


@dataclass(frozen=True, order=True)
class Source:
    """A column that another column is made of, and how; `*` stands for columns that are not known."""

    table: Table
    column: str
    how: str
    masking: bool = False

    @property
    def is_direct(self) -> bool:
        return self.how in DIRECT

    def through(self, how: str, masking: bool = False) -> Source:
        """The same column, seen through an expression that is made of what it was part of."""
        return replace(self, how=worse(how, self.how), masking=self.masking or masking)


def alike(name: str, known: Iterable[str]) -> set[str]:
    """
    The columns among `known` that a name in a script stands for.

    Engines differ in whether letters count, and quotes change that: a column that is spelled as the
    script spells it is meant, and only without one those that differ in the case of letters.

    >>> alike("id", ["ID", "id"]), alike("Id", ["ID"])
    ({'id'}, {'ID'})
    """
    wanted = name.lower()
    found = {each for each in known if each.lower() == wanted}
    return {name} if name in found else found


Sources = frozenset[Source]
Columns = dict[str, set[Source]]


def worse(outer: str, inner: str) -> str:
    """How a column comes through two expressions, one around the other."""
    if outer in INDIRECT:
        return outer
    return inner if inner in INDIRECT else max(outer, inner, key=DIRECT.index)


def table_of(node: exp.Table) -> Table:
    mark = "#" if node.this and node.this.args.get("temporary") else ""  # SQL Server's `#name`
    mark = "##" if node.this and node.this.args.get("global_") else mark
    return Table(mark + node.name, node.db, node.catalog)


def is_named(node: object) -> TypeGuard[exp.Table]:
    """Whether it is a table, and not a function or a file that gives one."""
    return isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier)
