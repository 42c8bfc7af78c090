"""Fairlead as a plugin of Airflow."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Any, ClassVar

from fairlead_airflow import compat

log = logging.getLogger(__name__)

#: OpenLineage forks a process for each event, which would import these anew each time: 20 ms.
_OF_EVERY_EVENT = ("fairlead_airflow.transport", "fairlead_airflow.facets")


class FairleadPlugin(compat.plugin_class()):  # type: ignore[misc]
    """Registers our extractors and listeners, and what is seen in Airflow's page; sets OpenLineage up
    where that has not happened yet."""

    name = "fairlead"
    listeners: ClassVar[list[Any]] = []
    hook_lineage_readers: ClassVar[list[object]] = []
    global_operator_extra_links: ClassVar[list[object]] = []
    external_views: ClassVar[list[Any]] = []
    appbuilder_menu_items: ClassVar[list[Any]] = []

    @classmethod
    def on_load(cls, *args: object, **kwargs: object) -> None:
        """Airflow calls this when the plugins of all packages have been imported."""
        try:
            cls._join_openlineage()
        except Exception as error:  # noqa: BLE001 - Airflow must start, whatever is wrong with us
            log.warning("Fairlead could not be set up, lineage is not complete: %s", error)
        try:
            cls._show_lineage()
        except Exception as error:  # noqa: BLE001 - Airflow must start, whatever is wrong with us
            log.warning("Airflow's page has no links to the catalog: %s", error)

    @classmethod
    def _show_lineage(cls) -> None:
        from airflow.providers.openlineage import conf

        from fairlead_airflow import links
        from fairlead_airflow.config import Config, airflow_reader

        config = Config.read(airflow_reader(compat.conf()), compat.home())
        page = links.page_address(config) if config.enabled else None
        if page is not None:
            cls.global_operator_extra_links = [links.LineageLink()]
            if compat.has_tabs():
                cls.external_views = links.tabs(page, conf.namespace())
            else:
                cls.appbuilder_menu_items = links.menu(page)

    @classmethod
    def _join_openlineage(cls) -> None:
        from airflow.providers.openlineage import conf

        from fairlead_airflow import bootstrap, extractors
        from fairlead_airflow.extractors.fresh import FreshTaskListener
        from fairlead_airflow.instances import InstancesListener
        from fairlead_airflow.listeners import ObservedListener
        from fairlead_airflow.scheduling import SchedulingListener
        from fairlead_airflow.starting import StartingListener

        for note in bootstrap.apply().left_alone:
            log.debug("Fairlead leaves alone: %s", note)
        if conf.is_disabled():
            return
        from airflow.providers.openlineage.plugins.listener import get_openlineage_listener
        from airflow.providers.openlineage.plugins.openlineage import OpenLineageProviderPlugin

        listener = get_openlineage_listener()
        for operator in extractors.register(listener.extractor_manager):
            log.debug("Fairlead leaves alone: the extractor registered for %s", operator)
        cls.listeners = [FreshTaskListener()]
        if bootstrap.is_ours():  # other transports may be slow, and would be asked for nothing more
            compat.remember_asset_events()
            cls.listeners += [InstancesListener(listener), ObservedListener()]
            cls.listeners += [StartingListener(), SchedulingListener()]
            for module in _OF_EVERY_EVENT:
                import_module(module)
        if not OpenLineageProviderPlugin.listeners:
            # Its plugin was loaded before its options were set. That happens only where Airflow was
            # configured not to load policies; see `fairlead_airflow.policy`.
            from airflow.providers.common.compat.sdk import HookLineageReader

            cls.listeners = [listener, *cls.listeners]
            cls.hook_lineage_readers = [HookLineageReader]
