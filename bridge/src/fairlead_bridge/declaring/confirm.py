"""What people confirm of columns, as an OpenLineage DatasetEvent: one facet for each column. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from fairlead_bridge.declaring.nouns import Ref
from fairlead_bridge.facts import CONFIRMED

_PRODUCER = "urn:fairlead:declaration"
_SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/DatasetEvent"


def event(
    ref: Ref, column: str, tag: str, by: str, at: datetime, *, is_personal: bool | None
) -> bytes:
    """
    That a person says of a column whether it has personal data, and by which tag.

    None withdraws what was confirmed. Each column has a facet of its own, so that the confirmations of
    two people never replace each other.
    """
    facts: dict[str, Any] = (
        {"_deleted": True}
        if is_personal is None
        else {"personal": is_personal, "tag": tag, "by": by, "confirmed_at": at.isoformat()}
    )
    schema = "urn:fairlead:facets:1-0-0:FairleadPersonalDatasetFacet"
    facet = {"_producer": _PRODUCER, "_schemaURL": schema, **facts}
    return msgspec.json.encode(
        {
            "eventTime": at.isoformat(),
            "producer": _PRODUCER,
            "schemaURL": _SPEC,
            "dataset": {
                "namespace": ref.namespace,
                "name": ref.name,
                "facets": {f"{CONFIRMED}{column}": facet},
            },
        }
    )
