"""What one statement does to tables: which it writes, and what their columns are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from fairlead_sdk.sql import items
from fairlead_sdk.sql.expressions import sources_of
from fairlead_sdk.sql.names import Columns, Source, Sources, Table, is_named, table_of
from fairlead_sdk.sql.queries import Evaluator
from fairlead_sdk.sql.relations import NOTHING, Output, Relation, Star
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
    declared: list[Table] = field(default_factory=list)
    """Tables that are made only if they are missing, without content."""
    patterns: list[Table] = field(default_factory=list)
    """Tables that others are made like."""


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
        return _inserted(node, evaluator, scope)
    if isinstance(node, exp.Create):
        return _created(node, evaluator, scope)
    if isinstance(node, exp.Update):
        return Outcome([_updated(node, evaluator, scope)])
    if isinstance(node, exp.Merge):
        return Outcome([_merged(node, evaluator, scope)])
    if isinstance(node, exp.Delete):
        return Outcome(list(_deleted(node, evaluator, scope)))
    if isinstance(node, exp.MultitableInserts):
        return Outcome(list(_inserted_in_many(node, evaluator, scope)))
    if isinstance(node, exp.TruncateTable):
        tables = [n for n in node.expressions if is_named(n)]
        _see(evaluator, tables)
        return Outcome([Change(table_of(n), is_emptied=True) for n in tables])
    if isinstance(node, exp.Copy):
        return _copied(node, evaluator, scope)
    if isinstance(node, exp.LoadData) and is_named(node.this):
        _see(evaluator, [node.this])
        return Outcome([Change(table_of(node.this))])
    if isinstance(node, exp.Cache):
        return Outcome(list(_cached(node, evaluator, scope)))
    if isinstance(node, exp.Export):
        evaluator.evaluate(node.this, scope)
        return Outcome(files=[t for t in _texts(node) if "://" in t])
    if isinstance(node, exp.Query):
        return _selected(node, evaluator, scope)
    return Outcome(is_read=False)


def _see(evaluator: Evaluator, nodes: Sequence[exp.Expr]) -> None:
    evaluator.seen.update(id(node) for node in nodes)


def _texts(node: exp.Expr) -> list[str]:
    return [one.name for one in node.find_all(exp.Literal) if one.is_string]


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
    _see(evaluator, [target])
    relation = evaluator.evaluate(node, scope)
    table = table_of(target)
    is_temporary = bool(into.args.get("temporary")) or table.name.startswith("#")
    return Outcome([_made(table, relation, scope, is_temporary=is_temporary)])


def _made(table: Table, relation: Relation, scope: Scope, *, is_temporary: bool = False) -> Change:
    return Change(
        table,
        _by_name(relation),
        scope.indirect,
        makes=relation,
        is_temporary=is_temporary,
    )


def _by_name(relation: Relation) -> Columns:
    columns: Columns = {}
    for column in relation.columns:
        name = column.name if isinstance(column, Output) else "*"
        if name and column.sources:
            columns.setdefault(name, set()).update(column.sources)
    return columns


def _created(node: exp.Create, evaluator: Evaluator, scope: Scope) -> Outcome:
    target = node.this.this if isinstance(node.this, exp.Schema) else node.this
    if node.args.get("kind") not in ("TABLE", "VIEW") or not is_named(target):
        return Outcome(is_read=False)
    _see(evaluator, [target])
    table = table_of(target)
    is_temporary = _is_temporary(node, table)
    relation = _content(node, evaluator, scope)
    if relation is None:
        return _declared(node, table, evaluator, is_temporary=is_temporary)
    names = _listed(node.this)
    if names and relation.is_open:
        evaluator.found.unknown.setdefault(
            f"the columns of {table}: `*` stands for columns that are not known"
        )
    change = _made(table, relation.renamed(names), scope, is_temporary=is_temporary)
    change.is_only_read_later = is_temporary and node.args.get("kind") == "VIEW"
    changes = [change]
    if (store := node.find(exp.ToTableProperty)) and is_named(store.this):
        _see(evaluator, [store.this])
        changes.append(Change(table_of(store.this), dict(change.columns), set(change.indirect)))
    return Outcome(changes)


def _is_temporary(node: exp.Create, table: Table) -> bool:
    properties = node.args.get("properties")
    kinds = properties.expressions if properties else []
    return table.name.startswith("#") or any(
        isinstance(p, exp.TemporaryProperty | exp.VolatileProperty) for p in kinds
    )


def _content(node: exp.Create, evaluator: Evaluator, scope: Scope) -> Relation | None:
    """What the new table holds; None if it is empty."""
    clone = node.args.get("clone")
    if isinstance(clone, exp.Clone) and isinstance(clone.this, exp.Table):
        return evaluator.table(clone.this, scope)
    query = node.args.get("expression")
    if isinstance(query, exp.Table):  # CREATE TABLE a AS b
        query = exp.select("*").from_(query.copy())
    return evaluator.evaluate(query, scope) if isinstance(query, exp.Expr) else None


def _declared(
    node: exp.Create, table: Table, evaluator: Evaluator, *, is_temporary: bool
) -> Outcome:
    """CREATE TABLE with columns and no content, or like another."""
    patterns = [n for like in node.find_all(exp.LikeProperty) for n in like.find_all(exp.Table)]
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


def _listed(target: object) -> list[str]:
    """The columns that stand behind a table's name."""
    if not isinstance(target, exp.Schema):
        return []
    return [column.name for column in target.expressions]


