"""Data contracts of the Open Data Contract Standard, 3.x: what they say of the tables of their schema."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fairlead_bridge.contracts.marked import read as marked
from fairlead_bridge.contracts.promises import Promises
from fairlead_bridge.contracts.servers import FIELDS, Server, server
from fairlead_bridge.declaring import rules
from fairlead_bridge.declaring.lines import Path
from fairlead_bridge.declaring.nouns import Column, Declared, Flow, Origin, Ref, Tag
from fairlead_bridge.errors import WrongDeclaration, WrongLines
from fairlead_bridge.insight.contracts import Contract, PromisedCheck, PromisedColumn
from fairlead_bridge.insight.statements import Statement

_LOGICAL = (
    *("string", "date", "timestamp", "time", "number", "integer", "object", "array", "boolean"),
    *("map", "vector"),
)
_QUALITY = ("text", "library", "sql", "custom")
_CLASSES = ("public", "internal", "confidential", "restricted")


def is_contract(content: Any) -> bool:
    return isinstance(content, dict) and content.get("kind") == "DataContract"


@dataclasses.dataclass(frozen=True, slots=True)
class Levels:
    """Service levels by the physical names of tables, and what could not be assigned to a table."""

    stated: Mapping[str, tuple[Statement, ...]]
    doubtful: tuple[str, ...] = ()


def declared(
    content: Mapping[str, Any], namespace: str = "", text: str = "", name: str = ""
) -> Iterator[tuple[Path, Declared]]:
    """
    The contract's tables; `namespace` is that of its datasets, else its first server says it.

    Its service levels are read from the `text` of the file, whose `name` messages give. Raises
    WrongDeclaration where a part that is needed is missing or has a shape that the standard does not
    know, and WrongLines where a service level means nothing.
    """
    version = str(content.get("apiVersion", ""))
    if not version.removeprefix("v").startswith("3."):
        raise WrongDeclaration(
            ("apiVersion",), f"{version!r} is not version 3 of ODCS; write apiVersion: v3.0.2"
        )
    tables = _list(content, "schema", ())
    found = _server(content, len(tables))
    place = dataclasses.replace(found, namespace=namespace or found.namespace)
    if not place.namespace:
        raise WrongDeclaration(
            ("servers",),
            "no server says where the datasets are; name a server with type and host, or give "
            "their namespace: --namespace postgres://db:5432",
        )
    # The standard lets a contract without tables pass: it declares nothing.
    levels = _levels(content, tables, text, name)
    for number, table in enumerate(tables):
        path = ("schema", number)
        yield path, _table(content, table, place, levels, path)


def _levels(
    contract: Mapping[str, Any], tables: Sequence[Mapping[str, Any]], text: str, name: str
) -> Levels:
    if not isinstance(contract.get("slaProperties"), list):
        return Levels({})
    physical = {
        str(each.get("name") or each.get("physicalName")): _physical(each) for each in tables
    }
    reader = Promises(marked(text, name), physical, name)
    found: dict[str, tuple[Statement, ...]] = {}
    for table, statement in reader.read():
        found[table] = (*found.get(table, ()), statement)
    if reader.problems:
        raise WrongLines(reader.problems)
    return Levels(found, tuple(reader.doubtful))


def _physical(table: Mapping[str, Any]) -> str:
    return str(table.get("physicalName") or table.get("name"))


def _table(
    contract: Mapping[str, object],
    table: Mapping[str, object],
    place: Server,
    levels: Levels,
    path: Path,
) -> Declared:
    names = _names(contract, place)
    name = _needed(table, "name", path)
    properties = _list(table, "properties", path)
    columns = [
        (each, str(each.get("physicalName") or _needed(each, "name", (*path, "properties", at))))
        for at, each in enumerate(properties)
    ]
    for at, (each, _) in enumerate(columns):
        _check(each, (*path, "properties", at))
    _check(table, path)
    kind = _text(table, "physicalType", path)
    of_columns = [tag for each, column in columns for tag in _tags(each, path, column)]
    return Declared(
        ref=names[name],
        where="",
        type=kind.upper() if kind else None,
        description=_text(table, "description", path) or _purpose(contract),
        owners=tuple(_owners(contract)),
        tags=tuple(sorted({*_tags(contract, ()), *_tags(table, path), *of_columns})),
        columns=tuple(
            Column(
                column,
                str(each.get("physicalType") or each.get("logicalType") or "") or None,
                _text(each, "description", path),
            )
            for each, column in columns
        ),
        flow=_flow(columns, names, place),
        contract=_contract(contract, table, columns, levels, path),
        is_fallback=True,
    )


def _check(of: Mapping[str, Any], path: Path) -> None:
    """Raises WrongDeclaration for words that the standard does not have."""
    logical = of.get("logicalType")
    if logical is not None and logical not in _LOGICAL:
        raise WrongDeclaration(
            (*path, "logicalType"),
            f"{logical!r} is no logicalType of ODCS 3; write one of {', '.join(_LOGICAL)}",
        )
    for at, rule in enumerate(_list(of, "quality", path)):
        if rule.get("type", "library") not in _QUALITY:
            raise WrongDeclaration(
                (*path, "quality", at, "type"),
                f"{rule['type']!r} is no type of quality in ODCS 3; write one of "
                f"{', '.join(_QUALITY)}",
            )


def _contract(
    contract: Mapping[str, Any],
    table: Mapping[str, Any],
    columns: Sequence[tuple[Mapping[str, Any], str]],
    levels: Levels,
    path: Path,
) -> Contract:
    """What is promised of the table."""
    of_table = _list(table, "quality", path)
    of_columns = [(_list(each, "quality", path), column) for each, column in columns]
    checks = [*rules.checks(of_table)]
    for some, column in of_columns:
        checks += rules.checks(some, column)
    return Contract(
        id=str(contract.get("id") or contract.get("name") or _physical(table)),
        name=str(contract.get("name") or contract.get("dataProduct") or ""),
        version=str(contract.get("version") or ""),
        status=str(contract.get("status") or ""),
        owners=tuple(_owners(contract)),
        columns=tuple(
            PromisedColumn(column, _text(each, "physicalType", path), _logical(each))
            for each, column in columns
        ),
        service_levels=levels.stated.get(_physical(table), ()),
        checks=_once(checks),
        rows=next((found for each in of_table if (found := rules.rows(each))), None),
        doubtful=levels.doubtful,
    )


def _logical(column: Mapping[str, Any]) -> str | None:
    given = column.get("logicalType")
    return str(given) if given else None


def _once(checks: Sequence[PromisedCheck]) -> tuple[PromisedCheck, ...]:
    return tuple(dict.fromkeys(checks))


def _names(contract: Mapping[str, Any], place: Server) -> dict[str, Ref]:
    """The datasets of the contract's tables, by the names that it has for them."""
    found = {}
    for at, table in enumerate(_list(contract, "schema", ())):
        name = _needed(table, "name", ("schema", at))
        found[name] = _ref(place, str(table.get("physicalName") or name))
    return found


