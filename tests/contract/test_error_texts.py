"""What code does about an error depends on its type or its code, and on its text only where there is neither."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_SEARCHES = {"search", "match", "fullmatch", "startswith", "endswith", "findall"}
#: Every place that reads an error's text to decide something, and why nothing else can be read.
BY_TEXT = {
    "bridge/src/fairlead_bridge/channels/pagerduty.py": (
        "PagerDuty answers 400 to whatever is wrong; only the text says that it is the routing key"
    ),
    "bridge/src/fairlead_bridge/db/waiting.py": (
        "psycopg has no SQLSTATE for what goes wrong before a connection stands"
    ),
    "bridge/src/fairlead_bridge/declaring/files.py": (
        "the errors of YAML and TOML parsers: until Python 3.14 tomllib's has no line number"
    ),
    "bridge/src/fairlead_bridge/monitoring/personal_file.py": (
        "until Python 3.14 the error of tomllib has no line number of its own"
    ),
    "bridge/src/fairlead_bridge/monitoring/stated/file.py": (
        "until Python 3.14 the error of tomllib has no line number of its own"
    ),
    "bridge/src/fairlead_bridge/sinks/openlineage/receivers.py": (
        "Atlan answers 401, without a code, both to a wrong token and where a connector is missing"
    ),
    "sdk/src/fairlead_sdk/sql/cut.py": "sqlglot's tokenizer says the place of a fault in its text alone",
}


def by_text(source: str) -> Iterator[int]:
    """The lines in which a text is looked for in an error's."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[where]):
                read: list[ast.expr] = [where]
            case ast.Call(func=ast.Attribute(value=owner, attr=name), args=args):
                read = [owner, *args] if name in _SEARCHES else []
            case _:
                read = []
        if any(_is_text_of_error(each) for each in read):
            yield getattr(node, "lineno", 0)


def _is_text_of_error(node: ast.expr) -> bool:
    return any(
        isinstance(each, ast.Call)
        and ast.unparse(each.func) == "str"
        and each.args
        and ast.unparse(each.args[0]).split(".")[0] in ("error", "trouble", "exception")
        for each in ast.walk(node)
    )


def test_only_places_with_a_reason_decide_by_the_text_of_an_error() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for package in ("bridge", "provider", "sdk")
        for path in (ROOT / package / "src").rglob("*.py")
        if any(by_text(path.read_text(encoding="utf-8")))
    }
    assert found == BY_TEXT.keys()


def test_a_decision_by_text_is_found() -> None:
    assert list(by_text("'gone' in str(error)")) == [1]
    assert list(by_text("PLACE.search(str(error.__cause__))")) == [1]
    assert list(by_text("str(error).startswith('x')")) == [1]
    assert list(by_text("log(str(error)); x in str(y)")) == []
