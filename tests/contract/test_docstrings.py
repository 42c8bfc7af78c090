"""Docstrings of the three packages: a public function names the errors that it raises itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for package in ("bridge", "provider", "sdk")
    for path in (ROOT / package / "src").rglob("*.py")
    # The docstrings of routes describe REST, where an error is a status of the answer.
    if "migrations" not in path.parts and path.name != "routes.py"
)
Function = ast.FunctionDef | ast.AsyncFunctionDef
#: Left out, since they are part of a protocol and not for callers to handle: the end of an iterator,
#: the end of a program, and what a method says that subclasses have to define.
_OF_PROTOCOLS = {"StopIteration", "StopAsyncIteration", "SystemExit", "NotImplementedError"}


def unnamed_errors(source: str) -> list[str]:
    """`function: Error` for each error that a public function raises and no docstring names."""
    module = ast.parse(source)
    return [
        f"{function.name}: {error}"
        for function, docs in _public(module.body, ast.get_docstring(module) or "")
        for error in sorted(set(_raised(function)) - _OF_PROTOCOLS)
        if error not in docs
    ]


def _public(body: list[ast.stmt], above: str) -> Iterator[tuple[Function, str]]:
    for node in body:
        if isinstance(node, Function) and (node.name == "__init__" or node.name[0] != "_"):
            yield node, f"{above}\n{ast.get_docstring(node) or ''}"
        elif isinstance(node, ast.ClassDef) and node.name[0] != "_":
            yield from _public(node.body, f"{above}\n{ast.get_docstring(node) or ''}")


def _raised(function: Function) -> Iterator[str]:
    """Errors that leave it; what it raises inside a `try` of its own may not."""
    remaining: list[ast.AST] = list(function.body)
    while remaining:
        node = remaining.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            continue
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            name = ast.unparse(node.exc.func).rpartition(".")[2]
            if name[0].isupper():
                yield name
        remaining += (
            [*node.handlers, *node.orelse, *node.finalbody]
            if isinstance(node, ast.Try)
            else list(ast.iter_child_nodes(node))
        )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_public_function_names_the_errors_that_it_raises(path: Path) -> None:
    assert unnamed_errors(path.read_text()) == []


def test_an_error_that_no_docstring_names_is_found() -> None:
    code = 'def read(text):\n    """Return it{}."""\n    raise ValueError(text)\n'
    assert unnamed_errors(code.format("")) == ["read: ValueError"]
    assert unnamed_errors(code.format(". Raises ValueError")) == []
