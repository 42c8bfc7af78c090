"""What OpenLineage's listener does not hear: asset events with what was said of them, and DAG files
that cannot be read.

Airflow calls these listeners where nobody may wait: the api-server is answering a task's supervisor,
the dag-processor is in its loop. So they only take down the facts; a thread of our own makes the
events and hands them to the transport. In Airflow 2 it is the task itself that tells asset events,
and a process that ends right afterwards which tells import errors: there the thread has until then.
"""

from __future__ import annotations

import atexit
import logging
import os
import queue
import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from fairlead_airflow import compat
from fairlead_airflow.broken import BrokenFiles
from fairlead_airflow.lineage.naming import identity
from fairlead_sdk.datasets import Identity, of_asset

log = logging.getLogger(__name__)

_SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs"
_ASSET_SCHEMA = "urn:fairlead:facets:1-0-0:FairleadAssetDatasetFacet"
_IMPORT_SCHEMA = "urn:fairlead:facets:1-0-0:FairleadImportErrorRunFacet"
_ERROR_SCHEMA = "https://openlineage.io/spec/facets/1-0-1/ErrorMessageRunFacet.json"
_METRICS_SCHEMA = "https://openlineage.io/spec/facets/1-0-1/DataQualityMetricsDatasetFacet.json"
_JOB_TYPE_SCHEMA = "https://openlineage.io/spec/facets/2-0-4/JobTypeJobFacet.json"

_ROWS = ("row_count", "rowCount", "rows", "num_rows")
_BYTES = ("byte_count", "bytes", "size")

#: So many may wait for the thread; those beyond are dropped and counted.
_WAITING = 10_000
#: Seconds that a process which ends gives the thread.
_LAST_SECONDS = 2.0


class Background:
    """Calls `work` with one thing after the other, in a thread of its own; `put` never waits."""

    def __init__(self, work: Callable[[Any], None], waiting: int = _WAITING) -> None:
        self._work = work
        self._queue: queue.Queue[Any] = queue.Queue(waiting)
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()
        self._held = False
        self._lock = threading.Lock()
        atexit.register(self.flush, _LAST_SECONDS)

    def put(self, thing: Any) -> bool:
        """False where too much waits already: it is dropped, and counted."""
        self._see_to_thread(needed=not self._held)
        try:
            self._queue.put_nowait(thing)
        except queue.Full:
            compat.count("fairlead.events.lost")
            log.warning("A lineage event was lost: %s wait to be written", self._queue.qsize())
            return False
        return True

    def hold(self) -> None:
        """From now on nothing is done before `flush`."""
        self._held = True

    def flush(self, seconds: float) -> bool:
        """Wait until nothing waits any more, at most so long; whether that is so."""
        self._see_to_thread(needed=bool(self._queue.unfinished_tasks))
        end = time.monotonic() + seconds
        while self._queue.unfinished_tasks and time.monotonic() < end:
            time.sleep(0.01)
        return not self._queue.unfinished_tasks

    def _see_to_thread(self, *, needed: bool) -> None:
        with self._lock:
            if self._pid != os.getpid():  # a fork: what waits is the parent's to send
                self._pid, self._thread = os.getpid(), None
                self._queue = queue.Queue(self._queue.maxsize)
            if needed and not (self._thread and self._thread.is_alive()):
                self._thread = threading.Thread(
                    target=self._run, args=(self._queue,), name="fairlead-observed", daemon=True
                )
                self._thread.start()

    def _run(self, waiting: queue.Queue[Any]) -> None:
        while True:
            thing = waiting.get()
            try:
                self._work(thing)
            except Exception:
                compat.count("fairlead.events.lost")
                log.warning("A lineage event could not be made", exc_info=True)
            finally:
                waiting.task_done()


