"""Google Cloud: transfers, sensors and jobs."""

from __future__ import annotations

from types import SimpleNamespace

from tests.provider.examples.writing import operator
from tests.provider.operators import Example

GOOGLE: list[Example] = [
    operator(
        "google",
        "google.cloud.operators.kubernetes_engine.GKEStartPodOperator",
        {
            "project_id": "p",
            "location": "eu",
            "cluster_name": "c",
            "name": "work",
            "namespace": "etl",
            "image": "shop/etl:7",
            "cmds": ["etl"],
        },
        says={
            "sourceCode": "etl",
            "sourceCodeLocation": "docker://shop/etl:7",
            "externalQuery": ("etl/work-x1", "kubernetes"),
        },
        runtime={"pod": SimpleNamespace(metadata=SimpleNamespace(name="work-x1", namespace="etl"))},
    ),
    operator(
        "google",
        "google.cloud.transfers.http_to_gcs.HttpToGCSOperator",
        {
            "http_conn_id": "api",
            "endpoint": "rates",
            "bucket_name": "pond",
            "object_name": "rates.json",
        },
        {("http://127.0.0.1:7079", "/rates")},
        {("gs://pond", "rates.json")},
    ),
    operator(
        "google",
        "google.cloud.sensors.gcs.GCSObjectExistenceSensor",
        {"bucket": "pond", "object": "a.csv"},
        {("gs://pond", "a.csv")},
    ),
    operator(
        "google",
        "google.cloud.sensors.gcs.GCSObjectUpdateSensor",
        {"bucket": "pond", "object": "a.csv"},
        {("gs://pond", "a.csv")},
    ),
    operator(
        "google",
        "google.cloud.sensors.gcs.GCSObjectsWithPrefixExistenceSensor",
        {"bucket": "pond", "prefix": "day=1/"},
        {("gs://pond", "day=1/")},
    ),
    operator(
        "google",
        "google.cloud.sensors.gcs.GCSUploadSessionCompleteSensor",
        {"bucket": "pond", "prefix": "day=1/"},
        {("gs://pond", "day=1/")},
    ),
    operator(
        "google",
        "google.cloud.sensors.bigquery.BigQueryTableExistenceSensor",
        {"project_id": "p", "dataset_id": "d", "table_id": "orders"},
        {("bigquery", "p.d.orders")},
    ),
    operator(
        "google",
        "google.cloud.sensors.bigquery.BigQueryTablePartitionExistenceSensor",
        {"project_id": "p", "dataset_id": "d", "table_id": "orders", "partition_id": "20260101"},
        {("bigquery", "p.d.orders")},
    ),
    operator(
        "google",
        "google.cloud.sensors.pubsub.PubSubPullSensor",
        {"project_id": "p", "subscription": "orders", "return_immediately": False},
        {("pubsub", "subscription:p:orders")},
    ),
    operator(
        "google",
        "google.cloud.operators.dataproc.DataprocSubmitJobOperator",
        {
            "region": "eu",
            "project_id": "p",
            "job": {
                "pyspark_job": {
                    "main_python_file_uri": "gs://code/etl.py",
                    "args": ["--all"],
                    "properties": {"spark.password": "hidden"},
                }
            },
        },
        says={
            "sourceCode": "gs://code/etl.py --all",
            "sourceCodeLocation": "gs://code/etl.py",
            "externalQuery": ("dp-1", "dataproc:eu"),
        },
        runtime={"job_id": "dp-1"},
        trigger_event={"job_id": "dp-1", "job_state": "DONE"},
    ),
    operator(
        "google",
        "google.cloud.operators.dataproc.DataprocCreateBatchOperator",
        {
            "region": "eu",
            "project_id": "p",
            "batch_id": "b-1",
            "batch": {"spark_batch": {"main_class": "shop.Etl", "args": ["--all"]}},
        },
        says={"sourceCode": "shop.Etl --all", "externalQuery": ("b-1", "dataproc:eu")},
    ),
    operator(
        "google",
        "google.cloud.operators.dataflow.DataflowTemplatedJobStartOperator",
        {
            "template": "gs://code/template",
            "job_name": "etl",
            "location": "eu",
            "project_id": "p",
            "parameters": {"password": "hidden"},
        },
        says={"sourceCodeLocation": "gs://code/template", "externalQuery": ("df-1", "dataflow:eu")},
        runtime={"job": {"id": "df-1"}},
        trigger_event={"status": "success", "job_id": "df-1"},
    ),
    operator(
        "google",
        "google.cloud.operators.dataflow.DataflowStartFlexTemplateOperator",
        {
            "body": {"launchParameter": {"containerSpecGcsPath": "gs://code/flex", "jobName": "e"}},
            "location": "eu",
            "project_id": "p",
        },
        says={"sourceCodeLocation": "gs://code/flex", "externalQuery": ("df-1", "dataflow:eu")},
        runtime={"job": {"id": "df-1"}},
        trigger_event={"status": "success", "job_id": "df-1"},
    ),
    operator(
        "google",
        "google.cloud.operators.dataflow.DataflowStartYamlJobOperator",
        {
            "yaml_pipeline_file": "gs://code/etl.yaml",
            "job_name": "etl",
            "region": "eu",
            "project_id": "p",
        },
        says={"sourceCodeLocation": "gs://code/etl.yaml", "externalQuery": ("df-1", "dataflow:eu")},
        runtime={"job_id": "df-1"},
        trigger_event={"job": {"job_id": "df-1"}, "status": "success"},
    ),
    operator(
        "google",
        "google.cloud.operators.cloud_run.CloudRunExecuteJobOperator",
        {
            "project_id": "p",
            "region": "eu",
            "job_name": "etl",
            "overrides": {"container_overrides": [{"args": ["etl", "--all"]}]},
        },
        says={
            "sourceCode": "etl --all",
            "sourceCodeLocation": "run.googleapis.com/projects/p/locations/eu/jobs/etl",
        },
    ),
]
