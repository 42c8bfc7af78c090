"""The durable transport: to this host's disk first, to the receiver in the background.

    {"type": "fairlead_sdk.transport.DurableTransport", "url": "http://bridge:7070"}
    {"type": "fairlead_sdk.transport.DurableTransport", "transport": {"type": "kafka", ...}}

`emit` returns when the event is in the spool, which takes milliseconds whatever state the receiver
is in. It raises only when the disk cannot take it.
"""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from typing import Any

import attrs
from openlineage.client.serde import Serde
from openlineage.client.transport.transport import Config, Transport

from fairlead_sdk.documents import Json
from fairlead_sdk.process import ensure_delivery
from fairlead_sdk.settings import Settings
from fairlead_sdk.spool import Spool

log = logging.getLogger(__name__)

_LOOK = 1.0  # seconds between two looks for a deliverer while waiting
_TERMINAL = frozenset({"COMPLETE", "FAIL", "ABORT"})


@attrs.define
class DurableConfig(Config):
    """`docs/reference/sdk.md` lists the keys."""

    settings: Settings

    @classmethod
    def from_dict(cls, params: dict[str, object]) -> DurableConfig:
        return cls(Settings.from_dict(params))


class DurableTransport(Transport):
    """An OpenLineage transport that loses no events and does not wait for the receiver."""

    kind = "fairlead"
    config_class: type[Config] = DurableConfig

    def __init__(self, config: DurableConfig) -> None:
        self._settings = config.settings
        self._spool = config.settings.open_spool()

    @property
    def spool(self) -> Spool:
        return self._spool

    def emit(self, event: Any) -> None:
        data = Serde.to_dict(event)
        self.store(data)
        wait = self._settings.wait
        if wait and data.get("eventType") in _TERMINAL and not self.close(wait):
            self.left_behind(wait)

    def left_behind(self, waited: float) -> None:
        """Called when the last event of a run was not delivered within `waited` seconds."""
        log.warning(
            "Lineage events are left in %s after %g s; they are lost if that folder ends with this host",
            self._spool.folder,
            waited,
        )

    def store(self, event: Json) -> None:
        """Append one event to the spool and make sure that a deliverer runs."""
        text = json.dumps(event, sort_keys=True, default=_unknown)
        self._spool.append(text, datetime.now(UTC))
        self._try_delivery()

    def _try_delivery(self) -> None:
        try:
            self.see_to_delivery()
        except Exception as error:  # noqa: BLE001 - the events are safe; the next one tries again
            log.warning(
                "Lineage events wait in %s, delivery cannot start: %s", self._spool.folder, error
            )

    def see_to_delivery(self) -> None:
        """Start a deliverer if none runs."""
        ensure_delivery(self._settings)

    def close(self, timeout: float = -1) -> bool:
        """Wait until the spool is empty, at most `timeout` seconds; False if it is not.

        A negative timeout waits without limit, as the OpenLineage client has it. A deliverer that ends
        meanwhile, because it had another destination for example, is replaced.
        """
        end = time.monotonic() + timeout
        look = time.monotonic() + _LOOK
        while not self._spool.is_empty():
            now = time.monotonic()
            if timeout >= 0 and now >= end:
                return False
            if now >= look:
                self._try_delivery()
                look = now + _LOOK
            time.sleep(0.02)
        return True


def _unknown(value: object) -> str:
    # As the OpenLineage client writes what JSON does not know.
    return f"<<non-serializable: {type(value).__qualname__}>>"
