"""
Operators as people write them, what is known of each, and the table of that in the docs.

`python -m tests.provider.operators` writes docs/reference/operators.md anew; it needs the packages of
all examples. test_operators.py holds the page, and our extractors, to the packages that are there.
"""

from __future__ import annotations

import importlib
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "operators.md"

CONNECTIONS = {
    "API": "http://user:pw@127.0.0.1:7079",
    "BOX": "ssh://user:pw@box.example:2222",
    "BROKER": '{"conn_type": "kafka", "extra": {"bootstrap.servers": "b1:9092"}}',
    "BRICKS": "databricks://token:dapi@adb-1.example",
    "DBT": "dbt-cloud://1:token@",
    "BYTE": "airbyte://user:pw@http%3A%2F%2Fairbyte.example:8001",
    "FILES": "fs:///",
}
"""By id; `SHOP` and `MART` are SQLite files as well, in the folder of the test."""

FACETS = {
    "sql": ("job", "SQL"),
    "sourceCode": ("job", "source"),
    "sourceCodeLocation": ("job", "place of the source"),
    "externalQuery": ("run", "id of the run over there"),
    "jobDependencies": ("run", "edges to other jobs"),
}

Names = set[tuple[str, str]]
SPACE = "sqlite://{folder}/shop.db"
MART = "sqlite://{folder}/mart.db"


@dataclass(frozen=True)
class Example:
    """An operator with its arguments, and what is true of it."""

    path: str
    package: str
    arguments: dict[str, Any]
    inputs: Names = field(default_factory=set)
    outputs: Names = field(default_factory=set)
    says: dict[str, Any] = field(default_factory=dict)
    """Facets of job and run, as `found` spells them."""
    learnt: dict[str, Any] = field(default_factory=dict)
    """What the operator notes on itself while it runs, where it cannot run here."""
    runs: bool = False
    columns: bool = False

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    def operator(self, folder: Path) -> Any:
        """ImportError where its package is not installed."""
        module, _, name = self.path.rpartition(".")
        kind = getattr(importlib.import_module(module), name)
        operator = kind(task_id="t", **filled(self.arguments, folder))
        for attribute, value in self.learnt.items():
            target = operator
            *way, last = attribute.split(".")
            for step in way:
                target = getattr(target, step)
            setattr(target, last, value)
        return operator


def filled(value: Any, folder: Path) -> Any:
    """`{folder}` replaced, in all texts within."""
    if isinstance(value, str):
        return value.replace("{folder}", str(folder))
    if isinstance(value, dict):
        return {key: filled(item, folder) for key, item in value.items()}
    if isinstance(value, list | set | tuple):
        return type(value)(filled(item, folder) for item in value)
    return value


def work() -> None:
    """What tasks that run Python run."""


def _in(package: str, module: str, *parts: Any, **more: Any) -> Example:
    return Example(
        f"airflow.providers.{module}", f"apache-airflow-providers-{package}", *parts, **more
    )


def _sql(name: str, arguments: dict[str, Any], inputs: Names, **more: Any) -> Example:
    told = {"conn_id": "shop", **arguments}
    return _in("common-sql", f"common.sql.{name}", told, inputs, runs=True, **more)


RAW = {(SPACE, "raw")}
COUNT = "SELECT count(*) > 0 FROM raw"
SQL = "operators.sql."

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
        learnt={"sql1": "SELECT 2, count(*) FROM raw", "sql2": "SELECT 2, count(*) FROM raw"},
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
        learnt={"pod": SimpleNamespace(metadata=SimpleNamespace(name="work-x1", namespace="etl"))},
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
        learnt={"container": {"Id": "c0ffee"}},
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
        learnt={"_job_run_id": "jr_1"},
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
        learnt={"job_id": "job-1"},
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
        learnt={"job_id": "job-1"},
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
        learnt={"arn": "arn:aws:ecs:eu:1:task/prod/t1"},
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
        learnt={"job_id": "b-1"},
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
        learnt={"pod": SimpleNamespace(metadata=SimpleNamespace(name="work-x1", namespace="etl"))},
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
        learnt={"pod": SimpleNamespace(metadata=SimpleNamespace(name="work-x1", namespace="etl"))},
    ),
    _in(
        "databricks",
        "databricks.operators.databricks.DatabricksSubmitRunOperator",
        {"databricks_conn_id": "bricks", "notebook_task": {"notebook_path": "/Shared/etl"}},
        says={
            "sourceCodeLocation": "https://adb-1.example/#workspace/Shared/etl",
            "externalQuery": ("42", "https://adb-1.example"),
        },
        learnt={"run_id": 42},
    ),
    _in(
        "databricks",
        "databricks.operators.databricks.DatabricksRunNowOperator",
        {"databricks_conn_id": "bricks", "job_id": 7},
        says={"externalQuery": ("42", "https://adb-1.example")},
        learnt={"run_id": 42},
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
        learnt={"_hook": SimpleNamespace(_yarn_application_id="application_1_2")},
    ),
    _in(
        "dbt-cloud",
        "dbt.cloud.operators.dbt.DbtCloudRunJobOperator",
        {"dbt_cloud_conn_id": "dbt", "job_id": 7, "wait_for_termination": False},
        says={"externalQuery": ("42", "https://cloud.getdbt.com")},
        learnt={"run_id": 42},
    ),
    _in(
        "airbyte",
        "airbyte.operators.airbyte.AirbyteTriggerSyncOperator",
        {"airbyte_conn_id": "byte", "connection_id": "c-1"},
        says={
            "sourceCodeLocation": "http://airbyte.example:8001/connections/c-1",
            "externalQuery": ("42", "http://airbyte.example:8001"),
        },
        learnt={"job_id": 42},
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
]


