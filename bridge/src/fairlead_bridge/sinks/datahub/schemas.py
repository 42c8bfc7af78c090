"""Schemas as DataHub has them."""

from __future__ import annotations

from fairlead_bridge.documents import Json
from fairlead_bridge.entries import (
    DatasetEntry,
)

Aspects = Json

_TYPES = (
    (("bool",), "BooleanType"),
    (("int", "num", "dec", "float", "double", "real", "serial", "money"), "NumberType"),
    (("timestamp", "datetime", "time"), "TimeType"),
    (("date",), "DateType"),
    (("char", "text", "string", "uuid", "enum"), "StringType"),
    (("byte", "blob", "binary"), "BytesType"),
    (("array", "list"), "ArrayType"),
    (("map",), "MapType"),
    (("struct", "record", "row", "json", "variant", "object"), "RecordType"),
)


def _type(native: str | None) -> Aspects:
    text = (native or "").lower()
    for parts, name in _TYPES:
        if any(part in text for part in parts):
            return {"type": {f"com.linkedin.schema.{name}": {}}}
    return {"type": {"com.linkedin.schema.NullType": {}}}


def schema(entry: DatasetEntry, platform: str) -> Aspects:
    never = {"time": 0, "actor": "urn:li:corpuser:unknown"}
    return {
        "schemaName": entry.dataset.name,
        "platform": f"urn:li:dataPlatform:{platform}",
        "version": 0,
        "hash": "",
        "created": never,
        "lastModified": never,
        "platformSchema": {"com.linkedin.schema.OtherSchema": {"rawSchema": ""}},
        "fields": [
            {
                "fieldPath": column.name,
                "nullable": True,
                "type": _type(column.type),
                "nativeDataType": column.type or "unknown",
                "recursive": False,
                "isPartOfKey": False,
                **({"description": column.description} if column.description else {}),
            }
            for column in entry.columns
        ],
    }
