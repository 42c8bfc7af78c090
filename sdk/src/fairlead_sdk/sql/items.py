"""The items of FROM: tables, subqueries, functions that give tables, joins and pivots."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from sqlglot import exp

from fairlead_sdk.sql import pivots
from fairlead_sdk.sql.dialects import FORMATS, PATHS_AS_TABLES
from fairlead_sdk.sql.expressions import sources_of
from fairlead_sdk.sql.names import Source, Sources, is_named, table_of
from fairlead_sdk.sql.relations import Column, Found, Output, Relation, Star
from fairlead_sdk.sql.scope import Named, Scope

_FLATTEN = ("SEQ", "KEY", "PATH", "INDEX", "VALUE", "THIS")
_FILE_FUNCTIONS = frozenset(
    {"read_csv", "read_csv_auto", "read_parquet", "parquet_scan", "read_json", "read_json_auto"}
    | {"read_ndjson", "read_text", "read_blob", "read_xlsx", "delta_scan", "iceberg_scan", "s3"}
    | {"read_files", "url", "file", "hdfs", "gcs", "azureblobstorage", "openrowset"}
)


ELSEWHERE = frozenset({"external_query", "openquery", "dblink", "postgresql", "mysql", "remote"})
"""Functions that run a query, or read a table, at another server."""


_CLUSTERS = frozenset({"cluster", "clusterallreplicas"})


class Evaluator(Protocol):
    dialect: str
    found: Found
    seen: set[int]

    def evaluate(self, node: exp.Expr, scope: Scope) -> Relation: ...
    def subquery(self, node: exp.Expr, scope: Scope) -> Relation: ...
    def table(self, node: exp.Table, scope: Scope) -> Relation: ...


def alias_columns(node: exp.Expr) -> list[str]:
    """The names in `AS t(a, b)`."""
    alias = node.args.get("alias")
    return [column.name for column in alias.columns] if isinstance(alias, exp.TableAlias) else []


def add(node: exp.Expr, scope: Scope, queries: Evaluator) -> None:
    """Puts an item of FROM into the scope, with all that is joined to it inside it."""
    if isinstance(node, exp.Stream | exp.Final):
        node = node.this
    if (
        isinstance(node, exp.Subquery)
        and not node.alias
        and isinstance(node.this, exp.Table | exp.Subquery)
    ):
        add(node.this, scope, queries)  # parentheses around a join
    else:
        relation = _relation(node, scope, queries)
        parts = [part.name for part in node.parts] if isinstance(node, exp.Table) else []
        for pivot in node.args.get("pivots") or ():
            relation = pivots.pivoted(relation, pivot, scope, queries).renamed(alias_columns(pivot))
            if pivot.alias:
                parts = [pivot.alias]
        alias = node.alias if not (node.args.get("pivots") and parts[:1] == [node.alias]) else ""
        if isinstance(node, exp.Unnest) and not alias:  # an element is called like its column
            alias = next(iter(alias_columns(node)), "")
        scope.add(alias, parts, relation)
    for one in node.args.get("joins") or ():
        join(one, scope, queries)
    for lateral in node.args.get("laterals") or ():
        add(lateral, scope, queries)


def join(node: exp.Join, scope: Scope, queries: Evaluator) -> None:
    if node.kind == "ARRAY":
        _array_join(node, scope, queries)
        return
    before = {
        c.name.lower() for i in scope.items for c in i.relation.columns if isinstance(c, Output)
    }
    count = len(scope.items)
    add(node.this, scope, queries)
    for column in node.args.get("using") or ():
        scope.merged.setdefault(column.name.lower(), node.side or node.kind or "")
    if node.method == "NATURAL" and before:
        scope.is_natural = True
    if on := node.args.get("on"):
        scope.indirect |= sources_of(on, _probe(scope), queries, "JOIN")
    for column in node.args.get("using") or ():
        for item in scope.items:
            for star in item.relation.stars(column.name):
                scope.indirect |= {s.through("JOIN") for s in star.column(column.name)}
            if (known := item.relation.named(column.name)) is not None:
                scope.indirect |= {s.through("JOIN") for s in known}
    if node.kind in ("SEMI", "ANTI") and node.side != "RIGHT":
        if scope.dialect == "clickhouse":  # gives columns where they are asked for by the table
            scope.items[count:] = [
                replace(item, relation=item.relation.weak()) for item in scope.items[count:]
            ]
        else:
            del scope.items[count:]  # it decides about rows, and gives no columns


def _array_join(node: exp.Join, scope: Scope, queries: Evaluator) -> None:
    """ClickHouse's `ARRAY JOIN items AS x, f(y) AS z`: a name for the elements of each array."""
    for each in (node.this, *node.expressions):
        array = (
            exp.column(*(p.name for p in reversed(each.parts)))
            if isinstance(each, exp.Table)
            else each
        )
        sources = _through(sources_of(array.unalias(), scope, queries))
        elements = Output(each.alias_or_name, sources)
        scope.items.insert(0, Named((), Relation((elements,)), hides=True))


