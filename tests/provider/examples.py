"""Operators as people write them, with what is true of each."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.provider.operators import Example, Names, extracted, shop

SPACE = "sqlite://{folder}/shop.db"
MART = "sqlite://{folder}/mart.db"
LAKE = "s3://lake"
BLOBS = "wasbs://in@shopfiles"
BOX = "file://box.example:2222"
HIVE = "hive://hive.example:10000"
ORACLE = "oracle://oracle.example:1521"


def work() -> None:
    """What tasks that run Python run."""


def _in(package: str, module: str, *parts: Any, **more: Any) -> Example:
    return Example(
        f"airflow.providers.{module}", f"apache-airflow-providers-{package}", *parts, **more
    )


def _sql(name: str, arguments: dict[str, Any], inputs: Names, **more: Any) -> Example:
    told = {"conn_id": "shop", **arguments}
    return _in("common-sql", f"common.sql.{name}", told, inputs, runs=True, **more)


class Fivetran:
    """Fivetran's API, as its hook hands out what it answers."""

    def get_connector(self, connector_id: str) -> dict[str, Any]:
        return {"service": "postgres", "group_id": "g", "config": {"password": "hidden"}}

    def get_groups(self, group_id: str) -> dict[str, Any]:
        return {"name": "shop"}

    def get_destinations(self, destination_id: str) -> dict[str, Any]:
        config = {
            "host": "acme.eu.snowflakecomputing.com",
            "snowflake_cloud": "AWS",
            "database": "LAKE",
        }
        return {"service": "snowflake", "config": config}

    def get_connector_schemas(self, connector_id: str) -> dict[str, Any]:
        def schema(name: str, *tables: str, off: str = "") -> dict[str, Any]:
            return {
                "name_in_destination": name,
                "enabled": True,
                "tables": {
                    table: {"name_in_destination": table, "enabled": table != off}
                    for table in tables
                },
            }

        return {
            "schemas": {
                "crm": schema("crm", "people", "old", off="old"),
                "web": schema("web", "hits"),
            }
        }

    def get_metadata(self, connector_id: str, metadata: str) -> dict[str, Any]:
        names = ("people", "old", "hits")
        tables = [
            {"id": name, "name_in_source": name, "name_in_destination": name} for name in names
        ]
        columns = [
            {
                "parent_id": name,
                "name_in_source": "id",
                "name_in_destination": "id",
                "type_in_source": "int",
                "type_in_destination": "NUMBER",
            }
            for name in names
        ]
        return {"items": tables if metadata == "tables" else columns}


RAW = {(SPACE, "raw")}
COUNT = "SELECT count(*) > 0 FROM raw"
SQL = "operators.sql."

MACHINE = "arn:aws:states:eu:1:stateMachine:nightly"
APPFLOW: dict[str, dict[str, Any]] = {
    "": {},
    "Full": {"source": "salesforce"},
    "Before": {"source": "salesforce", "source_field": "day", "filter_date": "2026-01-01"},
    "After": {"source": "salesforce", "source_field": "day", "filter_date": "2026-01-01"},
    "Daily": {"source": "salesforce", "source_field": "day", "filter_date": "2026-01-01"},
}

