"""Rules for names of tables and columns: quotes, shards and decorators."""

from __future__ import annotations

import re

from fairlead_bridge.mapping.identity import engines, partitions
from fairlead_bridge.mapping.identity.spelling import (
    Pairs,
    Spelling,
    parts,
    scheme,
)

_BACKTICKS = re.compile(r"`([^`]+)`")


def quotes(it: Spelling) -> Spelling:
    """Quotes are the query's, not the table's; a part with a dot retains them."""
    kind = scheme(it.namespace)
    if kind not in engines.QUOTING:
        return it
    name = it.name
    if kind == "bigquery":
        name = _BACKTICKS.sub(r"\1", name)
    elif kind in engines.SLASHED and "/" in name:
        name = "/".join(".".join(map(_unquoted, parts(each))) for each in name.split("/"))
    elif name[:1] + name[-1:] in ('""', "``", "[]") or re.search(r'["`\]]\.|\.["`\[]', name):
        name = ".".join(_unquoted(part) for part in parts(name))
    return it._replace(name=name)


def _unquoted(part: str) -> str:
    inner = part[1:-1]
    if part[:1] + part[-1:] not in ('""', "``", "[]") or not inner:
        return part
    return part if set(inner) & set('."`[]') or inner != inner.strip() else inner


def column(namespace: str, name: str) -> str:
    """
    A column's name without the quotes of a query.

    >>> column("snowflake://a", '"amount"'), column("s3://lake", '"amount"')
    ('amount', '"amount"')
    """
    if not _QUOTES.search(name) or scheme(namespace) not in engines.QUOTING:
        return name
    return ".".join(map(_unquoted, parts(name)))


_QUOTES = re.compile(r'["`\[]')


_SHARD = re.compile(r"(?P<table>.*\w)_(?P<day>\d{8})", re.DOTALL)


_DECORATED = re.compile(r"(?P<table>[^$@]+)(?:\$(?P<partition>\w+)|@-?\d+(?:-(?:-?\d+)?)?)")


def bigquery_shards(it: Spelling) -> Spelling:
    """Tables by day are one, and so are a table and its partition; projects are small letters."""
    if it.namespace != "bigquery":
        return it
    project, dot, rest = it.name.partition(".")
    if "." in rest and project != project.lower() and not _QUOTES.search(project):
        it = it._replace(name=f"{project.lower()}{dot}{rest}")
    decorated = _DECORATED.fullmatch(it.name)
    if decorated:
        partition = decorated["partition"]
        found: Pairs = (("partition", partition),) if partition else ()
        return it._replace(name=decorated["table"], partition=found + it.partition)
    shard = _SHARD.fullmatch(it.name)
    if shard and partitions.is_day(shard["day"]):
        found = (("shard", shard["day"]),)
        return it._replace(name=f"{shard['table']}_*", partition=found + it.partition)
    return it
