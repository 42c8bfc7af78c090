"""What one statement does to tables: which it writes, and what their columns are made of."""

from __future__ import annotations

from sqlglot import exp

from fairlead_sdk.sql.inserts import of_cache, of_copy, of_insert, of_multitable_insert
from fairlead_sdk.sql.names import Table, is_named, table_of
from fairlead_sdk.sql.outcomes import (
    Change,
    Outcome,
    count_as_seen,
    listed_columns,
    string_literals,
    table_made,
)
from fairlead_sdk.sql.queries import Evaluator
from fairlead_sdk.sql.relations import Output, Relation, Star
from fairlead_sdk.sql.scope import Scope
from fairlead_sdk.sql.updates import of_delete, of_merge, of_update


def outcome_of(statement: exp.Expr, evaluator: Evaluator) -> Outcome:
    scope = evaluator.scope()
    if not isinstance(statement, exp.Query) or _writes_in_with(statement):
        scope.ctes = evaluator.with_ctes(statement, scope)
    inner = _written_in_with(statement, evaluator, scope)
    found = _outcome(statement, evaluator, scope)
    found.changes += inner
    return found


def _outcome(node: exp.Expr, evaluator: Evaluator, scope: Scope) -> Outcome:
    if isinstance(node, exp.Insert):
        return of_insert(node, evaluator, scope)
    if isinstance(node, exp.Create):
        return _created(node, evaluator, scope)
    if isinstance(node, exp.Update):
        return Outcome(list(of_update(node, evaluator, scope)))
    if isinstance(node, exp.Merge):
        return Outcome([of_merge(node, evaluator, scope)])
    if isinstance(node, exp.Delete):
        return Outcome(list(of_delete(node, evaluator, scope)))
    if isinstance(node, exp.MultitableInserts):
        return Outcome(list(of_multitable_insert(node, evaluator, scope)))
    if isinstance(node, exp.TruncateTable):
        tables = [n for n in node.expressions if is_named(n)]
        count_as_seen(evaluator, tables)
        return Outcome([Change(table_of(n), is_emptied=True) for n in tables])
    if isinstance(node, exp.Copy):
        return of_copy(node, evaluator, scope)
    if isinstance(node, exp.LoadData) and is_named(node.this):
        count_as_seen(evaluator, [node.this])
        return Outcome([Change(table_of(node.this))])
    if isinstance(node, exp.Cache):
        return Outcome(list(of_cache(node, evaluator, scope)))
    if isinstance(node, exp.Export):
        evaluator.evaluate(node.this, scope)
        return Outcome(files=[t for t in string_literals(node) if "://" in t])
    if isinstance(node, exp.Query):
        return _selected(node, evaluator, scope)
    return Outcome(is_read=False)


# -- what a query gives, put into a table ----------------------------------------------------------


def _selected(node: exp.Query, evaluator: Evaluator, scope: Scope) -> Outcome:
    """A query; with INTO it makes a table."""
    first: exp.Expr = node
    while isinstance(first, exp.SetOperation | exp.Subquery):
        first = first.this
    into = first.args.get("into")
    target = into.find(exp.Table) if isinstance(into, exp.Into) else None
    if into is None or target is None or not is_named(target):
        evaluator.evaluate(node, scope)
        return Outcome()
    count_as_seen(evaluator, [target])
    relation = evaluator.evaluate(node, scope)
    table = table_of(target)
    is_temporary = bool(into.args.get("temporary")) or table.name.startswith("#")
    return Outcome([table_made(table, relation, scope, is_temporary=is_temporary)])


