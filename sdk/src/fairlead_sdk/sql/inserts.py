"""Statements that add rows of a query or a file to a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeGuard

from sqlglot import exp

from fairlead_sdk.sql import items
from fairlead_sdk.sql.cut import BATCHES
from fairlead_sdk.sql.expressions import sources_of
from fairlead_sdk.sql.names import Columns, Table, is_named, table_of
from fairlead_sdk.sql.outcomes import (
    Change,
    Outcome,
    columns_by_name,
    count_as_seen,
    listed_columns,
    parts_of,
    string_literals,
    table_made,
)
from fairlead_sdk.sql.queries import Evaluator
from fairlead_sdk.sql.relations import Output, Relation, Star
from fairlead_sdk.sql.scope import Scope
from fairlead_sdk.sql.updates import assignments


def of_insert(node: exp.Insert, evaluator: Evaluator, scope: Scope) -> Outcome:
    target = node.this.this if isinstance(node.this, exp.Schema) else node.this
    query = node.args.get("expression") or node.args.get("source")
    if isinstance(target, exp.Directory):
        if isinstance(query, exp.Query):
            evaluator.evaluate(query, scope)
        return Outcome(files=string_literals(target)[:1])
    if node.args.get("is_function"):  # ClickHouse's INSERT INTO FUNCTION s3('...')
        if isinstance(query, exp.Query):
            evaluator.evaluate(query, scope)
        return Outcome(files=[t for t in string_literals(target) if "://" in t], is_export=True)
    if not is_named(target):
        return Outcome(is_read=isinstance(query, exp.Query))
    if evaluator.dialect in BATCHES and target.name.lower() in items.ELSEWHERE:
        count_as_seen(evaluator, [target])
        if isinstance(query, exp.Query):
            evaluator.evaluate(query, scope)
        scope.note(f"what is written by {target.name} at another server is not seen")
        return Outcome(is_read=isinstance(query, exp.Query), is_export=True)
    count_as_seen(evaluator, [target])
    table = table_of(target)
    if isinstance(query, exp.Table):
        query = exp.select("*").from_(query.copy())
    if not _has_sources(query, evaluator):
        return Outcome([Change(table)])
    relation = _record(query, evaluator) or evaluator.evaluate(query, scope)
    names = listed_columns(node.this)
    change = Change(table, indirect=scope.indirect)
    if node.args.get("by_name") or isinstance(query, exp.Values):
        change.columns = columns_by_name(relation) if node.args.get("by_name") else {}
    if not node.args.get("by_name"):
        change.columns, change.is_assumed = _by_position(
            table, relation, names, _partition(target), evaluator
        )
        if isinstance(query, exp.Values) and change.is_assumed and not _record(query, evaluator):
            change.columns = {}
    _on_conflict(node, change, relation.renamed(names), evaluator, scope)
    return Outcome([change])


def _has_sources(query: exp.Expr | None, evaluator: Evaluator) -> TypeGuard[exp.Expr]:
    """Whether the rows may come from elsewhere than from the statement: from a query, or a variable."""
    if not isinstance(query, exp.Expr):  # there is none, or DEFAULT VALUES
        return False
    is_query = isinstance(query, exp.Query) or query.find(exp.Query) is not None
    return is_query or bool(evaluator.found.records)


def _record(query: exp.Expr, evaluator: Evaluator) -> Relation | None:
    """The whole record of `VALUES v` and `VALUES v(i)`."""
    cells = [each for row in query.expressions for each in row.expressions]
    if not isinstance(query, exp.Values) or len(cells) != 1:
        return None
    if not isinstance(cells[0], exp.Column | exp.Anonymous):
        return None
    record = evaluator.found.records.get(cells[0].name.lower())
    return record if record and (len(record.columns) > 1 or record.is_open) else None


def _partition(target: exp.Expr) -> tuple[list[str], list[str]]:
    """Partition columns with a value, and those that come last in the query."""
    partition = target.args.get("partition")
    if not isinstance(partition, exp.Partition):
        return [], []
    fixed = [one.this.name for one in partition.expressions if isinstance(one, exp.EQ)]
    return fixed, [one.name for one in partition.expressions if isinstance(one, exp.Column)]


def _by_position(
    table: Table,
    relation: Relation,
    names: list[str],
    partition: tuple[list[str], list[str]],
    evaluator: Evaluator,
) -> tuple[Columns, bool]:
    """The query's columns by the table's, in their order; what stands behind a `*` has no known place."""
    fixed, last = partition
    if not names:
        known = evaluator.names(table)
        if not known:
            return columns_by_name(relation), bool(relation.columns)
        aside = {name.lower() for name in (*fixed, *last)}
        names = [name for name in known if name.lower() not in aside] + last
        if not relation.is_open and len(relation.columns) > len(names):
            evaluator.found.unknown.setdefault(
                f"the columns of {table}: more are written than it was known to have"
            )
            return columns_by_name(relation), True
    elif last and not {n.lower() for n in last} & {n.lower() for n in names}:
        names = names + last
    columns: Columns = {}
    for name, column in zip(names, relation.columns, strict=False):
        if isinstance(column, Star):
            evaluator.found.unknown.setdefault(
                f"the columns of {table}: `*` stands for columns that are not known"
            )
            break
        if column.sources:
            columns.setdefault(name, set()).update(column.sources)
    return columns, False


def _on_conflict(
    node: exp.Insert, change: Change, new: Relation, evaluator: Evaluator, scope: Scope
) -> None:
    """ON CONFLICT DO UPDATE, ON DUPLICATE KEY UPDATE: the row that was there, and the one that is new."""
    conflict = node.args.get("conflict")
    if not isinstance(conflict, exp.OnConflict):
        return
    inner = evaluator.scope(None, scope.ctes)
    target = node.this.this if isinstance(node.this, exp.Schema) else node.this
    listed = Relation(
        (*(Output(n, frozenset(s)) for n, s in change.columns.items()), Star(is_weak=True))
    )
    query = node.args.get("expression")
    if conflict.args.get("duplicate") and isinstance(query, exp.Select):
        # MySQL: the tables of the query may be named.
        if from_ := query.args.get("from_"):
            items.add(from_.this, inner, evaluator)
        for join in query.args.get("joins") or ():
            items.join(join, inner, evaluator)
    inner.add("excluded", [], listed)
    inner.add(
        node.args.get("alias") or target.alias, parts_of(target), evaluator.known(table_of(target))
    )
    for name, sources in assignments(conflict.expressions, inner, evaluator):
        change.columns.setdefault(name, set()).update(sources)


def of_multitable_insert(
    node: exp.MultitableInserts, evaluator: Evaluator, scope: Scope
) -> Iterator[Change]:
    """INSERT ALL ... SELECT, and Hive's FROM ... INSERT ... INSERT."""
    source = node.args["source"]
    items.add(
        source
        if isinstance(source, exp.Table | exp.Subquery)
        else exp.Subquery(this=source.copy()),
        scope,
        evaluator,
    )
    for each in node.expressions:
        insert = each.this if isinstance(each, exp.ConditionalInsert) else each
        target = insert.this.this if isinstance(insert.this, exp.Schema) else insert.this
        if not is_named(target):
            continue
        count_as_seen(evaluator, [target])
        query = insert.expression
        inner = evaluator.scope(scope, scope.ctes)
        inner.items = list(scope.items)
        inner.indirect |= scope.indirect
        if condition := each.args.get("expression") if each is not insert else None:
            inner.indirect |= sources_of(condition, inner, evaluator, "FILTER")
        if query is None:
            relation = Relation(tuple(c for i in inner.items for c in i.relation.columns))
        else:
            relation = evaluator.evaluate(query, inner)
        table = table_of(target)
        columns, is_assumed = _by_position(
            table, relation, listed_columns(insert.this), _partition(target), evaluator
        )
        if is_assumed and isinstance(query, exp.Values):
            columns = {}
        yield Change(table, columns, inner.indirect, is_assumed)


