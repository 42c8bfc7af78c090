"""The Airflow that the tests run in: 3, or 2.11 (`make test-airflow-2`)."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version

import pytest

AIRFLOW_2 = version("apache-airflow").startswith("2.")

tabs_needed = pytest.mark.skipif(AIRFLOW_2, reason="Airflow 2 has no tabs for plugins")
commands_needed = pytest.mark.skipif(
    AIRFLOW_2, reason="Airflow 2 takes commands from executors and auth managers only"
)
two_maskers_needed = pytest.mark.skipif(
    AIRFLOW_2, reason="Airflow 2 has one masker for tasks and server"
)


def forget_hook_lineage() -> None:
    """As at the start of a task: the hooks of this process have reported nothing yet."""
    home = import_module("airflow.lineage.hook" if AIRFLOW_2 else "airflow.sdk.lineage")
    if AIRFLOW_2:
        home._hook_lineage_collector = None
    else:
        home.get_hook_lineage_collector.cache_clear()
    assert type(home.get_hook_lineage_collector()) is home.HookLineageCollector


def mask_secret(secret: str) -> None:
    """As a task does with a password that it was given."""
    home = "airflow.utils.log.secrets_masker" if AIRFLOW_2 else "airflow.sdk.log"
    import_module(home).mask_secret(secret)
