"""What a script has besides SQL, or in an order that is no SQL: taken out or put in order before it is cut."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fairlead_sdk.sql.cut import BATCHES, QUOTED, tokenize

_CLIENT = {
    "": re.compile(r"^\\\w.*$", re.MULTILINE),
    "postgres": re.compile(r"^\\\w.*$", re.MULTILINE),
    "redshift": re.compile(r"^\\\w.*$", re.MULTILINE),
    "tsql": re.compile(r"^:\w.*$", re.MULTILINE),
    "snowflake": re.compile(r"^!\w.*$", re.MULTILINE),
    "teradata": re.compile(r"^[ \t]*\.\w.*$", re.MULTILINE),
}
"""Lines that are for the client: psql's `\\set`, sqlcmd's `:setvar`, snowsql's `!set`, BTEQ's `.LOGON`."""
_DELIMITER = re.compile(r"^\s*DELIMITER[ \t]+(\S+)[ \t]*$", re.IGNORECASE | re.MULTILINE)
_TABLE_VARIABLE = re.compile(r"\bDECLARE\s+@(\w+)\s+(?:AS\s+)?TABLE\b", re.IGNORECASE)
"""T-SQL's variables that are tables: they live as temporary tables do."""
_LOCKING = re.compile(
    r"\bLOCK(?:ING)?\s+(?:(?:ROW|TABLE|VIEW|DATABASE)\s+)?(?:(?!FOR\b|IN\b)[\w.\"]+\s+)?"
    r"(?:FOR|IN)\s+(?:ACCESS|READ|WRITE|EXCLUSIVE|SHARE|CHECKSUM)\b(?:\s+(?:MODE|NOWAIT)\b)*",
    re.IGNORECASE,
)
_MACRO = re.compile(
    r"\b(?:CREATE|REPLACE)\s+MACRO\s+([\w.\"]+)\s*(?:\([^)]*\)\s*)?AS\s*\((.*?;)\s*\)\s*(?:;|$)",
    re.IGNORECASE | re.DOTALL,
)
_LOG_ERRORS = re.compile(
    r"\bLOG\s+ERRORS\b(?:\s+INTO\s+[\w.$#\"]+)?(?:\s*\([^()]*\))?(?:\s+REJECT\s+LIMIT\s+\w+)?",
    re.IGNORECASE,
)
_FLOW = "fairlead_flow_"
_EARLIER = re.compile(r"(\b(?:FROM|JOIN|USING)\s+\(?\s*|,\s*)\$(\d+)(?=[\s,);]|$)", re.IGNORECASE)
_QUERY = re.compile(r"\W*(?:SELECT|WITH|FROM|VALUES)\b", re.IGNORECASE)
_CALLED = re.compile(r"([A-Za-z_\"][\w$#\"]*(?:\s*\.\s*[\w$#\"]+)*)\s*(\(.*\))?", re.DOTALL)
_NO_CALL = frozenset(
    {"NULL", "COMMIT", "ROLLBACK", "EXIT", "RETURN", "RAISE", "CONTINUE", "BEGIN", "END", "ELSE"}
    | {"DECLARE", "LOOP", "THEN", "EXCEPTION", "IS", "AS", "OTHERS", "CLOSE", "OPEN", "WHEN"}
)


def without_client(script: str, dialect: str) -> str:
    """The script without what is for the program that runs it, and with statements as others have them."""
    if dialect in _CLIENT:
        script = _CLIENT[dialect].sub("", script)
    if dialect in ("mysql", "") and (found := _DELIMITER.findall(script)):
        script = _DELIMITER.sub("", script)
        for delimiter in {*found} - {";"}:
            script = script.replace(delimiter, ";")
    if dialect == "teradata":
        script = _MACRO.sub(r"CREATE PROCEDURE \1() BEGIN \2 END;", _LOCKING.sub(" ", script))
    if dialect == "oracle":
        script = _LOG_ERRORS.sub(" ", script)
    return _with_table_variables(script) if dialect in BATCHES else script


def _with_table_variables(script: str) -> str:
    for name in set(_TABLE_VARIABLE.findall(script)):
        script = re.sub(
            rf"(?i)\bDECLARE\s+@{name}\s+(?:AS\s+)?TABLE\b", f"CREATE TABLE #{name}", script
        )
        script = re.sub(rf"(?i)@{name}\b", f"#{name}", script)
    return script


def flow(text: str, dialect: str) -> Iterator[str]:
    """Snowflake's `a ->> b ->> c`, where `$1` is the result of the statement before, `$2` of that before it."""
    if dialect != "snowflake" or "->>" not in text:
        yield text
        return
    ends = [t.start for t in tokenize(text, dialect) if _is_arrow(t.token_type, t.text)]
    starts = [0, *(end + 3 for end in ends)]
    stages = [text[a:b].strip() for a, b in zip(starts, [*ends, len(text)], strict=True)]
    for number, stage in enumerate(stages):
        named = _with_names(stage, number)
        is_last = number == len(stages) - 1
        made = f"CREATE TEMPORARY TABLE {_FLOW}{number}"
        if is_last:
            yield named
        elif _QUERY.match(named):
            yield f"{made} AS {named}"
        else:
            yield from (named, made)


def _with_names(stage: str, number: int) -> str:
    """A stage with the names of earlier results for `$1`, `$2`, ..."""

    def name(match: re.Match[str]) -> str:
        return f"{match[1]}{_FLOW}{number - int(match[2])}"

    return _EARLIER.sub(name, stage)


def _is_arrow(kind: object, text: str) -> bool:
    return text == "->>" and kind not in QUOTED


def called(text: str) -> str | None:
    """In a block, `p;` and `pkg.p(1);` call procedures: the call as a statement, or None if it is none."""
    found = _CALLED.fullmatch(text.strip())
    if found is None or found[1].upper() in _NO_CALL:
        return None
    return f"CALL {found[1]}{found[2] or '()'}"
