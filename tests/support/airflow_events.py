"""Made-up Airflow-like events of realistic size, the same for the same numbers."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

PRODUCER = "https://github.com/apache/airflow/tree/providers-openlineage/2.20.3"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def airflow_events(count: int, dags: int = 50, tasks: int = 10, seed: int = 1) -> Iterator[bytes]:
    """
    `count` events of 2 to 15 kB: START and COMPLETE of tasks that each read two tables of 20 to
    100 columns and write one with column lineage, run by run, DAG after DAG.
    """
    random_ = random.Random(seed)
    shapes = {
        (dag, task): _Shape(dag, task, random_.randint(20, 100))
        for dag in range(dags)
        for task in range(tasks)
    }
    made = 0
    number = 0
    while made < count:
        when = BEGIN + timedelta(seconds=number)
        for dag in range(dags):
            for task in range(tasks):
                for body in shapes[dag, task].run(number, when + timedelta(seconds=dag + task)):
                    yield body
                    made += 1
                    if made >= count:
                        return
        number += 1


class _Shape:
    """One task of one DAG: what stays the same in all its events."""

    def __init__(self, dag: int, task: int, columns: int) -> None:
        self.dag_id = f"dag_{dag:03}"
        self.task_id = f"group.task_{task:02}"
        fields = [{"name": f"column_{i:03}", "type": "VARCHAR(255)"} for i in range(columns)]
        facet = {"_producer": PRODUCER, "_schemaURL": "https://openlineage.io/spec/facets/1-2-0/X"}
        schema = {**facet, "fields": fields}
        names = [f"shop.core.table_{dag:03}_{task + back:02}" for back in (0, 1, 2)]
        self.inputs = [_dataset(name, {"schema": schema}) for name in names[:2]]
        lineage = {
            **facet,
            "fields": {
                field["name"]: {
                    "inputFields": [
                        {"namespace": NAMESPACE, "name": names[0], "field": field["name"]}
                    ]
                }
                for field in fields
            },
        }
        self.outputs = [_dataset(names[2], {"schema": schema, "columnLineage": lineage})]
        self.job_facets = {
            "jobType": {
                **facet,
                "integration": "AIRFLOW",
                "jobType": "TASK",
                "processingType": "BATCH",
            },
            "ownership": {**facet, "owners": [{"name": "data-team"}]},
            "sql": {**facet, "query": f"INSERT INTO {names[2]} SELECT * FROM {names[0]}" * 4},
        }

    def run(self, number: int, when: datetime) -> Iterator[bytes]:
        run_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.dag_id}.{self.task_id}.{number}"))
        dag_run = f"scheduled__{number:08}"
        yield self._event("START", run_id, dag_run, when, [], [])
        end = when + timedelta(seconds=3)
        yield self._event("COMPLETE", run_id, dag_run, end, self.inputs, self.outputs)

    def _event(
        self,
        kind: str,
        run_id: str,
        dag_run: str,
        when: datetime,
        inputs: list[dict[str, Any]],
        outputs: list[dict[str, Any]],
    ) -> bytes:
        airflow = {
            "dag": {"dag_id": self.dag_id, "owner": "data-team", "tags": "['core']"},
            "dagRun": {"dag_id": self.dag_id, "run_id": dag_run, "run_type": "scheduled"},
            "task": {
                "task_id": self.task_id,
                "operator_class": "SQLExecuteQueryOperator",
                "operator_class_path": "airflow.providers.common.sql.operators.sql.SQLExecuteQueryOperator",
                "retries": 2,
                "upstream_task_ids": "[]",
                "downstream_task_ids": "[]",
                "inlets": "[]",
                "outlets": "[]",
                "doc": "x" * 600,
            },
            "taskInstance": {"try_number": 1, "log_url": f"http://airflow/{self.dag_id}/{dag_run}"},
        }
        parent = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.dag_id}.{dag_run}"))
        event = {
            "eventTime": when.isoformat(),
            "eventType": kind,
            "producer": PRODUCER,
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
            "run": {
                "runId": run_id,
                "facets": {
                    "airflow": airflow,
                    "parent": {
                        "run": {"runId": parent},
                        "job": {"namespace": "bench", "name": self.dag_id},
                    },
                    "unknownSourceAttribute": {"unknownItems": [{"properties": "x" * 900}]},
                },
            },
            "job": {
                "namespace": "bench",
                "name": f"{self.dag_id}.{self.task_id}",
                "facets": self.job_facets,
            },
            "inputs": inputs,
            "outputs": outputs,
        }
        return json.dumps(event, separators=(",", ":")).encode()


NAMESPACE = "postgres://warehouse.example:5432"


def _dataset(name: str, facets: dict[str, Any]) -> dict[str, Any]:
    return {"namespace": NAMESPACE, "name": name, "facets": facets}
