"""A piece of a script as sqlglot's statements, and what sqlglot knows only the first word of."""

from __future__ import annotations

import logging
import re

from sqlglot.errors import SqlglotError

from fairlead_sdk.sql.cut import cut_at_starts
from fairlead_sdk.sql.declarations import assigned
from fairlead_sdk.sql.rewrites import REWRITES
from fairlead_sdk.sql.rough import tables_in
from fairlead_sdk.sql.special import parse_statements, special_statements
from fairlead_sdk.sql.statements import Parsed

# It warns of each statement it takes no interest in, into the task's log.
logging.getLogger("sqlglot").setLevel(logging.ERROR)

UNREADABLE = (SqlglotError, ValueError, AttributeError, TypeError, LookupError, RecursionError)
"""What sqlglot raises for text that is no SQL; the latter from its parsers of odd statements."""

COLOURS = re.compile(r"\x1b\[\d*m")
"""sqlglot underlines what it cannot read."""

_NO_DATA = re.compile(
    r"(SET|PRINT|GO|RAISERROR|THROW|RETURN|RETURNS|COMMIT|ROLLBACK|SAVE|SAVEPOINT|RELEASE|GRANT|REVOKE"
    r"|DENY|BEGIN|START|END|OPEN|CLOSE|FETCH|DEALLOCATE|WAITFOR|EXIT|BREAK|CONTINUE|LEAVE|ITERATE|RAISE"
    r"|NULL|VACUUM|OPTIMIZE|ANALYZE|ANALYSE|UNCACHE|SHOW|DESC|DESCRIBE|EXPLAIN|PRAGMA|LOCK|UNLOCK|COMMENT"
    r"|CHECKPOINT|CLUSTER|MSCK|LIST|LS|PUT|GET|REMOVE|RM|KILL|RESET|DISCARD|LISTEN|NOTIFY|UNSET|ADD|ATTACH"
    r"|DETACH|INSTALL|LOAD|CHECK|REINDEX|SIGNAL|LET|ABORT|PREPARE|DELIMITER|DISABLE|ENABLE|BULK_NONE"
    r"|REPAIR|INVALIDATE|COMPUTE|FLUSH|PURGE|UNDROP|HELP|EXCEPTION|ASSERT|LABEL|PERFORM_NONE|CLEAR|LANGUAGE"
    r"|BACKUP|RESTORE|DBCC|COLLECT|STOP|CONSTRAINT|ELSE|DO_NONE|GOTO|DIE|SYSTEM)\b",
    re.IGNORECASE,
)
ASSIGNS = re.compile(r"[\w.\"@]+\s*:=")


def parse(text: str, dialect: str) -> Parsed:
    """The statements of a piece; what cannot be read is named."""
    text = text.strip().rstrip(";").strip()
    if not text:
        return Parsed()
    try:
        if ASSIGNS.match(text):
            return Parsed(assigned(text, dialect))
        if (special := special_statements(text, dialect)) is not None:
            return Parsed(special)
    except UNREADABLE as error:
        return Parsed(errors=[_message(error)])
    if _NO_DATA.match(text):
        return Parsed()
    first: Exception | None = None
    for change in REWRITES:
        try:
            changed = change(text, dialect)
            if changed is None:
                continue
            return Parsed(parse_statements(changed, dialect))
        except RecursionError:
            return Parsed(errors=[f"too deep to be read: {text[:100]}"])
        except UNREADABLE as error:
            first = first or error
    if (plain := _rewritten(text, dialect)) is not None:
        return plain
    found = _parse_each(text, dialect, first)
    if found.errors and (other := _parse_as_relative(text, dialect)):
        return other
    if found.errors and not found.statements and (named := tables_in(text, dialect)):
        found.statements.append(named)
    return found


def _rewritten(text: str, dialect: str) -> Parsed | None:
    """With everything taken out and put in other words, one after the other."""
    changed, count = text, 0
    for change in REWRITES:
        try:
            other = change(changed, dialect)
        except UNREADABLE:
            continue
        if other is not None and other != changed:
            changed, count = other, count + 1
    if count < 2:  # each of them was tried alone
        return None
    try:
        return Parsed(parse_statements(changed, dialect))
    except UNREADABLE:
        return None


def _parse_as_relative(text: str, dialect: str) -> Parsed | None:
    """In a dialect that is near to it, of which it may have borrowed."""
    for other in _RELATIVES.get(dialect, ()):
        try:
            return Parsed(parse_statements(text, other))
        except UNREADABLE:
            continue
    return None


def _parse_each(text: str, dialect: str, error: Exception | None) -> Parsed:
    """Statements that stand behind each other without a semicolon."""
    try:
        parts = cut_at_starts(text, dialect)
    except UNREADABLE:
        parts = [text]
    if len(parts) < 2:
        return Parsed(errors=[_message(error)])
    result = Parsed()
    for part in parts:
        found = parse(part, dialect)
        result.statements += found.statements
        result.errors += found.errors
    return result


def _message(error: Exception | None) -> str:
    return COLOURS.sub("", str(error))


_RELATIVES = {
    "": ("postgres", "mysql", "spark", "snowflake", "bigquery"),
    "athena": ("hive", "trino"),
    "redshift": ("postgres", "tsql"),
    "spark": ("databricks", "hive"),
    "databricks": ("spark", "hive"),
    "hive": ("spark",),
    "trino": ("presto", "athena"),
    "presto": ("trino",),
    "postgres": ("duckdb",),
    "sqlite": ("mysql", "postgres"),
}
