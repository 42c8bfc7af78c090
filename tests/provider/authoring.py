"""A shop whose lineage a real bridge knows, and what Airflow hands to operators."""

# ruff: noqa: TID253 - tested against the real operators

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from airflow.providers.openlineage.extractors.manager import ExtractorManager

from fairlead_airflow import (
    extractors,
)

WAREHOUSE = "postgres://warehouse:5432"


ORDERS = (WAREHOUSE, "shop.public.orders")


REVENUE = (WAREHOUSE, "shop.public.daily_revenue")


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def context(interval_end: datetime | None = None, **more: Any) -> dict[str, Any]:
    return {"dag_run": SimpleNamespace(data_interval_end=interval_end, run_after=at(1)), **more}


def lineage(operator: Any) -> Any:
    """What OpenLineage's manager gets for an operator that has run."""
    from airflow.providers.openlineage.utils.emission_policy import EmissionPolicy
    from airflow.utils.state import TaskInstanceState

    manager = ExtractorManager()
    extractors.register(manager)
    return manager.extract_metadata(
        dagrun=SimpleNamespace(run_id="r"),
        task=operator,
        task_instance_state=TaskInstanceState.SUCCESS,
        task_instance=None,
        controls=EmissionPolicy.defaults(),
    )


def names(datasets: Any) -> list[tuple[str, str]]:
    return [(d.namespace, d.name) for d in datasets]


def written(dataset: tuple[str, str], time: str) -> dict[str, Any]:
    return {
        "eventType": "COMPLETE",
        "eventTime": time,
        "producer": "https://example.com/other",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": "01939cd0-0000-7000-8000-0000000abcde"},
        "job": {"namespace": "another-airflow", "name": "rates.fetch"},
        "outputs": [{"namespace": dataset[0], "name": dataset[1]}],
    }
