"""Which columns a script leaves in the tables that it writes: in order, with types where the script says them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp
from sqlglot.errors import SqlglotError

from fairlead_sdk.sql.names import Key, Source, Table, is_named, table_of
from fairlead_sdk.sql.outcomes import listed_columns
from fairlead_sdk.sql.queries import Describe, Evaluator
from fairlead_sdk.sql.reader import Reader
from fairlead_sdk.sql.relations import Output
from fairlead_sdk.sql.result import nothing_known
from fairlead_sdk.sql.statements import Altered, Moved, Statement

_PATIENCE = 10.0
_OF_ONE_TYPE: dict[type[exp.Expr], str] = {
    exp.Concat: "VARCHAR",
    exp.DPipe: "VARCHAR",
    exp.ToChar: "VARCHAR",
    exp.Upper: "VARCHAR",
    exp.Lower: "VARCHAR",
    exp.Substring: "VARCHAR",
    exp.Count: "BIGINT",
}


@dataclass(frozen=True)
class Column:
    """A column as a script gives it: `text` is what it is made of, the same however that is formatted."""

    name: str
    type: str | None = None
    text: str = ""
    is_constant: bool = False
    """Whether it is the same in every row."""


@dataclass
class Shape:
    """The columns of a table that a script writes, by their names in lower case."""

    table: Table
    columns: dict[str, Column] = field(default_factory=dict)
    is_whole: bool = False
    """Whether these are all that the table has, because it is made anew."""
    is_open: bool = False
    """Whether a `*` stands for more."""
    positions: list[Column] | None = None
    """Of an INSERT without names: what comes first, second, ..."""


@dataclass(frozen=True)
class Alteration:
    """ALTER TABLE: `after` is the new name or type; of a column that goes, None."""

    table: Table
    change: str
    column: str
    after: str | None = None


@dataclass
class Shapes:
    """What a script leaves: shapes of what it writes, what it removes and what it alters."""

    written: dict[Key, Shape] = field(default_factory=dict)
    dropped: dict[Key, Table] = field(default_factory=dict)
    altered: list[Alteration] = field(default_factory=list)


def shapes_of(script: str, dialect: str = "", describe: Describe = nothing_known) -> Shapes:
    """Read what a script leaves in tables. Never raises for what it finds in them."""
    reader = Reader(dialect, describe, time.monotonic() + _PATIENCE, _PATIENCE)
    drawer = _Drawer(dialect, describe)
    for statement in reader.statements([script]):
        try:
            drawer.add(statement)
        except Exception:  # noqa: BLE001 - trees take any form
            drawer.add_open(statement)
    return drawer.finished()


class _Drawer:
    def __init__(self, dialect: str, describe: Describe) -> None:
        self._dialect = dialect
        self._described = describe
        self._found = Shapes()
        self._temporary: set[Key] = set()

    def finished(self) -> Shapes:
        for key in self._temporary:
            self._found.written.pop(key, None)
        return self._found

    def add(self, statement: Statement) -> None:
        if isinstance(statement, Altered):
            self._found.altered += _alterations(statement, self._dialect)
        elif isinstance(statement, Moved) and not statement.is_swap:
            for old, new in statement.pairs:
                self._rename(table_of(old), table_of(new))
        elif isinstance(statement, exp.Create):
            self._create(statement)
        elif isinstance(statement, exp.Drop):
            if statement.args.get("kind") in ("TABLE", "VIEW"):
                for node in statement.find_all(exp.Table):
                    self._drop(table_of(node))
        elif isinstance(statement, exp.Insert):
            self._insert(statement)
        elif isinstance(statement, exp.Update | exp.Merge):
            self._assign(statement)
        elif isinstance(statement, exp.Query):
            self._into(statement)

    def add_open(self, statement: Statement) -> None:
        """What a statement writes whose columns cannot be had."""
        target = statement.this if isinstance(statement, exp.Expr) else None
        target = target.this if isinstance(target, exp.Schema) else target
        if is_named(target) and isinstance(statement, exp.DML | exp.Create):
            shape = self._found.written.setdefault(table_of(target).key, Shape(table_of(target)))
            shape.is_open = True

    # -- statements ------------------------------------------------------------------------------

    def _create(self, node: exp.Create) -> None:
        target = node.this.this if isinstance(node.this, exp.Schema) else node.this
        if node.args.get("kind") not in ("TABLE", "VIEW") or not is_named(target):
            return
        table = table_of(target)
        shape = Shape(table, is_whole=True)
        query = node.args.get("expression")
        if isinstance(query, exp.Query):
            columns, shape.is_open = self._outputs(query, node)
            names = listed_columns(node.this)
            for place, column in enumerate(columns):
                name = names[place] if place < len(names) else column.name
                if name:
                    shape.columns[name.lower()] = replace(column, name=name)
        else:
            defined = node.this.expressions if isinstance(node.this, exp.Schema) else []
            for each in defined:
                if isinstance(each, exp.ColumnDef):
                    shape.columns[each.name.lower()] = Column(each.name, self._type(each.kind))
            shape.is_open = not shape.columns
        self._put(shape)
        if table.name.startswith("#") or node.find(exp.TemporaryProperty, exp.VolatileProperty):
            self._temporary.add(table.key)

    def _put(self, shape: Shape) -> None:
        self._found.dropped.pop(shape.table.key, None)
        self._found.written[shape.table.key] = shape

    def _drop(self, table: Table) -> None:
        self._found.written.pop(table.key, None)
        if table.key not in self._temporary:
            self._found.dropped[table.key] = table

    def _rename(self, old: Table, new: Table) -> None:
        if not new.schema:
            new = Table(new.name, old.schema, old.catalog)
        shape = self._found.written.pop(old.key, None)
        if shape is not None:
            shape.table = new
            self._put(shape)
        else:
            self._found.dropped[old.key] = old

    def _insert(self, node: exp.Insert) -> None:
        target = node.this.this if isinstance(node.this, exp.Schema) else node.this
        query = node.args.get("expression")
        if not is_named(target):
            return
        table = table_of(target)
        shape = self._found.written.setdefault(table.key, Shape(table))
        names = listed_columns(node.this)
        columns, is_open = (
            self._outputs(query, node) if isinstance(query, exp.Query) else ([], not names)
        )
        if names:
            given = {c: columns[i] for i, c in enumerate(names) if i < len(columns)}
            added = [replace(given[n], name=n) if n in given else Column(n) for n in names]
            shape.columns |= {c.name.lower(): c for c in added}
            return
        if not shape.is_whole:
            shape.is_open |= is_open
            shape.positions = None if is_open else columns

    def _assign(self, node: exp.Update | exp.Merge) -> None:
        if not is_named(node.this):
            return
        table = self._meant(node)
        shape = self._found.written.setdefault(table.key, Shape(table))
        updates = [node] if isinstance(node, exp.Update) else list(node.find_all(exp.Update))
        for update in updates:
            for each in update.expressions:
                if isinstance(each, exp.EQ):
                    for column in each.this.find_all(exp.Column):
                        shape.columns.setdefault(column.name.lower(), Column(column.name))
        for insert in node.find_all(exp.Insert) if isinstance(node, exp.Merge) else ():
            if isinstance(insert.this, exp.Tuple):
                for column in insert.this.find_all(exp.Column):
                    shape.columns.setdefault(column.name.lower(), Column(column.name))
            else:
                shape.is_open = True

    def _meant(self, node: exp.Expr) -> Table:
        """T-SQL's `UPDATE a SET ... FROM t AS a` writes t."""
        written = table_of(node.this)
        for each in node.find_all(exp.Table):
            if each is not node.this and each.alias.lower() == written.name.lower():
                return table_of(each)
        return written

    def _into(self, node: exp.Query) -> None:
        into = node.find(exp.Into)
        target = into.find(exp.Table) if into else None
        if into is None or target is None or not is_named(target):
            return
        columns, is_open = self._outputs(node, node)
        table = table_of(target)
        shape = Shape(table, {c.name.lower(): c for c in columns if c.name}, True, is_open)
        self._put(shape)
        if into.args.get("temporary") or table.name.startswith("#"):
            self._temporary.add(table.key)

    # -- columns ---------------------------------------------------------------------------------

    def _outputs(self, query: exp.Query, around: exp.Expr) -> tuple[list[Column], bool]:
        evaluator = Evaluator(self._dialect, self._describe, lambda _: None)
        scope = evaluator.scope()
        if around is not query:
            scope.ctes = evaluator.with_ctes(around, scope)
        relation = evaluator.evaluate(query, scope)
        values = _values(
            query, around, [c.name if isinstance(c, Output) else None for c in relation.columns]
        )
        found = []
        for column, value in zip(relation.columns, values, strict=True):
            if isinstance(column, Output):
                kind = self._kind(value, column.sources)
                text, is_constant = self._text(value), _is_constant(value)
                found.append(Column(column.name or "", kind, text, is_constant))
        return found, relation.is_open

    def _describe(self, table: Table) -> dict[str, str] | None:
        held = self._found.written.get(table.key)
        if held is not None and held.is_whole and not held.is_open:
            return {c.name: c.type or "" for c in held.columns.values()}
        known = self._described(table)
        return dict(known) if known else None

    def _kind(self, value: exp.Expr | None, sources: Iterable[Source]) -> str | None:
        plain = value.unnest() if value is not None else None
        if isinstance(plain, exp.Cast):
            return self._type(plain.to)
        if plain is not None and (kind := _OF_ONE_TYPE.get(type(plain))):
            return kind
        only = [*sources]
        if len(only) == 1 and only[0].how == "IDENTITY" and isinstance(value, exp.Column | None):
            known = self._describe(only[0].table) or {}
            types = {name.lower(): kind for name, kind in known.items()}
            return types.get(only[0].column.lower()) or None
        return None

    def _type(self, kind: object) -> str | None:
        return kind.sql(self._dialect or None) if isinstance(kind, exp.Expr) else None

    def _text(self, value: exp.Expr | None) -> str:
        if value is None:
            return ""
        plain = value.copy()
        for column in list(plain.find_all(exp.Column)):
            column.set("table", None)
        try:
            return plain.sql(comments=False).lower()
        except SqlglotError:
            return ""