def _inserted(node: exp.Insert, evaluator: Evaluator, scope: Scope) -> Outcome:
    target = node.this.this if isinstance(node.this, exp.Schema) else node.this
    query = node.args.get("expression")
    if isinstance(target, exp.Directory):
        if isinstance(query, exp.Query):
            evaluator.evaluate(query, scope)
        return Outcome(files=_texts(target)[:1])
    if not is_named(target):
        return Outcome(is_read=isinstance(query, exp.Query))
    _see(evaluator, [target])
    table = table_of(target)
    if isinstance(query, exp.Table):
        query = exp.select("*").from_(query.copy())
    if not isinstance(query, exp.Query):
        return Outcome([Change(table)])
    relation = evaluator.evaluate(query, scope)
    names = _listed(node.this)
    change = Change(table, indirect=scope.indirect)
    if node.args.get("by_name") or isinstance(query, exp.Values):
        change.columns = _by_name(relation) if node.args.get("by_name") else {}
    if not node.args.get("by_name"):
        change.columns, change.is_assumed = _by_position(
            table, relation, names, _partition(target), evaluator
        )
        if isinstance(query, exp.Values) and change.is_assumed:
            change.columns = {}
    _on_conflict(node, change, relation.renamed(names), evaluator, scope)
    return Outcome([change])


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
            return _by_name(relation), bool(relation.columns)
        aside = {name.lower() for name in (*fixed, *last)}
        names = [name for name in known if name.lower() not in aside] + last
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
        node.args.get("alias") or target.alias, _parts(target), evaluator.known(table_of(target))
    )
    for name, sources in _assigned(conflict.expressions, inner, evaluator):
        change.columns.setdefault(name, set()).update(sources)


def _parts(node: exp.Table) -> list[str]:
    return [part.name for part in node.parts]


def _inserted_in_many(
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
        _see(evaluator, [target])
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
            table, relation, _listed(insert.this), _partition(target), evaluator
        )
        if is_assumed and isinstance(query, exp.Values):
            columns = {}
        yield Change(table, columns, inner.indirect, is_assumed)


def _cached(node: exp.Cache, evaluator: Evaluator, scope: Scope) -> Iterator[Change]:
    if is_named(node.this):
        _see(evaluator, [node.this])
        if isinstance(node.expression, exp.Query):
            relation = evaluator.evaluate(node.expression, scope)
            change = _made(table_of(node.this), relation, scope, is_temporary=True)
            change.is_only_read_later = True
            yield change


def _copied(node: exp.Copy, evaluator: Evaluator, scope: Scope) -> Outcome:
    """COPY from or to a file: `kind` is true where the table is written."""
    target = node.this.this if isinstance(node.this, exp.Schema) else node.this
    files = [text for one in node.args.get("files") or () for text in _texts(one)[:1]]
    if not node.args.get("kind"):
        if is_named(target):
            evaluator.table(target, scope)
        elif isinstance(target, exp.Query):
            evaluator.evaluate(target, scope)
        return Outcome(files=files)
    for one in node.args.get("files") or ():
        if isinstance(one, exp.Subquery | exp.Query):
            evaluator.evaluate(one, scope)
    if not is_named(target):
        return Outcome(files=_texts(target)[:1])
    _see(evaluator, [target])
    for address in files:
        evaluator.found.files.setdefault(address)
    return Outcome([Change(table_of(target))])


