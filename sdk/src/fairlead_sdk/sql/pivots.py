"""PIVOT, UNPIVOT and MATCH_RECOGNIZE: rows made columns, columns made rows, rows found by a pattern."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from fairlead_sdk.sql.expressions import Queries, sources_of
from fairlead_sdk.sql.names import Source
from fairlead_sdk.sql.relations import Column, Output, Relation, Star
from fairlead_sdk.sql.scope import Named, Scope


def pivoted(relation: Relation, pivot: exp.Pivot, scope: Scope, queries: Queries) -> Relation:
    inner = Scope(scope.dialect, scope.found, scope.ctes, scope.outer)
    inner.add("", [], relation)
    if pivot.args.get("unpivot"):
        result = _unpivoted(relation, pivot, inner, queries)
    else:
        result = _made_wide(relation, pivot, inner, queries)
    scope.indirect |= inner.indirect
    return result


def _made_wide(relation: Relation, pivot: exp.Pivot, scope: Scope, queries: Queries) -> Relation:
    fields = [field.this for field in pivot.fields if isinstance(field, exp.In)]
    by = frozenset[Source]().union(*(sources_of(f, scope, queries, "CONDITIONAL") for f in fields))
    aggregates = [sources_of(one, scope, queries) for one in pivot.expressions]
    used = {c.name for part in (*fields, *pivot.expressions) for c in part.find_all(exp.Column)}
    if group := pivot.args.get("group"):
        remaining: tuple[Column, ...] = tuple(
            Output(c.name, sources_of(c, scope, queries)) for c in group.find_all(exp.Column)
        )
    else:
        remaining = relation.without(used).columns
    names = [name.name for name in pivot.args.get("columns") or ()]
    if not names:  # which there are, only the data tell
        everything = frozenset().union(*aggregates) | by
        return Relation((*remaining, Star(rest=everything, is_weak=True)))
    made = [
        Output(name, aggregates[index % len(aggregates)] | by) if aggregates else Output(name, by)
        for index, name in enumerate(names)
    ]
    return Relation((*remaining, *made))


def _unpivoted(relation: Relation, pivot: exp.Pivot, scope: Scope, queries: Queries) -> Relation:
    used: list[str] = []
    made: list[Column] = []
    for field in pivot.fields:
        if not isinstance(field, exp.In):
            continue
        columns = [c for one in field.expressions for c in one.find_all(exp.Column)]
        used += [c.name for c in columns]
        sources = frozenset[Source]().union(*(sources_of(c, scope, queries) for c in columns))
        made.append(Output(field.this.name))
        for value in pivot.expressions:
            names = [i.name for i in value.find_all(exp.Identifier)]
            made += [Output(name, sources) for name in names]
    return Relation((*relation.without(used).columns, *made))


def simplified(relation: Relation, node: exp.Pivot, scope: Scope, queries: Queries) -> Relation:
    """DuckDB's `PIVOT t ON k USING sum(v)` and `UNPIVOT t ON a, b INTO NAME n VALUE v`."""
    on = [c for one in node.expressions for c in one.find_all(exp.Column)]
    if node.args.get("unpivot"):
        into = node.args.get("into")
        names = [i.name for i in into.find_all(exp.Identifier)] if into else []
        values = frozenset[Source]().union(*(sources_of(c, scope, queries) for c in on))
        made = [Output(n, values if index else frozenset()) for index, n in enumerate(names)]
        return Relation((*relation.without(c.name for c in on).columns, *made))
    using = node.args.get("using") or []
    rest = {s for one in using for s in sources_of(one, scope, queries)}
    rest |= {s for c in on for s in sources_of(c, scope, queries, "CONDITIONAL")}
    used = {c.name for part in (*on, *using) for c in part.find_all(exp.Column)}
    group = node.args.get("group")
    remaining = (
        tuple(Output(c.name, sources_of(c, scope, queries)) for c in group.find_all(exp.Column))
        if group
        else relation.without(used).columns
    )
    return Relation((*remaining, Star(rest=frozenset(rest), is_weak=True)))


def matched(node: exp.MatchRecognize, scope: Scope, queries: Queries) -> None:
    """Put what MATCH_RECOGNIZE makes of the items of FROM in their place: partitions and measures."""
    inner = replace(scope, is_probe=True)
    rows = node.args.get("rows")
    by = [c for each in node.args.get("partition_by") or () for c in each.find_all(exp.Column)]
    columns: list[Column] = [Output(c.name, sources_of(c, inner, queries)) for c in by]
    if rows is not None and rows.name.upper().startswith("ALL"):
        columns += [column for item in scope.items for column in item.relation.columns]
    for measure in node.args.get("measures") or ():
        value = _without_variables(measure.this, scope)
        columns.append(Output(value.alias_or_name, sources_of(value.unalias(), inner, queries)))
    for each in node.args.get("define") or ():
        condition = _without_variables(each, scope).unalias()
        scope.indirect |= sources_of(condition, inner, queries, "FILTER")
    if (order := node.args.get("order")) is not None:
        scope.indirect |= sources_of(order, inner, queries, "SORT")
    parts = (node.alias.lower(),) if node.alias else ()
    scope.items = [Named(parts, Relation(tuple(columns)))]


def _without_variables(node: exp.Expr, scope: Scope) -> exp.Expr:
    """`a.price` is the price of the rows that the pattern calls `a`."""
    plain = node.copy()
    for column in list(plain.find_all(exp.Column)):
        if column.table and scope.item([column.table]) is None:
            column.set("table", None)
    return plain
