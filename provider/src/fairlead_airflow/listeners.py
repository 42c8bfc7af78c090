"""
Listeners for what OpenLineage's own does not report: asset events, and DAG files that cannot be
imported.

Airflow calls these listeners where nothing may wait: the api-server is answering a task's supervisor,
the dag-processor is in its loop. So they only copy the facts; a background thread builds the events
and passes them to the transport. In Airflow 2 the task itself reports asset events, and a process that
ends right afterwards reports import errors: there the thread has until then.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from fairlead_airflow import compat
from fairlead_airflow.asset_events import asset_facts, asset_update
from fairlead_airflow.background import LAST_SECONDS, Background
from fairlead_airflow.broken import BrokenFiles
from fairlead_airflow.compat.objects import Asset, Component
from fairlead_airflow.import_errors import import_error, import_recovered
from fairlead_airflow.shield import shielded
from fairlead_sdk.documents import Json

log = logging.getLogger(__name__)


class Transport:
    """The durable transport, constructed with the first event; used by one thread only."""

    def __init__(self) -> None:
        self._transport: Any = None

    def emit(self, event: Json) -> None:
        if self._transport is None:
            from fairlead_airflow.transport import FairleadTransport

            self._transport = FairleadTransport()
        self._transport.emit(event)


class ObservedListener:
    """Receives asset events in the api-server (in Airflow 2 in tasks and the webserver), and import
    errors in the dag-processor."""

    def __init__(self, emit: Callable[[Json], None] | None = None) -> None:
        """`emit` takes an event; without it, the durable transport does."""
        self._emit = emit or Transport().emit
        self.background = Background(self._send)
        self._broken = BrokenFiles(self._recovered)

    @compat.hookimpl
    def on_starting(self, component: Component) -> None:
        """A task forks to send its own events, and a fork beside a busy thread may hang."""
        if compat.is_task(component):
            self.background.hold()

    @compat.hookimpl
    def before_stopping(self, component: Component) -> None:
        self.background.flush(LAST_SECONDS)

    @compat.hookimpl
    def on_asset_event_emitted(self, asset_event: Any) -> None:
        with shielded(log, "An asset event could not be reported"):
            self.background.put((asset_update, asset_facts(asset_event), datetime.now(UTC)))

    @compat.hookimpl
    def on_asset_changed(self, asset: Asset) -> None:
        self._changed(asset)

    @compat.hookimpl
    def on_dataset_changed(self, dataset: Asset) -> None:
        self._changed(dataset)

    def _changed(self, asset: Asset) -> None:
        """Airflow before 3.2 passes the asset alone."""
        event = compat.asset_event_of(asset)
        if event is not None:
            self.on_asset_event_emitted(event)

    @compat.hookimpl
    def on_new_dag_import_error(self, filename: str, stacktrace: str) -> None:
        with shielded(log, "An import error could not be reported"):
            facts = {"file": str(filename), "trace": str(stacktrace)}
            self.background.put((import_error, facts, datetime.now(UTC)))
            if compat.import_errors_are_reported_at_exit():
                self.background.flush(LAST_SECONDS)
            else:
                self._broken.add(str(filename), time.monotonic())

    @compat.hookimpl
    def on_existing_dag_import_error(self, filename: str, stacktrace: str) -> None:
        """At each look that Airflow takes at the file, also after a restart."""
        with shielded(log, "An import error could not be noted"):
            if not compat.import_errors_are_reported_at_exit():
                self._broken.add(str(filename), time.monotonic())

    def _recovered(self, file: str) -> None:
        self.background.put((import_recovered, {"file": file}, datetime.now(UTC)))

    def _send(self, entry: tuple[Callable[..., Any], Mapping[str, Any], datetime]) -> None:
        make, facts, at = entry
        event = make(facts, at)
        if event is not None:
            self._emit(event)
