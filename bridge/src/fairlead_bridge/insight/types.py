"""Whether a change of a column can break who reads it: something is gone, or holds less than before."""

from __future__ import annotations

import re

_TYPE = re.compile(r"([a-z][a-z0-9_ ]*?)\s*(?:\(\s*(\d+|max)\s*(?:,\s*(\d+)\s*)?\))?")

_WHOLE = {
    **dict.fromkeys(("tinyint", "int1", "byte"), 8),
    **dict.fromkeys(("smallint", "int2", "int16", "short"), 16),
    **dict.fromkeys(("int", "integer", "int4", "int32"), 32),
    **dict.fromkeys(("bigint", "int8", "int64", "long"), 64),
}
#: Digits that a whole number of so many bits may have; and bits of those that a float holds exactly.
_DIGITS = {8: 3, 16: 5, 32: 10, 64: 19}
_FLOATS = {
    **dict.fromkeys(("real", "float", "float4", "float32"), 24),
    **dict.fromkeys(("double", "double precision", "float8", "float64"), 53),
}
_DECIMALS = ("decimal", "numeric", "number", "dec")
_FIXED = ("char", "character", "nchar", "bpchar")
_VARYING = ("varchar", "character varying", "nvarchar", "varchar2", "nvarchar2")
_TEXTS = ("text", "string", "clob", "nclob")
_BYTES = ("binary", "varbinary", "bytea", "blob", "bytes")
_TIMES = ("timestamp", "datetime", "time", "timestamp_ntz", "timestamp_tz", "datetime2")


def is_breaking(change: str, before: str | None, after: str | None) -> bool:
    """
    Whether readers of the column can break.

    >>> is_breaking("added", None, "int"), is_breaking("removed", "int", None)
    (False, True)
    >>> is_breaking("type", "int", "bigint"), is_breaking("type", "bigint", "int")
    (False, True)
    """
    if change == "type":
        return not widens(before, after)
    return change != "added"


def widens(before: str | None, after: str | None) -> bool:
    """
    Whether every value of the one type is one of the other, without loss and of the same meaning.

    >>> widens("varchar(10)", "VARCHAR(20)"), widens("varchar(10)", "text"), widens("text", "varchar")
    (True, True, True)
    >>> widens("decimal(10,2)", "decimal(12,2)"), widens("decimal(10,2)", "decimal(11,4)")
    (True, False)
    >>> widens("int", "double"), widens("bigint", "double"), widens("int", "text")
    (True, False, False)
    """
    if before is None or after is None:
        return True  # unknown is not another type
    old, new = _read(before), _read(after)
    if old is None or new is None:
        return before.strip().lower() == after.strip().lower()
    return any(rule(*old, *new) for rule in (_same, _wider_number, _longer_text, _finer_time))


_Read = tuple[str, int | None, int | None]


def _read(text: str) -> _Read | None:
    """Name, size and scale; "timestamp(3) with time zone" and structures are not read."""
    found = _TYPE.fullmatch(text.strip().lower())
    if found is None:
        return None
    size = int(found[2]) if found[2] and found[2] != "max" else None
    return found[1], size, int(found[3]) if found[3] else None


def _same(a: str, size: int | None, scale: int | None, b: str, *rest: int | None) -> bool:
    return (a, size, scale) == (b, *rest)


def _wider_number(
    a: str, size: int | None, scale: int | None, b: str, wider: int | None, finer: int | None
) -> bool:
    if a in _WHOLE:
        if b in _WHOLE:
            return _WHOLE[a] <= _WHOLE[b]
        if b in _FLOATS:
            return _WHOLE[a] <= _FLOATS[b]
        if b in _DECIMALS:
            return wider is None or wider - (finer or 0) >= _DIGITS[_WHOLE[a]]
    if a in _FLOATS and b in _FLOATS:
        return _FLOATS[a] <= _FLOATS[b]
    if a in _DECIMALS and b in _DECIMALS:
        if size is None or wider is None:
            return wider is None
        before, after = scale or 0, finer or 0
        return after >= before and wider - after >= size - before
    return False


def _longer_text(
    a: str, size: int | None, _: int | None, b: str, longer: int | None, __: int | None
) -> bool:
    texts, varying = (*_FIXED, *_VARYING, *_TEXTS), (*_VARYING, *_TEXTS)
    same = (a in texts and b in varying) or (a in _FIXED and b in _FIXED)
    if not same and not (a in _BYTES and b in _BYTES):
        return False
    if a in _FIXED and size is None:
        size = 1
    if b in _FIXED and longer is None:
        longer = 1
    return longer is None or (size is not None and size <= longer)


def _finer_time(
    a: str, size: int | None, _: int | None, b: str, finer: int | None, __: int | None
) -> bool:
    return a == b and a in _TIMES and (finer is None or (size is not None and size <= finer))


_MEANS = {
    "snowflake": {
        **dict.fromkeys(
            ("tinyint", "byteint", "smallint", "int", "integer", "bigint"), "number(38,0)"
        ),
        **dict.fromkeys(("number", "decimal", "numeric"), "number(38,0)"),
        **dict.fromkeys(("float", "float4", "float8", "double", "real"), "double"),
        **dict.fromkeys(("varchar", "string", "text", "nvarchar"), "varchar(16777216)"),
        **dict.fromkeys(("char", "character"), "varchar(1)"),
        **dict.fromkeys(("binary", "varbinary"), "varbinary(8388608)"),
        "datetime": "timestamp_ntz",
    },
    "bigquery": {
        **dict.fromkeys(("int", "integer", "bigint", "smallint", "tinyint", "byteint"), "int64"),
        **dict.fromkeys(("numeric", "decimal"), "decimal(38,9)"),
        **dict.fromkeys(("bignumeric", "bigdecimal"), "decimal(76,38)"),
        "float": "float64",
        "bool": "boolean",
    },
    "postgres": {"float": "float8", "bool": "boolean", "serial": "int", "bigserial": "bigint"},
    "redshift": {"float": "float8", "text": "varchar(256)", "bool": "boolean"},
    "mssql": {"float": "float8", "decimal": "decimal(18,0)", "numeric": "decimal(18,0)"},
    "oracle": {"number": "number", "float": "float8", "integer": "number(38,0)"},
    "mysql": {
        "tinytext": "varchar(255)",
        "text": "varchar(65535)",
        "mediumtext": "varchar(16777215)",
        "longtext": "text",
        "decimal": "decimal(10,0)",
        "numeric": "decimal(10,0)",
        "bool": "tinyint",
    },
}
"""What types of a platform are, which elsewhere are other ones or none."""


def on_platform(type: str | None, platform: str) -> str | None:
    """
    The type as the platform means it.

    >>> on_platform("INT", "snowflake"), on_platform("text", "redshift"), on_platform("INT", "hive")
    ('number(38,0)', 'varchar(256)', 'INT')
    """
    if type is None:
        return None
    return _MEANS.get(_SAME_TYPES.get(platform, platform), {}).get(
        " ".join(type.lower().split()), type
    )


_SAME_TYPES = {"sqlserver": "mssql", "mariadb": "mysql", "crate": "postgres"}
