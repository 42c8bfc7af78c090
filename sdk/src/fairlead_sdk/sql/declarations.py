"""Statements that make variables, cursors and prepared SQL, and that fill them."""

from __future__ import annotations

import re

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from fairlead_sdk.sql.statements import Assigned, Prepared, Statement
from fairlead_sdk.sql.variables import NAME

_CURSOR = re.compile(
    r"(?:(?:DECLARE|LET)\s+(\S+)\s+.*?\bCURSOR\b.*?\bFOR|(?:DECLARE\s+)?CURSOR\s+(\w+).*?\b[IA]S)"
    r"\s*(\(?\s*SELECT\b.*?|\(?\s*WITH\b.*?)(?:\s+FOR\s+(?:UPDATE|READ\s+ONLY|FETCH\s+ONLY)\b[^()]*)?$",
    re.IGNORECASE | re.DOTALL,
)
_DECLARED = re.compile(
    r"(?:(?:DECLARE|LET)\s+)?(@?\w+)\s+(?:AS\s+)?[\w.%]+(?:\s*\([^()]*\))?\s*(?:=|:=|DEFAULT\b)\s*(.*)$",
    re.IGNORECASE | re.DOTALL,
)
_ASSIGNED = re.compile(r"(?:SET\s+|LET\s+)?([@\w]+)\s*(\+?):?=\s*(.*)$", re.IGNORECASE | re.DOTALL)
_PREPARED = re.compile(
    r"PREPARE\s+(\w+)\s*(?:\([^()]*\)\s*)?(?:FROM\s+'((?:[^']|'')*)'|FROM\s+(@\w+)|AS\s+(.*))\s*$",
    re.IGNORECASE | re.DOTALL,
)
_VALUE = re.compile(
    r"SET\s+([\w@().,\s]+)=\s*(\(\s*(?:SELECT|WITH)\b.*\))\s*$", re.IGNORECASE | re.DOTALL
)
_FETCH = re.compile(
    r"FETCH\s+(?:(?:NEXT|PRIOR|FIRST|LAST|FORWARD|ABSOLUTE\s+\S+|RELATIVE\s+\S+)\s+)?(?:FROM\s+|IN\s+)?"
    rf"(\S+)\s+(?:BULK\s+COLLECT\s+)?INTO\s+({NAME}(?:\s*,\s*{NAME})*)",
    re.IGNORECASE,
)


def set_variable(text: str, dialect: str) -> list[Statement] | None:
    """`SET @a = b` and `SET a = (SELECT ...)`; None if it sets an option."""
    if several := _several(text, dialect):
        return several
    if value := _VALUE.match(text):
        mark = "@" if dialect == "snowflake" else ""  # it is read as `$v`
        names = tuple(mark + name.strip(" ()\n\t") for name in value[1].split(","))
        return _assigned(names, value[2], dialect)
    if (found := _ASSIGNED.match(text)) and found[1].startswith("@"):
        return assigned(text, dialect)
    return None


def _several(text: str, dialect: str) -> list[Statement]:
    """MySQL's `SET @a = b, @c = d`; nothing for any other."""
    values = text[len("SET") :].lstrip()
    if not values.startswith("@"):
        return []
    try:
        query = sqlglot.parse_one(f"SELECT {values}", read=dialect or None)
    except (SqlglotError, ValueError):
        return []
    pairs = query.selects if isinstance(query, exp.Query) else []
    if len(pairs) < 2 or not all(_fills_variable(pair) for pair in pairs):
        return []
    return [Assigned((f"@{pair.this.name}",), exp.select(pair.expression.copy())) for pair in pairs]


def _fills_variable(pair: exp.Expr) -> bool:
    return isinstance(pair, exp.EQ | exp.PropertyEQ) and isinstance(pair.this, exp.Parameter)


def declared(text: str, dialect: str) -> list[Statement] | None:
    """`DECLARE c CURSOR FOR SELECT ...` and `DECLARE @a int = 1`."""
    if found := _CURSOR.match(text):
        return _assigned(((found[1] or found[2]),), found[3], dialect, is_new=True)
    if found := _DECLARED.match(text):
        return _assigned((found[1],), f"SELECT {found[2]}", dialect, is_new=True)
    return assigned(text, dialect)


def assigned(text: str, dialect: str) -> list[Statement]:
    """`SET @a = b` and `a := b`, as variables that a query fills."""
    found = _ASSIGNED.match(text)
    if not found:
        return []
    if found[2]:  # added to what it holds
        return [Assigned((found[1],))]
    return _assigned((found[1],), f"SELECT {found[3]}", dialect)


def _assigned(
    names: tuple[str, ...], query: str, dialect: str, *, is_new: bool = False
) -> list[Statement]:
    """Raises SqlglotError and ValueError where what cannot be parsed reads tables."""
    try:
        [parsed] = sqlglot.parse(query, read=dialect or None)
    except (SqlglotError, ValueError):
        if re.search(r"\bFROM\b", query, re.IGNORECASE):
            raise
        return [Assigned(names)]
    return [Assigned(names, parsed if isinstance(parsed, exp.Query) else None, is_new=is_new)]


def prepared(text: str, dialect: str) -> list[Statement] | None:
    """`PREPARE q AS INSERT ...`, `PREPARE q FROM 'INSERT ...'` and `PREPARE q FROM @variable`."""
    found = _PREPARED.match(text)
    if not found:
        return []
    return [Prepared(found[1], (found[2] or "").replace("''", "'") or found[3] or found[4])]


def fetched(text: str, dialect: str) -> list[Statement] | None:
    """`FETCH NEXT FROM c INTO @a, @b`."""
    found = _FETCH.match(text)
    names = [name.strip() for name in found[2].split(",")] if found else []
    return [Assigned(tuple(names), cursor=found[1], is_new=True)] if found else []
