"""Pieces of a script as statements: in blocks there are declarations, loops and calls besides."""

from __future__ import annotations

import re
from dataclasses import replace

from fairlead_sdk.sql.cut import Piece
from fairlead_sdk.sql.parse import ASSIGNS
from fairlead_sdk.sql.scripts import called, without_client
from fairlead_sdk.sql.variables import of_loop

# What drivers put parameters for. Inside a string literal it does no harm to replace them.
_PLACEHOLDER = re.compile(r"%\(\w+\)s\b|%s\b|(?<![\w:]):\d+\b|\?\d+\b")
_LONG = 50_000
"""Characters from which on all but the first row of VALUES is left out: rows have no columns to tell of."""
_ROW = r"\((?:[^()']|'(?:[^'\\]|''|\\.)*'|\([^()']*\))*+\)"
_ROWS = re.compile(rf"(\bVALUES\s*{_ROW})(?:\s*,\s*{_ROW})++", re.IGNORECASE)
_VARIABLE = re.compile(r"\b(?:DECLARE|LET)\s+(\w+)|\b(\w+)\s*:=", re.IGNORECASE)
_STARTS = re.compile(
    r"\W*(?:SELECT|SEL|INSERT|INS|UPDATE|UPD|DELETE|DEL|MERGE|CREATE|ALTER|DROP|TRUNCATE|WITH|COPY|CALL|EXEC"
    r"|EXECUTE|CURSOR|REPLACE|RENAME|FETCH|PREPARE|REFRESH|LOAD|UNLOAD|PERFORM|DECLARE|LET|FROM|CACHE|EXCHANGE|USE|SET|BULK|DO|EXPORT)\b",
    re.IGNORECASE,
)
"""What a statement with data begins with. In blocks there are declarations and labels besides."""
_FORALL = re.compile(
    r"^\W*FORALL\s+\w+\s+IN\s+.*?(?=\b(?:INSERT|UPDATE|DELETE|MERGE|EXECUTE)\b)",
    re.IGNORECASE | re.DOTALL,
)
_CURSOR_NAME = re.compile(
    r"\W*\w+\s+(?:(?:NO\s+)?SCROLL\s+)?CURSOR\b.*\bFOR\s+\(?\s*(?:SELECT|WITH)\b",
    re.IGNORECASE | re.DOTALL,
)
BEGIN = re.compile(r"\bBEGIN\b", re.IGNORECASE)
_CALLS_BY_NAME = frozenset({"oracle", ""})
"""Where a procedure is called by its name alone."""


def readable(script: str, dialect: str) -> str:
    """A script without what is for its client, for its driver, and without long lists of rows."""
    text = without_client(_shortened(script.lstrip("\ufeff")), dialect)
    return _PLACEHOLDER.sub("NULL", text)


def declared_names(script: str) -> frozenset[str]:
    """Names that a script declares or assigns to."""
    return frozenset((a or b).lower() for a, b in _VARIABLE.findall(script))


def _shortened(script: str) -> str:
    return _ROWS.sub(r"\1", script) if len(script) > _LONG else script


def of_block(piece: Piece, dialect: str) -> str:
    """A statement of a block; empty for a declaration."""
    text = _FORALL.sub("", piece.text)
    if piece.condition or _STARTS.match(text) or ASSIGNS.match(text):
        return text_of(replace(piece, text=text))
    if _CURSOR_NAME.match(text):
        return f"DECLARE {text}"
    return (called(piece.text) or "") if dialect in _CALLS_BY_NAME else ""


def text_of(piece: Piece) -> str:
    """A condition is read as a query: it may hold some."""
    if not piece.condition:
        return piece.text
    if piece.condition in ("FOR", "FOREACH") and (loop := of_loop(piece.text)):
        return loop
    if "SELECT" not in piece.text.upper():
        return ""
    return f"SELECT CASE WHEN {piece.text} THEN 1 END"
