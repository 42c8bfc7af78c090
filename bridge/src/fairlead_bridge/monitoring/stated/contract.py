"""Service levels of data contracts: `slaProperties` of the Open Data Contract Standard, 3.x."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from fairlead_bridge.errors import Wrong
from fairlead_bridge.insight.statements import Statement
from fairlead_bridge.monitoring.stated.entry import Stated

#: Properties that say when data should be there, by the name and the short name of the standard.
_LATENCY, _FREQUENCY = ("latency", "ly"), ("frequency", "fy")
_AVAILABLE = ("timeofavailability", "ta")
_UNITS = {"d": "d", "h": "h", "m": "m", "s": "s", "w": "w", "y": ""}
_TIME = re.compile(r"(\d\d?:\d\d)(?::\d\d)?\s*(Z|[+-]\d\d:?\d\d)?")


def stated(path: Path, namespace: str) -> Iterator[Stated]:
    """
    What a contract promises of the tables of its schema.

    `namespace` is that of its datasets; empty: that of the contract's first server. Raises Wrong
    where the file is no contract, or a promise cannot be read.
    """
    contract = _read(path)
    tables = _tables(contract, path)
    place, prefix = _server(contract)
    place = namespace or place
    if not place:
        raise Wrong(
            "namespace",
            f"{path.name} has no server that says where its datasets are; write the namespace of "
            'its datasets: namespace = "postgres://db:5432"',
        )
    for names, statement in _promises(contract, tables, path):
        for name in names:
            node = f"dataset:{place}:{name if '.' in name or not prefix else f'{prefix}.{name}'}"
            yield Stated("contract", node, statement, path.name)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Wrong("file", f"{path} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict) or found.get("kind") != "DataContract":
        raise Wrong("file", f"{path} is no data contract; it needs `kind: DataContract` (ODCS 3)")
    if not str(found.get("apiVersion", "")).removeprefix("v").startswith("3."):
        raise Wrong("file", f"{path} is not of version 3 of ODCS; its apiVersion must be v3.x")
    return found


def _tables(contract: Mapping[str, Any], path: Path) -> dict[str, str]:
    """The physical name of each table, by its name."""
    found = {}
    for each in _items(contract, "schema"):
        name = each.get("name") or each.get("physicalName")
        if isinstance(name, str):
            found[name] = str(each.get("physicalName") or name)
    if not found:
        raise Wrong("file", f"{path} has no schema: a contract names its tables there")
    return found


def _server(contract: Mapping[str, Any]) -> tuple[str, str]:
    """The namespace of the first server, and the part of a name before the table's."""
    server = next(iter(_items(contract, "servers")), {})
    kind = str(server.get("type", "")).lower()
    scheme = {"postgresql": "postgres"}.get(kind, kind)
    prefix = ".".join(
        str(server[key])
        for key in ("database", "catalog", "project", "schema", "dataset")
        if server.get(key)
    )
    if scheme == "bigquery":
        return "bigquery", prefix
    if scheme == "snowflake" and server.get("account"):
        return f"snowflake://{server['account']}", prefix
    if not scheme or not server.get("host"):
        return "", prefix
    port = f":{server['port']}" if server.get("port") else ""
    return f"{scheme}://{server['host']}{port}", prefix


def _promises(
    contract: Mapping[str, Any], tables: Mapping[str, str], path: Path
) -> Iterator[tuple[list[str], Statement]]:
    """For tables, by their physical names: what is promised. Latency is added to the frequency."""
    spans: dict[str, dict[str, str]] = {}
    for each in _items(contract, "slaProperties"):
        word = str(each.get("property", "")).lower()
        names = _elements(each, contract, tables, path)
        if word in _AVAILABLE:
            yield names, _time(each, path)
        elif word in (*_LATENCY, *_FREQUENCY):
            for name in names:
                spans.setdefault(name, {})[word[0]] = _span(each, path)
    for name, found in spans.items():
        yield [name], Statement(every=" ".join(found.values()))


def _elements(
    promise: Mapping[str, Any],
    contract: Mapping[str, Any],
    tables: Mapping[str, str],
    path: Path,
) -> list[str]:
    given = promise.get("element") or contract.get("slaDefaultElement")
    if not isinstance(given, str) or not given.strip():
        return list(tables.values())
    names = list(dict.fromkeys(each.strip().partition(".")[0] for each in given.split(",")))
    unknown = [name for name in names if name not in tables]
    if unknown:
        raise Wrong(
            "file",
            f"{path.name}: slaProperties speak of {unknown[0]!r}, which is no table of its schema; "
            f"it has {', '.join(tables)}",
        )
    return [tables[name] for name in names]


def _span(promise: Mapping[str, Any], path: Path) -> str:
    value, unit = promise.get("value"), str(promise.get("unit", "d")).lower()
    short = "m" if unit in ("min", "minute", "minutes") else _UNITS.get(unit[:1], "")
    try:
        number = float(str(value))
    except ValueError:
        number = 0.0
    if unit.startswith("y"):
        number, short = number * 365, "d"
    if number <= 0 or not short:
        raise Wrong(
            "file",
            f"{path.name}: {promise.get('property')} = {value!r} {unit!r} is not a duration; write "
            "a number as value and d, h or m as unit",
        )
    return f"{number:g}{short}"


def _time(promise: Mapping[str, Any], path: Path) -> Statement:
    found = _TIME.fullmatch(str(promise.get("value", "")).strip())
    if found is None:
        raise Wrong(
            "file",
            f"{path.name}: timeOfAvailability = {promise.get('value')!r} is not a time; write hours, "
            "minutes and the offset from UTC, such as 09:00+01:00",
        )
    return Statement(by=found[1], zone=_zone(found[2]))


def _zone(offset: str | None) -> str:
    """
    A zone with a fixed offset. Raises Wrong where it has minutes, which no such zone has.

    >>> _zone("-08:00"), _zone(None)
    ('Etc/GMT+8', 'UTC')
    """
    if offset in (None, "Z") or offset is None:
        return "UTC"
    hours, minutes = int(offset[1:3]), int(offset[-2:])
    if minutes:
        raise Wrong("file", f"an offset of whole hours is needed, {offset} has minutes")
    return f"Etc/GMT{'-' if offset[0] == '+' else '+'}{hours}" if hours else "UTC"


def _items(whole: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    found = whole.get(key)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
