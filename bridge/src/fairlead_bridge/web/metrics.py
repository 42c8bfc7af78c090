"""GET /metrics, for Prometheus: what this process and its worker count, and how the queues stand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import sqlalchemy as sa
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry
from prometheus_client.core import GaugeMetricFamily

from fairlead_bridge import inbox, outbox, telemetry
from fairlead_bridge.db.engine import reading


def router(
    engine: sa.Engine, sinks: Sequence[str], worker_metrics: Callable[[], bytes]
) -> APIRouter:
    routes = APIRouter()
    queues = CollectorRegistry()
    queues.register(_Queues(engine, sinks))

    @routes.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        """Prometheus text."""
        parts = (
            telemetry.exposition(telemetry.WEB),
            worker_metrics(),
            telemetry.exposition(queues),
        )
        return Response(b"".join(parts), media_type=CONTENT_TYPE_LATEST)

    return routes


class _Queues:
    """How many wait, read from the database when asked."""

    def __init__(self, engine: sa.Engine, sinks: Sequence[str]) -> None:
        self._engine = engine
        self._sinks = sinks

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing, so that being registered does not ask the database."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with reading(self._engine) as tx:
            room = inbox.counts(tx)
            owed = outbox.counts(tx, self._sinks, time.time_ns() // 1000)
        yield GaugeMetricFamily(
            "fairlead_inbox_waiting", "Events not yet absorbed", value=room.waiting
        )
        yield GaugeMetricFamily(
            "fairlead_inbox_quarantined", "Events not understood", value=room.quarantined
        )
        for state in ("waiting", "rejected", "in_sync"):
            family = GaugeMetricFamily(
                f"fairlead_sink_{state}", f"Catalog entries by sink: {state}", labels=["sink"]
            )
            for sink, count in owed.items():
                family.add_metric([sink], getattr(count, state))
            yield family
