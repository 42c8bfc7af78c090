"""What an event says of a dataset beside its name: what it is, and what happened to it."""

from __future__ import annotations

from typing import Any

from fairlead_bridge import masking
from fairlead_bridge.errors import Malformed
from fairlead_bridge.facts import Note
from fairlead_bridge.mapping import decode, times
from fairlead_bridge.mapping.decode import Facets
from fairlead_bridge.mapping.facets import RUN_DATASET_NOTES

#: What happens to a dataset's data, where it is told of the dataset alone.
_NEW_DATA = ("CREATE", "OVERWRITE", "TRUNCATE")
_METRICS = "dataQualityMetrics"


def kind(facets: Facets) -> str | None:
    """TABLE, VIEW, FILE, TOPIC, ..."""
    told = decode.facet(facets, "datasetType")
    word = decode.word(told.get("datasetType")) if told else None
    return word.upper() if word else None


def lifecycle(facets: Facets) -> tuple[str | None, dict[str, Any]]:
    """(what happened, the facet): CREATE, ALTER, DROP, RENAME, TRUNCATE or OVERWRITE."""
    told = decode.facet(facets, "lifecycleStateChange") or {}
    word = decode.word(told.get("lifecycleStateChange"))
    return (word.upper() if word else None), told


def updated(facets: Facets, own: Facets | None, change: str | None, at: int) -> int | None:
    """
    When the store itself says that the data changed; `change` is what a DatasetEvent told.

    Nothing was updated after the moment it was told.
    """
    moments = [at] if change in _NEW_DATA else []
    for found in (facets, own):
        metrics = decode.facet(found, _METRICS)
        if metrics is not None and metrics.get("lastUpdated"):
            try:
                moments.append(min(at, times.parse(metrics["lastUpdated"])))
            except Malformed:
                continue
    return max(moments, default=None)


def notes(own: Facets | None, of_dataset: Facets | None, at: int) -> dict[str, Note]:
    """Input and output facets, and those of the dataset that hold for this run only."""
    found: dict[str, Note] = {}
    for facets, wanted in ((of_dataset, RUN_DATASET_NOTES), (own, None)):
        for name in facets or {}:
            if wanted is None or name in wanted:
                body = decode.facet(facets, name)
                if body is not None:
                    found[decode.name(name)] = Note(
                        at, masking.value(decode.bounded(_without_origin(body)))
                    )
    return found


def _without_origin(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in ("_producer", "_schemaURL")}
