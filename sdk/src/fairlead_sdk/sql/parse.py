"""A piece of a script as sqlglot's statements, and what sqlglot knows only the first word of."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from fairlead_sdk.sql.cut import BATCHES, cut_at_starts
from fairlead_sdk.sql.dialects import DATABASES_ABOVE_SCHEMAS

# It warns of each statement it takes no interest in, into the task's log.
logging.getLogger("sqlglot").setLevel(logging.ERROR)

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
_USE = re.compile(
    r"USE\s+(?:(DATABASE|SCHEMA|CATALOG|NAMESPACE|WAREHOUSE|ROLE|SECONDARY)\s+)?([^\s;]+)",
    re.IGNORECASE,
)
_SET_SCHEMA = re.compile(
    r"(?:SET\s+(?:LOCAL\s+|SESSION\s+)?(?:search_path|SCHEMA|CURRENT\s+SCHEMA)\s*(?:TO|=)?"
    r"|ALTER\s+SESSION\s+SET\s+CURRENT_SCHEMA\s*=)\s*([^\s,;]+)",
    re.IGNORECASE,
)
_ASSIGNS = re.compile(r"[\w.\"@]+\s*:=")
_LOAD = re.compile(r"LOAD\s+DATA\b.*?\bINTO\s+(?:TABLE\s+)?([^\s(]+)", re.IGNORECASE | re.DOTALL)
_BULK = re.compile(r"BULK\s+INSERT\s+(\S+)\s+FROM\s+N?'([^']*)'", re.IGNORECASE)
_UNLOAD = re.compile(
    r"UNLOAD\s*\(\s*(?:'((?:[^']|'')*)'|\$\$(.*?)\$\$|(SELECT.*?))\s*\)\s*TO\s+'([^']*)'",
    re.IGNORECASE | re.DOTALL,
)
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
_MUTATION = re.compile(r"ALTER\s+TABLE\s+(\S+)\s+(?:UPDATE|DELETE)\b", re.IGNORECASE)
_INSERT_HINT = re.compile(r"(INSERT\s+(?:INTO\s+)?[^\s(]+)\s+WITH\s*\([^)]*\)", re.IGNORECASE)
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
_CURSOR = re.compile(
    r"DECLARE\s+\S+\s+.*?\bCURSOR\b.*?\bFOR\s+(SELECT\b.*|WITH\b.*)", re.IGNORECASE | re.DOTALL
)
_CACHE = re.compile(
    r"CACHE\s+(?:LAZY\s+)?TABLE\s+(\S+)\s+(?:OPTIONS\s*\(.*?\)\s*)?(?:AS\s+)?(SELECT\b.*|WITH\b.*)",
    re.IGNORECASE | re.DOTALL,
)
_ADDED = re.compile(r"([\w.\[\]@\"]+)\s*([-+*/%&|^])=\s*")
_OUTPUT = re.compile(
    r"\bOUTPUT\s+(?:inserted|deleted)\b.*?(?=\bVALUES\b|\bSELECT\b|\bWITH\b|\bFROM\b|\bWHERE\b|$)",
    re.IGNORECASE | re.DOTALL,
)
_OUTPUT_INTO = re.compile(r"\bINTO\s+([^\s(]+)", re.IGNORECASE)
_INSERT_EXEC = re.compile(
    r"INSERT\s+(?:INTO\s+)?([^\s(]+)\s*(?:\([^)]*\)\s*)?(EXEC(?:UTE)?\b.*)",
    re.IGNORECASE | re.DOTALL,
)
_WRITES = re.compile(
    r"(?:CREATE\s+(?:OR\s+\w+\s+)?(?:\w+\s+)?(?:TABLE|VIEW)|INSERT|UPDATE|DELETE|MERGE|COPY|REPLACE|WITH|SELECT)\b",
    re.IGNORECASE,
)
_CLONE = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\S+)\s+(?:SHALLOW|DEEP)\s+CLONE\s+(\S+)",
    re.IGNORECASE,
)
_DELETE_IN_MERGE = re.compile(r"\bDELETE\s+WHERE\b.*?(?=\bWHEN\b|$)", re.IGNORECASE | re.DOTALL)
_TITLES = re.compile(r"\(\s*(?:TITLE|FORMAT|NAMED)\s+(?:'[^']*'|\w+)\s*\)", re.IGNORECASE)
_JINJA = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_REF = re.compile(r"ref\s*\(\s*(?:['\"]\w+['\"]\s*,\s*)?['\"]([\w$]+)['\"]")
_SOURCE = re.compile(r"source\s*\(\s*['\"]([\w$]+)['\"]\s*,\s*['\"]([\w$]+)['\"]")

TEMPLATE = "fairlead_template_"
"""What stands for a name that a template would give."""


@dataclass(frozen=True)
class Moved:
    """Tables that change their names: pairs of old and new. A swap exchanges two."""

    pairs: tuple[tuple[exp.Table, exp.Table], ...]
    is_swap: bool = False


@dataclass(frozen=True)
class Script:
    """SQL inside of SQL that runs with it."""

    text: str


@dataclass(frozen=True)
class Called:
    """A procedure that is called by its name; empty where that is computed."""

    name: str
    text: str


@dataclass(frozen=True)
class Used:
    """The database or schema that is meant from here on; empty where it stays."""

    schema: str = ""
    catalog: str = ""


Statement = exp.Expr | Moved | Script | Called | Used


@dataclass
class Parsed:
    statements: list[Statement] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def parse(text: str, dialect: str) -> Parsed:
    """The statements of a piece; what cannot be read is named."""
    text = text.strip().rstrip(";").strip()
    if not text or _ASSIGNS.match(text):
        return Parsed()
    try:
        if (special := _special(text, dialect)) is not None:
            return Parsed(special)
    except SqlglotError as error:
        return Parsed(errors=[_said(error)])
    if _NO_DATA.match(text):
        return Parsed()
    first: SqlglotError | None = None
    for change in _REPAIRS:
        changed = change(text, dialect)
        if changed is None:
            continue
        try:
            return Parsed(_parse(changed, dialect))
        except SqlglotError as error:
            first = first or error
        except RecursionError:
            return Parsed(errors=[f"too deep to be read: {text[:100]}"])
    found = _parse_each(text, dialect, first)
    return _parse_as_relative(text, dialect) or found if found.errors else found


def _parse_as_relative(text: str, dialect: str) -> Parsed | None:
    """In a dialect that is near to it, of which it may have borrowed."""
    for other in _RELATIVES.get(dialect, ()):
        try:
            return Parsed(_parse(text, other))
        except (SqlglotError, RecursionError):
            continue
    return None


def _parse_each(text: str, dialect: str, error: SqlglotError | None) -> Parsed:
    """Statements that stand behind each other without a semicolon."""
    try:
        parts = cut_at_starts(text, dialect)
    except SqlglotError:
        parts = [text]
    if len(parts) < 2:
        return Parsed(errors=[_said(error)])
    result = Parsed()
    for part in parts:
        found = parse(part, dialect)
        result.statements += found.statements
        result.errors += found.errors
    return result


def _said(error: Exception | None) -> str:
    return COLOURS.sub("", str(error))


def _parse(text: str, dialect: str) -> list[Statement]:
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
    special = _special(text, dialect)
    if special is None and _WRITES.match(text):
        raise ParseError(f"this cannot be read: {text[:200]}")
    return special or []


def _moved(statement: exp.Alter) -> list[Statement]:
    for action in statement.args.get("actions") or ():
        if isinstance(action, exp.SwapTable):
            return [Moved(((statement.this, action.this),), is_swap=True)]
        if isinstance(action, exp.AlterRename) and isinstance(action.this, exp.Table):
            return [Moved(((statement.this, action.this),))]
    return []


def _as_it_is(text: str, dialect: str) -> str | None:
    return None if "{{" in text or "{%" in text else text


def _without_templates(text: str, dialect: str) -> str | None:
    """Jinja that was not rendered: names by `ref` and `source`, others stand for themselves."""
    if not _JINJA.search(text):
        return None
    count = iter(range(len(text)))

    def name(match: re.Match[str]) -> str:
        inside = match[1]
        if inside is None or inside.startswith("config"):
            return " "
        if found := _REF.search(inside):
            return found[1]
        if found := _SOURCE.search(inside):
            return f"{found[1]}.{found[2]}"
        quoted = text[match.start() - 1 : match.start()] in ("'", '"', "`")
        return "x" if quoted and text[match.start() - 1] == "'" else f"{TEMPLATE}{next(count)}"

    return _JINJA.sub(name, text)


def _without_output(text: str, dialect: str) -> str | None:
    """T-SQL's OUTPUT clause; what it is put into is written."""
    if dialect not in BATCHES or not (found := _OUTPUT.search(text)):
        return None
    into = _OUTPUT_INTO.search(found[0])
    more = f"; INSERT INTO {into[1]} VALUES (1)" if into and into[1][0] not in "@#" else ""  # noqa: S608
    return _OUTPUT.sub(" ", text, count=1) + more


