"""Which files are declarations, and what all of them together declare."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from fairlead_bridge.declaring import dbt, lines, metabase, odcs, own, superset
from fairlead_bridge.declaring.nouns import Declared, Ref
from fairlead_bridge.errors import BadSettings, WrongDeclaration, WrongLines

#: Characters of a JSON file in which the line of a problem is looked for: that reads it as YAML.
_LONGEST_JSON = 1_000_000
#: JSON files that are looked for in folders.
_EXPORTS = ("manifest.json", "superset.json", "metabase.json")
_SUFFIXES = (".yaml", ".yml", ".toml", ".json")


class File(msgspec.Struct, frozen=True):
    """A file by its name, which messages give, and its text."""

    name: str
    text: str


def found(paths: Iterable[Path]) -> Iterator[File]:
    """
    The files, and in folders all that end in .yaml, .yml or .toml, and manifest.json, superset.json and metabase.json.

    Raises BadSettings where one cannot be read.
    """
    for path in paths:
        for each in sorted(_inside(path)) if path.is_dir() else (path,):
            try:
                yield File(str(each), each.read_text("utf-8"))
            except (OSError, UnicodeDecodeError) as error:
                raise BadSettings(f"{each}: it cannot be read: {error}") from error


def _inside(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.suffix in _SUFFIXES[:3] or path.name in _EXPORTS:
            yield path


def read(files: Iterable[File], namespace: str = "") -> list[Declared]:
    """
    What the files declare; `namespace` is that of contracts and manifests that name none.

    Raises BadSettings: one line a problem, each with the file, the line and what to write instead.
    """
    problems: list[str] = []
    declared: dict[Ref, Declared] = {}
    for file in files:
        try:
            for each in _of_file(file, namespace):
                if each.ref in declared:
                    first = declared[each.ref].where
                    problems.append(
                        f"{each.where}: {each.ref.node} is declared already in {first}; keep one"
                    )
                declared.setdefault(each.ref, each)
        except WrongLines as error:
            problems += error.problems
        except WrongDeclaration as error:
            problems.append(f"{file.name}:{_line(file, error.path)}: {error}")
    if problems:
        raise BadSettings("\n".join(problems))
    return list(declared.values())


def _of_file(file: File, namespace: str) -> Iterator[Declared]:
    content = _content(file)
    if odcs.is_contract(content):
        found = odcs.declared(content, namespace, file.text, file.name)
    elif superset.is_export(content):
        found = superset.declared(content, namespace)
    elif metabase.is_export(content):
        found = metabase.declared(content, namespace)
    elif dbt.is_manifest(content):
        found = dbt.declared(content, namespace)
    else:
        found = own.declared(content)
    for path, each in found:
        line = 1 if file.name.endswith(".json") else _line(file, path)
        yield msgspec.structs.replace(each, where=f"{file.name}:{line}")


def _content(file: File) -> Any:
    """Raises WrongDeclaration where it has no syntax of its kind."""
    suffix = Path(file.name).suffix
    try:
        if suffix == ".toml":
            return tomllib.loads(file.text)
        return json.loads(file.text) if suffix == ".json" else yaml.safe_load(file.text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+)", str(error))
        raise WrongDeclaration((int(at[1]) if at else 1,), f"it is not TOML: {error}") from error
    except json.JSONDecodeError as error:
        raise WrongDeclaration((error.lineno,), f"it is not JSON: {error.msg}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "it cannot be read"
        raise WrongDeclaration(
            (mark.line + 1 if mark else 1,), f"it is not YAML: {what}"
        ) from error


def _line(file: File, path: lines.Path) -> int:
    """Where the part stands; a path of one number is the line itself."""
    if len(path) == 1 and isinstance(path[0], int):
        return path[0]
    suffix = Path(file.name).suffix
    if suffix == ".json" and len(file.text) > _LONGEST_JSON:
        return 1
    return (lines.of_toml if suffix == ".toml" else lines.of_yaml)(file.text, path)
