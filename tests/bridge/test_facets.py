"""Each facet that is said to be a fact in the catalog is one: an event brings it, and it is there."""

from __future__ import annotations

import json
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from fairlead_bridge.db.engine import open_database
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.mapping.facets import FACETS, RUN_DATASET_FACETS, RUN_PROPERTIES
from tests.bridge import absorbing, readable
from tests.support.small import airflow_dag, airflow_task, parent, uuid

RUN, JOB, IN, OUT = "j (01)", "n | j", "s3://b | in", "s3://b | out"
TRY = "j in manual_1 try 1"
OTHER = {"namespace": "s3://b", "name": "other"}
CHECK = {"assertions": [{"assertion": "not_null", "success": False, "column": "id"}]}
ORIGIN = {"inputFields": [{"namespace": "s3://b", "name": "in", "field": "a"}]}
TAGS = {"tags": [{"key": "tier", "value": "gold"}]}
OWNERS = {"owners": [{"name": "team:shop", "type": "STEWARD"}]}
DECLARED = {"source": "files", "digest": "1f", "facets": ["tags"]}
CONTRACT = {"id": "orders-1", "name": "orders", "columns": [{"name": "id", "type": "bigint"}]}
CONFIRMED = {"personal": True, "tag": "pii", "by": "jo"}
TEXT = {"description": "One row an order."}
REPORTED = {"dagId": "d", "dagRunId": "manual_1", "taskId": "t", "state": "skipped"}
INSTANCES = {
    "dagId": "d",
    "dagRunId": "manual_1",
    "instances": [{"taskId": "t", "tryNumber": 1, "state": "failed"}],
}
STATED = {
    "entries": [
        {**OTHER, "type": "DATASET", "inputs": [{**OTHER, "name": "more", "type": "DATASET"}]}
    ]
}

Sample = tuple[dict[str, Any], tuple[str, ...], Any]

