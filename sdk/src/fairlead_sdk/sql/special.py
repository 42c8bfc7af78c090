"""Statements that sqlglot does not read, by what they do to tables."""

from __future__ import annotations

import re
from collections.abc import Callable

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError

from fairlead_sdk.sql.declarations import declared, fetched, prepared, set_variable
from fairlead_sdk.sql.dialects import DATABASES_ABOVE_SCHEMAS
from fairlead_sdk.sql.loads import as_copy
from fairlead_sdk.sql.names import is_named
from fairlead_sdk.sql.statements import (
    Altered,
    Called,
    Moved,
    Script,
    Staged,
    Statement,
    Used,
)

_USE = re.compile(
    r"USE\s+(?:(DATABASE|SCHEMA|CATALOG|NAMESPACE|WAREHOUSE|ROLE|SECONDARY)\s+)?([^\s;]+)",
    re.IGNORECASE,
)
_SET_SCHEMA = re.compile(
    r"(?:SET\s+(?:LOCAL\s+|SESSION\s+)?(?:search_path|SCHEMA|CURRENT\s+SCHEMA)\s*(?:TO|=)?"
    r"|ALTER\s+SESSION\s+SET\s+CURRENT_SCHEMA\s*=)\s*([^\s,;]+)",
    re.IGNORECASE,
)
_LOAD = re.compile(
    r"LOAD\s+DATA\b(?:\s+OVERWRITE|.*?\bINTO)\s+(?:TABLE\s+)?([^\s(]+)", re.IGNORECASE | re.DOTALL
)
_ADDRESS = re.compile(r"'((?:s3|s3a|gs|abfss?|wasbs?|hdfs|https?|file|azure|gcs)://[^']*)'")
_REFRESH = re.compile(
    r"REFRESH\s+MATERIALIZED\s+VIEW\s+(?:CONCURRENTLY\s+)?([^\s;]+)", re.IGNORECASE
)
_RENAME = re.compile(r"RENAME\s+(?:TABLE\s+|TABLES\s+)?(.*)", re.IGNORECASE | re.DOTALL)
_RENAMED = re.compile(r"([^\s,]+)\s+(?:TO|AS)\s+([^\s,;]+)", re.IGNORECASE)
_SP_RENAME = re.compile(
    r"(?:EXEC|EXECUTE)?\s*sp_rename\s+(?:@objname\s*=\s*)?N?'([^']+)'\s*,\s*(?:@newname\s*=\s*)?N?'([^']+)'\s*$",
    re.IGNORECASE,
)
_PARTITION = re.compile(
    r"ALTER\s+TABLE\s+(\S+)\s+EXCHANGE\s+(?:SUB)?PARTITION\b.*?\bWITH\s+TABLE\s+([^\s;]+)",
    re.IGNORECASE | re.DOTALL,
)
_REPLACE_PARTITION = re.compile(
    r"ALTER\s+TABLE\s+(\S+)\s+(?:REPLACE|ATTACH)\s+PARTITION\b.*?\bFROM\s+([^\s;]+)",
    re.IGNORECASE | re.DOTALL,
)
_SWITCH = re.compile(
    r"ALTER\s+TABLE\s+(\S+)\s+SWITCH\s+(?:PARTITION\s+\S+\s+)?TO\s+([^\s;]+)", re.IGNORECASE
)
_MOVED_PARTITION = re.compile(
    r"ALTER\s+TABLE\s+(\S+)\s+MOVE\s+PARTITION\b.*?\bTO\s+TABLE\s+([^\s;]+)",
    re.IGNORECASE | re.DOTALL,
)
_APPENDED = re.compile(r"ALTER\s+TABLE\s+(\S+)\s+APPEND\s+FROM\s+([^\s;]+)", re.IGNORECASE)
_ATTACHED = re.compile(
    r"ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(\S+)\s+ATTACH\s+PARTITION\s+(\w[^\s;]*)\s+(?:FOR|DEFAULT)\b",
    re.IGNORECASE,
)
_CHANGES = re.compile(
    r"(?:APPLY\s+CHANGES|AUTO\s+CDC|CREATE\s+FLOW\s+\S+\s+AS\s+AUTO\s+CDC)\s+INTO\s+(\S+)\s+FROM\s+"
    r"(?:STREAM\s*\(?\s*)?([^\s)]+)",
    re.IGNORECASE,
)
_DUPLICATES = re.compile(
    r"MERGE\s+INTO\s+(\S+)\s+(?:AS\s+)?(?:\w+\s+)?USING\s+(\S+)\s.*\bREMOVE\s+DUPLICATES\s*$",
    re.IGNORECASE | re.DOTALL,
)
_ALTERED = re.compile(
    r"ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?([^\s(]+)\s+"
    r"(?:ADD|DROP|ALTER|MODIFY|CHANGE|REPLACE\s+COLUMNS|RENAME\s+COLUMN)\b",
    re.IGNORECASE,
)
_STAGE = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:TEMP(?:ORARY)?\s+)?STAGE\s+(?:IF\s+NOT\s+EXISTS\s+)?([^\s(]+)"
    r".*?\bURL\s*=\s*'([^']*)'",
    re.IGNORECASE | re.DOTALL,
)
_DICTIONARY = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?DICTIONARY\s+(?:IF\s+NOT\s+EXISTS\s+)?([^\s(]+)"
    r".*\bSOURCE\s*\(\s*CLICKHOUSE\s*\(.*?\bTABLE\s+'([^']+)'",
    re.IGNORECASE | re.DOTALL,
)
_MUTATION = re.compile(
    r"ALTER\s+TABLE\s+(\S+)\s+(?:ON\s+CLUSTER\s+\S+\s+)?(UPDATE|DELETE)\b(.*?)(?:\bIN\s+PARTITION\s+\S+\s+)?(\bWHERE\b.*)?$",
    re.IGNORECASE | re.DOTALL,
)
_EXCHANGE = re.compile(r"EXCHANGE\s+TABLES\s+(\S+)\s+AND\s+([^\s;]+)", re.IGNORECASE)
_DYNAMIC = re.compile(
    r"(?:EXECUTE\s+IMMEDIATE\s+|EXEC(?:UTE)?\s*\(?\s*(?:sys\.)?(?:sp_executesql\s+)?(?:@stmt\s*=\s*)?"
    r"|EXECUTE\s+)N?('(?:[^']|'')*'|\"[^\"]*\"|\$\$.*?\$\$)\s*\)?\s*(.*)$",
    re.IGNORECASE | re.DOTALL,
)
_CALL = re.compile(
    r"(?:CALL|EXEC|EXECUTE)\s+(?:@\w+\s*=\s*)?(?:IMMEDIATE\b)?\s*([\w.\"\[\]`$#]*)", re.IGNORECASE
)
_DO = re.compile(r"DO\s+(?:LANGUAGE\s+\w+\s+)?(\$(\w*)\$)(.*?)\1", re.IGNORECASE | re.DOTALL)
_PERFORM = re.compile(r"PERFORM\s+", re.IGNORECASE)
_CACHE = re.compile(
    r"CACHE\s+(?:LAZY\s+)?TABLE\s+(\S+)\s+(?:OPTIONS\s*\(.*?\)\s*)?(?:AS\s+)?(SELECT\b.*|WITH\b.*)",
    re.IGNORECASE | re.DOTALL,
)
_INSERT_EXEC = re.compile(
    r"INSERT\s+(?:INTO\s+)?([^\s(]+)\s*(?:\([^)]*\)\s*)?(EXEC(?:UTE)?\b.*)",
    re.IGNORECASE | re.DOTALL,
)
_WRITES = re.compile(
    r"(?:CREATE\s+(?:OR\s+\w+\s+)?(?:(?!ON\b|STREAM\b|FUNCTION\b|FOREIGN\b)\w+\s+){0,4}(?:TABLE(?!\s+FUNCTION)|VIEW)|INSERT|UPDATE|DELETE|MERGE|COPY|REPLACE|WITH|SELECT)\b",
    re.IGNORECASE,
)
_FLOWS = frozenset({"databricks", "spark"})
_CLONE = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:SNAPSHOT\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\S+)\s+"
    r"(?:SHALLOW\s+|DEEP\s+|(?<=\s))CLONE\s+(\S+)",
    re.IGNORECASE,
)


