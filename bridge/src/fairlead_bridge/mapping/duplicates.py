"""Datasets that may be one asset though no event says so, and what other rules would merge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Set
from typing import NamedTuple

from fairlead_bridge.mapping.identity import Identity
from fairlead_bridge.mapping.identity.spelling import parts

Name = tuple[str, str]  # namespace, name


class Merge(NamedTuple):
    """Names that would be one dataset."""

    identity: Identity
    names: tuple[Name, ...]


def would_merge(names: Iterable[Name], normalise: Callable[[str, str], Identity]) -> list[Merge]:
    """
    The groups of two or more of `names` that are one dataset for `normalise`.

    With the names a catalog has now and the rules it should have, this is what they would join.
    """
    found: dict[Name, dict[Name, Identity]] = defaultdict(dict)
    for namespace, name in names:
        identity = normalise(namespace, name)
        found[identity.namespace, identity.key][namespace, name] = identity
    return sorted(
        Merge(min(group.values()), tuple(sorted(group)))
        for group in found.values()
        if len(group) > 1
    )


def possible_duplicates(
    tables: Mapping[Name, Set[str]], overlap: float = 0.5
) -> list[tuple[Name, ...]]:
    """
    Datasets that a person should look at: the same table's name in different namespaces, with at
    least `overlap` (a share, from 0 to 1) of the columns of the one that has fewer.

    `tables` has the columns of each; those without columns are left out. Letters are compared without
    their case whatever the store: a copy elsewhere often spells its columns in other letters.
    """
    alike: dict[str, dict[Name, Set[str]]] = defaultdict(dict)
    for (namespace, name), columns in tables.items():
        if columns:
            alike[_table(name)][namespace, name] = frozenset(map(str.lower, columns))
    found = []
    for same in alike.values():
        for cluster in _overlapping(same, overlap):
            if len({namespace for namespace, _ in cluster}) > 1:
                found.append(tuple(sorted(cluster)))
    return sorted(found)


def _overlapping(tables: Mapping[Name, Set[str]], overlap: float) -> list[list[Name]]:
    """Clusters of tables; tables of one schema are compared once."""
    by_schema: dict[frozenset[str], list[Name]] = defaultdict(list)
    for name in sorted(tables):
        by_schema[frozenset(tables[name])].append(name)
    clusters: list[tuple[list[frozenset[str]], list[Name]]] = []
    for schema, names in by_schema.items():
        near = [c for c in clusters if any(_share(schema, each) >= overlap for each in c[0])]
        clusters = [c for c in clusters if c not in near]
        clusters.append(
            (
                [schema, *(each for c in near for each in c[0])],
                [*names, *(each for c in near for each in c[1])],
            )
        )
    return [names for _, names in clusters]


def _share(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / min(len(a), len(b))


def _table(name: str) -> str:
    """The last part of a table's name or a path.

    >>> _table("shop.public.Orders"), _table("lake/raw/orders"), _table('db."x.y"')
    ('orders', 'orders', '"x.y"')
    """
    if "/" in name:
        return name.rstrip("/").rpartition("/")[2].lower()
    return parts(name)[-1].lower()
