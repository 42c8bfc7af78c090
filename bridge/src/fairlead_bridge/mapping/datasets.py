"""What an event says of a dataset beside its name: what it is, and what happened to it."""

from __future__ import annotations

from fairlead_bridge import masking
from fairlead_bridge.documents import Json
from fairlead_bridge.errors import Malformed
from fairlead_bridge.facts import LatestValue
from fairlead_bridge.mapping import decode, times
from fairlead_bridge.mapping.decode import Facets
from fairlead_bridge.mapping.facets import RUN_DATASET_FACETS

#: Lifecycle changes that say the data is new, where a DatasetEvent reports them.
_NEW_DATA = ("CREATE", "OVERWRITE", "TRUNCATE")
_METRICS = "dataQualityMetrics"


def kind(facets: Facets) -> str | None:
    """TABLE, VIEW, FILE, TOPIC, ..."""
    body = decode.facet(facets, "datasetType")
    word = decode.word(body.get("datasetType")) if body else None
    return word.upper() if word else None


def lifecycle(facets: Facets) -> tuple[str | None, Json]:
    """(what happened, the facet): CREATE, ALTER, DROP, RENAME, TRUNCATE or OVERWRITE."""
    body = decode.facet(facets, "lifecycleStateChange") or {}
    word = decode.word(body.get("lifecycleStateChange"))
    return (word.upper() if word else None), body


def updated(facets: Facets, own: Facets | None, change: str | None, at: int) -> int | None:
    """
    Return when the data changed, in microseconds; `change` is what a DatasetEvent reported.

    No update is later than `at`, the time of the event.
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


def run_facets(own: Facets | None, of_dataset: Facets | None, at: int) -> dict[str, LatestValue]:
    """Input and output facets, and those of the dataset that hold for this run only."""
    found: dict[str, LatestValue] = {}
    for facets, wanted in ((of_dataset, RUN_DATASET_FACETS), (own, None)):
        for name in facets or {}:
            if wanted is None or name in wanted:
                body = decode.facet(facets, name)
                if body is not None:
                    found[decode.name(name)] = LatestValue(
                        at, masking.value(decode.bounded(_without_origin(body)))
                    )
    return found


def _without_origin(body: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in body.items() if key not in ("_producer", "_schemaURL")}
