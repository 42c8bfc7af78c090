"""Reads every name that producers use and the columns seen under it, to try identity rules on."""

from __future__ import annotations

import sqlalchemy as sa

from fairlead_bridge.catalog import rows
from fairlead_bridge.db import tables as t

Spelling = tuple[str, str]  # namespace, name


def spellings(tx: sa.Connection) -> list[Spelling]:
    """The names in the catalog, and those that producers use where they differ."""
    own = sa.select(t.dataset.c.namespace, t.dataset.c.name)
    others = sa.select(t.dataset_name.c.namespace, t.dataset_name.c.name)
    return sorted((row[0], row[1]) for row in tx.execute(own.union(others)))


def schemas_by_asset(tx: sa.Connection) -> dict[Spelling, list[bytes]]:
    """The canonical bodies of every schema of each asset, by the asset's name."""
    asset = t.dataset.alias("asset")
    found: dict[Spelling, list[bytes]] = {}
    seen = sa.select(asset.c.namespace, asset.c.name, t.schema_version.c.digest).select_from(
        t.schema_version.join(t.dataset, t.dataset.c.id == t.schema_version.c.dataset_id).join(
            asset, asset.c.id == t.dataset.c.asset_id
        )
    )
    schemas_seen = [((row[0], row[1]), row[2]) for row in tx.execute(seen)]
    bodies = rows.load(tx, t.content, {digest for _, digest in schemas_seen})
    for name, digest in schemas_seen:
        found.setdefault(name, []).append(bodies[digest]["body"])
    return found
