"""Operational lineage for Apache Airflow. What DAG authors use is imported from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairlead_airflow.hooks import FairleadHook
    from fairlead_airflow.lineage.declared import declares_lineage
    from fairlead_airflow.notifications import FairleadNotifier
    from fairlead_airflow.operators import DeclareLineageOperator, SchemaCheckOperator
    from fairlead_airflow.sensors import DatasetFreshSensor

__all__ = [
    "DatasetFreshSensor",
    "DeclareLineageOperator",
    "FairleadHook",
    "FairleadNotifier",
    "SchemaCheckOperator",
    "declares_lineage",
]

_HOMES = {
    "DatasetFreshSensor": "fairlead_airflow.sensors",
    "DeclareLineageOperator": "fairlead_airflow.operators",
    "FairleadHook": "fairlead_airflow.hooks",
    "FairleadNotifier": "fairlead_airflow.notifications",
    "SchemaCheckOperator": "fairlead_airflow.operators",
    "declares_lineage": "fairlead_airflow.lineage.declared",
}


def __getattr__(name: str) -> Any:
    """Import on first use: this package is loaded while Airflow itself is still loading."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
