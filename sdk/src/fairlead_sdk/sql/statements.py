"""Statements as they are read: those of sqlglot, and those that it does not know."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp


@dataclass(frozen=True)
class Moved:
    """Tables that change their names: pairs of old and new. A swap exchanges two."""

    pairs: tuple[tuple[exp.Table, exp.Table], ...]
    is_swap: bool = False


@dataclass(frozen=True)
class Altered:
    """A table whose definition changes, and not its rows; what changes where that is understood."""

    table: exp.Table
    actions: tuple[exp.Expr, ...] = ()


@dataclass(frozen=True)
class Staged:
    """Snowflake's name for a place of files."""

    name: str
    address: str


@dataclass(frozen=True)
class Script:
    """SQL inside of SQL that runs with it."""

    text: str


@dataclass(frozen=True)
class Called:
    """A procedure that is called by its name; empty where that is computed."""

    name: str
    text: str


@dataclass(frozen=True)
class Assigned:
    """Variables that take the columns of a query, or of a cursor; a single one takes all of them."""

    names: tuple[str, ...]
    query: exp.Expr | None = None
    cursor: str = ""
    is_new: bool = False
    """Whether they are declared here: a cursor, the record of a loop."""


@dataclass(frozen=True)
class Prepared:
    """SQL that is run later by a name."""

    name: str
    text: str  # or the variable that has it, with its `@`


@dataclass(frozen=True)
class Used:
    """The database or schema that is meant from here on; empty where it stays."""

    schema: str = ""
    catalog: str = ""


@dataclass(frozen=True)
class Named:
    """Tables of a statement of which no more is understood than which it reads and writes."""

    reads: tuple[exp.Table, ...]
    writes: tuple[exp.Table, ...]
    temporary: tuple[exp.Table, ...] = ()
    """Those of the script's own that it makes."""


Statement = (
    exp.Expr | Moved | Altered | Staged | Script | Called | Assigned | Prepared | Used | Named
)


@dataclass
class Parsed:
    statements: list[Statement] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
