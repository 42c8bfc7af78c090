"""Rewrites of text that sqlglot does not read: what it does not know is left out or written in other words."""

from __future__ import annotations

import re

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
