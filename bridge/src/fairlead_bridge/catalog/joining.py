"""
Which names are one asset.

Facts stay under the name that brought them, so joining two names, or parting them again, changes
`dataset.asset_id` and nothing else. It is computed anew from all symlinks that hang together
whenever one of them comes, or a schema that speaks for or against it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import chain

import sqlalchemy as sa

from fairlead_bridge.catalog import merge, rows
from fairlead_bridge.catalog.merge import Row
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import upsert
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
    tx: sa.Connection, changes: Sequence[Change], schemas: Collection[int], group: Grouping
) -> list[int]:
    """
    Take the symlinks in; `schemas` are the datasets of which a new schema came.

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
    touched = {end for key in changed for end in key} | set(schemas)
    links = _connected(tx, touched)
    if not links:
        return []
    members = {end for link in links for end in link[:2]}
    there = rows.load(tx, t.dataset, members)
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
    }


def _connected(tx: sa.Connection, start: Collection[int]) -> list[tuple[int, int, str]]:
    """Every symlink that hangs together with these datasets."""
    seen: set[int] = set()
    frontier = set(start)
    links: set[tuple[int, int, str]] = set()
    while frontier:
        seen |= frontier
        found = chain(
            rows.where_in(tx, t.symlink.c.dataset_id, frontier),
            rows.where_in(tx, t.symlink.c.other_id, frontier),
        )
        links.update((row["dataset_id"], row["other_id"], row["kind"]) for row in found)
        frontier = {end for link in links for end in link[:2]} - seen
    return sorted(links)


def _schemas(tx: sa.Connection, datasets: Collection[int]) -> dict[int, list[bytes]]:
    versions = rows.where_in(tx, t.schema_version.c.dataset_id, datasets)
    bodies = rows.load(tx, t.content, {row["digest"] for row in versions})
    found: dict[int, list[bytes]] = defaultdict(list)
    for row in versions:
        found[row["dataset_id"]].append(bodies[row["digest"]]["body"])
    return found
