"""
What of a walked graph is drawn as a card, and what is folded into something else and counted. Pure.

A DAG may stand as one card for its tasks and for the tables that only they use; in the view of
datasets, jobs become part of the edges. Each step takes a part of the graph and returns another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from fairlead_bridge.queries.lineage import Hop, merge

Key = tuple[int, int, str]  # source, target, kind

#: A job that connects more pairs of datasets than this is not folded into edges: it stays a card,
#: and so many lines run into it and out of it instead of from each to each.
MOST_PAIRS = 100


@dataclass(slots=True)
class Part:
    """A part of the graph as it is to be drawn."""

    depths: dict[int, int]  # node -> hops, in the order they were reached
    hops: dict[Key, Hop]
    more_up: dict[int, int]  # node -> data edges to what is not drawn
    more_down: dict[int, int]
    via: dict[Key, list[int]] = field(default_factory=dict)  # jobs folded into an edge
    inside: dict[int, list[int]] = field(default_factory=dict)  # folded DAG -> what it stands for
    left_out: int = 0  # nodes beyond the limit


def part_of(
    depths: Mapping[int, int],
    hops: Mapping[Key, Hop],
    more_up: Mapping[int, int],
    more_down: Mapping[int, int],
) -> Part:
    """
    These nodes and what connects them. `hops` and the counts may be of a larger part of the graph:
    what leads out of this one is counted.
    """
    part = Part(
        dict(depths),
        {},
        {node: more_up.get(node, 0) for node in depths},
        {node: more_down.get(node, 0) for node in depths},
    )
    for key, hop in hops.items():
        source, target, kind = key
        if source in part.depths and target in part.depths:
            part.hops[key] = hop
        elif kind == "data":
            if source in part.depths:
                part.more_down[source] += 1
            elif target in part.depths:
                part.more_up[target] += 1
    return part


def without(part: Part, nodes: Collection[int]) -> Part:
    """The part without some nodes and their edges, which are not counted either."""
    gone = part.depths.keys() & set(nodes)
    if not gone:
        return part
    return Part(
        {node: depth for node, depth in part.depths.items() if node not in gone},
        {key: hop for key, hop in part.hops.items() if key[0] not in gone and key[1] not in gone},
        part.more_up,
        part.more_down,
        part.via,
        part.inside,
        part.left_out,
    )


def fold(part: Part, dag_of: Mapping[int, int], unfolded: Collection[int] = ()) -> Part:
    """
    Each task of `dag_of` becomes part of its DAG's card, and so does a table that only tasks of
    that DAG write and read, unless it is `unfolded`. What a DAG reads of its own tables is not drawn.
    Applications and their jobs, projects and their models likewise.
    """
    stands = {node: dag_of[node] for node in part.depths if node in dag_of}
    if not stands:
        return part
    stands |= _tables_within(part, stands, unfolded)
    folded = Part({}, {}, {}, {}, {}, {}, part.left_out)
    for node, depth in part.depths.items():
        shown = stands.get(node, node)
        if shown != node:
            folded.inside.setdefault(shown, []).append(node)
        known = folded.depths.get(shown)
        if known is None or abs(depth) < abs(known):
            folded.depths[shown] = depth
        folded.more_up[shown] = folded.more_up.get(shown, 0) + part.more_up[node]
        folded.more_down[shown] = folded.more_down.get(shown, 0) + part.more_down[node]
    for (source, target, kind), hop in part.hops.items():
        key = (stands.get(source, source), stands.get(target, target), kind)
        if key[0] != key[1]:
            merge(folded.hops, key, hop)
    for source, target, kind in list(folded.hops):
        if target in folded.inside and (target, source, kind) in folded.hops:
            del folded.hops[source, target, kind]
    return folded


def _tables_within(
    part: Part, dag_of: Mapping[int, int], unfolded: Collection[int]
) -> dict[int, int]:
    """The DAG of each node that lies between tasks of one DAG and is linked to nothing else."""
    writers: dict[int, set[int | None]] = {}
    readers: dict[int, set[int | None]] = {}
    for source, target, _ in part.hops:
        if target not in dag_of:
            writers.setdefault(target, set()).add(dag_of.get(source))
        if source not in dag_of:
            readers.setdefault(source, set()).add(dag_of.get(target))
    found = {}
    for node, dags in writers.items():
        (dag, *others) = dags
        alone = not others and readers.get(node) == dags
        counted = part.more_up[node] or part.more_down[node]
        if alone and dag is not None and not counted and node not in unfolded:
            found[node] = dag
    return found


def within(part: Part, start: int, up: int, down: int) -> set[int]:
    """The nodes that are at most so many hops up or down from the start."""
    found = {start}
    for hops, near, far in ((up, 1, 0), (down, 0, 1)):
        following: dict[int, set[int]] = {}
        for ends in ((source, target) for source, target, _ in part.hops):
            following.setdefault(ends[near], set()).add(ends[far])
        level, seen = {start}, {start}
        for _ in range(hops):
            level = set().union(*(following.get(node, ()) for node in level)) - seen
            seen |= level
        found |= seen
    return found


def contract(part: Part, jobs: Iterable[int]) -> Part:
    """
    The part without these jobs: what each of them reads leads straight to what it writes.

    Control edges of the jobs are left out; what was counted beyond a job is counted at the
    datasets next to it. A job that connects more than MOST_PAIRS stays.
    """
    edges = _DataEdges(part)
    gone = {job for job in jobs if job in part.depths and edges.fold(part, job)}
    hops = {
        (source, target, "data"): hop
        for source, targets in edges.out.items()
        if source not in gone
        for target, hop in targets.items()
    }
    hops |= {
        key: hop
        for key, hop in part.hops.items()
        if key[2] != "data" and key[0] not in gone and key[1] not in gone
    }
    return Part(
        {node: depth for node, depth in part.depths.items() if node not in gone},
        hops,
        part.more_up,
        part.more_down,
        {(*pair, "data"): list(dict.fromkeys(jobs)) for pair, jobs in edges.via.items()},
        part.inside,
        part.left_out,
    )


class _DataEdges:
    """The data edges of a part, from both ends, and which jobs are folded into each."""

    def __init__(self, part: Part) -> None:
        self.into: dict[int, dict[int, Hop]] = {}
        self.out: dict[int, dict[int, Hop]] = {}
        self.via: dict[tuple[int, int], list[int]] = {}
        for (source, target, kind), hop in part.hops.items():
            if kind == "data":
                self._set(source, target, hop)

    def _set(self, source: int, target: int, hop: Hop) -> None:
        self.out.setdefault(source, {})[target] = hop
        self.into.setdefault(target, {})[source] = hop

    def fold(self, part: Part, job: int) -> bool:
        """Lead what the job reads to what it writes; False where that were too many pairs."""
        sources, targets = self.into.get(job, {}), self.out.get(job, {})
        if len(sources) * len(targets) > MOST_PAIRS:
            return False
        for source in sources:
            del self.out[source][job]
            part.more_down[source] += part.more_down[job]
        for target in targets:
            del self.into[target][job]
            part.more_up[target] += part.more_up[job]
        for source, read in sources.items():
            for target, wrote in targets.items():
                if source != target:
                    self._connect(source, job, target, read, wrote)
        return True

    def _connect(self, source: int, job: int, target: int, read: Hop, wrote: Hop) -> None:
        known = self.out.get(source, {}).get(target)
        hop = _through(read, wrote) if known is None else _either(known, read, wrote)
        self._set(source, target, hop)
        through = [*self.via.get((source, job), ()), job, *self.via.get((job, target), ())]
        self.via[source, target] = [*self.via.get((source, target), ()), *through]


def _through(read: Hop, wrote: Hop) -> Hop:
    """An edge through a job: there since both were seen, and last seen with the older of them."""
    last = min(read, wrote, key=lambda hop: (hop.last_at, hop.last_run or 0))
    return Hop(max(read.first_at, wrote.first_at), last.last_at, last.last_run)


def _either(known: Hop, read: Hop, wrote: Hop) -> Hop:
    """An edge that was known, and is there through another job too."""
    found: dict[Key, Hop] = {}
    for hop in (known, _through(read, wrote)):
        merge(found, (0, 0, ""), hop)
    return found[0, 0, ""]


def cut(part: Part, limit: int) -> Part:
    """At most `limit` nodes, the first reached; the others are counted."""
    if len(part.depths) <= limit:
        return part
    nearest = dict(list(part.depths.items())[:limit])
    found = part_of(nearest, part.hops, part.more_up, part.more_down)
    found.via, found.inside = part.via, part.inside
    found.left_out = part.left_out + len(part.depths) - limit
    return found
