"""The nouns of a check: tables as files leave them, and what is found of their changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fairlead_sdk.sql import Shape, Table


@dataclass(frozen=True)
class Place:
    """A line of a file, from 1."""

    file: str
    line: int = 1


@dataclass
class Written:
    """A table as files leave it; `node` where they say which dataset it is."""

    table: Table
    shape: Shape
    place: Place
    node: str = ""
    uses: set[tuple[str, str]] = field(default_factory=set)
    """Tables (their last name) and columns that it is made of; the column `*` where any may be meant."""


@dataclass(frozen=True)
class Finding:
    """Something that breaks, or that could not be judged (`breaks` is false)."""

    rule: str
    message: str
    place: Place
    dataset: str = ""
    column: str = ""
    uses: tuple[str, ...] = ()
    """What uses it, one line each."""
    owners: tuple[str, ...] = ()
    kinds: Mapping[str, int] = field(default_factory=dict)
    breaks: bool = True

    def as_dict(self) -> dict[str, object]:
        return {
            "rule": self.rule,
            "message": self.message,
            "file": self.place.file,
            "line": self.place.line,
            "dataset": self.dataset or None,
            "column": self.column or None,
            "uses": [*self.uses],
            "owners": [*self.owners],
            "kinds": dict(self.kinds),
            "breaks": self.breaks,
        }


@dataclass
class Report:
    findings: list[Finding] = field(default_factory=list)
    files: int = 0
    tables: int = 0

    @property
    def breaking(self) -> list[Finding]:
        return [each for each in self.findings if each.breaks]


RULES = {
    "column-removed": "A column that is used goes",
    "column-renamed": "A column that is used probably gets another name",
    "column-constant": "A column that is used becomes the same in every row",
    "column-type": "A column that is used gets a type that holds less",
    "table-removed": "A table that is used is no longer written",
    "positions": "An INSERT without column names gives its values in another order",
    "unknown-column": "SQL reads a column that its table does not have",
    "unknown-table": "SQL reads a table that is not known in place of one that is",
    "unknown-model": "A dbt model refers to one that does not exist",
    "unreadable": "SQL or Python that could be read can no longer be read",
}
