"""
The operator classes of the packages that are installed, read from their source without importing it.

To import all of them takes minutes, and what they need besides. A class is an operator if the way up its
bases leads to one of Airflow's.
"""

from __future__ import annotations

import ast
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path

Ref = tuple[str, str]
"""A module and a name in it."""

ROOTS = {"BaseOperator", "BaseSensorOperator", "DecoratedOperator"}
UNDECLARED = {"airflow-clickhouse-plugin"}  # a provider that does not say that it is one
METHODS = {"get_openlineage_facets_on_start", "get_openlineage_facets_on_complete"}


@dataclass(frozen=True)
class Class:
    """A class as its source has it."""

    bases: tuple[Ref, ...]
    methods: frozenset[str]
    package: str
    version: str


@dataclass(frozen=True)
class Operator:
    """An operator; `line` are its name and those of its bases, the nearest first, up to the first that
    has OpenLineage's methods, which `speaks` says."""

    name: str
    package: str
    version: str
    line: tuple[str, ...]
    speaks: bool
    """Whether it, or one of its bases, has OpenLineage's methods."""
    speaks_first: str | None
    """The nearest class of the line that has them."""


@cache
def operators() -> tuple[Operator, ...]:
    """All that a user could use: no bases that are only made to derive from."""
    known = {ref: made for each in _packages() for ref, made in _classes(each)}
    by_name: dict[str, list[Ref]] = {}
    for ref in known:
        by_name.setdefault(ref[1], []).append(ref)
    found: dict[Ref, Operator] = {}
    for ref, made in known.items():
        if not _is_for_use(ref):
            continue
        line = _line(ref, known, by_name)
        if not any(name in ROOTS and (module, name) not in known for module, name in line):
            continue
        speaking = [other[1] for other in line if other in known and known[other].methods & METHODS]
        found[ref] = Operator(
            ref[1],
            made.package,
            made.version,
            tuple(name for _, name in line),
            bool(speaking),
            speaking[0] if speaking else None,
        )
    return tuple(sorted(found.values(), key=lambda each: (each.package, each.name)))


def _is_for_use(ref: Ref) -> bool:
    name = ref[1]
    if name.startswith("_"):
        return name.endswith("DecoratedOperator")
    bare = name.removesuffix("Operator").removesuffix("Sensor")
    return not (name.startswith(("Base", "Abstract")) or bare.endswith("Base"))


def _packages() -> Iterator[Distribution]:
    for each in distributions(path=[sysconfig.get_paths()["purelib"]]):
        entries = each.entry_points.select(group="apache_airflow_provider")
        if (entries or each.name in UNDECLARED) and each.name != "airflow-provider-fairlead":
            yield each


def _classes(package: Distribution) -> Iterator[tuple[Ref, Class]]:
    for file in package.files or ():
        if file.suffix != ".py" or "example_dags" in file.parts:
            continue
        source = Path(str(file.locate())).read_bytes()
        if b"class " not in source:
            continue
        module = ".".join(file.with_suffix("").parts).removesuffix(".__init__")
        tree = ast.parse(source)
        imported = _imported(tree)
        for node in _definitions(tree.body):
            named = [ref for base in node.bases if (ref := _named(base, module, imported))]
            methods = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
            made = Class(tuple(named), frozenset(methods), package.name, package.version)
            yield (module, node.name), made


def _imported(tree: ast.Module) -> dict[str, Ref]:
    found: dict[str, Ref] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                # The first of several is that of the newest version.
                found.setdefault(alias.asname or alias.name, (node.module, alias.name))
    return found


def _definitions(body: list[ast.stmt]) -> Iterator[ast.ClassDef]:
    """Also those that stand in an `if` or a `try` for a version of Airflow."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield node
        elif isinstance(node, ast.If | ast.Try):
            yield from _definitions([*node.body, *node.orelse])


def _named(base: ast.expr, module: str, imported: Mapping[str, Ref]) -> Ref | None:
    if isinstance(base, ast.Subscript):
        base = base.value
    if isinstance(base, ast.Attribute) and isinstance(base.value, ast.Name):
        home = imported.get(base.value.id)  # `from x import y`, then `y.Base`
        return (".".join(home), base.attr) if home else (module, base.attr)
    if isinstance(base, ast.Name):
        return imported.get(base.id, (module, base.id))
    return None


def _line(ref: Ref, known: Mapping[Ref, Class], by_name: Mapping[str, list[Ref]]) -> list[Ref]:
    """A class and its bases, each after all that derive from it, as Python orders them."""
    ordered: list[Ref] = []

    def visit(each: Ref, below: tuple[Ref, ...]) -> None:
        if each not in known:  # handed on by another module
            same = [other for other in by_name.get(each[1], ()) if other[0].startswith(each[0])]
            each = next((other for other in same if other not in below), each)
        if each in below:
            return
        if each in ordered:
            ordered.remove(each)
        ordered.append(each)
        for base in known[each].bases if each in known else ():
            visit(base, (*below, each))

    visit(ref, ())
    return ordered
