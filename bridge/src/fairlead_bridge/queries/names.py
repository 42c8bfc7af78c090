"""Names as they are asked for: public ids, NAMESPACE:NAME, and the namespaces there are."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from fairlead_bridge import ids
from fairlead_bridge.db import tables as t
from fairlead_bridge.queries.snapshot import Snapshot, among


def public_id(text: str) -> int | None:
    """The number behind a public id; None where `text` is none."""
    try:
        number = ids.parse_public(text)
    except ValueError:
        return None
    return number if 0 <= number < 2**63 else None


def namespaces(snapshot: Snapshot, table: sa.Table) -> list[str]:
    """The distinct namespaces, by one step in the index each: what they hold is not read."""
    start = sa.select(sa.func.min(table.c.namespace).label("namespace")).cte(recursive=True)
    following = (
        sa.select(sa.func.min(table.c.namespace))
        .where(table.c.namespace > start.c.namespace)
        .scalar_subquery()
    )
    walk = start.union_all(sa.select(following).where(start.c.namespace.is_not(None)))
    statement = sa.select(walk.c.namespace).where(walk.c.namespace.is_not(None))
    return [row.namespace for row in snapshot.rows(statement)]


def platform(namespace: str) -> str:
    """
    What kind of store a dataset's namespace is.

    >>> platform("postgres://db:5432"), platform("bigquery"), platform("arn:aws:glue:eu:1")
    ('postgres', 'bigquery', 'glue')
    """
    if namespace.startswith("arn:aws:"):
        return namespace.split(":")[2] or "aws"
    return namespace.partition("://")[0].partition(":")[0].lower() or "unknown"


def words(q: str | None) -> list[str]:
    return (q or "").split()


def readings(text: str) -> list[tuple[str, str]]:
    """Every way to read NAMESPACE:NAME, the longest namespace first: both may hold colons."""
    cuts = [at for at, character in enumerate(text) if character == ":"]
    return [(text[:at], text[at + 1 :]) for at in reversed(cuts) if at + 1 < len(text)]


_JOBS, _DATASETS = (
    sa.select(*table.c["id", "namespace", "name"]).where(among(table.c.id))
    for table in (t.job, t.dataset)
)


def seen(snapshot: Snapshot, nodes: Iterable[str]) -> set[str]:
    """Those of the names `dataset:NAMESPACE:NAME` and `job:NAMESPACE:NAME` that are seen."""
    asked = {node: node.partition(":") for node in nodes}
    found = set()
    for kind, id_of, statement in (
        ("job", ids.job_id, _JOBS),
        ("dataset", ids.dataset_id, _DATASETS),
    ):
        tried = {
            id_of(*reading)
            for of_kind, _, name in asked.values()
            if of_kind == kind
            for reading in readings(name)
        }
        found |= {f"{kind}:{row.namespace}:{row.name}" for row in snapshot.each(statement, tried)}
    return found & asked.keys()
