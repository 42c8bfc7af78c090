"""
How the code of the three packages is shaped: lengths of files and functions, import cycles, broad
`except`, uses of `Any`, and mocks in tests. Prints one row for each package, and one for the tests.

    python -m bench style [--root FOLDER]     the root of another checkout, to compare

A function's length is its lines without its docstring. Import cycles are at module level: imports
inside functions and under TYPE_CHECKING do not count. `Any` is counted as a name in annotations.
"""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles

PACKAGES = ("bridge/src", "provider/src", "sdk/src")
_MOCK = re.compile(r"\b(?:Magic|Async)?Mock\b|\bmock\.|\bmocker\b|\bmonkeypatch\.setattr\b")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[1])
    root = parser.parse_args().root
    print(
        "code           files  lines  file p90/max  functions  median/p90/max  cycles  broad except  Any"
    )
    for package in PACKAGES:
        print(_row(package.partition("/")[0], root / package))
    print(_of_tests(root / "tests"))


def _row(name: str, folder: Path) -> str:
    texts = {path: path.read_text("utf-8") for path in sorted(folder.rglob("*.py"))}
    trees = {path: ast.parse(text) for path, text in texts.items()}
    files = [text.count("\n") for text in texts.values() if text.strip()]
    lengths = sorted(_length(each) for tree in trees.values() for each in _functions(tree))
    cycles = sum(len(each) > 1 for each in _components(_imports(folder, trees)))
    broad = sum(_is_broad(node) for tree in trees.values() for node in ast.walk(tree))
    anys = sum(
        isinstance(node, ast.Name) and node.id == "Any"
        for tree in trees.values()
        for node in ast.walk(tree)
    )
    return (
        f"{name:<12}{len(files):>8}{sum(files):>7}{_ninety(files):>8.0f}/{max(files):<5}"
        f"{len(lengths):>11}{median(lengths):>9.0f}/{_ninety(lengths):.0f}/{max(lengths):<5}"
        f"{cycles:>8}{broad:>14}{anys:>5}"
    )


def _of_tests(folder: Path) -> str:
    texts = {path: path.read_text("utf-8") for path in folder.rglob("*.py")}
    tests = [
        each
        for text in texts.values()
        for each in _functions(ast.parse(text))
        if each.name.startswith("test_")
    ]
    mocks = sum(len(_MOCK.findall(text)) for text in texts.values())
    longest = max(texts, key=lambda path: texts[path].count("\n"))
    return (
        f"tests: {len(tests)} functions, median {median(map(_length, tests)):.0f} lines; "
        f"{mocks} mock references, {mocks / len(tests):.4f} each; longest file "
        f"{longest.relative_to(folder)} with {texts[longest].count(chr(10))} lines"
    )


def _functions(tree: ast.AST) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def _length(function: Function) -> int:
    first = function.body[0]
    docs = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    skipped = (first.end_lineno or 0) - first.lineno + 1 if docs else 0
    return (function.end_lineno or 0) - function.lineno + 1 - skipped


def _ninety(numbers: Sequence[int]) -> float:
    return quantiles(numbers, n=10)[-1]


def _is_broad(node: ast.AST) -> bool:
    if not isinstance(node, ast.ExceptHandler):
        return False
    return node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")


def _imports(folder: Path, trees: dict[Path, ast.Module]) -> dict[str, set[str]]:
    """The modules of the folder that each of them imports as it is loaded."""
    names = {_module(folder, path): tree for path, tree in trees.items()}
    found: dict[str, set[str]] = {}
    for name, tree in names.items():
        wanted: set[str] = set()
        for node in tree.body:
            if isinstance(node, ast.Import):
                wanted.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                wanted |= inner & names.keys()
                if inner - names.keys():  # something that the package itself has
                    wanted.add(node.module)
        found[name] = (wanted & names.keys()) - {name}
    return found


def _module(folder: Path, path: Path) -> str:
    return ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")


def _components(graph: dict[str, set[str]]) -> list[set[str]]:
    """Modules that reach each other."""
    reached = {name: _reach(graph, name) for name in graph}
    left, found = set(graph), []
    while left:
        name = left.pop()
        same = {name} | {other for other in reached[name] if name in reached[other]}
        left -= same
        found.append(same)
    return found


def _reach(graph: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    todo = [start]
    while todo:
        for name in graph[todo.pop()] - seen:
            seen.add(name)
            todo.append(name)
    return seen


if __name__ == "__main__":
    main()