def parse_statements(text: str, dialect: str) -> list[Statement]:
    found: list[Statement] = []
    for statement in sqlglot.parse(text, read=dialect or None):
        if isinstance(statement, exp.Command):
            found += _of_command(str(statement.sql(dialect=dialect or None)), dialect)
        elif isinstance(statement, exp.Alter):
            found += _moved(statement)
        elif statement is not None:
            found.append(statement)
    return found


def _of_command(text: str, dialect: str) -> list[Statement]:
    """What sqlglot gave up to read; SqlglotError if that may write data."""
    special = special_statements(text, dialect) or _altered(text, dialect)
    if special is None and _WRITES.match(text):
        raise ParseError(f"this cannot be read: {text[:200]}")
    return special or []


def _moved(statement: exp.Alter) -> list[Statement]:
    for action in statement.args.get("actions") or ():
        if isinstance(action, exp.SwapTable):
            return [_move(statement.this, action.this, is_swap=True)]
        if isinstance(action, exp.AlterRename) and isinstance(action.this, exp.Table):
            return [_move(statement.this, action.this)]
    if not is_named(statement.this):
        return []
    return [Altered(statement.this, tuple(statement.args.get("actions") or ()))]


def _move(old: object, new: object, *, is_swap: bool = False) -> Moved:
    if not (is_named(old) and is_named(new)):
        raise ParseError("ALTER TABLE names no other table")
    return Moved(((old, new),), is_swap)


