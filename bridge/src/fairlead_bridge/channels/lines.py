"""Where in a TOML file a setting stands, for messages about it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HEADER = re.compile(r"\s*\[\[?\s*([\w.\"-]+)\s*\]\]?")


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """
    The line of the setting at a path such as `("channel", 1, "digest", "at")`, counted from 1.

    Of a setting that is not in the file, the line of what it is missing in; None where that is not
    there either. Arrays of tables are looked for as `[[channel]]`, as everybody writes them.
    """
    if not path:
        return None
    table, keys = str(path[0]), [str(part) for part in path[1:] if isinstance(part, str)]
    wanted = path[1] if len(path) > 1 and isinstance(path[1], int) else 0
    found, number, header = None, -1, ""
    for count, line in enumerate(text.splitlines(), 1):
        if match := _HEADER.match(line):
            header = match[1].replace('"', "")
            number += header == table
        if number != wanted:
            continue
        if match and header == table:
            found = count
        elif keys and _names(line, header, table, keys):
            return count
    return found


def _names(line: str, header: str, table: str, keys: Sequence[str]) -> bool:
    """Whether the line sets one of the keys, or begins the table of the first of them."""
    if _HEADER.match(line):
        return header == f"{table}.{keys[0]}" and len(keys) == 1
    if header == table:
        return re.match(rf"\s*\"?{re.escape(keys[0])}\"?\s*[=.]", line) is not None
    if header == f"{table}.{keys[0]}" and len(keys) > 1:
        return re.match(rf"\s*\"?{re.escape(keys[1])}\"?\s*=", line) is not None
    return False
