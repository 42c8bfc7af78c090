"""What a SQL script reads and writes, by table and by column. Pure: texts in, facts out.

    script -> statements -> Reading(reads, writes, columns, dropped)

sqlglot parses; what it cannot parse is left out and named in `errors`, the rest of the script counts.
This module takes a moment to import: import it where SQL is at hand, not before.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialects
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope


@dataclass(frozen=True, order=True)
class Table:
    """A table as the script names it; `schema` and `catalog` are empty where it does not say."""

    name: str
    schema: str = ""
    catalog: str = ""


@dataclass(frozen=True, order=True)
class Source:
    """A column that another column is made of, and how: IDENTITY, TRANSFORMATION or AGGREGATION."""

    table: Table
    column: str
    how: str


Columns = dict[str, set[Source]]
Describe = Callable[[Table], Mapping[str, str] | None]
"""Column names and types of a table, in their order; None if it is not known."""


@dataclass
class Reading:
    """What a script does, in terms of tables that outlive it."""

    reads: list[Table] = field(default_factory=list)
    writes: list[Table] = field(default_factory=list)
    dropped: list[Table] = field(default_factory=list)
    columns: dict[Table, Columns] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def _read(self, table: Table) -> None:
        if table not in self.reads:
            self.reads.append(table)

    def _write(self, table: Table) -> None:
        if table not in self.writes:
            self.writes.append(table)
        if table in self.dropped:
            self.dropped.remove(table)

    def _drop(self, table: Table) -> None:
        if table in self.writes:  # made and thrown away within the script
            self.writes.remove(table)
            self.columns.pop(table, None)
        elif table not in self.dropped:
            self.dropped.append(table)

    def _rename(self, old: Table, new: Table) -> None:
        """A table that the script filled and then put in another's place."""
        if old not in self.writes:
            return
        if not new.schema:
            new = Table(new.name, old.schema, old.catalog)
        self.writes.remove(old)
        self._write(new)
        if old in self.columns:
            self.columns[new] = self.columns.pop(old)


# It warns of each statement it takes no interest in, into the task's log.
logging.getLogger("sqlglot").setLevel(logging.ERROR)

# What drivers put parameters for. Inside a string literal it does no harm to replace them.
_PLACEHOLDER = re.compile(r"%\(\w+\)s|%s|(?<![\w:]):\d+\b|\?\d+\b")

# Statements that sqlglot does not read, by what they do to tables.
_LOAD = re.compile(r"\s*LOAD\s+DATA\b.*?\bINTO\s+TABLE\s+(\S+)", re.IGNORECASE | re.DOTALL)
_UNLOAD = re.compile(r"\(\s*'((?:[^']|'')*)'\s*\)")
_REFRESH = re.compile(r"MATERIALIZED\s+VIEW\s+(?:CONCURRENTLY\s+)?(\S+)", re.IGNORECASE)
_COLOURS = re.compile(r"\x1b\[\d*m")
"""sqlglot underlines what it cannot read."""


_DIALECTS = {
    "mssql": "tsql",
    "sqlserver": "tsql",
    "synapse": "tsql",
    "postgresql": "postgres",
    "mariadb": "mysql",
    "awsathena": "athena",
}


def dialect_of(database: str) -> str:
    """sqlglot's name of a database's SQL, or "" for SQL in general."""
    name = _DIALECTS.get(database.lower(), database.lower())
    return name if name in {known.value for known in Dialects} else ""


def selected(query: str, dialect: str, describe: Describe) -> list[str] | None:
    """The names of a query's columns; None where a `*` stands for some that are not known."""
    try:
        parsed = sqlglot.parse_one(query, read=dialect)
        scope = _qualified(parsed, dialect, describe) if isinstance(parsed, exp.Query) else None
    except SqlglotError:
        return None
    if scope is None:
        return None
    names = _query(scope).named_selects
    return None if "*" in names else list(names)


def read(script: str, dialect: str, describe: Describe = lambda _: None) -> Reading:
    """Read a script. Never raises for what it finds in it."""
    result = Reading()
    temporary: dict[Table, list[Table]] = {}
    for statement in _statements(_PLACEHOLDER.sub("NULL", script), dialect, result):
        try:
            _read_statement(statement, dialect, describe, result, temporary)
        except (SqlglotError, RecursionError, ValueError, KeyError, AttributeError) as error:
            result.errors.append(f"{type(error).__name__}: {error}")
    _forget_temporary(result, temporary)
    return result