def _probe(scope: Scope) -> Scope:
    return replace(scope, is_probe=True)


def _relation(node: exp.Expr, scope: Scope, queries: Evaluator) -> Relation:
    if each := node.args.get("rows_from"):  # `ROWS FROM (f(a), g(b)) AS t(x, y)`
        relations = [_relation(one, scope, queries) for one in each]
        sides = tuple(Output("", relation.sources) for relation in relations)
        return Relation(sides).renamed(alias_columns(node))
    if isinstance(node, exp.Table):
        return _table(node, scope, queries).renamed(alias_columns(node))
    if isinstance(node, exp.Subquery):
        whole = node if node.args.get("with_") else node.this
        return queries.subquery(whole, _beside(scope)).renamed(alias_columns(node))
    if isinstance(node, exp.Lateral):
        inner = node.this
        if isinstance(inner, exp.Subquery | exp.Query):
            return queries.subquery(inner, scope).renamed(alias_columns(node))
        return _function(inner, node, scope, queries)
    if isinstance(node, exp.Unnest):
        return _unnested(node, scope, queries)
    if isinstance(node, exp.Values):
        return values(node, scope, queries)
    if isinstance(node, exp.Query):
        return queries.subquery(node, _beside(scope))
    return _function(node, node, scope, queries)


def _beside(scope: Scope) -> Scope:
    """What a subquery in FROM sees: the named queries and what is around, and no other item.

    Its own indirect inputs are those of the whole.
    """
    beside = Scope(scope.dialect, scope.found, scope.ctes, scope.outer)
    beside.indirect = scope.indirect
    return beside


def _table(node: exp.Table, scope: Scope, queries: Evaluator) -> Relation:
    if not is_named(node):
        queries.seen.add(id(node))
        if isinstance(node.this, exp.Literal):
            queries.found.files.setdefault(node.this.name)
            return Relation((Star(),))
        if isinstance(node.this, exp.SemanticView):
            return _semantic_view(node.this, scope, queries)
        if isinstance(node.this, exp.Func | exp.Anonymous | exp.Dot):
            return _function(node.this, node, scope, queries)
        note_stage(node, scope.found)
        return Relation((Star(),))  # a stage, a variable
    table = table_of(node)
    if table.schema.lower() in FORMATS and scope.dialect in PATHS_AS_TABLES and not table.catalog:
        queries.seen.add(id(node))
        queries.found.files.setdefault(table.name)
        return Relation((Star(),))
    if table.schema and not table.catalog and (item := scope.item([table.schema])):
        queries.seen.add(id(node))  # BigQuery's `FROM t, t.items`
        return _elements(node, item, table.name, scope)
    if not table.schema and table.name.lower() == "dual":
        queries.seen.add(id(node))
        return Relation()
    if not table.schema and _is_file(table.name) and node.this.args.get("quoted"):
        queries.seen.add(id(node))
        queries.found.files.setdefault(table.name)
        return Relation((Star(),))
    return queries.table(node, scope)


def note_stage(node: exp.Expr, found: Found) -> None:
    """Snowflake's `@stage/path`, whose files are read."""
    if name := stage_of(node):
        found.files.setdefault(name)


def stage_of(node: exp.Expr) -> str:
    """Snowflake's `@stage/path`; empty for anything else."""
    name = node.this.name if isinstance(node, exp.Table) and isinstance(node.this, exp.Var) else ""
    return name if name.startswith("@") else ""


