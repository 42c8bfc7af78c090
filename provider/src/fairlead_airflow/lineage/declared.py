"""What the DAG's author declared: inlets, outlets, and assets that were named while the task ran."""

from __future__ import annotations

import logging
from typing import Any

from fairlead.datasets import Identity, of_asset
from fairlead_airflow.lineage.named import of_function
from fairlead_airflow.lineage.parts import Lineage

log = logging.getLogger(__name__)


def declared(task: Any, task_instance: Any = None) -> Lineage:
    """The task's inlets and outlets, and with a task instance also what it named at run time."""
    result = of_function(task)
    for item in getattr(task, "inlets", None) or []:
        if identity := identity_of(item):
            result.inputs.setdefault(identity, {})
    for item in [*(getattr(task, "outlets", None) or []), *_at_run_time(task_instance)]:
        if identity := identity_of(item):
            result.outputs.setdefault(identity, {})
    return result


def identity_of(item: Any, context: Any = None) -> Identity | None:
    """The dataset that an asset is, whatever its scheme; None for what is no dataset.

    The provider that knows the scheme is asked first, so that the name is the one that its operators
    and hooks use.
    """
    if hasattr(item, "namespace") and hasattr(item, "name"):  # an OpenLineage dataset, as it is
        return Identity(item.namespace, item.name)
    if not hasattr(item, "uri"):  # an alias, which stands for nothing until it is resolved
        return None
    from airflow.providers.openlineage.utils.utils import translate_airflow_asset

    translated = translate_airflow_asset(item, context)
    if translated is not None:
        return Identity(translated.namespace, translated.name)
    return of_asset(item.uri, getattr(item, "name", None))


def _at_run_time(task_instance: Any) -> list[Any]:
    if task_instance is None:
        return []
    try:
        from airflow.providers.openlineage.utils.utils import get_runtime_outlet_assets
    except ImportError:  # a version of OpenLineage's provider that does not know them
        return []
    return [asset for asset, _ in get_runtime_outlet_assets(task_instance)]


def to_openlineage(asset: Any, context: Any = None) -> Any:
    """The converter that Airflow calls for assets of the schemes that no other provider knows."""
    from openlineage.client.event_v2 import Dataset

    identity = of_asset(getattr(asset, "uri", None), getattr(asset, "name", None))
    return Dataset(*identity) if identity else None