def of_cache(node: exp.Cache, evaluator: Evaluator, scope: Scope) -> Iterator[Change]:
    if is_named(node.this):
        count_as_seen(evaluator, [node.this])
        if isinstance(node.expression, exp.Query):
            relation = evaluator.evaluate(node.expression, scope)
            change = table_made(table_of(node.this), relation, scope, is_temporary=True)
            change.is_only_read_later = True
            yield change


def of_copy(node: exp.Copy, evaluator: Evaluator, scope: Scope) -> Outcome:
    """COPY from or to a file: `kind` is true where the table is written."""
    target = node.this.this if isinstance(node.this, exp.Schema) else node.this
    files = [text for one in node.args.get("files") or () for text in string_literals(one)[:1]]
    files += [name for one in node.args.get("files") or () if (name := items.stage_of(one))]
    if not node.args.get("kind"):
        if is_named(target):
            evaluator.table(target, scope)
        elif isinstance(target, exp.Query):
            evaluator.evaluate(target, scope)
        return Outcome(files=files, is_export=True)
    for one in node.args.get("files") or ():
        if isinstance(one, exp.Subquery | exp.Query):
            evaluator.evaluate(one, scope)
    if not is_named(target):
        stage = items.stage_of(target)
        return Outcome(files=[stage] if stage else string_literals(target)[:1], is_export=True)
    count_as_seen(evaluator, [target])
    for address in files:
        evaluator.found.files.setdefault(address)
    return Outcome([Change(table_of(target))])
