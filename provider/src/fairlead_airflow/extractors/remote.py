"""Jobs on Databricks, Spark, Livy, dbt Cloud and Airbyte: their code, and the run's id over there."""

from __future__ import annotations

from typing import ClassVar

from fairlead_airflow.compat.objects import TaskInstance
from fairlead_airflow.extractors.base import Extractor
from fairlead_airflow.extractors.commands import command_line
from fairlead_airflow.lineage import external
from fairlead_airflow.lineage.parts import Facets, Lineage
from fairlead_sdk.datasets import of_file, of_uri
from fairlead_sdk.documents import Json


class DatabricksExtractor(Extractor):
    """The operators that run a job, or one task of a job, on Databricks."""

    operators: ClassVar[tuple[str, ...]] = (
        "DatabricksSubmitRunOperator",
        "DatabricksRunNowOperator",
        "DatabricksNotebookOperator",
        "DatabricksTaskOperator",
    )

    def before(self) -> Lineage:
        task = self.operator
        workspace = external.page(task.databricks_conn_id)
        return Lineage(
            job_facets=self._script(workspace),
            run_facets=external.run(self.runtime_value("run_id", "databricks_run_id"), workspace),
        )

    def _script(self, workspace: str) -> Facets:
        job = self._job()
        if path := (job.get("notebook_task") or {}).get("notebook_path"):
            return external.location("databricks", f"{workspace}/#workspace{path}")
        python = (job.get("spark_python_task") or {}).get("python_file")
        if python:
            return external.script(python)
        if url := (job.get("git_source") or {}).get("git_url"):
            return external.location("git", url)
        return {}

    def _job(self) -> Json:
        """What is submitted: in one argument, or in several of its own until the task has run."""
        task = self.operator
        if path := getattr(task, "notebook_path", None):
            return {"notebook_task": {"notebook_path": path}}
        whole = getattr(task, "json", None) or getattr(task, "task_config", None)
        names = ("notebook_task", "spark_python_task", "git_source")
        arguments = {name: getattr(task, name, None) for name in names}
        job = whole if isinstance(whole, dict) else {}
        return {**job, **{name: value for name, value in arguments.items() if value}}


class SparkSubmitExtractor(Extractor):
    """`SparkSubmitOperator`: the application and its arguments. Its configuration holds secrets."""

    operators: ClassVar[tuple[str, ...]] = ("SparkSubmitOperator",)

    def before(self) -> Lineage:
        task = self.operator
        words = [task.application, *(task.application_args or ())]
        code = external.code("bash", command_line(words)) if self.source_code_enabled else {}
        return Lineage(
            job_facets={**code, **external.script(task.application)},
            run_facets=external.run(self._submitted(), "spark"),
        )

    def _submitted(self) -> object:
        """The id in YARN, in Spark's own cluster, or in Kubernetes; the hook learns it as it runs."""
        hook = getattr(self.operator, "_hook", None)
        names = ("_yarn_application_id", "_driver_id", "_kubernetes_driver_pod")
        return next((found for name in names if (found := getattr(hook, name, None))), None)


class SparkSqlExtractor(Extractor):
    """`SparkSqlOperator`. Which tables its SQL means is known to Spark's own catalog."""

    operators: ClassVar[tuple[str, ...]] = ("SparkSqlOperator",)

    def before(self) -> Lineage:
        sql = getattr(self.operator, "_sql", None) or getattr(self.operator, "sql", None)
        return Lineage(statements=[sql] if isinstance(sql, str) else [])


class LivyExtractor(Extractor):
    """`LivyOperator`: the application and its arguments, and the batch."""

    operators: ClassVar[tuple[str, ...]] = ("LivyOperator",)

    def before(self) -> Lineage:
        task = self.operator
        job = task.spark_params
        words = [job.get("file"), *(job.get("args") or ())]
        code = external.code("bash", command_line(words)) if self.source_code_enabled else {}
        return Lineage(
            job_facets={**code, **external.script(job.get("file"))},
            run_facets=external.run(
                self.runtime_value("_batch_id", "batch_id"), external.page(task._livy_conn_id)
            ),
        )


class PapermillExtractor(Extractor):
    """`PapermillOperator`: the notebook that it runs, and the one with the results that it leaves."""

    operators: ClassVar[tuple[str, ...]] = ("PapermillOperator",)

    def before(self) -> Lineage:
        source, target = self.operator.input_nb, self.operator.output_nb
        result = Lineage(job_facets=external.script(source) if isinstance(source, str) else {})
        if isinstance(target, str) and target:
            identity = of_uri(target) if "://" in target else of_file(target)
            result.outputs = {identity: {}} if identity else {}
        return result


class DbtCloudExtractor(Extractor):
    """`DbtCloudRunJobOperator`: what its own methods say, and the run's page."""

    operators: ClassVar[tuple[str, ...]] = ("DbtCloudRunJobOperator",)

    def before(self) -> Lineage:
        task = self.operator
        place = external.page(task.dbt_cloud_conn_id, "cloud.getdbt.com")
        return Lineage(run_facets=external.run(self.runtime_value("run_id"), place))

    def after(self, task_instance: TaskInstance) -> Lineage:
        result = self.before()
        method = getattr(self.operator, "get_openlineage_facets_on_complete", None)
        return result.add(Lineage.of(method(task_instance))) if method else result


class AirbyteExtractor(Extractor):
    """`AirbyteTriggerSyncOperator`: the job, and the location of the connection that it syncs."""

    operators: ClassVar[tuple[str, ...]] = ("AirbyteTriggerSyncOperator",)

    def before(self) -> Lineage:
        task = self.operator
        place = external.page(task.airbyte_conn_id)
        return Lineage(
            job_facets=external.location("airbyte", f"{place}/connections/{task.connection_id}"),
            run_facets=external.run(self.runtime_value("job_id"), place),
        )