class ObservedListener:
    """Hears of asset events in the api-server (in Airflow 2 in tasks and the webserver), and of
    import errors in the dag-processor."""

    def __init__(self, emit: Callable[[dict[str, Any]], None] | None = None) -> None:
        """`emit` takes an event; without it, our transport."""
        self._emit = emit or _to_transport
        self.background = Background(self._send)
        self._broken = BrokenFiles(self._mended)

    @compat.hookimpl
    def on_starting(self, component: Any) -> None:
        """A task forks to send its own events, and a fork beside a busy thread may hang."""
        if compat.is_task(component):
            self.background.hold()

    @compat.hookimpl
    def before_stopping(self, component: Any) -> None:
        self.background.flush(_LAST_SECONDS)

    @compat.hookimpl
    def on_asset_event_emitted(self, asset_event: Any) -> None:
        try:
            self.background.put((asset_update, asset_facts(asset_event), datetime.now(UTC)))
        except Exception:  # Airflow must go on
            log.warning("An asset event could not be told", exc_info=True)

    @compat.hookimpl
    def on_asset_changed(self, asset: Any) -> None:
        self._changed(asset)

    @compat.hookimpl
    def on_dataset_changed(self, dataset: Any) -> None:
        self._changed(dataset)

    def _changed(self, asset: Any) -> None:
        """How Airflow before 3.2 tells it."""
        event = compat.asset_event_of(asset)
        if event is not None:
            self.on_asset_event_emitted(event)

    @compat.hookimpl
    def on_new_dag_import_error(self, filename: str, stacktrace: str) -> None:
        try:
            facts = {"file": str(filename), "trace": str(stacktrace)}
            self.background.put((import_error, facts, datetime.now(UTC)))
            if compat.import_errors_are_told_on_the_way_out():
                self.background.flush(_LAST_SECONDS)
            else:
                self._broken.add(str(filename), time.monotonic())
        except Exception:  # Airflow must go on
            log.warning("An import error could not be told", exc_info=True)

    @compat.hookimpl
    def on_existing_dag_import_error(self, filename: str, stacktrace: str) -> None:
        """At each look that Airflow takes at the file, also after a restart."""
        try:
            if not compat.import_errors_are_told_on_the_way_out():
                self._broken.add(str(filename), time.monotonic())
        except Exception:  # Airflow must go on
            log.warning("An import error could not be kept in mind", exc_info=True)

    def _mended(self, file: str) -> None:
        self.background.put((import_mended, {"file": file}, datetime.now(UTC)))

    def _send(self, told: tuple[Callable[..., Any], Mapping[str, Any], datetime]) -> None:
        make, facts, at = told
        event = make(facts, at)
        if event is not None:
            self._emit(event)


_transport: list[Any] = []


def _to_transport(event: dict[str, Any]) -> None:
    """Only ever called by the one thread."""
    if not _transport:
        from fairlead_airflow.transport import FairleadTransport

        _transport.append(FairleadTransport())
    _transport[0].emit(event)


# --- asset events ---------------------------------------------------------------------------


def asset_facts(event: Any) -> dict[str, Any]:
    """What Airflow's asset event says, without any of Airflow's own objects."""
    asset = event.asset
    return {
        "name": getattr(asset, "name", None),
        "uri": getattr(asset, "uri", None),
        "group": getattr(asset, "group", None),
        "extra": dict(event.extra or {}),
        "asset_extra": dict(getattr(asset, "extra", None) or {}),
        "dag_id": getattr(event, "source_dag_id", None),
        "task_id": getattr(event, "source_task_id", None),
        "run_id": getattr(event, "source_run_id", None),
        "map_index": getattr(event, "source_map_index", None),
        "aliases": [alias.name for alias in getattr(event, "source_aliases", None) or ()],
        "partition_key": getattr(event, "partition_key", None),
    }


def asset_update(facts: Mapping[str, Any], at: datetime) -> dict[str, Any] | None:
    """A DatasetEvent with the facet `fairlead_asset`; None for what is no dataset, or not wanted.

    An event that no task caused (somebody told Airflow's API) says itself that the dataset is fresh; for
    the others the task's own run does.
    """
    if facts["dag_id"] and not _is_wanted(facts["dag_id"]):
        return None
    named = _dataset(facts)
    if named is None:
        return None
    producer = _producer()
    metrics = _metrics(facts["extra"])
    if not facts["dag_id"]:
        metrics["lastUpdated"] = at.isoformat()
    facets = {"fairlead_asset": _facet(producer, _ASSET_SCHEMA, _asset_body(facts))}
    if metrics:
        facets["dataQualityMetrics"] = _facet(producer, _METRICS_SCHEMA, metrics)
    return {
        "eventTime": at.isoformat(),
        "producer": producer,
        "schemaURL": f"{_SPEC}/DatasetEvent",
        "dataset": {"namespace": named[0], "name": named[1], "facets": facets},
    }


