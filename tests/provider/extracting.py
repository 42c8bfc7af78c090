"""A shop's warehouse in SQLite, and what OpenLineage's manager gets for an operator."""

# ruff: noqa: TID253 - tested against the real operators

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from airflow.providers.common.compat.sdk import (
    DAG,
)
from airflow.providers.openlineage.extractors.manager import ExtractorManager
from airflow.providers.openlineage.utils.emission_policy import EmissionPolicy
from airflow.utils.state import TaskInstanceState

from fairlead_airflow import extractors


def extract(
    operator: Any,
    *,
    run: bool = True,
    failed: bool = False,
    manager: ExtractorManager | None = None,
    controls: EmissionPolicy | None = None,
    instance: Any = None,
) -> Any:
    """What OpenLineage's manager gets for an operator, before or after it has run."""
    if manager is None:
        manager = ExtractorManager()
        extractors.register(manager)
    if run:
        operator.execute({"ti": None, "task_instance": None})
    state = TaskInstanceState.RUNNING
    if run or instance is not None:
        state = TaskInstanceState.FAILED if failed else TaskInstanceState.SUCCESS
    return manager.extract_metadata(
        dagrun=SimpleNamespace(run_id="r"),
        task=operator,
        task_instance_state=state,
        task_instance=instance,
        controls=controls or EmissionPolicy.defaults(),
    )


def names(datasets: Any) -> list[tuple[str, str]]:
    return [(d.namespace, d.name) for d in datasets]


def dag() -> DAG:
    return DAG("d", start_date=datetime(2026, 1, 1, tzinfo=UTC), schedule=None)


INSERT = "DELETE FROM sales; INSERT INTO sales SELECT id, amount * 2 FROM raw"
