"""A query as a relation: scope by scope, from its FROM to its projections."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from sqlglot import exp

from fairlead_sdk.sql import items, pivots
from fairlead_sdk.sql.cut import BATCHES
from fairlead_sdk.sql.dialects import RECURSION_WITHOUT_KEYWORD
from fairlead_sdk.sql.expressions import sources_of
from fairlead_sdk.sql.names import Table, is_named, table_of
from fairlead_sdk.sql.relations import (
    NOTHING,
    Column,
    Found,
    Output,
    Records,
    Relation,
    Star,
    of_names,
    united,
)
from fairlead_sdk.sql.scope import Scope

Describe = Callable[[Table], Mapping[str, str] | None]
"""Column names and types of a table, in their order; None if it is not known."""

Lookup = Callable[[Table], Relation | None]
"""What a table that exists only within the script stands for."""

_ROUNDS = 4
"""A recursive query is evaluated until nothing is new, at most so often."""


class Evaluator:
    """Evaluates the queries of one statement. What it reads and cannot tell is left in `found`."""

    def __init__(
        self,
        dialect: str,
        describe: Describe,
        temporary: Lookup,
        variables: frozenset[str] = frozenset(),
        records: Records | None = None,
    ) -> None:
        self.dialect = dialect
        self.found = Found(
            variables=variables, records=records if records is not None else Records()
        )
        self.seen: set[int] = set()
        """The nodes of tables that were evaluated."""
        self._describe = describe
        self._temporary = temporary

    # -- what a statement asks for -------------------------------------------------------------

    def scope(
        self, outer: Scope | None = None, ctes: Mapping[str, Relation] | None = None
    ) -> Scope:
        ctes = ctes if ctes is not None else (outer.ctes if outer else {})
        return Scope(self.dialect, self.found, ctes, outer)

    def subquery(self, node: exp.Expr, scope: Scope) -> Relation:
        """A query inside another, which may use the columns around it."""
        inner = self.scope(scope)
        relation = self.evaluate(node, inner)
        scope.indirect |= inner.indirect
        return relation

    def table(self, node: exp.Table, scope: Scope) -> Relation:
        """A table, a CTE or a temporary table, by the name that stands in a statement."""
        self.seen.add(id(node))
        table = table_of(node)
        if not table.schema and (cte := scope.ctes.get(table.name.lower())) is not None:
            return cte
        if self.dialect in BATCHES and table.key in (("inserted", "", ""), ("deleted", "", "")):
            return Relation((Star(is_weak=True),))  # the rows of a trigger
        if (temporary := self._temporary(table)) is not None:
            for read in temporary.reads:
                self.found.reads.setdefault(read)
            scope.indirect |= temporary.indirect
            return temporary
        self.found.reads.setdefault(table)
        return self.known(table)

    def known(self, table: Table) -> Relation:
        columns = self._describe(table)
        return of_names(columns, table) if columns else Relation((Star(frozenset({table})),))

    def names(self, table: Table) -> list[str] | None:
        """A table's columns, if they are known: those of a temporary one, or of the database."""
        relation = self._temporary(table)
        if relation is not None and not relation.is_open:
            return names_of(relation.columns)
        columns = self._describe(table)
        return list(columns) if columns else None

    def decide(self, node: exp.Expr, scope: Scope) -> None:
        """The conditions of an UPDATE or DELETE."""
        self._rows(node, scope)

    def decide_by(self, condition: exp.Expr, scope: Scope, how: str) -> None:
        scope.indirect |= sources_of(condition, replace(scope, is_probe=True), self, how)

    # -- queries -------------------------------------------------------------------------------

    def evaluate(self, node: exp.Expr, scope: Scope) -> Relation:
        scope.ctes = self.with_ctes(node, scope)
        if isinstance(node, exp.Subquery):
            if (
                isinstance(node.this, exp.Table)
                or node.args.get("joins")
                or node.args.get("pivots")
            ):
                items.add(node, scope, self)
                return _all(scope)
            relation = self.evaluate(node.this, scope)
            self._rows(node, scope)
            return relation.renamed(items.alias_columns(node))
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, scope)
        if isinstance(node, exp.Select):
            return self._select(node, scope)
        if isinstance(node, exp.Values):
            return items.values(node, scope, self)
        if isinstance(node, exp.Table):
            items.add(node, scope, self)
            return _all(scope)
        if isinstance(node, exp.Pivot):
            return items.pivoted_alone(node, scope, self)
        if isinstance(node, exp.Insert | exp.Update | exp.Delete | exp.Merge):
            return self._returning(node, scope)
        self.found.unknown.setdefault(f"{type(node).__name__} is not understood as a query")
        return Relation((Star(),))

    def with_ctes(self, node: exp.Expr, scope: Scope) -> Mapping[str, Relation]:
        """The named queries in force: those around, and those of the node's own WITH."""
        with_ = node.args.get("with_")
        if not isinstance(with_, exp.With):
            return scope.ctes
        ctes = dict(scope.ctes)
        for cte in with_.expressions:
            name = cte.alias_or_name.lower()
            names = items.alias_columns(cte)
            inner = self.scope(scope.outer, ctes)
            if cte.args.get("scalar"):  # ClickHouse's `WITH expression AS name`
                scope.aliases[name] = sources_of(cte.this, inner, self)
            elif self._is_recursive(cte, name, bool(with_.args.get("recursive"))):
                ctes[name] = self._recursive(cte.this, name, names, inner)
            else:
                ctes[name] = self.evaluate(cte.this, inner).renamed(names)
            scope.indirect |= inner.indirect
        return ctes

    def _is_recursive(self, cte: exp.Expr, name: str, has_keyword: bool) -> bool:
        if not isinstance(cte.this, exp.SetOperation):
            return False
        if not has_keyword and self.dialect not in RECURSION_WITHOUT_KEYWORD:
            return False
        return any(
            not node.db and node.name.lower() == name for node in cte.this.find_all(exp.Table)
        )

    def _recursive(self, node: exp.Expr, name: str, names: list[str], scope: Scope) -> Relation:
        """First without itself, then with what that gave, until nothing is new."""
        known = Relation(tuple(Output(n) for n in names)) if names else Relation()
        anchor = node.this
        while isinstance(anchor, exp.SetOperation):
            anchor = anchor.this
        known = self.evaluate(anchor, self.scope(scope.outer, scope.ctes)).renamed(names)
        for _ in range(_ROUNDS):
            inner = self.scope(scope.outer, {**scope.ctes, name: known})
            found = self.evaluate(node, inner).renamed(names)
            scope.indirect |= inner.indirect
            if found == known:
                break
            known = found
        return known

    def _set_operation(self, node: exp.SetOperation, scope: Scope) -> Relation:
        chain: list[exp.SetOperation] = []  # without recursion: there are unions of thousands
        left: exp.Expr = node
        while isinstance(left, exp.SetOperation) and (left is node or not left.args.get("with_")):
            chain.append(left)
            left = left.this
        relation = self._branch(left, scope)
        for each in reversed(chain):
            other = self._branch(each.expression, scope)
            if isinstance(each, exp.Except):
                scope.indirect |= {s.through("FILTER") for s in other.sources}
            else:
                relation = united(relation, other, by_name=bool(each.args.get("by_name")))
        return relation

    def _branch(self, node: exp.Expr, scope: Scope) -> Relation:
        inner = self.scope(scope.outer, scope.ctes)
        relation = self.evaluate(node, inner)
        scope.indirect |= inner.indirect
        return relation

    def _select(self, node: exp.Select, scope: Scope) -> Relation:
        if from_ := node.args.get("from_"):
            items.add(from_.this, scope, self)
        if isinstance(match := node.args.get("match"), exp.MatchRecognize):
            pivots.matched(match, scope, self)
        for join in node.args.get("joins") or ():
            items.join(join, scope, self)
        for lateral in node.args.get("laterals") or ():
            items.add(lateral, scope, self)
        scope.aliases_first = self.dialect == "clickhouse"
        columns: list[Column] = []
        for projection in node.expressions:
            found = self._projection(projection, scope)
            columns += found
            if isinstance(projection, exp.Alias) and len(found) == 1:
                scope.aliases.setdefault(projection.alias.lower(), found[0].sources)
        self._windows(node, scope)
        self._rows(node, scope)
        return Relation(tuple(columns))

    def _windows(self, node: exp.Select, scope: Scope) -> None:
        """`WINDOW w AS (...)`: decides about the columns that name it, of which no more is known."""
        for window in node.args.get("windows") or ():
            probe = replace(scope, is_probe=True)
            for part in (*(window.args.get("partition_by") or ()), window.args.get("order")):
                if part is not None:
                    scope.indirect |= sources_of(part, probe, self, "WINDOW")

    def _rows(self, node: exp.Expr, scope: Scope) -> None:
        """Add the inputs that select rows as indirect; unknown ones are not reported."""
        probe = replace(scope, is_probe=True)
        for name, how in (
            *(("where", "FILTER"), ("having", "FILTER"), ("qualify", "FILTER")),
            *(("prewhere", "FILTER"), ("connect", "FILTER")),
            *(("group", "GROUP_BY"), ("order", "SORT"), ("sort", "SORT"), ("cluster", "SORT")),
        ):
            part = node.args.get(name)
            if isinstance(part, exp.Expr):
                scope.indirect |= sources_of(part, probe, self, how)
        scope.indirect |= probe.indirect

    def _projection(self, node: exp.Expr, scope: Scope) -> list[Column]:
        inner = node.unalias()
        if isinstance(inner, exp.Star):
            return items.starred(scope.items, inner, scope, self)
        if isinstance(inner, exp.Column) and isinstance(inner.this, exp.Star):
            return self._table_star(inner, scope)
        if isinstance(inner, exp.Columns):
            return items.matching(scope.items, inner, scope, self)
        if isinstance(inner, exp.QueryTransform):
            return self._by_program(inner, scope)
        sources = sources_of(inner, scope, self)
        if isinstance(node, exp.Aliases):
            return [Output(name.name, sources) for name in node.aliases]
        return [Output(_name(node, self.dialect), sources)]

    def _by_program(self, node: exp.QueryTransform, scope: Scope) -> list[Column]:
        """Hive's `TRANSFORM (a, b) USING 'program' AS (c, d)`: each column may come from all of them."""
        given = [sources_of(each, scope, self, "TRANSFORMATION") for each in node.expressions]
        everything = frozenset().union(*given)
        schema = node.args.get("schema")
        names = [each.name for each in schema.expressions] if schema else ["key", "value"]
        return [Output(name, everything) for name in names]

    def _table_star(self, node: exp.Column, scope: Scope) -> list[Column]:
        parts = [part.name for part in node.parts[:-1]]
        around: Scope | None = scope
        while around is not None:
            if item := around.item(parts):
                return items.starred([item], node.this, scope, self)
            around = around.outer
        if len(parts) == 1 and (record := self.found.records.get(parts[0].lower())) is not None:
            return list(record.columns)
        struct = exp.column(parts[-1], *reversed(parts[:-1][-3:]))  # all fields of a column
        return [Star(rest=sources_of(struct, scope, self, "TRANSFORMATION"), is_weak=True)]

    def _returning(self, node: exp.Expr, scope: Scope) -> Relation:
        """`WITH moved AS (DELETE FROM a RETURNING *)`: what the statement changed."""
        target = node.this.this if isinstance(node.this, exp.Schema) else node.this
        returning = node.args.get("returning")
        if not is_named(target) or returning is None:
            return Relation()
        self.seen.add(id(target))
        scope.add(target.alias, [p.name for p in target.parts], self.known(table_of(target)))
        if isinstance(node, exp.Delete):
            self.found.reads.setdefault(table_of(target))
        columns: list[Column] = []
        for projection in returning.expressions:
            columns += self._projection(projection, scope)
        self._rows(node, scope)
        return Relation(tuple(columns))


def _all(scope: Scope) -> Relation:
    return Relation(tuple(column for item in scope.items for column in item.relation.columns))


def _name(node: exp.Expr, dialect: str) -> str:
    """What a column is called; empty where the database would make a name up."""
    if isinstance(node, exp.Cast) and dialect in ("postgres", "redshift"):
        return _name(node.this, dialect)
    if isinstance(node, exp.Alias | exp.Column | exp.Dot | exp.PropertyEQ):
        return node.alias_or_name
    if isinstance(node, exp.Paren):
        return _name(node.this, dialect) if isinstance(node.this, exp.Column) else ""
    return ""


def names_of(columns: Iterable[Column]) -> list[str] | None:
    """The columns' names; None where a star stands for some."""
    found = list(columns)
    if any(isinstance(column, Star) for column in found):
        return None
    return [column.name for column in found if isinstance(column, Output)]


__all__ = ["NOTHING", "Describe", "Evaluator", "Lookup", "names_of"]
