"""The SQL in a Python file: strings that begin as a statement does."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

_SQL = re.compile(
    r"\s*(?:(?:--[^\n]*\n|/\*.*?\*/|\{\{.*?\}\}|\{%.*?%\}|\(|;)\s*)*"
    r"(?:SELECT\s.*?\bFROM\b|INSERT\s+(?:INTO|OVERWRITE|ALL|FIRST)\b|UPDATE\s+\S+\s+(?:(?:AS\s+)?\w+\s+)?SET\s|DELETE\s+FROM\b|MERGE\s+INTO\b"
    r"|REPLACE\s+(?:INTO|VIEW|TABLE)\b"
    r"|CREATE\s+(?:OR\s+\w+\s+)?(?:[A-Z]+\s+){0,3}(?:TABLE|VIEW|SCHEMA|STAGE|PROCEDURE|FUNCTION)\b"
    r"|ALTER\s+(?:TABLE|VIEW)\b|DROP\s+(?:TABLE|VIEW|MATERIALIZED)\b|TRUNCATE\s|WITH\s+(?:RECURSIVE\s+)?[\w\"`]+\s*"
    r"(?:\([^)]*\)\s*)?AS\s*(?:MATERIALIZED\s*)?\(|COPY\s+(?:INTO\s)?\S+\s.*?\b(?:FROM|TO)\b|USE\s+\w+\s*;|SET\s+\w+.*?;)",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Script:
    text: str
    line: int


def scripts_of(source: str) -> list[Script]:
    """Each SQL script in a Python source, in the order of its lines. Raises SyntaxError where that is no Python.

    Names of constants inside f-strings and of joined strings are filled in; other values are left as
    templates, as Jinja's are.
    """
    module = ast.parse(source)
    known = _constants(module)
    found: list[Script] = []
    inside = {id(n.value) for n in ast.walk(module) if isinstance(n, ast.Expr)}  # documentation
    for node in ast.walk(module):  # from outside to inside
        if id(node) in inside or not isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp):
            continue
        text = _text(node, known)
        if text is None:
            continue
        inside |= {id(each) for each in ast.walk(node)}
        if _SQL.match(text):
            found.append(Script(text, node.lineno))
    return sorted(found, key=lambda script: script.line)


def _constants(module: ast.Module) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in module.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            text = _text(node.value, found)
            for target in targets:
                if isinstance(target, ast.Name) and text is not None:
                    found[target.id] = text
    return found


def _text(node: ast.expr, known: dict[str, str]) -> str | None:
    """The text of an expression; values that are not known are templates. None if it is no text."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.JoinedStr):
        parts = [
            _text(part.value, known) or "{{ " + ast.unparse(part.value) + " }}"
            if isinstance(part, ast.FormattedValue)
            else _text(part, known) or ""
            for part in node.values
        ]
        return "".join(parts)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _text(node.left, known), _text(node.right, known)
        if left is None and right is None:
            return None
        return (left or _template(node.left)) + (right or _template(node.right))
    return None


def _template(node: ast.expr) -> str:
    return "{{ " + ast.unparse(node) + " }}"
