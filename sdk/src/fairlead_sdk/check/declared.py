"""Schemas that files state: our JSON, ODCS contracts, Avro, dbt's manifest."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from fairlead_sdk.errors import CannotCheck
from fairlead_sdk.sql import Column, Shape, Table, dialect_of, shapes_of

Stated = tuple[str, Shape]
"""A dataset's node, empty where only its table's name is known, and its columns."""


def of_json(text: str, path: str) -> list[Stated] | None:
    """What a JSON file states: ours, or dbt's manifest; None where it is neither.

    Ours is `{"dataset": "dataset:NAMESPACE:NAME", "columns": [{"name", "type"}]}`, or a list of these.
    Raises CannotCheck for one of these that is wrong.
    """
    try:
        found = json.loads(text)
    except ValueError:
        return None
    if isinstance(found, dict) and "dbt_schema_version" in (found.get("metadata") or {}):
        return list(_of_manifest(found))
    items = found if isinstance(found, list) else [found]
    if not all(isinstance(i, dict) and {"dataset", "columns"} <= i.keys() for i in items):
        return None
    return [
        (_node(item, path), _shape(_name_of(item["dataset"]), item["columns"])) for item in items
    ]


def _node(item: Mapping[str, object], path: str) -> str:
    node = item["dataset"]
    if not isinstance(node, str) or node.count(":") < 2:
        raise CannotCheck(f"{path}: `dataset` is no dataset:NAMESPACE:NAME: {node!r}")
    return node if node.startswith("dataset:") else f"dataset:{node}"


def _name_of(node: object) -> str:
    return str(node).rpartition(":")[2]


def _shape(name: str, columns: object) -> Shape:
    named = columns.items() if isinstance(columns, dict) else [_pair(c) for c in _list(columns)]
    found = {n.lower(): Column(n, str(kind) if kind else None) for n, kind in named}
    return Shape(_table(name), found, is_whole=True)


def _pair(column: object) -> tuple[str, object]:
    if isinstance(column, Mapping) and "name" in column:
        return str(column["name"]), column.get("type")
    if isinstance(column, str):
        return column, None
    raise CannotCheck(f"{column!r} is no column: write its name, or name and type")


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _table(name: str) -> Table:
    *schemas, last = [part.strip('"`[]') for part in name.split(".")]
    return Table(last, schemas[-1] if schemas else "", ".".join(schemas[:-1]))


# -- contracts ---------------------------------------------------------------------------------------


def of_contract(text: str, path: str) -> list[Stated] | None:
    """What a data contract (ODCS 3) states; None where a YAML file is none.

    Raises CannotCheck where it is no YAML, or PyYAML is missing.
    """
    if "DataContract" not in text:
        return None
    try:
        import yaml
    except ModuleNotFoundError as error:
        raise CannotCheck(
            f"{path}: PyYAML is missing: pip install 'fairlead-sdk[check]'"
        ) from error
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise CannotCheck(f"{path}: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict) or found.get("kind") != "DataContract":
        return None
    namespace, prefix = _server(found)
    return list(_of_schema(found, namespace, prefix))


def _of_schema(contract: Mapping[str, Any], namespace: str, prefix: str) -> Iterator[Stated]:
    for item in _list(contract.get("schema")):
        name = str(item.get("physicalName") or item.get("name") or "")
        full = name if "." in name or not prefix else f"{prefix}.{name}"
        node = f"dataset:{namespace}:{full}" if namespace else ""
        columns = dict(_properties(item.get("properties"), ""))
        if name and columns:
            yield node, _shape(full, columns)


def _properties(items: object, above: str) -> Iterator[tuple[str, str | None]]:
    for item in _list(items):
        name = above + str(item.get("physicalName") or item.get("name"))
        yield name, item.get("physicalType")
        yield from _properties(item.get("properties"), f"{name}.")


def _server(contract: Mapping[str, Any]) -> tuple[str, str]:
    """The namespace of the first server, and the part of a name before the table's."""
    servers = [each for each in _list(contract.get("servers")) if isinstance(each, dict)]
    server: Mapping[str, Any] = servers[0] if servers else {}
    kind = str(server.get("type", "")).lower()
    scheme = {"postgresql": "postgres"}.get(kind, kind)
    above = ("database", "catalog", "project", "schema", "dataset")
    prefix = ".".join(str(server[key]) for key in above if server.get(key))
    if scheme == "bigquery":
        return "bigquery", prefix
    if scheme == "snowflake" and server.get("account"):
        return f"snowflake://{server['account']}", prefix
    if not scheme or not server.get("host"):
        return "", prefix
    port = f":{server['port']}" if server.get("port") else ""
    return f"{scheme}://{server['host']}{port}", prefix


# -- Avro --------------------------------------------------------------------------------------------


def of_avro(text: str, path: str) -> list[Stated]:
    """The record of an Avro schema: a topic of the file's name, or a table of the record's.

    Raises CannotCheck where the text is no record.
    """
    try:
        found = json.loads(text)
    except ValueError as error:
        raise CannotCheck(f"{path} is no JSON: {error}") from error
    if not isinstance(found, dict) or found.get("type") != "record":
        raise CannotCheck(f"{path} is no Avro record")
    stem = PurePosixPath(path).name.partition(".")[0]
    topic = stem.removesuffix("-value").removesuffix("-key")
    return [("", _shape(topic, dict(_fields(found, ""))))]


def _fields(record: Mapping[str, Any], above: str) -> Iterator[tuple[str, str | None]]:
    for field in _list(record.get("fields")):
        name = f"{above}{field['name']}"
        kind = _avro_type(field.get("type"))
        if isinstance(kind, dict) and kind.get("type") == "record":
            yield name, "record"
            yield from _fields(kind, f"{name}.")
        elif isinstance(kind, dict):
            yield name, str(kind.get("logicalType") or kind.get("type"))
        else:
            yield name, kind


def _avro_type(kind: Any) -> Any:
    """Without null: `["null", "string"]` is a string."""
    if isinstance(kind, list):
        others = [_avro_type(each) for each in kind if each != "null"]
        return others[0] if len(others) == 1 else None
    return kind


# -- dbt ---------------------------------------------------------------------------------------------


def of_seed(text: str, path: str) -> list[Stated]:
    """A dbt seed: a table of the file's name with the columns of its first line."""
    names = next(csv.reader(text.removeprefix("\ufeff").splitlines()[:1]), [])
    return [("", _shape(PurePosixPath(path).stem, names))]


def _of_manifest(manifest: Mapping[str, Any]) -> Iterator[Stated]:
    """Models as their compiled SQL makes them; those whose contract is enforced, as that says."""
    dialect = dialect_of(manifest["metadata"].get("adapter_type") or "")
    for node in manifest.get("nodes", {}).values():
        config = node.get("config") or {}
        if node.get("resource_type") != "model" or config.get("materialized") == "ephemeral":
            continue
        parts = [node.get("database"), node.get("schema"), node.get("alias") or node.get("name")]
        name = ".".join(str(part) for part in parts if part)
        if (config.get("contract") or {}).get("enforced"):
            columns = {n: c.get("data_type") for n, c in (node.get("columns") or {}).items()}
            yield "", _shape(name, columns)
        elif query := node.get("compiled_code"):
            made = shapes_of(f"CREATE TABLE fairlead_model AS {query}", dialect)
            for shape in made.written.values():
                if shape.table.name == "fairlead_model":
                    shape.table = _table(name)
                    yield "", shape