def _statements(script: str, dialect: str, result: Reading) -> Iterator[exp.Expr]:
    try:
        yield from _parse(script, dialect)
    except SqlglotError as error:
        if ";" not in script.strip().rstrip(";"):
            result.errors.append(_COLOURS.sub("", str(error)))
            return
        # One bad statement must not cost the others.
        for piece in _pieces(script, dialect):
            try:
                yield from _parse(piece, dialect)
            except SqlglotError as one:
                result.errors.append(_COLOURS.sub("", str(one)))


def _pieces(script: str, dialect: str) -> list[str]:
    """The statements of a script; cut at every semicolon where a quote is never closed."""
    try:
        return list(_split(script, dialect))
    except SqlglotError:
        return script.split(";")


def _parse(script: str, dialect: str) -> list[exp.Expr]:
    """All statements of the script; SqlglotError if one cannot be parsed."""
    if load := _LOAD.match(script):
        return _parse(f"INSERT INTO {load[1]} VALUES (1)", dialect)  # noqa: S608 - it is never run
    parsed: list[exp.Expr] = []
    for statement in sqlglot.parse(script, read=dialect):
        if isinstance(statement, exp.Command):
            parsed += _of_command(statement, dialect)
        elif statement is not None:
            parsed.append(statement)
    return parsed


def _of_command(command: exp.Command, dialect: str) -> list[exp.Expr]:
    """What a statement means that sqlglot knows only the first word of."""
    word, rest = str(command.this).upper(), command.expression.name if command.expression else ""
    if word == "REPLACE":  # REPLACE INTO, which it knows only under its longer name
        return _parse(f"INSERT OR REPLACE {rest}", "sqlite")
    if word == "UNLOAD" and (query := _UNLOAD.search(rest)):
        return _parse(query[1].replace("''", "'"), dialect)
    if word == "REFRESH" and (view := _REFRESH.search(rest)):
        return _parse(f"INSERT INTO {view[1]} VALUES (1)", dialect)  # noqa: S608 - it is never run
    return []


def _split(script: str, dialect: str) -> Iterator[str]:
    start = 0
    for token in sqlglot.tokenize(script, read=dialect):
        if token.text == ";":
            yield script[start : token.start]
            start = token.end + 1
    yield script[start:]


def _read_statement(
    statement: exp.Expr,
    dialect: str,
    describe: Describe,
    result: Reading,
    temporary: dict[Table, list[Table]],
) -> None:
    if isinstance(statement, exp.Drop):
        if statement.args.get("kind") in ("TABLE", "VIEW"):
            for node in statement.find_all(exp.Table):
                result._drop(_table(node))
        return
    if isinstance(statement, exp.Alter):
        for action in statement.args.get("actions") or ():
            if isinstance(action, exp.AlterRename | exp.SwapTable):
                result._rename(_table(statement.this), _table(action.this))
        return
    targets = _targets(statement)
    reads = [_table(node) for node in _tables_read(statement, targets)]
    if not targets:
        if isinstance(statement, exp.Query | exp.Copy | exp.Export):
            for table in reads:
                result._read(table)
        return
    if (
        isinstance(statement, exp.Create)
        and statement.expression is None
        and _only_if_missing(statement)
    ):
        return  # most times it does nothing, so it says nothing
    for table in reads:
        result._read(table)
    for written in map(_table, targets):
        if _is_temporary(statement, written):
            temporary[written] = reads
        result._write(written)
    columns = _columns(statement, _table(targets[0]), dialect, describe)
    if columns:
        for written in map(_table, _same_rows(statement, targets)):
            merged = result.columns.setdefault(written, {})
            for name, sources in columns.items():
                merged.setdefault(name, set()).update(sources)


def _targets(statement: exp.Expr) -> list[exp.Table]:
    """The tables that a statement writes; the first is the one that its query is for."""
    if isinstance(statement, exp.MultitableInserts):
        return [table for each in statement.find_all(exp.Insert) if (table := _target(each))]
    first = _target(statement)
    found = [first] if first else []
    if isinstance(statement, exp.TruncateTable):
        found += [node for node in statement.expressions[1:] if isinstance(node, exp.Table)]
    if isinstance(statement, exp.Create) and (store := statement.find(exp.ToTableProperty)):
        found.append(store.this)
    for cte in statement.find_all(exp.CTE):  # WITH moved AS (DELETE ... RETURNING *) ...
        if isinstance(cte.this, exp.Insert | exp.Update | exp.Delete) and (
            table := _target(cte.this)
        ):
            found.append(table)
    return found


def _same_rows(statement: exp.Expr, targets: list[exp.Table]) -> list[exp.Table]:
    """Those tables that get what the statement's query gives: a view that is kept in a table."""
    return targets if isinstance(statement, exp.Create) else targets[:1]


