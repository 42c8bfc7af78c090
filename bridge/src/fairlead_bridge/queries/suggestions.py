"""Columns whose names suggest personal data, and of which neither tags nor people say anything."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from fairlead_bridge.letters import column_key
from fairlead_bridge.queries import facets as f
from fairlead_bridge.queries import personal, schema_history
from fairlead_bridge.queries.assets import Asset
from fairlead_bridge.queries.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Suggested:
    asset: Asset
    column: str
    type: str | None
    tag: str
    kind: personal.Kind | None  # what column lineage says of it


def of(snapshot: Snapshot, assets: Collection[Asset]) -> Iterator[Suggested]:
    """The suggestions for the columns of these assets, in their order."""
    members = {member: each.id for each in assets for member in each.members}
    schemas = schema_history.newest(snapshot, members)
    tags = f.of(snapshot, members, ("tags",))
    spread = personal.of(snapshot, assets)
    for asset in assets:
        _, body = schemas.get(asset.id, (b"", b"[]"))
        decided = {
            column_key(asset.namespace, tag["field"] or "")
            for tag in f.tags(tags.get(asset.id, {}))
            if tag["source"] == "PERSON" or snapshot.personal.is_personal(tag)
        }
        for item in schema_history.flat(schema_history.read_fields(body)):
            tag = snapshot.personal.suggested(item.name)
            kind = spread.of(asset.id).kind(item.name)
            is_decided = column_key(asset.namespace, item.name) in decided or kind == "tagged"
            if tag is not None and not is_decided:
                yield Suggested(asset, item.name, item.type, tag, kind)