def special_statements(text: str, dialect: str) -> list[Statement] | None:
    """What sqlglot does not read, by what it does to tables; None if it is none of these."""
    word = re.match(r"\w*", text)
    found = _SPECIAL.get(word[0].upper() if word else "")
    return found(text, dialect) if found else None


def _insert(table: str, query: str, dialect: str) -> list[Statement]:
    return parse_statements(f"INSERT INTO {table} {query}", dialect)


def _copy(table: str, other: str, dialect: str) -> list[Statement]:
    return _insert(table, f"SELECT * FROM {other}", dialect)  # noqa: S608 - it is never run


def _insert_exec(text: str, dialect: str) -> list[Statement] | None:
    if not (found := _INSERT_EXEC.match(text)):
        return None
    return [*_insert(found[1], "VALUES (1)", dialect), *(_execute(found[2], dialect) or ())]


def _create(text: str, dialect: str) -> list[Statement] | None:
    if dialect in _FLOWS and (found := _CHANGES.match(text)):
        return _copy(found[1], found[2], dialect)
    if dialect == "snowflake" and (found := _STAGE.match(text)):
        return [Staged(found[1], found[2])]
    if dialect == "clickhouse" and (found := _DICTIONARY.match(text)):
        return _copy(found[1], found[2], dialect)
    found = _CLONE.match(text) if dialect not in ("snowflake", "clickhouse") else None
    return parse_statements(f"CREATE TABLE {found[1]} CLONE {found[2]}", dialect) if found else None


def _load(text: str, dialect: str) -> list[Statement] | None:
    if not (found := _LOAD.match(text)):
        return None
    files = [
        statement
        for address in _ADDRESS.findall(text)
        for statement in parse_statements(f"COPY INTO x FROM '{address}'", "snowflake")
        if _retarget(statement, _table(found[1], dialect))
    ]
    return files or _insert(found[1], "VALUES (1)", dialect)


def _moved_by_file(text: str, dialect: str) -> list[Statement] | None:
    if found := as_copy(text):
        return parse_statements(*found)
    return [] if text[:6].upper() == "IMPORT" else None  # definitions of another server's tables


def _retarget(statement: Statement, table: exp.Table) -> bool:
    """Give a COPY its table, whose name is of another dialect."""
    if isinstance(statement, exp.Copy):
        statement.set("this", table)
    return isinstance(statement, exp.Copy)


def _refresh(text: str, dialect: str) -> list[Statement] | None:
    found = _REFRESH.match(text)
    return _insert(found[1], "VALUES (1)", dialect) if found else []


def _rename(text: str, dialect: str) -> list[Statement] | None:
    found = _RENAME.match(text)
    pairs = _RENAMED.findall(found[1]) if found else []
    return [Moved(tuple((_table(a, dialect), _table(b, dialect)) for a, b in pairs))]


def _use(text: str, dialect: str) -> list[Statement] | None:
    found = _USE.match(text)
    kind = (found[1] or "").upper() if found else ""
    if not found or kind in ("WAREHOUSE", "ROLE", "SECONDARY"):
        return []
    parts = [part.strip("`\"[]'") for part in found[2].split(".")]
    if len(parts) > 1:
        return [Used(parts[-1], parts[-2])]
    is_catalog = kind == "CATALOG" or (dialect in DATABASES_ABOVE_SCHEMAS and kind != "SCHEMA")
    return [Used(catalog=parts[0])] if is_catalog else [Used(parts[0])]


def _set(text: str, dialect: str) -> list[Statement] | None:
    if (filled := set_variable(text, dialect)) is not None:
        return filled
    found = _SET_SCHEMA.match(text)
    name = found[1].strip("`\"'") if found else ""
    return [Used(name)] if name and "$" not in name else []


def _update(text: str, dialect: str) -> list[Statement] | None:
    return [] if re.match(r"UPDATE\s+STATISTICS\b", text, re.IGNORECASE) else None