def _values(
    query: exp.Query, around: exp.Expr, names: Sequence[str | None]
) -> list[exp.Expr | None]:
    """For each column of a query the expression that it is, seen through named queries."""
    selects = _first(query).selects
    ctes = {cte.alias.lower(): cte.this for cte in around.find_all(exp.CTE)}
    if len(selects) == len(names) and not any(each.is_star for each in selects):
        return [_seen_through(each.unalias(), query, ctes) for each in selects]
    by_name = {each.alias_or_name.lower(): each.unalias() for each in selects}
    given = [by_name.get(name.lower()) if name else None for name in names]
    stars = [each for each in selects if each.is_star]
    return [
        _seen_through(value, query, ctes)
        if value is not None
        else _starred(name, query, ctes)
        if name and stars
        else None
        for name, value in zip(names, given, strict=True)
    ]


def _is_constant(value: exp.Expr | None) -> bool:
    while isinstance(value, exp.Cast | exp.Paren | exp.Neg):
        value = value.this
    return isinstance(value, exp.Literal | exp.Null | exp.Boolean)


def _first(query: exp.Expr) -> exp.Select:
    while isinstance(query, exp.SetOperation | exp.Subquery):
        query = query.this
    return query if isinstance(query, exp.Select) else exp.Select()


def _seen_through(
    value: exp.Expr, query: exp.Expr, ctes: Mapping[str, exp.Expr], depth: int = 20
) -> exp.Expr:
    """A column of a named query or a subquery as what it is there."""
    if not isinstance(value, exp.Column) or not depth:
        return value
    inner = _source(value.table, query, ctes)
    if inner is None:
        return value
    for each in _first(inner).selects:
        if each.alias_or_name.lower() == value.name.lower() and not each.is_star:
            return _seen_through(each.unalias(), inner, ctes, depth - 1)
    if any(each.is_star for each in _first(inner).selects):
        return _seen_through(exp.column(value.name), inner, ctes, depth - 1)
    return value


