"""What jobs or datasets of a list have in common, and how such a list is read page by page."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from fairlead_bridge import ids
from fairlead_bridge.queries.names import namespaces
from fairlead_bridge.queries.snapshot import Select, Snapshot


@dataclass(frozen=True, slots=True)
class AssetFilter:
    """
    What the jobs or datasets of a list have in common; None leaves a field open.

    `q` is part of the namespace or the name, `platform` what `platform()` says of the namespace;
    `owner` and `tag` are for datasets only.
    """

    namespace: str | None = None
    name: str | None = None
    q: str | None = None
    kind: str | None = None
    platform: str | None = None
    owner: str | None = None
    tag: str | None = None


def places(snapshot: Snapshot, table: sa.Table, wanted: AssetFilter) -> list[str]:
    """The namespace that was asked for, or all of them."""
    if wanted.namespace is None:
        return namespaces(snapshot, table)
    return [ids.stored_namespace(wanted.namespace)]


def named(snapshot: Snapshot, table: sa.Table, wanted: AssetFilter) -> sa.ColumnElement[bool]:
    """This name, in this namespace or in any: one step in the index for each namespace."""
    tried = places(snapshot, table, wanted)
    return sa.and_(table.c.namespace.in_(tried), table.c.name == ids.stored_name(wanted.name or ""))


def contains(table: sa.FromClause, word: str) -> sa.ColumnElement[bool]:
    return sa.or_(
        table.c.name.icontains(word, autoescape=True),
        table.c.namespace.icontains(word, autoescape=True),
    )


def page(table: sa.Table, statement: Select, limit: int, after: tuple[str, str] | None) -> Select:
    key = (table.c.namespace, table.c.name)
    if after is not None:
        statement = statement.where(sa.tuple_(*key) > sa.tuple_(*after))
    return statement.order_by(*key).limit(limit)
