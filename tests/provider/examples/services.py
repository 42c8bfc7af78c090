"""Services that run jobs or move data: Databricks, Spark, dbt, Kafka, Fivetran and others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tests.provider.examples.writing import LAKE, operator
from tests.provider.operators import Example


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


SERVICES: list[Example] = [
    operator(
        "databricks",
        "databricks.operators.databricks.DatabricksSubmitRunOperator",
        {"databricks_conn_id": "bricks", "notebook_task": {"notebook_path": "/Shared/etl"}},
        says={
            "sourceCodeLocation": "https://adb-1.example/#workspace/Shared/etl",
            "externalQuery": ("42", "https://adb-1.example"),
        },
        runtime={"run_id": 42},
    ),
    operator(
        "databricks",
        "databricks.operators.databricks.DatabricksRunNowOperator",
        {"databricks_conn_id": "bricks", "job_id": 7},
        says={"externalQuery": ("42", "https://adb-1.example")},
        runtime={"run_id": 42},
        trigger_event={"run_id": 42, "run_state": "{}"},
    ),
    operator(
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
    operator(
        "dbt-cloud",
        "dbt.cloud.operators.dbt.DbtCloudRunJobOperator",
        {"dbt_cloud_conn_id": "dbt", "job_id": 7, "wait_for_termination": False},
        says={"externalQuery": ("42", "https://cloud.getdbt.com")},
        runtime={"run_id": 42},
        trigger_event={"status": "success", "run_id": 42},
    ),
    operator(
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
    operator(
        "apache-kafka",
        "apache.kafka.operators.produce.ProduceToTopicOperator",
        {"topic": "orders", "producer_function": "json.dumps", "kafka_config_id": "broker"},
        outputs={("kafka://b1:9092", "orders")},
    ),
    operator(
        "apache-kafka",
        "apache.kafka.operators.consume.ConsumeFromTopicOperator",
        {"topics": ["orders", "^audit.*"], "kafka_config_id": "broker"},
        {("kafka://b1:9092", "orders")},
    ),
    operator(
        "apache-kafka",
        "apache.kafka.sensors.kafka.AwaitMessageSensor",
        {"topics": ["orders"], "apply_function": "json.dumps", "kafka_config_id": "broker"},
        {("kafka://b1:9092", "orders")},
    ),
    operator(
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
    operator(
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
    operator(
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
    operator(
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
    operator(
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
    operator(
        "apache-spark",
        "apache.spark.operators.spark_sql.SparkSqlOperator",
        {"sql": "INSERT INTO mart SELECT id FROM orders", "conf": {"spark.password": "hidden"}},
        says={"sql": "INSERT INTO mart SELECT id FROM orders"},
    ),
    operator(
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
    operator(
        "papermill",
        "papermill.operators.papermill.PapermillOperator",
        {"input_nb": "s3://code/report.ipynb", "output_nb": "s3://lake/report.ipynb"},
        set(),
        {(LAKE, "report.ipynb")},
        says={"sourceCodeLocation": "s3://code/report.ipynb"},
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