EXAMPLES = [
    _sql(
        SQL + "SQLExecuteQueryOperator",
        {"sql": "INSERT INTO sales SELECT id, amount * 2 FROM raw"},
        RAW,
        outputs={(SPACE, "sales")},
        columns=True,
        says={"sql": "INSERT INTO sales SELECT id, amount * 2 FROM raw"},
    ),
    _sql(
        SQL + "SQLInsertRowsOperator",
        {"table_name": "sales", "rows": [(1, 2.0)], "columns": ["order_id", "eur"]},
        set(),
        outputs={(SPACE, "sales")},
    ),
    _sql(SQL + "SQLCheckOperator", {"sql": COUNT}, RAW, says={"sql": COUNT}),
    _sql(SQL + "SQLValueCheckOperator", {"sql": "SELECT count(*) FROM raw", "pass_value": 2}, RAW),
    _sql(
        SQL + "SQLThresholdCheckOperator",
        {"sql": "SELECT count(*) FROM raw", "min_threshold": 1, "max_threshold": 9},
        RAW,
    ),
    _sql(
        SQL + "SQLIntervalCheckOperator",
        {
            "table": "raw",
            "metrics_thresholds": {"count(*)": 1.5},
            "date_filter_column": "day",
            "days_back": -1,
        },
        RAW,
        runtime={"sql1": "SELECT 2, count(*) FROM raw", "sql2": "SELECT 2, count(*) FROM raw"},
    ),
    _sql(
        SQL + "SQLColumnCheckOperator",
        {"table": "raw", "column_mapping": {"amount": {"min": {"geq_to": 1}}}},
        RAW,
    ),
    _sql(
        SQL + "SQLTableCheckOperator",
        {"table": "raw", "checks": {"rows": {"check_statement": "count(*) = 2"}}},
        RAW,
    ),
    _sql(
        SQL + "BranchSQLOperator",
        {"sql": COUNT, "follow_task_ids_if_true": ["a"], "follow_task_ids_if_false": ["b"]},
        RAW,
    ),
    _sql("sensors.sql.SqlSensor", {"sql": COUNT}, RAW, says={"sql": COUNT}),
    _in(
        "common-sql",
        "common.sql.operators.generic_transfer.GenericTransfer",
        {
            "sql": "SELECT id, amount FROM raw",
            "destination_table": "copied",
            "source_conn_id": "shop",
            "destination_conn_id": "mart",
            "preoperator": "DELETE FROM copied",
        },
        RAW,
        {(MART, "copied")},
        runs=True,
    ),
    _in(
        "common-io",
        "common.io.operators.file_transfer.FileTransferOperator",
        {"src": "file://{folder}/a.csv", "dst": "file://{folder}/b.csv", "overwrite": True},
        {("file", "{folder}/a.csv")},
        {("file", "{folder}/b.csv")},
        runs=True,
    ),
    _in(
        "http",
        "http.operators.http.HttpOperator",
        {"http_conn_id": "api", "endpoint": "rates?day=1", "method": "GET"},
        {("http://127.0.0.1:7079", "/rates")},
    ),
    _in(
        "http",
        "http.sensors.http.HttpSensor",
        {"http_conn_id": "api", "endpoint": "ready"},
        {("http://127.0.0.1:7079", "/ready")},
    ),
    _in(
        "standard",
        "standard.operators.bash.BashOperator",
        {"bash_command": "true"},
        says={"sourceCode": "true"},
        runs=True,
    ),
    _in(
        "standard",
        "standard.operators.python.PythonOperator",
        {"python_callable": work},
        says={"sourceCode": ...},
    ),
    _in(
        "standard",
        "standard.sensors.filesystem.FileSensor",
        {"filepath": "{folder}/a.csv", "fs_conn_id": "files"},
        {("file", "{folder}/a.csv")},
        runs=True,
    ),
    _in(
        "standard",
        "standard.sensors.external_task.ExternalTaskSensor",
        {"external_dag_id": "orders", "external_task_ids": ["load"]},
        says={"jobDependencies": [("upstream", "orders.load")]},
    ),
    _in(
        "standard",
        "standard.operators.trigger_dagrun.TriggerDagRunOperator",
        {"trigger_dag_id": "orders"},
        says={"jobDependencies": [("downstream", "orders")]},
    ),
    _in(
        "standard",
        "standard.sensors.date_time.DateTimeSensor",
        {"target_time": "2026-01-01T00:00:00+00:00"},
        runs=True,
    ),
    _in(
        "cncf-kubernetes",
        "cncf.kubernetes.operators.pod.KubernetesPodOperator",
        {
            "name": "work",
            "image": "shop/etl:7",
            "cmds": ["python"],
            "arguments": ["-m", "etl", "a b"],
            "env_vars": {"PASSWORD": "hidden"},
        },
        says={
            "sourceCode": "python -m etl 'a b'",
            "sourceCodeLocation": "docker://shop/etl:7",
            "externalQuery": ("etl/work-x1", "kubernetes"),
        },
        runtime={"pod": SimpleNamespace(metadata=SimpleNamespace(name="work-x1", namespace="etl"))},
        trigger_event={"status": "success", "name": "work-x1", "namespace": "etl"},
    ),
    _in(
        "cncf-kubernetes",
        "cncf.kubernetes.decorators.kubernetes._KubernetesDecoratedOperator",
        {"python_callable": work, "image": "shop/etl:7"},
        says={"sourceCode": ..., "sourceCodeLocation": "docker://shop/etl:7"},
    ),
    _in(
        "docker",
        "docker.operators.docker.DockerOperator",
        {"image": "shop/etl:7", "command": ["etl", "--all"], "environment": {"PASSWORD": "hidden"}},
        says={
            "sourceCode": "etl --all",
            "sourceCodeLocation": "docker://shop/etl:7",
            "externalQuery": ("c0ffee", "docker"),
        },
        runtime={"container": {"Id": "c0ffee"}},
    ),
    _in(
        "docker",
        "docker.decorators.docker._DockerDecoratedOperator",
        {"python_callable": work, "image": "shop/etl:7"},
        says={"sourceCode": ..., "sourceCodeLocation": "docker://shop/etl:7"},
    ),
    _in(
        "ssh",
        "ssh.operators.ssh.SSHOperator",
        {"ssh_conn_id": "box", "command": "etl --all"},
        says={"sourceCode": "etl --all"},
    ),
    _in(
        "ssh",
        "ssh.operators.ssh_remote_job.SSHRemoteJobOperator",
        {"ssh_conn_id": "box", "command": "etl --all"},
        says={"sourceCode": "etl --all"},
    ),
    _in(
        "sftp",
        "sftp.operators.sftp.SFTPOperator",
        {
            "ssh_conn_id": "box",
            "local_filepath": "/in/a.csv",
            "remote_filepath": "/out/a.csv",
            "operation": "get",
        },
        {("file://box.example:2222", "/out/a.csv")},
        {("file", "/in/a.csv")},
    ),
    _in(
        "sftp",
        "sftp.sensors.sftp.SFTPSensor",
        {"sftp_conn_id": "box", "path": "/out/a.csv"},
        {("file://box.example:2222", "/out/a.csv")},
    ),
    _in(
        "amazon",
        "amazon.aws.transfers.sql_to_s3.SqlToS3Operator",
        {
            "query": "SELECT id FROM raw",
            "sql_conn_id": "shop",
            "s3_bucket": "lake",
            "s3_key": "out/raw.csv",
            "file_format": "csv",
            "df_kwargs": {"compression": "gzip"},
        },
        RAW,
        {("s3://lake", "out/raw.csv.gz")},
        says={"sql": "SELECT id FROM raw"},
    ),
    _in(
        "amazon",
        "amazon.aws.transfers.s3_to_sql.S3ToSqlOperator",
        {
            "s3_bucket": "lake",
            "s3_key": "in/sales.csv",
            "table": "sales",
            "parser": list,
            "sql_conn_id": "shop",
        },
        {("s3://lake", "in/sales.csv")},
        {(SPACE, "sales")},
    ),
    _in(
        "amazon",
        "amazon.aws.sensors.s3.S3KeySensor",
        {"bucket_key": ["s3://lake/a.csv", "s3://lake/b.csv"]},
        {("s3://lake", "a.csv"), ("s3://lake", "b.csv")},
    ),
    _in(
        "amazon",
        "amazon.aws.operators.glue.GlueJobOperator",
        {"job_name": "nightly", "script_location": "s3://code/nightly.py"},
        says={
            "sourceCodeLocation": "s3://code/nightly.py",
            "externalQuery": ("jr_1", "glue:nightly"),
        },
        runtime={"_job_run_id": "jr_1"},
        trigger_event={"status": "success", "run_id": "jr_1"},
    ),
    _in(
        "amazon",
        "amazon.aws.operators.emr.EmrAddStepsOperator",
        {
            "job_flow_id": "j-1",
            "steps": [
                {
                    "Name": "s",
                    "HadoopJarStep": {
                        "Jar": "command-runner.jar",
                        "Args": ["spark-submit", "s3://code/etl.py"],
                    },
                }
            ],
        },
        says={"sourceCode": "spark-submit s3://code/etl.py", "externalQuery": ("j-1", "emr")},
    ),
    _in(
        "amazon",
        "amazon.aws.operators.emr.EmrServerlessStartJobOperator",
        {
            "application_id": "app",
            "execution_role_arn": "arn:aws:iam::1:role/r",
            "job_driver": {"sparkSubmit": {"entryPoint": "s3://code/etl.py"}},
            "configuration_overrides": None,
        },
        says={"sourceCodeLocation": "s3://code/etl.py", "externalQuery": ("job-1", "emr:app")},
        runtime={"job_id": "job-1"},
        trigger_event={"job_details": {"application_id": "app", "job_id": "job-1"}},
    ),
    _in(
        "amazon",
        "amazon.aws.operators.emr.EmrContainerOperator",
        {
            "name": "etl",
            "virtual_cluster_id": "vc",
            "execution_role_arn": "arn:aws:iam::1:role/r",
            "release_label": "emr-7",
            "job_driver": {"sparkSubmitJobDriver": {"entryPoint": "s3://code/etl.py"}},
        },
        says={"sourceCodeLocation": "s3://code/etl.py", "externalQuery": ("job-1", "emr:vc")},
        runtime={"job_id": "job-1"},
        trigger_event={"status": "success", "job_id": "job-1"},
    ),
    _in(
        "amazon",
        "amazon.aws.operators.ecs.EcsRunTaskOperator",
        {
            "cluster": "prod",
            "task_definition": "etl:3",
            "overrides": {"containerOverrides": [{"name": "c", "command": ["etl", "--all"]}]},
        },
        says={
            "sourceCode": "etl --all",
            "sourceCodeLocation": "ecs:etl:3",
            "externalQuery": ("arn:aws:ecs:eu:1:task/prod/t1", "ecs:prod"),
        },
        runtime={"arn": "arn:aws:ecs:eu:1:task/prod/t1"},
        trigger_event={"status": "success", "task_arn": "arn:aws:ecs:eu:1:task/prod/t1"},
    ),
    _in(
        "amazon",
        "amazon.aws.operators.batch.BatchOperator",
        {
            "job_name": "etl",
            "job_definition": "etl:3",
            "job_queue": "night",
            "container_overrides": {"command": ["etl", "--all"]},
        },
        says={
            "sourceCode": "etl --all",
            "sourceCodeLocation": "batch:etl:3",
            "externalQuery": ("b-1", "batch:night"),
        },
        runtime={"job_id": "b-1"},
        trigger_event={"status": "success", "job_id": "b-1"},
    ),
    _in(
        "amazon",
        "amazon.aws.operators.lambda_function.LambdaInvokeFunctionOperator",
        {"function_name": "enrich", "qualifier": "live", "payload": '{"secret": 1}'},
        says={"sourceCodeLocation": "lambda:enrich:live"},
    ),
    _in(
        "amazon",
        "amazon.aws.operators.eks.EksPodOperator",
        {"cluster_name": "c", "pod_name": "work", "image": "shop/etl:7", "cmds": ["etl"]},
        says={
            "sourceCode": "etl",
            "sourceCodeLocation": "docker://shop/etl:7",
            "externalQuery": ("etl/work-x1", "kubernetes"),
        },
        runtime={"pod": SimpleNamespace(metadata=SimpleNamespace(name="work-x1", namespace="etl"))},
    ),
    _in(
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
    _in(
        "databricks",
        "databricks.operators.databricks.DatabricksSubmitRunOperator",
        {"databricks_conn_id": "bricks", "notebook_task": {"notebook_path": "/Shared/etl"}},
        says={
            "sourceCodeLocation": "https://adb-1.example/#workspace/Shared/etl",
            "externalQuery": ("42", "https://adb-1.example"),
        },
        runtime={"run_id": 42},
    ),
    _in(
        "databricks",
        "databricks.operators.databricks.DatabricksRunNowOperator",
        {"databricks_conn_id": "bricks", "job_id": 7},
        says={"externalQuery": ("42", "https://adb-1.example")},
        runtime={"run_id": 42},
        trigger_event={"run_id": 42, "run_state": "{}"},
    ),
    _in(
        "apache-spark",
        "apache.spark.operators.spark_submit.SparkSubmitOperator",
        {
            "application": "s3://code/etl.py",
            "application_args": ["--day", "1"],
            "conf": {"spark.password": "hidden"},
        },
        says={
            "sourceCode": "s3://code/etl.py --day 1",
            "sourceCodeLocation": "s3://code/etl.py",
            "externalQuery": ("application_1_2", "spark"),
        },
        runtime={"_hook": SimpleNamespace(_yarn_application_id="application_1_2")},
    ),
    _in(
        "dbt-cloud",
        "dbt.cloud.operators.dbt.DbtCloudRunJobOperator",
        {"dbt_cloud_conn_id": "dbt", "job_id": 7, "wait_for_termination": False},
        says={"externalQuery": ("42", "https://cloud.getdbt.com")},
        runtime={"run_id": 42},
        trigger_event={"status": "success", "run_id": 42},
    ),
    _in(
        "airbyte",
        "airbyte.operators.airbyte.AirbyteTriggerSyncOperator",
        {"airbyte_conn_id": "byte", "connection_id": "c-1"},
        says={
            "sourceCodeLocation": "http://airbyte.example:8001/connections/c-1",
            "externalQuery": ("42", "http://airbyte.example:8001"),
        },
        runtime={"job_id": 42},
        trigger_event={"status": "success", "job_id": 42},
    ),
    _in(
        "apache-kafka",
        "apache.kafka.operators.produce.ProduceToTopicOperator",
        {"topic": "orders", "producer_function": "json.dumps", "kafka_config_id": "broker"},
        outputs={("kafka://b1:9092", "orders")},
    ),
    _in(
        "apache-kafka",
        "apache.kafka.operators.consume.ConsumeFromTopicOperator",
        {"topics": ["orders", "^audit.*"], "kafka_config_id": "broker"},
        {("kafka://b1:9092", "orders")},
    ),
    _in(
        "apache-kafka",
        "apache.kafka.sensors.kafka.AwaitMessageSensor",
        {"topics": ["orders"], "apply_function": "json.dumps", "kafka_config_id": "broker"},
        {("kafka://b1:9092", "orders")},
    ),
    _in(
        "apache-kafka",
        "apache.kafka.sensors.kafka.AwaitMessageTriggerFunctionSensor",
        {
            "topics": ["orders"],
            "apply_function": "json.dumps",
            "event_triggered_function": print,
            "kafka_config_id": "broker",
        },
        {("kafka://b1:9092", "orders")},
    ),
    _in(
        "sftp",
        "sftp.operators.sftp.SFTPOperator",
        {
            "ssh_conn_id": "box",
            "local_filepath": ["/out/a.csv"],
            "remote_filepath": ["/in/a.csv"],
            "operation": "put",
        },
        {("file", "/out/a.csv")},
        {(BOX, "/in/a.csv")},
    ),
    # Moves: what is read, what is written
    _in(
        "amazon",
        "amazon.aws.transfers.http_to_s3.HttpToS3Operator",
        {"http_conn_id": "api", "endpoint": "rates", "s3_bucket": "lake", "s3_key": "rates.json"},
        {("http://127.0.0.1:7079", "/rates")},
        {(LAKE, "rates.json")},
    ),
    _in(
        "amazon",
        "amazon.aws.transfers.mongo_to_s3.MongoToS3Operator",
        {
            "mongo_conn_id": "docs",
            "mongo_collection": "orders",
            "mongo_query": {"secret": 1},
            "s3_bucket": "lake",
            "s3_key": "orders.json",
        },
        {("mongodb://docs.example:27017", "shop.orders")},
        {(LAKE, "orders.json")},
    ),
    _in(
        "amazon",
        "amazon.aws.transfers.sftp_to_s3.SFTPToS3Operator",
        {
            "sftp_conn_id": "box",
            "sftp_path": "/out/a.csv",
            "s3_bucket": "lake",
            "s3_key": "a.csv",
        },
        {(BOX, "/out/a.csv")},
        {(LAKE, "a.csv")},
    ),
    _in(
        "amazon",
        "amazon.aws.transfers.s3_to_sftp.S3ToSFTPOperator",
        {"sftp_conn_id": "box", "sftp_path": "/in/a.csv", "s3_bucket": "lake", "s3_key": "a.csv"},
        {(LAKE, "a.csv")},
        {(BOX, "/in/a.csv")},
    ),
    _in(
        "amazon",
        "amazon.aws.transfers.ftp_to_s3.FTPToS3Operator",
        {"ftp_conn_id": "drop", "ftp_path": "/out/a.csv", "s3_bucket": "lake", "s3_key": "a.csv"},
        {("file://drop.example:21", "/out/a.csv")},
        {(LAKE, "a.csv")},
    ),
    _in(
        "amazon",
        "amazon.aws.transfers.s3_to_ftp.S3ToFTPOperator",
        {"ftp_conn_id": "drop", "ftp_path": "/in/a.csv", "s3_bucket": "lake", "s3_key": "a.csv"},
        {(LAKE, "a.csv")},
        {("file://drop.example:21", "/in/a.csv")},
    ),
    _in(
        "amazon",
        "amazon.aws.transfers.local_to_s3.LocalFilesystemToS3Operator",
        {"filename": "/out/a.csv", "dest_bucket": "lake", "dest_key": "a.csv"},
        {("file", "/out/a.csv")},
        {(LAKE, "a.csv")},
    ),
    _in(
        "amazon",
        "amazon.aws.transfers.azure_blob_to_s3.AzureBlobStorageToS3Operator",
        {
            "wasb_conn_id": "blobs",
            "container_name": "in",
            "prefix": "day=1/",
            "dest_s3_key": "s3://lake/day=1/",
        },
        {(BLOBS, "day=1/")},
        {(LAKE, "day=1/")},
    ),
    _in(
        "amazon",
        "amazon.aws.transfers.salesforce_to_s3.SalesforceToS3Operator",
        {
            "salesforce_conn_id": "crm",
            "salesforce_query": "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
            "s3_bucket_name": "lake",
            "s3_key": "accounts.csv",
        },
        {("salesforce://crm.example", "Account")},
        {(LAKE, "accounts.csv")},
    ),
    _in(
        "amazon",
        "amazon.aws.transfers.dynamodb_to_s3.DynamoDBToS3Operator",
        {
            "source_aws_conn_id": "aws",
            "dynamodb_table_name": "orders",
            "s3_bucket_name": "lake",
            "s3_key_prefix": "orders/",
            "file_size": 1000,
        },
        {("dynamodb://eu-west-1", "orders")},
        {(LAKE, "orders/")},
    ),
    _in(
        "amazon",
        "amazon.aws.transfers.s3_to_dynamodb.S3ToDynamoDBOperator",
        {
            "aws_conn_id": "aws",
            "s3_bucket": "lake",
            "s3_key": "orders/",
            "dynamodb_table_name": "orders",
            "dynamodb_key_schema": [],
        },
        {(LAKE, "orders/")},
        {("dynamodb://eu-west-1", "orders")},
    ),
    _in(
        "amazon",
        "amazon.aws.transfers.hive_to_dynamodb.HiveToDynamoDBOperator",
        {
            "hiveserver2_conn_id": "hive2",
            "aws_conn_id": "aws",
            "sql": "SELECT id FROM orders",
            "table_name": "orders",
            "table_keys": ["id"],
        },
        {(HIVE, "shop.orders")},
        {("dynamodb://eu-west-1", "orders")},
        says={"sql": "SELECT id FROM orders"},
    ),
    _in(
        "amazon",
        "amazon.aws.transfers.google_api_to_s3.GoogleApiToS3Operator",
        {
            "google_api_service_name": "youtube",
            "google_api_service_version": "v3",
            "google_api_endpoint_path": "youtube.videos.list",
            "google_api_endpoint_params": {"key": "hidden"},
            "s3_destination_key": "s3://lake/videos.json",
        },
        set(),
        {(LAKE, "videos.json")},
    ),
    _in(
        "microsoft-azure",
        "microsoft.azure.transfers.local_to_wasb.LocalFilesystemToWasbOperator",
        {
            "wasb_conn_id": "blobs",
            "file_path": "/out/a.csv",
            "container_name": "in",
            "blob_name": "a.csv",
        },
        {("file", "/out/a.csv")},
        {(BLOBS, "a.csv")},
    ),
    _in(
        "microsoft-azure",
        "microsoft.azure.transfers.s3_to_wasb.S3ToAzureBlobStorageOperator",
        {
            "wasb_conn_id": "blobs",
            "s3_bucket": "lake",
            "s3_key": "a.csv",
            "container_name": "in",
            "blob_name": "a.csv",
        },
        {(LAKE, "a.csv")},
        {(BLOBS, "a.csv")},
    ),
    _in(
        "microsoft-azure",
        "microsoft.azure.transfers.sftp_to_wasb.SFTPToWasbOperator",
        {
            "sftp_conn_id": "box",
            "wasb_conn_id": "blobs",
            "sftp_source_path": "/out/a.csv",
            "container_name": "in",
            "blob_prefix": "day=1/",
        },
        {(BOX, "/out/a.csv")},
        {(BLOBS, "day=1/")},
    ),
    _in(
        "microsoft-azure",
        "microsoft.azure.transfers.oracle_to_azure_data_lake.OracleToAzureDataLakeOperator",
        {
            "oracle_conn_id": "oracle",
            "azure_data_lake_conn_id": "adls",
            "azure_data_lake_path": "in",
            "filename": "a.csv",
            "sql": "SELECT id FROM sales.orders",
        },
        {(ORACLE, "sales.orders")},
        says={"sql": "SELECT id FROM sales.orders"},
    ),
    _in(
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
    _in(
        "trino",
        "trino.transfers.gcs_to_trino.GCSToTrinoOperator",
        {
            "source_bucket": "pond",
            "source_object": "a.csv",
            "trino_table": "lake.shop.orders",
            "trino_conn_id": "trino",
        },
        {("gs://pond", "a.csv")},
        {("trino://trino.example:8080", "lake.shop.orders")},
    ),
    _in(
        "oracle",
        "oracle.transfers.oracle_to_oracle.OracleToOracleOperator",
        {
            "oracle_source_conn_id": "oracle",
            "source_sql": "SELECT id FROM sales.orders",
            "oracle_destination_conn_id": "oracle",
            "destination_table": "mart.orders",
        },
        {(ORACLE, "sales.orders")},
        {(ORACLE, "mart.orders")},
        says={"sql": "SELECT id FROM sales.orders"},
    ),
    _in(
        "teradata",
        "teradata.transfers.teradata_to_teradata.TeradataToTeradataOperator",
        {
            "source_teradata_conn_id": "teradata",
            "sql": "SELECT id FROM shop.orders",
            "dest_teradata_conn_id": "teradata",
            "destination_table": "mart.orders",
        },
        {("teradata://teradata.example:1025", "shop.orders")},
        {("teradata://teradata.example:1025", "mart.orders")},
        says={"sql": "SELECT id FROM shop.orders"},
    ),
    _in(
        "apache-hive",
        "apache.hive.transfers.mssql_to_hive.MsSqlToHiveOperator",
        {
            "mssql_conn_id": "mssql",
            "sql": "SELECT id FROM dbo.orders",
            "hive_cli_conn_id": "hive",
            "hive_table": "shop.orders",
        },
        {("mssql://mssql.example:1433", "shop.dbo.orders")},
        {(HIVE, "shop.orders")},
        says={"sql": "SELECT id FROM dbo.orders"},
    ),
    _in(
        "apache-hive",
        "apache.hive.transfers.vertica_to_hive.VerticaToHiveOperator",
        {
            "vertica_conn_id": "vertica",
            "sql": "SELECT id FROM orders",
            "hive_cli_conn_id": "hive",
            "hive_table": "shop.orders",
        },
        {("vertica://vertica.example:5433", "shop.public.orders")},
        {(HIVE, "shop.orders")},
        says={"sql": "SELECT id FROM orders"},
    ),
    _in(
        "apache-hive",
        "apache.hive.transfers.s3_to_hive.S3ToHiveOperator",
        {
            "s3_key": "s3://lake/a.csv",
            "field_dict": {"id": "INT"},
            "hive_table": "shop.orders",
            "hive_cli_conn_id": "hive",
        },
        {(LAKE, "a.csv")},
        {(HIVE, "shop.orders")},
    ),
    _in(
        "apache-hive",
        "apache.hive.transfers.hive_to_samba.HiveToSambaOperator",
        {
            "hql": "SELECT id FROM orders",
            "destination_filepath": "out/a.csv",
            "samba_conn_id": "share",
            "hiveserver2_conn_id": "hive2",
        },
        {(HIVE, "shop.orders")},
        {("smb://share.example", "/public/out/a.csv")},
        says={"sql": "SELECT id FROM orders"},
    ),
    _in(
        "samba",
        "samba.transfers.gcs_to_samba.GCSToSambaOperator",
        {
            "source_bucket": "pond",
            "source_object": "a.csv",
            "destination_path": "in/a.csv",
            "samba_conn_id": "share",
        },
        {("gs://pond", "a.csv")},
        {("smb://share.example", "/public/in/a.csv")},
    ),
    _in(
        "common-sql",
        "common.sql.operators.sql.SQLBulkLoadOperator",
        {"conn_id": "shop", "table": "sales", "tmp_file": "/in/sales.tsv"},
        {("file", "/in/sales.tsv")},
        {(SPACE, "sales")},
    ),
    _in(
        "salesforce",
        "salesforce.operators.bulk.SalesforceBulkOperator",
        {
            "operation": "insert",
            "object_name": "Account",
            "payload": [{"secret": 1}],
            "salesforce_conn_id": "crm",
        },
        set(),
        {("salesforce://crm.example", "Account")},
    ),
    # Sensors
    _in(
        "ftp",
        "ftp.sensors.ftp.FTPSensor",
        {"ftp_conn_id": "drop", "path": "/out/a.csv"},
        {("file://drop.example:21", "/out/a.csv")},
    ),
    _in(
        "microsoft-azure",
        "microsoft.azure.sensors.wasb.WasbBlobSensor",
        {"wasb_conn_id": "blobs", "container_name": "in", "blob_name": "a.csv"},
        {(BLOBS, "a.csv")},
    ),
    _in(
        "microsoft-azure",
        "microsoft.azure.sensors.wasb.WasbPrefixSensor",
        {"wasb_conn_id": "blobs", "container_name": "in", "prefix": "day=1/"},
        {(BLOBS, "day=1/")},
    ),
    _in(
        "amazon",
        "amazon.aws.sensors.s3.S3KeysUnchangedSensor",
        {"bucket_name": "lake", "prefix": "day=1/"},
        {(LAKE, "day=1/")},
    ),
    _in(
        "amazon",
        "amazon.aws.sensors.dynamodb.DynamoDBValueSensor",
        {
            "aws_conn_id": "aws",
            "table_name": "orders",
            "partition_key_name": "id",
            "partition_key_value": "1",
            "attribute_name": "state",
            "attribute_value": "secret",
        },
        {("dynamodb://eu-west-1", "orders")},
    ),
    _in(
        "google",
        "google.cloud.sensors.gcs.GCSObjectExistenceSensor",
        {"bucket": "pond", "object": "a.csv"},
        {("gs://pond", "a.csv")},
    ),
    _in(
        "google",
        "google.cloud.sensors.gcs.GCSObjectUpdateSensor",
        {"bucket": "pond", "object": "a.csv"},
        {("gs://pond", "a.csv")},
    ),
    _in(
        "google",
        "google.cloud.sensors.gcs.GCSObjectsWithPrefixExistenceSensor",
        {"bucket": "pond", "prefix": "day=1/"},
        {("gs://pond", "day=1/")},
    ),
    _in(
        "google",
        "google.cloud.sensors.gcs.GCSUploadSessionCompleteSensor",
        {"bucket": "pond", "prefix": "day=1/"},
        {("gs://pond", "day=1/")},
    ),
    _in(
        "google",
        "google.cloud.sensors.bigquery.BigQueryTableExistenceSensor",
        {"project_id": "p", "dataset_id": "d", "table_id": "orders"},
        {("bigquery", "p.d.orders")},
    ),
    _in(
        "google",
        "google.cloud.sensors.bigquery.BigQueryTablePartitionExistenceSensor",
        {"project_id": "p", "dataset_id": "d", "table_id": "orders", "partition_id": "20260101"},
        {("bigquery", "p.d.orders")},
    ),
    _in(
        "google",
        "google.cloud.sensors.pubsub.PubSubPullSensor",
        {"project_id": "p", "subscription": "orders", "return_immediately": False},
        {("pubsub", "subscription:p:orders")},
    ),
    _in(
        "databricks",
        "databricks.sensors.databricks_partition.DatabricksPartitionSensor",
        {
            "databricks_conn_id": "bricks",
            "catalog": "main",
            "schema": "shop",
            "table_name": "orders",
            "partitions": {"day": 1},
        },
        {("databricks://adb-1.example", "main.shop.orders")},
    ),
    _in(
        "mongo",
        "mongo.sensors.mongo.MongoSensor",
        {"mongo_conn_id": "docs", "collection": "orders", "query": {"secret": 1}},
        {("mongodb://docs.example:27017", "shop.orders")},
    ),
    _in(
        "apache-hive",
        "apache.hive.sensors.hive_partition.HivePartitionSensor",
        {"table": "shop.orders", "metastore_conn_id": "metastore"},
        {("hive://hive.example:9083", "shop.orders")},
    ),
    _in(
        "apache-hive",
        "apache.hive.sensors.named_hive_partition.NamedHivePartitionSensor",
        {"partition_names": ["shop.orders/day=1"], "metastore_conn_id": "metastore"},
        {("hive://hive.example:9083", "shop.orders")},
    ),
    # Jobs elsewhere
    _in(
        "amazon",
        "amazon.aws.operators.emr.EmrCreateJobFlowOperator",
        {
            "job_flow_overrides": {
                "Steps": [{"HadoopJarStep": {"Jar": "s3://code/etl.jar", "Args": ["--all"]}}]
            }
        },
        says={"sourceCode": "s3://code/etl.jar --all", "externalQuery": ("j-2", "emr")},
        runtime={"_job_flow_id": "j-2"},
        trigger_event={"status": "success", "job_flow_id": "j-2"},
    ),
    _in(
        "databricks",
        "databricks.operators.databricks.DatabricksNotebookOperator",
        {
            "databricks_conn_id": "bricks",
            "notebook_path": "/Shared/etl",
            "source": "WORKSPACE",
            "existing_cluster_id": "c",
        },
        says={
            "sourceCodeLocation": "https://adb-1.example/#workspace/Shared/etl",
            "externalQuery": ("42", "https://adb-1.example"),
        },
        runtime={"databricks_run_id": 42},
        trigger_event={"run_id": 42, "run_state": "{}"},
    ),
    _in(
        "databricks",
        "databricks.operators.databricks.DatabricksTaskOperator",
        {
            "databricks_conn_id": "bricks",
            "task_config": {"spark_python_task": {"python_file": "dbfs:/etl.py"}},
            "existing_cluster_id": "c",
        },
        says={
            "sourceCodeLocation": "dbfs:/etl.py",
            "externalQuery": ("42", "https://adb-1.example"),
        },
        runtime={"databricks_run_id": 42},
        trigger_event={"run_id": 42, "run_state": "{}"},
    ),
    _in(
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
    _in(
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
    _in(
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
    _in(
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
    _in(
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
    _in(
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
    _in(
        "microsoft-azure",
        "microsoft.azure.operators.data_factory.AzureDataFactoryRunPipelineOperator",
        {
            "pipeline_name": "nightly",
            "azure_data_factory_conn_id": "adf",
            "resource_group_name": "shop",
            "factory_name": "f",
            "parameters": {"password": "hidden"},
        },
        says={
            "sourceCodeLocation": "adf:shop/f/nightly",
            "externalQuery": ("r-1", "adf:shop/f"),
        },
        runtime={"run_id": "r-1"},
        trigger_event={"status": "success", "run_id": "r-1"},
    ),
    _in(
        "microsoft-azure",
        "microsoft.azure.operators.synapse.AzureSynapseRunPipelineOperator",
        {
            "pipeline_name": "nightly",
            "azure_synapse_conn_id": "synapse",
            "azure_synapse_workspace_dev_endpoint": "https://shop.dev.azuresynapse.net",
        },
        says={
            "sourceCodeLocation": "synapse:https://shop.dev.azuresynapse.net/nightly",
            "externalQuery": ("r-1", "synapse:https://shop.dev.azuresynapse.net"),
        },
        runtime={"run_id": "r-1"},
        trigger_event={"status": "success", "run_id": "r-1"},
    ),
    _in(
        "microsoft-azure",
        "microsoft.azure.operators.synapse.AzureSynapseRunSparkBatchOperator",
        {
            "azure_synapse_conn_id": "synapse",
            "spark_pool": "pool",
            "payload": {"file": "abfss://code@shop/etl.py", "args": ["--all"]},
        },
        says={
            "sourceCode": "abfss://code@shop/etl.py --all",
            "sourceCodeLocation": "abfss://code@shop/etl.py",
            "externalQuery": ("7", "synapse:pool"),
        },
        runtime={"job_id": 7},
    ),
    _in(
        "microsoft-azure",
        "microsoft.azure.operators.batch.AzureBatchOperator",
        {
            "batch_pool_id": "pool",
            "batch_pool_vm_size": "s",
            "batch_job_id": "job",
            "batch_task_command_line": "etl --all",
            "batch_task_id": "task",
            "vm_node_agent_sku_id": "sku",
            "vm_publisher": "p",
            "vm_offer": "o",
            "sku_starts_with": "1",
            "target_dedicated_nodes": 1,
        },
        says={"sourceCode": "etl --all", "externalQuery": ("job/task", "azure-batch:pool")},
    ),
    _in(
        "microsoft-azure",
        "microsoft.azure.operators.container_instances.AzureContainerInstancesOperator",
        {
            "ci_conn_id": "azure",
            "resource_group": "shop",
            "name": "work",
            "image": "shop/etl:7",
            "region": "westeurope",
            "command": ["etl", "--all"],
            "environment_variables": {"PASSWORD": "hidden"},
        },
        says={"sourceCode": "etl --all", "sourceCodeLocation": "docker://shop/etl:7"},
    ),
    _in(
        "microsoft-azure",
        "microsoft.azure.operators.powerbi.PowerBIDatasetRefreshOperator",
        {"dataset_id": "sales", "group_id": "shop", "conn_id": "powerbi"},
        set(),
        {("powerbi://shop", "sales")},
        says={"externalQuery": ("r-1", "powerbi")},
        runtime={"dataset_refresh_id": "r-1"},
        trigger_event={"status": "Completed", "dataset_refresh_id": "r-1"},
    ),
    _in(
        "apache-spark",
        "apache.spark.operators.spark_sql.SparkSqlOperator",
        {"sql": "INSERT INTO mart SELECT id FROM orders", "conf": {"spark.password": "hidden"}},
        says={"sql": "INSERT INTO mart SELECT id FROM orders"},
    ),
    _in(
        "apache-livy",
        "apache.livy.operators.livy.LivyOperator",
        {
            "livy_conn_id": "livy",
            "file": "s3://code/etl.py",
            "args": ["--all"],
            "conf": {"spark.password": "hidden"},
        },
        says={
            "sourceCode": "s3://code/etl.py --all",
            "sourceCodeLocation": "s3://code/etl.py",
            "externalQuery": ("42", "https://livy.example:8998"),
        },
        runtime={"_batch_id": 42},
        trigger_event={"status": "success", "batch_id": 42},
    ),
    _in(
        "papermill",
        "papermill.operators.papermill.PapermillOperator",
        {"input_nb": "s3://code/report.ipynb", "output_nb": "s3://lake/report.ipynb"},
        set(),
        {(LAKE, "report.ipynb")},
        says={"sourceCodeLocation": "s3://code/report.ipynb"},
    ),
    _in(
        "amazon",
        "amazon.aws.operators.step_function.StepFunctionStartExecutionOperator",
        {"state_machine_arn": MACHINE, "state_machine_input": {"secret": 1}},
        says={"sourceCodeLocation": MACHINE, "externalQuery": (f"{MACHINE}:x", "stepfunctions")},
        runtime={"execution_arn": f"{MACHINE}:x"},
        trigger_event={"status": "success", "execution_arn": f"{MACHINE}:x"},
    ),
    *(
        _in(
            "amazon",
            f"amazon.aws.operators.appflow.AppflowRun{kind}Operator",
            {"flow_name": "crm", **more},
            says={"sourceCodeLocation": "appflow:crm"},
        )
        for kind, more in APPFLOW.items()
    ),
    _in(
        "amazon",
        "amazon.aws.operators.dms.DmsStartTaskOperator",
        {"replication_task_arn": "arn:aws:dms:eu:1:task:t"},
        says={"externalQuery": ("arn:aws:dms:eu:1:task:t", "dms")},
    ),
    _in(
        "amazon",
        "amazon.aws.operators.dms.DmsStartReplicationOperator",
        {
            "replication_config_arn": "arn:aws:dms:eu:1:config:c",
            "replication_start_type": "reload-target",
        },
        says={"externalQuery": ("arn:aws:dms:eu:1:config:c", "dms")},
    ),
    # Databases whose hooks do not describe them
    Example(
        "airflow_clickhouse_plugin.operators.clickhouse.ClickHouseOperator",
        "airflow-clickhouse-plugin",
        {"clickhouse_conn_id": "green", "sql": "INSERT INTO mart SELECT id FROM raw.orders"},
        {("clickhouse://house.example:9000", "raw.orders")},
        {("clickhouse://house.example:9000", "shop.mart")},
        says={"sql": "INSERT INTO mart SELECT id FROM raw.orders"},
    ),
    Example(
        "airflow_clickhouse_plugin.sensors.clickhouse.ClickHouseSensor",
        "airflow-clickhouse-plugin",
        {"clickhouse_conn_id": "green", "sql": COUNT},
        {("clickhouse://house.example:9000", "shop.raw")},
        says={"sql": COUNT},
    ),
    Example(
        "airflow.providers.common.sql.operators.sql.SQLExecuteQueryOperator",
        "airflow-provider-duckdb",
        {
            "conn_id": "fast",
            "sql": "CREATE OR REPLACE TABLE raw (id INT); "
            "CREATE OR REPLACE TABLE mart AS SELECT id FROM raw",
            "split_statements": True,
        },
        set(),  # what the script makes itself comes from nowhere else
        {
            ("duckdb://{folder}/fast.duckdb", "fast.main.raw"),
            ("duckdb://{folder}/fast.duckdb", "fast.main.mart"),
        },
        needs="duckdb_provider.hooks.duckdb_hook",
        runs=True,
        columns=True,
    ),
    Example(
        "fivetran_provider_async.operators.FivetranOperator",
        "airflow-provider-fivetran-async",
        {"fivetran_conn_id": "five", "connector_id": "c_1"},
        {("fivetran://c_1", "crm"), ("fivetran://c_1", "web")},
        {
            ("snowflake://acme.eu.aws", "lake.crm.people"),
            ("snowflake://acme.eu.aws", "lake.web.hits"),
        },
        says={"sourceCodeLocation": "https://fivetran.com/dashboard/connectors/c_1"},
        runtime={"hook": Fivetran()},
    ),
]


@cache
def told(number: int) -> tuple[Any, Path]:
    """What OpenLineage gets of an example, and the folder that it ran in; each runs once."""
    with shop() as folder:
        return extracted(EXAMPLES[number], folder, ours=True), folder