#: (facet's body, where the catalog has it, what it has there), by entity and name.
SAMPLES: dict[tuple[str, str], Sample] = {
    ("run", "parent"): (parent(uuid(9), "p", "m"), ("jobs", JOB, "inside"), "m | p"),
    ("run", "parentRun"): (parent(uuid(9), "p", "m"), ("jobs", JOB, "inside"), "m | p"),
    ("run", "nominalTime"): (
        {"nominalStartTime": "2026-11-01T00:00:00Z"},
        ("runs", RUN, "nominal"),
        ["2026-11-01T00:00:00Z", None],
    ),
    ("run", "errorMessage"): ({"message": "no"}, ("runs", RUN, "error"), "no"),
    ("run", "spark.exception"): (
        {"message": "aborted", "stackTrace": "at W"},
        ("runs", RUN, "error"),
        "aborted",
    ),
    ("run", "processing_engine"): (
        {"name": "spark", "version": "3.5"},
        ("runs", RUN, "notes", "processing_engine", "version"),
        "3.5",
    ),
    ("run", "externalQuery"): (
        {"externalQueryId": "7f"},
        ("runs", RUN, "notes", "externalQuery", "externalQueryId"),
        "7f",
    ),
    ("run", "extractionError"): (
        {"totalTasks": 2, "failedTasks": 1},
        ("runs", RUN, "notes", "extractionError", "failedTasks"),
        1,
    ),
    ("run", "jobDependencies"): (
        {"upstream": [parent(uuid(9), "p", "m")]},
        ("edges", f"m | p  =>  {JOB}"),
        RUN,
    ),
    ("run", "test"): (
        {"tests": [{"name": "t", "status": "fail"}]},
        ("runs", RUN, "notes", "test", "tests"),
        [{"name": "t", "status": "fail"}],
    ),
    ("run", "tags"): (TAGS, ("runs", RUN, "notes", "tags"), TAGS),
    ("run", "airflow"): (airflow_task("t"), ("runs", TRY, "notes", "operator"), "BashOperator"),
    ("run", "airflowDagRun"): (airflow_dag(), ("jobs", JOB, "facets", "fairlead_dag", "tags"), ["a", "b"]),
    ("run", "airflowState"): (
        {"tasksState": {"t": "upstream_failed"}},
        ("runs", "d.t in manual_1 try 0", "state"),
        "upstream_failed",
    ),
    ("run", "fairlead"): (REPORTED, ("runs", TRY, "state"), "skipped"),
    ("run", "fairlead_instances"): (INSTANCES, ("runs", "d.t in manual_1 try 1", "state"), "failed"),
    ("run", "checkpoints"): ({"completed": 1}, ("jobs", JOB, "processing"), "STREAMING"),
    ("job", "jobType"): ({"jobType": "MODEL"}, ("jobs", JOB, "kind"), "model"),
    ("job", "sql"): ({"query": "select 1"}, ("jobs", JOB, "facets", "sql", "query"), "select 1"),
    ("job", "sourceCodeLocation"): (
        {"type": "git", "url": "https://git.example.com/x"},
        ("jobs", JOB, "facets", "sourceCodeLocation", "url"),
        "https://git.example.com/x",
    ),
    ("job", "documentation"): (TEXT, ("jobs", JOB, "facets", "documentation"), TEXT),
    ("job", "ownership"): (OWNERS, ("jobs", JOB, "facets", "ownership"), OWNERS),
    ("job", "tags"): (TAGS, ("jobs", JOB, "facets", "tags"), TAGS),
    ("job", "fairlead_dag_state"): (
        {"isPaused": True},
        ("jobs", JOB, "facets", "fairlead_dag_state"),
        {"isPaused": True},
    ),
    ("job", "fairlead_declaration"): (
        DECLARED,
        ("jobs", JOB, "facets", "fairlead_declaration"),
        DECLARED,
    ),
    ("job", "lineage"): (STATED, ("edges", f"{JOB}  ->  s3://b | other"), RUN),
    ("job", "airflow"): (
        {"tasks": {"t": {"downstream_task_ids": ["u"]}}},
        ("edges", "n | d.t  =>  n | d.u"),
        "declared",
    ),
    ("dataset", "schema"): (
        {"fields": [{"name": "a", "type": "struct", "fields": [{"name": "b", "type": "int"}]}]},
        ("datasets", OUT, "schemas"),
        [
            {
                "since": "2026-11-01T10:00:00Z",
                "by": RUN,
                "columns": ["a struct", "a.b int"],
            }
        ],
    ),
    ("dataset", "columnLineage"): (
        {"fields": {"x": ORIGIN}},
        ("columns", f"{OUT}, by {JOB}", "x"),
        [f"{IN} . a"],
    ),
    ("dataset", "lineage"): (
        {"inputs": [{**OTHER, "type": "DATASET"}]},
        ("edges", f"s3://b | other  ->  {JOB}"),
        RUN,
    ),
    ("dataset", "symlinks"): (
        {"identifiers": [{"namespace": "hive://h:9083", "name": "d.t", "type": "TABLE"}]},
        ("datasets", OUT, "is_now"),
        "hive://h:9083 | d.t",
    ),
    ("dataset", "lifecycleStateChange"): (
        {"lifecycleStateChange": "DROP"},
        ("datasets", OUT, "dropped"),
        "2026-11-01T10:00:00Z",
    ),
    ("dataset", "version"): (
        {"datasetVersion": "12"},
        ("runs", RUN, "writes", OUT, "facets", "version"),
        {"datasetVersion": "12"},
    ),
    ("dataset", "dataSource"): (
        {"name": "b", "uri": "s3://b"},
        ("datasets", OUT, "facets", "dataSource", "uri"),
        "s3://b",
    ),
    ("dataset", "documentation"): (TEXT, ("datasets", OUT, "facets", "documentation"), TEXT),
    ("dataset", "ownership"): (OWNERS, ("datasets", OUT, "facets", "ownership"), OWNERS),
    ("dataset", "fairlead_declaration"): (
        DECLARED,
        ("datasets", OUT, "facets", "fairlead_declaration"),
        DECLARED,
    ),
    ("dataset", "fairlead_contract"): (
        CONTRACT,
        ("datasets", OUT, "facets", "fairlead_contract"),
        CONTRACT,
    ),
    ("dataset", "fairlead_personal"): (
        CONFIRMED,
        ("datasets", OUT, "facets", "fairlead_personal"),
        CONFIRMED,
    ),
    ("dataset", "tags"): (
        {"tags": [{"key": "pii", "value": "mail", "field": "a"}]},
        ("datasets", OUT, "facets", "tags"),
        {"tags": [{"key": "pii", "value": "mail", "field": "a"}]},
    ),
    ("dataset", "catalog"): (
        {"framework": "iceberg", "type": "glue", "warehouseUri": "s3://b/w", "name": "c"},
        ("datasets", "catalog:glue:s3://b/w | db.out", "is_now"),
        "s3://b | db.out",
    ),
    ("dataset", "datasetType"): ({"datasetType": "VIEW"}, ("datasets", OUT, "kind"), "VIEW"),
    ("dataset", "hierarchy"): (
        {"hierarchy": [{"type": "DATABASE", "name": "d"}]},
        ("datasets", OUT, "facets", "hierarchy"),
        {"hierarchy": [{"type": "DATABASE", "name": "d"}]},
    ),
    ("dataset", "dataQualityMetrics"): ({"rowCount": 5}, ("runs", RUN, "writes", OUT, "rows"), 5),
    ("dataset", "dataQualityAssertions"): (
        CHECK,
        ("runs", RUN, "writes", OUT, "facets", "dataQualityAssertions"),
        CHECK,
    ),
    ("input", "dataQualityMetrics"): (
        {"rowCount": 5, "lastUpdated": "2026-11-01T08:00:00Z"},
        ("datasets", IN, "fresh"),
        "2026-11-01T08:00:00Z",
    ),
    ("input", "dataQualityAssertions"): (
        CHECK,
        ("runs", RUN, "reads", IN, "facets", "dataQualityAssertions"),
        CHECK,
    ),
    ("input", "inputStatistics"): ({"rowCount": 5}, ("runs", RUN, "reads", IN, "rows"), 5),
    ("output", "outputStatistics"): ({"size": 9}, ("runs", RUN, "writes", OUT, "bytes"), 9),
}  # fmt: skip

