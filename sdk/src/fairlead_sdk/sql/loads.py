"""Statements that move rows between tables and files, in the words of one that sqlglot reads: COPY."""

from __future__ import annotations

import re

_BULK = re.compile(r"BULK\s+INSERT\s+(\S+)\s+FROM\s+N?'([^']*)'", re.IGNORECASE)
_UNLOAD = re.compile(
    r"UNLOAD\s*\(\s*(?:'((?:[^']|'')*)'|\$\$(.*?)\$\$|(SELECT.*?))\s*\)\s*TO\s+'([^']*)'",
    re.IGNORECASE | re.DOTALL,
)
_DIRECTORY = re.compile(
    r"(EXPORT|IMPORT)\s+(?:EXTERNAL\s+)?TABLE\s+(\S+)\s+(?:PARTITION\s*\([^()]*\)\s*)?(?:TO|FROM)\s+'([^']*)'",
    re.IGNORECASE,
)


def as_copy(text: str) -> tuple[str, str] | None:
    """A COPY that does the same, and the dialect it is in; None if the text is no such statement."""
    if found := _BULK.match(text):
        return f"COPY INTO {found[1]} FROM '{found[2]}'", "snowflake"
    if found := _UNLOAD.match(text):
        query = (found[1] or "").replace("''", "'") or found[2] or found[3]
        return f"COPY ({query}) TO '{found[4]}'", "postgres"
    if found := _DIRECTORY.match(text):  # Hive
        word, table, address = found.groups()
        if word.upper() == "EXPORT":
            return f"COPY INTO '{address}' FROM {table}", "snowflake"
        return f"COPY INTO {table} FROM '{address}'", "snowflake"
    return None
