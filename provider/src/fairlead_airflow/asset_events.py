"""OpenLineage's DatasetEvents from Airflow's asset events, with what was attached to them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fairlead_airflow.event_parts import SPEC, facet, producer
from fairlead_airflow.lineage.naming import identity
from fairlead_sdk.datasets import Identity, of_asset
from fairlead_sdk.documents import Json

_ASSET_SCHEMA = "urn:fairlead:facets:1-0-0:FairleadAssetDatasetFacet"
_METRICS_SCHEMA = "https://openlineage.io/spec/facets/1-0-1/DataQualityMetricsDatasetFacet.json"

_ROWS = ("row_count", "rowCount", "rows", "num_rows")
_BYTES = ("byte_count", "bytes", "size")


def asset_facts(event: Any) -> dict[str, object]:
    """What Airflow's asset event says, without any of Airflow's own objects."""
    asset = event.asset
    return {
        "name": getattr(asset, "name", None),
        "uri": getattr(asset, "uri", None),
        "group": getattr(asset, "group", None),
        "extra": dict(event.extra or {}),
        "asset_extra": dict(getattr(asset, "extra", None) or {}),
        "dag_id": getattr(event, "source_dag_id", None),
        "task_id": getattr(event, "source_task_id", None),
        "run_id": getattr(event, "source_run_id", None),
        "map_index": getattr(event, "source_map_index", None),
        "aliases": [alias.name for alias in getattr(event, "source_aliases", None) or ()],
        "partition_key": getattr(event, "partition_key", None),
    }


def asset_update(facts: Mapping[str, Any], at: datetime) -> dict[str, object] | None:
    """A DatasetEvent with the facet `fairlead_asset`; None for what is no dataset, or not wanted.

    An event that no task caused (it came by Airflow's API) says itself that the dataset is fresh; for
    the others the task's own run does.
    """
    if facts["dag_id"] and not _is_wanted(facts["dag_id"]):
        return None
    named = _dataset(facts)
    if named is None:
        return None
    made_by = producer()
    metrics = _metrics(facts["extra"])
    if not facts["dag_id"]:
        metrics["lastUpdated"] = at.isoformat()
    facets = {"fairlead_asset": facet(made_by, _ASSET_SCHEMA, _asset_body(facts))}
    if metrics:
        facets["dataQualityMetrics"] = facet(made_by, _METRICS_SCHEMA, metrics)
    return {
        "eventTime": at.isoformat(),
        "producer": made_by,
        "schemaURL": f"{SPEC}/DatasetEvent",
        "dataset": {"namespace": named[0], "name": named[1], "facets": facets},
    }


def _asset_body(facts: Mapping[str, Any]) -> Json:
    map_index = facts["map_index"]
    source = {
        "dagId": facts["dag_id"],
        "taskId": facts["task_id"],
        "dagRunId": facts["run_id"],
        "mapIndex": map_index if map_index is not None and map_index >= 0 else None,
    }
    body = {
        "name": facts["name"],
        "uri": facts["uri"],
        "group": facts["group"],
        "extra": facts["extra"],
        "assetExtra": facts["asset_extra"],
        "source": {name: value for name, value in source.items() if value is not None},
        "aliases": facts["aliases"],
        "partitionKey": facts["partition_key"],
    }
    return {name: value for name, value in body.items() if value not in (None, {}, [], "")}


def _metrics(extra: Mapping[str, object]) -> dict[str, object]:
    """Rows and bytes, where the author used one of the usual names."""
    found: Json = {}
    for key, names in (("rowCount", _ROWS), ("bytes", _BYTES)):
        for name in names:
            value = extra.get(name)
            if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
                found.setdefault(key, value)
    return found


def _dataset(facts: Mapping[str, Any]) -> Identity | None:
    """The name that the task's own events use."""
    try:
        return identity(facts["uri"])
    except ValueError:
        return of_asset(facts["uri"], facts["name"])


def _is_wanted(dag_id: str) -> bool:
    from airflow.providers.openlineage.utils.emission_policy import resolve_dag_emission_policy

    return bool(resolve_dag_emission_policy(dag_id).emit)