# -- what is changed in a table --------------------------------------------------------------------


def _updated(node: exp.Update, evaluator: Evaluator, scope: Scope) -> Change:
    table = _changed_table(node.this, node.args.get("from_"), scope, evaluator)
    change = Change(table, indirect=scope.indirect)
    for name, sources in _assigned(node.expressions, scope, evaluator):
        change.columns.setdefault(name, set()).update(sources)
    evaluator.decide(node, scope)
    return change


def _changed_table(
    target: exp.Expr, from_: exp.Expr | None, scope: Scope, evaluator: Evaluator
) -> Table:
    """The table of an UPDATE or DELETE, which may be named by an alias in its FROM."""
    if not isinstance(target, exp.Table) or not is_named(target):
        raise ValueError(f"no table: {target.sql()[:100]}")
    others = list(from_.this.find_all(exp.Table)) if from_ is not None else []
    others += [t for j in target.args.get("joins") or () for t in j.find_all(exp.Table)]
    same = _meant(target, others)
    if same is not None:
        _see(evaluator, [target])
        if from_ is not None:
            _add_target_within(from_.this, same, scope, evaluator)
        for join in target.args.get("joins") or ():
            items.join(join, scope, evaluator)
        return table_of(same)
    table = table_of(target)
    if (
        not table.schema and table.name.lower() in scope.ctes
    ):  # SQL Server changes what is behind it
        behind = {s.table for s in scope.ctes[table.name.lower()].sources if s.is_direct}
        if len(behind) == 1:
            table = behind.pop()
    _see(evaluator, [target])
    scope.add(target.alias, _parts(target), evaluator.known(table))
    for join in target.args.get("joins") or ():
        items.join(join, scope, evaluator)
    if from_ is not None:
        items.add(from_.this, scope, evaluator)
        for join in from_.args.get("joins") or ():
            items.join(join, scope, evaluator)
    return table


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


def _assigned(
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


def _merged(node: exp.Merge, evaluator: Evaluator, scope: Scope) -> Change:
    if not is_named(node.this):
        raise ValueError(f"no table: {node.this.sql()[:100]}")
    _see(evaluator, [node.this])
    table = table_of(node.this)
    change = Change(table, indirect=scope.indirect)
    using = evaluator.scope(None, scope.ctes)
    items.add(node.args["using"], using, evaluator)
    scope.indirect |= using.indirect
    whole = evaluator.scope(None, scope.ctes)
    whole.indirect = scope.indirect
    whole.items = list(using.items)
    whole.add(node.this.alias, _parts(node.this), evaluator.known(table))
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
            yield from ((n, frozenset(s)) for n, s in _by_name(everything).items())
        else:
            yield from _assigned(then.expressions, whole, evaluator)
    elif isinstance(then, exp.Insert):
        values = then.args.get("expression")
        cells = values.expressions if isinstance(values, exp.Tuple | exp.Values) else []
        if len(cells) == 1 and isinstance(cells[0], exp.Tuple):
            cells = cells[0].expressions
        if isinstance(then.this, exp.Star) or (isinstance(then.this, exp.Var) and not cells):
            yield from ((n, frozenset(s)) for n, s in _by_name(everything).items())
            return
        if isinstance(then.this, exp.Tuple | exp.Schema):
            names = [one.name for one in then.this.expressions]
        else:
            names = evaluator.names(table) or []
        for name, cell in zip(names, cells, strict=False):
            yield name, sources_of(cell, using, evaluator)  # the row that did not match


def _deleted(node: exp.Delete, evaluator: Evaluator, scope: Scope) -> Iterator[Change]:
    named = [n for n in node.args.get("tables") or () if is_named(n)]
    from_ = node.this
    if not named:
        table = _changed_table(from_, None, scope, evaluator)
        tables = [table]
    else:
        others = [n for n in from_.find_all(exp.Table) if is_named(n)]
        meant = [_meant(one, others) or one for one in named]
        _see(evaluator, named)
        reads = dict(evaluator.found.reads)
        items.add(from_, scope, evaluator)
        tables = [table_of(one) for one in meant]
        for table in tables:
            if table not in reads:
                evaluator.found.reads.pop(table, None)
    for using in _list(node.args.get("using")):
        items.add(using, scope, evaluator)
    evaluator.decide(node, scope)
    for table in tables:
        yield Change(table, indirect=set(scope.indirect))


def _list(value: object) -> list[exp.Expr]:
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, exp.Expr) else []


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