def _asset_body(facts: Mapping[str, Any]) -> dict[str, Any]:
    map_index = facts["map_index"]
    source = {
        "dagId": facts["dag_id"],
        "taskId": facts["task_id"],
        "dagRunId": facts["run_id"],
        "mapIndex": map_index if map_index is not None and map_index >= 0 else None,
    }
    body = {
        "name": facts["name"],
        "uri": facts["uri"],
        "group": facts["group"],
        "extra": facts["extra"],
        "assetExtra": facts["asset_extra"],
        "source": {name: value for name, value in source.items() if value is not None},
        "aliases": facts["aliases"],
        "partitionKey": facts["partition_key"],
    }
    return {name: value for name, value in body.items() if value not in (None, {}, [], "")}


def _metrics(extra: Mapping[str, Any]) -> dict[str, Any]:
    """Rows and bytes, where the author used one of the usual names."""
    found: dict[str, Any] = {}
    for key, names in (("rowCount", _ROWS), ("bytes", _BYTES)):
        for name in names:
            value = extra.get(name)
            if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
                found.setdefault(key, value)
    return found


def _dataset(facts: Mapping[str, Any]) -> Identity | None:
    """The name that the task's own events use."""
    try:
        return identity(facts["uri"])
    except ValueError:
        return of_asset(facts["uri"], facts["name"])


def _is_wanted(dag_id: str) -> bool:
    from airflow.providers.openlineage.utils.emission_policy import resolve_dag_emission_policy

    return bool(resolve_dag_emission_policy(dag_id).emit)


# --- DAG files that cannot be read ----------------------------------------------------------


def import_error(facts: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """A failed run of the job that is the DAG file; its message is the trace's last line."""
    producer = _producer()
    lines = [line for line in facts["trace"].splitlines() if line.strip()]
    message = lines[-1].strip() if lines else "the DAG file cannot be read"
    error = {
        "message": message,
        "programmingLanguage": "PYTHON",
        "stackTrace": facts["trace"],
    }
    told = {"file": facts["file"], "message": message}
    run_facets = {
        "errorMessage": _facet(producer, _ERROR_SCHEMA, error),
        "fairlead_import_error": _facet(producer, _IMPORT_SCHEMA, told),
    }
    return _run_of_file("FAIL", facts["file"], at, run_facets)


def import_mended(facts: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """A successful run of the same job: the file can be read again, or is gone."""
    return _run_of_file("COMPLETE", facts["file"], at, {})


def _run_of_file(
    event_type: str, file: str, at: datetime, run_facets: dict[str, Any]
) -> dict[str, Any]:
    from airflow.providers.openlineage import conf
    from openlineage.client.uuid import generate_new_uuid

    producer = _producer()
    kind = {"integration": "AIRFLOW", "jobType": "DAG_FILE", "processingType": "BATCH"}
    return {
        "eventType": event_type,
        "eventTime": at.isoformat(),
        "producer": producer,
        "schemaURL": f"{_SPEC}/RunEvent",
        "run": {"runId": str(generate_new_uuid(at)), "facets": run_facets},
        "job": {
            "namespace": conf.namespace(),
            "name": relative(file, compat.conf().get("core", "dags_folder")),
            "facets": {"jobType": _facet(producer, _JOB_TYPE_SCHEMA, kind)},
        },
        "inputs": [],
        "outputs": [],
    }


_CHECKOUT = re.compile(r".*/(?:tracking_repo|versions/[^/]+)/")
"""Where Git bundles keep their files: the way there says nothing, and changes with each version."""


def relative(file: str, dags_folder: str) -> str:
    """The file's path inside its bundle, as far as can be told."""
    folder = f"{dags_folder.rstrip('/')}/"
    if file.startswith(folder):
        return file[len(folder) :]
    return _CHECKOUT.sub("", file, count=1)


def _facet(producer: str, schema: str, body: Mapping[str, Any]) -> dict[str, Any]:
    return {"_producer": producer, "_schemaURL": schema, **body}


def _producer() -> str:
    from openlineage.client.generated.base import PRODUCER  # set by OpenLineage's provider

    return str(PRODUCER)