def _semantic_view(node: exp.SemanticView, scope: Scope, queries: Evaluator) -> Relation:
    """Snowflake's `SEMANTIC_VIEW(v METRICS m DIMENSIONS t.d AS x)`: its columns are those it asks for."""
    whole = queries.table(node.this, scope)
    inner = Scope(scope.dialect, scope.found, scope.ctes)
    inner.add("", [], whole)
    columns = []
    for part in ("dimensions", "facts", "metrics"):
        for each in node.args.get(part) or ():
            value = _without_logical_table(each.unalias())
            columns.append(Output(each.alias_or_name, sources_of(value, inner, queries)))
    if (where := node.args.get("where")) is not None:
        condition = _without_logical_table(where)
        scope.indirect |= sources_of(condition, _probe(inner), queries, "FILTER")
    rest = (column for column in whole.weak().columns if isinstance(column, Star))
    return Relation((*columns, *rest))


def _without_logical_table(node: exp.Expr) -> exp.Expr:
    """A semantic view's columns are known by their own names, whatever logical table they are of."""
    plain = node.copy()
    for column in list(plain.find_all(exp.Column)):
        column.set("table", None)
    return plain


def _is_file(name: str) -> bool:
    return "/" in name or name.lower().endswith((".csv", ".parquet", ".json", ".jsonl", ".csv.gz"))


def _elements(node: exp.Table, item: Named, column: str, scope: Scope) -> Relation:
    found = scope.column(exp.column(column, table=item.parts[-1]))
    sources = frozenset(source.through("TRANSFORMATION") for source in found)
    name = node.alias or column
    return Relation((Output(name, sources), Star(rest=sources, is_weak=True)))


def values(node: exp.Values, scope: Scope, queries: Evaluator) -> Relation:
    names = alias_columns(node)
    columns: list[Sources] = []
    for row in node.expressions:
        cells = row.expressions if isinstance(row, exp.Tuple) else [row]
        for index, cell in enumerate(cells):
            found = sources_of(cell, scope, queries)
            if index < len(columns):
                columns[index] |= found
            else:
                columns.append(found)
    outputs = tuple(Output(f"column{i}", sources) for i, sources in enumerate(columns, 1))
    return Relation(outputs).renamed(names)


def _unnested(node: exp.Unnest, scope: Scope, queries: Evaluator) -> Relation:
    each = [_through(sources_of(one, scope, queries)) for one in node.expressions]
    everything: Sources = frozenset().union(*each)
    names = alias_columns(node)
    columns: list[Column] = []
    if len(names) == len(each):
        columns = [Output(n, s) for n, s in zip(names, each, strict=True)]
    else:
        columns = [Output(name, everything) for name in names]
    if not names and node.alias:
        columns = [Output(node.alias, everything)]
    offset = node.args.get("offset")
    if isinstance(offset, exp.Identifier):
        columns.append(Output(offset.name))
    # Elements with fields: each of them comes from the same array.
    return Relation((*columns, Star(rest=everything, is_weak=True)))


def _through(sources: Sources) -> Sources:
    return frozenset(source.through("TRANSFORMATION") for source in sources)


def _function(function: exp.Expr, node: exp.Expr, scope: Scope, queries: Evaluator) -> Relation:
    """A function that gives a table: its columns are made of its arguments."""
    name = (function.name if isinstance(function, exp.Anonymous) else function.key).lower()
    if name in _CLUSTERS and (other := _as_table(function)) is not None:
        return queries.table(other, scope)
    arguments: set[Source] = set()
    given = [function] if isinstance(function, exp.Dot) else function.iter_expressions()
    for argument in given if name not in ELSEWHERE else ():
        if not isinstance(argument, exp.ColumnDef | exp.OpenJSONColumnDef | exp.Schema):
            arguments |= sources_of(argument, scope, queries, "TRANSFORMATION")
    if name in ELSEWHERE:
        scope.note(f"what {name} reads at {_first_literal(function)} is not seen")
    if name.replace("_", "") in {n.replace("_", "") for n in _FILE_FUNCTIONS}:
        for literal in function.find_all(exp.Literal):
            if literal.is_string and (_is_file(literal.name) or "://" in literal.name):
                queries.found.files.setdefault(literal.name)
    sources = frozenset(arguments)
    names = alias_columns(node) or [
        d.name for d in function.find_all(exp.ColumnDef, exp.OpenJSONColumnDef, exp.JSONColumnDef)
    ]
    if names and list(_FLATTEN) == [n.upper() for n in names]:
        return Relation(tuple(Output(n, sources if n in _VALUES else frozenset()) for n in names))
    columns = [Output(n, sources) for n in names or _usual_names(function, node, scope.dialect)]
    return Relation((*columns, Star(rest=sources, is_weak=True)))


