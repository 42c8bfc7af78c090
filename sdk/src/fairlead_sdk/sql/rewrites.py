"""Rewrites of text that sqlglot does not read: what it does not know is left out or written in other words."""

from __future__ import annotations

import re
from collections.abc import Callable

import sqlglot
from sqlglot import exp

from fairlead_sdk.sql.cut import BATCHES

TEMPLATE = "fairlead_template_"
"""What stands for a name that a template would give."""

_INSERT_HINT = re.compile(r"(INSERT\s+(?:INTO\s+)?[^\s(]+)\s+WITH\s*\([^)]*\)", re.IGNORECASE)
_ADDED = re.compile(r"([\w.\[\]@\"]+)\s*([-+*/%&|^])=\s*")
_OUTPUT = re.compile(
    r"\bOUTPUT\s+(?:inserted|deleted)\b.*?(?=\bVALUES\b|\bSELECT\b|\bWITH\b|\bFROM\b|\bWHERE\b|$)",
    re.IGNORECASE | re.DOTALL,
)
_OUTPUT_INTO = re.compile(r"\bINTO\s+([^\s(]+)", re.IGNORECASE)
_DELETE_IN_MERGE = re.compile(r"\bDELETE\s+WHERE\b.*?(?=\bWHEN\b|$)", re.IGNORECASE | re.DOTALL)
_TITLES = re.compile(r"\(\s*(?:TITLE|FORMAT|NAMED)\s+(?:'[^']*'|\w+)\s*\)", re.IGNORECASE)
_OUTFILE = re.compile(
    r"\bINTO\s+(?:OUTFILE|DUMPFILE)\s+'[^']*'(?:\s+(?:FIELDS|COLUMNS|LINES|TERMINATED|ENCLOSED|ESCAPED|STARTING"
    r"|OPTIONALLY|BY|CHARACTER|SET|TRUNCATE|APPEND|'[^']*'))*",
    re.IGNORECASE,
)
_TABLE = re.compile(r"\bAS\s+TABLE\s+(\S+)(?:\s+WITH\s+(?:NO\s+)?DATA)?\s*$", re.IGNORECASE)
_FORMAT = re.compile(r"\bFORMAT\s+\w+\s*$", re.IGNORECASE)
_OPTIONS = re.compile(
    r"(CREATE\s+(?:OR\s+REPLACE\s+)?(?:\w+\s+){0,3}?(?:VIEW|TABLE)\s+(?:IF\s+NOT\s+EXISTS\s+)?[^\s(]+"
    r"(?:\s*\([^()]*\))?)\s+(?:[^'\"]|'[^']*')*?\bAS\s+(?=SELECT\b|WITH\b|TABLE\b|FROM\b|\()",
    re.IGNORECASE,
)
_UPDATE_FROM = re.compile(
    r"UPD(?:ATE)?\s+(\S+)\s+FROM\s+(.*?)\s+SET\s+(.*?)(\bWHERE\b.*)?$", re.IGNORECASE | re.DOTALL
)
_DIRECTORY = re.compile(
    r"(INSERT\s+OVERWRITE\s+(?:LOCAL\s+)?DIRECTORY\s+'[^']*')\s+(?:USING\s+\w+|STORED\s+AS\s+\w+)"
    r"(?:\s+OPTIONS\s*\([^()]*\))?",
    re.IGNORECASE,
)
_NESTED_UPDATE = re.compile(
    r"UPDATE\s*\((\s*(?:SELECT|WITH)\b.*)\)\s*(?:(?!SET\b)\w+\s+)?SET\s+(.*)$",
    re.IGNORECASE | re.DOTALL,
)
_TRAILING = re.compile(
    r"\bAND\s+(?:NO\s+)?STAT(?:ISTIC)?S\b|\bELSE\s+INS(?:ERT)?\s+(?:INTO\s+\S+\s*)?(?:VALUES\s*)?\(.*\)\s*$|"
    r"(?<=[\s)])WITH\s+(?:NO\s+)?DATA\s*$|"
    r"\bDISTRIBUTED\s+(?:RANDOMLY|REPLICATED|BY\s*\([^()]*\))\s*$|\bWITH\s+(?:UR|CS|RS|RR)\s*$"
    r"|(?<=\s)WITH\s+LABEL\s+\w+(?=\s)"
    r"|\bWITH\s+(?:(?:LOCAL\s+|CASCADED\s+)?CHECK\s+OPTION|READ\s+ONLY)(?:\s+CONSTRAINT\s+\w+)?\s*$",
    re.IGNORECASE,
)
_MODIFIERS = (
    (
        r"^((?:INSERT|REPLACE|UPDATE|DELETE)\s+)(?:(?:HIGH_PRIORITY|LOW_PRIORITY|DELAYED|QUICK)\s+)+",
        r"\1",
    ),
    (
        r"^(CREATE\s+(?:OR\s+RE(?:PLACE|FRESH)\s+)?(?:TEMPORARY\s+)?(?:STREAMING\s+)?)LIVE\s+(?=TABLE\b|VIEW\b)",
        r"\1",
    ),
    (r"\bOVERRIDING\s+(?:SYSTEM|USER)\s+VALUE\b", " "),
    (r"^(MERGE\s+)WITH\s+SCHEMA\s+EVOLUTION\s+", r"\1"),
    (r"^(INSERT\s+OVERWRITE\s+.*?\bPARTITION\s*\([^()]*\))\s*IF\s+NOT\s+EXISTS\b", r"\1"),
    (
        r"^(CREATE\s+(?:OR\s+REPLACE\s+)?)(?:(?:NO\s*FORCE|FORCE|EDITIONABLE|NONEDITIONABLE|EDITIONING)\s+)+",
        r"\1",
    ),
)
"""What a statement says besides, of one database each, and what is left without it."""
_BATCH_MODIFIERS = (
    (
        r"^((?:WITH\b.*\)\s*)?(?:INSERT|UPDATE|DELETE|MERGE)\s+)TOP\s*\([^()]*\)\s*(?:PERCENT\b)?",
        r"\1",
    ),
    (r"^((?:WITH\b.*\)\s*)?DELETE\s+)FROM\s+([\w.\[\]\"#]+\s+FROM\b)", r"\1\2"),
)
_ALTERED_VIEW = re.compile(
    r"ALTER\s+((?:[\w=`@.%']+\s+){0,8}?VIEW\s+.*?\bAS\s*(?:SELECT\b|WITH\b|\().*)$",
    re.IGNORECASE | re.DOTALL,
)
_ROWSET = re.compile(
    r"OPENROWSET\s*\(\s*(?:BULK\s+)?('[^']*')[^()]*\)\s*(?:WITH\s*\((?:[^()]|\([^()]*\))*\))?",
    re.IGNORECASE,
)
_INFILE = re.compile(
    r"INSERT\s+INTO\s+(?:TABLE\s+)?(?!FUNCTION\b)([\w.`\"]+\s*(?:\([^()]*\))?)\s*(?:FROM\s+INFILE|FORMAT\s+\w+)\b",
    re.IGNORECASE | re.DOTALL,
)
_CLONED = re.compile(r"(CREATE\s+TABLE\s+.*?)\s+CLONE\s+AS\s+(\S+)", re.IGNORECASE | re.DOTALL)
_FROM_QUERY = re.compile(
    r"(DELETE\s+FROM|INSERT\s+INTO)\s*\(\s*(SELECT\b.*?)\)\s*(VALUES\b.*|SELECT\b.*|WITH\b.*|\w*)$",
    re.IGNORECASE | re.DOTALL,
)
_JINJA = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_REF = re.compile(r"ref\s*\(\s*(?:['\"]\w+['\"]\s*,\s*)?['\"]([\w$]+)['\"]")
_SOURCE = re.compile(r"source\s*\(\s*['\"]([\w$]+)['\"]\s*,\s*['\"]([\w$]+)['\"]")


