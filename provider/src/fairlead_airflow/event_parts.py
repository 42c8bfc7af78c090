"""Parts that all events of our own have: the producer, and facets with their schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fairlead_sdk.documents import Json

#: Where OpenLineage's own event types are defined.
SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs"


def facet(producer: str, schema: str, body: Mapping[str, Any]) -> Json:
    """A facet of any kind; `schema` is its schema's URL."""
    return {"_producer": producer, "_schemaURL": schema, **body}


def producer() -> str:
    """The producer that Airflow's OpenLineage provider names in its events."""
    from openlineage.client.generated.base import PRODUCER  # set by OpenLineage's provider

    return str(PRODUCER)