def _as_table(function: exp.Expr) -> exp.Table | None:
    """ClickHouse's `cluster('c', db.t)`: the table as that of this server."""
    names = [a for a in function.expressions if isinstance(a, exp.Column)]
    return exp.table_(names[0].this.copy(), db=names[0].table or None) if names else None


def _first_literal(function: exp.Expr) -> str:
    return next((one.name for one in function.find_all(exp.Literal)), "another server")


def _usual_names(function: exp.Expr, node: exp.Expr, dialect: str) -> list[str]:
    """The columns of a function's table where the query does not name them."""
    if isinstance(function, exp.Posexplode):
        return ["pos", "col", "key", "value"]
    if isinstance(function, exp.Explode | exp.ExplodeOuter):
        return ["col", "key", "value"]
    return [node.alias] if node.alias and dialect in _NAMED_BY_ALIAS else []


_NAMED_BY_ALIAS = ("postgres", "redshift", "duckdb", "")
_VALUES = ("KEY", "VALUE", "THIS", "PATH", "INDEX")


def starred(
    sources: Sequence[Named], star: exp.Star, scope: Scope, queries: Evaluator
) -> list[Column]:
    """What `*` or `t.*` stands for, without, with other or with renamed columns."""
    hidden = {name.lower() for name in _names(star, "except_")}
    replaced = {
        one.alias.lower(): sources_of(one.unalias(), scope, queries)
        for one in star.args.get("replace") or ()
    }
    renamed = {
        one.this.name.lower(): one.alias for one in star.args.get("rename") or () if one.alias
    }
    result: list[Column] = []
    seen: set[str] = set()
    for item in sources:
        for column in item.relation.columns:
            if isinstance(column, Star):
                if column.is_weak and len(item.relation.columns) > 1:
                    continue
                gone = hidden | set(replaced) | set(renamed)
                if len(sources) > 1:
                    gone |= seen & set(scope.merged)
                result.append(
                    Star(column.tables, column.rest, column.hidden | gone, column.is_weak)
                )
                for old, new in renamed.items():
                    result.append(Output(new, column.column(old)))
                for name, found in replaced.items():
                    result.append(Output(name, found))
                replaced, renamed = {}, {}
                continue
            name = column.name.lower()
            if name in hidden:
                continue
            if len(sources) > 1 and name in seen and (name in scope.merged or scope.is_natural):
                continue  # once, however many tables have it
            seen.add(name)
            if name in replaced:
                result.append(Output(column.name, replaced[name]))
            else:
                result.append(Output(renamed.get(name, column.name), column.sources))
    return result


def matching(
    sources: Sequence[Named], columns: exp.Columns, scope: Scope, queries: Evaluator
) -> list[Column]:
    """DuckDB's `COLUMNS('pattern')`: those that match; all where they are not known."""
    everything = starred(sources, exp.Star(), scope, queries)
    if not isinstance(columns.this, exp.Literal):
        return everything
    return [
        column
        for column in everything
        if isinstance(column, Star) or _matches(columns.this.name, column.name)
    ]


def _matches(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return True


def pivoted_alone(node: exp.Pivot, scope: Scope, queries: Evaluator) -> Relation:
    """DuckDB's `PIVOT t ON ...`, which is a query of its own."""
    add(node.this, scope, queries)
    relation = Relation(tuple(c for item in scope.items for c in item.relation.columns))
    return pivots.simplified(relation, node, scope, queries)


def _names(star: exp.Star, part: str) -> list[str]:
    return [one.name for one in star.args.get(part) or ()]
