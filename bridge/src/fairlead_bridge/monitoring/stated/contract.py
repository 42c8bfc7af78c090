"""Service levels of data contracts: `slaProperties` of the Open Data Contract Standard, 3.x."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fairlead_bridge.contracts.marked import Marked, load
from fairlead_bridge.contracts.promises import Promises
from fairlead_bridge.contracts.servers import FIELDS, Server, server
from fairlead_bridge.errors import Wrong, WrongLines
from fairlead_bridge.insight.statements import Statement
from fairlead_bridge.monitoring.stated.entry import Stated

_HOW = "; write one such as `- {property: latency, value: 4, unit: h}`, or leave the contract out"


def stated(path: Path, namespace: str) -> Iterator[Stated]:
    """
    What a contract promises of the tables of its schema.

    `namespace` is that of its datasets; empty: that of the contract's first server. Raises
    WrongLines with everything that is wrong in the file, and Wrong where no namespace is known.
    """
    contract = load(path)
    _check_kind(contract, path)
    tables = _tables(contract, path)
    found = _server(contract, len(tables))
    place = namespace or found.namespace
    if not place:
        raise Wrong(
            "namespace",
            f"{path.name} has no server that says where its datasets are; write the namespace of "
            'its datasets: namespace = "postgres://db:5432"',
        )
    for table, statement in _promises(contract, tables, path):
        node = f"dataset:{place}:{found.name(table)}"
        yield Stated("contract", node, statement, path.name)


def _check_kind(contract: Marked, path: Path) -> None:
    kind, version = contract.get("kind"), contract.get("apiVersion")
    if kind.value != "DataContract":
        raise WrongLines(
            [f"{path}:{kind.line}: it is no data contract of ODCS 3; write `kind: DataContract`"]
        )
    if not contract.text("apiVersion").removeprefix("v").startswith("3."):
        raise WrongLines(
            [f"{path}:{version.line}: its version is not 3; write `apiVersion: v3.1.0` (ODCS 3)"]
        )


def _tables(contract: Marked, path: Path) -> dict[str, str]:
    """The physical name of each table, by its name."""
    found = {}
    for each in contract.items("schema"):
        name = each.text("name") or each.text("physicalName")
        if name:
            found[name] = each.text("physicalName") or name
    if not found:
        line = contract.get("schema").line
        raise WrongLines(
            [f"{path}:{line}: it has no tables; write a list: `schema: [{{name: orders}}]`"]
        )
    return found


def _server(contract: Marked, tables: int) -> Server:
    first = next(contract.items("servers"), Marked({}, 1))
    return server({key: first.text(key) for key in FIELDS}, tables)


def _promises(contract: Marked, tables: dict[str, str], path: Path) -> list[tuple[str, Statement]]:
    """What is promised of each table, by its physical name."""
    listed = contract.get("slaProperties")
    reader = Promises(contract, tables, str(path))
    found = reader.read()
    problems = [*reader.problems, *reader.doubtful]
    if not isinstance(listed.value, list):
        what = "it promises nothing; `slaProperties` has to be a list"
        problems.insert(0, f"{path}:{listed.line}: {what}{_HOW}")
    elif not found and not problems:
        what = "its `slaProperties` do not say when data is there"
        problems.append(f"{path}:{listed.line}: {what}{_HOW}")
    if problems:
        raise WrongLines(problems)
    return found
