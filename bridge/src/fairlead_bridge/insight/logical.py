"""Which types of platforms are the logical types of the Open Data Contract Standard."""

from __future__ import annotations

import re

_BASE = re.compile(r"[a-z][a-z0-9_]*")
_INTEGERS = (
    "tinyint", "int1", "byte", "smallint", "int2", "int16", "short", "int", "integer", "int4",
    "int32", "bigint", "int8", "int64", "long", "serial", "bigserial", "byteint",
)  # fmt: skip
_NUMBERS = (
    *_INTEGERS, "real", "float", "float4", "float8", "float32", "float64", "double", "decimal",
    "numeric", "number", "dec", "bignumeric", "bigdecimal", "money",
)  # fmt: skip
_TEXTS = (
    "char", "character", "nchar", "bpchar", "varchar", "nvarchar", "varchar2", "nvarchar2", "text",
    "string", "clob", "nclob", "uuid", "enum", "tinytext", "mediumtext", "longtext", "fixed",
)  # fmt: skip
_TIMESTAMPS = ("timestamp", "timestamp_ntz", "timestamp_tz", "timestamp_ltz", "timestamptz",
               "datetime", "datetime2", "datetimeoffset")  # fmt: skip
_STRUCTS = ("struct", "record", "row", "object", "variant", "json", "jsonb", "super", "map")
_TYPES: dict[str, tuple[str, ...]] = {
    "string": _TEXTS,
    "integer": (*_INTEGERS, "number", "decimal", "numeric"),
    "number": _NUMBERS,
    "boolean": ("boolean", "bool", "bit"),
    "date": ("date",),
    "timestamp": _TIMESTAMPS,
    "time": ("time", "timetz"),
    "array": ("array", "list", "variant", "super"),
    "object": _STRUCTS,
    "map": _STRUCTS,
}
_KNOWN = frozenset(name for names in _TYPES.values() for name in names)


def fits(actual: str, logical: str) -> bool | None:
    """
    Whether values of a platform's type are of the logical type; None where one of both is not known.

    >>> fits("varchar(20)", "string"), fits("text", "integer"), fits("geometry", "string")
    (True, False, None)
    >>> fits("number(38,0)", "integer"), fits("number(12,2)", "integer")
    (True, False)
    """
    names = _TYPES.get(logical.lower())
    base = _BASE.match(actual.strip().lower())
    if names is None or base is None or base[0] not in _KNOWN:
        return None
    has_scale = re.search(r",\s*[1-9]\d*\s*\)", actual) is not None
    return base[0] in names and not (logical.lower() == "integer" and has_scale)
