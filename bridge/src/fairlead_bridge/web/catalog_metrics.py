"""
GET /metrics/catalog, for Prometheus: how jobs, datasets and incidents stand.

Each job and dataset is several series, so patterns choose among them and a limit bounds them; what
the limit leaves out is counted. Answers are computed at most once in `EVERY` seconds, however many
servers scrape.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric

from fairlead_bridge import telemetry
from fairlead_bridge.access.scope import Scope
from fairlead_bridge.queries import series
from fairlead_bridge.queries.snapshot import Row
from fairlead_bridge.web.needs import CallerScope, needs
from fairlead_bridge.web.parameters import Catalog

#: Seconds for which an answer is served again.
EVERY = 30.0
#: Scopes whose answers are remembered.
SCOPES = 100


class CatalogMetrics:
    """
    The text for each scope; `patterns` are of node names, `limit` bounds jobs and datasets each.
    """

    def __init__(self, catalog: Catalog, patterns: Sequence[str], limit: int) -> None:
        self._catalog = catalog
        self._patterns = patterns
        self._limit = limit
        self._lock = threading.Lock()
        self._cached: dict[Scope, _Cached] = {}

    def text(self, scope: Scope) -> bytes:
        """What its caller sees, as Prometheus reads it; at most `EVERY` seconds old."""
        return self._of(scope).text(time.monotonic())

    def _of(self, scope: Scope) -> _Cached:
        with self._lock:
            if len(self._cached) > SCOPES:
                self._cached.clear()
            if scope not in self._cached:
                registry = CollectorRegistry()
                registry.register(_Catalog(self._catalog, scope, self._patterns, self._limit))
                self._cached[scope] = _Cached(registry)
            return self._cached[scope]


async def _metrics(request: Request) -> CatalogMetrics:
    metrics: CatalogMetrics = request.app.state.catalog_metrics
    return metrics


router = APIRouter(dependencies=[needs("viewer")])


@router.get("/metrics/catalog", include_in_schema=False)
def catalog_metrics(
    metrics: Annotated[CatalogMetrics, Depends(_metrics)], scope: CallerScope
) -> Response:
    """Prometheus text."""
    return Response(metrics.text(scope), media_type=CONTENT_TYPE_LATEST)


class _Cached:
    """The text of a registry, computed at most once in `EVERY` seconds."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._lock = threading.Lock()
        self._text, self._until = b"", 0.0

    def text(self, now: float) -> bytes:
        with self._lock:
            if now >= self._until:
                self._text = telemetry.exposition(self._registry)
                self._until = now + EVERY
            return self._text


class _Catalog:
    def __init__(self, catalog: Catalog, scope: Scope, patterns: Sequence[str], limit: int) -> None:
        self._catalog = catalog
        self._scope = scope
        self._patterns = patterns
        self._limit = limit

    def describe(self) -> Iterator[Metric]:
        """Nothing, so that registration does not query the database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        with self._catalog.open(self._scope) as snapshot:
            runs, jobs_left_out = series.jobs(snapshot, self._is_wanted, self._limit)
            datasets, datasets_left_out = series.datasets(snapshot, self._is_wanted, self._limit)
            incidents = series.open_incidents(snapshot)
        yield from _of_jobs(runs)
        yield from _of_datasets(datasets)
        labels = ["namespace", "owner", "state", "severity"]
        counts = _family("incidents", "Incidents that are not resolved", labels)
        for values, count in sorted(incidents.items()):
            counts.add_metric(values, count)
        yield counts
        left_out = _family("catalog_left_out", "Nodes beyond the limit of series", ["kind"])
        left_out.add_metric(["job"], jobs_left_out)
        left_out.add_metric(["dataset"], datasets_left_out)
        yield left_out

    def _is_wanted(self, node: str) -> bool:
        return any(pattern == "*" or fnmatchcase(node, pattern) for pattern in self._patterns)


def _of_jobs(runs: Sequence[Row]) -> Iterator[Metric]:
    names = ["namespace", "job"]
    state = _family("job_last_run_state", "State of the newest run: 1", [*names, "state"])
    seconds = _family("job_last_run_duration_seconds", "Duration of the newest run", names)
    began = _family("job_last_run_start_timestamp_seconds", "Start of the newest run", names)
    for run in runs:
        labels = [run.job_namespace, run.job_name]
        state.add_metric([*labels, run.state], 1)
        _add(seconds, labels, run.duration)
        _add(began, labels, _seconds(run.started_at))
    yield from (state, seconds, began)


def _of_datasets(datasets: Sequence[series.DatasetFigures]) -> Iterator[Metric]:
    names = ["namespace", "dataset"]
    written = _family("dataset_written_timestamp_seconds", "Newest successful write", names)
    expected = _family(
        "dataset_expected_by_timestamp_seconds",
        "When the next write is expected at the latest",
        names,
    )
    standing = _family(
        "dataset_standing", "Standing at the last evaluation: 1", [*names, "standing"]
    )
    for each in datasets:
        labels = [each.asset.namespace, each.asset.name]
        _add(written, labels, _seconds(each.asset.written_at))
        _add(expected, labels, _seconds(each.expected_by))
        if each.standing is not None:
            standing.add_metric([*labels, each.standing], 1)
    yield from (written, expected, standing)


def _family(name: str, about: str, labels: Sequence[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"fairlead_{name}", about, labels=labels)


def _add(family: GaugeMetricFamily, labels: Sequence[str], value: float | None) -> None:
    if value is not None:
        family.add_metric(labels, value)


def _seconds(at: int | None) -> float | None:
    return None if at is None else at / 1e6
