"""
Which personal data assets hold: what tags say, and what column lineage brings from tagged columns.

One answer for every list, page, drawing and export. What reaches an asset does not depend on what
else is shown: column lineage is followed up to its ends, and so are readers of which the catalog does
not know what they make of which columns, where it is asked what is `unknown`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.facts import CONFIRMED
from fairlead_bridge.insight import personal as rules
from fairlead_bridge.queries import facets as f
from fairlead_bridge.queries import privacy, schema_history, unsure
from fairlead_bridge.queries.assets import Asset, assets_by_id
from fairlead_bridge.queries.columns import WHOLE, Origin, column_origins, written_from
from fairlead_bridge.queries.snapshot import Snapshot, among

#: How a column holds personal data: a tag says so, its values come from such a column, or it is
#: made of such a column and the values cannot be read from it; unknown, of a whole dataset: a reader
#: of such a column writes it, and did not say what it makes of which columns.
Kind = Literal["tagged", "reached", "masked"]
KindOfAny = Literal["tagged", "reached", "masked", "unknown"]
Facets = Mapping[int, f.Facets]

_TAGS = "tags"
_IS_OF_TAGS = sa.or_(t.facet.c.name == _TAGS, t.facet.c.name.startswith(CONFIRMED, autoescape=True))
_BODIES = (
    sa.select(t.facet.c.name, t.facet.c.digest, t.content.c.body)
    .join_from(t.facet, t.content, t.content.c.digest == t.facet.c.digest)
    .where(_IS_OF_TAGS)
    .distinct()
)
_TAGGED = sa.select(t.facet.c.owner_id).where(_IS_OF_TAGS, among(t.facet.c.digest))


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one asset with personal data, sorted; "*" where the whole is tagged."""

    namespace: str = ""
    tagged: list[str] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)  # and not tagged
    masked: list[str] = field(default_factory=list)
    is_unknown: bool = False  # whether a reader of personal data may have brought more

    def kind(self, column: str) -> Kind | None:
        """How a column holds personal data; None where it is not known to."""
        if privacy.concerns(self.namespace, self.tagged, column):
            return "tagged"
        if privacy.concerns(self.namespace, self.reached, column):
            return "reached"
        return "masked" if privacy.concerns(self.namespace, self.masked, column) else None


@dataclass(slots=True)
class Spread:
    """Personal data of some assets."""

    tagged: dict[int, list[str]] = field(default_factory=dict)
    flow: privacy.Flow = field(default_factory=privacy.Flow)
    namespaces: Mapping[int, str] = field(default_factory=dict)
    #: Assets that may hold more, where that was asked for: the asset and the job (0: none) that it
    #: may come from.
    unknown: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def assets(self) -> set[int]:
        return {*self.tagged, *self.flow.reached, *self.flow.masked, *self.unknown}

    def of(self, asset_id: int) -> Columns:
        place = self.namespaces.get(asset_id, "")
        tagged = self.tagged.get(asset_id, [])
        reached = self.flow.reached.get(asset_id, set())
        return Columns(
            place,
            tagged,
            sorted(each for each in reached if not privacy.concerns(place, tagged, each)),
            sorted(
                each
                for each in self.flow.masked.get(asset_id, set()) - reached
                if not privacy.concerns(place, tagged, each)
            ),
            asset_id in self.unknown,
        )


def of(snapshot: Snapshot, assets: Iterable[Asset], *, unknown: bool = False) -> Spread:
    """The personal data of these assets, wherever it comes from; with `unknown`, what may come, too."""
    known = {asset.id: asset for asset in assets}
    if not _personal_bodies(snapshot, None):
        return Spread()
    if unknown:
        graph = unsure.above(snapshot, known.values())
        return _with_unknown(snapshot, graph, _tags_of(snapshot, graph.assets.values()), known)
    origins: list[Origin] = []
    front = dict(known)
    while front:
        found = list(column_origins(snapshot, _members(front.values())))
        origins += found
        sources = assets_by_id(snapshot, {origin.source_id for origin in found})
        front = {asset.id: asset for asset in sources.values() if asset.id not in known}
        known |= front
    return _spread(snapshot, known, origins, _tags_of(snapshot, known.values()))


