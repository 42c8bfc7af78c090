"""
Where personal data may come to through readers of which the catalog does not know what they make of
which columns.

A job that reads personal data and writes a dataset without saying of which columns may bring it there:
that dataset, and what is made of any of its columns, is unknown. That is not "no".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.queries import columns as c
from fairlead_bridge.queries.assets import Asset, assets_by_id
from fairlead_bridge.queries.columns import WHOLE, Origin
from fairlead_bridge.queries.snapshot import NOW, Snapshot, among

_ENDS = sa.select(t.edge.c.src, t.edge.c.dst).where(t.edge.c.kind == "data")
_OUTS = {past: _ENDS.where(among(t.edge.c.src)) for past in (False, True)}
_INS = {past: _ENDS.where(among(t.edge.c.dst)) for past in (False, True)}
for _each in (_OUTS, _INS):
    _each[True] = _each[True].where(t.edge.c.first_at <= NOW)


@dataclass(slots=True)
class Graph:
    """Assets and jobs around some assets: what goes from where to where, by id."""

    assets: dict[int, Asset] = field(default_factory=dict)
    outs: dict[int, set[int]] = field(default_factory=dict)  # node -> nodes, jobs among them
    origins: list[Origin] = field(default_factory=list)  # source_id is an asset's

    @property
    def jobs(self) -> set[int]:
        ends = {end for some in self.outs.values() for end in some}
        return (ends | self.outs.keys()) - self.assets.keys()


def above(snapshot: Snapshot, assets: Iterable[Asset]) -> Graph:
    """These assets and everything upstream of them."""
    return _walked(snapshot, assets, _INS[snapshot.past], up=True)


def below(snapshot: Snapshot, assets: Iterable[Asset]) -> Graph:
    """These assets and everything downstream of them."""
    return _walked(snapshot, assets, _OUTS[snapshot.past], up=False)


def _walked(
    snapshot: Snapshot, assets: Iterable[Asset], step: sa.Select[tuple[int, int]], *, up: bool
) -> Graph:
    found = Graph({each.id: each for each in assets})
    members = {member: each.id for each in found.assets.values() for member in each.members}
    front = {member for each in found.assets.values() for member in each.members}
    seen = set(front)
    pairs: set[tuple[int, int]] = set()
    while front:
        rows = [(row.src, row.dst) for row in snapshot.each(step, front)]
        pairs.update(rows)
        new = {(src if up else dst) for src, dst in rows} - seen
        resolved = assets_by_id(snapshot, new)
        fresh = {each.id: each for each in resolved.values()}
        found.assets |= fresh
        members |= {member: each.id for each in fresh.values() for member in each.members}
        front = (new | {member for each in fresh.values() for member in each.members}) - seen
        seen |= front
    for src, dst in pairs:
        source, target = members.get(src, src), members.get(dst, dst)
        if source != target:
            found.outs.setdefault(source, set()).add(target)
    own = {member: id for member, id in members.items() if id in found.assets}
    for origin in c.column_origins(snapshot, own):
        if origin.source_id in members:
            found.origins.append(origin)
    return found


@dataclass(slots=True)
class _Maker:
    """What a job, or nothing known, makes of which assets, by column lineage."""

    carrying: dict[tuple[int, int], bool] = field(default_factory=dict)  # (source, target)
    has_columns: set[int] = field(default_factory=set)  # targets
    names: set[int] = field(default_factory=set)  # sources


def unsure(
    graph: Graph, members: Mapping[int, int], holding: Collection[int]
) -> dict[int, tuple[int, int]]:
    """
    The assets of the graph that may hold personal data, each with the asset and the job (0: none) that
    it may come from.

    `holding` are those that hold values of it for sure, `members` the assets of datasets.
    """
    makers = _makers(graph.origins, members)
    found: dict[int, tuple[int, int]] = {}
    waiting = [(source, True) for source in sorted(holding)]
    while waiting:
        source, is_sure = waiting.pop()
        for reader, targets in _readers(graph, source):
            maker = makers.get(reader, _Maker())
            for target in targets - {source}:
                if source in maker.names and target in maker.has_columns:
                    # It says what it makes of which columns: what is sure is followed by these.
                    may = not is_sure and maker.carrying.get((source, target), False)
                else:
                    may = True
                if may and target not in found:
                    found[target] = (source, reader)
                    waiting.append((target, False))
    return found


def _readers(graph: Graph, source: int) -> list[tuple[int, set[int]]]:
    """The jobs that read an asset with what they write; 0 stands for no job."""
    found: list[tuple[int, set[int]]] = []
    direct = graph.outs.get(source, set()) & graph.assets.keys()
    if direct:
        found.append((0, direct))
    for job in sorted(graph.outs.get(source, set()) - graph.assets.keys()):
        found.append((job, graph.outs.get(job, set()) & graph.assets.keys()))
    return found


def _makers(origins: Iterable[Origin], members: Mapping[int, int]) -> dict[int, _Maker]:
    found: dict[int, _Maker] = {}
    for each in origins:
        maker = found.setdefault(each.job_id or 0, _Maker())
        source = members.get(each.source_id, each.source_id)
        if each.column == WHOLE:
            continue
        maker.has_columns.add(each.asset_id)
        maker.names.add(source)
        carries = not each.masked and not each.indirect
        pair = (source, each.asset_id)
        maker.carrying[pair] = maker.carrying.get(pair, False) or carries
    return found
