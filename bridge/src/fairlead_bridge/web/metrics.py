"""GET /metrics, for Prometheus: what this process and its worker count, and how the queues stand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import sqlalchemy as sa
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry
from prometheus_client.core import GaugeMetricFamily

from fairlead_bridge import inbox, outbox, telemetry
from fairlead_bridge.condition import Condition
from fairlead_bridge.db.engine import reading
from fairlead_bridge.web.needs import needs


def router(
    engine: sa.Engine, sinks: Sequence[str], worker: Callable[[], Condition | None]
) -> APIRouter:
    routes = APIRouter(dependencies=[needs("viewer", shows="all")])
    queues = CollectorRegistry()
    queues.register(_Queues(engine, sinks))

    @routes.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        """Prometheus text."""
        condition = worker()
        parts = (
            telemetry.exposition(telemetry.WEB),
            condition.report.metrics if condition and condition.report else b"",
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
        now = time.time_ns() // 1000
        with reading(self._engine) as tx:
            received = inbox.counts(tx)
            by_sink = outbox.counts(tx, self._sinks, now)
        oldest = _age(received.oldest_waiting_at, now)
        for name, about, value in (
            ("waiting", "Events not yet absorbed", received.waiting),
            ("oldest_seconds", "Age of the oldest event not yet absorbed", oldest),
            ("quarantined", "Events not understood", received.quarantined),
        ):
            yield GaugeMetricFamily(f"fairlead_inbox_{name}", about, value=value)
        for state in ("waiting", "rejected", "in_sync"):
            values = {sink: float(getattr(count, state)) for sink, count in by_sink.items()}
            yield _by_sink(state, f"Catalog entries by sink: {state}", values)
        ages = {sink: _age(count.oldest_waiting_at, now) for sink, count in by_sink.items()}
        yield _by_sink("oldest_seconds", "Age of the oldest entry that waits, by sink", ages)


def _by_sink(name: str, about: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"fairlead_sink_{name}", about, labels=["sink"])
    for sink, value in values.items():
        family.add_metric([sink], value)
    return family


def _age(at: int | None, now: int) -> float:
    """Seconds since then; nothing waits: 0."""
    return 0.0 if at is None else max(now - at, 0) / 1e6