def everywhere(
    snapshot: Snapshot, classification: str | None = None, *, unknown: bool = False
) -> Spread:
    """
    All personal data that the catalog knows of; with `unknown`, where it may be, too.

    With a `classification`, that which tags with this key or value say, and where it comes to.
    """
    known = {each.id: each for each in _tagged(snapshot, classification)}
    tags = _tags_of(snapshot, known.values(), classification)
    if unknown:
        graph = unsure.below(snapshot, known.values())
        return _with_unknown(snapshot, graph, tags, graph.assets)
    return _below(snapshot, known, tags)


def reached_from(snapshot: Snapshot, assets: Iterable[Asset]) -> set[int]:
    """The assets below these that hold personal data of theirs, by column lineage."""
    known = {each.id: each for each in assets}
    spread = of(snapshot, known.values())
    own = {id: [*spread.of(id).tagged, *spread.of(id).reached] for id in known}
    held = {id: columns for id, columns in own.items() if columns}
    found = _below(snapshot, {id: known[id] for id in held}, held)
    return {*found.flow.reached, *found.flow.masked}


def _tagged(snapshot: Snapshot, classification: str | None) -> list[Asset]:
    tagged = snapshot.each(_TAGGED, _personal_bodies(snapshot, classification))
    return _assets(snapshot, (row.owner_id for row in tagged))


def _below(snapshot: Snapshot, known: dict[int, Asset], tags: dict[int, list[str]]) -> Spread:
    origins: list[Origin] = []
    seen: set[int] = set()
    front = dict(known)
    spread = _spread(snapshot, known, origins, tags)
    while front:
        below = written_from(snapshot, _members(front.values()))
        new = {id: asset for id, asset in below.items() if id not in seen}
        seen |= new.keys()
        origins += column_origins(snapshot, new)
        spread = _spread(snapshot, known, origins, tags)
        reached = _assets(snapshot, spread.flow.reached.keys() - known.keys())
        front = {asset.id: asset for asset in reached}
        known |= front
    return spread


def _with_unknown(
    snapshot: Snapshot,
    graph: unsure.Graph,
    tags: dict[int, list[str]],
    asked: Iterable[int],
) -> Spread:
    """What is known of the assets of a graph, and which of those that are asked about are unknown."""
    spread = _spread(snapshot, graph.assets, graph.origins, tags)
    members = _members(graph.assets.values())
    found = unsure.unsure(graph, members, {*tags, *spread.flow.reached})
    spread.unknown = {id: found[id] for id in asked if id in found}
    return spread


def _spread(
    snapshot: Snapshot,
    known: Mapping[int, Asset],
    origins: Sequence[Origin],
    tagged: dict[int, list[str]],
) -> Spread:
    members = _members(known.values())
    follow = (
        ((members[origin.source_id], origin.source_column), origin)
        for origin in origins
        if origin.source_id in members
    )
    places = schema_history.namespaces(snapshot, {*known, *(origin.asset_id for origin in origins)})
    return Spread(tagged, privacy.flow(tagged, follow, places), places)


def _personal_bodies(snapshot: Snapshot, classification: str | None) -> set[bytes]:
    """The digests of tags that call something personal: few, as equal tags are stored once."""
    return {
        row.digest
        for row in snapshot.rows(_BODIES)
        if _columns(snapshot, {row.name: f.decode(row.body) or {}}, classification)
    }


def _tags_of(
    snapshot: Snapshot, assets: Iterable[Asset], classification: str | None = None
) -> dict[int, list[str]]:
    found = {
        id: _columns(snapshot, facets, classification)
        for id, facets in f.of(snapshot, _members(assets), (_TAGS,)).items()
    }
    return {id: columns for id, columns in found.items() if columns}


def _columns(snapshot: Snapshot, facets: f.Facets, classification: str | None) -> list[str]:
    return rules.columns(snapshot.personal, _classified(facets, classification), WHOLE)


def _classified(facets: f.Facets, classification: str | None) -> list[dict[str, str | None]]:
    return [
        tag
        for tag in f.tags(facets)
        if classification is None or classification in (tag["key"], tag["value"])
    ]


def _assets(snapshot: Snapshot, ids: Iterable[int]) -> list[Asset]:
    return list({asset.id: asset for asset in assets_by_id(snapshot, ids).values()}.values())


def _members(assets: Iterable[Asset]) -> dict[int, int]:
    return {member: asset.id for asset in assets for member in asset.members}
