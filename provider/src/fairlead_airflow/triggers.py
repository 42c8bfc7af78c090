"""What waits in the triggerer, without a worker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from asgiref.sync import sync_to_async

from fairlead_airflow import compat
from fairlead_airflow.freshness import Wanted, parse, written_at
from fairlead_airflow.hooks import FairleadHook
from fairlead_sdk.documents import Json
from fairlead_sdk.errors import FairleadError, Refused

log = logging.getLogger(__name__)

_Trigger, _Event = compat.trigger_classes()


class DatasetFreshTrigger(_Trigger):  # type: ignore[misc, valid-type]
    """Fires once, when the dataset is fresh: `{"written_at": ...}`, or `{"error": ...}`.

    Fresh is what was written since `since` (ISO 8601) or in the last `within` seconds. The bridge is
    asked every `poke_interval` seconds, also where it is away.
    """

    def __init__(
        self,
        namespace: str,
        name: str,
        since: str | None,
        within: float | None,
        poke_interval: float,
        fairlead_conn_id: str | None = None,
    ) -> None:
        super().__init__()
        self.namespace = namespace
        self.name = name
        self.since = since
        self.within = within
        self.poke_interval = poke_interval
        self.fairlead_conn_id = fairlead_conn_id

    def serialize(self) -> tuple[str, Json]:
        return (
            "fairlead_airflow.triggers.DatasetFreshTrigger",
            {
                "namespace": self.namespace,
                "name": self.name,
                "since": self.since,
                "within": self.within,
                "poke_interval": self.poke_interval,
                "fairlead_conn_id": self.fairlead_conn_id,
            },
        )

    async def run(self) -> AsyncIterator[Any]:
        wanted = Wanted(parse(self.since) if self.since else None, self.within)
        hook = FairleadHook(self.fairlead_conn_id)
        # The connection is asked for in Airflow's own thread for that, the bridge in another one: one
        # that does not answer must not keep other triggers waiting.
        await sync_to_async(lambda: hook.destination)()
        while True:
            try:
                found = await asyncio.to_thread(self._ask, hook)
            except Refused as error:
                yield _Event({"error": str(error)})
                return
            except FairleadError as error:
                log.warning("The catalog cannot be asked now: %s", error)
            else:
                if found and wanted.met_by(found, datetime.now(UTC)):
                    yield _Event({"written_at": found.isoformat()})
                    return
                log.info("%s %s was written %s", self.namespace, self.name, found or "never")
            await asyncio.sleep(self.poke_interval)

    def _ask(self, hook: FairleadHook) -> datetime | None:
        with hook.client() as client:
            return written_at(client, self.namespace, self.name)