def _alter(text: str, dialect: str) -> list[Statement] | None:
    if found := _MUTATION.match(text):
        where = found[4] or ""
        if found[2].upper() == "DELETE":
            return parse_statements(f"DELETE FROM {found[1]} {where}", dialect)  # noqa: S608 - it is never run
        return parse_statements(f"UPDATE {found[1]} SET {found[3]} {where}", dialect)  # noqa: S608 - as above
    if _SET_SCHEMA.match(text):
        return _set(text, dialect)
    if found := _PARTITION.match(text) or _REPLACE_PARTITION.match(text):
        return _copy(found[1], found[2], dialect)
    if found := _APPENDED.match(text) or _ATTACHED.match(text):
        return _copy(found[1], found[2], dialect)
    if found := _SWITCH.match(text) or _MOVED_PARTITION.match(text):
        return _copy(found[2], found[1], dialect)
    return None


def _altered(text: str, dialect: str) -> list[Statement] | None:
    """An ALTER TABLE that sqlglot knows only the first word of."""
    found = _ALTERED.match(text)
    return [Altered(_table(found[1], dialect))] if found else None


def _database(text: str, dialect: str) -> list[Statement] | None:
    """Teradata's `DATABASE x`."""
    words = text.split()
    return [Used(words[1].strip('"'))] if dialect == "teradata" and len(words) == 2 else []


def _exchange(text: str, dialect: str) -> list[Statement] | None:
    found = _EXCHANGE.match(text)
    pair = ((_table(found[1], dialect), _table(found[2], dialect)),) if found else ()
    return [Moved(pair, is_swap=True)]


def _table(name: str, dialect: str) -> exp.Table:
    return exp.to_table(name, dialect=dialect or None)


def _execute(text: str, dialect: str) -> list[Statement] | None:
    if found := _SP_RENAME.match(text):
        old = _table(found[1], dialect)
        new = exp.table_(found[2], db=old.args.get("db"), catalog=old.args.get("catalog"))
        return [Moved(((old, new),))]
    if (found := _DYNAMIC.match(text)) and not re.match(r"\s*(\+|\|\||CONCAT)", found[2]):
        return [Script(_unquoted(found[1]))]
    called = _CALL.match(text)
    name = called[1] if called else ""
    computed = (
        not name
        or name.lower().rpartition(".")[2] == "sp_executesql"
        or "IMMEDIATE" in text[:20].upper()
    )
    return [Called("" if computed else name, text)]


def _unquoted(text: str) -> str:
    if text.startswith("$$"):
        return text[2:-2]
    return text[1:-1].replace(text[0] * 2, text[0])


def _do(text: str, dialect: str) -> list[Statement] | None:
    found = _DO.match(text)
    return [Script(found[3])] if found else []


def _perform(text: str, dialect: str) -> list[Statement] | None:
    return parse_statements(_PERFORM.sub("SELECT ", text, count=1), dialect)


def _merge(text: str, dialect: str) -> list[Statement] | None:
    found = _DUPLICATES.match(text)
    return _copy(found[1], found[2], dialect) if found else None


def _changes(text: str, dialect: str) -> list[Statement] | None:
    found = _CHANGES.match(text)
    return _copy(found[1], found[2], dialect) if found else None


def _replace(text: str, dialect: str) -> list[Statement] | None:
    if dialect in ("mysql", "sqlite", ""):
        return parse_statements(
            re.sub(r"^REPLACE\s+(INTO\s+)?", "INSERT INTO ", text, flags=re.IGNORECASE), dialect
        )
    return None


def _cache(text: str, dialect: str) -> list[Statement] | None:
    found = _CACHE.match(text)
    return (
        parse_statements(f"CREATE TEMPORARY VIEW {found[1]} AS {found[2]}", dialect)
        if found
        else []
    )


_SPECIAL: dict[str, Callable[[str, str], list[Statement] | None]] = {
    "INSERT": _insert_exec,
    "CREATE": _create,
    "LOAD": _load,
    "BULK": _moved_by_file,
    "UNLOAD": _moved_by_file,
    "USE": _use,
    "UPDATE": _update,
    "SET": _set,
    "REFRESH": _refresh,
    "RENAME": _rename,
    "ALTER": _alter,
    "EXCHANGE": _exchange,
    "EXPORT": _moved_by_file,
    "IMPORT": _moved_by_file,
    "EXEC": _execute,
    "EXECUTE": _execute,
    "SP_RENAME": _execute,
    "CALL": _execute,
    "DO": _do,
    "PERFORM": _perform,
    "DECLARE": declared,
    "CURSOR": declared,
    "FETCH": fetched,
    "PREPARE": prepared,
    "LET": declared,
    "MERGE": _merge,
    "APPLY": _changes,
    "AUTO": _changes,
    "REPLACE": _replace,
    "CACHE": _cache,
    "DATABASE": _database,
}
