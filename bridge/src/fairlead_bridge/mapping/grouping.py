"""
Which names are one asset: a function of everything that was ever said about them.

Links are facts that stay: a symlink that comes a year late joins what is there, and an order of
arrival changes nothing, because links are weighed strongest first and then by name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from itertools import combinations

from fairlead_bridge.mapping import schema
from fairlead_bridge.mapping.column_names import ColumnNames

Link = tuple[int, int, str]  # a dataset, another name of it, and what kind of name that is

APART = "APART"  # no link: two datasets that one event shows to be different
RULE = "RULE"  # the user's word: the other name is the asset's
RENAME = "RENAME"  # the other name is the former one
TABLE, LOCATION, HOST, CATALOG = "TABLE", "LOCATION", "HOST", "CATALOG"

_STRENGTH = {RULE: 0, RENAME: 1, TABLE: 2, CATALOG: 3, HOST: 3}
_WEAKEST = 4
#: From a reliable source; schemas and events do not override it.
_FIRM = frozenset({RULE, RENAME, HOST})

#: How good a name is by what others call it; one that no other name refers to is in between.
_CALLED = {TABLE: 0, LOCATION: 2, HOST: 2}
_PLAIN = 1


def group(
    names: Mapping[int, tuple[str, str]],
    links: Sequence[Link],
    columns: Mapping[int, Set[str]] | None = None,
) -> dict[int, int]:
    """
    {dataset id: asset id} for every id in `names`; an asset's id is that of its primary name.

    Primary is a TABLE before a plain name before a LOCATION, then the smallest (namespace, name).
    Names are not merged where one event shows them as two datasets, or, if `columns` has the
    columns of both, where they share none.
    """
    between_names = [link for link in links if link[0] in names and link[1] in names]
    clusters = _Clusters(names, _separated(between_names), columns or {})
    for one, other, kind in sorted(
        _unambiguous(between_names), key=lambda link: _weight(names, link)
    ):
        clusters.join(one, other, firm=kind in _FIRM)
    rank = _ranks(between_names)
    primary = {
        root: min(members, key=lambda each: (rank[each], names[each]))
        for root, members in clusters.members.items()
    }
    return {each: primary[clusters.root[each]] for each in names}


def assets(
    names: Mapping[int, tuple[str, str]],
    links: Sequence[Link],
    schemas: Mapping[int, Sequence[bytes]],
) -> dict[int, int]:
    """`group`, guarded by every schema (canonical body) that each dataset was seen with."""
    columns = {
        each: frozenset().union(*map(schema.columns, bodies)) for each, bodies in schemas.items()
    }
    return group(names, links, columns)


def contradictions(links: Iterable[Link], datasets: Collection[int]) -> list[Link]:
    """
    Pairs of the event's own datasets that name the same other dataset, and so are different.

    `links` are the event's symlinks, `datasets` its inputs and outputs.
    """
    naming: dict[int, set[int]] = defaultdict(set)
    stated: set[tuple[int, int]] = set()
    for one, other, kind in links:
        stated.add((min(one, other), max(one, other)))
        if kind not in _FIRM and one in datasets:
            naming[other].add(one)
    pairs = {pair for datasets in naming.values() for pair in combinations(sorted(datasets), 2)}
    return [(one, other, APART) for one, other in sorted(pairs - stated)]


class _Clusters:
    """Disjoint sets; the smaller moves into the larger, so that every name moves few times."""

    def __init__(
        self,
        names: Mapping[int, tuple[str, str]],
        apart: Mapping[int, Set[int]],
        columns: Mapping[int, Set[str]],
    ) -> None:
        self.root = {each: each for each in names}
        self.members = {each: {each} for each in names}
        self._apart = apart
        self._columns = {
            each: ColumnNames(namespace, columns.get(each, ()))
            for each, (namespace, _) in names.items()
        }

    def join(self, one: int, other: int, *, firm: bool) -> None:
        large, small = self.root[one], self.root[other]
        if len(self.members[large]) < len(self.members[small]):
            large, small = small, large
        if large == small or not (firm or self._may_join(large, small)):
            return
        for each in self.members[small]:
            self.root[each] = large
        self.members[large] |= self.members.pop(small)
        self._columns[large].update(self._columns.pop(small))

    def _may_join(self, large: int, small: int) -> bool:
        if self._columns[large].is_disjoint(self._columns[small]):
            return False
        members = self.members[large]
        return all(members.isdisjoint(self._apart.get(each, ())) for each in self.members[small])


def _separated(links: Sequence[Link]) -> dict[int, set[int]]:
    """{dataset: the datasets it must not be merged with}; a link between just the two overrides it."""
    one_asset = {frozenset(link[:2]) for link in links if link[2] != APART}
    apart: dict[int, set[int]] = defaultdict(set)
    for one, other, kind in links:
        if kind == APART and frozenset((one, other)) not in one_asset:
            apart[one].add(other)
            apart[other].add(one)
    return apart


def _unambiguous(links: Sequence[Link]) -> list[Link]:
    """The links without names shared by two datasets that an event shows to be different."""
    apart = _separated(links)
    naming: dict[int, set[int]] = defaultdict(set)
    for one, other, kind in links:
        if kind != APART:
            naming[other].add(one)
    return [
        (one, other, kind)
        for one, other, kind in links
        if kind in _FIRM or (kind != APART and naming[other].isdisjoint(apart.get(one, ())))
    ]


def _weight(names: Mapping[int, tuple[str, str]], link: Link) -> tuple[int, object, object, str]:
    one, other, kind = link
    return _STRENGTH.get(kind, _WEAKEST), names[one], names[other], kind


def _ranks(links: Iterable[Link]) -> Mapping[int, tuple[bool, bool, bool, int]]:
    """
    How good a name each is, lowest first: the user's choice, none that only a catalog knows, none
    that was given up, tables before names without a symlink before locations.
    """
    kinds: dict[int, set[str]] = defaultdict(set)
    for _, other, kind in links:
        kinds[other].add(kind)
    ranks: dict[int, tuple[bool, bool, bool, int]]
    ranks = defaultdict(lambda: (True, False, False, _PLAIN))
    for each, called in kinds.items():
        rank = min((_CALLED[kind] for kind in called & _CALLED.keys()), default=_PLAIN)
        ranks[each] = (RULE not in called, CATALOG in called, RENAME in called, rank)
    return ranks
