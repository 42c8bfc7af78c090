"""The shape of the code: a file, of tests too, is one idea of at most 400 lines. `bench/style.py` prints more."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST = 400
#: The tables stand in one file (docs/decisions/0015-one-page-of-tables.md); the page's types are generated.
LONGER = {"bridge/src/fairlead_bridge/db/tables.py", "bridge/ui/src/api/schema.ts"}
SOURCES = [
    path
    for folder in (
        "bridge/src",
        "provider/src",
        "sdk/src",
        "bridge/ui/src",
        "bench",
        "demo",
        "dags",
        "tests",
    )
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".py", ".ts", ".tsx", ".css")
]


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    lines = {path.relative_to(ROOT).as_posix(): path.read_text().count("\n") for path in SOURCES}
    assert [name for name, count in lines.items() if count > MOST and name not in LONGER] == []


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it, and what it imports from each."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("tests", "bench."),
        ("bench", "tests."),
        ("tests/support", "tests."),
    ],
)
def test_tests_and_benches_share_only_the_support_of_both(folder: str, forbidden: str) -> None:
    """`tests/support/` is what both import; it imports neither, so that there is no circle."""
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / folder).rglob("*.py")
        for name in imported(path)
        if f"{name}.".startswith(forbidden) and not name.startswith("tests.support.")
    }
    assert found == set()


@pytest.mark.parametrize("package", ["sdk", "provider", "bridge"])
def test_a_broad_except_says_why_or_raises_again(package: str) -> None:
    found = []
    for path in (ROOT / package / "src").rglob("*.py"):
        lines = path.read_text().splitlines()
        for node in ast.walk(ast.parse("\n".join(lines))):
            if not isinstance(node, ast.ExceptHandler):
                continue
            kind = ast.unparse(node.type) if node.type is not None else "BaseException"
            raises = any(isinstance(each, ast.Raise) for each in ast.walk(node))
            if kind in ("Exception", "BaseException") and not raises:
                reason = lines[node.lineno - 1].partition("#")[2].removeprefix(" noqa: BLE001")
                if not reason.strip(" -()"):
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []
