"""Fairlead as a plugin of Airflow."""

from __future__ import annotations

import logging
import sys
from typing import Any, ClassVar

from fairlead_airflow import compat

log = logging.getLogger(__name__)


def _rescued_listeners() -> tuple[list[Any], list[Any]]:
    """OpenLineage's listener and hook lineage reader, if its plugin was loaded before its options
    were set and so has none.

    That happens only where Airflow was told not to load policies; see `fairlead_airflow.policy`.
    """
    try:
        from fairlead_airflow import bootstrap

        for note in bootstrap.apply().left_alone:
            log.debug("Fairlead leaves alone: %s", note)
        loaded = sys.modules.get("airflow.providers.openlineage.plugins.openlineage")
        if loaded is None or loaded.OpenLineageProviderPlugin.listeners:
            return [], []
        from airflow.providers.openlineage import conf

        if conf.is_disabled():
            return [], []
        from airflow.providers.common.compat.sdk import HookLineageReader
        from airflow.providers.openlineage.plugins.listener import get_openlineage_listener

        return [get_openlineage_listener()], [HookLineageReader]
    except Exception as error:  # noqa: BLE001 - Airflow must start, whatever is wrong with us
        log.warning("Fairlead could not be set up, lineage will not be sent: %s", error)
        return [], []


_listeners, _readers = _rescued_listeners()


class FairleadPlugin(compat.plugin_class()):  # type: ignore[misc]
    """Sets OpenLineage up where that has not happened yet."""

    name = "fairlead"
    listeners: ClassVar[list[Any]] = _listeners
    hook_lineage_readers: ClassVar[list[Any]] = _readers