def _target(statement: exp.Expr) -> exp.Table | None:
    """The table that a statement writes."""
    node: object = None
    if (
        isinstance(statement, exp.Insert | exp.Update | exp.Delete | exp.Merge)
        or (isinstance(statement, exp.Create) and statement.args.get("kind") in ("TABLE", "VIEW"))
        or (isinstance(statement, exp.Copy) and statement.args.get("kind"))
        or isinstance(statement, exp.LoadData)
    ):
        node = statement.this
    elif isinstance(statement, exp.Select) and (into := statement.args.get("into")):
        node = into.this
    elif isinstance(statement, exp.TruncateTable):
        node = next(iter(statement.expressions), None)
    if isinstance(node, exp.Schema):
        node = node.this
    return node if isinstance(node, exp.Table) and _is_named(node) else None


def _is_named(table: exp.Table) -> bool:
    return isinstance(table.this, exp.Identifier)  # and not a function that gives a table


def _is_temporary(statement: exp.Expr, table: Table) -> bool:
    if table.name.startswith("#"):
        return isinstance(statement, exp.Create | exp.Select)
    return isinstance(statement, exp.Create) and any(
        isinstance(p, exp.TemporaryProperty)
        for p in (statement.args.get("properties") or exp.Properties(expressions=[])).expressions
    )


def _only_if_missing(statement: exp.Create) -> bool:
    return bool(statement.args.get("exists"))


def _table(node: exp.Table) -> Table:
    mark = "#" if node.this and node.this.args.get("temporary") else ""  # SQL Server's `#name`
    return Table(mark + node.name, node.db, node.catalog)


def _tables_read(statement: exp.Expr, targets: list[exp.Table]) -> Iterator[exp.Table]:
    ctes = {cte.alias_or_name.lower() for cte in statement.find_all(exp.CTE)}
    for node in statement.find_all(exp.Table):
        is_target = any(node is target for target in targets)
        if not _is_named(node) or (is_target and node.find_ancestor(exp.CTE) is None):
            continue
        if not node.db and node.name.lower() in ctes | _NO_TABLES:
            continue
        if node.find_ancestor(exp.LikeProperty) is None:  # CREATE TABLE x (LIKE y) moves nothing
            yield node


_NO_TABLES = {"dual"}


def _forget_temporary(result: Reading, temporary: Mapping[Table, list[Table]]) -> None:
    """Temporary tables are seen through: what was read to make them was read."""
    if not temporary:
        return
    result.reads = [t for t in result.reads if t not in temporary]
    result.writes = [t for t in result.writes if t not in temporary]
    for table in [t for t in result.columns if t in temporary]:
        inner = result.columns.pop(table)
        for columns in result.columns.values():
            for name, sources in columns.items():
                columns[name] = set(_through(sources, table, inner))


def _through(sources: set[Source], table: Table, inner: Columns) -> Iterator[Source]:
    for source in sources:
        if source.table != table:
            yield source
            continue
        for deeper in inner.get(source.column, ()):
            yield Source(deeper.table, deeper.column, _worse(source.how, deeper.how))


_HOW = ("IDENTITY", "TRANSFORMATION", "AGGREGATION")


def _worse(one: str, other: str) -> str:
    return max(one, other, key=_HOW.index)


def _columns(statement: exp.Expr, written: Table, dialect: str, describe: Describe) -> Columns:
    """What the columns of the written table are made of."""
    if isinstance(statement, exp.Update):
        return _assigned(statement.expressions, statement, describe)
    if isinstance(statement, exp.Merge):
        return _merged(statement, describe)
    query = statement if isinstance(statement, exp.Select) else statement.args.get("expression")
    if not isinstance(query, exp.Query):
        return {}
    query = query.copy()
    query.set("into", None)
    if query is not statement and (ctes := statement.args.get("with_")):
        query.set("with_", ctes.copy())
    scope = _qualified(query, dialect, describe)
    if scope is None:
        return {}
    found = [_sources(scope, index) for index in range(len(_query(scope).selects))]
    names = _names(statement, written, scope, describe)
    return {name: sources for name, sources in zip(names, found, strict=False) if name and sources}


def _names(statement: exp.Expr, written: Table, scope: Scope, describe: Describe) -> list[str]:
    this = statement.this
    if isinstance(this, exp.Schema) and this.expressions:
        return [column.name for column in this.expressions]
    known = describe(written) if isinstance(statement, exp.Insert) else None
    if known:
        return list(known)
    # A name that was made up for a projection without one is no column of the table.
    return ["" if _MADE_UP.fullmatch(name) else name for name in _query(scope).named_selects]


_MADE_UP = re.compile(r"_(col_)?\d+")


