"""The words that identifiers do not contain, and the words of an identifier."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

#: Words that no identifier contains, and what to say instead.
PRIVATE = {
    "door": "entry point, endpoint",
    "heard": "seen, received",
    "house": "package",
    "keep": "store",
    "keeper": "supervisor",
    "keeps": "stores",
    "kept": "stored",
    "lanes": "keyed concurrency",
    "mended": "recovered",
    "mood": "responder",
    "news": "changed entries, notification",
    "nobody": "none",
    "room": "package, limit",
    "said": "the value's name",
    "settle": "acknowledge, record outcomes, resolve, converge",
    "settled": "acknowledged, recorded, resolved, converged",
    "silent": "empty, inferred",
    "somebody": "sender, reader, user",
    "spared": "preserved",
    "tell": "deliver, report, send",
    "telling": "delivery",
    "told": "delivered, reported, payload, observed state",
    "truth": "observed state",
    "unclaimed": "unowned",
    "untold": "unreported",
    "verdict": "summary, task state at run end",
    "whoever": "sender, reader, user",
}


#: Proper names that contain one.
NAMES = ("ClickHouse",)


def identifiers(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every name that the code defines or uses, with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name, node.lineno
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name, node.lineno
            case ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.keyword(arg=str(name)):
                yield name, node.value.lineno
            case ast.alias(name=name, asname=None) | ast.alias(asname=str(name)):
                yield name.rpartition(".")[2], node.lineno


def words(name: str) -> set[str]:
    """The words of an identifier, in lower case: of `_notToldYet`, not, told and yet."""
    for proper in NAMES:
        name = name.replace(proper, "")
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}