def _created(node: exp.Create, evaluator: Evaluator, scope: Scope) -> Outcome:
    target = node.this.this if isinstance(node.this, exp.Schema) else node.this
    if not is_named(target) or node.args.get("kind") not in ("TABLE", "VIEW", "MODEL"):
        return Outcome(is_read=False)
    if node.args.get("kind") == "MODEL":
        return _trained(node, table_of(target), evaluator, scope)
    count_as_seen(evaluator, [target])
    table = table_of(target)
    is_temporary = _is_temporary(node, table)
    relation = _content(node, evaluator, scope)
    if relation is None:
        return _declared(node, table, evaluator, is_temporary=is_temporary)
    names = listed_columns(node.this)
    if _is_without_rows(node):
        empty = tuple(
            Output(c.name) if isinstance(c, Output) else Star(is_weak=True)
            for c in relation.renamed(names).columns
        )
        made = Change(table, makes=Relation(empty), is_temporary=is_temporary)
        return Outcome([made], is_read=False, patterns=[*evaluator.found.reads])
    if names and relation.is_open:
        evaluator.found.unknown.setdefault(
            f"the columns of {table}: `*` stands for columns that are not known"
        )
    change = table_made(table, relation.renamed(names), scope, is_temporary=is_temporary)
    change.is_only_read_later = is_temporary and node.args.get("kind") == "VIEW"
    changes = [change]
    if (store := node.find(exp.ToTableProperty)) and is_named(store.this):
        count_as_seen(evaluator, [store.this])
        changes.append(Change(table_of(store.this), dict(change.columns), set(change.indirect)))
    return Outcome(changes)


def _trained(node: exp.Create, table: Table, evaluator: Evaluator, scope: Scope) -> Outcome:
    """BigQuery's `CREATE MODEL m AS SELECT ...`: it has no columns of the query's."""
    count_as_seen(evaluator, [node.this])
    query = node.args.get("expression")
    if isinstance(query, exp.Query):
        evaluator.evaluate(query, scope)
    return Outcome([Change(table, indirect=scope.indirect)], is_read=isinstance(query, exp.Query))


def _is_temporary(node: exp.Create, table: Table) -> bool:
    properties = node.args.get("properties")
    kinds = properties.expressions if properties else []
    return table.name.startswith("#") or any(
        isinstance(p, exp.TemporaryProperty | exp.VolatileProperty) for p in kinds
    )


def _is_without_rows(node: exp.Create) -> bool:
    """`CREATE TABLE a AS SELECT ... WITH NO DATA`: the columns of a query, not its rows."""
    found = node.find(exp.WithDataProperty)
    return node.args.get("kind") == "TABLE" and found is not None and bool(found.args.get("no"))


def _content(node: exp.Create, evaluator: Evaluator, scope: Scope) -> Relation | None:
    """What the new table holds; None if it is empty."""
    clone = node.args.get("clone")
    if isinstance(clone, exp.Clone) and isinstance(clone.this, exp.Table):
        return evaluator.table(clone.this, scope)
    query = node.args.get("expression")
    if isinstance(query, exp.Table) and evaluator.dialect == "clickhouse":
        return None  # the columns of another table, not its rows
    if isinstance(query, exp.Table):  # CREATE TABLE a AS b
        query = exp.select("*").from_(query.copy())
    return evaluator.evaluate(query, scope) if isinstance(query, exp.Expr) else None


def _declared(
    node: exp.Create, table: Table, evaluator: Evaluator, *, is_temporary: bool
) -> Outcome:
    """CREATE TABLE with columns and no content, or like another."""
    patterns = [n for like in node.find_all(exp.LikeProperty) for n in like.find_all(exp.Table)]
    if isinstance(like := node.args.get("expression"), exp.Table):
        patterns.append(like)
    result = Outcome(is_read=False, patterns=[table_of(n) for n in patterns if is_named(n)])
    if node.args.get("exists") and not is_temporary:
        result.declared.append(table)  # most times it does nothing, so it says nothing
        return result
    columns = node.this.expressions if isinstance(node.this, exp.Schema) else []
    names = [column.name for column in columns if isinstance(column, exp.ColumnDef)]
    if not names and len(result.patterns) == 1:
        names = evaluator.names(result.patterns[0]) or []
    relation = Relation(tuple(map(Output, names)) if names else (Star(),))
    result.changes.append(Change(table, makes=relation, is_temporary=is_temporary))
    return result


def _writes_in_with(node: exp.Expr) -> bool:
    return any(isinstance(cte.this, exp.DML) for cte in node.find_all(exp.CTE))


def _written_in_with(node: exp.Expr, evaluator: Evaluator, scope: Scope) -> list[Change]:
    """`WITH moved AS (DELETE FROM a RETURNING *) ...` writes too."""
    changes = []
    for cte in node.find_all(exp.CTE):
        if isinstance(cte.this, exp.DML):
            inner = evaluator.scope(None, scope.ctes)
            changes += _outcome(cte.this, evaluator, inner).changes
    return changes
