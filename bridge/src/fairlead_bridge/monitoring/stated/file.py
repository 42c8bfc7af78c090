"""
Expectations in a TOML file, and the data contracts and dbt manifests that it names.

    [[expectation]]
    node = "dataset:postgres://db:5432:shop.orders"
    by = "07:00"
    days = "workdays"
    zone = "Europe/Berlin"
    holidays = "DE"

    [[expectation]]
    node = "dataset:s3://lake:raw/*"
    every = "6h"

    [[expectation]]
    node = "job:prod:shop.load"
    within = "45m"

    [[contract]]
    file = "contracts/orders.odcs.yaml"
    namespace = "postgres://db:5432"

    [[dbt]]
    manifest = "target/manifest.json"
    namespace = "postgres://db:5432"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from fairlead_bridge.documents import Json
from fairlead_bridge.errors import BadSettings, Wrong, WrongLines
from fairlead_bridge.insight.statements import read
from fairlead_bridge.monitoring.stated import contract, dbt
from fairlead_bridge.monitoring.stated.entry import Stated

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TABLES = ("expectation", "contract", "dbt")
_TOML = 'write name = "value" on each line, with text in quotes, below [[expectation]]'
_HEADER = re.compile(r"\s*\[\[\s*(\w+)\s*\]\]")


def load(path: Path) -> list[Stated]:
    """
    What the file and the files that it names state.

    Raises BadSettings: one line a problem, each with the file, the line and what to write instead.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"{path}: it cannot be read: {error}") from error
    found, problems = _read(text, path)
    if problems:
        raise BadSettings("\n".join(problems))
    return found


def _read(text: str, path: Path) -> tuple[list[Stated], list[str]]:
    try:
        whole = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        return [], [f"{path}:{line[1] if line else 1}: it is not TOML: {error}; {_TOML}"]
    lines = _Lines(text)
    problems = [
        f"{path}:{lines.key(None, name)}: there is no {name!r} here; write [[expectation]], "
        "[[contract]] or [[dbt]], with two brackets, for each"
        for name, items in whole.items()
        if name not in _TABLES or not isinstance(items, list)
    ]
    found: list[Stated] = []
    seen: dict[tuple[str, str], str] = {}
    for table in _TABLES:
        items = whole.get(table, [])
        for number, item in enumerate(items if isinstance(items, list) else ()):
            where = (table, number)
            try:
                for each in _stated(table, item, f"{path.name}:{lines.table(where)}", path.parent):
                    each.check()
                    _refuse_twice(each, seen)
                    found.append(each)
            except WrongLines as error:
                problems += error.problems
            except Wrong as error:
                problems.append(f"{path}:{lines.key(where, error.field)}: {error}")
    return found, problems


def _refuse_twice(each: Stated, seen: dict[tuple[str, str], str]) -> None:
    """Two expectations of one kind for one node contradict each other."""
    key = (each.source, each.node + each.statement.kind)
    if key in seen:
        raise Wrong(
            "node",
            f"{each.statement.kind!r} of {each.node} is stated already in {seen[key]}; remove one",
        )
    seen[key] = each.origin


def _stated(table: str, item: object, origin: str, folder: Path) -> Iterator[Stated]:
    if not isinstance(item, dict):
        raise Wrong(table, f"write [[{table}]], with two brackets")
    if table == "expectation":
        yield _own(item, origin)
    elif table == "contract":
        yield from contract.stated(
            _named(item, "file", folder), _text(item, "namespace", ("file",))
        )
    else:
        yield from dbt.stated(
            _named(item, "manifest", folder), _text(item, "namespace", ("manifest",), needed=True)
        )


def _own(item: Json, origin: str) -> Stated:
    fields = dict(item)
    node, since = fields.pop("node", None), fields.pop("since", None)
    if not isinstance(node, str):
        raise Wrong(
            "node", "write dataset:NAMESPACE:NAME or job:NAMESPACE:NAME; * stands for anything"
        )
    return Stated("file", node, read(fields), origin, _moment(since))


def _moment(since: object) -> int:
    if since is None:
        return 0
    if isinstance(since, date) and not isinstance(since, datetime):
        since = datetime(since.year, since.month, since.day, tzinfo=UTC)
    if not isinstance(since, datetime):
        raise Wrong("since", "write a date, or a date and a time such as 2026-11-01T00:00:00Z")
    aware = since if since.tzinfo else since.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def _named(item: dict[str, object], key: str, folder: Path) -> Path:
    value = item.get(key)
    if not isinstance(value, str) or not value:
        raise Wrong(key, f'write the path of a file: {key} = "..."; it is relative to this file')
    return folder / value


def _text(item: Json, key: str, others: tuple[str, ...], needed: bool = False) -> str:
    stray = [name for name in item if name not in (key, *others)]
    if stray:
        raise Wrong(stray[0], f"unknown; known are {', '.join((*others, key))}")
    value = item.get(key, "")
    if not isinstance(value, str) or (needed and not value):
        raise Wrong(key, f'write the namespace of its datasets: {key} = "postgres://db:5432"')
    return value


class _Lines:
    """Where the tables of a TOML file and their keys stand, counted from 1."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._tables: dict[tuple[str, int], int] = {}
        counts: dict[str, int] = {}
        for number, line in enumerate(self._lines, 1):
            if found := _HEADER.match(line):
                place = counts.get(found[1], 0)
                self._tables[found[1], place], counts[found[1]] = number, place + 1

    def table(self, where: tuple[str, int]) -> int:
        return self._tables.get(where, 1)

    def key(self, where: tuple[str, int] | None, name: str) -> int:
        """The line of a key in a table; of the table itself where it is not there."""
        begin = self.table(where) if where is not None else 1
        later = [line for line in self._tables.values() if line > begin]
        end = (
            min(later, default=len(self._lines) + 1) if where is not None else len(self._lines) + 1
        )
        pattern = re.compile(
            rf"\s*[\"']?{re.escape(name)}[\"']?\s*[=.]|\s*\[+\s*(\w+\s*\.\s*)?{re.escape(name)}\s*\]"
        )
        for number in range(begin if where is None else begin + 1, end):
            if name and pattern.match(self._lines[number - 1]):
                return number
        return begin
