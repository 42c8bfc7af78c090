"""What a set of files writes: SQL scripts, SQL in Python, dbt models, and schemas that files state."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath

from fairlead_sdk.check.declared import of_avro, of_contract, of_json, of_seed
from fairlead_sdk.check.model import Place, Written
from fairlead_sdk.check.python_sql import scripts_of
from fairlead_sdk.sql import Alteration, Shape, Table, read, shapes_of

Key = tuple[str, str, str]
Describe = Callable[[Table], Mapping[str, str] | None]

_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_CONFIG = re.compile(r"\{\{-?\s*config\s*\((.*?)\)\s*-?\}\}", re.DOTALL)
_OPTION = re.compile(r"(\w+)\s*=\s*(?:['\"]([^'\"]*)['\"]|(\w+))")
_REF = re.compile(r"\{\{-?\s*ref\s*\(\s*(?:['\"]\w+['\"]\s*,\s*)?['\"]([\w$]+)['\"]")
_UNKNOWN = re.compile(
    r"the column (\S+) is (?:of no table that is known here|not among those of (\S+))"
)
_MODEL = "fairlead_model"


class Project:
    """Files at one moment, and what they leave in tables."""

    def __init__(self, texts: Mapping[str, str], dialect: str, describe: Describe) -> None:
        self._dialect = dialect
        self._described = describe
        self.paths = {*texts}
        self.written: dict[Key, Written] = {}
        self.dropped: dict[Key, tuple[Table, Place]] = {}
        self.altered: list[tuple[Alteration, Place]] = []
        self.unreadable: dict[str, str] = {}
        """Why a file cannot be read, by its path."""
        self.unknown: dict[tuple[str, str], str] = {}
        """Columns that no table has, by the file that reads them."""
        self.tables_read: dict[Key, set[Key]] = {}
        """The tables that a written one is made of."""
        self.refs: dict[str, set[str]] = {}
        """The dbt models that a model refers to, by its path."""
        # Twice: what one file makes, another may read, whatever their order.
        for path, text in texts.items():
            self._read(path, text)
        if len(texts) > 1:
            self.unknown.clear()
            for path, text in texts.items():
                self._read(path, text)

    def _read(self, path: str, text: str) -> None:
        suffix = PurePosixPath(path).suffix.lower()
        if suffix == ".py":
            if _is_test(path):
                return
            self._python(path, text)
        elif suffix == ".sql" and _is_model(path, text):
            self._model(path, text)
        elif suffix in (".sql", ".ddl", ".hql"):
            self._script(path, text, 1)
        else:
            for node, shape in _stated(path, text):
                place = Place(path, _line_of(text, shape.table.name))
                self._add(Written(shape.table, shape, place, node))

    def _python(self, path: str, text: str) -> None:
        try:
            scripts = list(scripts_of(text))
        except (SyntaxError, ValueError, RecursionError) as error:
            line = getattr(error, "lineno", None)
            self.unreadable[path] = f"{error}" if line is None else f"{error} (line {line})"
            return
        for script in scripts:
            self._script(path, script.text, script.line)

    def _script(self, path: str, text: str, line: int) -> None:
        found = shapes_of(text, self._dialect, self._describe)
        uses = self._uses(path, text)
        for key, shape in found.written.items():
            place = Place(path, line + _line_of(text, shape.table.name) - 1)
            self._add(Written(shape.table, shape, place, uses=uses.get(key, set())))
        for key, table in found.dropped.items():
            place = Place(path, line + _line_of(text, table.name) - 1)
            self.dropped.setdefault(key, (table, place))
        for each in found.altered:
            place = Place(path, line + _line_of(text, each.table.name) - 1)
            if (each, place) not in self.altered:
                self.altered.append((each, place))

    def _model(self, path: str, text: str) -> None:
        text = _COMMENT.sub(" ", text)
        options = config_of(text)
        self.refs[path] = refs_of(text)
        if options.get("materialized") == "ephemeral" or options.get("enabled") == "false":
            return
        stem = PurePosixPath(path).stem
        table = Table(
            options.get("alias", stem), options.get("schema", ""), options.get("database", "")
        )
        script = f"CREATE TABLE {_MODEL} AS {_without_config(text)}"
        found = shapes_of(script, self._dialect, self._describe)
        uses = self._uses(path, script)
        for key, shape in found.written.items():
            if shape.table.name == _MODEL:
                shape.table = table
                self.tables_read[table.key] = self.tables_read.pop(key, set())
                self._add(Written(table, shape, Place(path, 1), uses=uses.get(key, set())))

    def _add(self, written: Written) -> None:
        """What several scripts write into one table is all of it."""
        held = self.written.get(written.table.key)
        shape = written.shape
        if held is None or held.place == written.place or shape.is_whole:
            self.written[written.table.key] = written
            return
        held.uses |= written.uses
        held.shape.is_open |= shape.is_open
        for name, column in shape.columns.items():
            held.shape.columns.setdefault(name, column)
        held.shape.positions = held.shape.positions or shape.positions

    # -- columns ---------------------------------------------------------------------------------

    def _describe(self, table: Table) -> Mapping[str, str] | None:
        """As the files make it; else as the catalog knows it, with what the files alter."""
        held = self.written.get(table.key) or self._by_name(table)
        if held is not None and held.shape.is_whole:
            shape = held.shape
            return None if shape.is_open else {c.name: c.type or "" for c in shape.columns.values()}
        known = self._described(table)
        if known is None:
            return None
        return altered(known, [a for a, _ in self.altered if a.table.key == table.key])

    def made(self, table: Table) -> bool:
        """Whether the files make a table, by its name with or without a schema."""
        return table.key in self.written or self._by_name(table) is not None

    def _by_name(self, table: Table) -> Written | None:
        """dbt's `ref` names no schema."""
        if table.schema:
            return None
        found = [w for key, w in self.written.items() if key[0] == table.key[0]]
        return found[0] if len(found) == 1 else None

    def _uses(self, path: str, text: str) -> dict[Key, set[tuple[str, str]]]:
        reading = read(text, self._dialect, self._describe)
        if reading.errors:
            self.unreadable[path] = reading.errors[0].splitlines()[0]
        for note in reading.unknown:
            if found := _UNKNOWN.match(note):
                self.unknown[path, found[1]] = found[2] or ""
        found_uses: dict[Key, set[tuple[str, str]]] = {}
        for table in reading.writes:
            sources = [
                *(s for each in reading.columns.get(table, {}).values() for s in each),
                *reading.indirect.get(table, ()),
            ]
            self.tables_read.setdefault(table.key, set()).update(t.key for t in reading.reads)
            found_uses[table.key] = {(s.table.name.lower(), s.column.lower()) for s in sources}
        return found_uses


