"""
Which names are one asset.

Facts stay under the name that brought them, so merging two names, or splitting them, changes
`dataset.asset_id` and nothing else. It is computed anew from all connected symlinks whenever one of
them comes, or a schema that supports or contradicts it, or when a former name of a renamed dataset
is given to another dataset.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain

import sqlalchemy as sa

from fairlead_bridge.catalog import merge, renames, rows
from fairlead_bridge.catalog.merge import Row
from fairlead_bridge.catalog.renames import RENAME
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.bulk import upsert
from fairlead_bridge.facts import Change, Symlink

#: (names by dataset id, symlinks, bodies of schemas by dataset id) -> the asset of each dataset id
Grouping = Callable[
    [
        Mapping[int, tuple[str, str]],
        Sequence[tuple[int, int, str]],
        Mapping[int, Sequence[bytes]],
    ],
    dict[int, int],
]


def apply(
    tx: sa.Connection,
    changes: Sequence[Change],
    schemas: Collection[int],
    written: Collection[int],
    group: Grouping,
) -> list[int]:
    """
    Merge the symlinks; `schemas` are the datasets of which a new schema came, `written` those
    that may be fresher now.

    Returns the datasets that belong to another asset now.
    """
    came = rows.gather(
        (
            ((link.dataset_id, link.other_id), _row(link))
            for change in changes
            for link in change.symlinks
        ),
        merge.symlink,
    )
    changed = rows.fold(tx, t.symlink, came, merge.symlink)
    affected = {end for key in changed for end in key} | set(schemas) | _renamed(tx, written)
    found = _connected(tx, affected)
    if not found:
        return []
    members = {end for row in found for end in (row["dataset_id"], row["other_id"])}
    there = rows.load(tx, t.dataset, members)
    links = sorted(_standing(found, there))
    names = {key: (row["namespace"], row["name"]) for key, row in there.items()}
    assets = group(names, links, _schemas(tx, members))
    moved = [
        row | {"asset_id": assets[key]}
        for key, row in there.items()
        if row["asset_id"] != assets[key]
    ]
    upsert(tx, t.dataset, moved)
    return [row["id"] for row in moved]


def _row(link: Symlink) -> Row:
    return {
        "dataset_id": link.dataset_id,
        "other_id": link.other_id,
        "kind": link.kind,
        "first_at": link.at,
        "last_at": link.at,
    }


def _renamed(tx: sa.Connection, written: Collection[int]) -> set[int]:
    """Those of these datasets that have the former name of another."""
    found = rows.where_in(tx, t.symlink.c.other_id, written)
    return {row["other_id"] for row in found if row["kind"] == RENAME}


def _standing(links: Sequence[Row], there: Mapping[int, Row]) -> Iterable[tuple[int, int, str]]:
    """
    The symlinks that hold. A rename does until its former name is written again, or comes of
    another rename: then the name is another dataset's, as where two tables are swapped. A name
    that is written and renamed again and again is where its dataset is made.
    """
    named = renames.first_named(links)
    for link in links:
        old, at = link["other_id"], link["first_at"]
        given_on = named.get(old, at - 1) >= at
        written = old in there and (there[old]["written_at"] or at) > at
        lived_on = given_on or (written and link["last_at"] == at)
        if link["kind"] != RENAME or not lived_on:
            yield link["dataset_id"], old, link["kind"]


def _connected(tx: sa.Connection, start: Collection[int]) -> list[Row]:
    """Every symlink that is connected with these datasets."""
    seen: set[int] = set()
    frontier = set(start)
    links: dict[tuple[int, int], Row] = {}
    while frontier:
        seen |= frontier
        found = chain(
            rows.where_in(tx, t.symlink.c.dataset_id, frontier),
            rows.where_in(tx, t.symlink.c.other_id, frontier),
        )
        links.update(((row["dataset_id"], row["other_id"]), row) for row in found)
        frontier = {end for key in links for end in key} - seen
    return list(links.values())


def _schemas(tx: sa.Connection, datasets: Collection[int]) -> dict[int, list[bytes]]:
    versions = rows.where_in(tx, t.schema_version.c.dataset_id, datasets)
    bodies = rows.load(tx, t.content, {row["digest"] for row in versions})
    found: dict[int, list[bytes]] = defaultdict(list)
    for row in versions:
        found[row["dataset_id"]].append(bodies[row["digest"]]["body"])
    return found