def as_it_is(text: str, dialect: str) -> str | None:
    return None if "{{" in text or "{%" in text else text


def without_templates(text: str, dialect: str) -> str | None:
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


def without_modifiers(text: str, dialect: str) -> str | None:
    """What says how a statement is done, and not what: `INSERT LOW_PRIORITY`, `UPDATE TOP (5)`."""
    changed = text
    for pattern, rest in (*_MODIFIERS, *(_BATCH_MODIFIERS if dialect in BATCHES else ())):
        changed = re.sub(pattern, rest, changed, count=1, flags=re.IGNORECASE | re.DOTALL)
    return changed if changed != text else None


def with_view_made_again(text: str, dialect: str) -> str | None:
    """`ALTER VIEW v AS SELECT ...`"""
    found = _ALTERED_VIEW.match(text)
    return f"CREATE {found[1]}" if found else None


def without_output(text: str, dialect: str) -> str | None:
    """T-SQL's OUTPUT clause; what it is put into is written."""
    if dialect not in BATCHES or not (found := _OUTPUT.search(text)):
        return None
    into = _OUTPUT_INTO.search(found[0])
    more = f"; INSERT INTO {into[1]} VALUES (1)" if into and into[1][0] not in "@#" else ""  # noqa: S608
    return _OUTPUT.sub(" ", text, count=1) + more