def _starred(name: str, query: exp.Expr, ctes: Mapping[str, exp.Expr]) -> exp.Expr:
    return _seen_through(exp.column(name), query, ctes)


def _source(table: str, query: exp.Expr, ctes: Mapping[str, exp.Expr]) -> exp.Expr | None:
    """The query behind a name in FROM; without a name, behind the only one."""
    select = _first(query)
    from_ = select.args.get("from_")
    items = [from_.this] if isinstance(from_, exp.From) else []
    items += [join.this for join in select.args.get("joins") or ()]
    for item in items:
        if item.alias_or_name.lower() == table.lower() or (not table and len(items) == 1):
            if isinstance(item, exp.Subquery):
                inner: exp.Expr = item.this
                return inner
            if isinstance(item, exp.Table) and not item.db:
                found = ctes.get(item.name.lower())
                return found if found is not query else None
    return None


def _alterations(statement: Altered, dialect: str) -> Iterable[Alteration]:
    table = table_of(statement.table)
    for action in statement.actions:
        if isinstance(action, exp.Drop) and action.args.get("kind") == "COLUMN":
            for name in action.find_all(exp.Identifier):
                yield Alteration(table, "removed", name.name)
        elif isinstance(action, exp.RenameColumn):
            yield Alteration(table, "renamed", action.this.name, action.args["to"].name)
        elif isinstance(action, exp.AlterColumn) and (kind := action.args.get("dtype")):
            yield Alteration(table, "type", action.this.name, kind.sql(dialect or None))
        elif isinstance(action, exp.ModifyColumn) and isinstance(action.this, exp.ColumnDef):
            kind = action.this.kind
            after = kind.sql(dialect or None) if kind is not None else None
            yield Alteration(table, "type", action.this.name, after)
        elif isinstance(action, exp.ColumnDef):
            kind = action.kind
            after = kind.sql(dialect or None) if kind is not None else None
            yield Alteration(table, "added", action.name, after)