def altered(columns: Mapping[str, str], changes: list[Alteration]) -> dict[str, str]:
    """Columns as they are after ALTER TABLE."""
    found = dict(columns)
    for change in changes:
        name = next((n for n in found if n.lower() == change.column.lower()), change.column)
        if change.change == "removed":
            found.pop(name, None)
        elif change.change == "renamed" and change.after:
            found = {(change.after if n == name else n): kind for n, kind in found.items()}
        else:
            found[name] = change.after or ""
    return found


def refs_of(text: str) -> set[str]:
    """The dbt models that a model refers to, in lower case."""
    return {name.lower() for name in _REF.findall(text)}


def config_of(text: str) -> dict[str, str]:
    """The options of a dbt model that are written into it as they are."""
    found = _CONFIG.search(text)
    pairs = _OPTION.findall(found[1]) if found else []
    return {name: quoted or plain.lower() for name, quoted, plain in pairs}


def _without_config(text: str) -> str:
    return _CONFIG.sub(" ", text, count=1).strip().rstrip(";")


def _is_model(path: str, text: str) -> bool:
    """A query alone, in a folder of dbt models, or with `ref`, `source` or `config`."""
    if re.search(r"\{\{-?\s*(?:ref|source|config)\s*\(", text):
        return not re.match(r"\s*(?:INSERT|CREATE|MERGE|UPDATE|DELETE)\b", text, re.IGNORECASE)
    parts = PurePosixPath(path).parts[:-1]
    return bool({"models", "snapshots"} & {*parts}) and bool(
        re.match(r"\s*(?:(?:--[^\n]*\n|/\*.*?\*/)\s*)*(?:SELECT|WITH)\b", text, re.I | re.S)
    )


def _is_test(path: str) -> bool:
    """Tests make tables of their own."""
    parts = PurePosixPath(path)
    return bool({"test", "tests"} & {*parts.parts[:-1]}) or parts.name.startswith(
        ("test_", "conftest")
    )


def _stated(path: str, text: str) -> Iterator[tuple[str, Shape]]:
    suffix = PurePosixPath(path).suffix.lower()
    if suffix == ".avsc":
        yield from of_avro(text, path)
    elif suffix == ".json":
        yield from of_json(text, path) or ()
    elif suffix == ".csv" and "seeds" in PurePosixPath(path).parts[:-1]:
        yield from of_seed(text, path)
    elif suffix in (".yml", ".yaml"):
        yield from of_contract(text, path) or ()


def states_schema(path: str, text: str) -> bool:
    """Whether a file is one that a check reads. Raises CannotCheck where it is one, and wrong."""
    if PurePosixPath(path).suffix.lower() in (".py", ".sql", ".ddl", ".hql"):
        return True
    return any(True for _ in _stated(path, text))


def _line_of(text: str, name: str) -> int:
    found = re.search(rf"(?i)(?<![\w.]){re.escape(name)}(?!\w)|\.{re.escape(name)}(?!\w)", text)
    return text.count("\n", 0, found.start()) + 1 if found else 1