def without_hint(text: str, dialect: str) -> str | None:
    """T-SQL's `INSERT INTO t WITH (TABLOCK) ...`."""
    if dialect not in BATCHES or not _INSERT_HINT.match(text):
        return None
    return _INSERT_HINT.sub(r"\1", text, count=1)


def without_delete_in_merge(text: str, dialect: str) -> str | None:
    """Oracle's `WHEN MATCHED THEN UPDATE SET ... DELETE WHERE ...`."""
    if not re.match(r"MERGE\b", text, re.IGNORECASE) or not _DELETE_IN_MERGE.search(text):
        return None
    return _DELETE_IN_MERGE.sub(" ", text)


def without_outfile(text: str, dialect: str) -> str | None:
    """`INTO OUTFILE 'x' ...` of MySQL and ClickHouse; the file is on a disk that is not known."""
    if dialect not in ("mysql", "clickhouse", "") or not _OUTFILE.search(text):
        return None
    return _FORMAT.sub(" ", _OUTFILE.sub(" ", text))


def without_view_options(text: str, dialect: str) -> str | None:
    """`CREATE VIEW v BUILD IMMEDIATE ... AS SELECT`, with options that are of one database only."""
    found = _OPTIONS.match(text)
    return f"{found[1]} AS {text[found.end() :]}" if found else None


def without_trailing_options(text: str, dialect: str) -> str | None:
    """Greenplum's `DISTRIBUTED BY (a)`, DB2's `WITH UR` and Doris' `WITH LABEL x`."""
    changed = _TRAILING.sub(" ", text)
    return changed if changed != text else None


def with_update_of_tables(text: str, dialect: str) -> str | None:
    """Oracle's `UPDATE (SELECT a.x AS v, b.y AS w FROM a JOIN b ON ...) SET v = w`, of the table that has v."""
    found = _NESTED_UPDATE.match(text)
    query = sqlglot.parse_one(found[1], read=dialect or None) if found else None
    if found is None or not isinstance(query, exp.Select) or not (from_ := query.args.get("from_")):
        return None
    columns = {each.alias_or_name.lower(): each.unalias() for each in query.selects}
    update = sqlglot.parse_one(f"UPDATE x SET {found[2]}", read=dialect or None)  # noqa: S608 - it is never run
    for node in list(update.find_all(exp.Column)):
        if not node.table and (meant := columns.get(node.name.lower())) is not None:
            node.replace(meant.copy())
    tables = [from_.this, *(join.this for join in query.args.get("joins") or ())]
    written = update.expressions[0].this.table
    target = next((t for t in tables if t.alias_or_name.lower() == written.lower()), tables[0])
    update.set("this", exp.to_identifier(target.alias_or_name))
    where = query.args.get("where")
    conditions = [w.this for w in (where, update.args.get("where")) if w is not None]
    update.set("where", None)
    sources = query.copy().select("*", append=False).sql("tsql").partition(" FROM ")[2]
    sources = sources.partition(" WHERE ")[0] if where is not None else sources
    ending = f" WHERE {exp.and_(*conditions).sql('tsql')}" if conditions else ""
    return f"{update.sql('tsql')} FROM {sources}{ending}"


