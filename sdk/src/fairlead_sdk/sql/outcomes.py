"""What a statement does: tables that it writes, with their columns, and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from fairlead_sdk.sql.names import Columns, Source, Table
from fairlead_sdk.sql.queries import Evaluator
from fairlead_sdk.sql.relations import Output, Relation
from fairlead_sdk.sql.scope import Scope


@dataclass
class Change:
    """One table that a statement writes."""

    table: Table
    columns: Columns = field(default_factory=dict)
    indirect: set[Source] = field(default_factory=set)
    is_assumed: bool = False
    """Whether the columns have their names from the query, because the table's are not known."""
    makes: Relation | None = None
    """The table as it was just made."""
    is_temporary: bool = False
    is_emptied: bool = False
    is_only_read_later: bool = False
    """A temporary view or a cached query: nothing is read before it is used."""


@dataclass
class Outcome:
    changes: list[Change] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    """Addresses of files that are written."""
    is_read: bool = True
    """Whether the tables that it reads count."""
    is_export: bool = False
    """Whether it writes files instead of tables."""
    declared: list[Table] = field(default_factory=list)
    """Tables that are made only if they are missing, without content."""
    patterns: list[Table] = field(default_factory=list)
    """Tables that others are made like."""


def count_as_seen(evaluator: Evaluator, nodes: Sequence[exp.Expr]) -> None:
    evaluator.seen.update(id(node) for node in nodes)


def string_literals(node: exp.Expr) -> list[str]:
    return [one.name for one in node.find_all(exp.Literal) if one.is_string]


def table_made(
    table: Table, relation: Relation, scope: Scope, *, is_temporary: bool = False
) -> Change:
    return Change(
        table,
        columns_by_name(relation),
        scope.indirect,
        makes=relation,
        is_temporary=is_temporary,
    )


def columns_by_name(relation: Relation) -> Columns:
    columns: Columns = {}
    for column in relation.columns:
        name = column.name if isinstance(column, Output) else "*"
        if name and column.sources:
            columns.setdefault(name, set()).update(column.sources)
    return columns


def listed_columns(target: object) -> list[str]:
    """The columns that stand behind a table's name."""
    if not isinstance(target, exp.Schema):
        return []
    if any(column.find(exp.Star) for column in target.expressions):
        return []  # ClickHouse's `(* EXCEPT (a))`
    return [column.name for column in target.expressions]


def parts_of(node: exp.Table) -> list[str]:
    return [part.name for part in node.parts]


def as_list(value: object) -> list[exp.Expr]:
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, exp.Expr) else []
