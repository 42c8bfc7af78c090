"""Where the parts of a YAML or TOML file stand, counted from 1."""

from __future__ import annotations

import re
from collections.abc import Sequence

import yaml

Path = Sequence[str | int]

_HEADER = re.compile(r"\s*\[\[\s*([\w.]+)\s*\]\]")


def of_yaml(text: str, path: Path) -> int:
    """The line of the part, or of the innermost part around it that is there."""
    node = yaml.compose(text, yaml.SafeLoader)
    line = 1
    for step in path:
        if isinstance(node, yaml.MappingNode):
            pairs = {key.value: (key, value) for key, value in node.value}
            if str(step) not in pairs:
                break
            key, node = pairs[str(step)]
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            if step >= len(node.value):
                break
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line


def of_toml(text: str, path: Path) -> int:
    """The line of the key or of the table that the path names; of the table around it else."""
    lines = text.splitlines()
    begin, end, header = 0, len(lines), ""
    steps = list(path)
    while len(steps) > 1 and isinstance(steps[1], int):
        header = f"{header}.{steps[0]}" if header else str(steps[0])
        found = _headers(lines, header, begin, end)
        if steps[1] >= len(found):
            break
        begin, end = found[steps[1]], (found[steps[1] + 1 : steps[1] + 2] or [end])[0]
        steps = steps[2:]
    key = steps[0] if steps and isinstance(steps[0], str) else None
    if key is None:
        return begin + 1
    pattern = re.compile(
        rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]|\s*\[+[\w.]*\b{re.escape(key)}\s*\]"
    )
    return next((at for at in range(begin, end) if pattern.match(lines[at])), begin) + 1


def _headers(lines: Sequence[str], name: str, begin: int, end: int) -> list[int]:
    """Where the tables of an array begin, counted from 0."""
    return [
        at for at in range(begin, end) if (found := _HEADER.match(lines[at])) and found[1] == name
    ]
