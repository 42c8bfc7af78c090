"""Docstrings of the three packages: public functions name the errors that they raise, and units."""

from __future__ import annotations

import ast
import re
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


#: Units, and the names that say one themselves.
_UNIT = re.compile(
    r"\b(milli|micro)?seconds?\b|\b(minutes|hours|days|share|ratio|unit|pixels)\b", re.IGNORECASE
)
_NAMES_UNIT = re.compile(r"seconds|minutes|hours|days|share")


def unitless(source: str) -> list[str]:
    """`function: parameter` and `Class.field` for each public float of which nothing says the unit."""
    module = ast.parse(source)
    above = ast.get_docstring(module) or ""
    found = [
        f"{function.name}: {name}"
        for function, docs in _public(module.body, above)
        if not _UNIT.search(docs)
        for name, annotation in _annotated(function)
        if _is_float(annotation) and not _NAMES_UNIT.search(name)
    ]
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            docs = f"{above}\n{ast.get_docstring(node) or ''}"
            found += [f"{node.name}.{name}" for name in _unitless_fields(node, docs, source)]
    return found


def _annotated(function: Function) -> Iterator[tuple[str, ast.expr | None]]:
    arguments = function.args
    for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        yield each.arg, each.annotation
    yield function.name, function.returns


def _unitless_fields(node: ast.ClassDef, docs: str, source: str) -> Iterator[str]:
    lines = source.splitlines()
    for number, field in enumerate(node.body):
        if not isinstance(field, ast.AnnAssign) or not _is_float(field.annotation):
            continue
        name = ast.unparse(field.target)
        after = node.body[number + 1] if number + 1 < len(node.body) else None
        beside = lines[field.lineno - 1 : field.end_lineno]
        if field.lineno > 1 and lines[field.lineno - 2].lstrip().startswith("#"):
            beside.append(lines[field.lineno - 2])
        if isinstance(after, ast.Expr):
            beside.append(ast.unparse(after))
        text = "\n".join([docs, *beside])
        if not name.startswith("_") and not _NAMES_UNIT.search(name) and not _UNIT.search(text):
            yield name


def _is_float(annotation: ast.expr | None) -> bool:
    return annotation is not None and any(
        isinstance(part, ast.Name) and part.id == "float" for part in ast.walk(annotation)
    )


@pytest.mark.parametrize("package", ["sdk", "provider", "bridge"])
def test_every_public_float_has_a_unit(package: str) -> None:
    """Durations are seconds, by convention; a docstring, a comment beside the field or a name says so."""
    found = {
        path.relative_to(ROOT).as_posix(): floats
        for path in SOURCES
        if path.relative_to(ROOT).parts[0] == package
        and (floats := unitless(path.read_text(encoding="utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def f(wait: float) -> None:\n    '''Wait.'''", ["f: wait"]),
        ("def f(wait: float) -> None:\n    '''Wait for `wait` seconds.'''", []),
        ("def f(wait_seconds: float) -> None: ...", []),
        ("def age() -> float | None: ...", ["age: age"]),
        ("class A:\n    wait: float", ["A.wait"]),
        ("class A:\n    wait: float  # seconds", []),
        ("class A:\n    wait: float\n    '''Seconds.'''", []),
        ("class _A:\n    wait: float", []),
    ],
)
def test_a_float_without_a_unit_is_found(source: str, found: list[str]) -> None:
    assert unitless(source) == found


def unshaped(source: str) -> list[str]:
    """Public functions that return a dict or a tuple of several things, and do not say of what."""
    return [
        function.name
        for function, docs in _public(ast.parse(source).body, "")
        if not docs.strip() and function.returns is not None and _is_shape(function.returns)
    ]


def _is_shape(returned: ast.expr) -> bool:
    text = ast.unparse(returned)
    return text.startswith(("dict[", "Json", "tuple[")) and "..." not in text


@pytest.mark.parametrize("package", ["sdk", "provider", "bridge"])
def test_a_public_function_says_the_shape_of_what_it_returns(package: str) -> None:
    found = {
        path.relative_to(ROOT).as_posix(): names
        for path in SOURCES
        if path.relative_to(ROOT).parts[0] == package
        and (names := unshaped(path.read_text(encoding="utf-8")))
    }
    assert found == {}


def test_a_shape_that_nothing_describes_is_found() -> None:
    assert unshaped("def f() -> dict[int, str]: ...") == ["f"]
    assert unshaped("def f() -> tuple[int, str]: ...") == ["f"]
    assert unshaped('def f() -> dict[int, str]:\n    """Names by id."""') == []
    assert unshaped("def f() -> tuple[int, ...]: ...") == []
    assert unshaped("def _f() -> dict[int, str]: ...") == []