def _without_hint(text: str, dialect: str) -> str | None:
    """T-SQL's `INSERT INTO t WITH (TABLOCK) ...`."""
    if dialect not in BATCHES or not _INSERT_HINT.match(text):
        return None
    return _INSERT_HINT.sub(r"\1", text, count=1)


def _without_delete_in_merge(text: str, dialect: str) -> str | None:
    """Oracle's `WHEN MATCHED THEN UPDATE SET ... DELETE WHERE ...`."""
    if not re.match(r"MERGE\b", text, re.IGNORECASE) or not _DELETE_IN_MERGE.search(text):
        return None
    return _DELETE_IN_MERGE.sub(" ", text)


def _without_titles(text: str, dialect: str) -> str | None:
    """Teradata's `col (TITLE 'x')` and `col (FORMAT 'x')`."""
    if dialect != "teradata" or not _TITLES.search(text):
        return None
    return _TITLES.sub(" ", text)


def _with_plain_assignments(text: str, dialect: str) -> str | None:
    """T-SQL's `SET a += 1`."""
    if dialect not in BATCHES or not _ADDED.search(text):
        return None
    return _ADDED.sub(r"\1 = \1 \2 ", text)


_REPAIRS: tuple[Callable[[str, str], str | None], ...] = (
    _as_it_is,
    _without_templates,
    _with_plain_assignments,
    _without_output,
    _without_hint,
    _without_delete_in_merge,
    _without_titles,
)

