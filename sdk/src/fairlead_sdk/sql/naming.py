"""Tables as a statement means them: where a text, a partition or a server is part of the name."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.errors import SqlglotError

from fairlead_sdk.sql.names import is_named
from fairlead_sdk.sql.statements import Moved, Named, Statement, Used


def qualify(statement: Statement, used: Used, dialect: str) -> None:
    """Tables as `USE` and `SET search_path` mean them, and those that a text names."""
    if isinstance(statement, exp.Expr):
        _name_by_text(statement)
        _fold_servers(statement)
        if dialect == "bigquery":
            _without_decorators(statement)
    if used == Used():
        return
    nodes = [statement] if isinstance(statement, exp.Expr) else []
    if isinstance(statement, Moved):
        nodes = [table for pair in statement.pairs for table in pair]
    if isinstance(statement, Named):
        nodes = [*statement.reads, *statement.writes, *statement.temporary]
    for node in nodes:
        ctes = {cte.alias_or_name.lower() for cte in node.find_all(exp.CTE)}
        tables = list(node.find_all(exp.Table))
        aliases = {table.alias.lower() for table in tables if table.alias}
        for table in tables:
            name = table.name.lower()
            if not is_named(table) or table.catalog or name.startswith("#"):
                continue
            if not table.db:
                if name in ctes | aliases | {"dual"} or table.this.args.get("temporary"):
                    continue
                if used.schema:
                    table.set("db", exp.to_identifier(used.schema))
            if used.catalog:
                table.set("catalog", exp.to_identifier(used.catalog))


def _name_by_text(statement: exp.Expr) -> None:
    """Snowflake's `IDENTIFIER('a.b')`."""
    for table in statement.find_all(exp.Table):
        text = table.this.this if isinstance(table.this, exp.DynamicIdentifier) else None
        if isinstance(text, exp.Literal) and text.is_string:
            try:
                named = exp.to_table(text.name)
            except (SqlglotError, ValueError):  # no name: the statement stays as it is
                continue
            for part in ("this", "db", "catalog"):
                table.set(part, named.args.get(part))


def _without_decorators(statement: exp.Expr) -> None:
    """BigQuery's `table$20240131` is a partition of `table`."""
    for table in statement.find_all(exp.Table):
        name = table.this if is_named(table) else None
        if isinstance(name, exp.Identifier) and "$" in name.name:
            name.set("this", name.name.partition("$")[0])


def _fold_servers(statement: exp.Expr) -> None:
    """SQL Server's `server.database.schema.table`: the server is part of the database's name."""
    for table in statement.find_all(exp.Table):
        rest = table.this
        if isinstance(rest, exp.Dot) and table.args.get("catalog") and not rest.find(exp.Func):
            parts = [*table.parts]
            table.set("this", exp.to_identifier(parts[-1].name))
            table.set("db", exp.to_identifier(parts[-2].name))
            table.set("catalog", exp.to_identifier(".".join(p.name for p in parts[:-2])))