FACTS = [(each.entity, each.name) for each in FACETS if each.use == "A"]


def _event(entity: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
    """An event with this facet, and what the facet needs beside it to make sense."""
    facets: dict[str, dict[str, Any]] = {
        each: {} for each in ("run", "job", "dataset", "input", "output")
    }
    facets[entity][name] = body
    if name == "fairlead":
        facets["run"]["airflow"] = airflow_task("t")
    if name == "airflowState" or (entity, name) == ("job", "airflow"):
        facets["run"]["airflowDagRun"] = airflow_dag()
    job = "d" if (entity, name) in _OF_DAGS else "j"
    output = "db.out" if name == "catalog" else "out"
    return {
        "eventType": "FAIL" if name in ("errorMessage", "spark.exception") else "COMPLETE",
        "eventTime": "2026-11-01T10:00:00Z",
        "run": {"runId": uuid(1), "facets": facets["run"]},
        "job": {"namespace": "n", "name": job, "facets": facets["job"]},
        "inputs": [{"namespace": "s3://b", "name": "in", "inputFacets": facets["input"]}],
        "outputs": [
            {
                "namespace": "s3://b",
                "name": output,
                "facets": facets["dataset"],
                "outputFacets": facets["output"],
            }
        ],
    }


_OF_DAGS = {("run", "airflowState"), ("run", "fairlead_instances"), ("job", "airflow")}


def test_every_fact_has_a_sample() -> None:
    assert set(SAMPLES) == set(FACTS)


@pytest.mark.parametrize(("entity", "name"), FACTS)
def test_a_facet_that_is_called_a_fact_is_in_the_catalog(
    tmp_path: Path, entity: str, name: str
) -> None:
    body, where, expected = SAMPLES[entity, name]
    db = open_database(f"sqlite:///{tmp_path / 'fairlead.db'}")
    migrate(db)
    (change,) = absorbing.understand([json.dumps(_event(entity, name, body)).encode()])
    absorbing.absorb(db, [change])
    catalog = readable.words(db)
    assert reduce(lambda inside, key: inside.get(key, {}), where, catalog) == expected
    db.dispose()


def test_what_is_stored_with_runs_comes_from_the_registry() -> None:
    assert RUN_PROPERTIES["errorMessage"] == "error"
    assert "environmentVariables" not in RUN_PROPERTIES
    assert "version" in RUN_DATASET_FACETS
