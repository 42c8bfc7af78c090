"""Statements that change or remove rows: UPDATE, MERGE and DELETE."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from fairlead_sdk.sql import items
from fairlead_sdk.sql.expressions import sources_of
from fairlead_sdk.sql.names import Sources, Table, is_named, table_of
from fairlead_sdk.sql.outcomes import Change, as_list, columns_by_name, count_as_seen, parts_of
from fairlead_sdk.sql.queries import Evaluator
from fairlead_sdk.sql.relations import NOTHING, Relation
from fairlead_sdk.sql.scope import Scope

# -- what is changed in a table --------------------------------------------------------------------


def of_update(node: exp.Update, evaluator: Evaluator, scope: Scope) -> Iterator[Change]:
    columns = [
        each.this.name
        for each in node.expressions
        if isinstance(each, exp.EQ) and isinstance(each.this, exp.Column)
    ]
    table = _changed_table(node.this, node.args.get("from_"), scope, evaluator, columns)
    change = Change(table, indirect=scope.indirect)
    joined: dict[str, Change] = {}
    for one in node.expressions:
        other = _joined_target(one, node.this)
        target = change
        if other is not None and table_of(other).key != table.key:
            target = joined.setdefault(other.alias_or_name, Change(table_of(other)))
        for name, sources in assignments([one], scope, evaluator):
            target.columns.setdefault(name, set()).update(sources)
    evaluator.decide(node, scope)
    yield change
    for target in joined.values():
        target.indirect = set(scope.indirect)
        yield target


def _joined_target(assignment: exp.Expr, target: exp.Expr) -> exp.Table | None:
    """MySQL's `UPDATE a JOIN b SET b.x = ...`: the table of an assignment that is not the first."""
    left = assignment.this if isinstance(assignment, exp.EQ) else None
    if not isinstance(left, exp.Column) or not left.table:
        return None
    for join in target.args.get("joins") or ():
        if is_named(join.this) and join.this.alias_or_name.lower() == left.table.lower():
            return join.this
    return None


def _changed_table(
    target: exp.Expr,
    from_: exp.Expr | None,
    scope: Scope,
    evaluator: Evaluator,
    columns: Sequence[str] = (),
) -> Table:
    """
    The table of an UPDATE, which sets these columns, or of a DELETE; an alias in FROM may name it.
    """
    if not isinstance(target, exp.Table) or not is_named(target):
        raise ValueError(f"no table: {target.sql()[:100]}")
    others = list(from_.this.find_all(exp.Table)) if from_ is not None else []
    others += [t for j in target.args.get("joins") or () for t in j.find_all(exp.Table)]
    same = _meant(target, others)
    if same is not None:
        count_as_seen(evaluator, [target])
        if from_ is not None:
            _add_target_within(from_.this, same, scope, evaluator)
        for join in target.args.get("joins") or ():
            items.join(join, scope, evaluator)
        relation = None if same.db else scope.ctes.get(same.name.lower())
        return _behind(relation, columns, table_of(same)) if relation else table_of(same)
    if from_ is not None and (derived := _derived(target, from_)) is not None:
        count_as_seen(evaluator, [target])
        _add_all(from_, scope, evaluator)
        item = scope.item([derived])
        return _behind(item.relation, columns, table_of(target)) if item else table_of(target)
    table = table_of(target)
    relation = None if table.schema else scope.ctes.get(table.name.lower())
    if relation is not None:  # SQL Server changes what is behind it
        table = _behind(relation, columns, table)
    count_as_seen(evaluator, [target])
    scope.add(target.alias, parts_of(target), relation or evaluator.known(table))
    for join in target.args.get("joins") or ():
        items.join(join, scope, evaluator)
    if from_ is not None:
        _add_all(from_, scope, evaluator)
    return table


def _behind(relation: Relation, columns: Sequence[str], otherwise: Table) -> Table:
    """The one table that these columns of a query are of, or all of them where none is named."""
    found = [relation.named(name) or NOTHING for name in columns] or [relation.sources]
    tables = {source.table for sources in found for source in sources if source.is_direct}
    return tables.pop() if len(tables) == 1 else otherwise


def _add_all(from_: exp.Expr, scope: Scope, evaluator: Evaluator) -> None:
    items.add(from_.this, scope, evaluator)
    for join in from_.args.get("joins") or ():
        items.join(join, scope, evaluator)


def _derived(target: exp.Table, from_: exp.Expr) -> str | None:
    """The subquery's alias in SQL Server's `UPDATE x SET ... FROM (SELECT ...) x`."""
    if target.db:
        return None
    joins = [*(from_.this.args.get("joins") or ()), *(from_.args.get("joins") or ())]
    items_of = [from_.this, *(join.this for join in joins)]
    aliases = (one.alias for one in items_of if isinstance(one, exp.Subquery))
    return next((alias for alias in aliases if alias.lower() == target.name.lower()), None)


def _meant(target: exp.Table, others: list[exp.Table]) -> exp.Table | None:
    """The table in FROM that the target's name is an alias of, or that it repeats."""
    if target.db or target.alias:
        return (
            next(
                (o for o in others if is_named(o) and table_of(o).key == table_of(target).key), None
            )
            if not target.alias
            else None
        )
    for other in others:
        if is_named(other) and other.alias_or_name.lower() == target.name.lower():
            return other
    return None