def _qualified(query: exp.Query, dialect: str, describe: Describe) -> Scope | None:
    """The query with every column told by its table, and every `*` told by its columns."""
    schema: dict[str, object] = {}
    for node in query.find_all(exp.Table):
        if _is_named(node) and (columns := describe(_table(node))):
            level = schema
            for part in filter(None, (node.catalog, node.db)):
                level = level.setdefault(part, {})  # type: ignore[assignment]
            level[node.name] = dict(columns)
    if len({_depth(value) for value in schema.values()}) > 1:
        schema = {}  # sqlglot wants all tables named to the same depth
    try:
        qualified = qualify(
            query,
            dialect=dialect,
            schema=schema or None,
            validate_qualify_columns=False,
            quote_identifiers=False,
        )
    except SqlglotError:
        return None
    return build_scope(qualified)


def _depth(value: object) -> int:
    return 1 + _depth(next(iter(value.values()), None)) if isinstance(value, dict) else 0


def _sources(scope: Scope, index: int) -> set[Source]:
    """What the column at that place of a query's result is made of, down to tables."""
    if scope.set_operation_scopes:
        return set().union(*(_sources(branch, index) for branch in scope.set_operation_scopes))
    selects = _query(scope).selects
    if index >= len(selects):
        return set()
    projection = selects[index].unalias()
    how = _kind(projection)
    result: set[Source] = set()
    for column in projection.find_all(exp.Column):
        for source in _origins(column, scope):
            result.add(Source(source.table, source.column, _worse(how, source.how)))
    return result


def _query(scope: Scope) -> exp.Query:
    if not isinstance(scope.expression, exp.Query):
        raise ValueError(f"no query: {type(scope.expression).__name__}")
    return scope.expression


def _kind(projection: exp.Expr) -> str:
    if isinstance(projection, exp.Column):
        return "IDENTITY"
    return "AGGREGATION" if projection.find(exp.AggFunc) else "TRANSFORMATION"


def _origins(column: exp.Column, scope: Scope) -> set[Source]:
    source = _source_of(column.table, scope)
    if isinstance(source, exp.Table) and _is_named(source):
        return {Source(_table(source), column.name, "IDENTITY")}
    if isinstance(source, Scope):
        names = [name.lower() for name in _query(source).named_selects]
        if column.name.lower() in names:
            return _sources(source, names.index(column.name.lower()))
    return set()


def _source_of(alias: str, scope: Scope) -> object:
    """What an alias stands for: in the query itself, in its subqueries, or around it.

    A column without alias, which is left where no schema is known, belongs to the only source.
    """
    if not alias:
        here = [source for _, source in scope.selected_sources.values()]
        return here[0] if len(here) == 1 else None
    if alias in scope.sources:
        return scope.sources[alias]
    for inner in scope.subquery_scopes:
        if (found := _source_of(alias, inner)) is not None:
            return found
    outer = scope.parent
    while outer is not None:
        if alias in outer.sources:
            return outer.sources[alias]
        outer = outer.parent
    return None


def _assigned(assignments: list[exp.Expr], statement: exp.Expr, describe: Describe) -> Columns:
    """Columns of `SET a = b.c`, where the sources are tables, not subqueries."""
    aliases = {node.alias_or_name: _table(node) for node in statement.find_all(exp.Table)}
    result: Columns = {}
    for assignment in assignments:
        if isinstance(assignment, exp.EQ):
            sources = _plain_sources(assignment.expression, aliases, describe)
            if sources:
                result[assignment.this.name] = sources
    return result


def _plain_sources(
    value: exp.Expr, aliases: Mapping[str, Table], describe: Describe
) -> set[Source]:
    how = _kind(value)
    found = set()
    for column in value.find_all(exp.Column):
        table = aliases.get(column.table) if column.table else _owner(column, aliases, describe)
        if table is not None:
            found.add(Source(table, column.name, how))
    return found


def _owner(column: exp.Column, aliases: Mapping[str, Table], describe: Describe) -> Table | None:
    tables = set(aliases.values())
    if len(tables) == 1:
        return next(iter(tables))
    owners = [t for t in tables if column.name in (describe(t) or ())]
    return owners[0] if len(owners) == 1 else None


def _merged(statement: exp.Merge, describe: Describe) -> Columns:
    result: Columns = {}
    for when in statement.find_all(exp.When):
        then = when.args.get("then")
        if isinstance(then, exp.Update):
            found = _assigned(then.expressions, statement, describe)
        elif isinstance(then, exp.Insert) and isinstance(then.this, exp.Tuple):
            values = then.expression.expressions if then.expression else []
            pairs = zip(then.this.expressions, values, strict=False)
            equal = [exp.EQ(this=name.copy(), expression=value.copy()) for name, value in pairs]
            found = _assigned(list(equal), statement, describe)
        else:
            continue
        for name, sources in found.items():
            result.setdefault(name, set()).update(sources)
    return result
