"""
Who wrote a table that was renamed, where its former name went on to another table.

Then the names are two tables. What wrote under the former name until the rename wrote the table that
has the new name now, so its edges are carried over there; and unless it has written since, it did
not write what has the former name now, so its edges there are set aside. Both follow from the rows
of `edge` and `symlink` alone, in whatever order these came.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

import sqlalchemy as sa

from fairlead_bridge.catalog import merge, rows
from fairlead_bridge.catalog.merge import Row
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.bulk import chunks
from fairlead_bridge.db.tables import edge
from fairlead_bridge.facts import Change
from fairlead_bridge.model import Name

RENAME = "RENAME"
#: The kind of an edge that was set aside.
SET_ASIDE = "renamed"

EdgeKey = tuple[int, int, str]


def former_names(tx: sa.Connection, datasets: Collection[int]) -> dict[int, int]:
    """Those of these datasets that were renamed, each with when it was last."""
    found: dict[int, int] = {}
    for link in rows.where_in(tx, t.symlink.c.other_id, datasets):
        if link["kind"] == RENAME:
            found[link["other_id"]] = max(link["last_at"], found.get(link["other_id"], 0))
    return found


def first_named(links: Iterable[Row]) -> dict[int, int]:
    """When each dataset that has its name of a rename was first renamed so, the last such rename."""
    found: dict[int, int] = {}
    for link in links:
        if link["kind"] == RENAME:
            new, at = link["dataset_id"], link["first_at"]
            found[new] = max(at, found.get(new, at))
    return found


def restore(tx: sa.Connection, former: Collection[int]) -> set[EdgeKey]:
    """Bring back the edges of these names that were set aside, so that new ones merge with them."""
    found: set[EdgeKey] = set()
    for ids in chunks(sorted(former)):
        here = sa.and_(edge.c.kind == SET_ASIDE, edge.c.dst.in_(ids))
        keys = {(row.src, row.dst, "data") for row in tx.execute(sa.select(edge).where(here))}
        if keys:
            tx.execute(sa.update(edge).where(here).values(kind="data"))
        found |= keys
    return found


def says_more(before: Row | None, after: Row, renamed_at: int) -> bool:
    """Whether the edge says more than before about a dataset that was renamed then."""
    return (
        before is None or before["first_at"] != after["first_at"] or before["last_at"] <= renamed_at
    )


def concerned(tx: sa.Connection, changes: Iterable[Change], joined: Collection[int]) -> set[int]:
    """
    The names of which these changes say that they were renamed, or given by a rename, and those of
    renames of the datasets that belong to another asset now (`joined`).
    """
    links = (link for change in changes for link in change.symlinks if link.kind == RENAME)
    found = {end for link in links for end in (link.dataset_id, link.other_id)}
    found.update(former_names(tx, joined))
    given = rows.where_in(tx, t.symlink.c.dataset_id, joined)
    return found | {link["other_id"] for link in given if link["kind"] == RENAME}


def apply(tx: sa.Connection, former: Collection[int], restored: set[EdgeKey]) -> set[Name]:
    """
    Carry over and set aside the edges of these former names.

    `restored` are the edges that were set aside before. Return the entries that changed.
    """
    came: set[EdgeKey] = set()
    seen: set[int] = set()
    unread = set(former)
    while unread:
        restored |= restore(tx, unread - seen)
        links = _links(tx, unread)
        seen |= unread
        carried = rows.gather(_carried(tx, links), merge.edge)
        targets = {dst for _, dst, _ in carried} - seen
        restored |= restore(tx, targets)
        seen |= targets
        changed = rows.fold(tx, edge, carried, merge.edge)
        came |= changed.keys()
        unread = {dst for _, dst, _ in changed}
    return _names(tx, came | (restored ^ _set_aside(tx, seen)))


def _links(tx: sa.Connection, former: Collection[int]) -> dict[int, list[Row]]:
    """The renames of each of these names."""
    found: dict[int, list[Row]] = defaultdict(list)
    for link in rows.where_in(tx, t.symlink.c.other_id, former):
        if link["kind"] == RENAME:
            found[link["other_id"]].append(link)
    return found


def _carried(
    tx: sa.Connection, links: Mapping[int, Collection[Row]]
) -> Iterable[tuple[EdgeKey, Row]]:
    edges = _edges_to(tx, links)
    named = first_named(rows.where_in(tx, t.symlink.c.dataset_id, links))
    for old, renames in links.items():
        last = max((row["last_at"] for row in edges[old]), default=0)
        for link in renames:
            new, first_at = link["dataset_id"], link["first_at"]
            if last <= first_at and named.get(old, first_at - 1) < first_at:
                continue  # the former name ended with the rename: the two are one table
            for row in edges[old]:
                if row["first_at"] < link["last_at"] and row["src"] != new:
                    yield (
                        (row["src"], new, "data"),
                        {
                            "src": row["src"],
                            "dst": new,
                            "kind": "data",
                            "first_at": max(row["first_at"], first_at),
                            "last_at": link["last_at"],
                            "last_run": None,
                            "is_derived": 0,
                        },
                    )


def _set_aside(tx: sa.Connection, former: Collection[int]) -> set[EdgeKey]:
    links = _links(tx, former)
    ends = links.keys() | {link["dataset_id"] for found in links.values() for link in found}
    assets = {key: row["asset_id"] for key, row in rows.load(tx, t.dataset, ends).items()}
    aside: list[Row] = []
    for old, edges in _edges_to(tx, links).items():
        gone = [
            link["last_at"]
            for link in links[old]
            if assets.get(link["dataset_id"]) != assets.get(old)
        ]
        aside += (row for row in edges if row["last_at"] < max(gone, default=-1))
    for row in aside:
        here = (edge.c[name] == row[name] for name in ("src", "dst", "kind"))
        tx.execute(sa.update(edge).where(*here).values(kind=SET_ASIDE))
    return {(row["src"], row["dst"], row["kind"]) for row in aside}


def _edges_to(tx: sa.Connection, datasets: Collection[int]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows.where_in(tx, edge.c.dst, datasets):
        if row["kind"] == "data" and not row["is_derived"]:
            found[row["dst"]].append(row)
    return found


def _names(tx: sa.Connection, touched: Collection[EdgeKey]) -> set[Name]:
    ends = {end for src, dst, _ in touched for end in (src, dst)}
    jobs = rows.load(tx, t.job, ends)
    return {Name("job" if end in jobs else "dataset", end) for end in ends}