_RELATIVES = {
    "": ("postgres", "mysql", "spark", "snowflake", "bigquery"),
    "athena": ("hive", "trino"),
    "redshift": ("postgres",),
    "spark": ("databricks", "hive"),
    "databricks": ("spark", "hive"),
    "hive": ("spark",),
    "trino": ("presto", "athena"),
    "presto": ("trino",),
    "postgres": ("duckdb",),
    "sqlite": ("mysql", "postgres"),
}


def _special(text: str, dialect: str) -> list[Statement] | None:
    """What sqlglot does not read, by what it does to tables; None if it is none of these."""
    word = re.match(r"\w*", text)
    found = _SPECIAL.get(word[0].upper() if word else "")
    return found(text, dialect) if found else None


def _insert(table: str, query: str, dialect: str) -> list[Statement]:
    return _parse(f"INSERT INTO {table} {query}", dialect)


def _copy(table: str, other: str, dialect: str) -> list[Statement]:
    return _insert(table, f"SELECT * FROM {other}", dialect)  # noqa: S608 - it is never run


def _insert_exec(text: str, dialect: str) -> list[Statement] | None:
    if not (found := _INSERT_EXEC.match(text)):
        return None
    return [*_insert(found[1], "VALUES (1)", dialect), *(_execute(found[2], dialect) or ())]


def _create(text: str, dialect: str) -> list[Statement] | None:
    found = _CLONE.match(text)
    return _parse(f"CREATE TABLE {found[1]} CLONE {found[2]}", "snowflake") if found else None


def _load(text: str, dialect: str) -> list[Statement] | None:
    found = _LOAD.match(text)
    return _insert(found[1], "VALUES (1)", dialect) if found else None


def _bulk(text: str, dialect: str) -> list[Statement] | None:
    found = _BULK.match(text)
    return _parse(f"COPY INTO {found[1]} FROM '{found[2]}'", "snowflake") if found else None


def _unload(text: str, dialect: str) -> list[Statement] | None:
    if not (found := _UNLOAD.match(text)):
        return None
    query = (found[1] or "").replace("''", "'") or found[2] or found[3]
    return _parse(f"COPY ({query}) TO '{found[4]}'", "postgres")


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
    found = _SET_SCHEMA.match(text)
    name = found[1].strip("`\"'") if found else ""
    return [Used(name)] if name and "$" not in name else []


def _update(text: str, dialect: str) -> list[Statement] | None:
    return [] if re.match(r"UPDATE\s+STATISTICS\b", text, re.IGNORECASE) else None


def _alter(text: str, dialect: str) -> list[Statement] | None:
    if found := _MUTATION.match(text):
        return _insert(found[1], "VALUES (1)", dialect)
    if _SET_SCHEMA.match(text):
        return _set(text, dialect)
    if found := _PARTITION.match(text) or _REPLACE_PARTITION.match(text):
        return _copy(found[1], found[2], dialect)
    if found := _SWITCH.match(text):
        return _copy(found[2], found[1], dialect)
    return None


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
    return _parse(_PERFORM.sub("SELECT ", text, count=1), dialect)


def _declare(text: str, dialect: str) -> list[Statement] | None:
    found = _CURSOR.match(text)
    return _parse(found[1], dialect) if found else []


def _replace(text: str, dialect: str) -> list[Statement] | None:
    if dialect in ("mysql", "sqlite", ""):
        return _parse(
            re.sub(r"^REPLACE\s+(INTO\s+)?", "INSERT INTO ", text, flags=re.IGNORECASE), dialect
        )
    return None


def _cache(text: str, dialect: str) -> list[Statement] | None:
    found = _CACHE.match(text)
    return _parse(f"CREATE TEMPORARY VIEW {found[1]} AS {found[2]}", dialect) if found else []


_SPECIAL: dict[str, Callable[[str, str], list[Statement] | None]] = {
    "INSERT": _insert_exec,
    "CREATE": _create,
    "LOAD": _load,
    "BULK": _bulk,
    "UNLOAD": _unload,
    "USE": _use,
    "UPDATE": _update,
    "SET": _set,
    "REFRESH": _refresh,
    "RENAME": _rename,
    "ALTER": _alter,
    "EXCHANGE": _exchange,
    "EXEC": _execute,
    "EXECUTE": _execute,
    "SP_RENAME": _execute,
    "CALL": _execute,
    "DO": _do,
    "PERFORM": _perform,
    "DECLARE": _declare,
    "REPLACE": _replace,
    "CACHE": _cache,
}