def _ref(place: Server, name: str) -> Ref:
    return Ref("dataset", place.namespace, place.name(name))


def _flow(
    columns: Sequence[tuple[Mapping[str, object], str]],
    names: Mapping[str, Ref],
    place: Server,
) -> Flow:
    """Where `transformSourceObjects` say tables, or columns as `table.column` of the contract's own."""
    sources: set[Ref] = set()
    found: dict[str, tuple[Origin, ...]] = {}
    for each, column in columns:
        given = each.get("transformSourceObjects")
        origins = []
        for word in given if isinstance(given, list) else ():
            table, dot, last = str(word).rpartition(".")
            if dot and table in names:
                origins.append(Origin(names[table], last, "TRANSFORMATION"))
            else:
                sources.add(names.get(str(word)) or _ref(place, str(word)))
        if origins:
            found[column] = tuple(sorted(origins))
    return Flow(tuple(sorted(sources)), found)


def _server(contract: Mapping[str, Any], tables: int) -> Server:
    first = next(iter(_list(contract, "servers", ())), {})
    return server({key: str(first[key]) for key in FIELDS if first.get(key)}, tables)


def _owners(contract: Mapping[str, Any]) -> Iterator[str]:
    """The team's members who own, all where none is said to; of 3.0 a list, of 3.1 a team."""
    team = contract.get("team")
    members = team.get("members") if isinstance(team, dict) else team
    people = (
        [each for each in members if isinstance(each, dict)] if isinstance(members, list) else []
    )
    owning = [each for each in people if "owner" in str(each.get("role", "")).lower()]
    names = [str(each.get("username") or each.get("name") or "") for each in owning or people]
    if isinstance(team, dict) and team.get("name"):
        names = [str(team["name"])]
    yield from dict.fromkeys(name for name in names if name)


def _purpose(contract: Mapping[str, object]) -> str | None:
    given = contract.get("description")
    if isinstance(given, dict):
        given = given.get("purpose")
    return str(given) if given else None


def _tags(of: Mapping[str, Any], path: Path, column: str = "") -> Iterator[Tag]:
    for word in of.get("tags") or ():
        yield Tag(str(word), "", column)
    given = of.get("classification")
    if given is None:
        return
    if str(given).lower() not in _CLASSES:
        yield Tag(str(given), "", column)  # a word of the company's own
    else:
        yield Tag("classification", str(given).lower(), column)


def _list(of: Mapping[str, Any], key: str, path: Path) -> list[Mapping[str, Any]]:
    given = of.get(key)
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise WrongDeclaration(
            (*path, key), f"`{key}` is a list of objects in ODCS 3; write one with a dash each"
        )
    return given


def _needed(of: Mapping[str, object], key: str, path: Path) -> str:
    given = of.get(key)
    if not isinstance(given, str) or not given:
        raise WrongDeclaration((*path, key), f"write its `{key}`, as text")
    return given


def _text(of: Mapping[str, Any], key: str, path: Path) -> str | None:
    given = of.get(key)
    if given is not None and not isinstance(given, str):
        raise WrongDeclaration((*path, key), f"`{key}` is a text in ODCS 3")
    return given or None