def with_table_of_query(text: str, dialect: str) -> str | None:
    """Oracle's `DELETE FROM (SELECT ... FROM t WHERE ...)` and `INSERT INTO (SELECT a FROM t) VALUES (1)`."""
    found = _FROM_QUERY.match(text)
    query = sqlglot.parse_one(found[2], read=dialect or None) if found else None
    if found is None or not isinstance(query, exp.Select) or query.args.get("joins"):
        return None
    from_ = query.args.get("from_")
    if not isinstance(from_, exp.From):
        return None
    where = query.args.get("where")
    if found[1].upper().startswith("DELETE"):
        return f"DELETE {from_.sql(dialect or None)} {where.sql(dialect or None) if where else ''}"
    names = ", ".join(each.sql(dialect or None) for each in query.selects if not each.is_star)
    return (
        f"INSERT INTO {from_.this.sql(dialect or None)} {f'({names})' if names else ''} {found[3]}"
    )


def with_clone_as_query(text: str, dialect: str) -> str | None:
    """ClickHouse's `CREATE TABLE t CLONE AS s`."""
    found = _CLONED.match(text) if dialect == "clickhouse" else None
    return f"{found[1]} AS SELECT * FROM {found[2]}" if found else None  # noqa: S608 - it is never run


def with_pivot_as_query(text: str, dialect: str) -> str | None:
    """DuckDB's `CREATE TABLE r AS UNPIVOT ...`."""
    found = re.search(r"\bAS\s+((?:UN)?PIVOT\b.*)$", text, re.IGNORECASE | re.DOTALL)
    return (
        f"{text[: found.start()]} AS FROM ({found[1]})" if found and dialect == "duckdb" else None
    )


def with_table_as_query(text: str, dialect: str) -> str | None:
    """`CREATE MATERIALIZED VIEW v AS TABLE s WITH NO DATA`."""
    found = _TABLE.search(text)
    return f"{text[: found.start()]} AS SELECT * FROM {found[1]}" if found else None  # noqa: S608 - as above


def with_from_behind(text: str, dialect: str) -> str | None:
    """Teradata's `UPD t FROM s SET a = s.a`, where sqlglot would take SET for an alias of s."""
    found = _UPDATE_FROM.match(text) if dialect == "teradata" else None
    if not found:
        return None
    table = found[2]
    named = table if re.search(r"\s", table) else f"{table} AS {table.rpartition('.')[2]}"
    return f"UPDATE {found[1]} FROM {named} SET {found[3]} {found[4] or ''}"  # noqa: S608 - as above


def without_directory_format(text: str, dialect: str) -> str | None:
    """Spark's `INSERT OVERWRITE DIRECTORY 'x' USING parquet OPTIONS (...) SELECT`."""
    if not (found := _DIRECTORY.match(text)):
        return None
    return f"{found[1]} {text[found.end() :]}"


def without_rowset_options(text: str, dialect: str) -> str | None:
    """T-SQL's `OPENROWSET(BULK 'x', FORMAT = 'CSV') WITH (a int)`."""
    if dialect not in BATCHES or not _ROWSET.search(text):
        return None
    return _ROWSET.sub(r"OPENROWSET(\1) ", text)


def without_infile(text: str, dialect: str) -> str | None:
    """ClickHouse's `INSERT INTO t FROM INFILE 'x'`: the file is on a disk that is not known."""
    found = _INFILE.match(text) if dialect == "clickhouse" else None
    return f"INSERT INTO {found[1]} VALUES (1)" if found else None  # noqa: S608 - it is never run


def without_titles(text: str, dialect: str) -> str | None:
    """Teradata's `col (TITLE 'x')` and `col (FORMAT 'x')`."""
    if dialect != "teradata" or not _TITLES.search(text):
        return None
    return _TITLES.sub(" ", text)


def with_plain_assignments(text: str, dialect: str) -> str | None:
    """T-SQL's `SET a += 1`."""
    if dialect not in BATCHES or not _ADDED.search(text):
        return None
    return _ADDED.sub(r"\1 = \1 \2 ", text)


REWRITES: tuple[Callable[[str, str], str | None], ...] = (
    without_infile,
    with_table_of_query,
    with_view_made_again,
    without_modifiers,
    as_it_is,
    without_templates,
    with_plain_assignments,
    without_output,
    without_hint,
    without_delete_in_merge,
    without_titles,
    without_directory_format,
    without_outfile,
    without_trailing_options,
    with_update_of_tables,
    with_clone_as_query,
    without_rowset_options,
    with_from_behind,
    with_pivot_as_query,
    with_table_as_query,
    without_view_options,
)
"""In the order in which they are tried; None where one has nothing to change."""