@contextmanager
def shop() -> Iterator[Path]:
    """A folder with a warehouse, a mart and a file, and connections to everything in the examples."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for database in ("shop", "mart"):
            with closing(sqlite3.connect(folder / f"{database}.db")) as connection:
                connection.executescript("""
                    CREATE TABLE raw (id INTEGER, amount REAL, day TEXT);
                    CREATE TABLE sales (order_id INTEGER, eur REAL);
                    CREATE TABLE copied (id INTEGER, amount REAL);
                    INSERT INTO raw VALUES (1, 10.0, date()), (2, 20.0, date());
                """)
        (folder / "a.csv").write_text("1,2\n")
        told = {f"AIRFLOW_CONN_{key}": value for key, value in CONNECTIONS.items()}
        told |= {
            f"AIRFLOW_CONN_{key.upper()}": f"sqlite://{folder}/{key}.db" for key in ("shop", "mart")
        }
        before = {key: os.environ.get(key) for key in told}
        os.environ.update(told)
        try:
            yield folder
        finally:
            for key, value in before.items():
                os.environ.pop(key) if value is None else os.environ.update({key: value})


def extracted(example: Example, folder: Path, *, ours: bool) -> Any:
    """What OpenLineage gets of a task that succeeded; ImportError without the operator's package."""
    from airflow.providers.openlineage.extractors.manager import ExtractorManager
    from airflow.providers.openlineage.utils.emission_policy import EmissionPolicy
    from airflow.utils.state import TaskInstanceState
    from tests.provider.versions import forget_hook_lineage

    from fairlead_airflow import extractors

    operator = example.operator(folder)
    forget_hook_lineage()
    if example.runs:
        instance = SimpleNamespace(task=operator, map_index=-1)
        operator.skip_all_except = lambda *_: None  # which tasks a branch skips is the server's
        operator.execute({"ti": instance, "task_instance": instance})
    manager = ExtractorManager()
    if ours:
        extractors.register(manager)
    try:
        return manager.extract_metadata(
            dagrun=SimpleNamespace(run_id="r"),
            task=operator,
            task_instance_state=TaskInstanceState.SUCCESS,
            task_instance=None,
            controls=EmissionPolicy.defaults(),
        )
    finally:
        forget_hook_lineage()


def found(lineage: Any) -> dict[str, Any]:
    """The facets of FACETS that a lineage has, in short."""
    result: dict[str, Any] = {}
    for name, (side, _) in FACETS.items():
        facet = getattr(lineage, f"{side}_facets").get(name)
        if facet is not None:
            result[name] = _SHORT[name](facet)
    return result


def _edges(facet: Any) -> list[tuple[str, str]]:
    return [
        (way, item.job.name) for way in ("upstream", "downstream") for item in getattr(facet, way)
    ]


_SHORT: dict[str, Callable[[Any], Any]] = {
    "sql": lambda facet: facet.query,
    "sourceCode": lambda facet: facet.sourceCode,
    "sourceCodeLocation": lambda facet: facet.url,
    "externalQuery": lambda facet: (facet.externalQueryId, facet.source),
    "jobDependencies": _edges,
}


def words(lineage: Any) -> str:
    """What a lineage has, for people."""
    told = [side for side in ("inputs", "outputs") if getattr(lineage, side)]
    if any("columnLineage" in (node.facets or {}) for node in lineage.outputs):
        told.append("columns")
    told += [FACETS[name][1] for name in found(lineage)]
    return ", ".join(told) or "nothing"


def row(example: Example, folder: Path) -> str:
    stock, ours = (words(extracted(example, folder, ours=which)) for which in (False, True))
    return f"| `{example.name}` | {stock} | {ours} |"


def key(line: str) -> str:
    """The operator of a line of the table."""
    return line.split("`")[1]


START, END = "<!-- generated: operators -->\n", "<!-- end -->\n"


def renewed() -> str:
    """The page with the table as it should be; ImportError where a package is missing."""
    lines = []
    with shop() as folder:
        for package in dict.fromkeys(example.package for example in EXAMPLES):
            lines += [
                f"\n### {package}\n",
                "| operator | OpenLineage alone | with Fairlead |",
                "|---|---|---|",
            ]
            lines += [row(e, folder) for e in EXAMPLES if e.package == package]
    head, _, rest = PAGE.read_text().partition(START)
    return f"{head}{START}" + "\n".join(lines) + f"\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(renewed())
