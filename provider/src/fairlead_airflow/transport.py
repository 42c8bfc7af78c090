"""The durable transport as Airflow uses it: configured by `[fairlead]` and the connection."""

from __future__ import annotations

import logging
from dataclasses import replace
from socket import gethostname
from typing import Any

import attrs
from openlineage.client.transport.transport import Config as TransportConfig

from fairlead_airflow import compat
from fairlead_airflow.config import Config, airflow_reader, connection_destination
from fairlead_airflow.protect import Rules, bare, fit, mask
from fairlead_airflow.shield import shielded
from fairlead_sdk.documents import Json
from fairlead_sdk.process import ensure_delivery, needs_attention
from fairlead_sdk.settings import Settings
from fairlead_sdk.transport import DurableConfig, DurableTransport

log = logging.getLogger(__name__)

_METRICS = {
    "delivered": "fairlead.events.delivered",
    "rejected": "fairlead.events.rejected",
    "damaged": "fairlead.events.damaged",
    "dropped": "fairlead.events.dropped",
    "failures": "fairlead.deliveries.failed",
}  # refused events are reported at once, as lost


@attrs.define
class FairleadConfig(TransportConfig):
    """Holds nothing: what the client merges into a transport's config is not ours to obey."""

    @classmethod
    def from_dict(cls, params: dict[str, object]) -> FairleadConfig:
        return cls()


class FairleadTransport(DurableTransport):
    """Keeps events on the worker's disk and sees to their delivery. Never raises."""

    config_class = FairleadConfig

    def __init__(self, config: FairleadConfig | None = None) -> None:
        self._config = read_config()
        static = self._config.static_destination()
        super().__init__(
            DurableConfig(Settings.from_dict({**self._config.spool, **(static or {})}))
        )
        self._is_static = static is not None
        self._rules = Rules(
            compat.mask_value, compat.hides_key, self._config.mask_keys, self._config.mask_patterns
        )

    def emit(self, event: Any) -> None:
        try:
            super().emit(event)
        except Exception:  # the task goes on
            compat.count("fairlead.events.lost")
            log.exception("A lineage event was lost: the spool in %s refused it", self.spool.folder)
            return
        compat.count("fairlead.events.spooled")
        self._report_metrics()

    def _report_metrics(self) -> None:
        """Report the outcomes of earlier events; the deliverer has no access to Airflow's metrics."""
        with shielded(log, "No metrics of the spool", level=logging.DEBUG):
            unreported = self.spool.take_unreported().by_name()
            for name, metric in _METRICS.items():
                if unreported[name]:
                    compat.count(metric, unreported[name])
            compat.gauge("fairlead.spool.bytes", self.spool.size(), {"host": gethostname()})

    def left_behind(self, waited: float) -> None:
        """Events are left in the spool after `waited` seconds at the end of a task."""
        super().left_behind(waited)
        compat.count("fairlead.waits.expired")

    def store(self, event: Json) -> None:
        super().store(self._protected(event))

    def _protected(self, event: dict[str, object]) -> dict[str, object]:
        try:
            return fit(mask(event, self._rules), self._config.max_event_bytes)
        except Exception as error:  # events hold whatever operators put into them
            log.exception("A lineage event could not be masked and travels without its facets")
            return bare(event, f"masking failed: {type(error).__name__}")

    def see_to_delivery(self) -> None:
        """With a connection, read it only when a deliverer must be started: reading takes a while."""
        if self._is_static:
            super().see_to_delivery()
        elif needs_attention(self.spool):
            ensure_delivery(resolve(self._config))


def read_config() -> Config:
    """`[fairlead]` as this process sees it."""
    return Config.read(airflow_reader(compat.conf()), compat.home())


def resolve(config: Config) -> Settings:
    """Everything the delivery needs, with the connection looked up if it has the address."""
    settings = Settings.from_dict({**config.spool, **(config.static_destination() or {})})
    if settings.destination:
        return settings
    destination = connection_destination(compat.get_connection(config.conn_id))
    full = Settings.from_dict({**config.spool, **destination})
    return replace(settings, destination=full.destination)
