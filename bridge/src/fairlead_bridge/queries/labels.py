"""
Who owns datasets and how they are tagged, as something to choose by.

Facets with the same body share one row of `content`, so few bodies are read however many datasets
there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.queries import facets
from fairlead_bridge.queries.snapshot import Snapshot, among

#: How many owners and tags are offered, the most frequent ones.
MOST = 200

_OWNERS, _TAGS = "ownership", "tags"
#: How many datasets have each body of these facets.
_BODIES = (
    sa.select(t.facet.c.name, t.facet.c.digest, t.content.c.body, sa.func.count().label("datasets"))
    .join_from(t.facet, t.content, t.content.c.digest == t.facet.c.digest)
    .join(t.dataset, t.dataset.c.id == t.facet.c.owner_id)
    .where(t.facet.c.name.in_([_OWNERS, _TAGS]))
    .group_by(t.facet.c.name, t.facet.c.digest, t.content.c.body)
)


@dataclass(frozen=True, slots=True)
class Labels:
    """How many datasets each owner and each tag has, the most frequent first."""

    owners: list[tuple[str, int]] = field(default_factory=list)
    tags: list[tuple[str, int]] = field(default_factory=list)


def labels(snapshot: Snapshot) -> Labels:
    """What datasets can be chosen by. A dataset with two names that both have it counts twice."""
    counted: dict[str, Counter[str]] = {_OWNERS: Counter(), _TAGS: Counter()}
    for row in snapshot.rows(_BODIES):
        for label in _labels_in(row.name, row.body):
            counted[row.name][label] += row.datasets
    return Labels(_ranked(counted[_OWNERS]), _ranked(counted[_TAGS]))


def assets(snapshot: Snapshot, owner: str | None, tag: str | None) -> sa.ColumnElement[bool]:
    """The condition that an asset is owned so and tagged so, under any of its names."""
    wanted = {name: label for name, label in ((_OWNERS, owner), (_TAGS, tag)) if label is not None}
    chosen: dict[str, list[bytes]] = {name: [] for name in wanted}
    for row in snapshot.rows(_BODIES) if wanted else ():
        if row.name in wanted and wanted[row.name] in _labels_in(row.name, row.body):
            chosen[row.name].append(row.digest)
    return sa.and_(sa.true(), *(_has_label(name, digests) for name, digests in chosen.items()))


def owned(snapshot: Snapshot, owners: Collection[str]) -> dict[str, set[int]]:
    """The ids of the assets that each of these owns, under any of their names."""
    names: dict[bytes, list[str]] = {}
    for row in snapshot.rows(_BODIES):
        if row.name == _OWNERS:
            found = [name for name in _labels_in(row.name, row.body) if name in owners]
            if found:
                names[row.digest] = found
    assets: dict[str, set[int]] = {owner: set() for owner in owners}
    for row in snapshot.each(_OWNED, names):
        for name in names[row.digest]:
            assets[name].add(row.asset_id)
    return assets


_OWNED = (
    sa.select(t.dataset.c.asset_id, t.facet.c.digest)
    .join_from(t.facet, t.dataset, t.dataset.c.id == t.facet.c.owner_id)
    .where(t.facet.c.name == _OWNERS, among(t.facet.c.digest))
)


def tagged(snapshot: Snapshot, word: str, limit: int) -> list[tuple[int, str | None]]:
    """(dataset, column) of what has a tag with this part of a key or value; None: the whole dataset."""
    fields: dict[bytes, list[str | None]] = {}
    for row in snapshot.rows(_BODIES):
        if row.name == _TAGS:
            tags = facets.tags({_TAGS: facets.decode(row.body) or {}})
            found = [tag["field"] for tag in tags if _says(tag, word)]
            if found:
                fields[row.digest] = list(dict.fromkeys(found))
    rows = snapshot.each(_TAGGED, fields)
    places = [(row.owner_id, column) for row in rows for column in fields[row.digest]]
    return sorted(places, key=lambda place: (place[0], place[1] or ""))[:limit]


_TAGGED = sa.select(t.facet.c.owner_id, t.facet.c.digest).where(
    t.facet.c.name == _TAGS, among(t.facet.c.digest)
)


def _says(tag: dict[str, str | None], word: str) -> bool:
    return word in f"{tag['key']} {tag['value'] or ''}".lower()


def _has_label(name: str, digests: list[bytes]) -> sa.ColumnElement[bool]:
    """That one of the asset's names has a facet with one of these bodies."""
    member = t.dataset.alias("labelled")
    return t.dataset.c.id.in_(
        sa.select(member.c.asset_id)
        .join_from(member, t.facet, t.facet.c.owner_id == member.c.id)
        .where(t.facet.c.name == name, t.facet.c.digest.in_(digests))
    )


def _labels_in(name: str, body: bytes) -> Iterator[str]:
    """The names of owners, or the keys of tags on the dataset or on a column of it, each once."""
    own = {name: facets.decode(body) or {}}
    if name == _OWNERS:
        yield from dict.fromkeys(owner for owner, _ in facets.owners(own))
    else:
        yield from dict.fromkeys(str(tag["key"]) for tag in facets.tags(own))


def _ranked(counted: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:MOST]
