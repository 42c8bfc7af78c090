"""Fully qualified names: parts with dots between them, quoted where they have dots themselves."""

from __future__ import annotations

import re


def quoted(part: str) -> str:
    """A part of a fully qualified name; one with dots in it is quoted."""
    if re.search(r'[."]', part):
        return '"' + part.replace('"', '\\"') + '"'
    return part


def split(fqn: str) -> list[str]:
    """The parts of a fully qualified name, plain."""
    found = re.findall(r'"((?:[^"\\]|\\.)*)"|([^."]+)', fqn)
    return [a.replace('\\"', '"') if a else b for a, b in found]


def safe(name: str) -> str:
    """OpenMetadata reserves `::` and angle brackets."""
    return re.sub(r"::|[<>]", "_", name)