def _add_target_within(node: exp.Expr, same: exp.Table, scope: Scope, evaluator: Evaluator) -> None:
    """The items of FROM, among them the changed table, which is not read for being there."""
    target = table_of(same)
    before = target in evaluator.found.reads
    items.add(node, scope, evaluator)
    others = [n for n in node.find_all(exp.Table) if n is not same and is_named(n)]
    if not before and not any(table_of(n) == target for n in others):
        evaluator.found.reads.pop(target, None)


def assignments(
    assignments: Sequence[exp.Expr], scope: Scope, evaluator: Evaluator
) -> Iterator[tuple[str, Sources]]:
    """The columns of `SET a = ..., (b, c) = (...)`."""
    for one in assignments:
        if not isinstance(one, exp.EQ | exp.PropertyEQ):
            continue
        left, right = one.this, one.expression
        if isinstance(left, exp.Tuple | exp.Paren):
            names = [c.name for c in left.find_all(exp.Column)]
            if isinstance(right, exp.Subquery | exp.Query):
                found = [c.sources for c in evaluator.subquery(right, scope).columns]
            elif isinstance(right, exp.Tuple):
                found = [sources_of(each, scope, evaluator) for each in right.expressions]
            else:
                found = [sources_of(right, scope, evaluator)]
            yield from zip(names, found, strict=False)
        elif isinstance(left, exp.Column):
            parts = [part.name for part in left.parts]
            name = parts[-1] if len(parts) < 2 or scope.item(parts[:-1]) else parts[0]
            yield name, _new_value(right, scope, evaluator)
        elif isinstance(left, exp.Identifier | exp.Dot):
            column = left.find(exp.Column)
            yield (column.name if column else left.name), _new_value(right, scope, evaluator)


def _new_value(node: exp.Expr, scope: Scope, evaluator: Evaluator) -> Sources:
    if isinstance(node, exp.Anonymous) and node.name.upper() == "VALUES":  # MySQL's new row
        names = [i.name for i in node.find_all(exp.Identifier)]
        return scope.column(exp.column(names[0], table="excluded")) if names else NOTHING
    return sources_of(node, scope, evaluator)


def of_merge(node: exp.Merge, evaluator: Evaluator, scope: Scope) -> Change:
    """What a MERGE changes and from what. Raises ValueError where it names no table."""
    if not is_named(node.this):
        raise ValueError(f"no table: {node.this.sql()[:100]}")
    count_as_seen(evaluator, [node.this])
    table = table_of(node.this)
    change = Change(table, indirect=scope.indirect)
    using = evaluator.scope(None, scope.ctes)
    items.add(node.args["using"], using, evaluator)
    scope.indirect |= using.indirect
    whole = evaluator.scope(None, scope.ctes)
    whole.indirect = scope.indirect
    whole.items = list(using.items)
    whole.add(node.this.alias, parts_of(node.this), evaluator.known(table))
    if on := node.args.get("on"):
        evaluator.decide_by(on, whole, "JOIN")
    for when in node.find_all(exp.When):
        if condition := when.args.get("condition"):
            evaluator.decide_by(condition, whole, "FILTER")
        for name, sources in _merged_row(when.args.get("then"), table, using, whole, evaluator):
            change.columns.setdefault(name, set()).update(sources)
    return change


def _merged_row(
    then: object, table: Table, using: Scope, whole: Scope, evaluator: Evaluator
) -> Iterator[tuple[str, Sources]]:
    everything = Relation(tuple(c for i in using.items for c in i.relation.columns))
    if isinstance(then, exp.Update):
        if any(isinstance(one, exp.Star) for one in then.expressions):
            yield from ((n, frozenset(s)) for n, s in columns_by_name(everything).items())
        else:
            yield from assignments(then.expressions, whole, evaluator)
    elif isinstance(then, exp.Insert):
        values = then.args.get("expression")
        cells = values.expressions if isinstance(values, exp.Tuple | exp.Values) else []
        if len(cells) == 1 and isinstance(cells[0], exp.Tuple):
            cells = cells[0].expressions
        if isinstance(then.this, exp.Star) or (isinstance(then.this, exp.Var) and not cells):
            yield from ((n, frozenset(s)) for n, s in columns_by_name(everything).items())
            return
        if isinstance(then.this, exp.Tuple | exp.Schema):
            names = [one.name for one in then.this.expressions]
        else:
            names = evaluator.names(table) or []
        for name, cell in zip(names, cells, strict=False):
            yield name, sources_of(cell, using, evaluator)  # the row that did not match


def of_delete(node: exp.Delete, evaluator: Evaluator, scope: Scope) -> Iterator[Change]:
    named = [n for n in node.args.get("tables") or () if is_named(n)]
    from_ = node.this
    if not isinstance(from_, exp.Expr):  # `DELETE t WHERE ...`
        from_, named = named[0], []
    if not named:
        table = _changed_table(from_, None, scope, evaluator)
        tables = [table]
    else:
        others = [n for n in from_.find_all(exp.Table) if is_named(n)]
        meant = [_meant(one, others) or one for one in named]
        count_as_seen(evaluator, named)
        reads = dict(evaluator.found.reads)
        items.add(from_, scope, evaluator)
        tables = [table_of(one) for one in meant]
        for table in tables:
            if table not in reads:
                evaluator.found.reads.pop(table, None)
    for using in as_list(node.args.get("using")):
        if len(tables) == 1 and (same := _meant(from_, list(using.find_all(exp.Table)))):
            _add_target_within(using, same, scope, evaluator)
        else:
            items.add(using, scope, evaluator)
    evaluator.decide(node, scope)
    for table in tables:
        yield Change(table, indirect=set(scope.indirect))
