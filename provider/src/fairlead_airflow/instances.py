"""State and times of every task instance from Airflow's database, sent when a DAG run ends.

A task's own events come from its process, which does not know when its supervisor had it started, nor
when the state of a failed or skipped one was set; and tasks that never ran (skipped by a branch, upstream
failed, empty) have no event at all. The scheduler knows. So it sends one more event for the DAG's
run, of type OTHER, with the run facet `fairlead_instances`: each try of each instance as Airflow
shows it. A very large DAG run makes several such events.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import cache
from typing import Any

from fairlead_airflow import compat, deployment
from fairlead_airflow.compat.objects import DagRun
from fairlead_airflow.shield import shielded
from fairlead_sdk.documents import Json

log = logging.getLogger(__name__)

_PER_EVENT = 1000
#: Maximum of tries sent for one DAG run. Querying them, and handing them on, takes the scheduler about 0.2 s.
_MOST = 20_000
_SCHEMA = "urn:fairlead:facets:1-0-0:FairleadInstancesRunFacet"


class InstancesListener:
    """Listens to the ends of DAG runs, in the scheduler and, for manually marked runs, the api-server."""

    def __init__(self, openlineage: Any) -> None:
        """`openlineage` is OpenLineage's listener, whose worker process sends."""
        self._openlineage = openlineage

    @compat.hookimpl
    def on_dag_run_success(self, dag_run: DagRun, msg: str) -> None:
        self._send(dag_run)

    @compat.hookimpl
    def on_dag_run_failed(self, dag_run: DagRun, msg: str) -> None:
        self._send(dag_run)

    def _send(self, dag_run: DagRun) -> None:
        with shielded(log, "The instances of a DAG run could not be sent"):
            from airflow.providers.openlineage.utils.emission_policy import (
                resolve_dag_emission_policy,
            )

            if not resolve_dag_emission_policy(dag_run.dag_id, dag=dag_run.dag).emit:
                return
            # Here only what the database must be asked for; the rest is done in another process.
            facts = compat.database.dag_run_facts(dag_run)
            facts["deployment"] = deployment.name_of(dag_run)
            instances, left_out = compat.database.instance_rows(dag_run, _MOST)
            sending = self._openlineage.submit_callable(send, facts, instances, left_out)
            sending.add_done_callback(count_if_lost)


def count_if_lost(sending: Future[None]) -> None:
    """The process that sends was killed before it had sent."""
    if sending.cancelled() or sending.exception() is not None:
        compat.count("fairlead.events.lost")


def send(
    facts: Mapping[str, Any], instances: Iterable[Mapping[str, Any]], left_out: int = 0
) -> None:
    """Send the events. Runs in the process that sends OpenLineage's own events of DAG runs."""
    from airflow.providers.openlineage import conf
    from airflow.providers.openlineage.plugins.adapter import OpenLineageAdapter

    run_id = OpenLineageAdapter.build_dag_run_id(
        dag_id=facts["dag_id"],
        logical_date=facts["logical_date"] or facts["run_after"],
        clear_number=facts["clear_number"],
    )
    for event in events(facts, instances, run_id, conf.namespace(), left_out):
        _client().transport.emit(event)


@cache
def _client() -> Any:
    from airflow.providers.openlineage.plugins.adapter import OpenLineageAdapter

    return OpenLineageAdapter().get_or_create_openlineage_client()


def events(
    facts: Mapping[str, Any],
    instances: Iterable[Mapping[str, Any]],
    run_id: str,
    namespace: str,
    left_out: int = 0,
) -> Iterator[Json]:
    """The events, as plain dicts. Times become ISO 8601 in UTC, what is not known is left out.

    Each says how many tries of the DAG run are in none of the events, where there are any.
    """
    from openlineage.client.generated.base import PRODUCER  # set by OpenLineage's provider

    rows = [_instance(row) for row in instances]
    name = facts.get("deployment")
    who = {deployment.FACET: deployment.facet(name, PRODUCER)} if name else {}
    for start in range(0, len(rows), _PER_EVENT):
        facet = {
            "_producer": PRODUCER,
            "_schemaURL": _SCHEMA,
            "dagId": facts["dag_id"],
            "dagRunId": facts["run_id"],
            "state": facts["state"],
            "instances": rows[start : start + _PER_EVENT],
            **({"leftOut": left_out} if left_out else {}),
        }
        yield {
            "eventType": "OTHER",
            "eventTime": _iso(facts["end_date"] or datetime.now(UTC)),
            "producer": PRODUCER,
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
            "run": {"runId": run_id, "facets": {"fairlead_instances": facet, **who}},
            "job": {"namespace": namespace, "name": facts["dag_id"], "facets": {}},
            "inputs": [],
            "outputs": [],
        }


_KEYS = {
    "task_id": "taskId",
    "map_index": "mapIndex",
    "try_number": "tryNumber",
    "max_tries": "maxTries",
    "state": "state",
    "start_date": "startedAt",
    "end_date": "endedAt",
    "duration": "duration",
    "queued_dttm": "queuedAt",
    "operator": "operator",
    "pool": "pool",
    "queue": "queue",
    "rendered_map_index": "renderedMapIndex",
    "waits_for": "waitsFor",
}


def _instance(row: Mapping[str, Any]) -> Json:
    result = {}
    for column, key in _KEYS.items():
        value = row.get(column)
        if value is None or (column == "map_index" and value < 0):
            continue
        result[key] = _iso(value) if isinstance(value, datetime) else value
    return result


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
