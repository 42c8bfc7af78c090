"""What dbt's log says of models whose results a later command has overwritten. Pure: a text in, names out."""

from __future__ import annotations

import re

_COLOURS = re.compile(r"\x1b\[\d*m")
_HEADER = re.compile(r"^=+ [\d:.]+ \| ([0-9a-f-]{36}) =+$", re.MULTILINE)
_MADE = re.compile(r"\bOK (?:created|loaded|snapshotted)\b.*? (\S+) \.{2,}")


def made(log: str, invocation: str | None, commands: int) -> set[str] | None:
    """The relations, as `schema.name`, that the last so many commands made.

    None where the log does not show them: it is not dbt's text, or that of another command.
    """
    parts = _HEADER.split(_COLOURS.sub("", log))
    invocations = list(zip(parts[1::2], parts[2::2], strict=True))[-commands:]
    if invocation not in [identifier for identifier, _ in invocations]:
        return None
    return {name.lower() for _, text in invocations for name in _MADE.findall(text)}
