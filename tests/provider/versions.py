"""The Airflow that the tests run in: 3, or 2.11 (`make test-airflow-2`)."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version

import pytest

AIRFLOW = tuple(int(part) for part in version("apache-airflow").split(".")[:2])
AIRFLOW_2 = AIRFLOW < (3,)

tabs_needed = pytest.mark.skipif(
    AIRFLOW < (3, 2), reason="Airflow before 3.1 has no tabs for plugins, and 3.1 lists none"
)
commands_needed = pytest.mark.skipif(
    AIRFLOW < (3, 2), reason="Airflow before 3.2 takes no commands from providers"
)
two_maskers_needed = pytest.mark.skipif(
    AIRFLOW < (3, 2), reason="Airflow before 3.2 has one masker for tasks and server"
)


def forget_hook_lineage() -> None:
    """As at the start of a task: the hooks of this process have reported nothing yet."""
    home = import_module("airflow.sdk.lineage" if AIRFLOW >= (3, 2) else "airflow.lineage.hook")
    if hasattr(home, "_hook_lineage_collector"):
        home._hook_lineage_collector = None
    else:
        home.get_hook_lineage_collector.cache_clear()
    assert type(home.get_hook_lineage_collector()) is home.HookLineageCollector


def mask_secret(secret: str) -> None:
    """As a task does with a password that it was given."""
    home = "airflow.utils.log.secrets_masker" if AIRFLOW_2 else "airflow.sdk.log"
    import_module(home).mask_secret(secret)
